//! Pools: connections, or whatever else is expensive to make and used by one caller at a time.
//!
//! The [guide](crate::guide::pool) begins with the problem. A [`Pool`] lends a connection that is idle, or the first that comes back or is made.
//! Threads and tasks use one pool, and stand in one line. Connecting belongs to the pool: a caller takes what comes first, and its deadline holds
//! whatever a connect does.
//!
//! ```
//! use tenfold::pool::{self, Pool};
//!
//! let pool = Pool::builder(pool::from_fn(|| std::net::UdpSocket::bind("127.0.0.1:0")))
//!     .max_size(4)
//!     .build()?;
//! let socket = pool.acquire()?;   // waits if all four are in use
//! socket.send_to(b"hello", socket.local_addr()?)?;
//! drop(socket);                   // it goes back
//! assert_eq!(pool.status().idle, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What there is
//!
//! | type | what it is |
//! |---|---|
//! | [`Pool`] | the pool: a handle, whose clones are handles to the same one |
//! | [`Manage`], with [`Connect`] or [`AsyncConnect`] | what you write: how a connection is made, checked and closed, by calls that block or by futures |
//! | [`from_fn`], [`from_async_fn`] | the same, from a closure |
//! | [`adapt`](crate::adapt) | managers of SQLite, PostgreSQL and Redis, and those that were written for r2d2 or bb8: behind features |
//! | [`Builder`], [`Config`] | settings: by methods, or as data |
//! | [`Lease`], [`OwnedLease`] | a connection on loan: the one borrows the pool, the other may go anywhere |
//! | [`Acquire`], [`AcquireOwned`], [`WarmUp`], [`Drain`] | what waits, as futures |
//! | [`KeyedPool`] | a pool for each key, and one budget of connections for all of them; with its own [`KeyedBuilder`], [`KeyedConfig`], [`KeyedStatus`], [`KeyedStats`] and futures |
//! | [`Check`], [`Order`], [`Fairness`], [`OnPanic`], [`Upkeep`] | choices |
//! | [`Verdict`], [`CloseReason`], [`ConnectionInfo`] | what hooks say, and are told |
//! | [`AcquireError`], [`Reason`], [`ConnectError`] | why there is no connection |
//! | [`Status`], [`Stats`], [`Histograms`], [`Held`], [`DrainReport`] | what a pool tells |
//!
//! # When to use what
//!
//! | you want | call | what it costs |
//! |---|---|---|
//! | a connection, and can wait | [`acquire`](Pool::acquire), [`acquire_async`](Pool::acquire_async) | a compare-and-swap if one is idle, else a place in line |
//! | not to wait for longer than that | [`acquire_timeout`](Pool::acquire_timeout), [`acquire_timeout_async`](Pool::acquire_timeout_async) | the same |
//! | not to wait at all | [`try_acquire`](Pool::try_acquire) | the same; a [check](Config::check) that is due is made by this thread. If none is idle, one is made for the next time, but for futures that nobody runs in the background |
//! | a lease that goes to another thread or task | each of them with `_owned` | a count of the pool besides |
//! | to keep the connection for good | [`Lease::detach`] | its place, which another one may take |
//! | it not to come back | [`Lease::discard`] | a close |
//! | to bring one along | [`attach`](Pool::attach) | nothing; `on_connect` is not called |
//! | connections per tenant, and not too many in all | [`KeyedPool`] | a look-up per use; while a key waits for the budget, a lock per return |
//! | connections before the first caller comes | [`warm_up`](Pool::warm_up), [`Config::min_idle`] | so many connects |
//! | other connections, after a failover | [`clear`](Pool::clear) | a close and a connect for each |
//! | one of them gone, or some | [`evict`](Pool::evict), [`retain`](Pool::retain) | a look at each |
//! | more or fewer of them | [`resize`](Pool::resize) | a look at each |
//! | nobody to have one for a while | [`pause`](Pool::pause), [`resume`](Pool::resume) | callers wait |
//! | an end | [`close`](Pool::close), [`drain`](Pool::drain) | |
//! | to know who has them | [`held`](Pool::held), [`Builder::on_leak`] | nothing per use |
//! | to know whether there are enough | [`stats`](Pool::stats), [`Stats::suggested_size`], [`histograms`](Pool::histograms) | a look at each |
//!
//! # The life of a connection
//!
//! ```text
//!                                   lent
//!   (none) ──▶ CONNECTING ──▶ IDLE ──────▶ IN USE ──▶ (detached)
//!     ▲             │         ▲│ │ ◀────── │
//!     │             │         │▼ │  back   │
//!     │             │     CHECKING         │
//!     │             │          │ │         │
//!     │             ▼          ▼ ▼         ▼
//!     └───────────────────  CLOSING ◀──────┘
//! ```
//!
//! | from | to | when | hook |
//! |---|---|---|---|
//! | none | connecting | somebody waits whom nothing else will serve sooner, or [asked](Pool::try_acquire) without waiting, or too few are idle | |
//! | none | idle, in use | it was [attached](Pool::attach): to the first in line, if somebody waits | none |
//! | connecting | idle, in use | it was made in time, and so was what the hook does to it: to the first in line, if somebody waits | `on_connect` |
//! | connecting | none | it failed: then the next attempt comes [later](crate::guide::pool#when-the-backend-is-down) | |
//! | connecting | none | nobody waits any more, and it is a future that [nobody else runs](crate::guide::pool#who-runs-what); or the pool was closed before it began | |
//! | connecting | closing | it was made too late, or the hook did not want it: that is a failure too | |
//! | idle | in use | a caller takes it, and it is fresh and not broken | `on_checkout` |
//! | idle | checking | nobody has used it for a while ([`Config::check`], [`Config::keepalive`]) | |
//! | checking | idle, in use | it is good: to the first in line, if somebody waits | |
//! | in use | idle, in use | its lease ends, and it is not broken: to the first in line, if somebody waits | `on_checkin` |
//! | idle, checking, in use | closing | see [`CloseReason`]. One that is of no use when it is about to be lent costs the caller neither its place in line nor an error | |
//! | closing | none | it is closed, or that takes too long | `on_close`, before that |
//! | in use | detached | [`Lease::detach`] | |
//!
//! A connection counts from the moment at which it begins to be made until it is closed: [`Config::max_size`] is for all states together. One that is
//! detached is not the pool's any more.
//!
//! # Who runs what
//!
//! | | [`Connect`] | [`AsyncConnect`] with a [spawner](Builder::spawner) | [`AsyncConnect`] without one |
//! |---|---|---|---|
//! | connect, check, `on_connect` | a thread of the pool's | the spawner | those who wait, within their waiting or their polls |
//! | close, `on_close` | a thread of the pool's | the spawner | whoever finds the connection to be of no use: it calls the hook, and drops it without `close` |
//! | the check of [`try_acquire`](Pool::try_acquire) | the caller | left out | left out |
//! | [`is_broken`](Manage::is_broken), `on_checkout`, `on_checkin` | the caller | the caller | the caller |
//! | `on_leak`, and what is due | the housekeeper's worker | the same | the same |
//! | when the time of a connect or a check is over | it is abandoned: it counts until it returns, and what it made is closed | it is dropped | it is dropped |
//! | when nobody waits any more | it goes on | it goes on | a connect is dropped. A check stands still, until somebody waits or its time is over |
//!
//! Threads of the pool's exist while they have work, and a second longer; there are two more at most than [`Config::max_connecting`], and one more for each
//! call that was abandoned, until it returns. On a clock that is moved by hand, and with [`Executor::Inline`], blocking calls are run by whoever finds that
//! they are due. The [guide](crate::guide::pool#who-runs-what) says more.
//!
//! # Laws
//!
//! * **(A) Never more than there may be.** All states count, at every moment. There are two exceptions: a pool that was made smaller has what it has until
//!   it comes back, and makes none before that; a close that takes longer than it may gives its place back, unless as many calls linger already as there
//!   may be connections.
//! * **(B) No place is lost**: not by an error, a panic of the manager or of a hook, a time-out, a future that is dropped, or a lease that is dropped
//!   by a panic.
//! * **(C) First come, first served** ([`Fairness::Fifo`]): a connection goes to who has waited longest, and nobody who comes later passes, also
//!   when what was handed to somebody turned out to be of no use: then it is where it was in line.
//!   Nothing is given to who has left, whose time is over, or who is not polled any more for longer than the [patience](Config::patience).
//! * **(D) One at a time.** Who has a connection is the only one that has it, and what the last one did to it happened before.
//! * **(E) Deadlines hold.** A call ends when its time is over, whatever a connect, a check or a close does meanwhile. What the caller runs itself
//!   (see above) takes its own time.
//! * **(F) No code of yours runs under a lock**: managers, hooks, predicates and destructors.
//!
//! # Cancel safety
//!
//! Every future may be dropped at any time. [`Acquire`] leaves the line; what was handed to it goes to the next. A connect that it waited for goes on,
//! and its connection is for somebody else. If nobody else waits in a pool of futures without a spawner, the connect is
//! dropped too; a check stands still until somebody waits again, or its time is over.
//! Dropping [`WarmUp`] stops nothing. A [`Drain`] has closed the pool before it is polled.
//!
//! A lease that is dropped with its task is a connection that comes back, in whatever state the task has left it: [`Manage::is_broken`] or
//! `on_checkin` has to see a transaction that is still open, or an answer that was not read.
//!
//! # When not to use this
//!
//! * For what many can use at a time: a client of HTTP/2 or of `tokio-postgres` that sends requests side by side, a handle that is `Sync`. Share it, and bound
//!   what is in progress by other means.
//! * For what costs as much as a checkout: buffers, small objects. A thread-local is faster.
//! * For one connection: take a `Mutex`.
//! * To spread load over several servers: a pool has one manager. Put a [`Balancer`](crate::balance::Balancer) before several pools.
//! * Behind a pool of another process: PgBouncer or a proxy counts for all processes, this one for its own. Then keep this one small.

mod acquire;
mod attach;
mod builder;
mod config;
mod core;
mod error;
mod from_fn;
mod handle;
mod hooks;
mod info;
mod keyed;
mod lease;
mod manage;
mod policy;
mod stats;
mod waiting;

pub use self::core::BoxFuture;
pub use crate::kernel::workers::Executor;
pub use acquire::{Acquire, AcquireOwned};
pub use attach::AttachError;
pub use builder::Builder;
pub use config::{Check, Config, Fairness, OnPanic, Order, Upkeep};
pub use error::{AcquireError, ConnectError, Error, Reason};
pub use from_fn::{FromAsyncFn, FromFn, from_async_fn, from_fn};
pub use handle::Pool;
pub use hooks::Verdict;
pub use info::{CloseReason, ConnectionInfo, DrainReport, Held, Status};
pub use keyed::{
    AcquireKeyed, DrainKeyed, KeyedBuilder, KeyedConfig, KeyedPool, KeyedStats, KeyedStatus,
};
pub use lease::{Lease, OwnedLease};
pub use manage::{AsyncConnect, Connect, Manage};
pub use stats::{Histograms, Stats};
pub use waiting::{Drain, WarmUp};
