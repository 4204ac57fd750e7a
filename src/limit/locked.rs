//! A rule behind a lock, with a clock and statistics: the shell of all limiters whose state is more than a word.
//!
//! The clock is the user's code, so it is read before the lock is taken. Two callers may then decide in the other order than they
//! read the clock; the later one of them comes with an older timestamp, which is an ordinary argument of a rule.

use super::algorithm::Rule;
use super::{Decision, Stats};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::counters::Counters;
use crate::kernel::sync::Mutex;

const ALLOWED: usize = 0;
const REFUSED: usize = 1;

#[derive(Debug)]
pub(super) struct Locked<R, C> {
    rule: Mutex<R>,
    counters: Counters<2>,
    clock: C,
}

impl<R: Rule, C: Clock> Locked<R, C> {
    pub(super) fn new(rule: R, clock: C) -> Self {
        Self {
            rule: Mutex::new(rule),
            counters: Counters::new(),
            clock,
        }
    }

    pub(super) fn try_acquire_n(&self, cost: u64) -> bool {
        let now = self.clock.now().as_nanos();
        let taken = self.rule.lock().take(now, cost);
        self.count(taken);
        taken
    }

    pub(super) fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision {
        let decision = {
            let mut rule = self.rule.lock();
            let decision = rule.look(now.as_nanos(), cost);
            if decision.allowed {
                rule.take(now.as_nanos(), cost);
            }
            decision
        };
        self.count(decision.allowed);
        decision
    }

    pub(super) fn peek_at(&self, now: Tick, cost: u64) -> Decision {
        self.look(|rule| rule.look(now.as_nanos(), cost))
    }

    pub(super) fn available(&self) -> u64 {
        self.peek_at(self.now(), 0).remaining
    }

    fn count(&self, allowed: bool) {
        self.counters.raise(if allowed { ALLOWED } else { REFUSED });
    }

    pub(super) fn now(&self) -> Tick {
        self.clock.now()
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            allowed: self.counters.sum(ALLOWED),
            refused: self.counters.sum(REFUSED),
            ..Stats::default()
        }
    }
}

impl<R, C> Locked<R, C> {
    /// What `look` sees in one moment. It must not call a user's code.
    pub(super) fn look<T>(&self, look: impl FnOnce(&R) -> T) -> T {
        look(&self.rule.lock())
    }

    pub(super) const fn clock(&self) -> &C {
        &self.clock
    }
}

/// What every type around a [`Locked`] in its field `inner` can do.
macro_rules! locked {
    ($name:ident) => {
        impl<C: Clock> $name<C> {
            /// Takes one token if it is there.
            #[must_use]
            pub fn try_acquire(&self) -> bool {
                self.inner.try_acquire_n(1)
            }

            /// Takes `cost` tokens if they are there.
            #[must_use]
            pub fn try_acquire_n(&self, cost: u64) -> bool {
                self.inner.try_acquire_n(cost)
            }

            /// Takes `cost` tokens if they are there, and says all that a client wants to know.
            pub fn decide(&self, cost: u64) -> Decision {
                self.inner.try_acquire_at(self.inner.now(), cost)
            }

            /// What [`decide`](Self::decide) would say; takes nothing.
            pub fn peek(&self, cost: u64) -> Decision {
                self.inner.peek_at(self.inner.now(), cost)
            }

            /// The largest cost that would be admitted now. Others may take it before the caller does.
            #[must_use]
            pub fn available(&self) -> u64 {
                self.inner.available()
            }

            /// What happened so far. Nobody waits here, and nothing is lost.
            #[must_use]
            pub fn stats(&self) -> Stats {
                self.inner.stats()
            }

            /// The clock.
            #[must_use]
            pub const fn clock(&self) -> &C {
                self.inner.clock()
            }
        }

        impl<C: Clock> RateLimiter for $name<C> {
            fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision {
                self.inner.try_acquire_at(now, cost)
            }

            fn peek_at(&self, now: Tick, cost: u64) -> Decision {
                self.inner.peek_at(now, cost)
            }

            fn now(&self) -> Tick {
                self.inner.now()
            }

            fn try_acquire(&self) -> bool {
                self.try_acquire()
            }

            fn try_acquire_n(&self, cost: u64) -> bool {
                self.try_acquire_n(cost)
            }
        }
    };
}
pub(super) use locked;

/// The rest of a limiter of one limit per window, made by `$rule`.
macro_rules! windowed {
    ($name:ident, $errors:literal, $rule:expr) => {
        impl $name {
            /// At most `limit` per `window`, on the process's clock. A limit of zero refuses everything.
            ///
            /// # Errors
            ///
            #[doc = $errors]
            pub fn new(limit: u64, window: Duration) -> Result<Self, Error> {
                Self::with_clock(limit, window, MonotonicClock::new())
            }
        }

        impl<C: Clock> $name<C> {
            /// As [`new`](Self::new), on a clock of your own.
            ///
            /// # Errors
            ///
            #[doc = $errors]
            pub fn with_clock(limit: u64, window: Duration, clock: C) -> Result<Self, Error> {
                let rule = $rule(limit, window_nanos(window)?)?;
                Ok(Self {
                    inner: Locked::new(rule, clock),
                    limit,
                    window,
                })
            }
        }

        impl<C> $name<C> {
            /// How much is allowed per window.
            #[must_use]
            pub const fn limit(&self) -> u64 {
                self.limit
            }

            /// The length of a window.
            #[must_use]
            pub const fn window(&self) -> Duration {
                self.window
            }
        }

        impl<C> fmt::Debug for $name<C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("limit", &self.limit)
                    .field("window", &self.window)
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(super) use windowed;
