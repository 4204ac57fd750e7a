//! Policies over plain data: what each promises of turns, shares, keys, groups and bounds, against naive models.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]
#![expect(
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[path = "support/balancing/draws.rs"]
mod draws;
#[path = "support/balancing/groups.rs"]
mod groups;
#[path = "support/balancing/keys.rs"]
mod keys;
#[path = "support/balancing/least.rs"]
mod least;
#[path = "support/balancing/plain.rs"]
mod plain;
#[path = "support/balancing/routes.rs"]
mod routes;
#[path = "support/balancing/shares.rs"]
mod shares;
#[path = "support/balancing/spills.rs"]
mod spills;
#[path = "support/balancing/turns.rs"]
mod turns;
#[path = "support/balancing/wrapped.rs"]
mod wrapped;
