//! Requests that come by a schedule, whether or not earlier ones have been answered: as they do from many clients that know
//! nothing of each other. What a service can't answer in time piles up before it, and latency counts from when a request was due.
//!
//! First the [capacity](capacity) of the service is measured; then three times as many requests come as it can answer, once to a
//! service that takes all of them, and once to one with a [`Door`](crate::stage::Door) that lets in what it can answer.
//!
//! Or the service has application servers ([`fleet`](mod@fleet)), and a balancer chooses one for each request as it comes.

mod backlog;
mod fleet;
mod front;
mod run;
mod schedule;
mod server;
mod spike;

pub(crate) use backlog::Job;
pub(crate) use fleet::{Fleet, Trial, fleet};
pub(crate) use run::{IN_TIME, Run};
pub(crate) use schedule::Schedule;
pub(crate) use server::{HOLD, TIMES_SLOWER, WORKERS};
pub(crate) use spike::{Spike, TIMES, spike};
