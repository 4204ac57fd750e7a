//! A barrier that costs those who pass it often nothing, and those who pass it rarely all.
//!
//! A reader stores an announcement and loads what it announced; a writer stores a change and loads the announcements. Each needs a barrier
//! between its two steps. Where the operating system can make every running thread of the process pass one, the writer asks for that
//! ([`heavy`]) and the reader needs no instruction at all ([`is_light`]), only that the compiler keeps the order.
//!
//! Linux has it since 4.14: membarrier(2), which is registered for by the first structure that wants it. Without it the reader must
//! pass a barrier itself. So it must under `--cfg tenfold_fenced`, for tools that do not know the call.

#[cfg(not(all(
    target_os = "linux",
    not(any(tenfold_loom, tenfold_shuttle, tenfold_fenced))
)))]
#[path = "fenced.rs"]
mod imp;
#[cfg(all(
    target_os = "linux",
    not(any(tenfold_loom, tenfold_shuttle, tenfold_fenced))
))]
#[path = "membarrier.rs"]
mod imp;

/// Asks for what [`heavy`] needs. Called before a structure is shared whose readers ask [`is_light`].
pub(crate) use imp::register;

/// Whether a reader may leave the barrier to the writer. Once true it stays so.
pub(crate) use imp::is_light;

/// The writer's barrier, also for readers that have none. `false` if the system refused: then nothing is known of readers.
pub(crate) use imp::heavy;
