//! Whether the miniatures are like the cache they stand for.
//!
//! A sample of a loop's keys may happen to fit into miniatures although the loop doesn't fit into the cache: then all of them hit all the time,
//! none leads, and what is in charge may be the worst. It shows, since the cache itself is seen: requests say whether they were hits. So if
//! the miniature in charge promises much more than there is, all miniatures are made a little smaller, until they fail as well, differently.
//!
//! After a change of the one in charge the cache takes its time to become what the miniature is already; a window is left out then.

/// Requests of a window, in capacities of a miniature.
const WINDOW: usize = 2;
/// The part of a window's requests by which a promise must be too high.
const PART: u32 = 5;
/// What is left of the capacity after a step; below the other there is no step more.
const STEP: f64 = 0.95;
const LEAST: f64 = 0.77;

pub(super) struct Calibration {
    scale: f64,
    seen: usize,
    real: u32,
    promised: u32,
    settled: bool,
}

impl Calibration {
    pub(super) const fn new() -> Self {
        Self {
            scale: 1.0,
            seen: 0,
            real: 0,
            promised: 0,
            settled: false,
        }
    }

    /// Another one is in charge.
    pub(super) fn changed(&mut self) {
        (self.seen, self.real, self.promised) = (0, 0, 0);
        self.settled = false;
    }

    /// A request: whether it was a hit, and one for the miniature in charge. The capacity that miniatures are to have from now on, if it is
    /// another; without calibration it is `capacity`.
    pub(super) fn request(&mut self, real: bool, promised: bool, capacity: usize) -> Option<usize> {
        self.seen += 1;
        self.real += u32::from(real);
        self.promised += u32::from(promised);
        if self.seen < WINDOW * capacity {
            return None;
        }
        let much = self.seen as u32 / PART;
        let fails = self.settled && self.promised > self.real.saturating_add(much);
        self.changed();
        self.settled = true;
        if !fails || self.scale * STEP < LEAST {
            return None;
        }
        self.scale *= STEP;
        Some(((capacity as f64 * self.scale) as usize).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capacities that come of windows in which so many of a hundred were hits, and were promised.
    fn windows(calibration: &mut Calibration, hits: &[(usize, usize)]) -> Vec<Option<usize>> {
        let window = |&(real, promised): &(usize, usize)| {
            let one = |n: usize| calibration.request(n % 100 < real, n % 100 < promised, 100);
            (0..200).filter_map(one).last()
        };
        hits.iter().map(window).collect()
    }

    #[test]
    fn a_promise_that_is_not_kept_shrinks_the_miniatures_step_by_step() {
        let mut calibration = Calibration::new();
        let none = windows(&mut calibration, &[(0, 90), (50, 60), (60, 50)]);
        assert_eq!(
            none, [None; 3],
            "the first window is left out, and little is nothing"
        );
        let some = windows(&mut calibration, &[(10, 90), (10, 90), (80, 90)]);
        assert_eq!(some, [Some(95), Some(90), None]);
        let sizes = windows(&mut calibration, &[(0, 90); 9]);
        let last = sizes.into_iter().flatten().last();
        assert!(
            last.is_some_and(|size| (75..80).contains(&size)),
            "{last:?}"
        );
    }

    #[test]
    fn who_is_new_in_charge_is_given_time() {
        let mut calibration = Calibration::new();
        windows(&mut calibration, &[(0, 0)]);
        calibration.changed();
        assert_eq!(windows(&mut calibration, &[(0, 90)]), [None]);
        assert_eq!(windows(&mut calibration, &[(0, 90)]), [Some(95)]);
    }
}
