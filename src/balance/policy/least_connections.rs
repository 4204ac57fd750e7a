//! Whoever has the fewest leases.

use std::cmp::Ordering;

use super::alias::Alias;
use super::fewest::fewest;
use super::{Policy, View};
use crate::balance::{Error, Request};

/// The backend with the fewest leases for its weight: of all, or of some if there are many.
///
/// Sets up to 16 are looked through, and of equals each is as likely. Larger ones are sampled: a number of backends is drawn by weight,
/// [8](Self::default) unless [told otherwise](Self::choices). A scan of all would read one line of memory per backend, each written by
/// others all the time.
///
/// # Why 8
///
/// Of 100 backends with 4 requests each on average, the longest line is 9.8 with one draw, 6.3 with 2, 5.3 with 4 and 5.0 with 8, which is
/// as short as it can be: more draws, up to 64, only read more.
/// `cargo test --test balance_policies eight_draws -- --nocapture` prints that.
///
/// Only [leases](crate::balance::Balancer::lease) count, so use it with those.
///
/// # When not to use this
///
/// When some backends fail fast: those have the fewest leases. [`Adaptive`](super::Adaptive) sees failures. For short requests
/// [`PowerOfTwo`](super::PowerOfTwo) costs less.
///
/// # Complexity
///
/// Reads the loads of up to 16 backends, or of as many as are drawn. 8 bytes per backend if weights differ.
///
/// # Source
///
/// M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001, for `d` choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastConnections {
    choices: usize,
}

pub(super) const DEFAULT_CHOICES: usize = 8;

/// As many draws as a setting may ask for.
pub(super) fn checked(choices: usize) -> Result<usize, Error> {
    if (1..=64).contains(&choices) {
        Ok(choices)
    } else {
        Err(Error::BadSetting {
            rule: "choices must be 1 to 64",
        })
    }
}

impl Default for LeastConnections {
    fn default() -> Self {
        Self {
            choices: DEFAULT_CHOICES,
        }
    }
}

impl LeastConnections {
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

impl Policy for LeastConnections {
    type Plan = Alias;

    fn plan<V: View>(&self, view: &V) -> Alias {
        Alias::of(view)
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Alias, view: &V, _: &Request<'_>) -> Option<usize> {
        fewest(view, plan, self.choices, |index| Load {
            leases: view.in_flight(index),
            weight: view.weight(index),
        })
    }
}

/// Leases for a weight, the one that is asked for included.
struct Load {
    leases: u64,
    weight: u32,
}

impl Load {
    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        let crossed = |load: &Self, weight: u32| (u128::from(load.leases) + 1) * u128::from(weight);
        crossed(self, other.weight).cmp(&crossed(other, self.weight))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.order(other).is_eq()
    }
}

impl PartialOrd for Load {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.order(other))
    }
}
