//! What a limiter says.

use std::time::Duration;

use super::Error;
use super::headers::Headers;

/// The answer of a limiter, with all that a client wants to know.
///
/// Made by value, without allocation. `try_acquire` of a limiter answers yes or no and costs less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use = "the answer may be no"]
#[non_exhaustive]
pub struct Decision {
    /// Whether the tokens were taken; when peeking, whether they would have been.
    pub allowed: bool,
    /// Tokens asked for.
    pub cost: u64,
    /// Tokens there may be at once: the burst of a bucket, the size of a window. [`u64::MAX`] if there is no limit.
    pub limit: u64,
    /// The time that the limit is about: how long an empty bucket takes to fill, the length of a window. Zero if there is none.
    pub window: Duration,
    /// Whole tokens left after this decision.
    pub remaining: u64,
    /// When the same cost will be admitted if nobody else takes anything: zero if it was; `None` if never.
    pub retry_after: Option<Duration>,
    /// When everything is there again if nobody takes anything; `None` if never.
    pub reset_after: Option<Duration>,
    /// Which of several limits this is about, counted from zero: the one that refused for longest, or else the one with the
    /// least left. Zero if there is only one.
    pub limiting: usize,
}

impl Decision {
    /// `Ok` if allowed.
    ///
    /// # Errors
    ///
    /// [`Error::CostAboveLimit`] if the cost can never be admitted, [`Error::Limited`] otherwise.
    pub const fn into_result(self) -> Result<Self, Error> {
        if self.allowed {
            Ok(self)
        } else {
            Err(self.refusal())
        }
    }

    /// What to say of a cost that can't be had now.
    pub(super) const fn refusal(&self) -> Error {
        if self.cost > self.limit {
            Error::CostAboveLimit {
                cost: self.cost,
                limit: self.limit,
            }
        } else {
            Error::Limited {
                retry_after: self.retry_after,
            }
        }
    }

    /// The values of the header fields `RateLimit`, `RateLimit-Policy` and `Retry-After`, for a policy of this name.
    #[must_use]
    pub const fn headers<'n>(&self, policy: &'n str) -> Headers<'n> {
        Headers::new(*self, policy)
    }
}
