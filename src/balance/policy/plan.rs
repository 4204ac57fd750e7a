//! What policies compute ahead, for those who wrap one: opaque, but for what is worth knowing of it.

pub use super::adaptive::Scale;
pub use super::alias::Alias;
pub use super::consistent::Bounds;
pub use super::erased::DynPlan;
pub use super::keyed::Placed;
pub use super::priority::Levels;
pub use super::round_robin::Rotation;
pub use super::route::Routes;
pub use super::sticky::Sessions;
pub use super::subset::Selection;
pub use super::weighted_round_robin::Course;
pub use super::zone_aware::Zones;
