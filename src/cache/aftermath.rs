//! What is left to do when the lock of a shard is released: destructors and listeners are the user's code.
//!
//! It is done also if somebody panics meanwhile: an aftermath that is dropped is settled. So it is declared before the guard of the lock,
//! and is dropped after it.

use std::mem::ManuallyDrop;

use super::cause::{Listener, RemovalCause};
use super::flights::Debris;
use super::store::{Garbage, Left, NEVER, Notices};
use super::upkeep::Bell;
use crate::kernel::upkeep::shielded;

/// Made before a lock is taken, and settled behind it.
pub(crate) struct Aftermath<'a, K, V> {
    /// In a box, since it is seldom there.
    pile: Option<Box<Pile<'a, K, V>>>,
    listener: Option<&'a Listener<K, V>>,
    bell: &'a Bell,
    /// Whether something was taken out, and when what was stored is due.
    litters: bool,
    due: u64,
}

/// What is to be told of and dropped.
pub(crate) struct Pile<'a, K, V> {
    pub(crate) garbage: Garbage<K, V>,
    pub(crate) debris: Debris<K>,
    /// Keys that are of no use any more.
    pub(crate) keys: Vec<K>,
    /// Entries that are out already, still to be told of, and then dropped.
    pub(crate) left: Left<K, V>,
    /// Entries that were taken out, still to be told of; none without a listener.
    notices: Option<Notices<'a, K, V>>,
}

impl<'a, K, V> Aftermath<'a, K, V> {
    #[inline]
    pub(crate) const fn new(listener: Option<&'a Listener<K, V>>, bell: &'a Bell) -> Self {
        Self {
            pile: None,
            listener,
            bell,
            litters: false,
            due: NEVER,
        }
    }

    /// Where all goes that can't be done under the lock.
    pub(crate) fn pile(&mut self) -> &mut Pile<'a, K, V> {
        self.pile.get_or_insert_with(|| Box::new(Pile::new()))
    }

    /// Whether somebody wants to hear of entries.
    pub(crate) const fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// Whether somebody is still to be told of an entry that was taken out.
    pub(crate) fn has_notices(&self) -> bool {
        let notices = self.pile.as_ref().and_then(|pile| pile.notices.as_ref());
        notices.is_some_and(|notices| !notices.is_empty())
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

    /// Where entries are noted that are taken out, if somebody wants to hear of them.
    #[inline]
    pub(crate) fn notices(&mut self) -> Option<&mut Notices<'a, K, V>> {
        if self.listener.is_some() {
            self.unplaced().1
        } else {
            None
        }
    }

    /// Tells the listener of an entry that never was in the cache.
    pub(crate) fn refused(&mut self, key: K, value: V) {
        self.pile().left.push((key, value, RemovalCause::Evicted));
    }

    /// Where entries go that lose their place: those that nobody reads, and the others, if somebody wants to hear of them.
    pub(crate) fn unplaced(&mut self) -> (&mut Left<K, V>, Option<&mut Notices<'a, K, V>>) {
        let listens = self.listener.is_some();
        let Pile { left, notices, .. } = self.pile();
        let notices = listens.then(|| notices.get_or_insert_with(Notices::new));
        (left, notices)
    }

    /// Calls the upkeep, if that is needed, listeners and destructors. No lock is held; a panic of one does not keep the others from being
    /// called.
    #[inline]
    pub(crate) fn settle(mut self) {
        self.bell.ring(self.litters, self.due);
        self.calm();
        if self.pile.is_none() {
            // There is nothing to be dropped, as a rule, and to find that out again takes a call.
            let _ = ManuallyDrop::new(self);
        }
        // The rest is done when it is dropped.
    }

    /// As [`settle`](Self::settle), for the upkeep itself.
    pub(crate) fn settle_quietly(mut self) {
        self.calm();
    }

    #[inline]
    fn calm(&mut self) {
        (self.litters, self.due) = (false, NEVER);
    }
}

impl<K, V> Pile<'_, K, V> {
    fn new() -> Self {
        Self {
            garbage: Garbage::new(),
            debris: Debris::new(),
            keys: Vec::new(),
            left: Left::new(),
            notices: None,
        }
    }

    /// Calls listeners and destructors.
    #[inline(never)]
    fn finish(self, listener: Option<&Listener<K, V>>) {
        if let Some((Listener(hear), notices)) = listener.zip(self.notices) {
            notices.tell(|key, value, cause| {
                let _ = shielded(|| hear(key, value, cause));
            });
        }
        for (key, value, cause) in self.left {
            if let Some(Listener(hear)) = listener {
                let _ = shielded(|| hear(&key, &value, cause));
            }
            let _ = shielded(|| drop((key, value)));
        }
        for pair in self.garbage {
            let _ = shielded(|| drop(pair));
        }
        for key in self.keys {
            let _ = shielded(|| drop(key));
        }
        if !self.debris.is_empty() {
            let debris = self.debris;
            let _ = shielded(|| drop(debris));
        }
    }
}

impl<K, V> Drop for Aftermath<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        if self.litters || self.due != NEVER {
            // It was dropped by a panic.
            let _ = shielded(|| self.bell.ring(self.litters, self.due));
        }
        if let Some(pile) = self.pile.take() {
            pile.finish(self.listener);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::cache::MemoryCache;
    use crate::kernel::pins;

    /// Each record is looked at by everybody who reclaims anything in the process, for ever.
    #[test]
    fn a_crowd_of_notices_takes_no_announcements() {
        const CROWD: u64 = 20_000;
        let heard = Arc::new(AtomicU64::new(0));
        let hears = heard.clone();
        let cache = MemoryCache::builder()
            .capacity(CROWD)
            .shards(1)
            .listener(move |key: &u64, value: &u64, _| {
                assert_eq!(*key, *value);
                hears.fetch_add(1, Ordering::Relaxed);
            })
            .build()
            .unwrap();
        (0..CROWD).for_each(|n| cache.insert(n, n));
        cache.set_capacity(1);
        assert_eq!(heard.load(Ordering::Relaxed), CROWD - 1);
        assert!(pins::count() < CROWD as usize / 4, "{}", pins::count());
    }
}
