//! What a call finds: the bucket that decides about a key, and whose it is.

use std::time::Duration;

use crate::limit::Decision;
use crate::limit::algorithm::{Meter, Step};

/// Where the bucket of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// It has a place.
    Own { place: usize },
    /// It has none and needs none: its class is without limit.
    Needless,
    /// It has none, and would take this one and begin with this word. Whoever has it lacks so many tokens; zero if it is free.
    New { place: usize, word: u64, debt: u64 },
    /// It has none, and the bucket that all such keys share has this word.
    Shared { word: u64 },
    /// It has none and gets none until then.
    Nowhere { until: Option<u64> },
}

/// A key's bucket at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'m> {
    pub(super) seat: Seat,
    pub(super) word: u64,
    /// Of the key's class.
    pub(super) own: &'m Meter,
    /// Of the bucket: another one only if the bucket is shared.
    pub(super) meter: &'m Meter,
}

impl View<'_> {
    /// What becomes of the bucket when `cost` tokens are asked for.
    pub(super) fn step(&self, now: u64, cost: u64) -> Step {
        if !matches!(self.seat, Seat::Shared { .. } | Seat::Nowhere { .. }) {
            return self.own.step(self.word, now, cost);
        }
        match (self.seat, self.own.step(0, now, cost)) {
            (Seat::Shared { word }, Step::To(_)) => self.meter.step(word, now, cost),
            (_, Step::To(_)) => Step::Refused,
            // What even a full bucket does not have, or has for nothing.
            (_, from_full) => from_full,
        }
    }

    /// What to say about `step`.
    pub(super) fn decision(&self, step: Step, now: u64, cost: u64) -> Decision {
        let (word, allowed) = match step {
            Step::Free => (self.word, true),
            Step::To(word) => (word, true),
            Step::Refused => (self.word, false),
        };
        let possible = self.own.units(cost).is_some();
        match self.seat {
            Seat::Nowhere { until } if !allowed && possible => {
                let until = until.map(|tick| Duration::from_nanos(tick.saturating_sub(now)));
                Decision {
                    remaining: 0,
                    retry_after: until,
                    reset_after: until,
                    ..self.own.decision(word, now, cost, allowed, 0)
                }
            }
            Seat::Shared { .. } if possible => self.meter.decision(word, now, cost, allowed, 0),
            Seat::Shared { .. } => self.own.decision(0, now, cost, allowed, 0),
            _ => self.own.decision(word, now, cost, allowed, 0),
        }
    }

    /// Whole tokens that a call could take.
    pub(super) fn available(&self, now: u64) -> u64 {
        let tokens = |meter: &Meter, word| meter.tokens(meter.available(word, now));
        match self.seat {
            Seat::Own { .. } | Seat::Needless | Seat::New { .. } => tokens(self.own, self.word),
            Seat::Shared { .. } => tokens(self.meter, self.word).min(tokens(self.own, 0)),
            Seat::Nowhere { .. } => 0,
        }
    }
}
