//! Backends drawn at random, each as often as its weight says.

use super::View;

/// Draws backends by their weights, in constant time.
///
/// # Design
///
/// A column for each backend, all equally likely, each divided between its own backend and one other. A column is one word: 48 bits say how
/// much of it is its own, 16 who has the rest. Who gets how much of which column is computed in integers, and only the border is rounded,
/// to 2^-48 of a column; whoever has weight keeps at least that much. Where all weights are equal there is no table at all.
///
/// # Complexity
///
/// A random number, a multiplication and one load; 8 bytes per backend if weights differ, none if they don't. Building takes O(n).
///
/// # Source
///
/// A. Walker, "An Efficient Method for Generating Discrete Random Variables with General Distributions", ACM TOMS 3(3), 1977; the order of
/// work is that of M. Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", IEEE TSE 17(9), 1991.
#[derive(Clone, Debug)]
pub struct Alias(Shares);

#[derive(Clone, Debug)]
enum Shares {
    /// All alike, so many.
    Even(usize),
    Columns(Box<[u64]>),
}

/// Backends that a column can name.
pub(super) const MOST: usize = 1 << 16;
const OTHER_BITS: u32 = 16;
const BORDER_BITS: u32 = u64::BITS - OTHER_BITS;

impl Alias {
    /// For the backends of `view`: the first 65 536, and no balancer has more.
    pub(super) fn of<V: View>(view: &V) -> Self {
        Self::new((0..view.len().min(MOST)).map(|index| view.weight(index)))
    }

    pub(super) fn new(weights: impl Iterator<Item = u32> + Clone) -> Self {
        let first = weights.clone().next().unwrap_or(0);
        if weights.clone().all(|weight| weight == first) {
            let count = if first > 0 { weights.count() } else { 0 };
            return Self(Shares::Even(count));
        }
        Self(Shares::Columns(columns(weights)))
    }

    /// Whether all have the same weight.
    pub(super) const fn is_even(&self) -> bool {
        matches!(self.0, Shares::Even(_))
    }

    /// A backend, or `None` if nobody has weight.
    #[inline]
    pub(super) fn draw<V: View>(&self, view: &V) -> Option<usize> {
        match &self.0 {
            Shares::Even(0) => None,
            Shares::Even(count) => Some(view.below(*count)),
            Shares::Columns(columns) => {
                let product = u128::from(view.random()) * columns.len() as u128;
                let own = (product >> u64::BITS) as usize;
                let part = product as u64 >> OTHER_BITS;
                let column = columns.get(own)?;
                Some(if part < column >> OTHER_BITS {
                    own
                } else {
                    (column & (MOST as u64 - 1)) as usize
                })
            }
        }
    }
}

/// One column per weight, at most `MOST`, not all of them zero.
fn columns(weights: impl Iterator<Item = u32> + Clone) -> Box<[u64]> {
    let count = weights.clone().count().min(MOST) as u64;
    let weights = weights.take(MOST);
    // Below 2^16 × 2^32, and so is what is left to place of any backend, in units in which a column is the total.
    let total: u64 = weights.clone().map(u64::from).sum();
    let mut left: Vec<u64> = weights.map(|weight| u64::from(weight) * count).collect();
    let (mut light, mut heavy) = (Vec::new(), Vec::new());
    for (index, left) in left.iter().enumerate() {
        if *left < total {
            light.push(index);
        } else {
            heavy.push(index);
        }
    }
    // Whoever is never taken from here fills its own column.
    let mut columns: Vec<u64> = (0..count).map(|own| column(1, 1, own as usize)).collect();
    while let (Some(own), Some(other)) = (light.pop(), heavy.last().copied()) {
        let part = left.get(own).copied().unwrap_or(0);
        if let Some(place) = columns.get_mut(own) {
            *place = column(part, total, other);
        }
        if let Some(rest) = left.get_mut(other) {
            *rest -= total - part;
            if *rest < total {
                heavy.pop();
                light.push(other);
            }
        }
    }
    columns.into_boxed_slice()
}

/// A column of which `part` of `total` is its own and the rest another's.
fn column(part: u64, total: u64, other: usize) -> u64 {
    // All but the last unit of a whole column: the rest then is its own as well.
    let most = (1 << BORDER_BITS) - 1;
    let border = if part >> OTHER_BITS == 0 {
        // Nearly always, and one instruction.
        (part << BORDER_BITS) / total
    } else {
        ((u128::from(part) << BORDER_BITS) / u128::from(total)) as u64
    };
    border.min(most) << OTHER_BITS | other as u64
}
