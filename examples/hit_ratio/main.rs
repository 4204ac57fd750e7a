//! What a cache would hit on your own requests, and how large it should be: a trace is replayed through caches of several sizes
//! and policies, through an exact LRU, and through one that knows the future.
//!
//! ```text
//! cargo run --release --example hit_ratio -- --trace access.log.gz
//! cargo run --release --example hit_ratio -- --trace keys.gz --capacity 1000,5000 --svg misses.svg --json misses.json
//! cargo run --release --example hit_ratio -- --help
//! ```

mod replay;

use std::env;
use std::process::ExitCode;

use replay::contestants;

fn main() -> ExitCode {
    let contestants: Vec<_> = contestants::OURS
        .iter()
        .chain(contestants::BOUNDS)
        .copied()
        .collect();
    replay::run(env::args_os().skip(1), &contestants)
}
