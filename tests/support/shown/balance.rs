//! A value of each type of `balance`.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tenfold::balance::{self, BackendId, Balancer, Probe, Reply, Request};
use tenfold::clock::ManualClock;
use tenfold::health;

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
    let builder = Balancer::builder(balance::Adaptive)
        .backends(["a", "b"])
        .clock(ManualClock::new());
    show("balance::Builder", &builder);
    let balancer = builder.build().unwrap();
    let request = Request::new();
    let lease = balancer.lease(&request).unwrap();
    let check = |_: &String| Ok(());
    let watch = balancer.watch(check, health::Active::default()).unwrap();
    let change = balancer.update(|changes| {
        changes.set_weight("a", 2);
        show("balance::Changes", &*changes);
    });
    show("balance::Backend", &lease.share());
    show("balance::BackendId", &lease.id());
    show("balance::BackendState", &balance::BackendState::Usable);
    show(
        "balance::BackendStatus",
        &balancer.backends().first().unwrap(),
    );
    show("balance::Balancer", &balancer);
    show("balance::Change", &change.unwrap());
    show("balance::Config", balancer.config());
    show("balance::Drain", &balancer.drain("b").unwrap());
    show("balance::Drained", &balance::Drained::Finished);
    show(
        "balance::Error",
        &balance::Error::NoBackend(balance::NoBackend::Empty),
    );
    show("balance::FailureKind", &balance::FailureKind::TimedOut);
    show("balance::Lease", &lease);
    show("balance::Member", &balance::Member::new(lease.id(), 1));
    show("balance::NoBackend", &balance::NoBackend::Empty);
    show("balance::Outcome", &balance::Outcome::success());
    show("balance::Picked", &balancer.pick().unwrap());
    show("balance::Picker", &balancer.picker());
    show("balance::Reply", &reply());
    show("balance::Request", &request);
    show("balance::Spec", &balance::Spec::new("a", 1));
    show("balance::Stats", &balancer.stats());
    show("balance::Watch", &watch);
    show("balance::When", &balance::When::any());
}

/// Keeps what it is given.
struct Keeps(Arc<Mutex<Vec<Reply>>>);

impl Probe for Keeps {
    fn probe(&self, _: BackendId, _: &str, reply: Reply) {
        self.0.lock().unwrap().push(reply);
    }
}

fn reply() -> Reply {
    let kept = Arc::default();
    let policy = balance::Probing::new(Keeps(Arc::clone(&kept)));
    let balancer = Balancer::builder(policy).backends(["a"]).build().unwrap();
    assert!(balancer.pick().is_ok());
    kept.lock().unwrap().pop().unwrap()
}
