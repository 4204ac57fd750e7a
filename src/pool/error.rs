//! Why a pool can't be built, and why there is no connection.

use std::fmt::{self, Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use super::{Held, Status};
use crate::kernel::error::Refusal;

/// Why a pool can't be built or changed, or why it refused, without the manager's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of its range.
    #[error("{rule}")]
    BadSetting {
        /// What is allowed.
        rule: &'static str,
    },
    /// Something is to happen in the background that only a future can do, and there is nobody to run it.
    #[error(
        "{setting} needs somebody who runs futures in the background: give the builder a `spawner`, or take a manager that implements `Connect`"
    )]
    NoSpawner {
        /// The setting that asks for it.
        setting: &'static str,
    },
    /// There was no connection, and the call does not wait.
    #[error("no connection is free")]
    Exhausted,
    /// The time to wait for a connection is over.
    #[error("no connection became free in time")]
    TimedOut,
    /// As many callers wait as may.
    #[error("{limit} callers wait already, and no more may: raise `max_waiters`, or shed load")]
    TooManyWaiters {
        /// Callers that may wait.
        limit: usize,
    },
    /// There are as many keys as may be, and all of them are in use.
    #[error("{limit} keys are in use, and no more may be: raise `max_keys`")]
    TooManyKeys {
        /// Keys there may be.
        limit: usize,
    },
    /// No connection can be made at the moment.
    #[error("no connection can be made: {}", again(*retry_after))]
    Unavailable {
        /// See [`AcquireError::Unavailable`].
        retry_after: Option<Duration>,
    },
    /// The pool is closed.
    #[error("the pool is closed")]
    Closed,
}

impl Error {
    pub(super) const fn unless(good: bool, rule: &'static str) -> Result<(), Self> {
        if good {
            Ok(())
        } else {
            Err(Self::BadSetting { rule })
        }
    }
}

/// When to come again, as a half sentence.
fn again(retry_after: Option<Duration>) -> String {
    let unknown = || "attempts that hang are in the way of the next".to_owned();
    retry_after.map_or_else(unknown, |after| format!("try again in {after:?}"))
}

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError<E> {
    /// The manager's own error.
    #[error("{0}")]
    Failed(E),
    /// It took too long.
    #[error("it took longer than {after:?}")]
    TimedOut {
        /// The time that it may take.
        after: Duration,
    },
    /// The manager panicked.
    #[error("the manager panicked")]
    Panicked,
    /// The [hook](super::Builder::on_connect) did not want it.
    #[error("the hook refused it")]
    Rejected,
    /// The [spawner](super::Builder::spawner) dropped the future, or panicked.
    #[error("the spawner dropped it")]
    Dropped,
}

/// What a caller waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// All connections were in use, and there may be no more: uses take too long, there are too few connections, or one was
    /// [leaked](super::AcquireError::TimedOut::longest).
    Busy,
    /// All connections were in use, and the next one took too long to be made or checked.
    Connecting,
    /// In a [`KeyedPool`](super::KeyedPool): all connections of this key were in use, and it could not have one more, for other keys have all that there
    /// may be [together](super::KeyedConfig::max_total).
    OverBudget,
    /// Connections could not be made.
    Unreachable,
    /// The pool is paused.
    Paused,
    /// Every connection is held by a thread that waits for another one: each waits for all others. Acquire what a thread needs at once, or
    /// have more than `threads × (connections per thread − 1)` connections.
    /// Not recognised where an [`OwnedLease`](super::OwnedLease) is among them, which may be with any thread.
    SelfDeadlock,
}

/// Why there is no connection. `E` is the manager's own error; callers that fail for the same reason share it.
#[non_exhaustive]
pub enum AcquireError<E> {
    /// None is idle, and [`try_acquire`](super::Pool::try_acquire) does not wait.
    Exhausted {
        /// The pool at that moment.
        status: Status,
    },
    /// The time to wait is over.
    TimedOut {
        /// How long the call waited.
        waited: Duration,
        /// What for.
        reason: Reason,
        /// The pool at that moment.
        status: Status,
        /// The lease that has been held for longest: who leaks is found here.
        longest: Option<Held>,
        /// The last failed connect, if the last one failed.
        last: Option<Arc<ConnectError<E>>>,
    },
    /// As many callers wait as may.
    TooManyWaiters {
        /// Callers that may wait.
        limit: usize,
    },
    /// There is no connection, and the last attempts to make one failed.
    Unavailable {
        /// The last failure.
        source: Arc<ConnectError<E>>,
        /// Failures in a row.
        failures: u32,
        /// When more is known: when the next attempt is made, or the one that is under way should have ended, or at the latest has to.
        /// `None` if that can't be said: it may take for ever ([`Config::connect_timeout`](super::Config::connect_timeout)), or as many calls
        /// hang as there may be attempts at a time.
        retry_after: Option<Duration>,
    },
    /// A [`KeyedPool`](super::KeyedPool) has as many keys as may be, and all of them are in use.
    TooManyKeys {
        /// Keys there may be.
        limit: usize,
    },
    /// The [settings](super::KeyedBuilder::customize) of this key of a [`KeyedPool`](super::KeyedPool) are of no use.
    Settings {
        /// What is wrong with them.
        error: Error,
    },
    /// The pool is closed.
    Closed,
}

