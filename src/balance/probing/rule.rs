//! The policy.

use std::fmt;
use std::time::Duration;

use super::pool::{Answer, Answers, Pool, SIZE};
use super::probe::{Probe, Reply, Unprobed};
use crate::balance::policy::hot_cold::{Row, best_and_worst, hot_limit};
use crate::balance::policy::plan::Scale;
use crate::balance::policy::{Adaptive, Policy, View};
use crate::balance::{BackendId, Request};
use crate::kernel::clock::saturating_nanos;
use crate::kernel::sync::Arc;

/// Asks backends ahead how they are, and takes the fastest of those that have not too much to do.
///
/// Each pick asks up to three backends, drawn at random, and chooses among the answers to earlier questions: at most 16, none older than
/// [set](Self::max_age), each used once if there are more backends, or twice if fewer than three are asked. A backend with more under
/// way than about 84 % of them is hot. Of
/// those that are not, the one is taken whose latency and work that waits are least, where the latency counts more; if all are hot, the one
/// with the least under way. Those that have failed lately come last.
///
/// An answer is a few requests old when it is used, so the balancer's own requests since then are added to what it says. One
/// pick in 32 is checked against a backend drawn at random by the rule of [`Adaptive`]: so a backend that answers badly, or not at all,
/// is still tried, and gets its part when it has healed.
///
/// While there are fewer than two answers, it chooses as [`Adaptive`] does.
///
/// Without a [`Probe`] ([`local`](Self::local)) it looks at what this balancer itself knows of a few backends. That is as good as an
/// answer if
/// nobody else sends them requests.
///
/// # When not to use this
///
/// When backends can't be asked for less than a request costs, and when they are all alike: [`Adaptive`] is as good there, and simpler.
///
/// # Complexity
///
/// A look at 16 answers under a lock that no pick waits for: one that finds it taken chooses as [`Adaptive`] does. At most 64
/// questions are on
/// their way at a time.
///
/// # Source
///
/// Prequal: B. Wydrowski and others, NSDI 2024 (arXiv 2312.10172).
pub struct Probing<Pr: Probe = Unprobed> {
    probe: Option<Pr>,
    pool: Arc<Pool>,
    max_age: u64,
    probes: u32,
}

/// What [`Probing`] computes ahead.
#[derive(Clone, Debug)]
pub struct ProbePlan {
    scale: Scale,
    /// Sorted.
    by_id: Box<[(BackendId, u32)]>,
}

/// Backends that are looked at without probes.
const LOOKS: usize = 4;
/// One choice in this many is checked, a power of two.
const CHECKED: u64 = 32;
const MOST_PROBES: u32 = 3;

impl Probing {
    /// Without probes: by what the balancer knows itself.
    #[must_use]
    pub fn local() -> Self {
        Self::with(None)
    }
}

impl<Pr: Probe> Probing<Pr> {
    /// With probes.
    pub fn new(probe: Pr) -> Self {
        Self::with(Some(probe))
    }

    fn with(probe: Option<Pr>) -> Self {
        Self {
            probe,
            pool: Arc::new(Pool::new()),
            max_age: 1_000_000_000,
            probes: MOST_PROBES,
        }
    }

