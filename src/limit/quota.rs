//! How much is allowed.

use std::fmt;
use std::time::Duration;

use super::Error;
use super::algorithm::Meter;

/// How many tokens there are: `tokens` per `period`, at most `burst` at once, and `initial` to begin with.
///
/// A quota is an exact fraction. Whichever quota exists is enforced for a century of its clock's time without ever exceeding it and
/// without drift; what can't be is refused with an error. Constructors are `const`.
///
/// ```
/// use std::time::Duration;
/// use tenfold::limit::Quota;
///
/// const API: Quota = Quota::per_minute(100).with_burst(10);
/// assert_eq!(API.interval(), Some(Duration::from_millis(600)));
///
/// let thirds = Quota::new(1, Duration::from_secs(3), 1)?;
/// assert_eq!(thirds.to_string(), "1 per 3s, at most 1 at once");
/// # Ok::<(), tenfold::limit::Error>(())
/// ```
///
/// # From a file
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use tenfold::limit::Quota;
///
/// let text = r#"{"limited": {"tokens": 100, "period": {"secs": 60, "nanos": 0}, "burst": 10}}"#;
/// let quota: Quota = serde_json::from_str(text)?;
/// assert_eq!(quota, Quota::per_minute(100).with_burst(10));
/// assert_eq!(serde_json::from_str::<Quota>(r#""unlimited""#)?, Quota::UNLIMITED);
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Exactness
///
/// If a token takes a whole number of nanoseconds, or several come in one, nothing is ever rounded. Otherwise a bucket that was full begins to
/// refill less than one unit late, a unit being worth at most 2 ns for every burst that fills within a century.
///
/// # Burst
///
/// Tokens come one by one, all the time: `per_minute(100)` is one every 600 ms, not a hundred at the beginning of each minute.
/// Who asks for none saves them, up to the burst, which is one period's worth unless one says otherwise. So a window of one minute can see
/// up to `burst + tokens`: the saved ones and those that come meanwhile. If *no* window may see more than `tokens`, take a
/// burst of 1, or a [`SlidingLog`](super::SlidingLog).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored", into = "Stored"))]
pub struct Quota {
    tokens: u64,
    period: u64,
    burst: u64,
    initial: u64,
    unlimited: bool,
}

const SECOND: u64 = 1_000_000_000;

impl Quota {
    /// Everything is allowed.
    pub const UNLIMITED: Self = Self {
        tokens: u64::MAX,
        period: 1,
        burst: u64::MAX,
        initial: u64::MAX,
        unlimited: true,
    };

    /// Nothing is allowed, ever: every cost is more than there can be, so the error is
    /// [`Error::CostAboveLimit`] with a limit of zero, and waiting does not help. Whom it is for is forbidden, which HTTP calls 403.
    pub const BLOCKED: Self = Self::per_second(0);

    /// The longest period: 292 years.
    pub const MAX_PERIOD: Duration = Duration::from_nanos(i64::MAX as u64);

    /// `tokens` per second, all of which may be taken at once. Zero is [`BLOCKED`](Self::BLOCKED).
    #[must_use]
    pub const fn per_second(tokens: u32) -> Self {
        Self::per(tokens, SECOND)
    }

    /// `tokens` per minute, all of which may be taken at once.
    #[must_use]
    pub const fn per_minute(tokens: u32) -> Self {
        Self::per(tokens, 60 * SECOND)
    }

    /// `tokens` per hour, all of which may be taken at once.
    #[must_use]
    pub const fn per_hour(tokens: u32) -> Self {
        Self::per(tokens, 3_600 * SECOND)
    }

    /// `tokens` per day of 24 hours, all of which may be taken at once.
    #[must_use]
    pub const fn per_day(tokens: u32) -> Self {
        Self::per(tokens, 86_400 * SECOND)
    }

    /// Any number of 32 bits fits, with any burst of 32 bits: a test goes through the corners.
    const fn per(tokens: u32, period: u64) -> Self {
        Self {
            tokens: tokens as u64,
            period,
            burst: tokens as u64,
            initial: u64::MAX,
            unlimited: false,
        }
    }

