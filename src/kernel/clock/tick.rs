//! A point in time, and whatever can tell one.

use std::fmt;
use std::time::Duration;

use crate::kernel::upkeep::Timers;

/// A point in time: nanoseconds since the origin of the clock that made it.
///
/// Arithmetic saturates, so neither a clock that steps back nor a huge duration makes it panic or wrap. The range is
/// 584 years.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::Tick;
///
/// let early = Tick::from_nanos(1_000);
/// let late = early.saturating_add(Duration::from_micros(5));
/// assert_eq!(late.since(early), Duration::from_micros(5));
/// assert_eq!(early.since(late), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// The origin of the clock.
    pub const ZERO: Self = Self(0);
    /// The latest tick: where saturating arithmetic ends, and a deadline that never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// The tick that is `nanos` nanoseconds after the clock's origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to this tick; zero if `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This tick and `duration`, at most [`Tick::MAX`].
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }

    /// `duration` before this tick, at least [`Tick::ZERO`].
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

impl fmt::Debug for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tick({:?})", Duration::from_nanos(self.0))
    }
}

/// Nanoseconds of `duration`; what doesn't fit into 64 bits (584 years) becomes the largest number that does.
pub(crate) const fn saturating_nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        nanos as u64
    }
}

/// Something that can tell the time.
///
/// Implementations should not step back, but nothing in this crate breaks if they do.
///
/// # Example: a clock of your own
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use tenfold::clock::{Clock, Tick};
///
/// /// Advances by one microsecond whenever somebody looks.
/// #[derive(Debug, Default)]
/// struct Counting(AtomicU64);
///
/// impl Clock for Counting {
///     fn now(&self) -> Tick {
///         Tick::from_nanos(self.0.fetch_add(1_000, Ordering::Relaxed))
///     }
/// }
///
/// let clock: Box<dyn Clock> = Box::new(Counting::default());
/// assert!(clock.now() < clock.now());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock",
    note = "use `MonotonicClock` for real time, `ManualClock` in tests, or implement `Clock` for `{Self}`"
)]
pub trait Clock: fmt::Debug + Send + Sync {
    /// The current time.
    fn now(&self) -> Tick;

    /// Who wakes timed waits on this clock.
    ///
    /// As provided: the timers of the process, that is, real time. A wait of a minute on this clock then looks at the clock again
    /// after a minute of real time, and waits for what is left. That is right for every clock that runs at about the rate of real
    /// time, whatever its origin. A clock that stands still, runs differently or is moved by hand has [`Timers::manual`] of its own and
    /// calls [`run_due`](Timers::run_due) after it has moved.
    fn timers(&self) -> &Timers {
        Timers::process()
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Tick {
        (**self).now()
    }

    fn timers(&self) -> &Timers {
        (**self).timers()
    }
}

impl<C: Clock + ?Sized> Clock for Box<C> {
    fn now(&self) -> Tick {
        (**self).now()
    }

    fn timers(&self) -> &Timers {
        (**self).timers()
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Tick {
        (**self).now()
    }

    fn timers(&self) -> &Timers {
        (**self).timers()
    }
}
