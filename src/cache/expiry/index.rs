//! Which entries are due, without looking at all of them: bounds over the groups of a table.
//!
//! Each group of slots has a bound, a time before which none of its entries is due, and so have sixteen groups together, and sixteen of
//! those, up to the whole table. What is due is found from the top, along bounds that have passed. A bound may be too early: the entry that
//! it comes from was taken out, or its deadline put off. Nobody tells the index of that. It looks at the group when that time has come, and
//! has the right bound from then on.
//!
//! # Invariants
//!
//! * A bound is not later than any deadline below it, nor than any bound below it.
//! * A new entry lowers bounds on its way up as far as they are later than its deadline, which for entries that are to last equally long is
//!   seldom more than a look at the group's.
//!
//! # Complexity
//!
//! A bound of a group was the deadline of an entry when it was stored, or put off, and is raised above the present when it is found to have
//! passed. So the groups that are looked at are no more than the entries that were stored, and with each at most a path of bounds is made
//! right. Nothing is left behind by entries that are evicted long before their time: no records, and nothing to collect. A bound per fourteen
//! slots, and a fifteenth of that above, is two thirds of a byte for each slot.
//!
//! # In place of
//!
//! A timing wheel of slot numbers finds what is due in fewer steps, but a cache evicts most entries before their time, and in a wheel without
//! links back they stay: four bytes for each entry, and a quarter or so for those that are gone, which a sweep through all of it has to find.

use crate::cache::store::{NEVER, group_of};

/// Bounds under one.
const FAN: usize = 16;

#[derive(Debug)]
pub(crate) struct Index {
    /// Groups first, and the last one is a single bound. Allocated with the first entry that may expire.
    levels: Vec<Box<[u64]>>,
    /// That single bound.
    first: u64,
    /// Entries that may expire.
    live: usize,
    /// Times that sixteen bounds, or a group, were looked at.
    steps: u64,
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self {
            levels: Vec::new(),
            first: NEVER,
            live: 0,
            steps: 0,
        }
    }

    /// Entries that may expire.
    pub(crate) const fn live(&self) -> usize {
        self.live
    }

    /// A time before which nothing is due.
    #[inline]
    pub(crate) const fn first(&self) -> u64 {
        if self.live == 0 { NEVER } else { self.first }
    }

    /// An entry has come to a table of so many groups that may expire.
    pub(crate) fn add(&mut self, id: u32, deadline: u64, groups: usize) {
        if self.levels.is_empty() {
            self.levels = levels(groups);
        }
        self.live += 1;
        let mut node = group_of(id);
        for level in &mut self.levels {
            match level.get_mut(node) {
                Some(bound) if deadline < *bound => *bound = deadline,
                _ => return,
            }
            node /= FAN;
        }
        self.first = deadline;
    }

    /// An entry has gone that might have expired.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.live = self.live.saturating_sub(1);
    }

    /// A group whose bound has passed. The caller looks at it and gives it a new one, or there is no end.
    pub(crate) fn due(&mut self, now: u64) -> Option<usize> {
        while self.first() <= now {
            self.steps += 1;
            let found = self.descend(now);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Follows bounds that have passed down to a group; or puts one right that has none below it.
    fn descend(&mut self, now: u64) -> Option<usize> {
        let mut node = 0;
        for above in (1..self.levels.len()).rev() {
            self.steps += 1;
            let (below, rest) = self.levels.split_at_mut(above);
            let bounds = below.last()?.chunks(FAN).nth(node)?;
            let Some(passed) = bounds.iter().position(|bound| *bound <= now) else {
                let bound = bounds.iter().copied().min()?;
                let place = rest.first_mut()?.get_mut(node)?;
                *place = bound;
                if rest.len() == 1 {
                    self.first = bound;
                }
                return None;
            };
            node = node * FAN + passed;
        }
        Some(node)
    }

    /// The deadlines in a group are not before `bound`.
    pub(crate) fn bound(&mut self, group: usize, bound: u64) {
        if let Some(place) = self
            .levels
            .first_mut()
            .and_then(|groups| groups.get_mut(group))
        {
            *place = bound;
        }
        if self.levels.len() == 1 {
            self.first = bound;
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| size_of_val(&**level)).sum()
    }
}

/// Bounds for so many groups, of which none has an entry.
fn levels(groups: usize) -> Vec<Box<[u64]>> {
    let sizes = std::iter::successors(Some(groups.max(1)), |below| {
        (*below > 1).then(|| below.div_ceil(FAN))
    });
    sizes
        .map(|size| vec![NEVER; size].into_boxed_slice())
        .collect()
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
