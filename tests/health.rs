//! Health in sentences: settings, checks, a monitor in simulated time and with real sockets.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenfold::clock::{Clock, ManualClock, MonotonicClock, Tick};
use tenfold::health::{
    Active, Address, AsyncCheck, BlockOn, Builder, Check, CheckError, CheckTask, Error, Executor,
    Initial, MaxEjected, Monitor, Outlier, SlowStart, Stats, Status, TcpConnect, Upkeep,
};

/// What a broken monitor is given before the test fails.
const GENEROUS: Duration = Duration::from_secs(60);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// What the sink was told.
type Told = Receiver<(String, Status)>;

fn told<T, C>(builder: Builder<T, C>) -> (Builder<T, C>, Told)
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    let (send, told) = channel();
    let send = Mutex::new(send);
    let sink = move |key: &str, status| {
        // The test may be over.
        let _ = send.lock().unwrap().send((key.to_owned(), status));
    };
    (builder.on_change(sink), told)
}

fn news(told: &Told) -> Vec<String> {
    told.try_iter()
        .map(|(key, status)| format!("{key} {status:?}"))
        .collect()
}

/// A target whose health is what the test says.
type Switch = Arc<Mutex<Result<(), CheckError>>>;

fn switch(up: bool) -> Switch {
    Arc::new(Mutex::new(if up {
        Ok(())
    } else {
        Err(CheckError::failed("off"))
    }))
}

fn look(switch: &Switch) -> Result<(), CheckError> {
    switch.lock().unwrap().clone()
}

fn set(switch: &Switch, up: bool) {
    *switch.lock().unwrap() = if up {
        Ok(())
    } else {
        Err(CheckError::failed("off"))
    };
}

/// Every 10 s exactly.
fn exact() -> Active {
    Active::default()
        .interval(secs(10))
        .timeout(secs(3))
        .jitter(0.0)
        .seed(1)
}

fn monitor(config: Active) -> (Monitor<Switch, ManualClock>, ManualClock, Told) {
    let clock = ManualClock::new();
    let builder = Monitor::builder(look).config(config).clock(clock.clone());
    let (builder, told) = told(builder);
    (builder.build().unwrap(), clock, told)
}

#[test]
fn the_first_check_decides_and_then_so_many_in_a_row() {
    let (monitor, clock, told) = monitor(exact().rise(2).fall(3));
    let (a, b) = (switch(true), switch(false));
    monitor.add("a", a.clone()).unwrap();
    monitor.add("b", b.clone()).unwrap();
    clock.advance(secs(0));
    assert_eq!(news(&told), ["a Healthy", "b Unhealthy"]);
    set(&a, false);
    set(&b, true);
    clock.advance(secs(10));
    assert!(news(&told).is_empty());
    clock.advance(secs(10));
    assert_eq!(news(&told), ["b Healthy"]);
    clock.advance(secs(10));
    assert_eq!(news(&told), ["a Unhealthy"]);
    // One that passes in between begins anew.
    for up in [true, false, true, false] {
        set(&a, up);
        clock.advance(secs(10));
    }
    assert!(news(&told).is_empty());
    assert_eq!(monitor.status("a"), Some(Status::Unhealthy));
    let all = monitor.statuses();
    let up = all.iter().filter(|(_, status)| status.is_healthy());
    assert_eq!((all.len(), up.count()), (2, monitor.stats().healthy));
    let stats = monitor.stats();
    assert_eq!((stats.started, stats.passed + stats.failed), (16, 16));
    assert_eq!((stats.rises, stats.falls), (2, 2));
    assert_eq!((stats.targets, stats.healthy, stats.in_flight), (2, 1, 0));
    assert_eq!(stats.since(&stats).started, 0);
    assert!((stats.failed_ratio() - stats.failed as f64 / 16.0).abs() < 1e-9);
}

