//! Hits that the policy is to hear of, between two misses.
//!
//! A hit changes nothing that is shared but its entry's uses. So that the policy knows in which order entries were used, hits on a sample of
//! the keys also leave a record here: two plain stores. When the log is full they are only counted, and after that nothing is stored until the
//! next miss empties it. Records that two threads leave at one time may overwrite each other; a policy can do without some.

use super::policy::Policy;
use crate::kernel::sync::{AtomicU64, Ordering};

/// Records that fit.
const RECORDS: usize = 64;
/// Hits that are counted at all.
const COUNTED: u64 = 1024;

pub(crate) struct Log {
    /// Hits on keys whose place is below it are noted.
    limit: AtomicU64,
    /// Records there are.
    length: AtomicU64,
    records: [AtomicU64; RECORDS],
}

impl Log {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit: AtomicU64::new(limit),
            length: AtomicU64::new(0),
            records: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// A hit on a key of that place, which is noted if it is in the sample.
    #[inline(always)]
    pub(crate) fn hit(&self, place: u32) {
        if u64::from(place) < self.limit.load(Ordering::Relaxed) {
            self.note(place);
        }
    }

    /// Notes a hit, as long as there is room, and counts it, as long as that says anything.
    #[inline]
    fn note(&self, place: u32) {
        let length = self.length.load(Ordering::Relaxed);
        if length < COUNTED {
            if let Some(record) = self.records.get(length as usize) {
                record.store(u64::from(place), Ordering::Relaxed);
            }
            self.length.store(length + 1, Ordering::Relaxed);
        }
    }

    /// Hands over the records, in their order, and how many hits found no room, and begins anew with another limit. Called under the shard's
    /// lock; a record that is left meanwhile may be lost.
    #[inline]
    pub(crate) fn drain(&self, policy: &mut Policy) {
        let length = self.length.load(Ordering::Relaxed);
        if length > 0 {
            for record in self.records.iter().take(length as usize) {
                policy.noted(record.load(Ordering::Relaxed) as u32);
            }
            if length as usize > RECORDS {
                policy.overflowed(length as usize - RECORDS);
            }
            self.length.store(0, Ordering::Relaxed);
        }
        let limit = policy.limit();
        if self.limit.load(Ordering::Relaxed) != limit {
            self.limit.store(limit, Ordering::Relaxed);
        }
    }
}
