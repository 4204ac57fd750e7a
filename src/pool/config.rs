//! Settings of a pool.

use std::time::Duration;

use super::Error;

/// Connections that one pool may have at most.
pub(super) const MOST: u32 = 100_000;
const MILLI: Duration = Duration::from_millis(1);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// When a connection is checked before it is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Check {
    /// Never.
    Never,
    /// Each time: a round trip per use.
    Always,
    /// If nobody has used it for so long. What was in use a moment ago is as good as checked.
    IfIdleFor(Duration),
}

/// Which of the idle connections is handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Order {
    /// The one that this thread had last, if it is idle, and otherwise the first there is: as many connections are kept warm as are needed at
    /// a time, and threads keep out of each other's way.
    #[default]
    Affine,
    /// The one that came back last. Those that are not needed become idle for good.
    Lifo,
    /// The one that came back first: all are used alike, as behind a balancer of connections.
    Fifo,
}

/// Who gets a connection that comes back while others wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Fairness {
    /// Who has waited longest. Nobody passes those who wait.
    #[default]
    Fifo,
    /// Whoever asks first once it is back; who has waited longest is woken, and may come too late. More uses per second where uses are
    /// shorter than it takes to wake a thread, and long waits for a few.
    Throughput,
}

/// What becomes of a connection whose lease is dropped by a panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum OnPanic {
    /// It is closed: it may be in the middle of something.
    #[default]
    Discard,
    /// It goes back as if nothing had happened.
    Keep,
}

/// Who sees to it that what is due happens: idle and old connections are closed, connects are tried again, the pool is kept filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Upkeep {
    /// The process's housekeeper, on one of its workers; on a clock that is moved by hand, whoever moves it.
    #[default]
    Automatic,
    /// The caller, by [`Pool::run_upkeep`](super::Pool::run_upkeep).
    Manual,
}

/// Settings of a [`Pool`](super::Pool).
///
/// ```
/// use std::time::Duration;
/// use tenfold::pool::{self, Config, Pool};
///
/// let mut config = Config::default();
/// config.max_size = 20;
/// config.wait_timeout = Some(Duration::from_secs(2));
/// let pool = Pool::builder(pool::from_fn(|| Ok::<_, std::io::Error>(()))).config(config.clone()).build()?;
/// assert_eq!(pool.config(), &config);
/// # Ok::<(), tenfold::pool::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// Connections at most, in whatever state: 10 by default, 1 to 100 000. What is being connected or closed counts too.
    pub max_size: u32,
    /// Idle connections that are kept ready, as far as `max_size` allows: none by default.
    pub min_idle: u32,
    /// Idle connections that are kept at most; whatever comes back beyond is closed. As many as there may be by default.
    pub max_idle: Option<u32>,
    /// A connection that nobody has used for so long is closed, but for `min_idle` of them: 10 min by default.
    pub idle_timeout: Option<Duration>,
    /// A connection that is older is closed when it is idle or comes back: 30 min by default.
    pub max_lifetime: Option<Duration>,
    /// By how much of itself the lifetime of a connection is shortened at most, drawn once per connection, so that what was
    /// connected together does not end together: 0.1 by default, 0 to 1.
    pub lifetime_jitter: f64,
    /// A connection that has been idle for so long is checked, again and again, lest a firewall forgets it. Never by default.
    pub keepalive: Option<Duration>,
    /// How long a call waits for a connection that does not say so itself: 30 s by default. `None` is for ever.
    pub wait_timeout: Option<Duration>,
    /// How long a connect may take: 10 s by default. A blocking one that takes longer is abandoned: it still counts until it ends, and its
    /// result is closed.
    pub connect_timeout: Option<Duration>,
    /// How long a check may take: 5 s by default. The connection is closed then.
    pub check_timeout: Option<Duration>,
    /// How long a close may take until another connection may be made in its place: 5 s by default.
    pub close_timeout: Option<Duration>,
    /// Callers that may wait: 4096 by default, at least 1. Whoever comes then is refused at once.
    pub max_waiters: usize,
    /// Connections that are made at a time: 2 by default, at least 1.
    pub max_connecting: u32,
    /// When a connection is checked before it is handed out: if it was idle for 500 ms, by default.
    pub check: Check,
    /// Which of the idle connections is handed out.
    pub order: Order,
    /// Who gets a connection that comes back while others wait.
    pub fairness: Fairness,
    /// How long a future may be left unpolled after a connection was handed to it, before that goes to the next: 10 ms by default.
    pub patience: Duration,
    /// A lease that is held for longer is reported as a leak, once: 60 s by default.
    pub leak_threshold: Option<Duration>,
    /// What becomes of a connection whose lease is dropped by a panic.
    pub on_panic: OnPanic,
    /// After failures in a row, the next connect is tried after a random time of up to this, doubled with each: 20 ms by default.
    pub backoff_base: Duration,
    /// But no more than this: 10 s by default.
    pub backoff_max: Duration,
    /// Failures in a row after which callers are refused at once, as long as there is no connection at all: 3 by default, at least 1.
    pub fail_fast_after: u32,
    /// Who sees to it that what is due happens.
    pub upkeep: Upkeep,
}