#[test]
fn what_it_is_taken_for_at_first_is_a_setting() {
    for initial in [Initial::Healthy, Initial::Unhealthy, Initial::FirstCheck] {
        for up in [true, false] {
            let (monitor, clock, told) = monitor(exact().initial(initial).rise(2).fall(2));
            monitor.add("a", switch(up)).unwrap();
            let expected = match initial {
                Initial::Healthy => Status::Healthy,
                Initial::Unhealthy => Status::Unhealthy,
                _ => Status::Unknown,
            };
            if expected != Status::Unknown {
                // One check is not enough.
                assert_eq!(monitor.status("a"), Some(expected));
                assert_eq!(monitor.stats().healthy, usize::from(expected.is_healthy()));
            }
            clock.advance(secs(0));
            assert_eq!(news(&told).len(), usize::from(expected == Status::Unknown));
            clock.advance(secs(10));
            let healthy = monitor.status("a") == Some(Status::Healthy);
            assert_eq!(healthy, up, "{initial:?}");
        }
    }
}

#[test]
fn those_out_of_order_have_an_interval_of_their_own() {
    let (monitor, clock, told) = monitor(exact().unhealthy_interval(secs(1)).rise(2).fall(1));
    let a = switch(false);
    monitor.add("a", a.clone()).unwrap();
    clock.advance(secs(0));
    set(&a, true);
    clock.advance(secs(1));
    clock.advance(secs(1));
    assert_eq!(news(&told), ["a Unhealthy", "a Healthy"]);
    let before = monitor.stats();
    for _ in 0..20 {
        clock.advance(secs(1));
    }
    assert_eq!(monitor.stats().since(&before).started, 2);
}

#[test]
fn an_idle_monitor_has_no_timer_and_a_dropped_one_neither() {
    let (monitor, clock, told) = monitor(exact());
    assert!(clock.timers().is_empty());
    monitor.add("a", switch(true)).unwrap();
    clock.advance(secs(0));
    assert_eq!(clock.timers().len(), 1);
    assert!(monitor.remove("a") && !monitor.remove("a"));
    clock.advance(secs(10));
    assert!(clock.timers().is_empty());
    monitor.add("b", switch(true)).unwrap();
    clock.advance(secs(1));
    assert_eq!(news(&told), ["a Healthy", "b Healthy"]);
    drop(monitor);
    assert!(clock.timers().is_empty());
    clock.advance(secs(100));
    assert!(news(&told).is_empty());
}

#[test]
fn keys_are_unique_and_bounded() {
    let (monitor, _, _) = monitor(exact().max_targets(2));
    monitor.add("a", switch(true)).unwrap();
    let key = "a".into();
    assert_eq!(
        monitor.add("a", switch(true)),
        Err(Error::DuplicateKey { key })
    );
    monitor.add("b", switch(true)).unwrap();
    let too_many = Error::TooMany { limit: 2 };
    assert_eq!(monitor.add("c", switch(true)), Err(too_many.clone()));
    let three = ["a", "b", "c"].map(|key| (key, switch(true)));
    assert_eq!(monitor.replace(three), Err(too_many));
    assert_eq!(monitor.statuses().len(), 2);
}

#[test]
fn replacing_the_set_keeps_what_is_known_of_those_that_stay() {
    let (monitor, clock, told) = monitor(exact().fall(1));
    monitor
        .replace([("a", switch(true)), ("b", switch(true))])
        .unwrap();
    clock.advance(secs(0));
    assert_eq!(news(&told), ["a Healthy", "b Healthy"]);
    monitor
        .replace([("b", switch(false)), ("c", switch(true))])
        .unwrap();
    assert_eq!(monitor.status("a"), None);
    assert_eq!(monitor.status("b"), Some(Status::Healthy));
    clock.advance(secs(10));
    let mut changes = news(&told);
    changes.sort();
    assert_eq!(
        changes,
        ["b Unhealthy", "c Healthy"],
        "the new value is checked"
    );
}

