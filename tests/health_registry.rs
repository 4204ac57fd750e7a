//! Registries in sentences, in simulated time.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::clock::{Clock, ManualClock};
use tenfold::health::Error;
use tenfold::health::registry::{InProcess, Registry, Static, Subscription};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn keys(registry: &dyn Registry<u32>) -> (Subscription, Receiver<String>) {
    let (send, told) = channel();
    let send = Mutex::new(send);
    let subscription = registry.watch(Box::new(move |set| {
        let keys: Vec<_> = set.iter().map(|(key, _)| key).collect();
        send.lock().unwrap().send(keys.join(" ")).unwrap();
    }));
    (subscription, told)
}

fn seen(told: &Receiver<String>) -> Vec<String> {
    told.try_iter().collect()
}

#[test]
fn a_static_set_is_told_once() {
    let registry = Static::new([("b", 1), ("a", 2), ("b", 3)]);
    let (_subscription, told) = keys(&registry);
    assert_eq!(seen(&told), ["a b"]);
}

#[test]
fn a_life_takes_time() {
    let registry = InProcess::with_clock(ManualClock::new());
    let refused = registry.register("a", 1, Duration::ZERO).map(|_| ());
    assert!(matches!(refused, Err(Error::BadSetting { rule }) if rule.starts_with("ttl")));
}

#[test]
fn entries_live_as_long_as_they_show_signs_of_life() {
    let clock = ManualClock::new();
    let registry = InProcess::with_clock(clock.clone());
    let (subscription, told) = keys(&registry);
    let a = registry.register("a", 1, secs(10)).unwrap();
    let b = registry.register("b", 2, secs(15)).unwrap();
    assert_eq!(seen(&told), ["", "a", "a b"]);
    let key = "a".into();
    let twice = registry.register("a", 3, secs(10));
    assert_eq!(twice.unwrap_err(), Error::DuplicateKey { key });
    clock.advance(secs(9));
    a.heartbeat().unwrap();
    clock.advance(secs(6));
    assert_eq!(seen(&told), ["a"], "the other one did not");
    assert!(b.heartbeat().is_err());
    // Another life: the old registration neither prolongs nor ends it.
    let again = registry.register("b", 4, secs(10)).unwrap();
    assert!(b.heartbeat().is_err());
    drop(b);
    assert_eq!((seen(&told), again.key()), (vec!["a b".to_owned()], "b"));
    drop(a);
    assert_eq!(seen(&told), ["b"]);
    drop(subscription);
    drop(again);
    assert!(seen(&told).is_empty() && registry.entries().is_empty());
    clock.advance(secs(100));
    assert!(clock.timers().is_empty());
}

#[test]
fn a_slow_sink_is_told_the_latest_set() {
    let registry = InProcess::with_clock(ManualClock::new());
    let theirs = registry.clone();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (keeper, (send, told)) = (kept.clone(), channel());
    let send = Mutex::new(send);
    let subscription = registry.watch(Box::new(move |set| {
        send.lock().unwrap().send(set.len()).unwrap();
        if set.is_empty() {
            // Five changes while this call runs.
            for key in ["a", "b", "c", "d", "e"] {
                let entry = theirs.register(key, 1, Duration::from_secs(1)).unwrap();
                keeper.lock().unwrap().push(entry);
            }
        }
    }));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [0, 5]);
    drop(subscription);
    kept.lock().unwrap().clear();
}

#[test]
fn a_sink_that_panics_keeps_nobody_from_hearing() {
    let registry = InProcess::with_clock(ManualClock::new());
    let _bad = registry.watch(Box::new(|_| std::panic::panic_any(1)));
    let (_good, told) = keys(&registry);
    let _a = registry.register("a", 1, secs(10)).unwrap();
    assert_eq!(seen(&told), ["", "a"]);
}

#[test]
fn entries_expire_without_a_handle_to_the_registry() {
    let clock = ManualClock::new();
    let registry = InProcess::with_clock(clock.clone());
    let (_subscription, told) = keys(&registry);
    let a = registry.register("a", 1, secs(10)).unwrap();
    let b = registry.register("b", 2, secs(20)).unwrap();
    drop(registry);
    assert_eq!(seen(&told), ["", "a", "a b"]);
    clock.advance(secs(10));
    assert_eq!(seen(&told), ["b"]);
    assert!(a.heartbeat().is_err());
    b.heartbeat().unwrap();
    drop(a);
    clock.advance(secs(20));
    assert_eq!(seen(&told), [""]);
    // The last of all ends everything: neither a timer nor a sink is left.
    drop(b);
    assert!(clock.timers().is_empty() && told.recv().is_err());
}