    /// How old an answer may be, from when it was asked for: 1 s if not set.
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        Self {
            max_age: saturating_nanos(age),
            ..self
        }
    }

    /// Backends that each pick asks: 3 if not set, 1 to 3.
    #[must_use]
    pub fn probes_per_pick(self, probes: u32) -> Self {
        Self {
            probes: probes.clamp(1, MOST_PROBES),
            ..self
        }
    }

    /// A choice by the answers, and whether there was one.
    fn by_answers<V: View>(
        &self,
        plan: &ProbePlan,
        view: &V,
        request: &Request<'_>,
    ) -> Option<usize> {
        self.pool
            .try_with(|answers| self.choose(answers, plan, view, request))
            .flatten()
    }

    fn choose<V: View>(
        &self,
        answers: &mut Answers,
        plan: &ProbePlan,
        view: &V,
        request: &Request<'_>,
    ) -> Option<usize> {
        let now = view.now().as_nanos();
        answers.retain(|answer| now.saturating_sub(answer.asked.as_nanos()) <= self.max_age);
        let mut rows = [Row::default(); SIZE];
        let mut loads = [0.0; SIZE];
        // Places of the answers and indices of the backends that these rows are of.
        let mut whose = [(0, 0); SIZE];
        let mut count = 0;
        for (place, answer) in answers.list().iter().enumerate().take(SIZE) {
            let Some(index) = plan.index_of(answer.backend) else {
                continue;
            };
            // The view has only those that may be chosen: one that is not in order, if all are asked since too few are.
            if request.excludes(answer.backend) || !view.has_room(index) {
                continue;
            }
            let row = row(answer, plan, view, index);
            if let (Some(a), Some(b), Some(c)) = (
                rows.get_mut(count),
                loads.get_mut(count),
                whose.get_mut(count),
            ) {
                (*a, *b, *c) = (row, row.in_flight, (place, index));
                count += 1;
            }
        }
        if count < 2 {
            return None;
        }
        let limit = hot_limit(loads.get_mut(..count)?);
        let (best, worst) = best_and_worst(rows.get(..count)?, limit)?;
        let (place, index) = *whose.get(best)?;
        let (worst, _) = *whose.get(worst)?;
        // The pool has room for all of a small fleet, until newer answers come. Of a large one three questions per pick bring new answers
        // for every pick, and to spare.
        let is_small = view.len() <= SIZE;
        let uses = match self.probes {
            _ if is_small => u32::MAX,
            MOST_PROBES => 1,
            _ => 2,
        };
        let gone = answers.used(place, uses);
        // One more goes at each pick, so that old answers and bad ones don't fill the pool.
        if !is_small && !gone && answers.list().len() > SIZE / 2 {
            answers.oldest_next = !answers.oldest_next;
            let gone = if answers.oldest_next { 0 } else { worst };
            answers.remove(gone);
        }
        Some(index)
    }

    fn ask<V: View>(&self, probe: &Pr, view: &V) {
        for _ in 0..self.probes {
            if !self.pool.ask() {
                return;
            }
            let index = view.below(view.len());
            let id = view.id(index);
            let reply = Reply::new(self.pool.clone(), id, view.now(), view.in_flight(index));
            probe.probe(id, view.key(index), reply);
        }
    }
}

fn row<V: View>(answer: &Answer, plan: &ProbePlan, view: &V, index: usize) -> Row {
    let own = view.in_flight(index);
    let load = answer
        .in_flight
        .saturating_add(own)
        .saturating_sub(answer.own);
    let load = load.max(own);
    Row {
        in_flight: plan.scale.for_weight(view, index, load as f32),
        latency: answer.latency.unwrap_or_else(|| view.cost(index)),
        penalty: view.penalty(index),
    }
}

/// The best of a few, by what this balancer knows.
fn local<V: View>(plan: &ProbePlan, view: &V) -> usize {
    let mut rows = [Row::default(); LOOKS];
    let mut loads = [0.0; LOOKS];
    let mut indices = [0; LOOKS];
    for ((row, load), index) in rows.iter_mut().zip(&mut loads).zip(&mut indices) {
        *index = view.below(view.len());
        *load = plan
            .scale
            .for_weight(view, *index, view.in_flight(*index) as f32);
        *row = Row {
            in_flight: *load,
            latency: plan.scale.expected(view, *index),
            penalty: view.penalty(*index),
        };
    }
    let limit = hot_limit(&mut loads);
    let best = best_and_worst(&rows, limit).map_or(0, |(best, _)| best);
    indices.get(best).copied().unwrap_or(0)
}

impl ProbePlan {
    fn index_of(&self, id: BackendId) -> Option<usize> {
        let place = self
            .by_id
            .binary_search_by_key(&id, |(known, _)| *known)
            .ok()?;
        self.by_id.get(place).map(|(_, index)| *index as usize)
    }
}

impl<Pr: Probe> Policy for Probing<Pr> {
    type Plan = ProbePlan;

    const TIMED: bool = true;

    fn plan<V: View>(&self, view: &V) -> ProbePlan {
        let ids = (0..view.len()).map(|index| view.id(index));
        let mut by_id: Box<[_]> = ids.zip(0..).collect();
        by_id.sort_unstable();
        ProbePlan {
            scale: Adaptive.plan(view),
            by_id,
        }
    }

    fn pick<V: View>(&self, plan: &ProbePlan, view: &V, request: &Request<'_>) -> Option<usize> {
        let Some(probe) = &self.probe else {
            return Some(local(plan, view));
        };
        let choice = self.by_answers(plan, view, request);
        self.ask(probe, view);
        let Some(choice) = choice else {
            return Adaptive.pick(&plan.scale, view, request);
        };
        let random = view.random();
        if random % CHECKED != 0 {
            return Some(choice);
        }
        let other = view.below(view.len());
        Some(plan.scale.better(view, choice, other))
    }
}

impl<Pr: Probe> fmt::Debug for Probing<Pr> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probing")
            .field("max_age", &Duration::from_nanos(self.max_age))
            .field("probes_per_pick", &self.probes)
            .finish_non_exhaustive()
    }
}
