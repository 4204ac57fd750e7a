//! Who wakes those that wait for a point in time.
//!
//! A timed wait is a [`Waker`](std::task::Waker) in the [`Timers`] of a clock: those of the process, which a housekeeper thread
//! drives by real time, or those of a clock that is moved by hand, which are driven by whoever moves it. Threads and tasks wait in
//! the same way. `docs/design/waiting.md` has the whole picture.

mod arm;
mod deadline;
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod housekeeper;
#[cfg(any(tenfold_loom, tenfold_shuttle))]
#[path = "no_housekeeper.rs"]
mod housekeeper;
mod periodic;
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod periodic_tests;
#[cfg(test)]
mod tests;
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod threadless;
mod timers;
mod waking;

pub(crate) use arm::wake_at;
#[cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]
pub use deadline::Deadline;
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
pub(crate) use housekeeper::without_threads;
#[cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]
pub use periodic::{Nudger, Periodic, Upkeep};
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
pub(crate) use threadless::Threadless;
pub(crate) use timers::TimerKey;
pub use timers::Timers;
pub(crate) use waking::{Discarded, shielded, wake};
