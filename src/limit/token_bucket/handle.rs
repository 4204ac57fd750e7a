//! The bucket as its users see it.

use std::fmt;
use std::time::Duration;

use super::core::Core;
use super::reservation::Reservation;
use super::{Builder, Config};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::counters::Counters;
use crate::kernel::wait::Turns;
use crate::limit::algorithm::{Meter, Step};
use crate::limit::{Decision, Error, Keep, Quota, RateLimiter, Stats};

pub(super) const ALLOWED: usize = 0;
pub(super) const REFUSED: usize = 1;
pub(super) const LOST: usize = 2;

/// A token bucket: the limiter to take unless you know better.
///
/// Tokens come at the rate of the [`Quota`], one by one, and are saved up to its burst; a call takes what it costs or is refused.
/// Exact for every quota: any window of length `t` sees at most `burst + rate × t`, whatever threads and clocks do, and a caller
/// that always wants more gets that, less one token.
///
/// ```
/// use tenfold::limit::{Quota, TokenBucket};
///
/// let limiter = TokenBucket::new(Quota::per_second(100).with_burst(20));
/// if limiter.try_acquire() {
///     // serve the request
/// }
/// let outcome = limiter.decide(5);    // five tokens, and the whole story
/// assert!(outcome.allowed);
/// assert_eq!(outcome.limit, 20);
/// ```
///
/// # Waiting
///
/// [`acquire`](Self::acquire) and its like stand in one line, threads and tasks together, first come, first served. While
/// somebody waits, `try_acquire` is refused: who does not wait can't overtake who does.
///
/// # Complexity
///
/// `try_acquire` reads the clock, a handful of words that change with the quota, and does one compare-and-swap on one word; it
/// is lock-free. A refusal writes nothing that another thread reads. The state is 8 bytes; the handle around it has 768
/// bytes for the quota, the line and settings, and 2.2 KiB of counters, so that threads don't share them. For many buckets take
/// [`Keyed`](crate::limit::Keyed).
///
/// # Source
///
/// The generic cell rate algorithm (ITU-T I.371), in units of tokens instead of time.
pub struct TokenBucket<C: Clock + 'static = MonotonicClock> {
    pub(super) core: Core,
    pub(super) turns: Turns<C>,
    pub(super) counters: Counters<3>,
    pub(super) config: Config,
}

impl TokenBucket {
    /// A bucket on the process's clock.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self::with_clock(quota, MonotonicClock::new())
    }

    /// For settings and a clock of your own.
    #[must_use]
    pub fn builder(quota: Quota) -> Builder {
        Builder::new(quota)
    }
}

