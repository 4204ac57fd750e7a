//! The experiment: the same requests to a database that is nearly busy, without a cache before it and with one; and a crowd that asks
//! for the same profile at the same moment.
//!
//! Time is simulated, so that a run repeats to the last figure and nothing waits: a request comes by a schedule, waits for a free
//! [connection](connections), and is answered a round trip later. The databases, what is read from them and the cache are real.

mod connections;
mod crowd;
mod experiment;
mod trial;

pub(crate) use connections::ROUND_TRIP;
pub(crate) use crowd::{Crowd, GETS};
pub(crate) use experiment::{Cached, cached};
pub(crate) use trial::Trial;
