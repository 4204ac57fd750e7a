//! The arithmetic of a token bucket in one word.
//!
//! The state is a position `d` on an axis of *units*, a fixed part of a token each. The axis has a moving mark, the *filling*
//! `v(now)`: it advances by the rate of the quota, as the exact floor of a fraction. A charge moves `d` forward. The
//! distance tells everything: at `d <= v` the bucket is full, at `v < d <= v + burst` it holds `v + burst - d`, beyond that it is
//! in debt.
//!
//! ```text
//!          v(now)                       v(now) + burst
//!    ────────┼──────────────d─────────────────┼──────────▶ units
//!            │    charged   │   available     │   debt
//! ```
//!
//! # Invariants
//!
//! * `v` is monotone in `now` and never ahead of `rate × now`; so what a window of length `t` admits, minus what it gives back,
//!   is at most `burst + rate × t`, whatever the order of calls and of their timestamps: every admission leaves
//!   `d <= v(now) + burst`, and the first one of a window started at `d >= v`.
//! * A bucket that was full starts to refill no earlier than at the charge: `d` becomes the ceiling of the filling, plus the
//!   charge. That is the only rounding, less than a unit each time.
//! * Time does not go back behind a change of the quota: the filling begins there, at the whole unit above. So where a nanosecond is not
//!   worth a whole number of units, a call with the very timestamp of the change, or an older one, that comes after calls with later
//!   ones, may find up to a unit more than the exact fraction. To take that unit away would take it from everybody who asks
//!   right after a change.
//! * No sum overflows: [`Meter::new`] accepts a quota only if the filling of a [century](HORIZON) and twice the burst stay
//!   below three quarters of the axis, debt goes a sixteenth further, and [`Meter::rebased`] goes back to the beginning of the
//!   axis when it gets scarce. Sums of a meter that was read while it changed may wrap; nothing comes of them.
//!
//! # How the floor is exact and cheap
//!
//! The rate in units per nanosecond is `whole + part / whole_period`. `inverse` is the fraction times `2^64`, rounded down, so that the
//! high half of `now × inverse` is the floor or one less (`now < 2^62`), and the remainder tells which. If a token takes a
//! whole number of nanoseconds, or a part of one, the fraction is zero and nothing is ever rounded.

/// A century, in nanoseconds: time after this stands still.
pub(crate) const HORIZON: u64 = 3_155_760_000 * 1_000_000_000;
/// How far filling and burst of one quota may reach.
const REACH: u128 = 3 << 62;
/// How far debt may go beyond what comes in a century and twice the burst.
const DEBT: u64 = 1 << 60;

/// A quota as a bucket computes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Meter {
    /// Units per token; zero if tokens cost nothing.
    pub(crate) scale: u64,
    /// Whole units per nanosecond.
    pub(crate) whole: u64,
    /// The remaining fraction of a unit per nanosecond: numerator, denominator, and their quotient times `2^64`.
    pub(crate) part: u64,
    pub(crate) period: u64,
    pub(crate) inverse: u64,
    /// The burst in units.
    pub(crate) burst: u64,
    /// Where the axis of this meter begins, and the filling at that moment, counted from the clock's origin.
    pub(crate) base: u64,
    pub(crate) since: u64,
}

/// The filling at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filling {
    /// The mark, rounded down.
    pub(crate) floor: u64,
    /// The mark, rounded up.
    pub(crate) ceiling: u64,
}

/// What becomes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing, and the tokens are there.
    Free,
    /// Another one: the tokens are there.
    To(u64),
    /// Nothing: they are not.
    Refused,
}

impl Meter {
    /// No limit: tokens are free.
    pub(crate) const UNLIMITED: Self = Self {
        scale: 0,
        ..Self::NOTHING
    };
    /// Nothing is ever there.
    pub(crate) const NOTHING: Self = Self {
        scale: 1,
        whole: 0,
        part: 0,
        period: 1,
        inverse: 0,
        burst: 0,
        base: 0,
        since: 0,
    };

    /// `tokens` per `period` nanoseconds, at most `burst` at once; `None` if a century of that does not fit on the axis.
    ///
    /// The period is at least 1 and below `2^63`.
    pub(crate) const fn new(tokens: u64, period: u64, burst: u64) -> Option<Self> {
        let divisor = common_divisor(tokens, period);
        let (tokens, period) = (tokens / divisor, period / divisor);
        // With this scale every nanosecond is worth a whole number of units.
        let mut scale = period;
        if !fits(tokens, period, burst, scale) {
            scale = 1 << 62;
            while scale > 0 && !fits(tokens, period, burst, scale) {
                scale /= 2;
            }
        }
        if scale == 0 {
            return None;
        }
        let units = tokens as u128 * scale as u128;
        let (whole, part) = (units / period as u128, units % period as u128);
        // Below the period, and the period below 2^63.
        let part = part as u64;
        let divisor = common_divisor(part, period);
        let (part, period) = (part / divisor, period / divisor);
        Some(Self {
            scale,
            whole: whole as u64,
            part,
            period,
            inverse: (((part as u128) << 64) / period as u128) as u64,
            burst: burst * scale,
            ..Self::NOTHING
        })
    }

