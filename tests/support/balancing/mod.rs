//! Models of the balancer for the checkers.

#[cfg(tenfold_shuttle)]
mod schedules;
