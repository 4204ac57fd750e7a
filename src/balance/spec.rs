//! What a backend is to be.

use std::net::SocketAddr;
use std::sync::Arc;

use super::BackendId;

/// A backend as it is to be: its key, its value, and what policies go by.
///
/// The key is who it is: whatever else changes, a backend of the same key keeps its leases, its latencies and its health.
///
/// ```
/// use tenfold::balance::Spec;
///
/// let spec = Spec::new("eu-1/7", "10.0.0.7:8080").weight(3).zone("eu-1").label("pool", "api");
/// assert_eq!(spec.key(), "eu-1/7");
/// let address: Spec<String> = "10.0.0.7:8080".into();
/// assert_eq!(address.key(), "10.0.0.7:8080");
/// ```
#[derive(Debug)]
#[must_use = "a spec does nothing by itself"]
pub struct Spec<T> {
    pub(super) profile: Profile,
    pub(super) value: Arc<T>,
    pub(super) weight: u32,
    pub(super) max_in_flight: Option<u64>,
}

/// What is known of a backend besides its value and weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) id: BackendId,
    pub(super) key: Arc<str>,
    pub(super) zone: Option<Arc<str>>,
    pub(super) priority: u8,
    pub(super) labels: Arc<[(Box<str>, Box<str>)]>,
}

impl Profile {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let of_name = |(known, _): &&(Box<str>, Box<str>)| &**known == name;
        self.labels.iter().find(of_name).map(|(_, value)| &**value)
    }
}

impl<T> Spec<T> {
    /// A backend of weight 1.
    pub fn new(key: impl AsRef<str>, value: T) -> Self {
        Self::shared(key.as_ref(), Arc::new(value))
    }

    /// As [`new`](Self::new), with a value that is shared already.
    pub fn shared(key: &str, value: Arc<T>) -> Self {
        Self {
            profile: Profile {
                id: BackendId::of(key),
                key: key.into(),
                zone: None,
                priority: 0,
                labels: Arc::new([]),
            },
            value,
            weight: 1,
            max_in_flight: None,
        }
    }

    /// Its part of the work, relative to the others': 1 by default, and 0 for a backend that is to get nothing new.
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Where it is.
    pub fn zone(mut self, zone: impl AsRef<str>) -> Self {
        self.profile.zone = Some(zone.as_ref().into());
        self
    }

    /// When [`Priority`](super::Priority) asks it: 0, as by default, is first.
    pub const fn priority(mut self, priority: u8) -> Self {
        self.profile.priority = priority;
        self
    }

    /// Another label. A later one of the same name replaces an earlier one.
    pub fn label(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let others = self
            .profile
            .labels
            .iter()
            .filter(|(known, _)| &**known != name);
        let added = (name.into(), value.as_ref().into());
        self.profile.labels = others.cloned().chain([added]).collect();
        self
    }

    /// Leases that it may have at a time; as many as anybody takes by default.
    pub const fn max_in_flight(mut self, leases: u64) -> Self {
        self.max_in_flight = Some(leases);
        self
    }

    /// Who it is.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.profile.key
    }
}

// The value is shared, so nothing is asked of it.
impl<T> Clone for Spec<T> {
    fn clone(&self) -> Self {
        Self {
            profile: self.profile.clone(),
            value: self.value.clone(),
            ..*self
        }
    }
}

impl From<&str> for Spec<String> {
    fn from(address: &str) -> Self {
        Self::new(address, address.to_owned())
    }
}

impl From<String> for Spec<String> {
    fn from(address: String) -> Self {
        Self::new(address.clone(), address)
    }
}

impl From<SocketAddr> for Spec<SocketAddr> {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.to_string(), address)
    }
}

impl<K: AsRef<str>, T> From<(K, T)> for Spec<T> {
    fn from((key, value): (K, T)) -> Self {
        Self::new(key, value)
    }
}
