//! The algorithm of AnchorHash, on numbered buckets.
//!
//! There are as many buckets as there may ever be. Those that work have owners; the others were removed, one after the other, and
//! each remembers how many were left when it was, its *size*, and which bucket came into its place among these. A hash that falls
//! on a removed bucket is drawn again among those that were left, as often as it takes: about `1 + ln(all / working)` times.
//!
//! Invariants: `order` holds all buckets, the working ones first; `place` is its inverse for the working ones; the size of the
//! bucket that was removed last is the number of working ones; the last removed is the first to come back.

use super::super::entries::below;
use crate::kernel::hash::StableHash;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// 0 if it works; else how many worked after it was removed. Never 0 for a removed one but the very last, and then
    /// nobody asks.
    size: u32,
    /// Its owner if it works, else the bucket that came into its place.
    next: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Buckets {
    buckets: Vec<Bucket>,
    /// All that work, and behind them room for those that don't.
    order: Vec<u32>,
    /// Where each is in that order.
    place: Vec<u32>,
    removed: Vec<u32>,
}

impl Buckets {
    /// So many buckets, all of them working, without owners.
    pub(super) fn all(count: usize) -> Self {
        let numbers = || (0..count as u32).collect::<Vec<u32>>();
        let bucket = Bucket { size: 0, next: 0 };
        Self {
            buckets: vec![bucket; count],
            order: numbers(),
            place: numbers(),
            removed: Vec::new(),
        }
    }

    pub(super) fn working(&self) -> usize {
        self.buckets.len() - self.removed.len()
    }

    /// Those that don't work, the one that was removed last at the end.
    pub(super) fn removed(&self) -> &[u32] {
        &self.removed
    }

    /// The working buckets and their owners, in ascending order of buckets.
    pub(super) fn owners(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let numbered = (0..).zip(&self.buckets);
        numbered
            .filter(|(number, bucket)| bucket.size == 0 && self.is_working(*number))
            .map(|(number, bucket)| (number, bucket.next))
    }

    fn is_working(&self, number: u32) -> bool {
        let last_removed = self.removed.last() == Some(&number);
        // Only the last of all can be removed with size 0.
        !(last_removed && self.working() == 0)
    }

    /// Names the owner of a working bucket.
    pub(super) fn set_owner(&mut self, number: u32, owner: u32) {
        if let Some(bucket) = self.buckets.get_mut(number as usize) {
            if bucket.size == 0 {
                bucket.next = owner;
            }
        }
    }

    /// Removes a working bucket.
    pub(super) fn remove(&mut self, number: u32) {
        let left = self.working().saturating_sub(1);
        let (Some(last), Some(place)) = (
            self.order.get(left).copied(),
            self.place.get(number as usize).copied(),
        ) else {
            return;
        };
        if let Some(bucket) = self.buckets.get_mut(number as usize) {
            *bucket = Bucket {
                size: left as u32,
                next: last,
            };
        }
        // The last one of the order comes into its place.
        if let Some(entry) = self.order.get_mut(place as usize) {
            *entry = last;
        }
        if let Some(entry) = self.place.get_mut(last as usize) {
            *entry = place;
        }
        self.removed.push(number);
    }

    /// Brings back the bucket that was removed last, for this owner.
    pub(super) fn add(&mut self, owner: u32) {
        let working = self.working();
        let Some(number) = self.removed.pop() else {
            return;
        };
        // Whoever came into its place goes back to the end of the order.
        let (last, place) = (
            self.order.get(working).copied(),
            self.place.get(number as usize).copied(),
        );
        if let Some(entry) = last.and_then(|last| self.place.get_mut(last as usize)) {
            *entry = working as u32;
        }
        if let Some(entry) = place.and_then(|place| self.order.get_mut(place as usize)) {
            *entry = number;
        }
        if let Some(bucket) = self.buckets.get_mut(number as usize) {
            *bucket = Bucket {
                size: 0,
                next: owner,
            };
        }
    }

    /// The owner of the working bucket that this hash ends in.
    #[inline]
    pub(super) fn owner(&self, hash: u64) -> Option<usize> {
        if self.working() == 0 {
            return None;
        }
        let mut number = below(hash, self.buckets.len() as u64) as usize;
        let mut here = *self.buckets.get(number)?;
        while here.size > 0 {
            let again = StableHash::pair(hash, number as u64);
            number = below(again, u64::from(here.size)) as usize;
            let mut there = *self.buckets.get(number)?;
            // Among those that were left when `here` went: whoever went before it was replaced.
            while there.size >= here.size {
                number = there.next as usize;
                there = *self.buckets.get(number)?;
            }
            here = there;
        }
        Some(here.next as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
            + size_of_val(&*self.order)
            + size_of_val(&*self.place)
            + size_of_val(&*self.removed)
    }
}
