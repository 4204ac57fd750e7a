//! SIEVE: a hand goes from the oldest to the newest, evicts what was not used since it last came by, and leaves the rest where it is.
//!
//! Two queues instead of a list with a hand in it: what the hand has passed, and what is ahead of it. New entries are ahead; when nothing is
//! ahead any more the hand begins anew, and the two change their names. The order is SIEVE's.
//!
//! Source: Y. Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024.

use super::Entries;
use super::clock::STEPS;
use super::rings::{Queue, in_second};
use super::setting::Counted;

pub(super) struct Sieve {
    first: Queue,
    second: Queue,
    /// The hand is in the second queue, and has passed the first.
    swapped: bool,
    pub(super) counted: Counted,
}

impl Sieve {
    pub(super) fn new() -> Self {
        Self {
            first: Queue::default(),
            second: Queue::second(),
            swapped: false,
            counted: Counted::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }

    fn ahead(&mut self) -> &mut Queue {
        if self.swapped {
            &mut self.second
        } else {
            &mut self.first
        }
    }

    fn passed(&mut self) -> &mut Queue {
        if self.swapped {
            &mut self.first
        } else {
            &mut self.second
        }
    }

    fn of<E: Entries>(&mut self, entries: &E, id: u32) -> &mut Queue {
        if in_second(entries.place(id)) {
            &mut self.second
        } else {
            &mut self.first
        }
    }

    pub(super) fn inserted<E: Entries>(&mut self, entries: &mut E, id: u32) {
        self.ahead().push(entries, id);
    }

    pub(super) fn replaced<E: Entries>(&mut self, entries: &mut E, old: u32, new: u32) {
        self.of(entries, old).replace(entries, old, new);
    }

    pub(super) fn removed<E: Entries>(&mut self, entries: &mut E, id: u32) {
        self.of(entries, id).remove(entries, id);
    }

    pub(super) fn renumber<E: Entries>(
        &mut self,
        entries: &mut E,
        new: impl Fn(u32) -> Option<u32>,
    ) {
        self.first.renumber(entries, &new);
        self.second.renumber(entries, &new);
    }

    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
    }

    pub(super) fn evict<E: Entries>(&mut self, entries: &mut E) -> Option<u32> {
        let mut steps = 0;
        loop {
            steps += 1;
            // The newest came in to take the place of whom the hand finds: it is not looked at itself, and the hand begins anew.
            if self.ahead().len() <= 1 && self.passed().len() > 0 {
                if let Some(newest) = self.ahead().pop() {
                    self.passed().push(entries, newest);
                }
                self.swapped = !self.swapped;
            }
            let id = self.ahead().pop()?;
            if entries.uses(id) == 0 || steps >= STEPS {
                self.counted.add(steps);
                return Some(id);
            }
            entries.set_uses(id, 0);
            self.passed().push(entries, id);
        }
    }

    /// From the hand on.
    pub(super) fn coldest(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        let (ahead, passed) = if self.swapped {
            (&self.second, &self.first)
        } else {
            (&self.first, &self.second)
        };
        ahead.iter().chain(passed.iter())
    }

    pub(super) fn memory(&self) -> usize {
        self.first.memory() + self.second.memory()
    }

    #[cfg(test)]
    pub(super) fn check_invariants<E: Entries>(&self, entries: &E) {
        assert!(self.first.iter().all(|id| self.first.holds(entries, id)));
        assert!(self.second.iter().all(|id| self.second.holds(entries, id)));
        assert!(self.counted.most <= STEPS, "{:?}", self.counted);
    }
}
