//! Probing: what is asked, what becomes of answers, and of those that never come.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::balance::{
    BackendId, Balancer, DynPolicy, FailureKind, Policy, Priority, Probe, Probing, Reply, Request,
    Route, Sticky, Subset, ZoneAware,
};
use tenfold::clock::ManualClock;
use tenfold::health::{Active, CheckError, Panic};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// Keeps questions until the test answers them.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<(String, Reply)>>>);

impl Probe for Asked {
    fn probe(&self, backend: BackendId, key: &str, reply: Reply) {
        assert_eq!(BackendId::of(key), backend);
        assert_eq!(reply.backend(), backend);
        self.0.lock().unwrap().push((key.to_owned(), reply));
    }
}

impl Asked {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Answers all questions: `fast` answers in 1 ms, all others in 50.
    fn answer(&self, fast: &str) {
        for (key, reply) in self.0.lock().unwrap().drain(..) {
            let millis = if key == fast { 1 } else { 50 };
            reply.send(1, Some(Duration::from_millis(millis)));
        }
    }
}

type Probed<P = Probing<Asked>> = Balancer<String, P, ManualClock>;

fn probed(asked: &Asked) -> (Probed, ManualClock) {
    probed_by(Probing::new(asked.clone()))
}

fn probed_by<P: Policy>(policy: P) -> (Probed<P>, ManualClock) {
    let clock = ManualClock::new();
    let balancer = Balancer::builder(policy)
        .backends(KEYS)
        .seed(1)
        .clock(clock.clone())
        .build();
    (balancer.unwrap(), clock)
}

/// How many of so many requests went to `key`, each answered as it should.
fn sent_to<P: Policy>(
    balancer: &Probed<P>,
    asked: &Asked,
    fast: &str,
    requests: usize,
    key: &str,
) -> usize {
    let mut count = 0;
    for _ in 0..requests {
        let lease = balancer.lease(&Request::new()).unwrap();
        count += usize::from(lease.key() == key);
        lease.success();
        asked.answer(fast);
    }
    count
}

#[test]
fn each_pick_asks_three_and_answers_decide() {
    let asked = Asked::default();
    let (balancer, _) = probed(&asked);
    balancer.lease(&Request::new()).unwrap().success();
    assert_eq!(asked.count(), 3);
    asked.answer("c");
    // Most of all picks: with four backends nearly every three questions reach it.
    assert!(sent_to(&balancer, &asked, "c", 400, "c") > 300);
    assert!(sent_to(&balancer, &asked, "b", 400, "b") > 300);
}

#[test]
fn questions_without_an_answer_are_bounded_and_those_that_are_dropped_are_forgotten() {
    let asked = Asked::default();
    let (balancer, _) = probed(&asked);
    for _ in 0..200 {
        balancer.lease(&Request::new()).unwrap().success();
    }
    assert_eq!(asked.count(), 64);
    asked.0.lock().unwrap().clear();
    balancer.lease(&Request::new()).unwrap().success();
    assert_eq!(asked.count(), 3);
}

/// Calls the check with a policy that probes, by itself and wrapped in others.
macro_rules! in_each_wrapper {
    ($check:ident) => {{
        let probing = |asked: &Asked| Probing::new(asked.clone());
        $check(probing);
        $check(|asked| Route::new(probing(asked)));
        $check(|asked| Priority::new(probing(asked)));
        $check(|asked| ZoneAware::new(probing(asked)));
        $check(|asked| Subset::new(probing(asked), "web-1", 4).unwrap());
        $check(|asked| Sticky::new(probing(asked)));
        $check(|asked| DynPolicy::new(probing(asked)));
        $check(|asked| DynPolicy::new(Route::new(Priority::new(probing(asked)))));
    }};
}

#[test]
fn old_answers_are_not_used() {
    in_each_wrapper!(ages);
}

fn ages<P: Policy>(policy: impl Fn(&Asked) -> P) {
    let asked = Asked::default();
    let (balancer, clock) = probed_by(policy(&asked));
    assert!(sent_to(&balancer, &asked, "c", 400, "c") > 300);
    let lost = |clock: &ManualClock| {
        clock.advance(Duration::from_secs(2));
        let lease = balancer.lease(&Request::new()).unwrap();
        let is_c = lease.key() == "c";
        lease.success();
        asked.0.lock().unwrap().clear();
        is_c
    };
    // By the balancer's own knowledge all are alike.
    let count = (0..400).filter(|_| lost(&clock)).count();
    assert!((50..200).contains(&count), "{count}");
}

#[test]
fn answers_age_by_the_clock_in_each_wrapper() {
    in_each_wrapper!(outlives_nothing);
}

