//! Threads that live as long as a benchmark, so that starting them is not measured.

use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Wall time for `iterations` of `work` in all, spread over `threads` that start together.
pub(crate) fn on_threads(threads: usize, iterations: u64, work: impl Fn(u64) + Sync) -> Duration {
    let each = iterations.div_ceil(threads as u64);
    let start = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    work(each);
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        for handle in handles {
            // A panic in a benchmark is to be seen, not measured.
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
        began.elapsed()
    })
}
