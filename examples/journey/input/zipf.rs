//! The built-in workload: few users are very active, most are rarely seen, as in most services that people use.

use tenfold::rng::Rng;

use super::Workload;
use crate::problem::Problem;

/// Draws the user of each request by Zipf's law: the user of rank `r` is drawn in proportion to `1 / r^0.99`.
pub(super) fn generate(requests: usize) -> Result<Workload, Problem> {
    let mut workload = Workload::new(format!("drawn by Zipf's law, exponent {EXPONENT}"));
    let up_to_rank = cumulative_weights();
    let total = up_to_rank.last().copied().unwrap_or_default();
    let mut rng = Rng::seeded(SEED);
    for _ in 0..requests {
        let drawn = rng.unit() * total;
        let rank = up_to_rank.partition_point(|sum| *sum <= drawn);
        workload
            .push(&format!("user-{rank}"))
            .map_err(|reason| Problem::Run {
                doing: "generating requests",
                reason,
            })?;
    }
    Ok(workload)
}

/// The sum of the weights up to each rank. A table and a binary search are exact, and fast enough for any run.
fn cumulative_weights() -> Vec<f64> {
    (1..=USERS)
        .scan(0.0, |sum, rank| {
            *sum += f64::from(rank).powf(-EXPONENT);
            Some(*sum)
        })
        .collect()
}

/// The exponent that most published cache and store benchmarks use.
const EXPONENT: f64 = 0.99;
const USERS: u32 = 100_000;
const SEED: u64 = 1;
