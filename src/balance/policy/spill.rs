//! Shares of all requests, and how they spill from where there is too little room.

/// Draws one of some groups, each as often as its share says.
#[derive(Clone, Debug)]
pub(super) struct Spill {
    /// Where the part of each ends, of all random numbers.
    ends: Box<[u64]>,
    /// The last that has a share.
    last: usize,
}

impl Spill {
    /// Shares in any unit; `None` if all are zero.
    pub(super) fn new(shares: &[f64]) -> Option<Self> {
        let all: f64 = shares.iter().sum();
        let last = shares.iter().rposition(|share| *share > 0.0)?;
        let mut before = 0.0;
        let end = |share: &f64| {
            before += share / all;
            // What is too large becomes the largest number.
            (before * 2.0_f64.powi(64)) as u64
        };
        Some(Self {
            ends: shares.iter().map(end).collect(),
            last,
        })
    }

    #[inline]
    pub(super) fn draw(&self, random: u64) -> usize {
        let found = self.ends.iter().position(|end| random < *end);
        found.unwrap_or(self.last)
    }
}

/// The part of all requests for each level, of which so much weight is in order, of so much in all.
///
/// A level is as healthy as the part of it that is in order, times `factor`, and at most wholly. Each takes as much as it is healthy, of
/// what those before it left. If all together can't take everything, each takes its part of what they can.
pub(super) fn levels(weights: &[(u64, u64)], factor: f64) -> Vec<f64> {
    let healths = weights.iter().map(|(usable, total)| match total {
        0 => 0.0,
        _ => (*usable as f64 * factor / *total as f64).min(1.0),
    });
    let normal = healths.clone().sum::<f64>().min(1.0);
    if normal <= 0.0 {
        return vec![0.0; weights.len()];
    }
    let mut left: f64 = 1.0;
    let load = |health: f64| {
        let load = (health / normal).min(left);
        left -= load;
        load
    };
    healths.map(load).collect()
}

/// What part of the requests of zone `from` goes to each zone, if a part `clients` of all requests comes from each zone and a part
/// `capacity` of all that can be done is there.
///
/// Requests stay where they are as far as there is room for them; the rest goes where more room is than requests come from, in proportion
/// to that. So in the end each zone has as much to do as it can.
pub(super) fn from_zone(from: usize, clients: &[f64], capacity: &[f64]) -> Vec<f64> {
    let at = |parts: &[f64], zone: usize| parts.get(zone).copied().unwrap_or(0.0);
    let (own, room) = (at(clients, from), at(capacity, from));
    let stay = if own <= room { 1.0 } else { room / own };
    let spare = |zone: usize| (at(capacity, zone) - at(clients, zone)).max(0.0);
    let all_spare: f64 = (0..capacity.len()).map(spare).sum();
    let share = |zone: usize| match zone == from {
        true => stay,
        false if all_spare > 0.0 => (1.0 - stay) * spare(zone) / all_spare,
        false => 0.0,
    };
    (0..capacity.len()).map(share).collect()
}
