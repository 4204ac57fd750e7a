//! What a pool decides, without locks, clocks and threads.

mod demand;
mod outage;
mod reap;

pub(crate) use demand::{Pace, Plan, Situation};
pub(crate) use outage::{Leave, Outage};
pub(crate) use reap::{Fate, Idle, Terms};