#[test]
fn a_check_that_panics_has_failed() {
    let clock = ManualClock::new();
    let check = |up: &bool| {
        if !up {
            std::panic::panic_any(1);
        }
        Ok(())
    };
    let (builder, told) = told(Monitor::builder(check).config(exact()).clock(clock.clone()));
    let monitor = builder.build().unwrap();
    monitor.add("a", false).unwrap();
    monitor.add("b", true).unwrap();
    clock.advance(secs(10));
    assert_eq!(news(&told), ["a Unhealthy", "b Healthy"]);
    assert!(monitor.stats().panicked > 0);
}

#[test]
fn a_sink_that_panics_is_told_the_next_change() {
    let clock = ManualClock::new();
    let (send, told) = channel();
    let send = Mutex::new(send);
    let sink = move |key: &str, _| {
        let sent = send.lock().map(|send| send.send(key.to_owned()));
        drop(sent);
        std::panic::panic_any(1);
    };
    let builder = Monitor::builder(look).config(exact()).clock(clock.clone());
    let monitor = builder.on_change(sink).build().unwrap();
    monitor.add("a", switch(true)).unwrap();
    monitor.add("b", switch(true)).unwrap();
    clock.advance(secs(0));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a", "b"]);
}

/// Checks that somebody runs when the test says so.
struct Held(Arc<Mutex<Vec<CheckTask>>>);

impl Held {
    /// Whether it is done.
    fn poll(&self, index: usize) -> bool {
        let mut task = self.0.lock().unwrap().remove(index);
        let done = poll(&mut task);
        if !done {
            self.0.lock().unwrap().insert(index, task);
        }
        done
    }

    fn finish(&self, index: usize) {
        assert!(self.poll(index));
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn poll(task: &mut CheckTask) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    std::pin::Pin::new(task).poll(&mut context).is_ready()
}

/// Ready at the second poll.
#[derive(Default)]
struct Second(bool);

impl Future for Second {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

type Watched = (Monitor<Switch, ManualClock>, ManualClock, Told, Held);

/// Checks that begin at once, if they do, and answer when they are polled after that.
fn spawned(config: Active, begin: bool) -> Watched {
    let clock = ManualClock::new();
    let tasks = Arc::new(Mutex::new(Vec::new()));
    let theirs = tasks.clone();
    let check = |switch: &Switch| {
        let switch = switch.clone();
        async move {
            Second::default().await;
            look(&switch)
        }
    };
    let spawn = move |mut task: CheckTask| {
        if begin {
            assert!(!poll(&mut task));
        }
        theirs.lock().unwrap().push(task);
    };
    let builder = Monitor::spawning(check, spawn).config(config);
    let (builder, told) = told(builder.clock(clock.clone()));
    (builder.build().unwrap(), clock, told, Held(tasks))
}

fn held(config: Active) -> Watched {
    spawned(config, true)
}

#[test]
fn a_spawned_check_that_has_had_its_time_is_dropped_and_gives_its_place_back() {
    let (monitor, clock, told, held) = held(exact().max_in_flight(2).fall(1));
    for key in ["a", "b", "c"] {
        monitor.add(key, switch(true)).unwrap();
    }
    clock.advance(secs(0));
    let stats = monitor.stats();
    assert_eq!((held.len(), stats.in_flight, stats.waiting), (2, 2, 1));
    clock.advance(secs(3));
    assert_eq!(news(&told), ["a Unhealthy", "b Unhealthy"]);
    let stats = monitor.stats();
    assert_eq!((stats.timed_out, stats.in_flight, stats.waiting), (2, 1, 0));
    // What is left of them has nothing to say.
    held.finish(0);
    held.finish(0);
    assert_eq!(monitor.status("a"), Some(Status::Unhealthy));
    held.finish(0);
    assert_eq!(news(&told), ["c Healthy"]);
    let stats = monitor.stats();
    assert_eq!((stats.late, stats.passed, stats.in_flight), (0, 1, 0));
    clock.advance(secs(7));
    assert_eq!(held.len(), 2, "they are checked again at their time");
}

/// So that the runtime forgets it.
#[test]
fn a_task_whose_check_was_dropped_is_woken() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let clock = ManualClock::new();
    let (send, tasks) = channel();
    let send = Mutex::new(send);
    let kept = Arc::new(());
    let theirs = kept.clone();
    let check = move |_: &u8| {
        let held = theirs.clone();
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok(())
        }
    };
    let spawn = move |task| send.lock().unwrap().send(task).unwrap();
    let builder = Monitor::spawning(check, spawn).config(exact());
    let monitor = builder.clock(clock.clone()).build().unwrap();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let begin = || {
        let mut task: CheckTask = tasks.try_recv().unwrap();
        let mut context = Context::from_waker(&waker);
        assert!(
            std::pin::Pin::new(&mut task)
                .poll(&mut context)
                .is_pending()
        );
        task
    };
    monitor.add("a", 1).unwrap();
    clock.advance(secs(0));
    let mut late = begin();
    assert_eq!(Arc::strong_count(&kept), 3);
    clock.advance(secs(3));
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(Arc::strong_count(&kept), 2, "the future is gone");
    assert!(poll(&mut late));
    // So is one whose target goes.
    clock.advance(secs(7));
    let mut removed = begin();
    assert!(monitor.remove("a"));
    assert_eq!(count.0.load(Ordering::SeqCst), 2);
    assert!(poll(&mut removed));
    let stats = monitor.stats();
    assert_eq!((stats.in_flight, stats.late, stats.timed_out), (0, 0, 1));
}

