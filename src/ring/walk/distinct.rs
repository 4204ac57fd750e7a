//! Candidates of one hash, each once.

use crate::ring::placement::{Table, Walk};

/// Words that remember who came up.
const WORDS: usize = 32;
/// Members of which each has a bit in them.
const BITS: usize = WORDS * 64;
/// Members that fit in as a list, where there are too many for bits.
const LISTED: usize = WORDS * 2;

/// The indices of the members that come up for a hash, each once, the owner first.
pub(in crate::ring) struct Distinct<'t, T> {
    table: &'t T,
    members: usize,
    hash: u64,
    walk: Walk,
    /// Candidates that came up, those that repeat included.
    steps: usize,
    /// Members that came up.
    given: usize,
    /// A bit for each that came up, or a list of the first of them if there are more members than bits.
    seen: [u64; WORDS],
}

impl<'t, T: Table> Distinct<'t, T> {
    pub(in crate::ring) const fn new(table: &'t T, members: usize, hash: u64) -> Self {
        Self {
            table,
            members,
            hash,
            walk: Walk::new(),
            steps: 0,
            given: 0,
            seen: [0; WORDS],
        }
    }

    /// Goes back to the owner.
    pub(in crate::ring) const fn restart(&mut self) {
        *self = Self::new(self.table, self.members, self.hash);
    }

    /// Notes that this one came up, and tells whether it had not before.
    fn is_new(&mut self, index: usize) -> bool {
        if self.members <= BITS {
            let Some(word) = self.seen.get_mut(index / 64) else {
                return false;
            };
            let before = *word;
            *word |= 1 << (index % 64);
            return *word != before;
        }
        let halves = self
            .seen
            .iter()
            .flat_map(|word| [*word as u32, (*word >> 32) as u32]);
        if halves
            .take(self.given)
            .any(|listed| listed as usize == index)
        {
            return false;
        }
        if self.given >= LISTED {
            return self.comes_up_now(index);
        }
        if let Some(word) = self.seen.get_mut(self.given / 2) {
            // A ring has fewer than 2^32 nodes.
            *word |= (index as u64) << (32 * (self.given % 2));
        }
        true
    }

    /// Whether this one comes up for the first time at the end of the walk so far: walks again, since no list is that long.
    #[cold]
    fn comes_up_now(&self, index: usize) -> bool {
        let mut again = Walk::new();
        let mut before = (1..self.steps).map(|_| self.table.candidate(self.hash, &mut again));
        before.all(|candidate| candidate != Some(index))
    }
}

impl<T: Table> Iterator for Distinct<'_, T> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.given < self.members {
            let index = self.table.candidate(self.hash, &mut self.walk)?;
            self.steps += 1;
            if index < self.members && self.is_new(index) {
                self.given += 1;
                return Some(index);
            }
        }
        None
    }
}

impl<T> Clone for Distinct<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}