    /// `tokens` per `period`, at most `burst` at once. With zero tokens the burst is all there ever is.
    ///
    /// # Errors
    ///
    /// [`Error`] if the period is zero or above [`MAX_PERIOD`](Self::MAX_PERIOD), or if rate and burst are too large to
    /// count a century of them in 64 bits. All rates up to 4 billion tokens per second fit, with all bursts up to 4 billion.
    pub const fn new(tokens: u64, period: Duration, burst: u64) -> Result<Self, Error> {
        if period.is_zero() {
            return Err(Error::ZeroPeriod);
        }
        if period.as_nanos() > Self::MAX_PERIOD.as_nanos() {
            return Err(Error::PeriodTooLong);
        }
        // At most 2^63 - 1, as was just checked.
        let period = period.as_nanos() as u64;
        if Meter::new(tokens, period, burst).is_none() {
            return Err(match Meter::largest_burst(tokens, period) {
                Some(largest) => Error::BurstTooLarge { burst, largest },
                None => Error::TooFast {
                    tokens,
                    nanos: period,
                },
            });
        }
        Ok(Self {
            tokens,
            period,
            burst,
            initial: u64::MAX,
            unlimited: false,
        })
    }

    /// At most `tokens` at once. An unlimited quota stays unlimited.
    ///
    /// To be called on what `per_second` and its like return. A quota of [`new`](Self::new) has its burst already; if its rate leaves
    /// too little room for this one, it becomes the largest that fits.
    #[must_use]
    pub const fn with_burst(self, tokens: u32) -> Self {
        if self.unlimited {
            return self;
        }
        let burst = tokens as u64;
        let burst = match Meter::largest_burst(self.tokens, self.period) {
            Some(largest) if largest < burst => largest,
            _ => burst,
        };
        Self { burst, ..self }
    }

    /// Begins with `tokens` instead of a full burst. More than the burst counts as the burst.
    #[must_use]
    pub const fn with_initial(self, tokens: u64) -> Self {
        if self.unlimited {
            return self;
        }
        Self {
            initial: tokens,
            ..self
        }
    }

    /// Tokens that come per [`period`](Self::period).
    #[must_use]
    pub const fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The period of the rate.
    #[must_use]
    pub const fn period(&self) -> Duration {
        Duration::from_nanos(self.period)
    }

    /// Tokens that can be taken at once; [`u64::MAX`] if unlimited.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// Tokens to begin with.
    #[must_use]
    pub const fn initial(&self) -> u64 {
        if self.initial < self.burst {
            self.initial
        } else {
            self.burst
        }
    }

    /// Whether everything is allowed.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.unlimited
    }

    /// From one token to the next, rounded down to a nanosecond; `None` if none ever comes, or all are there.
    #[must_use]
    pub const fn interval(&self) -> Option<Duration> {
        if self.unlimited {
            return None;
        }
        match self.period.checked_div(self.tokens) {
            Some(nanos) => Some(Duration::from_nanos(nanos)),
            None => None,
        }
    }

    /// How long it takes from nothing to a full burst, rounded up to a nanosecond; `None` if it never happens.
    #[must_use]
    pub const fn refill_time(&self) -> Option<Duration> {
        if self.unlimited {
            return Some(Duration::ZERO);
        }
        if self.tokens == 0 {
            return None;
        }
        let nanos = (self.burst as u128 * self.period as u128).div_ceil(self.tokens as u128);
        let nanos = if nanos > u64::MAX as u128 {
            u64::MAX
        } else {
            nanos as u64
        };
        Some(Duration::from_nanos(nanos))
    }

    pub(super) const fn meter(&self) -> Meter {
        if self.unlimited {
            return Meter::UNLIMITED;
        }
        match Meter::new(self.tokens, self.period, self.burst) {
            Some(meter) => meter,
            // Every quota was checked when it was made.
            None => Meter::NOTHING,
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unlimited {
            return f.write_str("unlimited");
        }
        let (tokens, period, burst) = (self.tokens, self.period(), self.burst);
        write!(f, "{tokens} per {period:?}, at most {burst} at once")
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quota({self}, {} to begin with)", self.initial())
    }
}

/// A quota as it is stored: checked again when it is read.
#[derive(Clone, Copy)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
enum Stored {
    Unlimited,
    Limited {
        tokens: u64,
        period: Duration,
        burst: u64,
        #[cfg_attr(
            feature = "serde",
            serde(default, skip_serializing_if = "Option::is_none")
        )]
        initial: Option<u64>,
    },
}

impl TryFrom<Stored> for Quota {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self, Error> {
        match stored {
            Stored::Unlimited => Ok(Self::UNLIMITED),
            Stored::Limited {
                tokens,
                period,
                burst,
                initial,
            } => {
                let quota = Self::new(tokens, period, burst)?;
                Ok(initial.map_or(quota, |initial| quota.with_initial(initial)))
            }
        }
    }
}

impl From<Quota> for Stored {
    fn from(quota: Quota) -> Self {
        if quota.unlimited {
            return Self::Unlimited;
        }
        Self::Limited {
            tokens: quota.tokens,
            period: quota.period(),
            burst: quota.burst,
            initial: (quota.initial < u64::MAX).then_some(quota.initial),
        }
    }
}
