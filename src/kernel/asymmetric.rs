//! A barrier that costs those who pass it often nothing, and those who pass it rarely all.
//!
//! A reader stores an announcement and loads what it announced; a writer stores a change and loads the announcements. Each needs a barrier
//! between its two steps. Where the operating system can make every running thread of the process pass one, the writer asks for that
//! ([`heavy`]) and the reader needs no instruction at all ([`is_light`]), only that the compiler keeps the order.
//!
//! Linux has it since 4.14: membarrier(2), which is registered for by the first structure that wants it. Without it the reader must
//! pass a barrier itself. So it must under `--cfg tenfold_fenced`, for tools that do not know the call.
#![cfg_attr(
    all(
        target_os = "linux",
        not(any(tenfold_loom, tenfold_shuttle, tenfold_fenced))
    ),
    expect(unsafe_code, reason = "a system call that no library offers")
)]

#[cfg(all(
    target_os = "linux",
    not(any(tenfold_loom, tenfold_shuttle, tenfold_fenced))
))]
mod imp {
    use std::sync::atomic::{AtomicU8, Ordering};

    const UNKNOWN: u8 = 0;
    const LIGHT: u8 = 1;
    const REFUSED: u8 = 2;

    /// Decided once: whoever reclaims must not believe that it is refused while a reader knows better.
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);

    fn call(command: libc::c_int) -> bool {
        // SAFETY: the call takes three numbers and touches no memory.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    pub(crate) fn register() {
        if ANSWER.load(Ordering::Acquire) == UNKNOWN {
            let granted = call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            let answer = if granted { LIGHT } else { REFUSED };
            // If somebody else was faster, that is the answer.
            let _ = ANSWER.compare_exchange(UNKNOWN, answer, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    #[inline(always)]
    pub(crate) fn is_light() -> bool {
        ANSWER.load(Ordering::Relaxed) == LIGHT
    }

    pub(crate) fn heavy() -> bool {
        std::sync::atomic::fence(Ordering::SeqCst);
        !is_light() || call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
    }
}

#[cfg(not(all(
    target_os = "linux",
    not(any(tenfold_loom, tenfold_shuttle, tenfold_fenced))
)))]
mod imp {
    use crate::kernel::sync::full_barrier;

    pub(crate) fn register() {}

    #[inline(always)]
    pub(crate) fn is_light() -> bool {
        false
    }

    pub(crate) fn heavy() -> bool {
        full_barrier();
        true
    }
}

/// Asks for what [`heavy`] needs. Called before a structure is shared whose readers ask [`is_light`].
pub(crate) use imp::register;

/// Whether a reader may leave the barrier to the writer. Once true it stays so.
pub(crate) use imp::is_light;

/// The writer's barrier, also for readers that have none. `false` if the system refused: then nothing is known of readers.
pub(crate) use imp::heavy;
