//! Single flight: whoever wants the same thing at the same time shares one load of it, and no load brings back what was changed since.
//!
//! | part | what it is |
//! |---|---|
//! | [`FlightTable`] | which keys are being loaded, and which loads may be stored: a data structure under its owner's lock |
//! | [`Flight`] | one load, those who wait for it, and who leads it |
//! | [`Leader`] | the guard of who loads: lands, or hands the lead on |
//! | [`Convoy`] | several leaders with one load for all |
//! | [`Passenger`] | who waits, as a thread or as a task, until the load lands, or leads it on |
//! | [`Token`] | a fence without a load: may the holder still fill this key? |
//!
//! # How an owner uses it
//!
//! ```text
//! lock; found it? return
//! board ─┬─ Lead(leader) ── unlock; leader.run(load) or leader.poll_with(cx, future) ── lock; table.land(&leader) and store,
//!        │                      ▲                                                         unlock; leader.land(&value)
//!        └─ Wait(passenger) ── unlock; passenger.wait() or .await ─┬─ Landed(value)
//!                               │                                  ├─ TimedOut, Recursive
//!                               └───────────── Lead(leader) ◀──────┘
//!
//! insert, remove, invalidate:  lock; table.detach(key) and change; unlock
//! ```
//!
//! # Laws
//!
//! * One load per key and fence, for any number of callers, threads and tasks alike.
//! * A load that began before a detach of its key, a detach of all, or a change of the owner's epoch is never stored, and nobody
//!   who boards after that joins it. Who had joined before gets its result.
//! * A leader that panics, is dropped, or was woken and is not polled for the patience of the table loses the lead to the first that waits,
//!   and to nobody else. Whatever it delivers after that is its own caller's affair.
//! * Whoever would wait for itself, across any number of flights and tables, is told so instead.
//! * The loader, clones and drops of values, drops of keys, wakers and clocks run without any lock. Under the owner's lock only keys are
//!   compared; what is to be dropped is put into [`Debris`], which the owner drops after its lock.
//!
//! `docs/design/waiting.md` has the whole picture.
#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

mod convoy;
mod core;
mod debris;
mod frames;
mod leader;
#[cfg(test)]
mod model_tests;
mod passenger;
mod places;
mod rules;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod waits;

pub use self::core::Flight;
pub use convoy::Convoy;
pub use debris::Debris;
pub use leader::Leader;
pub use passenger::{Outcome, Passenger};
pub use rules::{Denied, Freight, Rules};
pub use table::{Boarding, FlightTable, Token};
