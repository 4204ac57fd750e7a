//! What a cache does without being called: entries whose time is over go and are told of, and what was taken out is dropped.
//!
//! ```text
//!                   something was taken out, or will expire            its time has come
//!   nothing to do ────────────────────────────────────────▶ armed ────────────────────────▶ a pass over all shards
//!         ▲                                                    ▲                                      │
//!         │                                                    └──── there is more, or will be ───────┤
//!         └───────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Whoever changes the cache looks at two words, behind the lock: whether somebody comes for what was taken out, and when somebody comes
//! for what expires. Only if the answer is nobody, or later than needed, is the [`Bell`] rung. So a cache with nothing to do costs nobody
//! anything, and one that is at work costs two loads per change.
//!
//! # Why no change is overlooked
//!
//! A pass takes both words back before it looks at any shard. A change that it finds under the shard's lock needs no ring. One that comes to
//! the shard after it sees the words as the pass left them, because the lock orders the two, and rings.
//!
//! The housekeeper's part is to hand the pass to a [worker](crate::kernel::workers), on which it runs with all listeners and destructors of
//! the user's. One pass runs at a time; who comes meanwhile leaves the time that is wanted in the bell, where the pass looks last.

mod bell;
mod choice;
mod gate;
mod keeper;
mod pass;

pub(super) use bell::Bell;
pub use choice::Upkeep;
pub(super) use gate::Handle;
pub(super) use keeper::keep;
