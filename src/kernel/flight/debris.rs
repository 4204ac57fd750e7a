//! What is of no use any more, and has destructors of somebody else's.

use std::sync::Arc;

use super::core::Flight;
use super::rules::Freight;

/// What a table has done with. The owner makes one before it takes its lock, so that it is dropped after the lock:
///
/// ```text
/// let mut debris = Debris::new();
/// let mut shard = self.shard.lock();
/// shard.flights.detach(hash, &key, &mut debris);
/// ```
#[derive(Debug)]
pub struct Debris<K, T: Freight> {
    pub(super) keys: Pile<K>,
    pub(super) flights: Pile<Arc<Flight<T>>>,
}

/// Any number of things; the first takes no allocation.
#[derive(Debug)]
pub(super) struct Pile<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<K, T: Freight> Debris<K, T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keys: Pile::new(),
            flights: Pile::new(),
        }
    }
}

impl<K, T: Freight> Debris<K, T> {
    /// Whether there is nothing to drop.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.flights.is_empty()
    }
}

impl<K, T: Freight> Default for Debris<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Pile<T> {
    const fn new() -> Self {
        Self {
            first: None,
            more: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    pub(super) fn push(&mut self, thing: T) {
        match self.first {
            None => self.first = Some(thing),
            Some(_) => self.more.push(thing),
        }
    }
}
