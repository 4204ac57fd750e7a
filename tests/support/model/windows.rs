//! Limits as one would define them: a list of all admissions, and sums over it in integers that can't overflow.

/// What was admitted: at which time, as the limit sees it, and how much.
pub(crate) type Admissions = Vec<(i128, i128)>;

/// A definition.
#[derive(Clone, Debug)]
pub(crate) enum Model {
    /// `tokens` per `period`, at most `burst` at once.
    Bucket {
        tokens: i128,
        period: i128,
        burst: i128,
        all: Admissions,
    },
    Log {
        limit: i128,
        window: i128,
        all: Admissions,
    },
    Counter {
        limit: i128,
        window: i128,
        all: Admissions,
    },
    Fixed {
        limit: i128,
        window: i128,
        all: Admissions,
    },
    Together(Vec<Self>),
}

impl Model {
    pub(crate) fn bucket(tokens: u64, period: u64, burst: u64) -> Self {
        Self::Bucket {
            tokens: tokens.into(),
            period: period.into(),
            burst: burst.into(),
            all: Vec::new(),
        }
    }

    pub(crate) fn log(limit: u64, window: u64) -> Self {
        let (limit, window, all) = (limit.into(), window.into(), Vec::new());
        Self::Log { limit, window, all }
    }

    pub(crate) fn counter(limit: u64, window: u64) -> Self {
        let (limit, window, all) = (limit.into(), window.into(), Vec::new());
        Self::Counter { limit, window, all }
    }

    pub(crate) fn fixed(limit: u64, window: u64) -> Self {
        let (limit, window, all) = (limit.into(), window.into(), Vec::new());
        Self::Fixed { limit, window, all }
    }

    pub(crate) fn limit(&self) -> u64 {
        let limit = match self {
            Self::Bucket { burst, .. } => *burst,
            Self::Log { limit, .. } | Self::Counter { limit, .. } | Self::Fixed { limit, .. } => {
                *limit
            }
            Self::Together(models) => models.iter().map(|m| m.limit().into()).min().unwrap(),
        };
        u64::try_from(limit).unwrap()
    }

    pub(crate) fn admits(&self, now: u64, cost: u64) -> bool {
        let (now, cost) = (i128::from(now), i128::from(cost));
        if cost == 0 {
            return true;
        }
        let sum = |all: &Admissions, counts: &dyn Fn(i128) -> bool| -> i128 {
            all.iter()
                .filter(|(at, _)| counts(*at))
                .map(|(_, cost)| cost)
                .sum()
        };
        match self {
            Self::Bucket {
                tokens,
                period,
                burst,
                all,
            } => {
                // What is missing at each admission, in parts of a token.
                let mut end = 0;
                for (at, cost) in all {
                    end = end.max(at * tokens) + cost * period;
                }
                end.max(now * tokens) + cost * period <= now * tokens + burst * period
            }
            Self::Log { limit, window, all } => {
                let now = latest(all, now);
                sum(all, &|at| at > now - window) + cost <= *limit
            }
            Self::Counter { limit, window, all } => {
                let now = latest(all, now);
                let (index, elapsed) = (now / window, now % window);
                let previous = sum(all, &|at| at / window == index - 1);
                let current = sum(all, &|at| at / window == index);
                // Compared as fractions with the denominator `window`, whose products may be too large even for these integers.
                match limit - current - cost {
                    free if free < 0 => false,
                    free => previous * (window - elapsed) <= free * window,
                }
            }
            Self::Fixed { limit, window, all } => {
                let index = now.max(latest(all, now) / window * window) / window;
                sum(all, &|at| at / window == index) + cost <= *limit
            }
            Self::Together(models) => models
                .iter()
                .all(|model| model.admits(now as u64, cost as u64)),
        }
    }

    pub(crate) fn take(&mut self, time: u64, cost: u64) {
        let (now, cost) = (i128::from(time), i128::from(cost));
        if cost == 0 {
            return;
        }
        match self {
            Self::Bucket { all, .. } => all.push((now, cost)),
            Self::Log { all, .. } | Self::Counter { all, .. } | Self::Fixed { all, .. } => {
                let now = latest(all, now);
                all.push((now, cost));
            }
            Self::Together(models) => models
                .iter_mut()
                .for_each(|model| model.take(time, cost as u64)),
        }
    }

    /// The largest cost that is admitted.
    pub(crate) fn remaining(&self, now: u64) -> u64 {
        (0..=self.limit())
            .rev()
            .find(|cost| self.admits(now, *cost))
            .unwrap()
    }
}

/// `now`, or the time of the latest admission.
fn latest(all: &Admissions, now: i128) -> i128 {
    all.iter().map(|(at, _)| *at).max().unwrap_or(now).max(now)
}

/// Fails unless any time from an admission to another sees at most `limit`, plus `limit` per `window` if `refills`.
///
/// Sums over ranges of the sorted admissions: those of the shortest time that contains them.
pub(crate) fn assert_bound(all: &Admissions, bound: impl Fn(i128) -> i128, parts: i128) {
    let mut all = all.clone();
    all.sort_unstable();
    for (first, (from, _)) in all.iter().enumerate() {
        let mut sum = 0;
        for (to, cost) in &all[first..] {
            sum += cost * parts;
            let length = to - from;
            assert!(
                sum <= bound(length),
                "{sum} of {} in {length} ns from {from} on",
                bound(length)
            );
        }
    }
}
