//! Candidates of one hash, each once.

use crate::ring::placement::{Member, Table, Walk};

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
    /// Members that came up.
    given: usize,
    /// A bit for each that came up, or a list of the first of them if there are more members than bits.
    seen: [u64; WORDS],
    /// A bit for each that came up, where neither has room for them.
    many: Vec<u64>,
}

impl<'t, T: Table> Distinct<'t, T> {
    pub(in crate::ring) const fn new(table: &'t T, members: usize, hash: u64) -> Self {
        Self {
            table,
            members,
            hash,
            walk: Walk::new(),
            given: 0,
            seen: [0; WORDS],
            many: Vec::new(),
        }
    }

    /// Goes back to the owner.
    pub(in crate::ring) fn restart(&mut self) {
        *self = Self::new(self.table, self.members, self.hash);
    }

    /// Whoever comes up, and then the members with weight that did not: those that own nothing.
    pub(in crate::ring) fn and_all_others(
        mut self,
        members: &'t [Member],
    ) -> impl Iterator<Item = usize> + use<'t, T> {
        let mut all = members.iter().enumerate();
        std::iter::from_fn(move || {
            self.next().or_else(|| {
                let other = |(index, member): (usize, &Member)| {
                    (member.weight > 0 && self.is_new(index)).then_some(index)
                };
                all.by_ref().find_map(other)
            })
        })
    }

    /// Notes that this one came up, and tells whether it had not before.
    fn is_new(&mut self, index: usize) -> bool {
        if self.members <= BITS {
            return set(&mut self.seen, index);
        }
        let listed = |words: &[u64; WORDS]| {
            let halves = words.map(|word| [word as u32, (word >> 32) as u32]);
            halves.into_iter().flatten().map(|listed| listed as usize)
        };
        if self.given < LISTED {
            if listed(&self.seen).take(self.given).any(|one| one == index) {
                return false;
            }
            if let Some(word) = self.seen.get_mut(self.given / 2) {
                // A ring has fewer than 2^32 nodes.
                *word |= (index as u64) << (32 * (self.given % 2));
            }
            return true;
        }
        if self.many.is_empty() {
            self.many.resize(self.members.div_ceil(64), 0);
            for one in listed(&self.seen) {
                set(&mut self.many, one);
            }
        }
        set(&mut self.many, index)
    }
}

/// Sets a bit, and tells whether it was not.
fn set(words: &mut [u64], bit: usize) -> bool {
    let Some(word) = words.get_mut(bit / 64) else {
        return false;
    };
    let before = *word;
    *word |= 1 << (bit % 64);
    *word != before
}

impl<T: Table> Iterator for Distinct<'_, T> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.given < self.members {
            let index = self.table.candidate(self.hash, &mut self.walk)?;
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
        Self {
            many: self.many.clone(),
            ..*self
        }
    }
}
