//! Which backends are in order: checks that ask them, and outliers among those that answer.
//!
//! The [guide](crate::guide::health) tells which of these to use. A [`Monitor`] asks each target now and then and flips its [`Status`]
//! after so many results in a row. An [`Outlier`] search looks at the requests that backends get anyway and takes those out that fail
//! more than they should. [`SlowStart`] says how much of its share a backend gets when it is back, and [`Panic`] what to do when hardly
//! anybody is in order. The last three are settings of a [`Balancer`](crate::balance::Balancer); a monitor stands by itself, and tells
//! whoever it is given.
//!
//! ```
//! use std::time::Duration;
//! use tenfold::health::{Active, Monitor, TcpConnect};
//!
//! let monitor = Monitor::<String>::builder(TcpConnect::new(Duration::from_secs(1)))
//!     .config(Active::haproxy())
//!     .on_change(|key, status| println!("{key} is {status:?}"))
//!     .build()?;
//! monitor.add("web-1", "10.0.0.1:80".to_owned())?;
//! # Ok::<(), tenfold::health::Error>(())
//! ```
//!
//! | | sees | how soon | costs | misses |
//! |---|---|---|---|---|
//! | [`Monitor`] with [`Active`] settings | whether a backend answers its check | `fall` × the interval | a request to each backend in each interval | what only real requests meet |
//! | [`Outlier::consecutive`] | failures in a row | at the last of them | nothing | one that fails now and then |
//! | [`Outlier::success_rate`] | who is worse than the others | at the end of an interval | a pass over the backends | all being equally bad; sets below `min_hosts` |
//! | [`Outlier::failure_percent`] | who fails too often, whatever others do | at the end of an interval | a pass over the backends | too few requests |
//! | [`SlowStart`] | who has just come | | a new plan 32 times in its window | |
//! | [`Panic`] | how many are in order | at each change | nothing | |
//!
//! Presets carry the defaults of the systems that they are named after: [`Active::haproxy`], [`Active::pingora`], [`Active::kubernetes`],
//! [`Outlier::envoy`], [`Outlier::grpc`], [`Outlier::linkerd`].
//!
//! Checks run on a few worker threads of the process, or where the application spawns them; in simulated time
//! ([`ManualClock`](crate::clock::ManualClock)) whoever moves the clock runs them, before the move returns. Decisions ([`RiseFall`],
//! [`Outlier::sweep`], [`SlowStart::part`]) are pure functions, to be used without any of this.
//!
//! # Laws
//!
//! * **(A) A status flips at the n-th result in a row that contradicts it**, and not before; the first result decides if nothing was known.
//! * **(B) No answer counts for another.** A check that timed out, or whose target was removed, is not heard any more, whenever it answers.
//! * **(C) No more are out than may be.** [`MaxEjected`] holds strictly, also against a single candidate and when the set shrinks: then
//!   some come back.
//! * **(D) A part only grows.** The share of a newcomer is never less than before, and whole at the end of the window.
//! * **(E) A target that hangs costs one place.** It has one check at most that has not returned, which fails again in each interval.
//! * **(F) Want of threads is no verdict.** The time of a check runs from when a thread begins it.
//!
//! # When not to use this
//!
//! * As the only protection against slow or failing backends: a check sees a backend now and then, its callers see it all the time.
//! * To decide whether this process is healthy: answer the checks of others, by your own endpoint.
//! * Against a dependency that all backends share: when it fails all of them do, and taking them out helps nobody. See [`Panic`].
//!
//! # Source
//!
//! Rise and fall are HAProxy's; outliers Envoy's and gRFC A50's; slow start is Envoy's formula.

mod active;
mod algorithm;
mod check;
mod error;
mod monitor;
mod panic;
pub mod registry;
mod stats;
mod tcp;
mod valid;

pub use crate::kernel::workers::Executor;
pub use active::{Active, Initial};
pub use algorithm::{
    Cause, FailurePercent, MaxEjected, Outlier, RiseFall, Row, SlowStart, Status, SuccessRate,
    Verdict,
};
pub use check::{AsyncCheck, BlockOn, Check};
pub use error::{CheckError, Error};
pub use monitor::{Builder, CheckTask, Monitor, Upkeep};
pub use panic::Panic;
pub use stats::Stats;
pub use tcp::{Address, TcpConnect};
