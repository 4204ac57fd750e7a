//! What the book knows of one target.

use std::sync::Arc;

use super::super::algorithm::{RiseFall, Status};
use super::task::Stop;
use crate::kernel::clock::Tick;

pub(super) struct Target<T> {
    pub(super) key: Arc<str>,
    pub(super) value: Arc<T>,
    pub(super) state: RiseFall,
    /// What the sink knows.
    pub(super) told: Status,
    /// It is among the flips.
    pub(super) untold: bool,
    pub(super) plan: Plan,
    /// Ends the check that is under way, if that is spawned.
    pub(super) stop: Option<Stop>,
}

/// What happens next.
#[derive(Clone, Copy)]
pub(super) enum Plan {
    /// A check is due at this time.
    Due(Tick),
    /// It is due, and stands in line for a place.
    Waiting,
    /// It has a place, and perhaps no thread yet.
    Placed {
        attempt: u64,
        since: Tick,
        began: Option<Tick>,
        /// When it may have had its time.
        look: Tick,
    },
    /// It has had its time, and is not back.
    Hung {
        attempt: u64,
        /// When the next one would be due.
        due: Tick,
        /// When it has failed once more.
        fails: Tick,
    },
}

impl Plan {
    /// When something has to be done about it.
    pub(super) const fn event(self) -> Option<Tick> {
        match self {
            Self::Due(at) | Self::Placed { look: at, .. } | Self::Hung { fails: at, .. } => {
                Some(at)
            }
            Self::Waiting => None,
        }
    }

    /// Which check has a place.
    pub(super) const fn attempt(self) -> Option<u64> {
        match self {
            Self::Placed { attempt, .. } | Self::Hung { attempt, .. } => Some(attempt),
            Self::Due(_) | Self::Waiting => None,
        }
    }
}

/// A check that is to begin.
pub(super) struct Start<T> {
    pub(super) ticket: Ticket,
    pub(super) value: Arc<T>,
}

/// Which check an answer is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) life: u64,
    pub(super) attempt: u64,
}

/// What is left of a target; dropped behind the lock, since both parts are the user's.
#[expect(dead_code, reason = "held to be dropped")]
pub(super) struct Removed<T>(pub(super) Arc<T>, pub(super) Option<Stop>);

/// What there is to do, behind the lock.
pub(super) struct Turn<T> {
    pub(super) starts: Vec<Start<T>>,
    /// Those of checks that have had their time; dropping them ends the checks.
    pub(super) stops: Vec<Stop>,
}
