//! Why there is no token, no quota or no place in the line.

use std::time::Duration;

use crate::kernel::error::Refusal;

/// The smallest and the largest budget of a table of keys.
pub(super) const LEAST_BYTES: usize = 128;
pub(super) const MOST_BYTES: usize = usize::MAX >> if usize::BITS == 64 { 24 } else { 2 };

/// Why a quota can't exist, or why tokens could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are too few tokens now.
    #[error("the limit is reached{}", Later(*retry_after))]
    Limited {
        /// When to try again; `None` if waiting does not help, because tokens never come back.
        retry_after: Option<Duration>,
    },
    /// The cost is more than the limit can ever hold, so waiting does not help.
    #[error("a cost of {cost} can never be admitted: at most {limit} tokens are there at once")]
    CostAboveLimit {
        /// Tokens asked for.
        cost: u64,
        /// Tokens there may be at once.
        limit: u64,
    },
    /// The deadline passed while the caller stood in line.
    #[error("the deadline passed before there were enough tokens")]
    TimedOut,
    /// As many callers wait as may.
    #[error("{limit} callers wait already, and no more may: raise `max_waiters`, or shed load")]
    TooManyWaiters {
        /// Callers that may wait.
        limit: usize,
    },
    /// A period of no time.
    #[error("a quota needs a period above zero")]
    ZeroPeriod,
    /// A period longer than [`Quota::MAX_PERIOD`](super::Quota::MAX_PERIOD).
    #[error("the period of a quota is at most {:?}", super::Quota::MAX_PERIOD)]
    PeriodTooLong,
    /// The tokens of a century don't fit into 64 bits.
    #[error("{tokens} tokens in {nanos} ns are too fast: 4 billion tokens per second are possible")]
    TooFast {
        /// Tokens per period.
        tokens: u64,
        /// The period in nanoseconds.
        nanos: u64,
    },
    /// The burst and the tokens of a century don't fit into 64 bits.
    #[error("a burst of {burst} is too large: at this rate {largest} is possible")]
    BurstTooLarge {
        /// The burst asked for.
        burst: u64,
        /// The largest burst that this rate allows.
        largest: u64,
    },
    /// A window of a limiter that is zero, longer than possible, or in more parts than possible.
    #[error("a window lasts from 1 ns to {:?}", super::Quota::MAX_PERIOD)]
    BadWindow,
    /// A limiter of no limits.
    #[error("at least one limit is needed, and {most} are possible")]
    BadCount {
        /// Limits there may be.
        most: usize,
    },
    /// A log of more entries than possible.
    #[error("a log of {limit} admissions is too long: {largest} are possible")]
    LogTooLong {
        /// The limit asked for.
        limit: u64,
        /// The largest limit of a log.
        largest: u64,
    },
    /// Less memory than a table of keys needs, or more than it can use.
    #[error(
        "a budget of {bytes} bytes is not possible: {} to {}",
        LEAST_BYTES,
        MOST_BYTES
    )]
    BadBudget {
        /// Bytes given.
        bytes: usize,
    },
    /// More classes of quotas than an entry can name.
    #[error("{given} classes of quotas are too many: 256 are possible")]
    TooManyClasses {
        /// Classes given.
        given: usize,
    },
}

/// The end of a sentence.
struct Later(Option<Duration>);

impl std::fmt::Display for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(after) => write!(f, ": try again in {after:?}"),
            None => f.write_str(", and no tokens will come back"),
        }
    }
}

impl Refusal for Error {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut)
    }

    fn is_overloaded(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::TooManyWaiters { .. })
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after } => *retry_after,
            _ => None,
        }
    }
}
