//! Other people's technology: what it takes to use it with the modules of this crate.
//!
//! Everything here is behind a feature that is off by default, so nobody compiles a database for a balancer. The modules
//! themselves know nothing of what is here: each has a trait that anybody can implement, and these implement it.
//!
//! | feature | module | gives |
//! |---|---|---|
//! | `sqlite` | `adapt::sqlite` | a [manager](crate::pool::Connect) of rusqlite connections |
//! | `postgres` | `adapt::postgres` | managers of PostgreSQL connections, for threads (`postgres`) and for tasks (`tokio-postgres`) |
//! | `redis` | `adapt::redis` | managers of Redis and Valkey connections, for threads and for tasks |
//! | `r2d2` | `adapt::r2d2` | any manager that was written for r2d2, as it is |
//! | `bb8` | `adapt::bb8` | any manager that was written for bb8, as it is |
//! | `tokio` | `adapt::tokio` | a [spawner](crate::pool::Builder::spawner) from a handle of a runtime |
//!
//! # What compiler they need
//!
//! The crate itself promises Rust 1.85. An adapter needs what the crate behind it needs: with the versions of today that is 1.85 for
//! `postgres`, `redis`, `tokio` and `bb8`; rusqlite and r2d2 declare none. They may ask for a later one in a release of
//! theirs, which is not a breaking change of this crate.
//!
//! # When not to use this
//!
//! When the connection is something else: a [manager](crate::pool::Manage) of one's own has about ten lines, and
//! [`from_fn`](crate::pool::from_fn) makes one from a closure.

#[cfg(feature = "bb8")]
#[cfg_attr(tenfold_docsrs, doc(cfg(feature = "bb8")))]
pub mod bb8;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod context;
#[cfg(feature = "postgres")]
#[cfg_attr(tenfold_docsrs, doc(cfg(feature = "postgres")))]
pub mod postgres;
#[cfg(feature = "r2d2")]
#[cfg_attr(tenfold_docsrs, doc(cfg(feature = "r2d2")))]
pub mod r2d2;
#[cfg(feature = "redis")]
#[cfg_attr(tenfold_docsrs, doc(cfg(feature = "redis")))]
pub mod redis;
#[cfg(feature = "sqlite")]
#[cfg_attr(tenfold_docsrs, doc(cfg(feature = "sqlite")))]
pub mod sqlite;
#[cfg(feature = "tokio")]
#[cfg_attr(tenfold_docsrs, doc(cfg(feature = "tokio")))]
pub mod tokio;
