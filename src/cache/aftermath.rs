//! What is left to do when the lock of a shard is released: destructors and listeners are the user's code.

use super::cause::{Listener, RemovalCause};
use super::flights::Debris;
use super::store::{Garbage, Held};
use crate::kernel::upkeep::shielded;

/// Made before a lock is taken, and settled behind it.
pub(crate) struct Aftermath<'a, K, V> {
    pub(crate) garbage: Garbage<K, V>,
    pub(crate) debris: Debris<K>,
    /// Keys that are of no use any more.
    pub(crate) keys: Vec<K>,
    /// Entries that were taken out, still to be told of; none without a listener.
    notices: Vec<(Held<'a, K, V>, RemovalCause)>,
    /// Entries for which there was no place.
    refused: Garbage<K, V>,
    listener: Option<&'a Listener<K, V>>,
}

impl<'a, K, V> Aftermath<'a, K, V> {
    pub(crate) const fn new(listener: Option<&'a Listener<K, V>>) -> Self {
        Self {
            garbage: Garbage::new(),
            debris: Debris::new(),
            keys: Vec::new(),
            notices: Vec::new(),
            refused: Garbage::new(),
            listener,
        }
    }

    /// Whether somebody wants to hear of entries.
    pub(crate) const fn listens(&self) -> bool {
        self.listener.is_some()
    }

    pub(crate) fn notice(&mut self, held: Option<Held<'a, K, V>>, cause: RemovalCause) {
        self.notices.extend(held.map(|held| (held, cause)));
    }

    /// Tells the listener of an entry that never was in the cache.
    pub(crate) fn refused(&mut self, key: K, value: V) {
        self.refused.push((key, value));
    }

    /// Where entries go that lose their place: those that nobody reads, and the others.
    #[expect(clippy::type_complexity, reason = "two fields")]
    pub(crate) fn unplaced(
        &mut self,
    ) -> (&mut Garbage<K, V>, &mut Vec<(Held<'a, K, V>, RemovalCause)>) {
        (&mut self.refused, &mut self.notices)
    }

    /// Calls listeners and destructors. No lock is held; a panic of one does not keep the others from being called.
    pub(crate) fn settle(mut self) {
        if let Some(Listener(hear)) = self.listener {
            for (held, cause) in self.notices.drain(..) {
                let _ = shielded(|| hear(held.key(), held.value(), cause));
            }
            for (key, value) in &self.refused {
                let _ = shielded(|| hear(key, value, RemovalCause::Evicted));
            }
        }
        for pair in self.garbage.drain(..).chain(self.refused.drain(..)) {
            let _ = shielded(|| drop(pair));
        }
        for key in self.keys.drain(..) {
            let _ = shielded(|| drop(key));
        }
        let _ = shielded(|| drop(self.debris));
    }
}
