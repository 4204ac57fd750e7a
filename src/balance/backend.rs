//! A backend as it is at the moment.

use std::fmt;
use std::sync::Arc;

use super::BackendId;
use super::spec::Profile;
use super::vitals::Vitals;
use crate::kernel::sync::Arc as Modelled;

/// A backend of a [`Balancer`](super::Balancer), as it was when it was chosen. What goes on at it is always up to date.
pub struct Backend<T> {
    pub(super) profile: Arc<Profile>,
    pub(super) value: Arc<T>,
    pub(super) weight: u32,
    pub(super) max_in_flight: Option<u64>,
    pub(super) vitals: Modelled<Vitals>,
}

impl<T> Backend<T> {
    /// Who it is.
    #[must_use]
    pub fn id(&self) -> BackendId {
        self.profile.id
    }

    /// The name that it was given.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.profile.key
    }

    /// What it was given: an address, a client, whatever reaches it.
    #[inline]
    #[must_use]
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Its part of the work, relative to the others'.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// Where it is.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.profile.zone.as_deref()
    }

    /// When [`Priority`](super::Priority) asks it.
    #[must_use]
    pub fn priority(&self) -> u8 {
        self.profile.priority
    }

    /// What it is labelled with under this name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.profile.label(name)
    }

    /// Leases that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.vitals.in_flight()
    }

    /// The same, to be changed: what goes on at it is shared.
    pub(super) fn again(&self) -> Self {
        Self {
            profile: self.profile.clone(),
            value: self.value.clone(),
            vitals: self.vitals.clone(),
            ..*self
        }
    }

    /// Enters, if it has room.
    #[inline]
    pub(super) fn enter(&self) -> bool {
        match self.max_in_flight {
            None => self.vitals.enter(),
            Some(most) => self.vitals.enter_below(most),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.max_in_flight
            .is_none_or(|most| self.vitals.in_flight() < most)
    }
}

impl<T: fmt::Debug> fmt::Debug for Backend<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("key", &self.key())
            .field("value", &self.value)
            .field("weight", &self.weight)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
