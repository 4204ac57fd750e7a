//! The quotas of all classes, ready to compute with.

use crate::limit::Quota;
use crate::limit::algorithm::Meter;

#[derive(Debug)]
pub(super) struct Meters {
    /// Class 0.
    main: Meter,
    /// The others, from class 1.
    others: Box<[Meter]>,
}

impl Meters {
    /// Classes there may be: as many as 8 bits can tell apart.
    pub(super) const MOST: usize = 256;

    pub(super) fn new(quota: &Quota, classes: &[Quota]) -> Self {
        Self {
            main: quota.meter(),
            others: classes.iter().map(Quota::meter).collect(),
        }
    }

    /// The meter of a class; of class 0 if there is no such class.
    #[inline]
    pub(super) fn of(&self, class: u8) -> &Meter {
        match class.checked_sub(1) {
            None => &self.main,
            Some(other) => self.others.get(usize::from(other)).unwrap_or(&self.main),
        }
    }

    /// The class that was meant: 0 if there is no such class.
    pub(super) fn class(&self, chosen: usize) -> u8 {
        match u8::try_from(chosen) {
            Ok(class) if chosen <= self.others.len() => class,
            _ => 0,
        }
    }

    /// Whether all words are on one axis.
    pub(super) const fn is_single(&self) -> bool {
        self.others.is_empty()
    }
}

impl Meter {
    /// Whether tokens are free, so that there is nothing to remember.
    pub(super) const fn is_free(&self) -> bool {
        self.scale == 0
    }

    /// Whole tokens, rounded up, that a bucket lacks at `now`.
    pub(super) fn debt(&self, word: u64, now: u64) -> u64 {
        let units = word.saturating_sub(self.filling(now).floor);
        match units {
            0 => 0,
            units => units.div_ceil(self.scale.max(1)),
        }
    }
}
