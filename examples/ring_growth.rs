//! A fifth node joins four: what moves, where it comes from, and what that means for a single key. Then what the placements
//! cost at larger sizes: how even they are, and how much one leaving node moves.
//!
//! `cargo run --release --example ring_growth`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use tenfold::hash::StableKey;
use tenfold::ring::placement::DynPlacement;
use tenfold::ring::{Error, Jump, Maglev, Native, Ring};

fn main() -> Result<(), Error> {
    growth()?;
    println!();
    placements()
}

fn growth() -> Result<(), Error> {
    let four = Ring::new(["cache-1", "cache-2", "cache-3", "cache-4"])?;
    let five = four.with("cache-5")?;
    let plan = four.plan(&five)?;

    println!("{:.1} % of all keys move:", plan.moved_fraction() * 100.0);
    for flow in plan.flows() {
        let name = |ring: &Ring<&'static str>, index: Option<usize>| {
            index
                .and_then(|index| ring.node(index).copied())
                .unwrap_or("nobody")
        };
        let (from, to) = (name(&four, flow.from), name(&five, flow.to));
        println!("  {:4.1} % from {from} to {to}", flow.fraction * 100.0);
    }

    for key in ["user:1", "user:2", "user:3", "user:4", "user:5"] {
        let homes: Vec<_> = five.replicas(key, 2).collect();
        let verdict = if plan.changes(key.stable_hash()) {
            "moves"
        } else {
            "stays"
        };
        println!("{key} {verdict}; it lives on {homes:?}");
    }
    Ok(())
}

/// Rings of each size, and what the last node takes with it when it leaves, as a multiple of an even share.
fn placements() -> Result<(), Error> {
    println!("placement        nodes   fullest node   one node leaves");
    println!("                         of an even share, mean of 5 rings");
    for (name, placement) in [
        ("native", DynPlacement::new(Native::default())),
        ("maglev", DynPlacement::new(Maglev::default())),
        (
            "maglev 655373",
            DynPlacement::new(Maglev::with_table_size(655_373)),
        ),
        ("jump", DynPlacement::new(Jump::default())),
    ] {
        for nodes in [10_u32, 30, 100, 300, 1000] {
            let (mut fullest, mut moved) = (0.0, 0.0);
            for ring in 0..5 {
                let names = (0..nodes).map(|node| ring * 10_000 + node);
                let old = Ring::builder()
                    .nodes(names)
                    .placement(placement.clone())
                    .build()?;
                let new = old.without(&(ring * 10_000 + nodes - 1))?;
                fullest += old.stats().peak_to_mean / 5.0;
                moved += old.plan(&new)?.moved_fraction() * f64::from(nodes) / 5.0;
            }
            println!("{name:<15} {nodes:>6} {fullest:>14.3} {moved:>17.2}");
        }
    }
    Ok(())
}
