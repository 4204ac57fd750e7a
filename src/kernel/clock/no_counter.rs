//! Where no counter is known to be fit to tell time.

pub(super) const fn read() -> u64 {
    0
}

pub(super) const fn usable() -> bool {
    false
}
