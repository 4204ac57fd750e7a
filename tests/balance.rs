//! The balancer in sentences: what it answers, how its set changes, what a lease is, whose turn it is, how a backend drains; that the core
//! and a naive model agree; and the defects of others that must not be here.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]
#![expect(
    clippy::type_complexity,
    reason = "tables of what to do and what to expect"
)]

use std::sync::{Arc, Mutex};

use tenfold::balance::{
    BackendId, Balancer, Builder, FailureKind, Lease, Policy, Request, RoundRobin, Spec, View,
};
use tenfold::clock::ManualClock;

#[path = "support/balancing/answers.rs"]
mod answers;
#[path = "support/balancing/changing.rs"]
mod changing;
#[path = "support/balancing/counting.rs"]
mod counting;
#[path = "support/balancing/customs.rs"]
mod customs;
#[path = "support/balancing/draining.rs"]
mod draining;
#[path = "support/balancing/laws.rs"]
mod laws;
#[path = "support/balancing/leasing.rs"]
mod leasing;
#[path = "support/balancing/model.rs"]
mod model;
#[path = "support/balancing/regressions.rs"]
mod regressions;
#[path = "support/balancing/rotation.rs"]
mod rotation;

/// What a policy was shown of a backend.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    key: String,
    weight: u32,
    zone: Option<String>,
    priority: u8,
    in_flight: u64,
    cost: f32,
    reported_load: Option<f32>,
    has_room: bool,
}

/// Takes the backend that the request names as its session's, or the index in its hash, whatever that is, or leaves the choice to the
/// balancer. Notes what it is shown, and insists that the plan is for that.
#[derive(Clone, Debug, Default)]
struct Spy {
    shown: Arc<Mutex<Vec<Seen>>>,
}

impl Spy {
    fn shown(&self) -> Vec<Seen> {
        self.shown.lock().unwrap().clone()
    }

    fn shown_of(&self, key: &str) -> Seen {
        let shown = self.shown();
        shown.into_iter().find(|seen| seen.key == key).unwrap()
    }
}

fn names_and_weights<V: View>(view: &V) -> Vec<(String, u32)> {
    let all = 0..view.len();
    all.map(|index| (view.key(index).to_owned(), view.weight(index)))
        .collect()
}

impl Policy for Spy {
    type Plan = Vec<(String, u32)>;

    const TIMED: bool = true;

    fn plan<V: View>(&self, view: &V) -> Self::Plan {
        names_and_weights(view)
    }

    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize> {
        assert_eq!(*plan, names_and_weights(view), "a plan for another set");
        assert!(!view.is_empty());
        let see = |index| Seen {
            key: view.key(index).to_owned(),
            weight: view.weight(index),
            zone: view.zone(index).map(str::to_owned),
            priority: view.priority(index),
            in_flight: view.in_flight(index),
            cost: view.cost(index),
            reported_load: view.reported_load(index),
            has_room: view.has_room(index),
        };
        *self.shown.lock().unwrap() = (0..view.len()).map(see).collect();
        let named = request.known_sticky();
        let place = named.and_then(|id| (0..view.len()).find(|index| view.id(*index) == id));
        place.or_else(|| request.known_hash().map(|hash| hash as usize))
    }
}

type Spied = Balancer<u32, Spy, ManualClock>;

/// A balancer of these, its policy and its clock. The value of each is its place.
fn spied(keys: &[&str]) -> (Spied, Spy, ManualClock) {
    let (spy, clock) = (Spy::default(), ManualClock::new());
    let specs = keys
        .iter()
        .zip(0..)
        .map(|(key, place)| Spec::new(key, place));
    let balancer = Balancer::builder(spy.clone())
        .backends(specs)
        .seed(1)
        .clock(clock.clone())
        .build();
    (balancer.unwrap(), spy, clock)
}

/// A lease of this very backend.
fn lease_of<T>(balancer: &Balancer<T, Spy, ManualClock>, key: &str) -> Lease<T, ManualClock> {
    let lease = balancer.lease(&Request::new().sticky(BackendId::of(key)));
    let lease = lease.unwrap();
    assert_eq!(lease.key(), key);
    lease
}

/// In turn, on a clock that stands.
fn rotating(specs: impl IntoIterator<Item = Spec<u32>>) -> Builder<u32, RoundRobin, ManualClock> {
    Balancer::builder(RoundRobin)
        .backends(specs)
        .clock(ManualClock::new())
}

fn specs(keys: &str) -> impl Iterator<Item = Spec<u32>> {
    keys.split_whitespace()
        .zip(0..)
        .map(|(key, place)| Spec::new(key, place))
}

/// The keys of the next picks, sorted, each once.
fn reachable<P: Policy>(balancer: &Balancer<u32, P, ManualClock>) -> Vec<String> {
    let mut keys: Vec<_> = (0..200)
        .filter_map(|_| Some(balancer.pick().ok()?.key().to_owned()))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

const FAULT: FailureKind = FailureKind::Faulty;
