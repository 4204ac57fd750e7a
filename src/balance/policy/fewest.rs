//! The least of all, or of some that are drawn.

use super::View;
use super::alias::Alias;

/// Sets up to this size are looked through: that takes little longer than to draw half as many.
const SMALL: usize = 16;

/// The backend whose key is least, of all if they are few, else of so many draws by weight. Of equal keys each is as likely.
///
/// Draws are by weight since a heavy backend must be looked at often enough: drawn evenly, one of a hundred would be among eight in a
/// twelfth of all cases, and could not take more than that, however much it can do.
#[inline]
pub(super) fn fewest<V: View, K: PartialOrd>(
    view: &V,
    draws: &Alias,
    choices: usize,
    key: impl Fn(usize) -> K,
) -> Option<usize> {
    let len = view.len();
    if len <= SMALL {
        return least_of_all(view, len, key);
    }
    let mut least = draws.draw(view)?;
    let mut least_key = key(least);
    for _ in 1..choices {
        let other = draws.draw(view)?;
        let other_key = key(other);
        if other_key < least_key {
            (least, least_key) = (other, other_key);
        }
    }
    Some(least)
}

#[inline]
fn least_of_all<V: View, K: PartialOrd>(
    view: &V,
    len: usize,
    key: impl Fn(usize) -> K,
) -> Option<usize> {
    if len == 0 {
        return None;
    }
    // Keys are read once: they may change meanwhile. A bit for each that is as small as the least.
    let mut least_key = key(0);
    let mut ties = 1_u32;
    for index in 1..len {
        let other = key(index);
        if other < least_key {
            (least_key, ties) = (other, 1 << index);
        } else if other == least_key {
            ties |= 1 << index;
        }
    }
    let mut skipped = match ties.count_ones() {
        1 => 0,
        count => view.below(count as usize),
    };
    while skipped > 0 {
        ties &= ties - 1;
        skipped -= 1;
    }
    Some(ties.trailing_zeros() as usize)
}
