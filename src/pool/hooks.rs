//! Calls of the user's at the turns of a connection's life.

use std::fmt;

use super::{CloseReason, ConnectionInfo, Held};

/// Whether a connection is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is.
    Keep,
    /// It is to be closed.
    Discard,
}

type Turn<T> = Box<dyn Fn(&mut T, &ConnectionInfo) -> Verdict + Send + Sync>;
type End = Box<dyn Fn(&ConnectionInfo, CloseReason) + Send + Sync>;
type Leak = Box<dyn Fn(&Held) + Send + Sync>;

/// None of them runs under a lock, and a panic of one is taken for [`Verdict::Discard`].
pub(super) struct Hooks<T> {
    pub(super) connect: Option<Turn<T>>,
    pub(super) checkout: Option<Turn<T>>,
    pub(super) checkin: Option<Turn<T>>,
    pub(super) close: Option<End>,
    pub(super) leak: Option<Leak>,
}

impl<T> Default for Hooks<T> {
    fn default() -> Self {
        Self {
            connect: None,
            checkout: None,
            checkin: None,
            close: None,
            leak: None,
        }
    }
}

impl<T> fmt::Debug for Hooks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
