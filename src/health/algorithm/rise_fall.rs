//! So many results in a row.

/// Whether a target is in order, as far as its checks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Status {
    /// No check has been answered yet.
    #[default]
    Unknown,
    /// In order.
    Healthy,
    /// Out of order.
    Unhealthy,
}

impl Status {
    /// Whether it is known to be in order.
    #[must_use]
    pub const fn is_healthy(self) -> bool {
        matches!(self, Self::Healthy)
    }
}

/// Changes its mind at the n-th result in a row that contradicts it, and not before.
///
/// ```
/// use tenfold::health::{RiseFall, Status};
///
/// let mut state = RiseFall::new(2, 3, Status::Healthy);
/// let results = [false, false, true, false, false, false, true, true];
/// let flips: Vec<_> = results.into_iter().map(|passed| state.observe(passed)).collect();
/// assert_eq!(flips[5], Some(Status::Unhealthy));
/// assert_eq!(flips[7], Some(Status::Healthy));
/// assert_eq!(flips.iter().flatten().count(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiseFall {
    rise: u32,
    fall: u32,
    status: Status,
    /// Results in a row that contradict the status.
    streak: u32,
}

impl RiseFall {
    /// Begins with `status`; if that is [`Status::Unknown`] the first result decides. A number of zero is taken as one.
    #[must_use]
    pub const fn new(rise: u32, fall: u32, status: Status) -> Self {
        Self {
            rise: if rise == 0 { 1 } else { rise },
            fall: if fall == 0 { 1 } else { fall },
            status,
            streak: 0,
        }
    }

    /// What it thinks now.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Results in a row that contradict the status.
    #[must_use]
    pub const fn streak(&self) -> u32 {
        self.streak
    }

    /// Takes a result, and says so if that changes the status.
    pub const fn observe(&mut self, passed: bool) -> Option<Status> {
        let (target, needed) = match (self.status, passed) {
            (Status::Healthy, true) | (Status::Unhealthy, false) => {
                self.streak = 0;
                return None;
            }
            (Status::Unknown, true) => (Status::Healthy, 1),
            (Status::Unknown, false) => (Status::Unhealthy, 1),
            (Status::Unhealthy, true) => (Status::Healthy, self.rise),
            (Status::Healthy, false) => (Status::Unhealthy, self.fall),
        };
        self.streak += 1;
        if self.streak < needed {
            return None;
        }
        self.streak = 0;
        self.status = target;
        Some(target)
    }
}
