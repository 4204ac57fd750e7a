//! Who waits, in which order, and who was granted what.
//!
//! ```text
//!             join                 grant                         take
//!   (nobody) ──────▶ WAITING ───────────────▶ GRANTED(g, since) ──────▶ (nobody)
//!                       ▲                          │
//!                       │ polled: at its old place │ not polled for a while: g goes on to another one
//!                       └──────── ASLEEP ◀─────────┘
//!
//!   from any of them, leave ▶ (nobody); whoever leaves GRANTED hands g back, for another one; suspended, it goes from there
//!   back to WAITING, at its old place
//! ```
//!
//! # Invariants
//!
//! * Places are numbered in the order of joining. Those that wait are in one list, in this order; a grant goes to its first.
//! * Those that were granted something are in a list in the order of the grants. Who is asleep is in neither list, and is passed
//!   over until it is polled again.
//! * Wakers are somebody else's code: no operation here calls, clones or drops one. They come and go through arguments.
//! * Except where said, an operation takes a fixed number of steps, and none allocates once the line was as long.

use std::task::Waker;
use std::time::Duration;

use crate::kernel::clock::Tick;
use crate::kernel::slab::{Key, List, Slab};
use crate::kernel::sync::fault::{Fault, is as faulty};

#[path = "line_places.rs"]
mod places;

/// A place in a line. A ticket whose place was left is good for nothing, and harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(Key);

/// As many wait as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Full;

/// The line, for grants of type `G`.
#[derive(Debug)]
pub(crate) struct Line<G> {
    slab: Slab<Place<G>>,
    waiting: List,
    granted: List,
    /// Places given out so far.
    joined: u64,
    /// Sum of what all want that are not asleep; 2^32 places can't exceed it.
    wanted: u128,
}

#[derive(Debug)]
struct Place<G> {
    number: u64,
    want: u64,
    /// When nobody comes for a grant any more.
    due: Tick,
    waker: Option<Waker>,
    phase: Phase<G>,
}

#[derive(Debug)]
enum Phase<G> {
    Waiting,
    Granted { grant: G, since: Tick },
    Asleep,
}

/// What a poll found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nobody has this ticket.
    Gone,
    /// A clone of the waker is needed, and the poll to be repeated with it.
    NeedsWaker,
    /// It waits. It was asleep until now if it `rejoined`.
    Waiting {
        /// Whether it was asleep.
        rejoined: bool,
    },
    /// It has been granted something, and keeps it.
    Granted,
}

/// What is left of a place.
#[derive(Debug)]
pub(crate) struct Left<G> {
    /// What it was granted, for another one.
    pub(crate) grant: Option<G>,
    /// Whether it was asleep.
    pub(crate) asleep: bool,
    /// To be dropped outside of locks.
    pub(crate) waker: Option<Waker>,
}

