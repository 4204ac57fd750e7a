//! What is left to do when the lock of a shard is released: destructors and listeners are the user's code.

use super::cause::{Listener, RemovalCause};
use super::flights::Debris;
use super::store::{Garbage, Held, Left, NEVER};
use super::upkeep::Bell;
use crate::kernel::upkeep::shielded;

/// Made before a lock is taken, and settled behind it.
pub(crate) struct Aftermath<'a, K, V> {
    pub(crate) garbage: Garbage<K, V>,
    pub(crate) debris: Debris<K>,
    /// Keys that are of no use any more.
    pub(crate) keys: Vec<K>,
    /// Entries that are out already, still to be told of, and then dropped.
    pub(crate) left: Left<K, V>,
    /// Entries that were taken out, still to be told of; none without a listener.
    notices: Vec<(Held<'a, K, V>, RemovalCause)>,
    listener: Option<&'a Listener<K, V>>,
    bell: &'a Bell,
    /// Whether something was taken out, and when what was stored is due.
    litters: bool,
    due: u64,
}

impl<'a, K, V> Aftermath<'a, K, V> {
    pub(crate) const fn new(listener: Option<&'a Listener<K, V>>, bell: &'a Bell) -> Self {
        Self {
            garbage: Garbage::new(),
            debris: Debris::new(),
            keys: Vec::new(),
            left: Left::new(),
            notices: Vec::new(),
            listener,
            bell,
            litters: false,
            due: NEVER,
        }
    }

    /// Whether somebody wants to hear of entries.
    pub(crate) const fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// Whether somebody is still to be told of an entry that was taken out.
    pub(crate) fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Something was taken out, which is to be dropped later.
    #[inline]
    pub(crate) const fn litters(&mut self) {
        self.litters = true;
    }

    /// Something was stored that expires.
    #[inline]
    pub(crate) fn due(&mut self, deadline: u64) {
        self.due = self.due.min(deadline);
    }

    pub(crate) fn notice(&mut self, held: Option<Held<'a, K, V>>, cause: RemovalCause) {
        self.notices.extend(held.map(|held| (held, cause)));
    }

    /// Tells the listener of an entry that never was in the cache.
    pub(crate) fn refused(&mut self, key: K, value: V) {
        self.left.push((key, value, RemovalCause::Evicted));
    }

    /// Where entries go that lose their place: those that nobody reads, and the others.
    #[expect(clippy::type_complexity, reason = "two fields")]
    pub(crate) fn unplaced(
        &mut self,
    ) -> (&mut Left<K, V>, &mut Vec<(Held<'a, K, V>, RemovalCause)>) {
        (&mut self.left, &mut self.notices)
    }

    /// Calls the upkeep, if that is needed, listeners and destructors. No lock is held; a panic of one does not keep the others from being
    /// called.
    pub(crate) fn settle(self) {
        self.bell.ring(self.litters, self.due);
        self.settle_quietly();
    }

    /// As [`settle`](Self::settle), for the upkeep itself.
    pub(crate) fn settle_quietly(mut self) {
        if let Some(Listener(hear)) = self.listener {
            for (held, cause) in self.notices.drain(..) {
                let _ = shielded(|| hear(held.key(), held.value(), cause));
            }
        }
        for (key, value, cause) in self.left.drain(..) {
            if let Some(Listener(hear)) = self.listener {
                let _ = shielded(|| hear(&key, &value, cause));
            }
            let _ = shielded(|| drop((key, value)));
        }
        for pair in self.garbage.drain(..) {
            let _ = shielded(|| drop(pair));
        }
        for key in self.keys.drain(..) {
            let _ = shielded(|| drop(key));
        }
        if !self.debris.is_empty() {
            let _ = shielded(|| drop(self.debris));
        }
    }
}
