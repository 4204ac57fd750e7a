//! What a pool tells of its connections.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// One connection of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// Names it among all that this pool ever had: from 1, rising.
    pub id: u64,
    /// How often it was handed out.
    pub uses: u64,
    /// Time since it was made.
    pub age: Duration,
    /// Time since it was handed out or came back. To 4 ms on the process's clock.
    pub idle: Duration,
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum CloseReason {
    /// The manager found it broken, a hook did not want it back, or its lease was [discarded](super::Lease::discard).
    Broken,
    /// A check failed, panicked, or took too long.
    CheckFailed,
    /// It was idle for too long, or one idle connection too many.
    Idle,
    /// It was too old.
    Expired,
    /// It was made before the pool was [cleared](super::Pool::clear).
    Stale,
    /// Somebody asked for it, by [`retain`](super::Pool::retain) or [`evict`](super::Pool::evict).
    Evicted,
    /// The pool was made smaller.
    Shrunk,
    /// Its lease was dropped by a panic, or the predicate of a [`retain`](super::Pool::retain) panicked at it.
    Panicked,
    /// The pool was closed.
    PoolClosed,
    /// It was made after the time for that was over.
    Late,
    /// The [hook](super::Builder::on_connect) did not want it.
    Rejected,
    /// Another key of a [`KeyedPool`](super::KeyedPool) needed its place.
    GaveWay,
}

impl CloseReason {
    pub(super) const COUNT: usize = 12;
}

/// A lease that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Held {
    /// The connection, as in [`ConnectionInfo::id`].
    pub id: u64,
    /// Where it was acquired: the file.
    pub file: &'static str,
    /// And the line.
    pub line: u32,
    /// For how long it is held. To 4 ms on the process's clock.
    pub held_for: Duration,
}

impl Held {
    pub(super) fn new(id: u64, location: &'static Location<'static>, held_for: Duration) -> Self {
        Self {
            id,
            file: location.file(),
            line: location.line(),
            held_for,
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            held_for,
            ..
        } = self;
        write!(f, "since {held_for:?} by {file}:{line}")
    }
}

/// A pool at one moment.
///
/// What is counted is counted one after another: beside active callers a connection may be counted in the state that it leaves or in the
/// one that it enters, never in two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Status {
    /// Connections there may be.
    pub max_size: u32,
    /// Connections in whatever state: the sum of the next five.
    pub total: u32,
    /// Ready to be handed out.
    pub idle: u32,
    /// Leased, or handed to somebody who has not come for it yet.
    pub in_use: u32,
    /// Being made.
    pub connecting: u32,
    /// Being checked.
    pub checking: u32,
    /// Being closed.
    pub closing: u32,
    /// Callers that wait.
    pub waiting: u32,
    /// Whether the pool is [paused](super::Pool::pause).
    pub paused: bool,
    /// Whether the pool is closed.
    pub closed: bool,
    /// Connects that have failed in a row.
    pub failures: u32,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            total, max_size, ..
        } = self;
        write!(f, "{total} of {max_size} connections")?;
        let parts = [
            (self.idle, "idle"),
            (self.in_use, "in use"),
            (self.connecting, "connecting"),
            (self.checking, "being checked"),
            (self.closing, "closing"),
        ];
        for (count, name) in parts {
            if count > 0 {
                write!(f, ", {count} {name}")?;
            }
        }
        write!(f, ", {} waiting", self.waiting)
    }
}

/// How a [drain](super::Pool::drain) ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DrainReport {
    /// Connections that the pool had when it began, and that are closed now.
    pub closed: u32,
    /// Connections that are still being made or closed.
    pub pending: u32,
    /// Leases that have not ended.
    pub held: Vec<Held>,
}

impl DrainReport {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pending == 0 && self.held.is_empty()
    }
}
