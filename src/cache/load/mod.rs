//! Loading: what a cache does when it has nothing.
//!
//! | part | what it is |
//! |---|---|
//! | `board` | a caller that missed finds the entry after all, joins its load, or leads one |
//! | `blocking`, `task`, `futures` | callers of one key: threads and tasks |
//! | `bulk`, `many` | callers of many keys |
//! | `land` | what was loaded is stored, unless the key was changed meanwhile, and given to those who wait |
//! | `with`, `bulk_with` | callers whose loaders say more about an entry than its value |
//! | `token` | cache-aside: who loads by itself |
//! | `freshness`, `revise` | values that are loaded anew while the old one is served |
//! | `negative` | keys that are known to have nothing |
//! | `parcel`, `error`, `gate`, `config` | what loads bring, how they end, how many there are, what goes for them |
//!
//! The mechanism is [`kernel::flight`](crate::kernel::flight); each shard has a table of flights under its lock. The laws are stated
//! at [`cache`](crate::cache#loading).

mod blocking;
mod board;
mod bulk;
mod bulk_with;
mod config;
mod error;
mod freshness;
mod futures;
mod gate;
mod land;
mod many;
mod negative;
mod parcel;
mod revise;
mod task;
mod token;
mod with;

pub use bulk::{GetOrLoadMany, TryGetOrLoadMany};
pub use config::LoadConfig;
pub use error::{LoadError, Stale};
pub use futures::{GetOrLoad, TryGetOrLoad};
pub(crate) use gate::Gate;
pub(crate) use negative::Negatives;
pub use parcel::Loaded;
pub use token::{LoadToken, Lookup};
