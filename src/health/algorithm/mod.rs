//! Decisions about health: pure functions of results, counts and times.

mod outlier;
mod rise_fall;
mod schedule;
mod setters;
mod slow_start;
mod sweep;

pub use outlier::{FailurePercent, MaxEjected, Outlier, SuccessRate};
pub use rise_fall::{RiseFall, Status};
pub(crate) use schedule::Schedule;
pub use slow_start::SlowStart;
pub use sweep::{Cause, Row, Verdict};
