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
    /// Rounds of scenes.
    pub(crate) plays: usize,
    /// How long a scene is.
    pub(crate) play: Duration,
}

impl Schedule {
    /// Enough for a figure.
    pub(crate) const FULL: Self = Self {
        rounds: 21,
        slice: Duration::from_millis(40),
        plays: 7,
        play: Duration::from_millis(1500),
    };
    /// Enough to see that every contestant works.
    pub(crate) const QUICK: Self = Self {
        rounds: 5,
        slice: Duration::from_millis(8),
        plays: 1,
        play: Duration::from_millis(60),
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
    /// What the worker says instead.
    figure: Option<f64>,
}

/// What all threads did together.
struct Lap {
    wall: Duration,
    /// The mean of what their workers say, if all do.
    figure: Option<f64>,
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
        figure: None,
    };
    while outbox.send(report).is_ok() {
        let Ok(order) = inbox.recv() else { return };
        start.wait();
        let began = Instant::now();
        if let Some(worker) = workers.get_mut(order.contestant) {
            worker.run(order.batches);
        }
        let ended = Instant::now();
        let worker = workers.get_mut(order.contestant);
        report = Span {
            began,
            ended,
            figure: worker.and_then(|worker| worker.figure()),
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
            let lap = run(
                crew,
                Order {
                    contestant,
                    batches,
                },
            )?;
            let operations = crew.len() as f64 * batches as f64 * timed.batch() as f64;
            let per_operation = lap.wall.as_nanos() as f64 / operations;
            samples.push(lap.figure.unwrap_or(per_operation));
        }
    }
    Ok(samples)
}

/// How many batches fill a slice; finding out also warms the contestant up.
fn calibrate(crew: &[Hand], contestant: usize, slice: Duration) -> Result<u64, String> {
    let mut batches = 1_u64;
    loop {
        let lap = run(
            crew,
            Order {
                contestant,
                batches,
            },
        )?;
        let fits = slice.as_secs_f64() / lap.wall.as_secs_f64().max(1e-9);
        if fits <= 2.0 {
            return Ok(((batches as f64 * fits) as u64).max(1));
        }
        batches = batches.saturating_mul(fits.min(16.0) as u64);
    }
}

/// Gives every thread the same order.
fn run(crew: &[Hand], order: Order) -> Result<Lap, String> {
    for hand in crew {
        hand.orders.send(order).map_err(|_| GONE.to_owned())?;
    }
    wait(crew)
}

/// The time from the first start to the last end, and what the workers say.
fn wait(crew: &[Hand]) -> Result<Lap, String> {
    let spans = crew
        .iter()
        .map(|hand| hand.spans.recv())
        .collect::<Result<Vec<_>, _>>();
    let spans = spans.map_err(|_| GONE.to_owned())?;
    let began = spans.iter().map(|span| span.began).min();
    let ended = spans.iter().map(|span| span.ended).max();
    let wall = began
        .zip(ended)
        .map(|(began, ended)| ended.duration_since(began))
        .unwrap_or_default();
    let sum: Option<f64> = spans.iter().map(|span| span.figure).sum();
    let figure = sum.map(|sum| sum / spans.len() as f64);
    Ok(Lap { wall, figure })
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