impl<G> Line<G> {
    /// Nobody waits.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            slab: Slab::new(),
            waiting: List::EMPTY,
            granted: List::EMPTY,
            joined: 0,
            wanted: 0,
        }
    }

    /// Joins at the end, wanting `want` of something.
    ///
    /// # Errors
    ///
    /// If `max_waiters` are in line, whatever their phase.
    pub(crate) fn join(&mut self, want: u64, max_waiters: usize) -> Result<Ticket, Full> {
        self.join_until(want, Tick::MAX, max_waiters)
    }

    /// As [`join`](Self::join), for somebody who leaves at `due`: see [`lapse`](Self::lapse).
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub(crate) fn join_until(
        &mut self,
        want: u64,
        due: Tick,
        max_waiters: usize,
    ) -> Result<Ticket, Full> {
        if self.slab.len() >= max_waiters {
            return Err(Full);
        }
        let place = Place {
            number: self.joined,
            want,
            due,
            waker: None,
            phase: Phase::Waiting,
        };
        let key = self.slab.insert(place).map_err(|_| Full)?;
        self.joined += 1;
        self.wanted += u128::from(want);
        self.slab.push_back(&mut self.waiting, key);
        Ok(Ticket(key))
    }

    /// Looks at a place on behalf of its owner, whose task `waker` wakes. `spare` is a clone of it, or empty; what is in
    /// it afterwards is for the caller to drop, outside of locks.
    ///
    /// Who was granted something keeps it, with `now` as the time of the grant. Who was asleep waits again, at its old place: a step
    /// for each that waits in front of it.
    pub(crate) fn look(
        &mut self,
        ticket: Ticket,
        waker: &Waker,
        spare: &mut Option<Waker>,
        now: Tick,
    ) -> Look {
        let Some(place) = self.slab.get_mut(ticket.0) else {
            return Look::Gone;
        };
        let wakes = |own: &Waker| own.will_wake(waker) || faulty(Fault::KeepOldWaker);
        if !place.waker.as_ref().is_some_and(wakes) {
            if spare.is_none() {
                return Look::NeedsWaker;
            }
            std::mem::swap(&mut place.waker, spare);
        }
        match &mut place.phase {
            Phase::Waiting => Look::Waiting { rejoined: false },
            Phase::Granted { since, .. } => {
                *since = now;
                Look::Granted
            }
            Phase::Asleep => {
                self.wanted += u128::from(place.want);
                self.wait_again(ticket.0);
                Look::Waiting { rejoined: true }
            }
        }
    }

    /// Grants `grant` to the first that waits, and returns its waker, if it was polled since it has one.
    ///
    /// # Errors
    ///
    /// The grant, if nobody waits.
    pub(crate) fn grant(&mut self, grant: G, now: Tick) -> Result<Option<Waker>, G> {
        match self.front() {
            Some((first, _)) => self.grant_to(first, grant, now),
            None => Err(grant),
        }
    }

    /// Grants `grant` to the owner of `ticket`.
    ///
    /// # Errors
    ///
    /// The grant, if this one does not wait any more.
    pub(crate) fn grant_to(
        &mut self,
        ticket: Ticket,
        grant: G,
        now: Tick,
    ) -> Result<Option<Waker>, G> {
        let Some(place) = self.slab.get_mut(ticket.0) else {
            return Err(grant);
        };
        if !matches!(place.phase, Phase::Waiting) {
            return Err(grant);
        }
        place.phase = Phase::Granted { grant, since: now };
        let waker = place.waker.take();
        self.slab.unlink(&mut self.waiting, ticket.0);
        self.slab.push_back(&mut self.granted, ticket.0);
        Ok(waker)
    }

    /// Leaves the line with what was granted, if anything was.
    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Left<G>> {
        let granted = matches!(self.slab.get(ticket.0)?.phase, Phase::Granted { .. });
        granted.then(|| self.leave(ticket)).flatten()
    }

    /// Leaves the line, in any phase. `None` if the place was left already.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<Left<G>> {
        let list = match self.slab.get(ticket.0)?.phase {
            Phase::Waiting => Some(&mut self.waiting),
            Phase::Granted { .. } => Some(&mut self.granted),
            Phase::Asleep => None,
        };
        if let Some(list) = list {
            self.slab.unlink(list, ticket.0);
        }
        let place = self.slab.remove(ticket.0)?;
        let asleep = matches!(place.phase, Phase::Asleep);
        if !asleep {
            self.wanted -= u128::from(place.want);
        }
        let grant = match place.phase {
            Phase::Granted { grant, .. } => Some(grant),
            Phase::Waiting | Phase::Asleep => None,
        };
        Some(Left {
            grant,
            asleep,
            waker: place.waker,
        })
    }

    /// The clock stands at `now`. An oldest grant from a time that is yet to come, because the clock stepped back, is as if it were
    /// made now.
    pub(crate) fn not_later(&mut self, now: Tick) {
        let oldest = self.slab.first(self.granted);
        let place = oldest.and_then(|key| self.slab.get_mut(key));
        if let Some(Phase::Granted { since, .. }) = place.map(|place| &mut place.phase) {
            *since = (*since).min(now);
        }
    }

    /// Takes back the oldest grant if it is at least `patience` old, and puts its owner to sleep; [not later](Self::not_later) than
    /// now.
    pub(crate) fn revoke(&mut self, now: Tick, patience: Duration) -> Option<G> {
        self.not_later(now);
        let key = self.slab.first(self.granted)?;
        let place = self.slab.get_mut(key)?;
        let Phase::Granted { since, .. } = place.phase else {
            return None;
        };
        if now.since(since) < patience || faulty(Fault::KeepUnpolledTurn) {
            return None;
        }
        let phase = std::mem::replace(&mut place.phase, Phase::Asleep);
        self.wanted -= u128::from(place.want);
        self.slab.unlink(&mut self.granted, key);
        match phase {
            Phase::Granted { grant, .. } => Some(grant),
            Phase::Waiting | Phase::Asleep => None,
        }
    }

    /// The oldest grant: whose it is, and since when.
    #[must_use]
    pub(crate) fn oldest_grant(&self) -> Option<(Ticket, Tick)> {
        let key = self.slab.first(self.granted)?;
        match self.slab.get(key)?.phase {
            Phase::Granted { since, .. } => Some((Ticket(key), since)),
            Phase::Waiting | Phase::Asleep => None,
        }
    }

    /// Wakes the owner of `ticket` as if its grant had been made now: the waker is for the caller to call.
    pub(crate) fn call(&mut self, ticket: Ticket, now: Tick) -> Option<Waker> {
        let place = self.slab.get_mut(ticket.0)?;
        if let Phase::Granted { since, .. } = &mut place.phase {
            *since = now;
        }
        place.waker.take()
    }

    /// The waker of `ticket`, to wake it without any other change.
    pub(crate) fn waker(&mut self, ticket: Ticket) -> Option<Waker> {
        self.slab.get_mut(ticket.0)?.waker.take()
    }

    /// Takes back what `ticket` was granted; it waits on, at its old place: a step for each that waits in front of it.
    pub(crate) fn suspend(&mut self, ticket: Ticket) -> Option<G> {
        let place = self.slab.get_mut(ticket.0)?;
        if !matches!(place.phase, Phase::Granted { .. }) {
            return None;
        }
        let phase = std::mem::replace(&mut place.phase, Phase::Waiting);
        self.slab.unlink(&mut self.granted, ticket.0);
        self.wait_again(ticket.0);
        match phase {
            Phase::Granted { grant, .. } => Some(grant),
            Phase::Waiting | Phase::Asleep => None,
        }
    }

    /// Whether the place of `one` is in front of that of `other`.
    #[must_use]
    pub(crate) fn is_ahead(&self, one: Ticket, other: Ticket) -> bool {
        let number = |ticket: Ticket| self.slab.get(ticket.0).map(|place| place.number);
        number(one)
            .zip(number(other))
            .is_some_and(|(one, other)| one < other)
    }

    /// The first that waits, and what it wants.
    #[must_use]
    pub(crate) fn front(&self) -> Option<(Ticket, u64)> {
        let first = if faulty(Fault::GrantNewest) {
            self.slab.last(self.waiting)
        } else {
            self.slab.first(self.waiting)
        };
        Some((Ticket(first?), self.slab.get(first?)?.want))
    }

    /// How many are in line, in any phase.
    #[must_use]
    pub(crate) const fn len(&self) -> usize {
        self.slab.len()
    }

    /// What all want together that are not asleep.
    #[must_use]
    pub(crate) fn wanted(&self) -> u64 {
        u64::try_from(self.wanted).unwrap_or(u64::MAX)
    }

    /// From neither list to those that wait, in the order of places.
    fn wait_again(&mut self, key: Key) {
        let Some(place) = self.slab.get_mut(key) else {
            return;
        };
        place.phase = Phase::Waiting;
        let number = place.number;
        let earlier = |key: &Key| {
            self.slab
                .get(*key)
                .is_some_and(|place| place.number < number)
        };
        let mut keys =
            std::iter::successors(self.slab.first(self.waiting), |key| self.slab.next(*key));
        match keys.find(|key| !earlier(key)) {
            Some(follower) => self.slab.insert_before(&mut self.waiting, key, follower),
            None => self.slab.push_back(&mut self.waiting, key),
        }
    }
}

impl<G> Default for Line<G> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
