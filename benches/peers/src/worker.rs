//! The two loops that do the measured work. Both are generic over the operation, so the operation is inlined, and both
//! pass every result through `black_box`, so it cannot be left out.

use std::hint::black_box;
use std::sync::Arc;

use crate::workload::Worker;

/// Calls an operation that needs no input.
pub(crate) struct Repeat<F> {
    batch: u64,
    operation: F,
}

impl<F> Repeat<F> {
    pub(crate) const fn new(batch: u64, operation: F) -> Self {
        Self { batch, operation }
    }
}

impl<F: FnMut() -> R, R> Worker for Repeat<F> {
    fn run(&mut self, batches: u64) {
        for _ in 0..batches.saturating_mul(self.batch) {
            black_box((self.operation)());
        }
    }
}

/// Calls an operation with one precomputed input after another, round and round.
///
/// An input of 8 bytes costs one sequential read from an array of 512 KiB, which the processor fetches ahead of use:
/// about 0.4 ns of every figure, the same for every contestant.
pub(crate) struct Feed<F, I = u64> {
    inputs: Arc<[I]>,
    next_batch: usize,
    operation: F,
}

impl<F> Feed<F> {
    /// Operations per batch; the inputs are a multiple of it.
    pub(crate) const BATCH: usize = 4096;
}

impl<F, I> Feed<F, I> {
    pub(crate) const fn new(inputs: Arc<[I]>, operation: F) -> Self {
        Self {
            inputs,
            next_batch: 0,
            operation,
        }
    }
}

impl<F: FnMut(&I) -> R, R, I> Worker for Feed<F, I> {
    fn run(&mut self, batches: u64) {
        let batch = Feed::<F>::BATCH;
        let available = self.inputs.len() / batch;
        for _ in 0..batches {
            let start = self.next_batch * batch;
            // A plain slice: adaptors would cost each contestant more than a nanosecond.
            for input in self.inputs.get(start..start + batch).unwrap_or_default() {
                black_box((self.operation)(input));
            }
            self.next_batch = (self.next_batch + 1) % available;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::input;

    #[test]
    fn feeds_every_input_in_turn() {
        let inputs = input::keys(0);
        let sum = Cell::new(0_u64);
        let passes = 2;
        let batches = passes * inputs.len() / Feed::<()>::BATCH;
        Feed::new(inputs.clone(), |key: &u64| {
            sum.set(sum.get().wrapping_add(*key));
        })
        .run(batches as u64);
        let once = inputs.iter().fold(0_u64, |sum, key| sum.wrapping_add(*key));
        assert_eq!(sum.get(), once.wrapping_mul(passes as u64));
    }

    #[test]
    fn repeats_whole_batches() {
        let calls = Cell::new(0);
        Repeat::new(7, || calls.set(calls.get() + 1)).run(3);
        assert_eq!(calls.get(), 21);
    }
}
