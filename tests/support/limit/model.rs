//! The token bucket as its definition says, in exact fractions.
//!
//! A position on an axis says how much was ever taken; the filling moves along it at the rate of the quota. One token is
//! [`Axis::token`] parts of the axis, and a nanosecond fills [`Axis::rate`] of them: both are integers, so nothing is rounded here.
//!
//! What is tested counts in [steps](Axis::step) of the axis. If every nanosecond is worth a whole number of steps, it
//! must agree with this model exactly. Otherwise a bucket that was full may begin to refill up to one step later than it would, never
//! earlier. Nothing else is rounded, except when a quota replaces another: then what is carried over loses less than a step.
//! So the model knows two positions, the least and the most that the tested one may have; they are the same, or less than a step apart.

use std::time::Duration;

use tenfold::limit::{Keep, Quota};

/// Time stands still after a century.
pub(crate) const CENTURY: u64 = 3_155_760_000_000_000_000;
/// How far a century of a quota and twice its burst may reach, in steps.
const REACH: u128 = 3 << 62;

/// A quota as whole numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// Parts per token, and parts per nanosecond.
    pub(crate) token: u128,
    pub(crate) rate: u128,
    /// Parts that can be told apart.
    pub(crate) step: u128,
    /// A step if nanoseconds are not worth a whole number of steps, else zero.
    pub(crate) slack: u128,
    pub(crate) burst: u128,
}

impl Axis {
    /// `None` if there is no limit.
    pub(crate) fn of(quota: &Quota) -> Option<Self> {
        if quota.is_unlimited() {
            return None;
        }
        let (tokens, period) = (u128::from(quota.tokens()), quota.period().as_nanos());
        let divisor = common_divisor(tokens, period);
        let (tokens, period) = (tokens / divisor, period / divisor);
        let burst = u128::from(quota.burst());
        let fits = |scale: u128| {
            let filled = (tokens * scale).checked_mul(u128::from(CENTURY));
            let reach = filled.map(|filled| filled / period + 1 + 2 * burst * scale);
            reach.is_some_and(|reach| reach <= REACH)
        };
        // Whole nanoseconds if they fit, else the finest binary fraction of a token that fits.
        let exact = fits(period);
        let scale = if exact {
            1
        } else {
            (0..63)
                .rev()
                .map(|bits| 1 << bits)
                .find(|scale| fits(*scale))
                .expect("an accepted quota fits")
        };
        let (token, rate) = (period * scale, tokens * scale);
        let step = if exact { 1 } else { period };
        Some(Self {
            token,
            rate,
            step,
            slack: if rate % step == 0 { 0 } else { step },
            burst: burst * token,
        })
    }

    /// Nanoseconds that a step is worth, rounded up: what a decision may be late.
    pub(crate) fn lateness(&self) -> u64 {
        self.slack
            .checked_div(self.rate)
            .map_or(0, |_| as_nanos(self.slack.div_ceil(self.rate)))
    }
}

fn as_nanos(parts: u128) -> u64 {
    u64::try_from(parts).unwrap_or(u64::MAX)
}

fn common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// `a × b / c`, rounded down, and whether that is exact; `None` if it does not fit.
pub(crate) fn times(a: u128, b: u128, c: u128) -> Option<(u128, bool)> {
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for bit in (0..128).rev() {
        quotient = quotient.checked_mul(2)?.checked_add(2 * rest / c)?;
        rest = 2 * rest % c;
        if a >> bit & 1 == 1 {
            rest += b % c;
            quotient = quotient.checked_add(b / c)?.checked_add(rest / c)?;
            rest %= c;
        }
    }
    Some((quotient, rest == 0))
}

/// The least and the most that something may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Between<T> {
    pub(crate) least: T,
    pub(crate) most: T,
}

impl<T: Copy + PartialOrd> Between<T> {
    pub(crate) fn has(&self, value: T) -> bool {
        self.least <= value && value <= self.most
    }
}

/// What a reservation remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    before: Between<u128>,
    after: Between<u128>,
    changes: u64,
    quotas: u64,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    quota: Quota,
    axis: Option<Axis>,
    position: Between<u128>,
    /// Time does not go back behind the latest change of the quota, and the filling began at a whole step then.
    begin: u64,
    began: u128,
    changes: u64,
    quotas: u64,
}

/// Farther than any debt that is told apart from it.
const FAR: u128 = 1 << 127;

