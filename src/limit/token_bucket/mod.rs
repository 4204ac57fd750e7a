//! The token bucket: one word of state, waiters in a line, quotas that change under load.

mod acquire;
mod builder;
mod core;
mod handle;
mod reservation;

pub(super) use self::core::Core;
pub use acquire::Acquire;
pub use builder::{Builder, Config};
pub use handle::TokenBucket;
pub use reservation::Reservation;
