use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::workload::Worker;

/// Spins for a given number of nanoseconds per operation.
struct Spin {
    nanos: u64,
    runs: AtomicU64,
}

impl Timed for Spin {
    fn batch(&self) -> u64 {
        10
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(self)
    }
}

impl Worker for &Spin {
    fn run(&mut self, batches: u64) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let time = Duration::from_nanos(self.nanos * 10 * batches);
        let began = Instant::now();
        while began.elapsed() < time {}
    }
}

fn spin(nanos: u64) -> Box<dyn Timed> {
    Box::new(Spin {
        nanos,
        runs: AtomicU64::new(0),
    })
}

#[test]
fn finds_the_cost_of_an_operation() {
    let schedule = Schedule {
        rounds: 3,
        slice: Duration::from_millis(2),
        ..Schedule::QUICK
    };
    let samples = interleaved(&[spin(100), spin(10_000)], 1, schedule);
    let samples = samples.unwrap_or_default();
    assert_eq!(samples.len(), 2);
    for (samples, least) in samples.iter().zip([100.0, 10_000.0]) {
        assert_eq!(samples.len(), 3);
        assert!(
            samples.iter().all(|&sample| sample >= least),
            "{samples:?} below {least}"
        );
    }
}

/// Does nothing, and says how much it was asked to do.
struct Telling(u64);

impl Timed for Telling {
    fn batch(&self) -> u64 {
        1
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Self(thread as u64))
    }
}

impl Worker for Telling {
    fn run(&mut self, _batches: u64) {
        thread::sleep(Duration::from_millis(1));
    }

    fn figure(&mut self) -> Option<f64> {
        Some(self.0 as f64)
    }
}

#[test]
fn takes_the_mean_of_what_workers_say() {
    let samples = interleaved(&[Box::new(Telling(0))], 4, Schedule::QUICK);
    assert_eq!(samples, Ok(vec![vec![1.5; Schedule::QUICK.rounds]]));
}

/// Dies on its first run.
struct Dying;

impl Timed for Dying {
    fn batch(&self) -> u64 {
        1
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        assert_ne!(thread, 1, "dies while it makes its workers");
        Box::new(self)
    }
}

impl Worker for &Dying {
    fn run(&mut self, _batches: u64) {
        unreachable!("dies while it works");
    }
}

#[test]
fn reports_a_dead_thread_and_does_not_hang() {
    for threads in [1, 2] {
        let result = interleaved(&[Box::new(Dying)], threads, Schedule::QUICK);
        assert_eq!(result, Err(GONE.to_owned()));
    }
}
