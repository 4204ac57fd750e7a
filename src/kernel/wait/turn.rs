//! Whose turn it is, and what the holder is about: what [`Turns`](super::Turns) has under its lock. The diagram is there.

use std::task::Waker;
use std::time::Duration;

use super::line::{Line, Ticket};
use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::TimerKey;

#[derive(Debug)]
pub(super) struct State {
    /// The holder of the turn is the one that was granted it.
    pub(super) line: Line<()>,
    /// What the holder is about.
    pub(super) hold: Hold,
    /// The latest reading of the clock.
    pub(super) seen: Tick,
    pub(super) alarm: Alarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It may try, and has not been polled since it was told so.
    Called,
    /// It has been polled, and neither left nor said when to be polled again.
    Trying,
    /// Before this time it does not want to be polled.
    Resting(Tick),
}

#[derive(Debug, Default)]
pub(super) struct Alarm {
    pub(super) set: Option<(Tick, TimerKey)>,
    pub(super) setting: bool,
    pub(super) rings: u64,
}

impl State {
    /// Nobody is in line.
    pub(super) fn new() -> Self {
        Self {
            line: Line::new(),
            hold: Hold::Called,
            seen: Tick::ZERO,
            alarm: Alarm::default(),
        }
    }

    /// The clock's reading, or if there is none the latest one.
    pub(super) fn seen(&mut self, now: Option<Tick>) -> Tick {
        self.seen = now.unwrap_or(self.seen);
        self.line.not_later(self.seen);
        self.seen
    }

    /// The turn is nobody's: it goes to the first that waits, whose waker is returned.
    pub(super) fn pass(&mut self, now: Tick) -> Option<Waker> {
        self.hold = Hold::Called;
        self.line.grant((), now).ok().flatten()
    }

    /// Whether the turn is nobody's, or has been given to somebody behind `ticket` who has not come yet.
    pub(super) fn is_free_for(&self, ticket: Ticket) -> bool {
        let Some((holder, _)) = self.line.oldest_grant() else {
            return true;
        };
        self.hold == Hold::Called && self.line.is_ahead(ticket, holder)
    }

    /// Gives the turn that [is free for](Self::is_free_for) it to `ticket`, whose waker is returned.
    pub(super) fn give(&mut self, ticket: Ticket, now: Tick) -> Option<Waker> {
        if let Some((holder, _)) = self.line.oldest_grant() {
            // It was woken when it was called, and waits on once it is polled.
            self.line.suspend(holder);
        }
        self.hold = Hold::Called;
        self.line.grant_to(ticket, (), now).ok().flatten()
    }

    /// Calls the holder whatever it said. Only who rested has all of our patience before it.
    pub(super) fn call(&mut self, now: Tick) -> Option<Waker> {
        let (holder, _) = self.line.oldest_grant()?;
        match std::mem::replace(&mut self.hold, Hold::Called) {
            Hold::Resting(_) => self.line.call(holder, now),
            Hold::Called | Hold::Trying => self.line.waker(holder),
        }
    }

    /// The waker of the holder, to wake it without any other change.
    pub(super) fn holder_waker(&mut self) -> Option<Waker> {
        let (holder, _) = self.line.oldest_grant()?;
        self.line.waker(holder)
    }

    /// When the alarm has to ring next, at the latest.
    pub(super) fn next_alarm(&self, patience: Duration) -> Option<Tick> {
        let (_, since) = self.line.oldest_grant()?;
        let due = match self.hold {
            Hold::Resting(due) => due,
            Hold::Called | Hold::Trying if faulty(Fault::KeepUnpolledTurn) => return None,
            Hold::Called | Hold::Trying => since.saturating_add(patience),
        };
        (due < Tick::MAX).then_some(due)
    }
}
