//! Once per interval: who is out, who comes back.

use super::outlier::{FailurePercent, Outlier, SuccessRate};
use crate::kernel::clock::Tick;
use crate::kernel::rng::Rng;

/// What is known of a backend at the end of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a row that callers fill in")]
pub struct Row {
    /// Who it is.
    pub id: u64,
    /// Requests of the interval that succeeded.
    pub successes: u64,
    /// Requests of the interval that failed.
    pub failures: u64,
    /// Failures in a row up to now.
    pub consecutive: u32,
    /// How often it was out lately: counted up by each ejection, down by each clean interval.
    pub times: u32,
    /// When it comes back, if it is out.
    pub until: Option<Tick>,
    /// It was out during a part of the interval: its counts say nothing, and it is neither judged nor forgiven. Who is out now need not say
    /// so.
    pub was_out: bool,
}

/// A change that a sweep made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is out.
    Eject {
        /// Who.
        id: u64,
        /// Until when.
        until: Tick,
        /// For which reason.
        cause: Cause,
    },
    /// It is back.
    Return {
        /// Who.
        id: u64,
    },
}

/// Why a backend is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Cause {
    /// Too many failures in a row.
    Consecutive,
    /// Its rate of success is far below that of the others.
    SuccessRate,
    /// Too many of its requests failed.
    FailurePercent,
}

impl Outlier {
    /// Looks at everybody once per interval: writes `times`, `until` and `consecutive` of the rows, and returns what has changed, in this
    /// order: who comes back, and who is out, the worst first.
    ///
    /// The rows are all members, those that are out included. Afterwards no more of them are out than [`max_ejected`](Self::max_ejected)
    /// says; if there are fewer members than there were, those that would be back first come back.
    ///
    /// ```
    /// use tenfold::clock::Tick;
    /// use tenfold::health::{Cause, Outlier, Row, Verdict};
    /// use tenfold::rng::Rng;
    ///
    /// let mut rows: Vec<_> = (0..5).map(|id| Row { id, successes: 100, ..Row::default() }).collect();
    /// rows[3].consecutive = 5;
    /// let mut rng = Rng::seeded(1);
    /// let (now, outlier) = (Tick::ZERO, Outlier::default());
    /// let until = now.saturating_add(outlier.base_ejection);
    /// let out = [Verdict::Eject { id: 3, until, cause: Cause::Consecutive }];
    /// assert_eq!(outlier.sweep(&mut rows, now, &mut rng), out);
    /// assert_eq!(outlier.sweep(&mut rows, until, &mut rng), [Verdict::Return { id: 3 }]);
    /// ```
    ///
    /// # Complexity
    ///
    /// A few passes over the rows, and sorting the candidates.
    pub fn sweep(&self, rows: &mut [Row], now: Tick, rng: &mut Rng) -> Vec<Verdict> {
        let most = self.max_ejected.of(rows.len());
        let mut verdicts = Vec::new();
        let was_out: Vec<bool> = rows
            .iter()
            .map(|row| row.was_out || row.until.is_some())
            .collect();
        let mut ejected = bring_back(rows, now, most, &mut verdicts);
        let mut candidates = self.candidates(rows, &was_out);
        candidates.sort_by(|a, b| b.badness.total_cmp(&a.badness).then(a.index.cmp(&b.index)));
        for Candidate { index, cause, .. } in candidates {
            let Some(row) = rows.get_mut(index) else {
                continue;
            };
            if ejected >= most {
                break;
            }
            if row.until.is_some() {
                continue;
            }
            let (times, until) = self.ejection(row.times, now, rng);
            (row.times, row.until) = (times, Some(until));
            // They have had their effect.
            row.consecutive = 0;
            ejected += 1;
            verdicts.push(Verdict::Eject {
                id: row.id,
                until,
                cause,
            });
        }
        for (row, was_out) in rows.iter_mut().zip(was_out) {
            if row.until.is_none() && !was_out {
                row.times = row.times.saturating_sub(1);
            }
        }
        verdicts
    }

    /// Those that some rule finds, once for each rule. Who was out in this interval is not judged by what happened before it.
    fn candidates(&self, rows: &[Row], was_out: &[bool]) -> Vec<Candidate> {
        let seen = rows.iter().zip(was_out).enumerate();
        let judged: Vec<(usize, &Row)> = seen
            .filter(|(_, (_, was_out))| !**was_out)
            .map(|(index, (row, _))| (index, row))
            .collect();
        let mut found = Vec::new();
        if let Some(most) = self.consecutive {
            let failing = judged
                .iter()
                .filter(|(_, row)| row.consecutive >= most.max(1));
            found.extend(failing.map(|(index, row)| Candidate {
                index: *index,
                // Before all rates.
                badness: 1.0 + f64::from(row.consecutive),
                cause: Cause::Consecutive,
            }));
        }
        if let Some(rule) = self.success_rate {
            found.extend(below_the_others(&rule, &judged));
        }
        if let Some(rule) = self.failure_percent {
            found.extend(failing_too_often(&rule, &judged));
        }
        found
    }
}

struct Candidate {
    index: usize,
    badness: f64,
    cause: Cause,
}

/// Ends the ejections whose time is over, and those that are too many. How many are left.
fn bring_back(rows: &mut [Row], now: Tick, most: usize, verdicts: &mut Vec<Verdict>) -> usize {
    let mut out: Vec<(Tick, usize)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        out.extend(row.until.map(|until| (until, index)));
    }
    out.sort_unstable();
    let mut left = out.len();
    for (until, index) in out {
        if until > now && left <= most {
            break;
        }
        if let Some(row) = rows.get_mut(index) {
            row.until = None;
            verdicts.push(Verdict::Return { id: row.id });
        }
        left -= 1;
    }
    left
}

/// Requests that succeeded and that there were, of those who had enough.
fn rates(rows: &[(usize, &Row)], min_requests: u64) -> Vec<(usize, f64)> {
    let mut rates = Vec::new();
    for &(index, row) in rows {
        let requests = row.successes.saturating_add(row.failures);
        if requests >= min_requests.max(1) {
            rates.push((index, row.successes as f64 / requests as f64));
        }
    }
    rates
}

fn below_the_others(rule: &SuccessRate, rows: &[(usize, &Row)]) -> Vec<Candidate> {
    let rates = rates(rows, rule.min_requests);
    if rates.is_empty() || rates.len() < rule.min_hosts as usize {
        return Vec::new();
    }
    let count = rates.len() as f64;
    let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / count;
    let variance = rates
        .iter()
        .map(|(_, rate)| (rate - mean) * (rate - mean))
        .sum::<f64>()
        / count;
    let threshold = mean - f64::from(rule.factor).max(0.0) * variance.sqrt();
    // With equal rates, rounding must not make one of them the worse.
    let below = rates
        .into_iter()
        .filter(|(_, rate)| threshold - rate > 1e-9);
    let candidate = |(index, rate)| Candidate {
        index,
        badness: 1.0 - rate,
        cause: Cause::SuccessRate,
    };
    below.map(candidate).collect()
}

fn failing_too_often(rule: &FailurePercent, rows: &[(usize, &Row)]) -> Vec<Candidate> {
    let rates = rates(rows, rule.min_requests);
    if rates.len() < rule.min_hosts as usize {
        return Vec::new();
    }
    let most = 1.0 - f64::from(rule.percent) / 100.0;
    let failing = rates.into_iter().filter(|(_, rate)| *rate <= most + 1e-9);
    let candidate = |(index, rate)| Candidate {
        index,
        badness: 1.0 - rate,
        cause: Cause::FailurePercent,
    };
    failing.map(candidate).collect()
}
