//! A stand-in until the pool is here.

mod from_fn;
mod manage;

pub use from_fn::{FromAsyncFn, FromFn, from_async_fn, from_fn};
pub use manage::{AsyncConnect, Connect, Manage};
