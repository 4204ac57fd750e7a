//! Who leads a flight, and how far it is: what a [`Flight`](super::Flight) has under its lock. The diagram is there.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::TimerKey;
use crate::kernel::wait::Line;

#[derive(Debug)]
pub(super) struct State<T> {
    pub(super) phase: Phase<T>,
    /// Counts those who led. A leader of an earlier term has lost the lead.
    term: u64,
    /// Those who wait. What is granted is the lead.
    pub(super) line: Line<()>,
    pub(super) alarm: Alarm,
    /// The latest reading of the clock.
    seen: Tick,
}

#[derive(Debug)]
pub(super) enum Phase<T> {
    /// Somebody loads.
    Led(Hand),
    /// Nobody does: the lead is offered to whoever was granted it, or nobody waits for it.
    Free,
    /// The value, as long as somebody is in line for it.
    Landed(Option<Arc<T>>),
}

/// What the leader is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hand {
    /// It runs: a thread, or a task that is being polled. It may have been woken meanwhile.
    Busy { woken: bool },
    /// A task that waits to be woken.
    Parked,
    /// A task that was woken, and has not been polled since.
    Woken(Tick),
}

/// What wakes those who wait when the patience with the leader is over.
#[derive(Debug)]
pub(super) struct Alarm {
    /// `MAX`: not set.
    pub(super) due: Tick,
    pub(super) key: Option<TimerKey>,
    /// Somebody sets it right now, and will look again whether it fits.
    pub(super) setting: bool,
}

impl<T> State<T> {
    /// Led by whoever made it.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Led(Hand::Busy { woken: false }),
            term: 0,
            line: Line::new(),
            alarm: Alarm {
                due: Tick::MAX,
                key: None,
                setting: false,
            },
            seen: Tick::ZERO,
        }
    }

    /// What the leader of this term is about. `None` if it has lost the lead.
    pub(super) fn hand(&mut self, term: u64) -> Option<&mut Hand> {
        let current = self.term == term || faulty(Fault::LandSuperseded);
        match &mut self.phase {
            Phase::Led(hand) if current => Some(hand),
            _ => None,
        }
    }

    /// Somebody takes the lead.
    pub(super) fn lead(&mut self) -> u64 {
        self.term += 1;
        self.phase = Phase::Led(Hand::Busy { woken: false });
        self.term
    }

    /// Nobody leads, and nobody has been asked to.
    pub(super) fn is_free(&self) -> bool {
        matches!(self.phase, Phase::Free) && self.line.oldest_grant().is_none()
    }

    /// Nobody leads, waits, or has still to fetch the value.
    pub(super) fn is_idle(&self) -> bool {
        !matches!(self.phase, Phase::Led(_)) && self.line.len() == 0
    }

    /// The clock's reading, or if there is none the latest one.
    pub(super) fn seen(&mut self, now: Option<Tick>) -> Tick {
        self.seen = now.unwrap_or(self.seen);
        self.line.not_later(self.seen);
        if let Phase::Led(Hand::Woken(since)) = &mut self.phase {
            *since = self.seen.min(*since);
        }
        self.seen
    }

    /// Nobody leads any more: the first that waits may, and its waker is returned.
    pub(super) fn hand_over(&mut self, now: Tick) -> Option<Waker> {
        self.phase = Phase::Free;
        if faulty(Fault::DropLead) {
            return None;
        }
        self.line.grant((), now).ok().flatten()
    }

    /// Hands the lead on if nobody has it, or if whoever has it was called and is not polled for too long while another one waits.
    /// [Not later](Self::seen) than now. A waker is returned if somebody got it.
    pub(super) fn attend(&mut self, now: Tick, patience: Duration) -> Option<Waker> {
        self.line.front()?;
        let hands_over = match self.phase {
            Phase::Free => {
                self.line.oldest_grant().is_none() || self.line.revoke(now, patience).is_some()
            }
            Phase::Led(Hand::Woken(_)) if faulty(Fault::KeepUnpolledLead) => false,
            Phase::Led(Hand::Woken(since)) => now.since(since) >= patience,
            Phase::Led(_) | Phase::Landed(_) => false,
        };
        hands_over.then(|| self.hand_over(now)).flatten()
    }

    /// When [`attend`](Self::attend) has something to do; `MAX` is never.
    pub(super) fn next_alarm(&self, patience: Duration) -> Tick {
        let since = match self.phase {
            Phase::Free if faulty(Fault::KeepUnpolledTurn) => None,
            Phase::Free => self.line.oldest_grant().map(|(_, since)| since),
            Phase::Led(Hand::Woken(_)) if faulty(Fault::KeepUnpolledLead) => None,
            Phase::Led(Hand::Woken(since)) => Some(since),
            Phase::Led(_) | Phase::Landed(_) => None,
        };
        let waits = self.line.front().is_some();
        since
            .filter(|_| waits)
            .map_or(Tick::MAX, |since| since.saturating_add(patience))
    }

    /// The waker of the first that waits, to wake it without any other change.
    pub(super) fn front_waker(&mut self) -> Option<Waker> {
        let (front, _) = self.line.front()?;
        self.line.waker(front)
    }

    /// The value, for one who leaves the line now.
    pub(super) fn fetch(&mut self) -> Option<Arc<T>> {
        let last = self.line.len() == 0;
        match &mut self.phase {
            Phase::Landed(value) if last => value.take(),
            Phase::Landed(value) => value.clone(),
            _ => None,
        }
    }
}
