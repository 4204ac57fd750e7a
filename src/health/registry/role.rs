//! What a registry is, and the simplest one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Entries;
use crate::kernel::upkeep::shielded;

/// What is told the set, again and again.
pub type Sink<T> = Box<dyn Fn(&Entries<T>) + Send + Sync>;

/// Knows a set that changes, and tells those that watch it.
pub trait Registry<T>: Send + Sync {
    /// Calls `sink` with the set as it is, and again when it has changed, until the subscription is dropped.
    ///
    /// Each call has the whole set, never an older one than the call before, and one call runs at a time, without a lock. A sink that is
    /// slow misses what lies between two calls, and is told the latest set when it returns.
    fn watch(&self, sink: Sink<T>) -> Subscription;
}

/// Keeps a sink informed until it is dropped. A call that has begun goes on. It does not keep the registry going.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Subscription {
    /// Calls `end` when it is dropped.
    pub fn new(end: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            shielded(end);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// A set that never changes.
///
/// ```
/// use tenfold::health::registry::{Registry, Static};
///
/// let registry = Static::new([("a", 1), ("b", 2)]);
/// let _subscription = registry.watch(Box::new(|set| assert_eq!(set.len(), 2)));
/// ```
#[derive(Debug)]
pub struct Static<T>(Entries<T>);

impl<T> Static<T> {
    /// Of equal keys the last one counts.
    pub fn new<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, T)>) -> Self {
        let entries = entries.into_iter();
        let entries: BTreeMap<Arc<str>, Arc<T>> = entries
            .map(|(key, value)| (key.into(), Arc::new(value)))
            .collect();
        Self(entries.into_iter().collect())
    }
}

// The values are shared, so nothing is asked of them.
impl<T> Clone for Static<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync> Registry<T> for Static<T> {
    fn watch(&self, sink: Sink<T>) -> Subscription {
        sink(&self.0);
        Subscription(None)
    }
}
