//! The experiment: the same requests to one database, by pools of different sizes. One connection is a pool of one.
//!
//! As in the stage before, time is simulated and everything else is real: the pool, its connections, what they read and write. A
//! request comes by a schedule, waits for a connection, holds it for a round trip, and gives up when it has waited for too long.

mod experiment;
mod trial;

pub(crate) use experiment::{Pooled, pooled};
pub(crate) use trial::{PATIENCE, Trial};