/// As above, where old answers would stay: they are never cleared nor replaced.
fn outlives_nothing<P: Policy>(policy: impl Fn(&Asked) -> P) {
    let asked = Asked::default();
    let (balancer, clock) = probed_by(policy(&asked));
    clock.advance(Duration::from_secs(60));
    assert!(sent_to(&balancer, &asked, "c", 400, "c") > 300);
    clock.advance(Duration::from_secs(2));
    let silent = |_: &usize| {
        let lease = balancer.lease(&Request::new()).unwrap();
        let is_c = lease.key() == "c";
        lease.success();
        is_c
    };
    let count = (0..400).filter(silent).count();
    assert!((50..200).contains(&count), "{count}");
}

#[test]
fn failing_fast_attracts_nothing_in_each_wrapper() {
    in_each_wrapper!(avoids);
}

fn avoids<P: Policy>(policy: impl Fn(&Asked) -> P) {
    let asked = Asked::default();
    let (balancer, _) = probed_by(policy(&asked));
    let mut failures = 0;
    for _ in 0..200 {
        let lease = balancer.lease(&Request::new()).unwrap();
        if lease.key() == "c" {
            failures += 1;
            lease.failure(FailureKind::Faulty);
        } else {
            lease.success();
        }
        asked.answer("c");
    }
    assert!((1..=3).contains(&failures), "{failures}");
}

/// Too few are in order, so all are asked: those that are would not bear everything.
#[test]
fn a_panic_is_sprayed() {
    let (asked, clock) = (Asked::default(), ManualClock::new());
    let balancer: Probed = Balancer::builder(Probing::new(asked.clone()))
        .backends(KEYS)
        .panic(Panic::Spray { below: 75 })
        .seed(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    let check = |key: &String| match key.as_str() {
        "a" | "b" => Ok(()),
        _ => Err(CheckError::failed("down")),
    };
    let active = Active::default().jitter(0.0).seed(1);
    let _watch = balancer.watch(check, active).unwrap();
    (0..5).for_each(|_| clock.advance(active.interval));
    assert_eq!((balancer.stats().usable, balancer.stats().panic), (2, true));
    // Who answers sooner is better, in order or not.
    assert!(sent_to(&balancer, &asked, "c", 400, "c") > 300);
    // And if all are alike, each gets some.
    let mut counts = BTreeMap::new();
    for _ in 0..400 {
        let lease = balancer.lease(&Request::new()).unwrap();
        *counts.entry(lease.key().to_owned()).or_insert(0) += 1;
        lease.success();
        asked.answer("nobody");
    }
    assert!(
        KEYS.iter().all(|key| counts.get(*key) > Some(&40)),
        "{counts:?}"
    );
}

#[test]
fn an_answer_of_one_that_has_left_is_ignored() {
    let asked = Asked::default();
    let (balancer, _) = probed(&asked);
    assert!(sent_to(&balancer, &asked, "c", 100, "c") > 50);
    balancer
        .update(|changes| {
            changes.remove("c");
        })
        .unwrap();
    assert_eq!(sent_to(&balancer, &asked, "c", 100, "c"), 0);
}

#[test]
fn excluded_and_failing_backends_are_not_taken_for_their_good_answers() {
    let asked = Asked::default();
    let (balancer, _) = probed(&asked);
    let tried = [BackendId::of("c")];
    for _ in 0..200 {
        let lease = balancer.lease(&Request::new().excluding(&tried)).unwrap();
        assert_ne!(lease.key(), "c");
        lease.success();
        asked.answer("c");
    }
    let mut failures = 0;
    for _ in 0..200 {
        let lease = balancer.lease(&Request::new()).unwrap();
        if lease.key() == "c" {
            failures += 1;
            lease.failure(FailureKind::Faulty);
        } else {
            lease.success();
        }
        asked.answer("c");
    }
    assert!((1..=3).contains(&failures), "{failures}");
}

#[test]
fn an_answer_may_come_while_it_is_asked_and_outlive_the_balancer() {
    struct AtOnce;
    impl Probe for AtOnce {
        fn probe(&self, _: BackendId, _: &str, reply: Reply) {
            reply.send(u64::MAX, Some(Duration::MAX));
        }
    }
    let balancer: Balancer<String, _> = Balancer::builder(Probing::new(AtOnce))
        .backends(KEYS)
        .build()
        .unwrap();
    for _ in 0..100 {
        balancer.lease(&Request::new()).unwrap().success();
    }
    let asked = Asked::default();
    let (balancer, _) = probed(&asked);
    balancer.lease(&Request::new()).unwrap().success();
    drop(balancer);
    asked.answer("a");
}
