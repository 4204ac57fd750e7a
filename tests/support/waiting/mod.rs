//! Models of waiting: what the checkers share, and the models of each.

mod bucket;
mod semaphore;

#[cfg(tenfold_loom)]
mod interleavings;
#[cfg(tenfold_shuttle)]
mod schedules;
