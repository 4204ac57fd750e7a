//! Two drawn at random, and which of them has less to do.

use super::View;
use super::alias::Alias;

/// Two different indices, each pair with the same probability; twice the same if there is only one.
#[inline]
pub(super) fn two<V: View>(view: &V) -> (usize, usize) {
    let len = view.len();
    if len < 2 {
        return (0, 0);
    }
    // Both halves of one random number: a set has less than 2^32 backends.
    let random = view.random();
    let first = (((random >> 32) * len as u64) >> 32) as usize;
    let other = (((random & 0xFFFF_FFFF) * (len as u64 - 1)) >> 32) as usize;
    (first, if other >= first { other + 1 } else { other })
}

/// Draws until two are different: if one has nearly all the weight they won't be, and need not.
const DRAWS: usize = 4;

/// Two by weight, different if that can be had.
#[inline]
pub(super) fn two_by_weight<V: View>(draws: &Alias, view: &V) -> (usize, usize) {
    if draws.is_even() {
        return two(view);
    }
    let draw = || draws.draw(view).unwrap_or(0);
    let first = draw();
    let mut others = std::iter::repeat_with(draw).take(DRAWS);
    let other = others.find(|other| *other != first).unwrap_or(first);
    (first, other)
}
