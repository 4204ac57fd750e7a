//! Threads on which the user's code of background work runs: few, on demand, and gone when there is nothing to do.
//!
//! The housekeeper of [`upkeep`](super::upkeep) only wakes; what may block (a check, a connect, a listener) is a job for these.

#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod crew;
#[cfg(any(tenfold_loom, tenfold_shuttle))]
#[path = "no_crew.rs"]
mod crew;
mod executor;
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests;

pub(crate) use crew::Workers;
pub use executor::Executor;
pub(crate) use executor::Job;
pub(crate) use executor::Task;
