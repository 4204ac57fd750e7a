//! The process's clock by the processor's counter, where that is fit to tell time.

use std::sync::LazyLock;

use super::counter;
use super::discipline::{Disciplined, Source};
use super::monotonic::nanos_of_the_system;
use super::tick::Tick;

static IS_USABLE: LazyLock<bool> = LazyLock::new(counter::usable);
/// Compared with the operating system's clock only if the counter is usable, and without a segment before that.
static CLOCK: Disciplined<Machine> = Disciplined::new(Machine);

/// The time, nearly always.
#[inline]
pub(super) fn now() -> Option<Tick> {
    CLOCK.within_segment()
}

/// The time after a look at the operating system's clock; `None` if the counter is not usable.
pub(super) fn compared() -> Option<Tick> {
    IS_USABLE.then(|| CLOCK.now())
}

#[derive(Debug)]
struct Machine;

impl Source for Machine {
    #[inline]
    fn counter(&self) -> u64 {
        counter::read()
    }

    fn nanos(&self) -> u64 {
        nanos_of_the_system()
    }
}