#[test]
fn a_check_that_no_thread_has_begun_says_nothing() {
    let config = exact().fall(1).initial(Initial::Healthy);
    let (monitor, clock, told, held) = spawned(config, false);
    monitor.add("a", switch(true)).unwrap();
    clock.advance(secs(0));
    for _ in 0..10 {
        clock.advance(secs(10));
    }
    let stats = monitor.stats();
    assert_eq!((stats.started, stats.failed, stats.in_flight), (0, 0, 1));
    assert!(stats.refused >= 10);
    // Its time begins now.
    assert!(!held.poll(0));
    clock.advance(secs(2));
    held.finish(0);
    assert!(news(&told).is_empty());
    assert_eq!((monitor.stats().passed, monitor.stats().started), (1, 1));
    // The same for one that nobody will run, as by a runtime that has ended.
    clock.advance(secs(10));
    held.0.lock().unwrap().clear();
    let stats = monitor.stats();
    assert_eq!((stats.failed, stats.in_flight), (0, 0));
    clock.advance(secs(10));
    assert_eq!((held.len(), news(&told).len()), (1, 0), "it is tried again");
    assert!(!held.poll(0));
    clock.advance(secs(3));
    assert_eq!(news(&told), ["a Unhealthy"]);
}

#[test]
fn an_answer_for_an_earlier_life_counts_for_nothing() {
    let (monitor, clock, told, held) = held(exact());
    let a = switch(false);
    monitor.add("a", a.clone()).unwrap();
    clock.advance(secs(0));
    assert!(monitor.remove("a"));
    assert_eq!(monitor.stats().in_flight, 0, "it is dropped");
    monitor.add("a", switch(true)).unwrap();
    clock.advance(secs(0));
    assert_eq!(held.len(), 2);
    held.finish(0);
    assert_eq!(monitor.status("a"), Some(Status::Unknown));
    held.finish(0);
    assert_eq!(news(&told), ["a Healthy"]);
    assert_eq!(monitor.stats().in_flight, 0);
}

/// A check that blocks while the target's gate is shut, on real threads, and says that it has begun.
struct Gates(Arc<(Mutex<BTreeSet<String>>, Condvar)>, Receiver<String>);

