//! Who there is: sets of keyed values, and news of them.
//!
//! [`InProcess`] is for entries that show signs of life, [`Static`] for a list that never changes; whatever else knows who there is
//! implements [`Registry`].
//!
//! # When not to use this
//!
//! Between processes: nothing leaves this one.

mod entries;
mod in_process;
mod registration;
mod role;
mod watchers;

pub use entries::Entries;
pub use in_process::InProcess;
pub use registration::Registration;
pub use role::{Registry, Sink, Static, Subscription};
