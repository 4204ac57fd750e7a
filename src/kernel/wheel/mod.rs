//! Deadlines by the thousands: a hierarchical timing wheel that is exact to the nanosecond.
//!
//! Arming, cancelling and firing a deadline take a fixed number of steps each, however many others there are; a deadline moves to
//! a finer level at most ten times on its way. The wheel is a data structure and nothing else: no lock, no clock.

mod levels;
mod timing;

pub(crate) use timing::Wheel;
