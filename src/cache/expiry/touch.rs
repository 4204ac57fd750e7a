//! What a read does to the deadline of an entry.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::{rules, served_until};
use crate::cache::core::Core;
use crate::cache::store::{Entry, Hash, Lease, NEVER};
use crate::kernel::clock::{Clock, coarse};
use crate::kernel::pins;
use crate::kernel::sync::Ordering;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// A read puts the deadline of an entry off.
    #[inline(never)]
    pub(crate) fn touch(&self, hash: Hash, entry: &Entry<'_, K, V>) {
        let Some(due) = entry.deadline().map(|due| due.load(Ordering::Relaxed)) else {
            return;
        };
        let now = if self.coarse {
            coarse::now()
        } else {
            self.clock.now().as_nanos()
        };
        let decide = self.rules.on_read.as_ref();
        let decided = decide.and_then(|decide| {
            let ttl = decide(entry.key, entry.value, self.left(due, now));
            self.rules.new_limit(ttl, now)
        });
        if decided.is_none() && self.rules.idle.is_none() {
            return;
        }
        let limit = decided.unwrap_or_else(|| entry.limit());
        let lease = self.rules.lease_to(limit, now);
        // How much it has to be for a store: a tick, where the time is only known to a tick.
        let step = if self.coarse {
            let until = served_until(lease.deadline, self.linger);
            rules::step(until.saturating_sub(now))
        } else {
            1
        };
        let limit_moves = decided.is_some_and(|limit| limit.abs_diff(entry.limit()) >= step);
        if lease.deadline.abs_diff(due) < step && !limit_moves {
            return;
        }
        if due != NEVER && lease.deadline != NEVER && lease.deadline >= due {
            entry.put_off(due, lease);
        } else if decided.is_some() {
            self.set_lease(hash, entry, lease);
        }
    }

    /// As [`touch`](Self::touch), for whoever has the entry in another way.
    pub(crate) fn touch_key<Q>(&self, hash: Hash, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let mut pin = pins::stand_by();
        if let Some(entry) = self
            .shard(hash)
            .and_then(|shard| shard.search(&mut pin, hash, |found| found.borrow() == key))
        {
            self.touch(hash, &entry);
        }
    }

    /// Changes when an entry that is being read expires.
    fn set_lease(&self, hash: Hash, entry: &Entry<'_, K, V>, lease: Lease) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut after = self.aftermath();
        let mut state = shard.lock();
        // It is announced, so nothing else is where it is.
        let is_it = |found: &K| std::ptr::eq(found, entry.key);
        if let Some(id) = state.owner.find(&shard.arena, hash, is_it) {
            state.set_lease(&shard.arena, id, lease, &mut after);
        }
        drop(state);
        after.settle();
    }
}