impl Model {
    pub(crate) fn new(quota: Quota, now: u64) -> Self {
        let mut model = Self {
            quota,
            axis: Axis::of(&quota),
            position: Between { least: 0, most: 0 },
            begin: 0,
            began: 0,
            changes: 0,
            quotas: 0,
        };
        let missing = quota.burst() - quota.initial();
        if missing > 0 {
            model.charge(now, missing);
        }
        model
    }

    pub(crate) fn quota(&self) -> Quota {
        self.quota
    }

    fn filling(&self, axis: &Axis, now: u64) -> u128 {
        (axis.rate * u128::from(now.min(CENTURY))).max(self.began)
    }

    /// Whether `cost` must be admitted, and whether it may be.
    pub(crate) fn admits(&self, now: u64, cost: u64) -> (bool, bool) {
        let Some(axis) = self.axis.filter(|_| cost > 0) else {
            return (true, true);
        };
        let filling = self.filling(&axis, now);
        let Some(parts) = axis
            .token
            .checked_mul(u128::from(cost))
            .filter(|parts| *parts <= axis.burst)
        else {
            return (false, false);
        };
        let fits =
            |position: u128| position.max(filling).saturating_add(parts) <= filling + axis.burst;
        (fits(self.position.most), fits(self.position.least))
    }

    /// Whole tokens that are there.
    pub(crate) fn available(&self, now: u64) -> Between<u64> {
        let Some(axis) = self.axis else {
            return Between {
                least: u64::MAX,
                most: u64::MAX,
            };
        };
        let filling = self.filling(&axis, now);
        let end = filling + axis.burst;
        let tokens =
            |position: u128| as_nanos(end.saturating_sub(position.max(filling)) / axis.token);
        Between {
            least: tokens(self.position.most),
            most: tokens(self.position.least),
        }
    }

    /// The first time from `now` on when `cost` can be had; [`None`], the largest, is never.
    pub(crate) fn ready(&self, now: u64, cost: u64) -> Between<Later> {
        let Some(axis) = self.axis.filter(|_| cost > 0) else {
            return Between {
                least: Later(Some(now)),
                most: Later(Some(now)),
            };
        };
        let parts = axis
            .token
            .checked_mul(u128::from(cost))
            .filter(|parts| *parts <= axis.burst);
        let at = |position: u128| {
            Later(parts.and_then(|parts| {
                self.reaches(
                    &axis,
                    now,
                    position.saturating_add(parts).saturating_sub(axis.burst),
                )
            }))
        };
        Between {
            least: at(self.position.least),
            most: at(self.position.most),
        }
    }

    /// The first time from `now` on when nothing is missing.
    pub(crate) fn full(&self, now: u64) -> Between<Later> {
        let Some(axis) = self.axis else {
            return Between {
                least: Later(Some(now)),
                most: Later(Some(now)),
            };
        };
        let at = |position: u128| Later(self.reaches(&axis, now, position));
        Between {
            least: at(self.position.least),
            most: at(self.position.most),
        }
    }

    fn reaches(&self, axis: &Axis, now: u64, mark: u128) -> Option<u64> {
        if mark <= self.began {
            return Some(now);
        }
        let at = (axis.rate > 0).then(|| mark.div_ceil(axis.rate))?;
        (at <= u128::from(CENTURY)).then_some((at as u64).max(now))
    }

    /// Takes `cost`, there or not.
    pub(crate) fn charge(&mut self, now: u64, cost: u64) -> Charge {
        let before = self.position;
        if let Some(axis) = self.axis.filter(|_| cost > 0) {
            let filling = self.filling(&axis, now);
            if before.least <= filling {
                self.position.least = filling;
                self.position.most = before.most.max(filling + axis.slack);
            }
            let parts = axis.token.saturating_mul(u128::from(cost)).min(FAR);
            self.position.least = self.position.least.saturating_add(parts);
            self.position.most = self.position.most.saturating_add(parts);
            self.changes += 1;
        }
        Charge {
            before,
            after: self.position,
            changes: self.changes,
            quotas: self.quotas,
        }
    }

    /// How many tokens can be charged so that the debt is at most another burst: as much is always remembered.
    pub(crate) fn chargeable(&self, now: u64) -> u64 {
        let Some(axis) = self.axis else {
            return u64::MAX;
        };
        let filling = self.filling(&axis, now);
        let end = filling + 2 * axis.burst;
        as_nanos(end.saturating_sub(self.position.most.max(filling + axis.slack)) / axis.token)
    }

