//! Interleaved timing: A B C A B C …, so that a slow moment of the machine hits every contestant and cancels out of the
//! ratio of one round.
//!
//! The threads live as long as the workload and start each slice at a barrier, so starting and joining threads is not
//! measured. A figure is wall time (first start to last end) divided by the operations of all threads together.

use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::workload::Timed;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) rounds: usize,
    /// What one contestant gets in one round.
    pub(crate) slice: Duration,
}

impl Schedule {
    /// Enough for a figure.
    pub(crate) const FULL: Self = Self {
        rounds: 21,
        slice: Duration::from_millis(40),
    };
    /// Enough to see that every contestant works.
    pub(crate) const QUICK: Self = Self {
        rounds: 5,
        slice: Duration::from_millis(8),
    };
}

/// Nanoseconds per operation of each contestant in each round.
pub(crate) fn interleaved(
    contestants: &[Box<dyn Timed>],
    threads: usize,
    schedule: Schedule,
) -> Result<Vec<Vec<f64>>, String> {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let mut crew = Vec::new();
        let mut handles = Vec::new();
        for thread in 0..threads {
            let (orders, inbox) = channel();
            let (outbox, spans) = channel();
            let start = &start;
            handles.push(scope.spawn(move || labour(contestants, thread, start, &inbox, &outbox)));
            crew.push(Hand { orders, spans });
        }
        let samples = rounds(&crew, contestants, schedule);
        drop(crew);
        let joined = handles
            .into_iter()
            .map(ScopedJoinHandle::join)
            .collect::<Result<Vec<()>, _>>();
        joined.map_err(|_| GONE.to_owned())?;
        samples
    })
}

/// The coordinator's side of one thread.
struct Hand {
    orders: Sender<Order>,
    spans: Receiver<Span>,
}

#[derive(Clone, Copy)]
struct Order {
    contestant: usize,
    batches: u64,
}

#[derive(Clone, Copy)]
struct Span {
    began: Instant,
    ended: Instant,
}

const GONE: &str = "a measuring thread panicked";

/// One thread: makes its workers, reports that it is ready, then carries out orders until none can come.
fn labour(
    contestants: &[Box<dyn Timed>],
    thread: usize,
    start: &Barrier,
    inbox: &Receiver<Order>,
    outbox: &Sender<Span>,
) {
    let mut workers: Vec<_> = contestants
        .iter()
        .map(|contestant| contestant.worker(thread))
        .collect();
    let now = Instant::now();
    let mut report = Span {
        began: now,
        ended: now,
    };
    while outbox.send(report).is_ok() {
        let Ok(order) = inbox.recv() else { return };
        start.wait();
        let began = Instant::now();
        if let Some(worker) = workers.get_mut(order.contestant) {
            worker.run(order.batches);
        }
        report = Span {
            began,
            ended: Instant::now(),
        };
    }
}

fn rounds(
    crew: &[Hand],
    contestants: &[Box<dyn Timed>],
    schedule: Schedule,
) -> Result<Vec<Vec<f64>>, String> {
    // Nobody gets an order before all are ready: a thread that died while it made its workers must not leave the
    // others at the barrier.
    wait(crew)?;
    let mut batches = Vec::with_capacity(contestants.len());
    for contestant in 0..contestants.len() {
        batches.push(calibrate(crew, contestant, schedule.slice)?);
    }
    let mut samples = vec![Vec::with_capacity(schedule.rounds); contestants.len()];
    for _ in 0..schedule.rounds {
        let turns = contestants.iter().zip(&batches).zip(&mut samples);
        for (contestant, ((timed, &batches), samples)) in turns.enumerate() {
            let wall = run(
                crew,
                Order {
                    contestant,
                    batches,
                },
            )?;
            let operations = crew.len() as f64 * batches as f64 * timed.batch() as f64;
            samples.push(wall.as_nanos() as f64 / operations);
        }
    }
    Ok(samples)
}

/// How many batches fill a slice; finding out also warms the contestant up.
fn calibrate(crew: &[Hand], contestant: usize, slice: Duration) -> Result<u64, String> {
    let mut batches = 1_u64;
    loop {
        let wall = run(
            crew,
            Order {
                contestant,
                batches,
            },
        )?;
        let fits = slice.as_secs_f64() / wall.as_secs_f64().max(1e-9);
        if fits <= 2.0 {
            return Ok(((batches as f64 * fits) as u64).max(1));
        }
        batches = batches.saturating_mul(fits.min(16.0) as u64);
    }
}

/// Gives every thread the same order and returns the time from the first start to the last end.
fn run(crew: &[Hand], order: Order) -> Result<Duration, String> {
    for hand in crew {
        hand.orders.send(order).map_err(|_| GONE.to_owned())?;
    }
    wait(crew)
}

fn wait(crew: &[Hand]) -> Result<Duration, String> {
    let spans = crew
        .iter()
        .map(|hand| hand.spans.recv())
        .collect::<Result<Vec<_>, _>>();
    let spans = spans.map_err(|_| GONE.to_owned())?;
    let began = spans.iter().map(|span| span.began).min();
    let ended = spans.iter().map(|span| span.ended).max();
    Ok(began
        .zip(ended)
        .map(|(began, ended)| ended.duration_since(began))
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
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
}
