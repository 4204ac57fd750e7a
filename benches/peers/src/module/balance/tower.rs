//! tower's balancer behind the trait, in front of services that answer at once.

use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tenfold::rng::Rng;
use tower::Service;
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, Load, PeakEwma, PendingRequests};

use super::chooser::Chooser;
use super::fleet::Fleet;

/// Answers at once, with its number.
pub(super) struct Instant(u64);

impl Service<()> for Instant {
    type Response = u64;
    type Error = Infallible;
    type Future = Ready<Result<u64, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(self.0))
    }
}

/// How a load is measured.
pub(super) trait Measure: Sync + 'static {
    type Service: Service<(), Response = u64, Error = Infallible>
        + Load<Metric: std::fmt::Debug>
        + 'static;

    /// Whether it soon asks everybody for the first time.
    const SPREADS: bool;

    fn measured(service: Instant) -> Self::Service;
}

/// By the requests under way.
pub(super) struct Pending;

impl Measure for Pending {
    type Service = PendingRequests<Instant>;

    const SPREADS: bool = true;

    fn measured(service: Instant) -> Self::Service {
        PendingRequests::new(service, CompleteOnResponse::default())
    }
}

/// By the latency, with the settings that our default has.
pub(super) struct Ewma;

impl Measure for Ewma {
    type Service = PeakEwma<Instant>;

    // Who was not asked yet is taken to need the initial latency, until that is forgotten.
    const SPREADS: bool = false;

    fn measured(service: Instant) -> Self::Service {
        const INITIAL: Duration = Duration::from_millis(30);
        const DECAY_NS: f64 = 10e9;
        PeakEwma::new(service, INITIAL, DECAY_NS, CompleteOnResponse::default())
    }
}

/// Random numbers of its default hash SipHash; those of `FAST` are ours.
pub(super) struct Tower<M, const FAST: bool> {
    fleet: Fleet,
    measure: PhantomData<M>,
}

struct Fast(Rng);

impl tower::util::rng::Rng for Fast {
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

type Balanced<M> = Balance<ServiceList<Vec<<M as Measure>::Service>>, ()>;

impl<M: Measure, const FAST: bool> Chooser for Tower<M, FAST> {
    type Handle<'c> = Balanced<M>;

    const SPREADS: bool = M::SPREADS;

    fn build(fleet: Fleet) -> Result<Self, String> {
        Ok(Self {
            fleet,
            measure: PhantomData,
        })
    }

    fn handle(&self) -> Balanced<M> {
        let services = self.fleet.numbers().map(Instant).map(M::measured);
        let list = ServiceList::new(services.collect());
        if FAST {
            let seed = RandomState::new().hash_one(0);
            Balance::from_rng(list, Fast(Rng::seeded(seed)))
        } else {
            Balance::new(list)
        }
    }

    fn ask(balance: &mut Balanced<M>) -> u64 {
        let mut context = Context::from_waker(Waker::noop());
        if !matches!(balance.poll_ready(&mut context), Poll::Ready(Ok(()))) {
            return u64::MAX;
        }
        match pin!(balance.call(())).poll(&mut context) {
            Poll::Ready(Ok(number)) => number,
            _ => u64::MAX,
        }
    }
}
