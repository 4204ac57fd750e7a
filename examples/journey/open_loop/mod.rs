//! Requests that come by a schedule, whether or not earlier ones have been answered: as they do from many clients that know
//! nothing of each other. What a service can't answer in time piles up before it, and latency counts from when a request was due.
//!
//! First the [capacity](capacity) of the service is measured; then three times as many requests come as it can answer, once to a
//! service that takes all of them, and once to one with a [`Door`](crate::stage::Door) that lets in what it can answer.

mod backlog;
mod front;
mod run;
mod schedule;
mod spike;

pub(crate) use run::{IN_TIME, Run};
pub(crate) use spike::{Spike, TIMES, spike};
