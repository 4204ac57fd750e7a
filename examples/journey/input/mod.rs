//! What is replayed: which user each request is for, and whether it reads or updates the profile.

mod access_log;
mod lines;
mod trace;
mod users;
mod workload;
mod zipf;

pub(crate) use users::{SLOTS, User, UserId, Users};
pub(crate) use workload::{DEFAULT_REQUESTS, MAX_REQUESTS, Op, Workload};
