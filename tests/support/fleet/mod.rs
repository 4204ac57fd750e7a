//! A fleet of servers and the clients that balance over it, in simulated time: which policy has the best tail?
//!
//! [`SERVERS`] servers with [`WORKERS`] workers each and one line in front of them, [`CLIENTS`] clients that don't know of each other,
//! requests that arrive at random. Nothing sleeps and every number comes from a seed, so a run is the same everywhere. All policies get the
//! same requests at the same times with the same demands.
//!
//! The unit of time is the mean time that a normal server serves a request.

pub(crate) mod chooser;
pub(crate) mod clock;
pub(crate) mod contender;
mod driver;
pub(crate) mod figures;
mod meter;
mod ours;
mod peak;
mod random;
mod reference;
pub(crate) mod scenario;
mod server;

/// Servers in the fleet.
pub(crate) const SERVERS: usize = 50;
/// Requests that a server works on at a time.
pub(crate) const WORKERS: usize = 4;
/// Balancers, each of which knows only its own requests.
pub(crate) const CLIENTS: usize = 10;
/// Nanoseconds in a unit of time.
pub(crate) const UNIT: f64 = 1e6;
/// Units after which a latency is forgotten down to 1/e, of the library and of the references.
pub(crate) const DECAY: f64 = 50.0;
/// The part of the requests that only warms up.
pub(crate) const WARM_UP: f64 = 0.2;
