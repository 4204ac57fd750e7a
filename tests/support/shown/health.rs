//! A value of each type of `health`.

use std::fmt::Debug;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::clock::ManualClock;
use tenfold::health::registry::{InProcess, Registry, Static};
use tenfold::health::{self, BlockOn, CheckError, CheckTask, Monitor};

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
    let builder = Monitor::builder(|_: &u8| Ok(())).clock(ManualClock::new());
    show("health::Builder", &builder);
    let monitor = builder.build().unwrap();
    show("health::Active", monitor.config());
    show("health::BlockOn", &BlockOn(()));
    show("health::Cause", &health::Cause::Consecutive);
    show("health::CheckError", &CheckError::TimedOut);
    show("health::CheckTask", &task());
    show("health::Error", &health::Error::TooMany { limit: 1 });
    show("health::Executor", &health::Executor::Inline);
    show("health::FailurePercent", &health::FailurePercent::default());
    show("health::Initial", &health::Initial::Healthy);
    show("health::MaxEjected", &health::MaxEjected::default());
    show("health::Monitor", &monitor);
    show("health::Outlier", &health::Outlier::default());
    show("health::Panic", &health::Panic::Never);
    show(
        "health::RiseFall",
        &health::RiseFall::new(1, 1, health::Status::Unknown),
    );
    show("health::Row", &health::Row::default());
    show("health::SlowStart", &health::SlowStart::default());
    show("health::Stats", &monitor.stats());
    show("health::Status", &health::Status::Unknown);
    show("health::SuccessRate", &health::SuccessRate::default());
    show("health::TcpConnect", &health::TcpConnect::default());
    show("health::Upkeep", &health::Upkeep::Manual);
    show("health::Verdict", &health::Verdict::Return { id: 1 });

    let registry = InProcess::with_clock(ManualClock::new());
    let registration = registry.register("a", 1, Duration::from_secs(1)).unwrap();
    show("health::registry::Entries", &registry.entries());
    show("health::registry::InProcess", &registry);
    show("health::registry::Registration", &registration);
    show("health::registry::Static", &Static::new([("a", 1)]));
    show(
        "health::registry::Subscription",
        &registry.watch(Box::new(|_| ())),
    );
}

/// A check under way.
fn task() -> CheckTask {
    let (clock, kept) = (ManualClock::new(), Arc::new(Mutex::new(None)));
    let keeps = kept.clone();
    let spawn = move |task| *keeps.lock().unwrap() = Some(task);
    let monitor = Monitor::spawning(|_: &u8| ready(Ok(())), spawn).clock(clock.clone());
    let monitor = monitor.build().unwrap();
    monitor.add("a", 1).unwrap();
    clock.advance(Duration::from_secs(60));
    let task = kept.lock().unwrap().take();
    task.unwrap()
}
