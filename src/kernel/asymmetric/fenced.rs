//! Where the operating system has no such barrier, everybody passes their own.

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
