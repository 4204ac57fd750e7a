//! What is measured: nanoseconds per call on one path. Every batch is counted, and a contestant that did not do what its path says
//! ends the run.

use std::hint::black_box;

use super::limiter::{Allowance, Limiter, checked};
use crate::workload::{Contestant, Role, Timed, Worker};

/// Which answers are given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path {
    Allow,
    Deny,
    /// Yes and no in turn, by two limiters.
    Half,
}

pub(super) fn asked<L: Limiter>(
    name: &'static str,
    role: Role,
    path: Path,
) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, move || {
        let clock = L::clock()?;
        let build = |allowance| checked::<L>(&clock, allowance);
        Ok(match path {
            Path::Allow => Box::new(One {
                limiter: build(Allowance::Everything)?,
                admitted_of_two: 2,
            }) as Box<dyn Timed>,
            Path::Deny => Box::new(One {
                limiter: build(Allowance::Nothing)?,
                admitted_of_two: 0,
            }),
            Path::Half => Box::new(Two {
                open: build(Allowance::Everything)?,
                shut: build(Allowance::Nothing)?,
            }),
        })
    })
}

const BATCH: u64 = 1024;

struct One<L> {
    limiter: L,
    admitted_of_two: u64,
}

impl<L: Limiter> Timed for One<L> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        let mut handle = self.limiter.handle();
        Box::new(Calls {
            operation: move || L::ask(&mut handle),
            admitted_of_two: self.admitted_of_two,
            exact: L::EXACT,
            of: std::any::type_name::<L>(),
        })
    }
}

struct Two<L> {
    open: L,
    shut: L,
}

impl<L: Limiter> Timed for Two<L> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        let mut open = self.open.handle();
        let mut shut = self.shut.handle();
        let mut turn = false;
        // One call for both limiters, so that a contestant's code is there once, as in a program.
        let operation = move || {
            turn = !turn;
            L::ask(black_box(if turn { &mut open } else { &mut shut }))
        };
        Box::new(Calls {
            operation,
            admitted_of_two: 1,
            exact: L::EXACT,
            of: std::any::type_name::<L>(),
        })
    }
}

/// Asks, and counts the answers.
struct Calls<F> {
    operation: F,
    admitted_of_two: u64,
    exact: bool,
    /// Who is asked.
    of: &'static str,
}

impl<F: FnMut() -> bool> Worker for Calls<F> {
    fn run(&mut self, batches: u64) {
        let calls = batches.saturating_mul(BATCH);
        let mut admitted = 0_u64;
        for _ in 0..calls {
            admitted += u64::from(black_box((self.operation)()));
        }
        let due = calls / 2 * self.admitted_of_two;
        let good = admitted == due || !self.exact && admitted < due;
        assert!(good, "{} admitted {admitted} instead of {due}", self.of);
    }
}
