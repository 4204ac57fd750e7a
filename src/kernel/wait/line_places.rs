//! Those in a line that are late, that come back, or that are to look for themselves.

use std::task::Waker;

use super::{Full, Line, Phase, Place, Ticket};
use crate::kernel::clock::Tick;
use crate::kernel::slab::Key;
use crate::kernel::sync::fault::{Fault, is as faulty};

impl<G> Line<G> {
    /// Which place it is: those in front have smaller numbers.
    pub(crate) fn number(&self, ticket: Ticket) -> Option<u64> {
        self.slab.get(ticket.0).map(|place| place.number)
    }

    /// Waits again at a place that was left, for somebody who had no use for what it was granted: a step for each that waits in front of it.
    ///
    /// # Errors
    ///
    /// If there is no memory for as many.
    pub(crate) fn rejoin(&mut self, number: u64, want: u64, due: Tick) -> Result<Ticket, Full> {
        let place = Place {
            number,
            want,
            due,
            waker: None,
            phase: Phase::Asleep,
        };
        let key = self.slab.insert(place).map_err(|_| Full)?;
        self.wanted += u128::from(want);
        self.wait_again(key);
        Ok(Ticket(key))
    }

    /// Puts the first that waits to sleep if its time is over: it is about to leave, and a grant would be held up by it. Whether it
    /// was so; the next may be late too.
    pub(crate) fn lapse(&mut self, now: Tick) -> bool {
        let Some(key) = self.slab.first(self.waiting) else {
            return false;
        };
        let Some(place) = self.slab.get_mut(key) else {
            return false;
        };
        if place.due > now || faulty(Fault::GrantLate) {
            return false;
        }
        place.phase = Phase::Asleep;
        self.wanted -= u128::from(place.want);
        self.slab.unlink(&mut self.waiting, key);
        true
    }

    /// The first waker of those that wait, to wake it without any other change.
    pub(crate) fn first_waker(&mut self) -> Option<Waker> {
        let first = self.slab.first(self.waiting);
        let mut keys = std::iter::successors(first, |key| self.slab.next(*key));
        let has_one = |key: &Key| {
            let place = self.slab.get(*key);
            place.is_some_and(|place| place.waker.is_some())
        };
        let key = keys.find(has_one)?;
        self.slab.get_mut(key)?.waker.take()
    }
}