    /// As eight words, and back.
    pub(crate) const fn words(&self) -> [u64; 8] {
        let Self {
            scale,
            whole,
            part,
            period,
            inverse,
            burst,
            base,
            since,
        } = *self;
        [scale, whole, part, period, inverse, burst, base, since]
    }

    #[inline]
    pub(crate) const fn from_words(words: [u64; 8]) -> Self {
        let [scale, whole, part, period, inverse, burst, base, since] = words;
        Self {
            scale,
            whole,
            part,
            period,
            inverse,
            burst,
            base,
            since,
        }
    }

    /// What a meter that began at `start` comes down to if a nanosecond is worth whole units and a token is ever there: `start`, `span`,
    /// `whole`, `mark`, `slack`, `scale`. At `start + n`, for `n < span`, a token is there up to the state `mark + n × whole`, which is
    /// `slack` above the filling. Other meters have a span of zero.
    pub(crate) const fn brief(&self, start: u64) -> [u64; 6] {
        let fits = self.part == 0 && self.scale > 0 && self.scale <= self.burst && start < HORIZON;
        let (span, slack) = if fits {
            (HORIZON - start, self.burst - self.scale)
        } else {
            (0, 0)
        };
        // Far below the end of the axis, as twice the burst is.
        let mark = self.base + slack;
        [start, span, self.whole, mark, slack, self.scale]
    }

    /// The largest burst that [`new`](Self::new) accepts for this rate, if there is one.
    pub(crate) const fn largest_burst(tokens: u64, period: u64) -> Option<u64> {
        match REACH.checked_sub(reach(tokens, period, 0, 1)) {
            Some(left) => Some((left / 2) as u64),
            None => None,
        }
    }

    /// The filling at `now`, in nanoseconds.
    #[inline]
    pub(crate) fn filling(&self, now: u64) -> Filling {
        let (raw, exact) = self.raw(now);
        Filling {
            floor: self.placed(raw),
            ceiling: self.placed(raw + u64::from(!exact)),
        }
    }

    /// Where `raw` units since the clock's origin are on the axis. A sum that wraps is one of a meter that was read while it changed,
    /// and what comes of it is thrown away.
    #[inline]
    const fn placed(&self, raw: u64) -> u64 {
        self.base.wrapping_add(raw.saturating_sub(self.since))
    }

    /// Units since the clock's origin, rounded down, and whether that is exact.
    #[inline]
    fn raw(&self, now: u64) -> (u64, bool) {
        let now = if now < HORIZON { now } else { HORIZON };
        if self.part == 0 {
            return (now * self.whole, true);
        }
        let low = ((u128::from(now) * u128::from(self.inverse)) >> 64) as u64;
        // The true remainder is below twice the period, so it does not matter that the products wrap.
        let rest = now
            .wrapping_mul(self.part)
            .wrapping_sub(low.wrapping_mul(self.period));
        let short = rest >= self.period;
        let raw = now * self.whole + low + u64::from(short);
        (raw, rest == 0 || rest == self.period)
    }

    /// Units for `cost` tokens; `None` if that is more than the burst.
    #[inline]
    pub(crate) fn units(&self, cost: u64) -> Option<u64> {
        cost.checked_mul(self.scale)
            .filter(|units| *units <= self.burst)
    }

    /// What becomes of the state when `cost` tokens are asked for.
    #[inline]
    pub(crate) fn step(&self, state: u64, now: u64, cost: u64) -> Step {
        if cost == 0 {
            return Step::Free;
        }
        let (raw, exact) = self.raw(now);
        let floor = self.placed(raw);
        if state > floor {
            // Something is charged, so more than the burst is never there.
            let Some(end) = cost
                .checked_mul(self.scale)
                .and_then(|units| state.checked_add(units))
            else {
                return Step::Refused;
            };
            if end > floor.wrapping_add(self.burst) {
                return Step::Refused;
            }
            return Step::To(end);
        }
        self.step_from_full(self.placed(raw + u64::from(!exact)), cost)
    }

    #[inline]
    fn step_from_full(&self, start: u64, cost: u64) -> Step {
        match self.units(cost) {
            Some(0) => Step::Free,
            Some(units) => Step::To(start.wrapping_add(units)),
            None => Step::Refused,
        }
    }

