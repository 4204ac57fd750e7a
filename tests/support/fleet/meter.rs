//! What a server tells probes of itself.

use super::DECAY;

/// The mean of a server's latencies, in which older ones weigh less.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    at: f64,
    sum: f64,
    weights: f64,
}

/// Units after which an answer weighs 1/e.
const WINDOW: f64 = DECAY / 2.0;

impl Meter {
    pub(super) fn note(&mut self, at: f64, latency: f64) {
        let left = (-(at - self.at) / WINDOW).exp();
        self.sum = self.sum * left + latency;
        self.weights = self.weights * left + 1.0;
        self.at = at;
    }

    /// `None` if there was nothing lately.
    pub(super) fn mean(&self, now: f64) -> Option<f64> {
        let weights = self.weights * (-(now - self.at) / WINDOW).exp();
        (weights > 0.1).then(|| self.sum / self.weights)
    }
}
