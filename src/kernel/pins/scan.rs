//! What whoever replaces a value sees of its readers.

use super::records::{self, ARRIVING, IDLE};
use crate::kernel::asymmetric;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Ordering, store_load_barrier};

/// As many words are looked through one by one. More are in order.
const FEW: usize = 8;

/// What all readers announce, looked at once.
pub(crate) struct Announced {
    /// The earliest era in which a reader is still entering.
    entering_since: Option<u64>,
    held: Vec<u64>,
}

impl Announced {
    /// Looks through the records. Must follow the replacement of the pointer.
    pub(crate) fn scan() -> Self {
        store_load_barrier();
        let mut announced = Self {
            entering_since: None,
            held: Vec::new(),
        };
        if faulty(Fault::SkipScan) {
            return announced;
        }
        for record in records::all() {
            match record.announced.load(Ordering::SeqCst) {
                IDLE => {}
                word if word & 1 == 1 => {
                    let era = word >> 1;
                    announced.entering_since =
                        Some(announced.entering_since.map_or(era, |first| first.min(era)));
                }
                address => announced.held.push(address),
            }
        }
        if announced.held.len() > FEW {
            announced.held.sort_unstable();
            announced.held.dedup();
        }
        announced
    }

    /// As [`scan`](Self::scan), also for those who [`cover`](Record::cover). Nothing if the system refuses to tell.
    pub(crate) fn scan_covers() -> Option<Self> {
        if faulty(Fault::ReclaimUnasked) {
            return Some(Self {
                entering_since: None,
                held: Vec::new(),
            });
        }
        asymmetric::heavy().then(Self::scan)
    }

    /// Whether somebody is arriving, or announced an address in `range`.
    pub(crate) fn visits(&self, range: std::ops::Range<usize>) -> bool {
        let inside = |word: &u64| *word == ARRIVING || range.contains(&(*word as usize));
        self.held.iter().any(inside)
    }

    /// Whether no reader announced any value.
    pub(crate) fn covers_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a reader announced the value at `address`. For values whose readers look again after announcing.
    pub(crate) fn covers(&self, address: usize) -> bool {
        let word = address as u64;
        if self.held.len() <= FEW {
            self.held.contains(&word)
        } else {
            self.held.binary_search(&word).is_ok()
        }
    }

    /// Whether a reader that began to enter in `era` or earlier has not found its value yet.
    pub(crate) fn enters_since(&self, era: u64) -> bool {
        self.entering_since.is_some_and(|since| since <= era)
    }

    /// Whether a reader may still use the value at `address` that was retired in `era`.
    pub(crate) fn protects(&self, address: usize, era: u64) -> bool {
        self.enters_since(era) || self.covers(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::pins::{Cover, stand_apart};

    #[test]
    fn few_and_many_announcements_are_found() {
        for many in [1, FEW, FEW + 1, 5 * FEW] {
            let place = Box::new([0_u64; 10 * FEW]);
            let base = std::ptr::from_ref(&*place).addr();
            // Neither in order nor each only once.
            let address = |n: usize| base + 16 * (n * 7 % many);
            let covers: Vec<Cover> = (0..many + 3).map(|_| stand_apart()).collect();
            for (n, cover) in covers.iter().enumerate() {
                cover.cover(address(n));
            }
            let announced = Announced::scan();
            assert!((0..many).all(|n| announced.covers(address(n))));
            assert!((0..many).all(|n| !announced.covers(address(n) + 2)));
            assert!(announced.visits(base..base + 1));
            drop(covers);
            assert!(!Announced::scan().covers(base));
        }
    }
}
