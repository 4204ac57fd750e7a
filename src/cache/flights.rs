//! Loads under way, as a shard keeps them.

use std::any::Any;
use std::sync::Arc;

use crate::kernel::flight;

/// What a load brings to those who wait: a value or an error, of types that the callers know.
pub(crate) type Cargo = Arc<dyn Any + Send + Sync>;
/// The loads of a shard.
pub(crate) type Flights<K> = flight::FlightTable<K, Cargo>;
/// What flights leave behind.
pub(crate) type Debris<K> = flight::Debris<K, Cargo>;
