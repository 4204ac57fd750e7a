//! Simulated hours of a counter and a clock that disagree in every way they can.

use std::cell::{Cell, RefCell};

use proptest::prelude::*;

use super::*;
use crate::kernel::rng::Rng;

/// What the counter does apart from counting.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    /// The slow clock stands still while the counter goes on, as over a suspension.
    Suspended {
        seconds: u64,
    },
    /// The counter falls back by this many segments: more than pass between two readings, so not into the current one.
    SetBack {
        segments: u64,
    },
}

/// A machine in simulated time. Reading a clock takes time, now and then a lot of it.
struct Machine {
    truth_nanos: Cell<f64>,
    counter_offset: Cell<f64>,
    slow_nanos: Cell<f64>,
    gigahertz: f64,
    /// The slow clock's rate against the truth.
    slew: Cell<f64>,
    rng: RefCell<Rng>,
}

impl Machine {
    fn new(gigahertz: f64, seed: u64) -> Self {
        Self {
            truth_nanos: Cell::new(0.0),
            counter_offset: Cell::new(4e15),
            slow_nanos: Cell::new(0.0),
            gigahertz,
            slew: Cell::new(1.0),
            rng: RefCell::new(Rng::seeded(seed)),
        }
    }

    fn pass(&self, nanos: f64) {
        self.truth_nanos.set(self.truth_nanos.get() + nanos);
        self.slow_nanos
            .set(self.slow_nanos.get() + nanos * self.slew.get());
    }

    fn reading_takes_time(&self) {
        let mut rng = self.rng.borrow_mut();
        let interrupted = rng.below(1_000) == 0;
        self.pass(if interrupted {
            1e6
        } else {
            5.0 + 30.0 * rng.unit()
        });
    }

    fn hit_by(&self, trouble: Trouble) {
        match trouble {
            Trouble::None => {}
            Trouble::Suspended { seconds } => self
                .truth_nanos
                .set(self.truth_nanos.get() + seconds as f64 * 1e9),
            Trouble::SetBack { segments } => {
                let steps = (segments * SEGMENT) as f64;
                self.counter_offset.set(self.counter_offset.get() - steps);
            }
        }
    }
}

impl Source for Machine {
    fn counter(&self) -> u64 {
        self.reading_takes_time();
        (self.counter_offset.get() + self.truth_nanos.get() * self.gigahertz) as u64
    }

    fn nanos(&self) -> u64 {
        self.reading_takes_time();
        self.slow_nanos.get() as u64
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        40 => Just(Trouble::None),
        1 => (1_u64..100_000).prop_map(|seconds| Trouble::Suspended { seconds }),
        1 => (1_000_u64..10_000).prop_map(|segments| Trouble::SetBack { segments }),
    ]
}

proptest! {
    /// Monotone always; by the slow clock always, whatever both of them do.
    #[test]
    fn follows_the_slow_clock_and_never_runs_backwards(
        gigahertz in 0.3..5.0_f64,
        seed: u64,
        steps in prop::collection::vec((0.0..9.5_f64, -100_000.0..100_000.0_f64, trouble(), 1_usize..20), 1..300),
    ) {
        let clock = Disciplined::new(Machine::new(gigahertz, seed));
        // As far as a segment goes: a slew of a tenth may turn within it, and a counter that falls back leaves all of it. How
        // near the clock is without such trouble is another test.
        let bound = (SEGMENT as f64 / gigahertz * 1.3) as u64;
        let mut last = Tick::ZERO;
        for (log_nanos, ppm, trouble, reads) in steps {
            clock.source.slew.set(1.0 + ppm * 1e-6);
            clock.source.pass(10_f64.powf(log_nanos));
            clock.source.hit_by(trouble);
            for _ in 0..reads {
                let before = clock.source.slow_nanos.get() as u64;
                let now = clock.now();
                let after = clock.source.slow_nanos.get() as u64;
                prop_assert!(now >= last, "{now:?} after {last:?}");
                let off = before.saturating_sub(now.as_nanos()).max(now.as_nanos().saturating_sub(after));
                prop_assert!(off <= bound, "{now:?} is {off} ns outside of {before}..={after}");
                last = now;
            }
        }
    }
}

#[test]
fn in_quiet_hours_the_deviation_is_a_slew_of_one_segment() {
    let clock = Disciplined::new(Machine::new(2.5, 7));
    let mut worst = 0;
    for hour_part in 0..200_000_u64 {
        // A slew that turns every 500 s, and a reading every 18 ms: one simulated hour.
        clock.source.slew.set(if hour_part / 27_000 % 2 == 0 {
            1.000_5
        } else {
            0.999_5
        });
        clock.source.pass(18e6);
        let before = clock.source.slow_nanos.get() as u64;
        let now = clock.now().as_nanos();
        let after = clock.source.slow_nanos.get() as u64;
        if hour_part > 10 {
            worst = worst
                .max(before.saturating_sub(now))
                .max(now.saturating_sub(after));
        }
    }
    // A turn of the slew is 1000 ppm against the last measured rate, for one segment of 54 ms.
    assert!(worst < 60_000, "{worst} ns");
    assert!(!clock.distrusted.load(Ordering::Relaxed));
}

#[test]
fn a_counter_that_lies_loses_the_trust_and_time_goes_on() {
    let clock = Disciplined::new(Machine::new(2.5, 3));
    let mut last = Tick::ZERO;
    for round in 0..200 {
        clock.source.pass(30e6);
        // Twice as far as it should, every other time.
        if round % 2 == 0 {
            clock
                .source
                .counter_offset
                .set(clock.source.counter_offset.get() + 30e6 * 2.5);
        }
        let now = clock.now();
        assert!(now >= last);
        last = now;
    }
    assert!(clock.distrusted.load(Ordering::Relaxed));
    let slow = clock.source.nanos();
    assert!(clock.now().as_nanos() >= slow);
    assert!(clock.now().as_nanos() < slow + 10_000_000);
}
