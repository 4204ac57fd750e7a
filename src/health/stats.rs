//! What a monitor has done.

/// What happened at a monitor since it was made, and how it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Checks that began.
    pub started: u64,
    /// Checks that passed.
    pub passed: u64,
    /// Checks that failed, those without an answer and those that panicked included. One that hangs counts again after each interval.
    pub failed: u64,
    /// Of these, those without an answer in time.
    pub timed_out: u64,
    /// Of these, checks that panicked.
    pub panicked: u64,
    /// Answers that came after the timeout or the removal of the target, and count for nothing.
    pub late: u64,
    /// How often a check found no thread: the workers' queue was full, it was dropped before it began, or had not begun after the timeout
    /// (and each timeout after that). It stays in line or is tried again, and says nothing about its target.
    pub refused: u64,
    /// Changes to healthy.
    pub rises: u64,
    /// Changes to unhealthy.
    pub falls: u64,
    /// Targets now.
    pub targets: usize,
    /// Targets that are healthy now.
    pub healthy: usize,
    /// Checks under way now, those that no thread has begun and those that nobody waits for any more included.
    pub in_flight: usize,
    /// Targets whose check is due and can't begin, because as many are under way as may be.
    pub waiting: usize,
}

impl Stats {
    /// What happened since `earlier`: the counters as differences, everything else as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            started: self.started.saturating_sub(earlier.started),
            passed: self.passed.saturating_sub(earlier.passed),
            failed: self.failed.saturating_sub(earlier.failed),
            timed_out: self.timed_out.saturating_sub(earlier.timed_out),
            panicked: self.panicked.saturating_sub(earlier.panicked),
            late: self.late.saturating_sub(earlier.late),
            refused: self.refused.saturating_sub(earlier.refused),
            rises: self.rises.saturating_sub(earlier.rises),
            falls: self.falls.saturating_sub(earlier.falls),
            ..*self
        }
    }

    /// The part of answered checks that failed: 0 to 1, and 0 if there were none.
    #[must_use]
    pub fn failed_ratio(&self) -> f64 {
        self.failed as f64 / self.passed.saturating_add(self.failed).max(1) as f64
    }
}
