//! Random times.

use tenfold::rng::Rng;

/// How long requests take, with a mean of 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Exponential,
    /// With a coefficient of variation of 1.8.
    LogNormal,
    /// With the exponent 2.2.
    Pareto,
}

/// An exponential time of this mean.
pub(crate) fn exponential(rng: &mut Rng, mean: f64) -> f64 {
    -(1.0 - rng.unit()).ln() * mean
}

/// A number of the standard normal distribution: Box and Muller's, one of the pair.
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.unit()).cos()
}

impl Service {
    pub(crate) fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Exponential => exponential(rng, 1.0),
            Self::LogNormal => {
                let variance = (1.0 + 1.8_f64 * 1.8).ln();
                (normal(rng) * variance.sqrt() - variance / 2.0).exp()
            }
            Self::Pareto => {
                let shape = 2.2;
                (shape - 1.0) / shape * (1.0 - rng.unit()).powf(-1.0 / shape)
            }
        }
    }
}
