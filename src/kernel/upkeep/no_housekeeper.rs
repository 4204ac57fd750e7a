//! Under a model checker time passes by hand only, and there is no thread that nobody joins.

use super::timers::{State, Timers};
use crate::kernel::clock::Tick;
use crate::kernel::sync::{MutexGuard, global};

global! {
    static PROCESS: Timers = Timers::manual();
}

pub(super) fn process() -> &'static Timers {
    &PROCESS
}

#[derive(Debug)]
pub(super) enum Housekeeper {}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life {}

impl Housekeeper {
    pub(super) fn attend(&self, _: &Timers, _: MutexGuard<'_, State>, _: Tick) -> bool {
        match *self {}
    }

    pub(super) fn dismiss(&self, _: MutexGuard<'_, State>, _: Tick) {
        match *self {}
    }
}
