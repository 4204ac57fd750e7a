//! How many turns of a period each weight gets.

use super::alias::MOST;

/// The longest period of a schedule.
pub(super) const LONGEST: u64 = 1 << 16;

/// Turns of each backend in one period.
#[derive(Debug, PartialEq)]
pub(super) struct Slots {
    /// In the order of the weights.
    pub(super) of: Vec<u32>,
    pub(super) period: u64,
    /// The largest difference between the part of a backend's turns and that of its weight; 0 if they are equal.
    pub(super) max_error: f64,
}

/// Turns of a period in which each weight has its part exactly, and what all weights can be divided by.
pub(super) fn exact_period(weights: impl Iterator<Item = u32> + Clone) -> (u64, u32) {
    let divisor = weights.clone().fold(0, common_divisor).max(1);
    let total: u64 = weights.map(u64::from).sum();
    (total / u64::from(divisor), divisor)
}

/// The turns of these weights, of which at most 65 536 count: in the proportion of the weights if a period of at most [`LONGEST`] turns
/// can have that, else as near as can be.
///
/// Where it can't, whoever is due less than one turn gets one, and what is left is shared by the largest remainder among the others.
pub(super) fn slots(weights: impl Iterator<Item = u32> + Clone) -> Slots {
    let weights = weights.take(MOST);
    let (period, divisor) = exact_period(weights.clone());
    if period <= LONGEST {
        return Slots {
            of: weights.map(|weight| weight / divisor).collect(),
            period,
            max_error: 0.0,
        };
    }
    let total = period * u64::from(divisor);
    let weights: Vec<u32> = weights.collect();
    let of = rounded(&weights, total);
    let part = |(slots, weight): (&u32, &u32)| {
        f64::from(*slots) / LONGEST as f64 - f64::from(*weight) / total as f64
    };
    let max_error = of
        .iter()
        .zip(&weights)
        .map(|pair| part(pair).abs())
        .fold(0.0, f64::max);
    Slots {
        of,
        period: LONGEST,
        max_error,
    }
}

fn rounded(weights: &[u32], total: u64) -> Vec<u32> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let weight = |index: usize| weights.get(index).copied().map_or(0, u64::from);
    order.sort_by_key(|index| weight(*index));
    let mut slots = vec![0; weights.len()];
    let mut give = |index: usize, count: u64| {
        if let Some(slot) = slots.get_mut(index) {
            // At most `LONGEST` in all.
            *slot += count as u32;
        }
    };
    let (mut slots_left, mut weight_left) = (LONGEST, total);
    let mut rest = Vec::new();
    for index in order.into_iter().filter(|index| weight(*index) > 0) {
        // Once somebody is due a whole turn, so are all heavier ones: giving one to who is due less leaves them less than one each less.
        if rest.is_empty() && weight(index) * slots_left < weight_left {
            give(index, 1);
            slots_left -= 1;
            weight_left -= weight(index);
        } else {
            rest.push(index);
        }
    }
    let due = |index: usize| weight(index) * slots_left;
    let mut given = 0;
    for index in &rest {
        give(*index, due(*index) / weight_left);
        given += due(*index) / weight_left;
    }
    // Stable, so that of equal remainders the lighter backend, then the earlier one wins.
    rest.sort_by_key(|index| std::cmp::Reverse(due(*index) % weight_left));
    for index in rest.iter().take((slots_left - given) as usize) {
        give(*index, 1);
    }
    slots
}

fn common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(weights: &[u32]) -> Slots {
        slots(weights.iter().copied())
    }

    #[test]
    fn proportions_are_kept_where_they_can_be() {
        assert_eq!(of(&[6, 0, 4, 2]).of, [3, 0, 2, 1]);
        assert_eq!(of(&[u32::MAX; 3]).of, [1, 1, 1]);
        assert_eq!(of(&[0, 0]).period, 0);
        assert_eq!(of(&[]).period, 0);
        let longest = of(&[65_535, 1]);
        assert_eq!((longest.period, longest.max_error), (LONGEST, 0.0));
    }

    #[test]
    fn who_is_due_less_than_a_turn_gets_one() {
        let slots = of(&[u32::MAX, 1, 0, 1]);
        assert_eq!(slots.of, [65_534, 1, 0, 1]);
        assert!(slots.max_error > 0.0 && slots.max_error < 2.0 / 65_536.0);
        let many: Vec<u32> = (0..65_536).map(|index| u32::MAX - index).collect();
        assert!(of(&many).of.iter().all(|slots| *slots == 1));
        let one_heavy: Vec<u32> = std::iter::once(u32::MAX)
            .chain(std::iter::repeat_n(1, 65_535))
            .collect();
        assert!(of(&one_heavy).of.iter().all(|slots| *slots == 1));
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders() {
        // 65 536 × 100 000 / 300 001 = 21 845.26, and for 100 001 it is 21 845.48.
        assert_eq!(
            of(&[100_000, 100_001, 100_000]).of,
            [21_845, 21_846, 21_845]
        );
    }
}
