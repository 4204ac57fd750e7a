//! tenfold's placements behind the trait.

mod bounded;
mod healthy;
mod plain;
mod recipe;
mod shared;

use tenfold::ring;

pub(super) use bounded::Bounded;
pub(super) use healthy::Healthy;
pub(super) use plain::{Hashed, Native, Other};
pub(super) use recipe::{Probes, Recipe, Room};
pub(super) use shared::{Reading, Shared};

fn text(error: ring::Error) -> String {
    error.to_string()
}
