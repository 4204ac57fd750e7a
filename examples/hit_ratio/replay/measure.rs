//! Replays the trace through every contestant at every capacity.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::replay::contestants::{Case, Contestant, NextUses};
use crate::replay::problem::Problem;
use crate::replay::trace::Trace;

/// How one contestant fared.
#[derive(Debug)]
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    /// In ascending order of capacity.
    pub(crate) points: Vec<Point>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) capacity: u64,
    /// Percent of the requests.
    pub(crate) hit_ratio: f64,
    /// Percent of their weight.
    pub(crate) weight_hit_ratio: f64,
}

/// More would need as many times the memory of a cache.
const MOST_THREADS: usize = 4;

pub(crate) fn curves(
    trace: &Trace,
    capacities: &[u64],
    contestants: &[Contestant],
) -> Result<Vec<Curve>, Problem> {
    let next_uses = NextUses::of(&trace.keys, trace.distinct);
    let cases = capacities.iter().map(|&capacity| Case {
        trace,
        next_uses: &next_uses,
        capacity,
    });
    let tasks: Vec<_> = contestants
        .iter()
        .flat_map(|contestant| cases.clone().map(move |case| (contestant, case)))
        .collect();
    let points = all(&tasks)?;
    let curves = contestants
        .iter()
        .zip(points.chunks(capacities.len().max(1)));
    Ok(curves
        .map(|(contestant, points)| Curve {
            name: contestant.name,
            points: points.to_vec(),
        })
        .collect())
}

/// The results in the order of the tasks.
fn all(tasks: &[(&Contestant, Case<'_>)]) -> Result<Vec<Point>, Problem> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..threads.min(MOST_THREADS) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((contestant, case)) = tasks.get(number) else {
                        return;
                    };
                    let point = replay(contestant, *case);
                    if let Ok(mut done) = done.lock() {
                        done.push((number, point));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, point)| point).collect()
}

fn replay(contestant: &Contestant, case: Case<'_>) -> Result<Point, Problem> {
    let mut cache = (contestant.make)(case)?;
    let (mut hits, mut hit_weight, mut weight_of_all) = (0_u64, 0.0, 0.0);
    for (key, weight) in case.trace.requests() {
        weight_of_all += weight as f64;
        if cache.access(key.into(), weight) {
            hits += 1;
            hit_weight += weight as f64;
        }
    }
    Ok(Point {
        capacity: case.capacity,
        hit_ratio: 100.0 * hits as f64 / case.trace.keys.len() as f64,
        weight_hit_ratio: 100.0 * hit_weight / weight_of_all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::contestants::BOUNDS;

    #[test]
    fn a_loop_is_all_or_nothing_for_one_and_in_proportion_for_the_other() {
        let keys: Vec<u32> = (0..100).cycle().take(10_000).collect();
        let trace = Trace::of_keys(&keys);
        let curves = curves(&trace, &[50, 100], BOUNDS).unwrap();
        let ratios = |name: &str| -> Vec<f64> {
            let curve = curves.iter().find(|curve| curve.name == name).unwrap();
            curve.points.iter().map(|point| point.hit_ratio).collect()
        };
        assert_eq!(ratios("exact LRU"), [0.0, 99.0]);
        let opt = ratios("OPT");
        assert!((49.0..51.0).contains(&opt[0]) && opt[1] == 99.0, "{opt:?}");
        for curve in &curves {
            let capacities: Vec<_> = curve.points.iter().map(|point| point.capacity).collect();
            assert_eq!(capacities, [50, 100], "{}", curve.name);
        }
    }

    #[test]
    fn weight_is_counted_beside_requests() {
        // Of four requests one hits, and it is three tenths of the weight.
        let trace = Trace::of_requests(&[(1, 3), (1, 3), (2, 2), (3, 2)]);
        for curve in curves(&trace, &[3], BOUNDS).unwrap() {
            let point = curve.points[0];
            assert_eq!(
                (point.hit_ratio, point.weight_hit_ratio),
                (25.0, 30.0),
                "{}",
                curve.name
            );
        }
    }
}
