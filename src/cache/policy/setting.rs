//! What a clock goes by, and what it has counted.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Frequency { lead: u8 },
    Reference,
    Recency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// The queue's share of the capacity, per mille.
    pub(super) window: u16,
    pub(super) rule: Rule,
    /// Used entries wait once more in the queue.
    pub(super) again: bool,
    /// The latest is not judged before another one has come, however much it weighs.
    pub(super) patient: bool,
}

/// Steps and evictions ever, and the most steps of one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) steps: u64,
    pub(crate) evictions: u64,
    pub(crate) most: u32,
}

impl Counted {
    pub(super) fn add(&mut self, steps: u32) {
        self.steps += u64::from(steps);
        self.evictions += 1;
        self.most = self.most.max(steps);
    }
}
