//! The mechanism of a pool.
//!
//! | part | what it is |
//! |---|---|
//! | `slot` | a place for one connection, and the sole right to it |
//! | `slots`, `hint` | all of them, and which of the idle ones is next |
//! | `room` | how many there are, and may be |
//! | `gate` | one word that says whether anything is special |
//! | `take`, `give` | the short ways out and in |
//! | `wait` | the long way out: the line, the deadline |
//! | `stir`, `connect`, `check`, `retire` | connections are made, checked and closed |
//! | `outlook` | what callers are told while none can be made |
//! | `errand`, `limited`, `driven`, `verbs` | what is under way: as a call, as a future, and its time limit |
//! | `orders` | what a user asks of the pool as a whole |
//! | `quota` | what several pools share |
//! | `upkeep` | what is to be done now and then |
//! | `look`, `watch` | what the pool tells, and those that wait for it to change |
//!
//! # Invariants
//!
//! 1. A connection is in a slot, and whoever has the right to the slot has the connection. See `slot`.
//! 2. `room` counts the slots that are not empty: raised before a slot is taken from `EMPTY`, lowered after it is `EMPTY` again. So there are
//!    never more connections than there may be, but while a pool that was made smaller still has them.
//! 3. At rest nobody waits while a connection is idle, nor while one could be made, unless the pool is paused or the other side is down. Each
//!    change for the better is followed by a look at those that wait ([`look_behind`](Core::look_behind), [`stir`](Core::stir)), each
//!    arrival by a look at the slots; the orderings are those of [`WaitQueue`](crate::kernel::wait::WaitQueue).
//! 4. No code of the user's runs under a lock.

mod base;
mod check;
mod connect;
mod driven;
mod errand;
mod gate;
mod give;
mod hint;
mod limited;
mod look;
mod orders;
mod outlook;
mod quota;
mod retire;
mod rights;
mod room;
mod slot;
mod slots;
mod stir;
mod take;
mod time;
mod upkeep;
mod verbs;
mod wait;
mod watch;

pub(crate) use base::Core;
pub(crate) use orders::Await;
pub(crate) use quota::{Guest, Quota};
pub(crate) use slot::{Claim, Right};
pub(crate) use take::keep;
pub(crate) use time::Time;
pub(crate) use upkeep::{Keep, Keeper};
pub use verbs::BoxFuture;
pub(crate) use verbs::{Async, Blocking, Runner, Spawner, Verbs};
pub(crate) use wait::Wait;
