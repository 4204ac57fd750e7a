//! All sizes, and where the knee is.

use super::trial::{Trial, trial};
use crate::audit::Ledger;
use crate::cached::ROUND_TRIP;
use crate::input::Workload;
use crate::problem::Problem;
use crate::stage::Readers;
use crate::worker::Tally;

/// What came of it.
pub(crate) struct Pooled {
    /// Requests that come per second.
    pub(crate) per_second: f64,
    /// By size, smallest first.
    pub(crate) trials: Vec<Trial>,
    /// The smallest size that is enough.
    pub(crate) knee: Trial,
    /// The size that a pool with more than enough suggests by what it saw.
    pub(crate) suggested: u32,
    /// Connections that were in use in that pool, on average.
    pub(crate) busy: f64,
}

impl Pooled {
    /// What was seen in all runs.
    pub(crate) fn tally(&self) -> Tally {
        let others = self.trials.iter().map(|trial| &trial.tally);
        others.fold(self.knee.tally.clone(), |sum, tally| sum.and(tally))
    }

    /// Requests that were neither answered nor given up, or both.
    pub(crate) fn unaccounted(&self) -> u64 {
        let missing = |trial: &Trial| trial.offered.abs_diff(trial.answered() + trial.timed_out);
        self.all().map(missing).sum()
    }

    /// Every trial, by size.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Trial> {
        let below = |trial: &&Trial| trial.connections < self.knee.connections;
        let smaller = self.trials.iter().take_while(below);
        let larger = self.trials.iter().skip_while(below);
        smaller.chain([&self.knee]).chain(larger)
    }
}

/// Sends the workload to pools of different sizes.
pub(crate) fn pooled(
    workload: &Workload,
    ledger: &Ledger,
    readers: &Readers,
    threads: usize,
) -> Result<Pooled, Problem> {
    let per_second = threads as f64 / ROUND_TRIP.as_secs_f64();
    let requests = workload.len().min(MOST);
    let mut trials = Vec::new();
    for size in sizes(threads) {
        let readers = readers.clone();
        trials.push(trial(
            workload, ledger, readers, size, per_second, requests,
        )?);
    }
    let nothing = || Problem::run("looking for the knee", &"there was no run");
    let last = trials.last().ok_or_else(nothing)?;
    let enough = last.latency.quantile(0.99) as f64 * TOLERANCE;
    let (suggested, busy) = (last.stats.suggested_size(last.elapsed), last.busy());
    let is_enough =
        |trial: &Trial| trial.timed_out == 0 && trial.latency.quantile(0.99) as f64 <= enough;
    let knee = trials.iter().position(is_enough);
    let knee = trials.remove(knee.unwrap_or(trials.len() - 1));
    Ok(Pooled {
        per_second,
        trials,
        knee,
        suggested,
        busy,
    })
}

/// From one connection to eight times what is in use on average, closer together where the knee is to be expected.
fn sizes(threads: usize) -> Vec<u32> {
    let busy = threads as f64;
    let mut sizes = vec![1];
    sizes.extend(TIMES.map(|times| ((busy * times).round() as u32).clamp(1, LARGEST)));
    sizes.dedup();
    sizes
}

const TIMES: [f64; 9] = [0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0, 4.0, 8.0];

/// Each connection holds two file descriptors, of which a process usually has 1024.
const LARGEST: u32 = 256;

/// The size is enough from which on more connections make the slowest in a hundred faster by no more than this.
const TOLERANCE: f64 = 1.1;

/// Requests per size: enough for the slowest in a hundred.
const MOST: usize = 20_000;