    pub(crate) fn refund(&mut self, now: u64, cost: u64) {
        let Some(axis) = self.axis.filter(|_| cost > 0) else {
            return;
        };
        let filling = self.filling(&axis, now);
        let parts = axis.token.saturating_mul(u128::from(cost));
        let back =
            |position: u128, full: u128| position.min(position.saturating_sub(parts).max(full));
        self.position = Between {
            least: back(self.position.least, filling.saturating_sub(axis.slack)),
            most: back(self.position.most, filling),
        };
        self.changes += 1;
    }

    /// Whether a cancelled charge must come back, and whether it may.
    pub(crate) fn cancels(&self, charge: &Charge) -> (bool, bool) {
        let untouched = charge.changes == self.changes;
        let same = self.position == charge.after && self.position.least == self.position.most;
        let apart =
            self.position.least > charge.after.most || self.position.most < charge.after.least;
        let newest = charge.quotas == self.quotas;
        (newest && (untouched || same), newest && !apart)
    }

    pub(crate) fn take_back(&mut self, charge: &Charge) {
        self.position = charge.before;
        self.changes += 1;
    }

    pub(crate) fn set_quota(&mut self, now: u64, quota: Quota, keep: Keep) {
        if quota == self.quota && keep != Keep::Reset {
            return;
        }
        let now = now.clamp(self.begin, CENTURY);
        let old = self.axis.map(|axis| (axis, self.filling(&axis, now)));
        self.quota = quota;
        self.axis = Axis::of(&quota);
        self.begin = now;
        self.began = self.axis.map_or(0, |axis| {
            (axis.rate * u128::from(now)).div_ceil(axis.step) * axis.step
        });
        self.changes += 1;
        self.quotas += 1;
        let Some(new) = self.axis else {
            self.position = Between { least: 0, most: 0 };
            return;
        };
        let filling = self.began;
        let position = |kept: Kept| filling + kept.missing(&new).min(FAR);
        let (fewest, most) = match (keep, old) {
            (Keep::Reset, _) => {
                let kept = Kept::There(new.token * u128::from(quota.initial()));
                (kept, kept)
            }
            (_, None) => (Kept::There(new.burst), Kept::There(new.burst)),
            (_, Some((old, full))) => {
                let (by, of) = if keep == Keep::Tokens {
                    (new.token, old.token)
                } else {
                    (new.burst, old.burst)
                };
                let end = full + old.burst;
                let carried = |position: u128| Kept::from(end, position).carried(by, of, new.step);
                let fewest = if self.position.most + old.slack <= full {
                    full
                } else {
                    self.position.most.max(full) + old.slack
                };
                (carried(fewest), carried(self.position.least.max(full)))
            }
        };
        self.position = Between {
            // At least another burst of debt is remembered.
            least: position(most).min(filling + 2 * new.burst),
            most: position(fewest),
        };
    }
}

/// Tokens or debt, in parts.
#[derive(Clone, Copy, Debug)]
enum Kept {
    There(u128),
    Missing(u128),
}

impl Kept {
    fn from(end: u128, position: u128) -> Self {
        if position <= end {
            Self::There(end - position)
        } else {
            Self::Missing(position - end)
        }
    }

    /// On another axis, rounded to fewer tokens.
    fn carried(self, by: u128, of: u128, step: u128) -> Self {
        if of == 0 {
            return Self::There(0);
        }
        match self {
            Self::There(parts) => Self::There(
                times(parts, by, of).map_or(u128::MAX, |(parts, _)| parts / step * step),
            ),
            Self::Missing(parts) => {
                let parts = times(parts, by, of).map_or(FAR, |(parts, exact)| {
                    parts.saturating_add(u128::from(!exact))
                });
                Self::Missing(parts.div_ceil(step).saturating_mul(step))
            }
        }
    }

    /// What is missing to a full burst.
    fn missing(self, axis: &Axis) -> u128 {
        match self {
            Self::There(parts) => axis.burst.saturating_sub(parts),
            Self::Missing(parts) => axis.burst.saturating_add(parts),
        }
    }
}

/// A time, or never, which is after all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Later(pub(crate) Option<u64>);

impl Later {
    pub(crate) fn after(now: u64, wait: Option<Duration>) -> Self {
        Self(wait.map(|wait| as_nanos(u128::from(now) + wait.as_nanos())))
    }
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let number = |later: &Self| later.0.map_or(u128::MAX, u128::from);
        number(self).partial_cmp(&number(other))
    }
}
