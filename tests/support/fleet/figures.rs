//! What came of a run.

use super::scenario::{COLD, Scenario};
use super::server::Server;
use super::{DECAY, SERVERS};

/// Units in which picks are counted together.
const BIN: f64 = 5.0;
/// Bins over which a share is smoothed.
const SMOOTHED: usize = 5;

/// Notes what happens during a run.
#[derive(Debug)]
pub(crate) struct Record {
    whole: f64,
    latencies: Vec<f32>,
    errors: usize,
    /// Picks of server 0, and of all, by time.
    bins: Vec<(u32, u32)>,
    picked: (u64, u64),
}

/// The figures of a run. Times are in units, shares are relative to the fair one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// Percent.
    pub(crate) errors: f64,
    /// Of server 0, from the end of the warm-up on.
    pub(crate) share: f64,
    /// The busiest server's work by the mean of all.
    pub(crate) peak: f64,
    /// From when server 0 goes wrong until its share stays below twice the fair one.
    pub(crate) divert: f64,
    /// From when server 0 heals until its share is 80 % of the fair one.
    pub(crate) regain: f64,
    /// The share of server 0 from 5 decay times after it heals on, for 3 decay times.
    pub(crate) healed: f64,
    /// The largest share in a tenth of the time that a joining server is cold.
    pub(crate) joining: f64,
}

impl Record {
    pub(super) fn new(whole: f64) -> Self {
        Self {
            whole,
            latencies: Vec::new(),
            errors: 0,
            bins: Vec::new(),
            picked: (0, 0),
        }
    }

    pub(super) fn picked(&mut self, now: f64, server: usize, measured: bool) {
        let index = (now / BIN) as usize;
        if self.bins.len() <= index {
            self.bins.resize(index + 1, (0, 0));
        }
        let first = server == 0;
        if let Some(bin) = self.bins.get_mut(index) {
            bin.0 += u32::from(first);
            bin.1 += 1;
        }
        if measured {
            self.picked.0 += u64::from(first);
            self.picked.1 += 1;
        }
    }

    pub(super) fn ended(&mut self, latency: f64, failed: bool) {
        if failed {
            self.errors += 1;
        } else {
            self.latencies.push(latency as f32);
        }
    }

    pub(super) fn figures(mut self, scenario: Scenario, servers: &[Server]) -> Figures {
        let counted = self.latencies.len() + self.errors;
        let sum: f64 = servers.iter().map(|server| server.worked).sum();
        let most = servers
            .iter()
            .map(|server| server.worked)
            .fold(0.0, f64::max);
        let heals = scenario.wrong(self.whole).filter(|(_, to)| to.is_finite());
        Figures {
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            errors: 100.0 * self.errors as f64 / counted.max(1) as f64,
            share: relative(self.picked.0 as f64, self.picked.1 as f64),
            peak: most * servers.len() as f64 / sum,
            divert: heals.map_or(f64::NAN, |(from, to)| self.divert(from, to)),
            regain: heals.map_or(f64::NAN, |(_, to)| self.regain(to)),
            healed: heals.map_or(f64::NAN, |(_, to)| {
                self.share(to + 5.0 * DECAY, to + 8.0 * DECAY)
            }),
            joining: scenario.joins(self.whole).map_or(f64::NAN, |at| {
                let tenth = |n: u32| at + COLD / 10.0 * f64::from(n);
                (0..10)
                    .map(|n| self.share(tenth(n), tenth(n + 1)))
                    .fold(0.0, f64::max)
            }),
        }
    }

    fn quantile(&mut self, part: f64) -> f64 {
        let index = (self.latencies.len() as f64 * part) as usize;
        if index >= self.latencies.len() {
            return f64::NAN;
        }
        let (_, value, _) = self.latencies.select_nth_unstable_by(index, f32::total_cmp);
        f64::from(*value)
    }

    /// The share of server 0 between two times, by whole bins.
    fn share(&self, from: f64, to: f64) -> f64 {
        let bins = (from / BIN).round() as usize..(to / BIN).round() as usize;
        let bins = self.bins.get(bins).unwrap_or(&[]);
        let first: u32 = bins.iter().map(|bin| bin.0).sum();
        let all: u32 = bins.iter().map(|bin| bin.1).sum();
        relative(f64::from(first), f64::from(all))
    }

    fn divert(&self, from: f64, to: f64) -> f64 {
        let first = (from / BIN) as usize + 1;
        let count = ((to - from) / BIN) as usize;
        let bins = self.bins.iter().skip(first).take(count.saturating_sub(2));
        let mut high = bins
            .enumerate()
            .filter(|(_, bin)| relative(f64::from(bin.0), f64::from(bin.1)) >= 2.0);
        high.next_back()
            .map_or(0.0, |(bin, _)| (bin + 1) as f64 * BIN)
    }

    fn regain(&self, healed: f64) -> f64 {
        let first = (healed / BIN) as usize + 1;
        let windows = self
            .bins
            .get(first..)
            .unwrap_or(&[])
            .windows(SMOOTHED)
            .map(|bins| {
                bins.iter()
                    .fold((0, 0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1))
            });
        let mut shares = windows.map(|(first, all)| relative(f64::from(first), f64::from(all)));
        shares
            .position(|share| share >= 0.8)
            .map_or(f64::INFINITY, |bin| (bin + SMOOTHED) as f64 * BIN)
    }
}

fn relative(first: f64, all: f64) -> f64 {
    first / all * SERVERS as f64
}

impl Figures {
    /// Figure by figure the median of several runs.
    pub(crate) fn median(runs: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> f64| {
            let mut values: Vec<_> = runs.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            p50: median(|run| run.p50),
            p99: median(|run| run.p99),
            p999: median(|run| run.p999),
            errors: median(|run| run.errors),
            share: median(|run| run.share),
            peak: median(|run| run.peak),
            divert: median(|run| run.divert),
            regain: median(|run| run.regain),
            healed: median(|run| run.healed),
            joining: median(|run| run.joining),
        }
    }
}
