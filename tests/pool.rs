//! The pool in sentences, in simulated time.
//!
//! TABLE
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that goes astray should panic"
)]

#[path = "support/pooling/checking.rs"]
mod checking;
#[path = "support/pooling/checkout.rs"]
mod checkout;
#[path = "support/pooling/ending.rs"]
mod ending;
#[path = "support/pooling/hooking.rs"]
mod hooking;
#[path = "support/pooling/keeping.rs"]
mod keeping;
#[path = "support/pooling/lines.rs"]
mod lines;
#[path = "support/pooling/orders.rs"]
mod orders;
#[path = "support/pooling/outages.rs"]
mod outages;
#[path = "support/pooling/panics.rs"]
mod panics;
#[path = "support/pooling/mod.rs"]
mod pooling;
#[path = "support/pooling/settings.rs"]
mod settings;
#[path = "support/pooling/telling.rs"]
mod telling;
#[path = "support/pooling/threads.rs"]
mod threads;