impl<C: Clock + 'static> TokenBucket<C> {
    /// A bucket on a clock of your own.
    #[must_use]
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        Self::from_config(Config::new(quota), clock)
    }

    pub(super) fn from_config(config: Config, clock: C) -> Self {
        let full = config.quota.initial() == config.quota.burst();
        let now = if full { Tick::ZERO } else { clock.now() };
        Self {
            core: Core::new(config.quota, now.as_nanos()),
            turns: Turns::new(clock, config.patience, config.max_waiters),
            counters: Counters::new(),
            config,
        }
    }

    /// Takes one token if it is there.
    #[inline(always)]
    #[must_use]
    pub fn try_acquire(&self) -> bool {
        self.try_acquire_n(1)
    }

    /// Takes `cost` tokens if they are there, and nobody waits.
    #[inline(always)]
    #[must_use]
    pub fn try_acquire_n(&self, cost: u64) -> bool {
        self.try_acquire_n_at(self.clock().now(), cost)
    }

    /// As [`try_acquire_n`](Self::try_acquire_n), at a time that the caller has read from this bucket's clock anyway: most of
    /// what a call costs is reading the clock.
    // Inlined always, and everything slow behind a call in tail position, so that the common answers need no stack.
    #[inline(always)]
    #[must_use]
    pub fn try_acquire_n_at(&self, now: Tick, cost: u64) -> bool {
        let waits = || self.is_occupied();
        match self.core.take_briefly(now.as_nanos(), cost, waits) {
            Some(true) if self.counters.raise_briefly(ALLOWED) => true,
            Some(false) if self.counters.raise_briefly(REFUSED) => false,
            Some(taken) => self.counted(taken),
            None => self.take_counted(now, cost),
        }
    }

    #[cold]
    #[inline(never)]
    fn counted(&self, taken: bool) -> bool {
        self.counters.raise(if taken { ALLOWED } else { REFUSED });
        taken
    }

    #[inline(never)]
    fn take_counted(&self, now: Tick, cost: u64) -> bool {
        let taken = if self.is_occupied() {
            cost == 0
        } else {
            self.core.take(now.as_nanos(), cost)
        };
        self.counters.raise(if taken { ALLOWED } else { REFUSED });
        taken
    }

    /// Takes `cost` tokens if they are there, and says all that a client wants to know.
    ///
    /// Costs more than [`try_acquire_n`](Self::try_acquire_n), for the divisions.
    pub fn decide(&self, cost: u64) -> Decision {
        self.try_acquire_at(self.clock().now(), cost)
    }

    /// What [`decide`](Self::decide) would say; takes nothing.
    pub fn peek(&self, cost: u64) -> Decision {
        self.peek_at(self.clock().now(), cost)
    }

    /// Takes as many tokens as there are, at most `most`, and returns their number; none while somebody waits.
    #[must_use]
    pub fn try_acquire_up_to(&self, most: u64) -> u64 {
        let now = self.clock().now().as_nanos();
        let taken = if self.is_occupied() {
            0
        } else {
            self.core.update(|meter, word| {
                let tokens = meter.tokens(meter.available(word, now)).min(most);
                match meter.step(word, now, tokens) {
                    Step::To(next) => (Some(next), tokens),
                    Step::Free => (None, tokens),
                    // What is available is not refused.
                    Step::Refused => (None, 0),
                }
            })
        };
        self.counters.raise(if taken > 0 || most == 0 {
            ALLOWED
        } else {
            REFUSED
        });
        taken
    }

    /// Whole tokens that are there now; zero in debt. Others may take them before the caller does, and while somebody waits they are
    /// for those who wait.
    #[must_use]
    pub fn available(&self) -> u64 {
        let now = self.clock().now().as_nanos();
        self.core
            .look(|meter, word| meter.tokens(meter.available(word, now)))
    }

    /// Takes `cost` tokens, whether they are there or not: for costs that are known only afterwards, such as bytes sent. Debt is
    /// paid from what comes before anybody is admitted again. It ends where paying would take until the end of a century, or longer;
    /// what is charged beyond that is forgiven.
    ///
    /// Charges ahead of those who wait.
    pub fn charge(&self, cost: u64) {
        let now = self.clock().now().as_nanos();
        self.core
            .update(|meter, word| (Some(meter.overdrawn(word, now, cost)), ()));
    }

    /// Gives `cost` tokens back, as far as the burst has room, and lets those who wait look again.
    pub fn refund(&self, cost: u64) {
        self.core.refund(self.clock().now().as_nanos(), cost);
        self.turns.nudge();
    }

    /// Takes `cost` tokens that are there within `max_wait`, and says when: the caller waits by itself, or gives them back.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::clock::ManualClock;
    /// use tenfold::limit::{Quota, TokenBucket};
    ///
    /// let clock = ManualClock::new();
    /// let limiter = TokenBucket::with_clock(Quota::per_second(1), clock.clone());
    /// assert!(limiter.try_acquire());
    /// let reservation = limiter.reserve(1, Duration::from_secs(5))?;
    /// assert_eq!(reservation.wait(), Duration::from_secs(1));
    /// reservation.commit();
    /// # Ok::<(), tenfold::limit::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::CostAboveLimit`] if the cost is above the burst, [`Error::Limited`] if it would take longer or if somebody waits.
    pub fn reserve(&self, cost: u64, max_wait: Duration) -> Result<Reservation<'_, C>, Error> {
        Reservation::new(self, cost, max_wait)
    }

    /// Replaces the quota while others use the bucket; tokens and debt are carried over as `keep` says.
    ///
    /// Quota and tokens change as one. A call that meets the change decides by the old quota or by the new one, and a call with an
    /// older timestamp counts as one at the time of the change. A window across it sees at most the larger burst and what came
    /// meanwhile at either rate. With [`Keep::Reset`] it is the old burst and the new initial tokens instead; and a series of
    /// changes that keep a proportion can make many tokens of few, each time the burst grows.
    ///
    /// # Blocking
    ///
    /// Changes take turns. A call that meets one waits for a few instructions.
    pub fn set_quota(&self, quota: Quota, keep: Keep) {
        let now = || self.clock().now().as_nanos();
        self.core.set_quota(now, quota, keep);
        self.turns.nudge();
    }

    /// The quota in force.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.core.quota()
    }

    /// The settings, with the quota in force.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            quota: self.quota(),
            ..self.config
        }
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &C {
        self.turns.clock()
    }

    /// Whether somebody waits, who comes first.
    #[inline]
    pub(super) fn is_occupied(&self) -> bool {
        self.turns.waiting() > 0
    }

    /// Tokens that others wait for.
    fn ahead(&self) -> u64 {
        if self.is_occupied() {
            self.turns.wanted()
        } else {
            0
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            allowed: self.counters.sum(ALLOWED),
            refused: self.counters.sum(REFUSED),
            lost: self.counters.sum(LOST),
            waiting: self.turns.in_line(),
        }
    }
}

/// What becomes of the word, and what to say. Who waits comes first: tokens that others want are `ahead`.
fn decide(meter: &Meter, word: u64, now: Tick, cost: u64, ahead: u64) -> (Option<u64>, Decision) {
    let step = if ahead > 0 && cost > 0 {
        Step::Refused
    } else {
        meter.step(word, now.as_nanos(), cost)
    };
    let (next, taken) = match step {
        Step::Free => (None, true),
        Step::To(next) => (Some(next), true),
        Step::Refused => (None, false),
    };
    let word = next.unwrap_or(word);
    (
        next,
        meter.decision(word, now.as_nanos(), cost, taken, ahead),
    )
}

impl<C: Clock + 'static> RateLimiter for TokenBucket<C> {
    fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision {
        let ahead = self.ahead();
        let decision = self
            .core
            .update(|meter, word| decide(meter, word, now, cost, ahead));
        self.counters
            .raise(if decision.allowed { ALLOWED } else { REFUSED });
        decision
    }

    fn peek_at(&self, now: Tick, cost: u64) -> Decision {
        let ahead = self.ahead();
        self.core
            .look(|meter, word| decide(meter, word, now, cost, ahead).1)
    }

    fn now(&self) -> Tick {
        self.clock().now()
    }

    fn try_acquire(&self) -> bool {
        self.try_acquire()
    }

    fn try_acquire_n(&self, cost: u64) -> bool {
        self.try_acquire_n(cost)
    }
}

impl<C: Clock + 'static> fmt::Debug for TokenBucket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBucket")
            .field("quota", &self.core.quota())
            .field("waiting", &self.turns.in_line())
            .finish_non_exhaustive()
    }
}