impl Gates {
    fn open(&self, key: &str) {
        let (shut, bell) = &*self.0;
        shut.lock().unwrap().remove(key);
        bell.notify_all();
    }

    fn begun(&self) -> String {
        self.1.recv_timeout(GENEROUS).unwrap()
    }
}

type Gated = (Monitor<String, ManualClock>, ManualClock, Told, Gates);

fn gated(config: Active, shut: &[&str]) -> Gated {
    let shut: BTreeSet<_> = shut.iter().map(|&key| key.to_owned()).collect();
    let gates = Arc::new((Mutex::new(shut), Condvar::new()));
    let theirs = gates.clone();
    let (say, begun) = channel();
    let say = Mutex::new(say);
    let check = move |key: &String| {
        let _ = say.lock().unwrap().send(key.clone());
        let (shut, bell) = &*theirs;
        let guard = shut.lock().unwrap();
        drop(bell.wait_while(guard, |shut| shut.contains(key)).unwrap());
        Ok(())
    };
    let clock = ManualClock::new();
    let builder = Monitor::builder(check).executor(Executor::Workers);
    let (builder, told) = told(builder.config(config).clock(clock.clone()));
    let monitor = builder.build().unwrap();
    (monitor, clock, told, Gates(gates, begun))
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < GENEROUS, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_target_that_hangs_costs_one_place() {
    let config = exact().max_in_flight(2).initial(Initial::Healthy);
    let (monitor, clock, told, gates) = gated(config, &["hangs"]);
    monitor.add("hangs", "hangs".to_owned()).unwrap();
    clock.advance(secs(0));
    assert_eq!(gates.begun(), "hangs");
    monitor.add("works", "works".to_owned()).unwrap();
    let works = |times| {
        assert_eq!(gates.begun(), "works");
        wait_for("its answer", || monitor.stats().passed == times);
    };
    clock.advance(secs(0));
    works(1);
    clock.advance(secs(3));
    assert_eq!(monitor.stats().failed, 1, "it has had its time");
    clock.advance(secs(7));
    works(2);
    assert_eq!((monitor.stats().failed, news(&told).len()), (2, 0));
    for times in 3..10 {
        clock.advance(secs(10));
        works(times);
        let stats = monitor.stats();
        assert_eq!((stats.failed, stats.timed_out), (times, times));
        assert_eq!((stats.started, stats.in_flight), (times + 1, 1));
    }
    // A worker may be telling it.
    let next = || told.recv_timeout(GENEROUS).unwrap();
    assert_eq!(next(), ("hangs".to_owned(), Status::Unhealthy));
    // Its late answer is none, and it is checked again at its time.
    gates.open("hangs");
    wait_for("its return", || monitor.stats().in_flight == 0);
    let stats = monitor.stats();
    assert_eq!((stats.late, stats.passed, stats.started), (1, 9, 10));
    for round in 1..=2 {
        clock.advance(secs(10));
        wait_for("both", || monitor.stats().passed == 9 + 2 * round);
    }
    assert_eq!(next(), ("hangs".to_owned(), Status::Healthy));
}

/// The late answer of a blocking check neither counts for the next life of its key nor begins a check of it.
#[test]
fn a_late_answer_is_not_taken_for_the_next_life() {
    let (monitor, clock, told, gates) = gated(exact().jitter(0.5), &["a"]);
    monitor.add("a", "a".to_owned()).unwrap();
    clock.advance(secs(10));
    assert_eq!(gates.begun(), "a");
    assert!(monitor.remove("a"));
    monitor.add("a", "a".to_owned()).unwrap();
    gates.open("a");
    wait_for("its return", || monitor.stats().late == 1);
    assert_eq!(monitor.status("a"), Some(Status::Unknown));
    clock.advance(secs(10));
    assert_eq!(gates.begun(), "a");
    wait_for("the next answer", || monitor.stats().passed == 1);
    assert_eq!(told.recv().unwrap(), ("a".to_owned(), Status::Healthy));
}

/// There are 7 threads for code that may block, and 16 checks that do.
#[test]
fn nobody_goes_down_for_want_of_threads() {
    let keys: Vec<_> = (0..16).map(|n| n.to_string()).collect();
    let shut: Vec<_> = keys.iter().map(|key| &**key).collect();
    let config = exact().max_in_flight(16).fall(1).initial(Initial::Healthy);
    let (monitor, clock, _told, gates) = gated(config, &shut);
    for key in &keys {
        monitor.add(key, key.clone()).unwrap();
    }
    clock.advance(secs(0));
    for _ in 0..10 {
        clock.advance(secs(10));
    }
    let statuses = monitor.statuses();
    let down = statuses.iter().filter(|(_, status)| !status.is_healthy());
    let (down, stats) = (down.count() as u64, monitor.stats());
    assert!(down <= stats.started && stats.started <= 7, "{down}");
    assert!(stats.refused >= 9 * 10);
    keys.iter().for_each(|key| gates.open(key));
    wait_for("all", || monitor.stats().in_flight == 0);
    assert!(monitor.stats().passed >= 9);
}

#[test]
fn an_answer_after_the_end_is_nobodys() {
    let (monitor, clock, told, held) = held(exact());
    monitor.add("a", switch(true)).unwrap();
    clock.advance(secs(0));
    drop(monitor);
    held.finish(0);
    assert!(news(&told).is_empty());
}

#[test]
fn a_check_that_is_dropped_has_failed() {
    let (monitor, clock, told, held) = held(exact().fall(1));
    monitor.add("a", switch(true)).unwrap();
    clock.advance(secs(0));
    held.0.lock().unwrap().clear();
    assert_eq!(news(&told), ["a Unhealthy"]);
    assert_eq!(monitor.stats().in_flight, 0);
}

#[test]
fn an_async_check_that_panics_has_failed() {
    struct Panics;
    impl AsyncCheck<u8> for Panics {
        async fn check(&self, _: &u8) -> Result<(), CheckError> {
            std::panic::panic_any(1)
        }
    }
    let clock = ManualClock::new();
    let spawn = |mut task: CheckTask| {
        let mut context = Context::from_waker(Waker::noop());
        let _ = std::pin::Pin::new(&mut task).poll(&mut context);
    };
    let builder = Monitor::spawning(Panics, spawn).config(exact());
    let monitor = builder.clock(clock.clone()).build().unwrap();
    monitor.add("a", 1).unwrap();
    clock.advance(secs(0));
    assert_eq!(monitor.status("a"), Some(Status::Unhealthy));
    assert_eq!(monitor.stats().panicked, 1);
}

#[test]
fn upkeep_may_be_the_callers_affair() {
    let clock = ManualClock::new();
    let builder = Monitor::builder(look).config(exact().fall(1));
    let builder = builder.clock(clock.clone()).upkeep(Upkeep::Manual);
    let (builder, told) = told(builder);
    let monitor = builder.executor(Executor::Inline).build().unwrap();
    assert_eq!(monitor.upkeep(Tick::ZERO), None);
    let a = switch(true);
    monitor.add("a", a.clone()).unwrap();
    clock.advance(secs(1_000));
    assert!(clock.timers().is_empty() && news(&told).is_empty());
    let now = clock.now();
    let next = monitor.upkeep(now);
    assert_eq!(next, Some(now.saturating_add(secs(10))));
    assert_eq!(news(&told), ["a Healthy"]);
    set(&a, false);
    assert_eq!(monitor.upkeep(now), next, "not yet");
    clock.set(next.unwrap());
    monitor.upkeep(clock.now());
    assert_eq!(news(&told), ["a Unhealthy"]);
}

#[test]
fn a_sink_may_use_the_monitor() {
    let clock = ManualClock::new();
    type Slot = Mutex<Option<Arc<Monitor<Switch, ManualClock>>>>;
    let slot: Arc<Slot> = Arc::default();
    let theirs = slot.clone();
    let sink = move |key: &str, _| {
        let monitor = theirs.lock().unwrap().clone().unwrap();
        if key == "first" {
            monitor.remove(key);
            monitor.add("second", switch(true)).unwrap();
        }
    };
    let builder = Monitor::builder(look).config(exact()).clock(clock.clone());
    let monitor = Arc::new(builder.on_change(sink).build().unwrap());
    *slot.lock().unwrap() = Some(monitor.clone());
    monitor.add("first", switch(true)).unwrap();
    clock.advance(secs(1));
    assert_eq!(monitor.status("first"), None);
    assert_eq!(monitor.status("second"), Some(Status::Healthy));
    slot.lock().unwrap().take();
}

#[test]
fn the_same_seed_is_the_same_schedule() {
    let run = |seed| {
        let (monitor, clock, _) = monitor(exact().jitter(0.5).seed(seed));
        (0..10).for_each(|n| monitor.add(&n.to_string(), switch(true)).unwrap());
        let began: Vec<Stats> = (0..100)
            .map(|_| {
                clock.advance(Duration::from_millis(500));
                monitor.stats()
            })
            .collect();
        began
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
    let first = run(5);
    let spread = first.iter().take(10).filter(|stats| stats.started < 10);
    assert!(spread.count() > 1, "first checks are spread");
}

#[test]
fn a_port_that_opens_and_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Active::default()
        .interval(Duration::from_millis(1))
        .rise(2)
        .fall(2);
    let (builder, told) = told(Monitor::builder(TcpConnect::new(GENEROUS)).config(config));
    let monitor = builder.build().unwrap();
    monitor.add("by name", address.to_string()).unwrap();
    let next = || told.recv_timeout(GENEROUS).expect("a change");
    assert_eq!(next(), ("by name".to_owned(), Status::Healthy));
    drop(listener);
    assert_eq!(next(), ("by name".to_owned(), Status::Unhealthy));
    // The port may be taken by another process meanwhile.
    if let Ok(_again) = TcpListener::bind(address) {
        assert_eq!(next(), ("by name".to_owned(), Status::Healthy));
    }
    drop(monitor);
}

#[test]
fn connecting_says_what_is_wrong() {
    let check = TcpConnect::new(GENEROUS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(check.check(&address), Ok(()));
    assert_eq!(check.check(address.to_string().as_str()), Ok(()));
    assert_eq!(check.check(&Arc::<str>::from(address.to_string())), Ok(()));
    assert_eq!(
        TcpConnect::new(Duration::ZERO).check(&address),
        Err(CheckError::TimedOut)
    );
    drop(listener);
    let refused = Err(CheckError::Io(std::io::ErrorKind::ConnectionRefused));
    assert_eq!(check.check(&address), refused);
    assert!(matches!(check.check("no port"), Err(CheckError::Io(_))));

    struct Nowhere;
    impl Address for Nowhere {
        fn addresses(&self) -> std::io::Result<Vec<std::net::SocketAddr>> {
            Ok(Vec::new())
        }
    }
    assert!(matches!(
        check.check(&Nowhere),
        Err(CheckError::Failed { .. })
    ));
}

/// A blocking check that hangs, on the process's workers and in real time.
#[test]
fn a_blocking_check_that_hangs_is_given_up() {
    let (go, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let check = move |_: &u8| {
        let _ = gate.lock().unwrap().recv();
        Ok(())
    };
    let config = Active::default()
        .interval(Duration::from_millis(1))
        .timeout(Duration::from_millis(1))
        .max_in_flight(1);
    let (builder, told) = told(Monitor::builder(check).config(config));
    let monitor = builder.clock(MonotonicClock::new()).build().unwrap();
    monitor.add("a", 1).unwrap();
    let change = told.recv_timeout(GENEROUS).expect("a change");
    assert_eq!(change, ("a".to_owned(), Status::Unhealthy));
    let stats = monitor.stats();
    assert_eq!((stats.in_flight, stats.started), (1, 1));
    drop(go);
    let change = told
        .recv_timeout(GENEROUS)
        .expect("it returns, and the next ones pass");
    assert_eq!(change, ("a".to_owned(), Status::Healthy));
    assert!(monitor.stats().late >= 1);
}

#[test]
fn a_future_runs_on_a_worker_too() {
    let check = BlockOn(|port: &u16| {
        std::future::ready(if *port == 80 {
            Ok(())
        } else {
            Err(CheckError::failed("closed"))
        })
    });
    assert_eq!(check.check(&80), Ok(()));
    let clock = ManualClock::new();
    let builder = Monitor::builder(check).config(exact());
    let monitor = builder.clock(clock.clone()).build().unwrap();
    monitor.add("a", 80_u16).unwrap();
    clock.advance(secs(0));
    assert_eq!(monitor.status("a"), Some(Status::Healthy));
}

#[test]
fn settings_out_of_range_are_named() {
    let bad = |config: Active| match config.validate() {
        Err(Error::BadSetting { rule }) => rule.split(' ').next().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(bad(Active::default().interval(Duration::ZERO)), "interval");
    assert_eq!(
        bad(Active::default().unhealthy_interval(secs(1 << 40))),
        "unhealthy_interval"
    );
    assert_eq!(bad(Active::default().timeout(Duration::ZERO)), "timeout");
    assert_eq!(bad(Active::default().jitter(f32::NAN)), "jitter");
    assert_eq!(bad(Active::default().rise(0)), "rise");
    assert_eq!(bad(Active::default().fall(0)), "fall");
    assert_eq!(bad(Active::default().max_in_flight(0)), "max_in_flight");
    assert_eq!(bad(Active::default().max_targets(0)), "max_targets");
    let builder = Monitor::builder(look).config(Active::default().rise(0));
    assert!(builder.build().is_err());
    for preset in [Active::haproxy(), Active::pingora(), Active::kubernetes()] {
        assert_eq!(preset.validate(), Ok(()));
    }
    for preset in [
        Outlier::envoy(),
        Outlier::grpc(),
        Outlier::linkerd(),
        Outlier::default(),
    ] {
        assert_eq!(preset.validate(), Ok(()));
    }
    let mut outlier = Outlier::default();
    outlier.max_ejected = MaxEjected::Percent(101);
    assert!(outlier.validate().is_err());
    outlier = Outlier::default();
    outlier.consecutive = Some(0);
    assert!(outlier.validate().is_err());
    assert!(SlowStart::default().validate().is_ok());
    assert!(SlowStart::default().floor(0.0).validate().is_err());
    assert!(
        SlowStart::default()
            .aggression(f32::NAN)
            .validate()
            .is_err()
    );
}

#[cfg(feature = "serde")]
#[test]
fn settings_can_be_read() {
    let config: Active = serde_json::from_str(r#"{"rise": 5, "initial": "Healthy"}"#).unwrap();
    assert_eq!(config, Active::default().rise(5).initial(Initial::Healthy));
    assert!(serde_json::from_str::<Active>(r#"{"rice": 5}"#).is_err());
    let outlier: Outlier = serde_json::from_str(r#"{"max_ejected": {"Count": 3}}"#).unwrap();
    assert_eq!(outlier.max_ejected, MaxEjected::Count(3));
    let text = serde_json::to_string(&Outlier::grpc()).unwrap();
    assert_eq!(
        serde_json::from_str::<Outlier>(&text).unwrap(),
        Outlier::grpc()
    );
}
