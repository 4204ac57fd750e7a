//! Which of several runners is ahead of the one in charge, beyond chance.
//!
//! For each runner: by how many hits it leads the one in charge, and in how many requests the two differed, both fading with time. Were
//! the differing requests won by the toss of a coin, the lead would be within a few times the root of their number; a lead of [`SIGMAS`]
//! roots is taken for real. So large differences decide within few requests, small ones late or never, and there is no rate or margin to
//! tune. What fades after [`HORIZON`] times the runners' capacity must be longer than the loops that real programs make: what is best within
//! a part of a loop isn't what is best.

/// Requests, in capacities, after which a request counts a third.
const HORIZON: f64 = 24.0;

/// How sure a change must be.
const SIGMAS: f64 = 4.0;

/// Requests between two looks.
const PERIOD: u32 = 8;

#[derive(Clone, Copy, Default)]
struct Lead {
    gain: f64,
    differed: f64,
    /// Of this period.
    now: (i32, u32),
}

pub(super) struct Evidence {
    leads: Box<[Lead]>,
    leader: usize,
    fade: f64,
    seen: u32,
}

impl Evidence {
    pub(super) fn new(runners: usize, capacity: usize) -> Self {
        let mut evidence = Self {
            leads: vec![Lead::default(); runners].into(),
            leader: 0,
            fade: 0.0,
            seen: 0,
        };
        evidence.scale(1.0, capacity);
        evidence
    }

    /// The one in charge.
    pub(super) fn leader(&self) -> usize {
        self.leader
    }

    /// Puts another in charge, without evidence.
    pub(super) fn appoint(&mut self, leader: usize) {
        self.leader = leader;
    }

    /// From now on a request stands for `1 / share` of what it stood for, and the capacity is another.
    pub(super) fn scale(&mut self, share: f64, capacity: usize) {
        self.fade = (-f64::from(PERIOD) / (HORIZON * capacity.max(1) as f64)).exp();
        for lead in &mut self.leads {
            lead.gain *= share;
            lead.differed *= share;
        }
    }

    /// A request that was a hit for the runners in `hits`, a bit each. Whether another is in charge now.
    pub(super) fn request(&mut self, hits: u32) -> bool {
        let own = (hits >> self.leader & 1) as i32;
        for (at, lead) in self.leads.iter_mut().enumerate() {
            let gain = (hits >> at & 1) as i32 - own;
            lead.now.0 += gain;
            lead.now.1 += gain.unsigned_abs();
        }
        self.seen += 1;
        self.seen % PERIOD == 0 && self.look()
    }

    fn look(&mut self) -> bool {
        let mut best = (0.0, self.leader);
        for (at, lead) in self.leads.iter_mut().enumerate() {
            let (gain, differed) = std::mem::take(&mut lead.now);
            lead.gain = lead.gain * self.fade + f64::from(gain);
            lead.differed = lead.differed * self.fade + f64::from(differed);
            let chance = SIGMAS * (lead.differed + 1.0).sqrt();
            if lead.gain > chance && lead.gain > best.0 {
                best = (lead.gain, at);
            }
        }
        let (_, ahead) = best;
        if ahead == self.leader {
            return false;
        }
        let new = self.leads.get(ahead).copied().unwrap_or_default();
        self.leader = ahead;
        // Two that differed from the old one in as many requests differ among each other in at most the sum.
        for (at, lead) in self.leads.iter_mut().enumerate() {
            lead.gain -= new.gain;
            lead.differed = if at == ahead {
                0.0
            } else {
                lead.differed + new.differed
            };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Rng;

    /// How many changes in `requests`, where runner `n` hits with `chances[n]`, independently.
    fn changes(evidence: &mut Evidence, rng: &mut Rng, chances: &[f64], requests: usize) -> usize {
        let mut one = || {
            chances
                .iter()
                .enumerate()
                .map(|(at, &chance)| u32::from(rng.unit() < chance) << at)
                .sum()
        };
        (0..requests).filter(|_| evidence.request(one())).count()
    }

    #[test]
    fn equals_are_left_alone() {
        let mut evidence = Evidence::new(4, 1000);
        let changes = changes(&mut evidence, &mut Rng::seeded(1), &[0.5; 4], 1_000_000);
        assert!(changes <= 8, "{changes} changes among equals");
    }

    #[test]
    fn the_better_one_takes_over_soon_and_stays() {
        let mut evidence = Evidence::new(3, 1000);
        let mut rng = Rng::seeded(2);
        changes(&mut evidence, &mut rng, &[0.3, 0.2, 0.6], 1000);
        assert_eq!(evidence.leader(), 2);
        assert_eq!(
            changes(&mut evidence, &mut rng, &[0.3, 0.2, 0.6], 100_000),
            0
        );
        assert_eq!(evidence.leader(), 2);
    }

    #[test]
    fn a_small_lead_is_found_in_the_end() {
        let mut evidence = Evidence::new(2, 1000);
        changes(&mut evidence, &mut Rng::seeded(3), &[0.50, 0.56], 50_000);
        assert_eq!(evidence.leader(), 1);
    }

    #[test]
    fn the_past_is_overcome() {
        let mut evidence = Evidence::new(2, 500);
        let mut rng = Rng::seeded(4);
        changes(&mut evidence, &mut rng, &[0.2, 0.6], 200_000);
        assert_eq!(evidence.leader(), 1);
        changes(&mut evidence, &mut rng, &[0.6, 0.2], 12_000);
        assert_eq!(evidence.leader(), 0, "as long again as is remembered");
    }
}
