//! What a policy may know of the request.

use std::fmt;

use super::BackendId;
use crate::kernel::clock::Tick;
use crate::kernel::hash::StableKey;

/// What is known of a request for which a backend is chosen. All of it is optional.
///
/// ```
/// use tenfold::balance::{BackendId, Request};
///
/// let failed = [BackendId::of("10.0.0.1:8080")];
/// let retry = Request::new().key("user:42").zone("eu-1").excluding(&failed);
/// assert!(retry.excludes(failed[0]));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Request<'r> {
    hash: Option<u64>,
    zone: Option<&'r str>,
    excluded: &'r [BackendId],
    sticky: Option<BackendId>,
    path: Option<&'r str>,
    fields: Option<&'r (dyn Fields + Sync)>,
    now: Option<Tick>,
}

/// The header fields of a request, as far as [`Route`](super::Route) asks for them.
pub trait Fields {
    /// The value of the first field of this name, whatever the case of its letters.
    fn field(&self, name: &str) -> Option<&str>;
}

impl<N: AsRef<str>, V: AsRef<str>> Fields for [(N, V)] {
    fn field(&self, name: &str) -> Option<&str> {
        let of_name = |(known, _): &&(N, V)| known.as_ref().eq_ignore_ascii_case(name);
        self.iter().find(of_name).map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<str>, const COUNT: usize> Fields for [(N, V); COUNT] {
    fn field(&self, name: &str) -> Option<&str> {
        self.as_slice().field(name)
    }
}

impl<N: AsRef<str>, V: AsRef<str>> Fields for Vec<(N, V)> {
    fn field(&self, name: &str) -> Option<&str> {
        self.as_slice().field(name)
    }
}

impl<'r> Request<'r> {
    /// A request of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            hash: None,
            zone: None,
            excluded: &[],
            sticky: None,
            path: None,
            fields: None,
            now: None,
        }
    }

    /// What requests that belong together have in common: a client's address, a user, an object. Hash policies go by it.
    #[must_use]
    pub fn key<K: StableKey + ?Sized>(self, key: &K) -> Self {
        self.hash(key.stable_hash())
    }

    /// As [`key`](Self::key), for a key whose [stable hash](StableKey::stable_hash) is known.
    #[must_use]
    pub const fn hash(mut self, hash: u64) -> Self {
        self.hash = Some(hash);
        self
    }

    /// Where the request comes from.
    #[must_use]
    pub const fn zone(mut self, zone: &'r str) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Backends that are not to be chosen, because they were tried already.
    #[must_use]
    pub const fn excluding(mut self, tried: &'r [BackendId]) -> Self {
        self.excluded = tried;
        self
    }

    /// The backend that the client's session is on.
    #[must_use]
    pub const fn sticky(mut self, backend: BackendId) -> Self {
        self.sticky = Some(backend);
        self
    }

    /// The path of the request's URL.
    #[must_use]
    pub const fn path(mut self, path: &'r str) -> Self {
        self.path = Some(path);
        self
    }

    /// The request's header fields.
    #[must_use]
    pub fn fields(mut self, fields: &'r (dyn Fields + Sync)) -> Self {
        self.fields = Some(fields);
        self
    }

    /// The time, from the balancer's clock, for callers who have read it already.
    #[must_use]
    pub const fn now(mut self, now: Tick) -> Self {
        self.now = Some(now);
        self
    }

    /// Whether this backend was tried already.
    #[inline]
    #[must_use]
    pub fn excludes(&self, backend: BackendId) -> bool {
        self.excluded.contains(&backend)
    }

    /// The hash of the request's key.
    #[inline]
    #[must_use]
    pub const fn known_hash(&self) -> Option<u64> {
        self.hash
    }

    /// Where the request comes from.
    #[inline]
    #[must_use]
    pub const fn known_zone(&self) -> Option<&'r str> {
        self.zone
    }

    /// The backends that were tried already.
    #[inline]
    #[must_use]
    pub const fn known_excluded(&self) -> &'r [BackendId] {
        self.excluded
    }

    /// The backend that the client's session is on.
    #[inline]
    #[must_use]
    pub const fn known_sticky(&self) -> Option<BackendId> {
        self.sticky
    }

    /// The path of the request's URL.
    #[inline]
    #[must_use]
    pub const fn known_path(&self) -> Option<&'r str> {
        self.path
    }

    /// The value of a header field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'r str> {
        self.fields.and_then(|fields| fields.field(name))
    }

    /// The time that the caller has read.
    #[inline]
    #[must_use]
    pub const fn known_now(&self) -> Option<Tick> {
        self.now
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("hash", &self.hash)
            .field("zone", &self.zone)
            .field("excluded", &self.excluded)
            .field("sticky", &self.sticky)
            .field("path", &self.path)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
