//! Keys and their pools.
//!
//! By hash, in shards with a lock each. Under a lock runs no code of the user's but `Eq` of keys: they are made and dropped by whoever
//! calls, outside. A key that is in the table can only be come by under the lock of its shard, so what is found there to be
//! unused stays so until the lock is released.

use std::collections::HashMap;
use std::sync::Arc;

use super::tenant::Tenant;
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::sync::{AtomicU64, Mutex, Ordering};
use crate::pool::Manage;

const SHARDS: usize = 16;

type Found<K, M> = Arc<Tenant<K, M>>;
type Shelf<K, M> = HashMap<u64, Vec<Found<K, M>>, DefaultHashBuilder>;

pub(super) struct Table<K, M: Manage> {
    shards: [Mutex<Shelf<K, M>>; SHARDS],
    keys: AtomicU64,
    max: u64,
}

/// What becomes of a key that is looked at.
pub(super) enum Fate {
    Keep,
    Forget,
}

impl<K, M: Manage> Table<K, M> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            shards: [(); SHARDS]
                .map(|()| Mutex::new(HashMap::with_hasher(DefaultHashBuilder::new()))),
            keys: AtomicU64::new(0),
            max: max as u64,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.load(Ordering::SeqCst) as usize
    }

    pub(super) fn is_full(&self) -> bool {
        self.keys.load(Ordering::SeqCst) >= self.max
    }

    fn shard(&self, hash: u64) -> &Mutex<Shelf<K, M>> {
        let [first, ..] = &self.shards;
        self.shards
            .get((hash >> 60) as usize % SHARDS)
            .unwrap_or(first)
    }

    pub(super) fn get(&self, hash: u64, is_it: impl Fn(&K) -> bool) -> Option<Found<K, M>> {
        let shelf = self.shard(hash).lock();
        let found = shelf.get(&hash)?.iter().find(|found| is_it(&found.key));
        found.cloned()
    }

    /// Puts a key in, or finds it there; `None` if there are as many as may be.
    pub(super) fn insert(&self, tenant: &Found<K, M>) -> Option<Found<K, M>>
    where
        K: Eq,
    {
        let mut shelf = self.shard(tenant.hash).lock();
        let known = shelf.get(&tenant.hash);
        let known = known.and_then(|known| known.iter().find(|known| known.key == tenant.key));
        if let Some(known) = known {
            return Some(known.clone());
        }
        let one_more = |keys: u64| (keys < self.max).then_some(keys + 1);
        self.keys
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more)
            .ok()?;
        shelf.entry(tenant.hash).or_default().push(tenant.clone());
        Some(tenant.clone())
    }

    /// Takes out this key, whoever uses it.
    pub(super) fn remove(&self, hash: u64, is_it: impl Fn(&K) -> bool) -> Option<Found<K, M>> {
        self.take(hash, |found| is_it(&found.key))
    }

    /// Takes out the first of this hash that is wanted.
    fn take(
        &self,
        hash: u64,
        mut wanted: impl FnMut(&mut Found<K, M>) -> bool,
    ) -> Option<Found<K, M>> {
        let mut shelf = self.shard(hash).lock();
        let known = shelf.get_mut(&hash)?;
        let place = known.iter_mut().position(&mut wanted)?;
        let taken = known.swap_remove(place);
        if known.is_empty() {
            shelf.remove(&hash);
        }
        self.keys.fetch_sub(1, Ordering::SeqCst);
        Some(taken)
    }

    /// Takes out the key that nobody uses and that nobody has asked for for longest.
    pub(super) fn take_oldest_free(&self) -> Option<Found<K, M>> {
        loop {
            let mut oldest: Option<(u64, u64)> = None;
            for shard in &self.shards {
                for tenant in shard.lock().values_mut().flatten() {
                    let used = tenant.used();
                    if oldest.is_none_or(|(first, _)| used < first) && Tenant::is_free(tenant) {
                        oldest = Some((used, tenant.hash));
                    }
                }
            }
            let (_, hash) = oldest?;
            // It may be in use by now: then the next one.
            if let Some(taken) = self.take(hash, Tenant::is_free) {
                return Some(taken);
            }
        }
    }

    /// Looks at each key, and takes out those that are to be forgotten.
    pub(super) fn sweep(&self, mut fate: impl FnMut(&mut Found<K, M>) -> Fate) -> Vec<Found<K, M>> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            let mut shelf = shard.lock();
            shelf.retain(|_, known| {
                let mut place = 0;
                while let Some(tenant) = known.get_mut(place) {
                    match fate(tenant) {
                        Fate::Keep => place += 1,
                        Fate::Forget => {
                            taken.push(known.swap_remove(place));
                            self.keys.fetch_sub(1, Ordering::SeqCst);
                        }
                    }
                }
                !known.is_empty()
            });
        }
        taken
    }

    /// Looks at each key, under the lock: `look` runs no code of the user's. No handle is made, so that no key seems to be in use.
    pub(super) fn each(&self, mut look: impl FnMut(&Tenant<K, M>)) {
        for shard in &self.shards {
            shard.lock().values().flatten().for_each(|one| look(one));
        }
    }

    pub(super) fn all(&self) -> Vec<Found<K, M>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(shard.lock().values().flatten().cloned());
        }
        all
    }
}
