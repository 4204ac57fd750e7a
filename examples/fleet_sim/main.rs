//! The tail latency of every policy, in a simulated fleet: a table, and an SVG if asked for.
//!
//! ```text
//! cargo run --release --example fleet_sim [-- --seeds 5 --requests 200000 --scenario slow1 --policy Adaptive --svg FILE]
//! ```
//!
//! `--scenario` and `--policy` take names with commas between them. Times are in units of the mean time that a normal server serves a
//! request, and every figure is the median over the seeds.
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod args;
#[path = "../../tests/support/fleet/mod.rs"]
mod fleet;
mod svg;
mod table;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use args::Args;
use fleet::contender::Contender;
use fleet::figures::Figures;
use fleet::scenario::Scenario;

/// A line of the table.
struct Row {
    scenario: Scenario,
    policy: &'static str,
    figures: Figures,
}

/// Two, so that the figures of a machine with more cores don't take all of it.
const THREADS: usize = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse(std::env::args().skip(1))?;
    let rows = measure(&args);
    print!("{}", table::document(&rows));
    if let Some(path) = &args.svg {
        std::fs::write(path, svg::document(&rows))?;
    }
    Ok(())
}

fn measure(args: &Args) -> Vec<Row> {
    let tasks: Vec<(Scenario, &Contender)> = args.tasks().collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((scenario, contender)) =
                    tasks.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let row = Row {
                        scenario: *scenario,
                        policy: contender.name,
                        figures: contender.median(*scenario, args.seeds, args.requests),
                    };
                    if let Ok(mut done) = done.lock() {
                        done.push(row);
                    }
                }
            });
        }
    });
    let mut rows = done.into_inner().unwrap_or_default();
    let place = |row: &Row| {
        tasks.iter().position(|(scenario, contender)| {
            *scenario == row.scenario && contender.name == row.policy
        })
    };
    rows.sort_by_key(place);
    rows
}
