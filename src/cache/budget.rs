//! How much a cache may hold: one number for all shards.
//!
//! Each shard has a quota, and the sum of the quotas and of what is spare is the capacity, so no shard asks another as long as it keeps to
//! its quota. A shard that needs more takes from what is spare, and gives back what it has above its share when it has no use for it. One
//! that needs more than that, for an entry that is heavy, collects it from the others: see `Core::collect`.

use crate::kernel::sync::{AtomicU64, Ordering};

/// The largest capacity, so that what is in and what comes in can be added.
const MOST: u64 = u64::MAX / 2;

#[derive(Debug)]
pub(crate) struct Budget {
    capacity: AtomicU64,
    /// What no shard has.
    spare: AtomicU64,
    shards: u64,
}

impl Budget {
    /// All of it is with the shards: a share each, and the first have the remainder.
    pub(crate) fn new(capacity: u64, shards: u64) -> Self {
        let capacity = capacity.min(MOST);
        Self {
            capacity: AtomicU64::new(capacity),
            spare: AtomicU64::new(0),
            shards,
        }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity.load(Ordering::Relaxed)
    }

    /// Sets the capacity and returns what it is then.
    pub(crate) fn set_capacity(&self, capacity: u64) -> u64 {
        let capacity = capacity.min(MOST);
        self.capacity.store(capacity, Ordering::Relaxed);
        capacity
    }

    /// What a shard has by right.
    pub(crate) fn share(&self, shard: usize) -> u64 {
        let capacity = self.capacity();
        capacity / self.shards + u64::from((shard as u64) < capacity % self.shards)
    }

    /// Takes up to `wanted` of what is spare.
    pub(crate) fn take(&self, wanted: u64) -> u64 {
        let mut spare = self.spare.load(Ordering::Relaxed);
        loop {
            let taken = spare.min(wanted);
            if taken == 0 {
                return 0;
            }
            match self.spare.compare_exchange_weak(
                spare,
                spare - taken,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return taken,
                Err(now) => spare = now,
            }
        }
    }

    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(crate) fn spare(&self) -> u64 {
        self.spare.load(Ordering::Relaxed)
    }

    pub(crate) fn give(&self, given: u64) {
        if given > 0 {
            self.spare.fetch_add(given, Ordering::Relaxed);
        }
    }
}
