//! Models of the rate limiter for each of the checkers.

#[cfg(tenfold_loom)]
mod interleavings;
#[cfg(tenfold_shuttle)]
mod places;
#[cfg(tenfold_shuttle)]
mod schedules;
