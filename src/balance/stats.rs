//! What happened at a balancer, and what is going on.

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Pick,
    Refusal,
    Panic,
    Fallback,
    Success,
    Failure,
    Cancel,
    Update,
    Ejection,
}

impl Event {
    pub(super) const COUNT: usize = 9;
}

/// What happened at a [`Balancer`](super::Balancer) since it was made, and how it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Backends that were chosen, with a lease or without.
    pub picks: u64,
    /// Calls that found no backend.
    pub refused: u64,
    /// Backends that were chosen in panic mode.
    pub panicked: u64,
    /// Picks for which the balancer took another backend than its policy's choice: that was excluded or had no room.
    pub fallbacks: u64,
    /// Leases that were reported good.
    pub successes: u64,
    /// Leases that were reported failed.
    pub failures: u64,
    /// Leases that were dropped.
    pub cancelled: u64,
    /// Changes of the set, those of health included.
    pub updates: u64,
    /// Backends that were taken out because their requests failed.
    pub ejections: u64,
    /// Leases that have not ended, of backends that are in the set.
    pub in_flight: u64,
    /// Backends in the set.
    pub backends: usize,
    /// Backends that are out because their requests failed.
    pub ejected: usize,
    /// Backends that are in order.
    pub usable: usize,
    /// Whether the balancer is in panic mode.
    pub panic: bool,
}

impl Stats {
    /// What happened since `earlier`: the counters as differences, everything else as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            picks: self.picks.saturating_sub(earlier.picks),
            refused: self.refused.saturating_sub(earlier.refused),
            panicked: self.panicked.saturating_sub(earlier.panicked),
            fallbacks: self.fallbacks.saturating_sub(earlier.fallbacks),
            successes: self.successes.saturating_sub(earlier.successes),
            failures: self.failures.saturating_sub(earlier.failures),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            ejections: self.ejections.saturating_sub(earlier.ejections),
            updates: self.updates.saturating_sub(earlier.updates),
            ..*self
        }
    }

    /// The part of reported leases that failed: 0 to 1, and 0 if there were none.
    #[must_use]
    pub fn failure_ratio(&self) -> f64 {
        self.failures as f64 / self.successes.saturating_add(self.failures).max(1) as f64
    }
}
