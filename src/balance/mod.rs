//! Load balancing: which backend takes the next request.
//!
//! The [guide](crate::guide::balance) begins with the problem. A [`Balancer`] holds backends and their keys; a [`Policy`] chooses one of
//! them for a [`Request`]. [`lease`](Balancer::lease) follows the request to its end, so that policies see who is busy, slow or failing;
//! [`pick`](Balancer::pick) only names a backend. What [`health`](crate::health) finds out decides who may be chosen at all.
//!
//! ```
//! use tenfold::balance::{Balancer, FailureKind, Request};
//! # fn send(address: &str) -> Result<(), FailureKind> { Ok(()) }
//!
//! let balancer = Balancer::new(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"])?;
//!
//! let lease = balancer.lease(&Request::new())?;
//! match send(lease.value()) {
//!     Ok(()) => lease.success(),
//!     Err(kind) => lease.failure(kind), // the others get more for a while
//! }
//! # Ok::<(), tenfold::balance::Error>(())
//! ```
//!
//! # Which policy
//!
//! Start with [`Adaptive`], which [`Balancer::new`] takes. The [guide](crate::guide::balance) tells when to take another. `n` is the
//! number of backends that may be chosen.
//!
//! | policy | chooses | sees latency, failures | a pick costs | use when |
//! |---|---|---|---|---|
//! | [`Adaptive`] | of two drawn by weight, the one expected to answer sooner | both | two draws, four loads, the clock | you don't know better |
//! | [`Probing`] | of up to 16 that have answered a question ahead, one not hot and expected to be fast | both, also what others cause | three questions, a look at 16 answers, the clock | many balancers share backends that can be asked, and requests differ |
//! | [`LeastResponseTime`] | of all or of 8 drawn, the one expected to answer first | both | loads of up to 16 backends, the clock | there is one balancer, and requests take long |
//! | [`PowerOfTwo`] | of two drawn by weight, the one with fewer leases for its weight | no | two draws, two loads | servers are alike, requests are short |
//! | [`LeastConnections`] | of all or of 8 drawn, the one with the fewest leases for its weight | no | loads of up to 16 backends | requests are long: streams, connections |
//! | [`RoundRobin`] | the next one, exactly in turn | no | one shared counter | servers and requests are all alike |
//! | [`WeightedRoundRobin`] | the next one of a smooth schedule | no | one shared counter, a load | the same, and sizes differ |
//! | [`Random`] | anyone, by weight | no | a draw | many clients know nothing of each other |
//! | [`Hash`](struct@Hash), [`IpHash`] | the backend of the request's key | no | O(n), or constant over another placement | a backend has something of the key, as a cache |
//! | [`Consistent`] | the same, unless that is above its bound; then the key's next | no | constant; O(n) while it is busy | the same, and some keys are hot |
//! | [`Sticky<P>`](Sticky) | the backend of the session, else as `P` | as `P` | a binary search | a session has state at its server |
//! | [`ZoneAware<P>`](ZoneAware) | in the request's zone as far as there is room, as `P` | as `P` | a draw more than `P` | traffic between zones costs money or time |
//! | [`Priority<P>`](Priority) | in the first level; in the next as far as too few are in order; as `P` | as `P` | a draw more than `P` | some backends are for emergencies |
//! | [`Subset<P>`](Subset) | among a few backends of this client's own, as `P` | as `P` | as `P` | hundreds of clients, hundreds of backends |
//! | [`Route<P>`](Route) | among those that a rule on path, header or cookie names, as `P` | as `P` | a step for each rule | versions, pools, canaries |
//! | [`DynPolicy`] | as the policy in it | both, if that does | an indirect call for each look | the configuration chooses |
//!
//! Whatever has to be seen is seen through leases: a picked backend counts as idle. A policy of your own implements [`Policy`], in
//! fifteen lines (`examples/policy_custom.rs`).
//!
//! # Laws
//!
//! * **(A) What may be chosen is found.** If a backend is in order, not [excluded](Request::excluding), has room and is admitted by the
//!   policy, a pick succeeds, in at most one round through the backends. If none is, [`NoBackend`] says why.
//! * **(B) Changes are whole, and seen.** A change of the set is made as listed or not at all, and no pick that begins after
//!   [`update`](Balancer::update) has returned, in any thread, sees what was before.
//! * **(C) The key is who it is.** Whatever else of a backend changes, what goes on at it stays: leases, latencies, ejections. If it leaves
//!   and comes back while it has leases, it has these and its latency still.
//! * **(D) Leases add up.** Each counts from its begin to its end, once, however it ends: reported, dropped, in a panic, after its
//!   backend has left. Dropped is cancelled, and no failure.
//! * **(E) Failing fast attracts nothing.** To a policy that goes by latency, a failure costs as much as
//!   [many answers](Config::failure_factor), however soon it came.
//! * **(F) Limits hold.** No backend has more leases than its [`max_in_flight`](Spec::max_in_flight), and no more are ejected than
//!   [`max_ejected`](crate::health::Outlier::max_ejected) says, in whatever order threads come.
//! * **(G) Drained is drained.** When a [`Drain`] has finished, the backend has no lease and nobody can begin one.
//!
//! # When not to use this
//!
//! * When all requests go to one server anyway, or a proxy or mesh on the same machine balances already: two that adapt to each other's
//!   choices see less than one.
//! * To decide where data lives: backends come and go by their health, data must not. That is [`ring`](crate::ring).
//! * To protect the backends together from too much: a balancer spreads a load, it does not make it smaller. That is
//!   [`limit`](crate::limit).
//! * For one set of in-flight counts in several processes: each balancer knows its own leases. [`Adaptive`] and [`PowerOfTwo`] are made
//!   for that; [`LeastResponseTime`] is not.
//!
//! # Source
//!
//! Two choices: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001. The mean that follows
//! peaks is Finagle's. Each policy names its own.

