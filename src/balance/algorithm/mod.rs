//! What a backend is expected to take: arithmetic only.

mod estimate;

pub(super) use estimate::{Decay, Estimate};
