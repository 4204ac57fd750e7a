//! Whoever is expected to answer first.

use super::alias::Alias;
use super::fewest::fewest;
use super::least_connections::{DEFAULT_CHOICES, checked};
use super::{Policy, View};
use crate::balance::{Error, Request};

/// The backend that is expected to answer first: its [cost](View::cost) × (its leases + 1) / its weight is least, of all backends or of
/// some if there are many.
///
/// The cost is a mean of latencies that follows peaks at once, forgets them slowly, and is raised by failures; so who fails fast is not
/// preferred. Choices are made as by [`LeastConnections`](super::LeastConnections).
///
/// # When not to use this
///
/// When many balancers that don't know of each other share few backends: all of them see the same one as the fastest, and send it what
/// they have. [`Adaptive`](super::Adaptive) looks at two only, so it spreads more.
///
/// # Complexity
///
/// Reads the loads and latencies of up to 16 backends, or of as many as are drawn, and the clock when a lease begins and ends. 8 bytes per
/// backend if weights differ.
///
/// # Source
///
/// The product of a peak-following mean and the requests under way is Finagle's measure of load, here over more than two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastResponseTime {
    choices: usize,
}

impl Default for LeastResponseTime {
    fn default() -> Self {
        Self {
            choices: DEFAULT_CHOICES,
        }
    }
}

impl LeastResponseTime {
    /// Draws so many of a large set.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] unless it is 1 to 64.
    pub fn choices(choices: usize) -> Result<Self, Error> {
        let choices = checked(choices)?;
        Ok(Self { choices })
    }
}

impl Policy for LeastResponseTime {
    type Plan = Alias;

    const TIMED: bool = true;

    fn plan<V: View>(&self, view: &V) -> Alias {
        Alias::of(view)
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Alias, view: &V, _: &Request<'_>) -> Option<usize> {
        fewest(view, plan, self.choices, |index| {
            let line = view.in_flight(index) as f32 + 1.0;
            // The product of two large numbers may be infinite: then it is as large as any.
            let expected = view.cost(index) * line / view.weight(index).max(1) as f32;
            if expected.is_nan() {
                f32::INFINITY
            } else {
                expected
            }
        })
    }
}
