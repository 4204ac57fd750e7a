//! A fifth node joins four: what moves, where it comes from, and what that means for a single key.
//!
//! `cargo run --example ring_growth`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use tenfold::hash::StableKey;
use tenfold::ring::{Error, Ring};

fn main() -> Result<(), Error> {
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
