//! Random schedules of single flight, with threads and tasks mixed.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_shuttle" cargo test --release --test shuttle_flight --target-dir target/shuttle`;
//! `TENFOLD_SCHEDULES` sets how many schedules each scenario is given.
#![cfg(tenfold_shuttle)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[path = "support/flying/mod.rs"]
mod flying;
#[path = "support/red.rs"]
mod red;

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let schedules = std::env::var("TENFOLD_SCHEDULES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000);
    shuttle::check_random(scenario, schedules);
}
