//! Clocks: the time now, and the nanoseconds since a moment taken before.

use std::thread;
use std::time::{Duration, Instant};

use tenfold::clock::{MonotonicClock, Tick};

use crate::worker::Repeat;
use crate::workload::{Contestant, Role, Timed, Worker, Workload};

const THREADS: &[usize] = &[1, 2];

pub(crate) fn workloads() -> Vec<Workload> {
    let now = vec![
        reading::<MonotonicClock>("tenfold", Role::Tenfold),
        reading::<Std>("std Instant", Role::Peer),
        reading::<Quanta>("quanta", Role::Peer),
        reading::<QuantaClock>("quanta (own clock)", Role::Peer),
        reading::<Counter>("bare counter", Role::Limit),
    ];
    // fastant is compared only here: its instants are raw counter values and become nanoseconds in a difference, so
    // `now` alone would compare unequal work.
    let elapsed = vec![
        lapsing::<MonotonicClock>("tenfold", Role::Tenfold),
        lapsing::<Std>("std Instant", Role::Peer),
        lapsing::<Quanta>("quanta", Role::Peer),
        lapsing::<QuantaClock>("quanta (own clock)", Role::Peer),
        lapsing::<Fastant>("fastant", Role::Peer),
    ];
    vec![
        Workload::timed("now", THREADS, now),
        Workload::timed("elapsed", THREADS, elapsed),
    ]
}

/// A source of time.
trait Source: Sync + 'static {
    type Moment: Copy + Send + Sync;

    fn new() -> Self;

    fn now(&self) -> Self::Moment;

    /// Nanoseconds from `earlier` to now; none for a limit that cannot tell.
    fn nanos_since(&self, earlier: Self::Moment) -> Option<u64>;
}

fn reading<C: Source>(name: &'static str, role: Role) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, || {
        let clock = C::new();
        check(&clock)?;
        Ok(Box::new(Reading(clock)) as Box<dyn Timed>)
    })
}

fn lapsing<C: Source>(name: &'static str, role: Role) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, || {
        let clock = C::new();
        check(&clock)?;
        let start = clock.now();
        Ok(Box::new(Lapsing { clock, start }) as Box<dyn Timed>)
    })
}

/// Whether the clock sees two milliseconds pass, or a little more, as the system may wake a thread late.
fn check<C: Source>(clock: &C) -> Result<(), String> {
    let start = clock.now();
    thread::sleep(Duration::from_millis(2));
    match clock.nanos_since(start) {
        Some(nanos) if !(1_900_000..=1_000_000_000).contains(&nanos) => {
            Err(format!("2 ms took {nanos} ns"))
        }
        _ => Ok(()),
    }
}

const BATCH: u64 = 1024;

struct Reading<C>(C);

impl<C: Source> Timed for Reading<C> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Repeat::new(BATCH, || self.0.now()))
    }
}

struct Lapsing<C: Source> {
    clock: C,
    start: C::Moment,
}

impl<C: Source> Timed for Lapsing<C> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Repeat::new(BATCH, || self.clock.nanos_since(self.start)))
    }
}

fn nanos(duration: Duration) -> Option<u64> {
    u64::try_from(duration.as_nanos()).ok()
}

impl Source for MonotonicClock {
    type Moment = Tick;

    fn new() -> Self {
        Self::new()
    }

    fn now(&self) -> Tick {
        tenfold::clock::Clock::now(self)
    }

    fn nanos_since(&self, earlier: Tick) -> Option<u64> {
        nanos(tenfold::clock::Clock::now(self).since(earlier))
    }
}

struct Std;

impl Source for Std {
    type Moment = Instant;

    fn new() -> Self {
        Self
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn nanos_since(&self, earlier: Instant) -> Option<u64> {
        nanos(earlier.elapsed())
    }
}

struct Quanta;

impl Source for Quanta {
    type Moment = quanta::Instant;

    fn new() -> Self {
        Self
    }

    fn now(&self) -> quanta::Instant {
        quanta::Instant::now()
    }

    fn nanos_since(&self, earlier: quanta::Instant) -> Option<u64> {
        nanos(earlier.elapsed())
    }
}

/// quanta with a clock that the caller keeps, which saves the search for the thread's own.
struct QuantaClock(quanta::Clock);

impl Source for QuantaClock {
    type Moment = quanta::Instant;

    fn new() -> Self {
        Self(quanta::Clock::new())
    }

    fn now(&self) -> quanta::Instant {
        self.0.now()
    }

    fn nanos_since(&self, earlier: quanta::Instant) -> Option<u64> {
        nanos(self.0.now().duration_since(earlier))
    }
}

struct Fastant;

impl Source for Fastant {
    type Moment = fastant::Instant;

    fn new() -> Self {
        Self
    }

    fn now(&self) -> fastant::Instant {
        fastant::Instant::now()
    }

    fn nanos_since(&self, earlier: fastant::Instant) -> Option<u64> {
        nanos(earlier.elapsed())
    }
}

/// The processor's counter without a conversion to nanoseconds, read through quanta because that needs no unsafe code.
struct Counter(quanta::Clock);

impl Source for Counter {
    type Moment = u64;

    fn new() -> Self {
        Self(quanta::Clock::new())
    }

    fn now(&self) -> u64 {
        self.0.raw()
    }

    fn nanos_since(&self, _earlier: u64) -> Option<u64> {
        None
    }
}
