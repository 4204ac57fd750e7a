//! What is measured: nanoseconds per choice. A choice that names no backend ends the run.

use std::hint::black_box;

use super::chooser::{Chooser, checked};
use super::fleet::Fleet;
use crate::workload::{Contestant, Role, Timed, Worker};

pub(super) fn asked<C: Chooser>(
    name: &'static str,
    role: Role,
    fleet: Fleet,
) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, move || {
        let chooser = checked::<C>(fleet)?;
        Ok(Box::new(Asked { chooser, fleet }) as Box<dyn Timed>)
    })
}

pub(super) const BATCH: u64 = 1024;

struct Asked<C> {
    chooser: C,
    fleet: Fleet,
}

impl<C: Chooser> Timed for Asked<C> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        let mut handle = self.chooser.handle();
        Box::new(Calls {
            operation: move || C::ask(&mut handle),
            below: if C::NAMES {
                self.fleet.backends as u64
            } else {
                u64::MAX
            },
        })
    }
}

/// Asks, and looks at the answers.
pub(super) struct Calls<F> {
    pub(super) operation: F,
    pub(super) below: u64,
}

impl<F: FnMut() -> u64> Worker for Calls<F> {
    fn run(&mut self, batches: u64) {
        let mut highest = 0;
        for _ in 0..batches.saturating_mul(BATCH) {
            highest = black_box((self.operation)()).max(highest);
        }
        assert!(highest < self.below, "chose backend {highest}");
    }
}
