//! Which of several probed backends: of those that have not too much to do, the one that is expected to answer first.
//!
//! # Source
//!
//! B. Wydrowski, R. Kleinberg, S. M. Rumble, A. Archer, "Load is not what you should balance: Introducing Prequal", NSDI 2024
//! (arXiv 2312.10172): hot and cold, in this order, and where hot begins. Among cold ones theirs is the latency alone.

/// What is known of one backend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// Requests under way there, for its weight.
    pub(crate) in_flight: f32,
    /// Nanoseconds that its answers take.
    pub(crate) latency: f32,
    /// What failures multiply its cost by.
    pub(crate) penalty: f32,
}

/// The part of known loads above which a backend is hot.
const HOT_QUANTILE: f32 = 0.84;
/// A backend whose failures weigh more than this is only taken if all are like that.
const TOLERABLE: f32 = 2.0;

impl Row {
    fn is_troubled(&self) -> bool {
        self.penalty > TOLERABLE
    }

    fn is_hot(&self, limit: f32) -> bool {
        self.in_flight > limit
    }

    /// Orders cold ones. By the latency alone, all clients would send everything to the same few until those are hot, whose lines are long
    /// by then; in proportion to what there is to do, a slow one without work would be as good as a fast one that has some. So in between:
    /// this orders as the latency times the 0.4th power of what there is to do.
    fn expected(&self) -> f32 {
        self.latency * self.latency * self.latency.sqrt() * (self.in_flight + 1.0)
    }

    /// Whether this is the better choice: not in trouble, cold, and then soon ready; of hot ones the one with less to do, and of troubled
    /// ones the one that is in less.
    fn beats(&self, other: &Self, limit: f32) -> bool {
        match (self.is_troubled(), other.is_troubled()) {
            (true, true) => return self.penalty < other.penalty,
            (false, true) => return true,
            (true, false) => return false,
            (false, false) => {}
        }
        match (self.is_hot(limit), other.is_hot(limit)) {
            (true, true) => self.in_flight < other.in_flight,
            (false, true) => true,
            (true, false) => false,
            (false, false) => self.expected() < other.expected(),
        }
    }
}

/// The load above which a backend is hot, among loads in no order: they are sorted.
pub(crate) fn hot_limit(loads: &mut [f32]) -> f32 {
    loads.sort_unstable_by(f32::total_cmp);
    let place = (loads.len() as f32 * HOT_QUANTILE) as usize;
    loads.get(place).copied().unwrap_or(f32::MAX)
}

/// The place of the best row, and of the worst. `None` if there are no rows.
pub(crate) fn best_and_worst(rows: &[Row], limit: f32) -> Option<(usize, usize)> {
    let mut found = (0, 0);
    let mut ends = (*rows.first()?, *rows.first()?);
    for (place, row) in rows.iter().enumerate().skip(1) {
        if row.beats(&ends.0, limit) {
            (found.0, ends.0) = (place, *row);
        }
        if ends.1.beats(row, limit) {
            (found.1, ends.1) = (place, *row);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(in_flight: f32, latency: f32) -> Row {
        Row {
            in_flight,
            latency,
            penalty: 1.0,
        }
    }

    #[test]
    fn cold_and_fast_is_best_and_hot_is_worst() {
        let rows = [row(3.0, 1.0), row(1.0, 9.0), row(2.0, 5.0), row(7.0, 0.1)];
        assert_eq!(best_and_worst(&rows, 3.0), Some((0, 3)));
        assert_eq!(best_and_worst(&rows, 2.0), Some((2, 3)));
        assert_eq!(best_and_worst(&rows, 0.0), Some((1, 3)));
        assert_eq!(best_and_worst(&[], 0.0), None);
    }

    #[test]
    fn work_that_waits_counts_among_the_cold() {
        let rows = [row(5.0, 1.0), row(0.0, 1.9), row(0.0, 2.1)];
        assert_eq!(best_and_worst(&rows, 9.0), Some((1, 2)));
    }

    #[test]
    fn trouble_comes_last_however_fast() {
        let troubled = |penalty| Row {
            penalty,
            ..row(0.0, 0.1)
        };
        let rows = [troubled(30.0), row(9.0, 9.0), troubled(8.0)];
        assert_eq!(best_and_worst(&rows, 1.0), Some((1, 0)));
        assert_eq!(best_and_worst(&rows[..1], 1.0), Some((0, 0)));
        let only_troubled = [troubled(30.0), troubled(8.0)];
        assert_eq!(best_and_worst(&only_troubled, 1.0), Some((1, 0)));
    }

    #[test]
    fn about_a_sixth_is_hot() {
        let mut loads: Vec<f32> = (0..100_u8).rev().map(f32::from).collect();
        assert_eq!(hot_limit(&mut loads), 84.0);
        assert_eq!(hot_limit(&mut [5.0]), 5.0);
        assert_eq!(hot_limit(&mut []), f32::MAX);
    }

    #[test]
    fn what_is_not_a_number_is_no_trap() {
        let rows = [row(f32::NAN, f32::NAN), row(1.0, 1.0), row(0.0, f32::NAN)];
        assert!(best_and_worst(&rows, f32::NAN).is_some());
    }
}
