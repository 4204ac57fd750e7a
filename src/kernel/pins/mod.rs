//! Who is reading what: the announcements that keep a published value alive while it is read.
//!
//! A reader of a [`Snapshot`](super::snapshot::Snapshot) must not touch a reference count (a shared line per read) and
//! must not take a lock. It announces itself instead, in a record that no other thread writes, and whoever replaces a value
//! looks through the records before it lets go of the old one.
//!
//! # A record, as its reader drives it
//!
//! ```text
//!            enter: swap                     hold: store
//!   IDLE ───────────────▶ ENTERING(era) ───────────────▶ HOLDING(address)
//!    ▲                          │                               │
//!    └──────────────────────────┴───────────────────────────────┘
//!                          leave: release store
//! ```
//!
//! `ENTERING(e)` protects every value that was retired in era `e` or later, `HOLDING(a)` protects the value at `a` alone.
//! Eras count replacements, process-wide; a record holds one word, eras are odd numbers and addresses even ones.
//!
//! # Why a value that is read is never freed
//!
//! The reader runs `swap(ENTERING(e))`, then loads the cell's pointer. The publisher swaps the pointer, takes the current
//! era `r` and advances the era, then loads the records; it frees the old value only if no record is `HOLDING` it and none
//! is `ENTERING(e)` with `e <= r`. All of these are sequentially consistent, so one total order holds them.
//!
//! * The publisher's look at the record comes before the reader's swap: then the reader's load comes after the publisher's
//!   swap and finds the new value.
//! * It comes later and finds `ENTERING(e)`, `e <= r`: the value is kept.
//! * It finds `ENTERING(e)`, `e > r`: the reader saw an era that the publisher made after swapping the pointer, so the
//!   reader's load finds the new value.
//! * It finds `HOLDING(a)`: the reader holds `a` and nothing else, and a later entry is the first case again.
//! * It finds `IDLE` after a visit: the reader left by a release store that the publisher's load acquires, so all it read
//!   happens before the value is freed.
//!
//! Entering is a load, a swap and a load whatever other threads do: wait-free. A reader that stays inside protects one
//! value. Only a reader stopped between the two steps of entering protects more, and publishers bound that (see there).
//!
//! Sources: the announcement is the hazard pointer of M. Michael (IEEE TPDS 15(6), 2004); taking an era first instead of
//! validating afterwards is the hazard era of P. Ramalhete and A. Correia (SPAA 2017).

mod cover;
mod mine;
mod pin;
mod records;
mod scan;

pub(crate) use cover::{Cover, Own, own, stand_apart, stand_by};
pub(crate) use pin::{Pin, enter};
#[cfg(test)]
pub(crate) use records::count;
pub(crate) use records::{Record, retire};
pub(crate) use scan::Announced;
