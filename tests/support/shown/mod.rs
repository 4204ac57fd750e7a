//! A value of each public type, to see whether it shows something.

pub(crate) mod balance;
pub(crate) mod cache;
pub(crate) mod health;
pub(crate) mod limit;
pub(crate) mod plans;
pub(crate) mod pool;
pub(crate) mod ring;
