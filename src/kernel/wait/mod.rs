//! Waiting for another one: fair lines in which threads and tasks stand alike.
//!
//! | part | what it is |
//! |---|---|
//! | `Line` | who waits, in which order, and who was granted what: a data structure |
//! | [`WaitQueue`] | a line for things that are handed out, as permits are |
//! | [`Turns`] | a line in which one at a time has its turn to try, and may have to wait for a time |
//! | [`block_on`] | a thread as a task: it parks until its waker is called |
//!
//! `docs/design/waiting.md` has the whole picture.
#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

mod block;
mod line;
mod queue;
#[cfg(test)]
mod tests;
mod turn;
mod turns;

pub use block::block_on;
pub use line::{Full, Ticket};
pub(crate) use line::{Line, Look};
pub use queue::WaitQueue;
pub use turns::Turns;
