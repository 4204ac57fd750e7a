//! A request under way.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use super::backend::Backend;
use super::vitals::Vitals;
use crate::kernel::clock::{Clock, MonotonicClock, Tick, saturating_nanos};
use crate::kernel::sync::Arc;

/// A request under way at a backend: made by [`Balancer::lease`](super::Balancer::lease).
///
/// It counts as load until it ends, and it ends when it is reported or dropped, in whatever way. A dropped lease was cancelled: it frees
/// its place and is no failure. What it took until then is learned if it is more than expected, since the answer would have taken longer.
///
/// It may outlive the backend's membership, and the balancer.
#[must_use = "a lease ends when it is dropped"]
pub struct Lease<T, C: Clock = MonotonicClock> {
    backend: Arc<Backend<T>>,
    /// Unknown if the policy does not care for time.
    begun: Option<Tick>,
    panic: bool,
    reported: bool,
    clock: C,
}

/// How a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The backend could not be reached.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// It answered with an error of its own, as HTTP's 500.
    Faulty,
    /// It said that it has too much to do, as HTTP's 429 or 503, and perhaps when to come back. To a policy that goes by latency that is a
    /// latency of this length, to be forgotten as any other: so the backend gets little for a while, but it may get something sooner.
    Overloaded {
        /// When to come back.
        retry_after: Option<Duration>,
    },
}

/// How a request went, as far as it is known.
///
/// ```
/// use std::time::Duration;
/// use tenfold::balance::{Balancer, FailureKind, Outcome, Request};
///
/// let balancer = Balancer::new(["10.0.0.1:80"])?;
/// let lease = balancer.lease(&Request::new())?;
/// lease.report(Outcome::success().latency(Duration::from_millis(3)).server_load(0.4));
/// assert_eq!(balancer.stats().successes, 1);
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "an outcome is to be reported"]
pub struct Outcome {
    failure: Option<FailureKind>,
    latency: Option<Duration>,
    server_load: Option<f32>,
}

impl Outcome {
    /// It was good.
    pub const fn success() -> Self {
        Self {
            failure: None,
            latency: None,
            server_load: None,
        }
    }

    /// It failed.
    pub const fn failure(kind: FailureKind) -> Self {
        Self {
            failure: Some(kind),
            ..Self::success()
        }
    }

    /// What it took, if that is not the time since the lease began.
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// The load that the backend reports of itself: 0 for none, 1 for as much as it can take.
    pub const fn server_load(mut self, load: f32) -> Self {
        self.server_load = Some(load);
        self
    }
}

impl<T, C: Clock> Lease<T, C> {
    #[inline]
    pub(super) const fn new(
        backend: Arc<Backend<T>>,
        begun: Option<Tick>,
        panic: bool,
        clock: C,
    ) -> Self {
        Self {
            backend,
            begun,
            panic,
            reported: false,
            clock,
        }
    }

    /// The backend, to be kept beyond the lease.
    #[must_use]
    pub fn share(&self) -> Arc<Backend<T>> {
        self.backend.clone()
    }

    /// Whether it was chosen in panic mode, from backends that may not be in order.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.panic
    }

    /// Ends it: the request was good.
    #[inline]
    pub fn success(self) {
        self.report(Outcome::success());
    }

    /// Ends it: the request failed. That [multiplies what the backend is expected to cost](super::Config::failure_factor), so that failing
    /// fast attracts nothing.
    pub fn failure(self, kind: FailureKind) {
        self.report(Outcome::failure(kind));
    }

    /// Ends it, with what is known.
    #[inline]
    pub fn report(mut self, outcome: Outcome) {
        self.reported = true;
        let vitals = &self.backend.vitals;
        let (now, since) = self.elapsed();
        let nanos = outcome.latency.map(nanos).or(since);
        if let Some(load) = outcome.server_load {
            vitals.report_load(load);
        }
        match outcome.failure {
            None => vitals.succeed(nanos, now),
            Some(kind) => {
                let pause = match kind {
                    FailureKind::Overloaded { retry_after } => retry_after.map(self::nanos),
                    _ => None,
                };
                vitals.fail(self.backend.id(), nanos, pause, now);
            }
        }
    }

    /// The time, and how long it is since the lease began, if the policy cares.
    #[inline]
    fn elapsed(&self) -> (Tick, Option<f32>) {
        match self.begun {
            None => (Tick::ZERO, None),
            Some(begun) => {
                let now = self.clock.now();
                (now, Some(nanos(now.since(begun))))
            }
        }
    }
}

#[inline]
fn nanos(duration: Duration) -> f32 {
    saturating_nanos(duration) as f32
}

impl<T, C: Clock> Deref for Lease<T, C> {
    type Target = Backend<T>;

    #[inline]
    fn deref(&self) -> &Backend<T> {
        &self.backend
    }
}

impl<T, C: Clock> Drop for Lease<T, C> {
    #[inline]
    fn drop(&mut self) {
        // Also if the clock panics.
        let _leaves = Leaves(&self.backend.vitals);
        if !self.reported {
            let (now, since) = self.elapsed();
            self.backend.vitals.cancel(since, now);
        }
    }
}

struct Leaves<'v>(&'v Vitals);

impl Drop for Leaves<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl<T: fmt::Debug, C: Clock> fmt::Debug for Lease<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.backend).finish()
    }
}
