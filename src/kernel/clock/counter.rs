//! The processor's time-stamp counter, where it is fit to tell time.
#![expect(unsafe_code, reason = "the counter is read by an instruction")]

use std::io::{BufRead, BufReader, Read};

/// The counter. Callers ask [`usable`] first.
#[inline(always)]
pub(super) fn read() -> u64 {
    // SAFETY: the instruction exists on every x86-64 processor; the kernel would have to forbid it to user code,
    // and then would not use it in its own clock_gettime, which `usable` checked.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// The kernel tests the counter against other timers when it boots and while it runs, and switches to another clock
/// source when they disagree; so its choice is asked first, and what the processor promises second.
pub(super) fn usable() -> bool {
    let chosen =
        std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let (Ok(source), Ok(processor)) = (chosen, std::fs::File::open("/proc/cpuinfo")) else {
        return false;
    };
    let promised = BufReader::new(processor.take(16 << 10))
        .lines()
        .map_while(Result::ok)
        .find(|line| line.starts_with("flags"))
        .is_some_and(|flags| promises_constant_rate(&flags));
    source.trim() == "tsc" && promised
}

/// Constant at all frequencies, and running on in deep sleep: the two halves of the invariant-counter bit of CPUID.
fn promises_constant_rate(flags: &str) -> bool {
    let has = |wanted| flags.split_ascii_whitespace().any(|flag| flag == wanted);
    has("constant_tsc") && has("nonstop_tsc")
}

#[cfg(test)]
mod tests {
    use super::promises_constant_rate;

    #[test]
    fn both_promises_are_needed() {
        assert!(promises_constant_rate(
            "flags : fpu tsc constant_tsc rep_good nonstop_tsc"
        ));
        assert!(!promises_constant_rate("flags : fpu tsc constant_tsc"));
        assert!(!promises_constant_rate("flags : fpu nonstop_tsc tsc"));
        assert!(!promises_constant_rate(
            "flags : constant_tsc_not nonstop_tsc"
        ));
    }
}