impl Default for Config {
    fn default() -> Self {
        let seconds = |n| Some(Duration::from_secs(n));
        Self {
            max_size: 10,
            min_idle: 0,
            max_idle: None,
            idle_timeout: seconds(600),
            max_lifetime: seconds(1800),
            lifetime_jitter: 0.1,
            keepalive: None,
            wait_timeout: seconds(30),
            connect_timeout: seconds(10),
            check_timeout: seconds(5),
            close_timeout: seconds(5),
            max_waiters: 4096,
            max_connecting: 2,
            check: Check::IfIdleFor(Duration::from_millis(500)),
            order: Order::Affine,
            fairness: Fairness::Fifo,
            patience: Duration::from_millis(10),
            leak_threshold: seconds(60),
            on_panic: OnPanic::Discard,
            backoff_base: Duration::from_millis(20),
            backoff_max: Duration::from_secs(10),
            fail_fast_after: 3,
            upkeep: Upkeep::Automatic,
        }
    }
}

impl Config {
    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] names the first that is not.
    pub fn validate(&self) -> Result<(), Error> {
        let timed = |time: Option<Duration>, rule| {
            let good = time.is_none_or(|time| (MILLI..=YEAR).contains(&time));
            Error::unless(good, rule)
        };
        Error::unless(
            (1..=MOST).contains(&self.max_size),
            "max_size must be 1 to 100 000",
        )?;
        Error::unless(
            self.min_idle <= self.max_size,
            "min_idle must be at most max_size",
        )?;
        Error::unless(
            self.max_idle.is_none_or(|most| most >= self.min_idle),
            "max_idle must be at least min_idle",
        )?;
        timed(self.idle_timeout, "idle_timeout must be 1 ms to a year")?;
        timed(self.max_lifetime, "max_lifetime must be 1 ms to a year")?;
        timed(self.keepalive, "keepalive must be 1 ms to a year")?;
        timed(
            self.connect_timeout,
            "connect_timeout must be 1 ms to a year",
        )?;
        timed(self.check_timeout, "check_timeout must be 1 ms to a year")?;
        timed(self.close_timeout, "close_timeout must be 1 ms to a year")?;
        timed(self.leak_threshold, "leak_threshold must be 1 ms to a year")?;
        Error::unless(
            (0.0..=1.0).contains(&self.lifetime_jitter),
            "lifetime_jitter must be 0 to 1",
        )?;
        Error::unless(
            (1..=MOST).contains(&self.max_connecting),
            "max_connecting must be 1 to 100 000",
        )?;
        Error::unless(
            (MILLI..=YEAR).contains(&self.backoff_base),
            "backoff_base must be 1 ms to a year",
        )?;
        Error::unless(
            (self.backoff_base..=YEAR).contains(&self.backoff_max),
            "backoff_max must be backoff_base to a year",
        )?;
        Error::unless(self.max_waiters >= 1, "max_waiters must be at least 1")?;
        Error::unless(
            self.fail_fast_after >= 1,
            "fail_fast_after must be at least 1",
        )?;
        Error::unless(self.patience >= MILLI, "patience must be at least 1 ms")
    }
}
