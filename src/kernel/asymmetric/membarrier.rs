//! The barrier of Linux.
#![expect(unsafe_code, reason = "a system call that no library offers")]

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