mod algorithm;
mod backend;
mod balancer;
mod builder;
mod candidates;
mod changes;
mod core;
mod drain;
#[cfg_attr(
    any(tenfold_loom, tenfold_shuttle),
    expect(
        dead_code,
        reason = "under a model nobody hears of failures, and nobody is checked"
    )
)]
mod ejections;
mod error;
mod follow;
mod house;
mod id;
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod keeper;
#[cfg(any(tenfold_loom, tenfold_shuttle))]
#[path = "no_keeper.rs"]
mod keeper;
mod lease;
mod picked;
mod picker;
mod policy;
mod probing;
mod request;
mod roster;
mod source;
mod spec;
mod state;
mod stats;
mod status;
mod verdict;
mod vitals;
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod watch;
#[cfg(any(tenfold_loom, tenfold_shuttle))]
#[path = "no_watch.rs"]
mod watch;
mod weights;

pub use backend::Backend;
pub use balancer::Balancer;
pub use builder::{Builder, Config};
pub use changes::{Change, Changes};
pub use drain::{Drain, Drained};
pub use error::{Error, NoBackend};
pub use id::BackendId;
pub use lease::{FailureKind, Lease, Outcome};
pub use picked::Picked;
pub use picker::Picker;
pub use policy::plan;
pub use policy::{
    Adaptive, Consistent, DynPolicy, Hash, IpHash, LeastConnections, LeastResponseTime, Member,
    Policy, PowerOfTwo, Priority, Random, RoundRobin, Route, Sticky, Subset, View,
    WeightedRoundRobin, When, ZoneAware,
};
pub use probing::{Probe, ProbePlan, Probing, Reply, Unprobed};
pub use request::{Fields, Request};
pub use spec::Spec;
pub use stats::Stats;
pub use status::{BackendState, BackendStatus};
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
pub use watch::Watch;
