//! Models of flights: what the checkers share, and the models of each.

#[cfg_attr(
    tenfold_loom,
    expect(dead_code, reason = "loom has no tasks, and small models")
)]
mod shard;

#[cfg(tenfold_loom)]
mod interleavings;
#[cfg(tenfold_shuttle)]
mod schedules;

/// The rooms of the kernel, as the checkers see them.
mod rooms {
    #[cfg(tenfold_loom)]
    pub(super) use loom::sync::Mutex;
    #[cfg(tenfold_shuttle)]
    pub(super) use shuttle::sync::Mutex;
    pub(super) use tenfold::__kernel::{
        Boarding, Debris, Denied, FlightTable, Leader, Outcome, Passenger, Rules, Token,
    };
    pub(super) use tenfold::clock::Tick;
}