impl<E> AcquireError<E> {
    /// The last failure to connect, if that has to do with it.
    #[must_use]
    pub const fn connect_error(&self) -> Option<&Arc<ConnectError<E>>> {
        match self {
            Self::Unavailable { source, .. } => Some(source),
            Self::TimedOut { last, .. } => last.as_ref(),
            _ => None,
        }
    }
}

impl<E> Clone for AcquireError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Exhausted { status } => Self::Exhausted { status: *status },
            Self::TimedOut {
                waited,
                reason,
                status,
                longest,
                last,
            } => Self::TimedOut {
                waited: *waited,
                reason: *reason,
                status: *status,
                longest: *longest,
                last: last.clone(),
            },
            Self::TooManyWaiters { limit } => Self::TooManyWaiters { limit: *limit },
            Self::Unavailable {
                source,
                failures,
                retry_after,
            } => Self::Unavailable {
                source: source.clone(),
                failures: *failures,
                retry_after: *retry_after,
            },
            Self::TooManyKeys { limit } => Self::TooManyKeys { limit: *limit },
            Self::Settings { error } => Self::Settings { error: *error },
            Self::Closed => Self::Closed,
        }
    }
}

impl<E: Display> Display for AcquireError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted { status } => {
                write!(f, "no connection is free: {status}")
            }
            Self::TimedOut {
                waited,
                reason,
                status,
                longest,
                last,
            } => {
                write!(f, "no connection after {waited:?}: ")?;
                f.write_str(match reason {
                    Reason::Busy => "all are in use",
                    Reason::Connecting => "all are in use, and the next is not ready",
                    Reason::OverBudget => "other keys have all that there may be together",
                    Reason::Unreachable => "none can be made",
                    Reason::Paused => "the pool is paused",
                    Reason::SelfDeadlock => {
                        "every connection is held by a thread that waits for another one"
                    }
                })?;
                write!(f, " ({status}")?;
                if let Some(longest) = longest {
                    write!(f, "; the longest is held {longest}")?;
                }
                if let Some(last) = last {
                    write!(f, "; the last connect failed: {last}")?;
                }
                f.write_str(")")
            }
            Self::TooManyWaiters { limit } => {
                Display::fmt(&Error::TooManyWaiters { limit: *limit }, f)
            }
            Self::Unavailable {
                source,
                failures,
                retry_after,
            } => write!(
                f,
                "no connection can be made, {failures} attempts have failed: {source}; {}",
                again(*retry_after)
            ),
            Self::TooManyKeys { limit } => Display::fmt(&Error::TooManyKeys { limit: *limit }, f),
            Self::Settings { error } => write!(f, "the settings of this key: {error}"),
            Self::Closed => Display::fmt(&Error::Closed, f),
        }
    }
}

impl<E: Debug> Debug for AcquireError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted { status } => {
                f.debug_struct("Exhausted").field("status", status).finish()
            }
            Self::TimedOut {
                waited,
                reason,
                status,
                longest,
                last,
            } => f
                .debug_struct("TimedOut")
                .field("waited", waited)
                .field("reason", reason)
                .field("status", status)
                .field("longest", longest)
                .field("last", last)
                .finish(),
            Self::TooManyWaiters { limit } => f
                .debug_struct("TooManyWaiters")
                .field("limit", limit)
                .finish(),
            Self::Unavailable {
                source,
                failures,
                retry_after,
            } => f
                .debug_struct("Unavailable")
                .field("source", source)
                .field("failures", failures)
                .field("retry_after", retry_after)
                .finish(),
            Self::TooManyKeys { limit } => {
                f.debug_struct("TooManyKeys").field("limit", limit).finish()
            }
            Self::Settings { error } => f.debug_struct("Settings").field("error", error).finish(),
            Self::Closed => f.write_str("Closed"),
        }
    }
}

impl<E: Debug + Display + 'static> std::error::Error for AcquireError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause: &(dyn std::error::Error + 'static) = &**self.connect_error()?;
        Some(cause)
    }
}

impl<E: Debug + Display + 'static> Refusal for AcquireError<E> {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    fn is_overloaded(&self) -> bool {
        matches!(
            self,
            Self::Exhausted { .. } | Self::TooManyWaiters { .. } | Self::TooManyKeys { .. }
        )
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Refusal for Error {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut)
    }

    fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    fn is_overloaded(&self) -> bool {
        matches!(
            self,
            Self::Exhausted | Self::TooManyWaiters { .. } | Self::TooManyKeys { .. }
        )
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after } => *retry_after,
            _ => None,
        }
    }
}

impl<E> From<AcquireError<E>> for Error {
    fn from(error: AcquireError<E>) -> Self {
        match error {
            AcquireError::Exhausted { .. } => Self::Exhausted,
            AcquireError::TimedOut { .. } => Self::TimedOut,
            AcquireError::TooManyWaiters { limit } => Self::TooManyWaiters { limit },
            AcquireError::Unavailable { retry_after, .. } => Self::Unavailable { retry_after },
            AcquireError::TooManyKeys { limit } => Self::TooManyKeys { limit },
            AcquireError::Settings { error } => error,
            AcquireError::Closed => Self::Closed,
        }
    }
}
