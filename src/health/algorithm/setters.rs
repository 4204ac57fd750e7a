//! Setters of the settings of the search for outliers.

use std::time::Duration;

use super::outlier::{FailurePercent, MaxEjected, Outlier, SuccessRate};

impl Outlier {
    /// See [`interval`](Self#structfield.interval).
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// See [`consecutive`](Self#structfield.consecutive).
    #[must_use]
    pub const fn consecutive(mut self, consecutive: Option<u32>) -> Self {
        self.consecutive = consecutive;
        self
    }

    /// See [`success_rate`](Self#structfield.success_rate).
    #[must_use]
    pub const fn success_rate(mut self, success_rate: Option<SuccessRate>) -> Self {
        self.success_rate = success_rate;
        self
    }

    /// See [`failure_percent`](Self#structfield.failure_percent).
    #[must_use]
    pub const fn failure_percent(mut self, failure_percent: Option<FailurePercent>) -> Self {
        self.failure_percent = failure_percent;
        self
    }

    /// See [`base_ejection`](Self#structfield.base_ejection).
    #[must_use]
    pub const fn base_ejection(mut self, base_ejection: Duration) -> Self {
        self.base_ejection = base_ejection;
        self
    }

    /// See [`max_ejection`](Self#structfield.max_ejection).
    #[must_use]
    pub const fn max_ejection(mut self, max_ejection: Duration) -> Self {
        self.max_ejection = max_ejection;
        self
    }

    /// See [`jitter`](Self#structfield.jitter).
    #[must_use]
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// See [`max_ejected`](Self#structfield.max_ejected).
    #[must_use]
    pub const fn max_ejected(mut self, max_ejected: MaxEjected) -> Self {
        self.max_ejected = max_ejected;
        self
    }
}

impl SuccessRate {
    /// See [`factor`](Self#structfield.factor).
    #[must_use]
    pub const fn factor(mut self, factor: f32) -> Self {
        self.factor = factor;
        self
    }

    /// See [`min_hosts`](Self#structfield.min_hosts).
    #[must_use]
    pub const fn min_hosts(mut self, min_hosts: u32) -> Self {
        self.min_hosts = min_hosts;
        self
    }

    /// See [`min_requests`](Self#structfield.min_requests).
    #[must_use]
    pub const fn min_requests(mut self, min_requests: u64) -> Self {
        self.min_requests = min_requests;
        self
    }
}

impl FailurePercent {
    /// See [`percent`](Self#structfield.percent).
    #[must_use]
    pub const fn percent(mut self, percent: u8) -> Self {
        self.percent = percent;
        self
    }

    /// See [`min_hosts`](Self#structfield.min_hosts).
    #[must_use]
    pub const fn min_hosts(mut self, min_hosts: u32) -> Self {
        self.min_hosts = min_hosts;
        self
    }

    /// See [`min_requests`](Self#structfield.min_requests).
    #[must_use]
    pub const fn min_requests(mut self, min_requests: u64) -> Self {
        self.min_requests = min_requests;
        self
    }
}
