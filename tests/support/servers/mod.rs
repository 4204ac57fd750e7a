//! Real servers for tests and examples: child processes on sockets in directories of their own, which go when the value is dropped.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod process;
#[cfg(feature = "redis")]
pub(crate) mod redis;

pub(crate) use process::eventually;