    /// Units that can be charged.
    #[inline]
    pub(crate) fn available(&self, state: u64, now: u64) -> u64 {
        let floor = self.filling(now).floor;
        floor
            .wrapping_add(self.burst)
            .saturating_sub(state.max(floor))
    }

    /// Whole tokens in `units`; all there are if tokens are free.
    pub(crate) const fn tokens(&self, units: u64) -> u64 {
        match units.checked_div(self.scale) {
            Some(tokens) => tokens,
            None => u64::MAX,
        }
    }

    /// The state after a charge beyond what is there: into debt, nearly to the end of the axis.
    pub(crate) fn overdrawn(&self, state: u64, now: u64, cost: u64) -> u64 {
        let filling = self.filling(now);
        let units = cost.saturating_mul(self.scale);
        let from = if state <= filling.floor && units > 0 {
            filling.ceiling
        } else {
            state
        };
        self.within(from.saturating_add(units)).max(state)
    }

    /// The state, but no further than debt may go: what comes in a century and the burst, and as much as comes in years behind that.
    pub(crate) fn within(&self, state: u64) -> u64 {
        let century = self.filling(HORIZON).ceiling;
        let end = century
            .saturating_add(self.burst)
            .saturating_add(self.burst);
        state.min(end.saturating_add(DEBT).min(u64::MAX - 1))
    }

    /// The state after `cost` tokens came back: never more than full.
    pub(crate) fn refunded(&self, state: u64, now: u64, cost: u64) -> u64 {
        let floor = self.filling(now).floor;
        let back = state.saturating_sub(cost.saturating_mul(self.scale));
        // A full bucket stays as it is.
        state.min(back.max(floor))
    }

    /// The first nanosecond at which `units` could be charged to `state`; `None` if that never comes.
    pub(crate) fn ready_at(&self, state: u64, units: u64) -> Option<u64> {
        self.reaches(state.checked_add(units)?.saturating_sub(self.burst))
    }

    /// The first nanosecond, from `now` on, at which `units` could be charged after `ahead` tokens were.
    pub(crate) fn served_at(&self, state: u64, now: u64, units: u64, ahead: u64) -> Option<u64> {
        // A full bucket is charged from now on, whatever its state says.
        let start = state.max(self.filling(now).floor);
        let charged = start.checked_add(ahead.checked_mul(self.scale)?)?;
        Some(self.ready_at(charged, units)?.max(now))
    }

    /// The first nanosecond at which the filling is at `mark`.
    pub(crate) fn reaches(&self, mark: u64) -> Option<u64> {
        let raw = match mark.checked_sub(self.base) {
            None | Some(0) => return Some(0),
            Some(above) => u128::from(above) + u128::from(self.since),
        };
        let period = u128::from(self.period);
        let rate = u128::from(self.whole) * period + u128::from(self.part);
        if rate == 0 {
            return None;
        }
        // What overflows is beyond the horizon too, since no filling reaches `2^64`.
        let at = raw.checked_mul(period)?.div_ceil(rate);
        (at <= u128::from(HORIZON)).then_some(at as u64)
    }

    /// This meter, on an axis that begins above `used` and fills from `now` on: no state of the new axis is one of the old.
    /// The filling at `now` is `base`.
    ///
    /// Near the end of the axis it begins again at zero. Then a state may come back that was used before, and a call that has stood
    /// still since may meet it. To get there takes a change of the quota after a century, or one that finds a debt of a century.
    pub(crate) fn rebased(self, used: u64, now: u64) -> Self {
        let unbased = Self {
            base: 0,
            since: 0,
            ..self
        };
        // Rounded up: what is filling already when the axis begins belongs to the old one.
        let since = unbased.filling(now).ceiling;
        let needed = unbased.raw(HORIZON).0.saturating_sub(since);
        let most = u128::from(needed) + 2 * u128::from(self.burst) + u128::from(DEBT);
        // One to be above the last axis, one for the ceiling.
        let base = if u128::from(used) + 2 + most > u128::from(u64::MAX) {
            0
        } else {
            used + 1
        };
        Self {
            base,
            since,
            ..self
        }
    }
}

/// Units that filling and burst may reach in a century; saturating.
const fn reach(tokens: u64, period: u64, burst: u64, scale: u64) -> u128 {
    let units = tokens as u128 * scale as u128;
    let filled = match units.checked_mul(HORIZON as u128) {
        Some(filled) => filled / period as u128 + 1,
        None => return u128::MAX,
    };
    let burst = (burst as u128 * scale as u128).saturating_mul(2);
    filled.saturating_add(burst)
}

const fn fits(tokens: u64, period: u64, burst: u64, scale: u64) -> bool {
    reach(tokens, period, burst, scale) <= REACH
}

const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
