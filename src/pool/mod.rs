//! Connections that are used one at a time, and made only as often as needed.
//!
//! A draft of the module's guide.

mod acquire;
mod builder;
mod config;
mod core;
mod error;
mod from_fn;
mod handle;
mod hooks;
mod info;
mod lease;
mod manage;
mod policy;
mod stats;
mod waiting;

pub use self::core::BoxFuture;
pub use crate::kernel::workers::Executor;
pub use acquire::{Acquire, AcquireOwned};
pub use builder::Builder;
pub use config::{Check, Config, Fairness, OnPanic, Order, Upkeep};
pub use error::{AcquireError, AttachError, ConnectError, Error, Reason};
pub use from_fn::{FromAsyncFn, FromFn, from_async_fn, from_fn};
pub use handle::Pool;
pub use hooks::Verdict;
pub use info::{CloseReason, ConnectionInfo, DrainReport, Held, Status};
pub use lease::{Lease, OwnedLease};
pub use manage::{AsyncConnect, Connect, Manage};
pub use stats::{Histograms, Stats};
pub use waiting::{Drain, WarmUp};
