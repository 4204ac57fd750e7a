//! A balancer that takes backends out, brings them back and lets newcomers grow, in simulated time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that goes astray should panic"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::balance::{
    Adaptive, BackendId, Balancer, Drained, FailureKind, NoBackend, Policy, Request, RoundRobin,
    View,
};
use tenfold::clock::{Clock, ManualClock};
use tenfold::health::{
    Active, CheckError, Initial, MaxEjected, Outlier, Panic, SlowStart, Status, Upkeep,
};

type Simulated<P> = Balancer<String, P, ManualClock>;

fn rotating(outlier: Outlier, backends: usize) -> (Simulated<RoundRobin>, ManualClock) {
    let clock = ManualClock::new();
    let names = (0..backends).map(|n| format!("b{n}"));
    let builder = Balancer::builder(RoundRobin)
        .backends(names)
        .outlier(outlier);
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

/// One request to this backend fails.
fn fail<P: Policy>(balancer: &Simulated<P>, key: &str) {
    for _ in 0..1_000 {
        let lease = balancer.lease(&Request::new()).unwrap();
        if lease.key() == key {
            return lease.failure(FailureKind::Faulty);
        }
    }
    panic!("{key} is never chosen");
}

fn shares<P: Policy>(balancer: &Simulated<P>, picks: usize) -> HashMap<String, usize> {
    let mut shares = HashMap::new();
    for _ in 0..picks {
        let picked = balancer.pick().unwrap();
        *shares.entry(picked.key().to_owned()).or_default() += 1;
    }
    shares
}

#[test]
fn failures_in_a_row_take_a_backend_out_at_once_and_time_brings_it_back() {
    let outlier = Outlier::default();
    let (balancer, clock) = rotating(outlier, 3);
    for _ in 0..4 {
        fail(&balancer, "b1");
    }
    assert_eq!(balancer.stats().ejected, 0);
    fail(&balancer, "b1");
    let stats = balancer.stats();
    assert_eq!((stats.ejected, stats.ejections, stats.usable), (1, 1, 2));
    assert_eq!(shares(&balancer, 100).get("b1"), None);
    clock.advance(outlier.base_ejection - Duration::from_nanos(1));
    assert_eq!(shares(&balancer, 100).get("b1"), None);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(shares(&balancer, 300).get("b1"), Some(&100));
    // The second time it is out twice as long.
    (0..5).for_each(|_| fail(&balancer, "b1"));
    clock.advance(outlier.base_ejection * 2 - Duration::from_nanos(1));
    assert_eq!(balancer.stats().ejected, 1);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(balancer.stats().ejected, 0);
}

#[test]
fn what_must_stay_stays_however_much_fails() {
    let mut outlier = Outlier::default();
    for (limit, backends, most) in [
        (MaxEjected::KeepAtLeast(1), 3, 2),
        (MaxEjected::Percent(10), 3, 0),
        (MaxEjected::Count(1), 3, 1),
        (MaxEjected::KeepAtLeast(1), 1, 0),
    ] {
        outlier.max_ejected = limit;
        let (balancer, _) = rotating(outlier, backends);
        for _ in 0..200 {
            balancer
                .lease(&Request::new())
                .unwrap()
                .failure(FailureKind::TimedOut);
            assert!(balancer.stats().ejected <= most);
        }
        assert_eq!(balancer.stats().ejected, most, "{limit:?}");
    }
}

#[test]
fn rates_are_looked_at_once_per_interval_and_only_while_there_are_failures() {
    let mut outlier = Outlier::default();
    outlier.consecutive = None;
    let (balancer, clock) = rotating(outlier, 6);
    assert_eq!(
        balancer.upkeep(clock.now()),
        None,
        "nothing is due while nothing fails"
    );
    let mut asked = 0;
    for _ in 0..200 * 6 {
        let lease = balancer.lease(&Request::new()).unwrap();
        let of_b4 = lease.key() == "b4";
        asked += usize::from(of_b4);
        if of_b4 && asked % 2 == 0 {
            lease.failure(FailureKind::Faulty);
        } else {
            lease.success();
        }
    }
    assert_eq!(balancer.stats().ejected, 0);
    clock.advance(outlier.interval);
    assert_eq!(balancer.stats().ejected, 1);
    assert_eq!(shares(&balancer, 600).get("b4"), None);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(balancer.stats().ejected, 0);
    // The interval in which it was out is not a clean one.
    clock.advance(outlier.interval);
    assert_eq!(balancer.upkeep(clock.now()), None, "all is forgotten");
}

/// Shows the weights that a policy sees.
#[derive(Clone, Default)]
struct Weights(Arc<Mutex<Vec<u32>>>);

impl Policy for Weights {
    type Plan = ();

    fn plan<V: View>(&self, view: &V) {
        *self.0.lock().unwrap() = (0..view.len()).map(|index| view.weight(index)).collect();
    }

    fn pick<V: View>(&self, (): &(), _: &V, _: &Request<'_>) -> Option<usize> {
        None
    }
}

#[test]
fn a_newcomer_grows_and_a_whole_fleet_does_not_wait() {
    let clock = ManualClock::new();
    let window = Duration::from_secs(60);
    let weights = Weights::default();
    let seen = || weights.0.lock().unwrap().clone();
    let balancer = Balancer::builder(weights.clone())
        .backends(["a", "b", "c"])
        .slow_start(SlowStart::over(window))
        .seed(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    assert_eq!(
        seen(),
        [1, 1, 1],
        "there is nobody else who could take more"
    );
    let join = |balancer: &Simulated<Weights>| {
        balancer.update(|changes| {
            changes.add("d");
        })
    };
    join(&balancer).unwrap();
    let mut last = 0.0;
    for step in 0..=32 {
        let all = seen();
        assert_eq!(all[..3], [all[0]; 3]);
        let part = f64::from(all[3]) / f64::from(all[0]);
        let due = f64::from(step) / 32.0;
        assert!(
            (part - due.max(0.1)).abs() < 0.04,
            "{part} instead of {due}"
        );
        assert!(part >= last, "it never gets less");
        last = part;
        clock.advance(window / 32);
    }
    assert_eq!(seen(), [1, 1, 1, 1]);
    assert_eq!(balancer.upkeep(clock.now()), None);
}

#[test]
fn upkeep_by_hand_happens_when_it_is_called() {
    let clock = ManualClock::new();
    let outlier = Outlier::default();
    let balancer = Balancer::builder(RoundRobin)
        .backends(["b0", "b1"])
        .outlier(outlier)
        .upkeep(Upkeep::Manual)
        .clock(clock.clone())
        .build()
        .unwrap();
    (0..5).for_each(|_| fail(&balancer, "b1"));
    assert_eq!(balancer.stats().ejected, 1, "whoever fails takes it out");
    clock.advance(outlier.base_ejection);
    assert_eq!(balancer.stats().ejected, 1, "nobody has looked");
    assert!(balancer.upkeep(clock.now()).is_some());
    assert_eq!(balancer.stats().ejected, 0);
}

#[test]
fn panic_mode_begins_below_its_share_and_says_so() {
    for below in [50, 100] {
        let clock = ManualClock::new();
        let mut outlier = Outlier::default();
        outlier.max_ejected = MaxEjected::Percent(100);
        let builder = |panic| {
            let builder = Balancer::builder(RoundRobin).backends(["b0", "b1", "b2", "b3"]);
            builder
                .outlier(outlier)
                .panic(panic)
                .clock(clock.clone())
                .build()
                .unwrap()
        };
        let (spray, refuse) = (
            builder(Panic::Spray { below }),
            builder(Panic::FailFast { below }),
        );
        let bearable = if below == 50 { 2 } else { 0 };
        for out in 0..=bearable {
            if out > 0 {
                let key = format!("b{out}");
                (0..5).for_each(|_| fail(&spray, &key));
                (0..5).for_each(|_| fail(&refuse, &key));
            }
            assert!(!spray.pick().unwrap().is_panic());
            assert!(refuse.pick().is_ok());
        }
        let one_more = format!("b{}", bearable + 1);
        (0..5).for_each(|_| fail(&spray, &one_more));
        (0..5).for_each(|_| fail(&refuse, &one_more));
        assert!(spray.pick().unwrap().is_panic());
        assert!(spray.lease(&Request::new()).unwrap().is_panic());
        assert_eq!(shares(&spray, 40).len(), 4, "all are asked");
        let usable = 3 - bearable;
        assert_eq!(
            refuse.pick().unwrap_err(),
            NoBackend::Panic { usable, total: 4 }
        );
        assert!(spray.stats().panic && refuse.stats().panic);
    }
}

/// Those that are down, as the test has it.
type Down = Arc<Mutex<Vec<String>>>;

/// A check whose answers the test gives.
fn scripted(down: &Down) -> impl Fn(&String) -> Result<(), CheckError> + Send + Sync + use<> {
    let seen = down.clone();
    move |target| match seen.lock().unwrap().contains(target) {
        true => Err(CheckError::failed("down")),
        false => Ok(()),
    }
}

#[test]
fn who_fails_its_checks_is_not_chosen_until_they_pass_again() {
    let (balancer, clock) = rotating(Outlier::default(), 3);
    let down = Down::default();
    let check = scripted(&down);
    let active = Active::default().rise(2).fall(3).jitter(0.0).seed(1);
    let watch = balancer.watch(check, active).unwrap();
    assert_eq!(
        balancer.stats().usable,
        3,
        "as before, until checks say something else"
    );
    let rounds = |rounds| (0..rounds).for_each(|_| clock.advance(active.interval));
    rounds(2);
    assert_eq!(watch.status("b1"), Some(Status::Healthy));
    down.lock().unwrap().push("b1".to_owned());
    rounds(2);
    assert_eq!(balancer.stats().usable, 3);
    rounds(2);
    assert_eq!(
        (balancer.stats().usable, watch.status("b1")),
        (2, Some(Status::Unhealthy))
    );
    assert_eq!(shares(&balancer, 100).get("b1"), None);
    // Whoever comes is chosen when a check has passed.
    down.lock().unwrap().push("b3".to_owned());
    balancer
        .update(|changes| {
            changes.add("b3");
        })
        .unwrap();
    assert_eq!(shares(&balancer, 100).get("b3"), None);
    *down.lock().unwrap() = vec!["b1".to_owned()];
    rounds(3);
    assert_eq!(shares(&balancer, 99).get("b3"), Some(&33));
    // Passing checks bring back who was out, whatever for.
    (0..5).for_each(|_| fail(&balancer, "b2"));
    *down.lock().unwrap() = vec!["b2".to_owned()];
    rounds(3);
    assert_eq!((balancer.stats().usable, balancer.stats().ejected), (3, 1));
    down.lock().unwrap().clear();
    rounds(2);
    assert_eq!((balancer.stats().usable, balancer.stats().ejected), (4, 0));
    drop(watch);
    let before = clock.now();
    balancer
        .update(|changes| {
            changes.add("b4");
        })
        .unwrap();
    assert_eq!((balancer.stats().backends, clock.now()), (5, before));
    assert_eq!(
        balancer.stats().usable,
        5,
        "nobody checks any more, so the new one counts at once"
    );
}

#[test]
fn a_fleet_may_have_to_pass_its_checks_first() {
    let (balancer, clock) = rotating(Outlier::default(), 2);
    let check = scripted(&Down::default());
    let active = Active::default()
        .initial(Initial::Unhealthy)
        .jitter(0.0)
        .seed(1);
    let watch = balancer.watch(check, active).unwrap();
    assert_eq!(
        balancer.pick().unwrap_err(),
        NoBackend::AllUnavailable { total: 2 }
    );
    (0..3).for_each(|_| clock.advance(active.interval));
    assert_eq!(balancer.stats().usable, 2);
    drop(watch);
}

#[test]
fn the_last_one_comes_back_when_all_others_go_down() {
    let (balancer, clock) = rotating(Outlier::default(), 2);
    let down = Down::default();
    let check = scripted(&down);
    let active = Active::default().rise(1).fall(1).jitter(0.0).seed(1);
    let _watch = balancer.watch(check, active).unwrap();
    (0..5).for_each(|_| fail(&balancer, "b0"));
    assert_eq!(balancer.stats().ejected, 1);
    down.lock().unwrap().push("b1".to_owned());
    (0..2).for_each(|_| clock.advance(active.interval));
    assert_eq!((balancer.stats().ejected, balancer.stats().usable), (0, 1));
    assert_eq!(balancer.pick().unwrap().key(), "b0");
    // The same when the others leave or are taken out of service.
    down.lock().unwrap().clear();
    (0..2).for_each(|_| clock.advance(active.interval));
    (0..5).for_each(|_| fail(&balancer, "b0"));
    balancer
        .update(|changes| {
            changes.set_enabled("b1", false);
        })
        .unwrap();
    assert_eq!((balancer.stats().ejected, balancer.stats().usable), (0, 1));
}

/// One request at a time, each of which takes what its backend takes.
fn one_at_a_time(
    balancer: &Simulated<Adaptive>,
    clock: &ManualClock,
    requests: usize,
) -> HashMap<String, usize> {
    let mut shares = HashMap::new();
    for _ in 0..requests {
        let lease = balancer.lease(&Request::new()).unwrap();
        let slow = lease.key().starts_with("slow");
        clock.advance(Duration::from_millis(if slow { 100 } else { 10 }));
        *shares.entry(lease.key().to_owned()).or_default() += 1;
        lease.success();
    }
    shares
}

#[test]
fn who_is_unknown_is_asked_also_if_nothing_is_under_way() {
    for seed in 0..20 {
        let clock = ManualClock::new();
        let builder = Balancer::builder(Adaptive)
            .backends(["slow", "fast"])
            .seed(seed);
        let balancer = builder.clock(clock.clone()).build().unwrap();
        let shares = one_at_a_time(&balancer, &clock, 1_000);
        assert!(shares["fast"] > 950, "{seed}: {shares:?}");
        assert!(
            shares.contains_key("slow"),
            "{seed}: the slow one is looked at now and then"
        );
    }
}

#[test]
fn who_comes_back_gets_its_share_also_if_nothing_is_under_way() {
    let clock = ManualClock::new();
    let builder = Balancer::builder(Adaptive)
        .backends(["a", "b", "c"])
        .seed(1);
    let balancer = builder
        .clock(clock.clone())
        .outlier(Outlier::default())
        .build()
        .unwrap();
    one_at_a_time(&balancer, &clock, 500);
    let others = ["a", "c"].map(BackendId::of);
    for _ in 0..5 {
        let lease = balancer.lease(&Request::new().excluding(&others)).unwrap();
        lease.failure(FailureKind::Faulty);
    }
    assert_eq!(one_at_a_time(&balancer, &clock, 500).get("b"), None);
    clock.advance(Duration::from_secs(30));
    let decay = balancer.config().decay;
    clock.advance(decay * 5);
    let shares = one_at_a_time(&balancer, &clock, 3_000);
    assert!(shares["b"] > 700, "{shares:?}");
}

#[test]
fn who_was_out_and_left_begins_anew() {
    let (balancer, _) = rotating(Outlier::default(), 3);
    let picker = balancer.picker();
    (0..5).for_each(|_| fail(&balancer, "b1"));
    balancer
        .update(|changes| {
            changes.remove("b1");
        })
        .unwrap();
    balancer
        .update(|changes| {
            changes.add("b1");
        })
        .unwrap();
    let out = balancer.stats().ejected;
    assert!(out <= 1 && balancer.stats().usable == 3 - out);
    // Whatever it is, it ends.
    let (balancer, clock) = rotating(Outlier::default(), 2);
    let kept = balancer.picker();
    (0..5).for_each(|_| fail(&balancer, "b1"));
    balancer
        .update(|changes| {
            changes.remove("b1");
        })
        .unwrap();
    clock.advance(Duration::from_secs(10));
    balancer
        .update(|changes| {
            changes.add("b1").remove("b0");
        })
        .unwrap();
    assert_eq!(balancer.stats().usable, 1);
    assert_eq!(balancer.pick().unwrap().key(), "b1");
    drop((picker, kept));
}

/// Envoy #26758: the time grows from ejection to ejection, whatever rule they come from, and however the clock is looked at.
#[test]
fn ejections_grow_also_if_somebody_looks_every_second() {
    let outlier = Outlier::default();
    let (balancer, clock) = rotating(outlier, 3);
    let seconds_out = || {
        (0..5).for_each(|_| fail(&balancer, "b1"));
        let mut seconds = 0;
        while balancer.stats().ejected == 1 {
            clock.advance(Duration::from_secs(1));
            seconds += 1;
        }
        seconds
    };
    assert_eq!([seconds_out(), seconds_out(), seconds_out()], [30, 60, 90]);
    // Clean intervals are forgiven one by one.
    (0..60).for_each(|_| clock.advance(Duration::from_secs(1)));
    assert_eq!(seconds_out(), 30);
    assert!(balancer.upkeep(clock.now()).is_some());
    (0..100).for_each(|_| clock.advance(Duration::from_secs(1)));
    assert_eq!(balancer.upkeep(clock.now()), None);
}

#[test]
fn nothing_is_due_for_ever_for_who_is_not_asked_any_more() {
    let (balancer, clock) = rotating(Outlier::default(), 3);
    (0..5).for_each(|_| fail(&balancer, "b1"));
    balancer
        .update(|changes| {
            changes.set_enabled("b1", false);
        })
        .unwrap();
    (0..100).for_each(|_| clock.advance(Duration::from_secs(1)));
    assert_eq!(balancer.upkeep(clock.now()), None);
}

#[test]
fn a_second_watch_takes_the_place_of_the_first() {
    let (balancer, clock) = rotating(Outlier::default(), 2);
    let down = Down::default();
    let active = Active::default().rise(1).fall(1).jitter(0.0).seed(1);
    let first = balancer.watch(scripted(&down), active).unwrap();
    down.lock().unwrap().push("b0".to_owned());
    clock.advance(active.interval);
    assert_eq!(balancer.stats().usable, 1);
    let passing = |_: &String| Ok(());
    let second = balancer
        .watch(passing, active.initial(Initial::Healthy))
        .unwrap();
    assert_eq!(
        balancer.stats().usable,
        2,
        "the second one knows nothing bad of it"
    );
    clock.advance(active.interval);
    drop(first);
    assert_eq!(balancer.stats().usable, 2);
    assert_eq!(second.status("b0"), Some(Status::Healthy));
    drop(second);
    assert_eq!(balancer.stats().usable, 2);
}

#[test]
fn settings_of_health_are_looked_at() {
    let mut outlier = Outlier::default();
    outlier.interval = Duration::ZERO;
    let builder = || Balancer::builder(Adaptive).backends(["a"]);
    assert!(builder().outlier(outlier).build().is_err());
    let slow = SlowStart::over(Duration::from_secs(1)).floor(f32::NAN);
    assert!(builder().slow_start(slow).build().is_err());
}

#[test]
fn who_had_to_stay_is_not_taken_out_for_what_is_long_ago() {
    let (balancer, clock) = rotating(Outlier::default(), 2);
    for _ in 0..40 {
        balancer
            .lease(&Request::new())
            .unwrap()
            .failure(FailureKind::Faulty);
    }
    assert_eq!((balancer.stats().ejected, balancer.stats().usable), (1, 1));
    // Nothing is asked meanwhile. When the other one is back, this one has been quiet for a while.
    (0..400).for_each(|_| clock.advance(Duration::from_secs(1)));
    assert_eq!((balancer.stats().ejected, balancer.stats().usable), (0, 2));
}

#[test]
fn putting_a_backend_brings_it_back_and_a_list_leaves_it_draining() {
    let (balancer, _) = rotating(Outlier::default(), 2);
    let lease = balancer.lease(&Request::new()).unwrap();
    let key = lease.key().to_owned();
    let drain = balancer.drain(&key).unwrap();
    balancer.replace_all(["b0", "b1"]).unwrap();
    assert_eq!(
        balancer.stats().usable,
        1,
        "a list says who is there, not who is in service"
    );
    balancer
        .update(|changes| {
            changes.put(key.as_str());
        })
        .unwrap();
    assert_eq!(balancer.stats().usable, 2);
    assert_eq!(drain.wait(), Drained::Resumed);
    lease.success();
    assert!(shares(&balancer, 10).contains_key(&key));
}
