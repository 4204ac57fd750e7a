//! Quotas and times to test with: those that people set, those that others failed at, and any that is accepted.

use std::time::Duration;

use proptest::prelude::*;
use tenfold::limit::Quota;

use crate::model::CENTURY;

pub(crate) const SECOND: u64 = 1_000_000_000;
const YEAR: u64 = 31_557_600 * SECOND;

pub(crate) fn quota(tokens: u64, nanos: u64, burst: u64) -> Quota {
    Quota::new(tokens, Duration::from_nanos(nanos), burst).expect("this quota is possible")
}

/// Quotas by name.
pub(crate) fn known() -> Vec<Quota> {
    let longest = u64::try_from(Quota::MAX_PERIOD.as_nanos()).expect("it is below 2^63");
    vec![
        Quota::BLOCKED,
        Quota::per_second(1),
        Quota::per_second(2),
        Quota::per_second(1000),
        Quota::per_minute(100),
        Quota::per_minute(100).with_burst(1),
        Quota::per_hour(100),
        Quota::per_day(1),
        // Not a whole number of nanoseconds from one token to the next.
        Quota::per_second(3),
        Quota::per_second(7),
        Quota::per_second(7).with_burst(1),
        Quota::per_minute(7),
        quota(3, 7 * SECOND, 3),
        quota(3, 7 * SECOND, 1),
        Quota::per_second(3_000_000),
        Quota::per_second(300_000_000),
        Quota::per_second(600_000_000),
        Quota::per_second(600_000_000).with_burst(5),
        // The fastest.
        Quota::per_second(u32::MAX),
        Quota::per_second(u32::MAX - 1),
        Quota::per_second(u32::MAX).with_burst(0),
        Quota::per_second(u32::MAX).with_burst(1),
        quota(4, 1, 1 << 58),
        // The slowest.
        quota(1, 60 * SECOND, 1),
        quota(1, 200 * YEAR, 1),
        quota(1, 200 * YEAR, 2),
        quota(5, longest, 3),
        // No rate at all.
        quota(0, SECOND, 5),
        quota(0, 1, 1 << 60),
        // Large bursts.
        quota(1, SECOND, 1 << 60),
        quota(1, 1, 1 << 60),
        Quota::per_second(1000).with_burst(u32::MAX),
        Quota::per_day(1).with_burst(u32::MAX),
        quota(1, 200 * YEAR, 1 << 60),
        // Less to begin with.
        Quota::per_second(7).with_initial(0),
        Quota::per_second(1000).with_initial(500),
    ]
}

/// A number of any size: each number of bits is as likely as another.
pub(crate) fn sized(bits: u32) -> impl Strategy<Value = u64> {
    (0..=bits, any::<u64>())
        .prop_map(|(bits, number)| if bits == 0 { 0 } else { number >> (64 - bits) })
}

/// Any quota that is accepted.
pub(crate) fn any_quota() -> impl Strategy<Value = Quota> {
    (
        sized(64),
        sized(63),
        sized(63),
        prop::option::weighted(0.2, sized(63)),
    )
        .prop_filter_map("accepted", |(tokens, period, burst, initial)| {
            // Rates of more than four tokens per nanosecond are not.
            let tokens = tokens.min(period.saturating_mul(4));
            let quota = Quota::new(tokens, Duration::from_nanos(period), burst).ok()?;
            Some(initial.map_or(quota, |initial| quota.with_initial(initial)))
        })
}

pub(crate) fn quotas() -> impl Strategy<Value = Quota> {
    // Small ones, where everything happens within a few calls.
    let small = (0_u64..12, 1_u64..40, 0_u64..12)
        .prop_map(|(tokens, period, burst)| quota(tokens.min(4 * period), period, burst));
    prop_oneof![
        4 => prop::sample::select(known()),
        3 => any_quota(),
        2 => small,
    ]
}

/// How time goes on before a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    Same,
    /// So many 64ths of the time from one token to the next, and so many nanoseconds.
    Tokens(i32, i32),
    Nanos(i64),
    At(u64),
    /// When the next call would be admitted, and so many nanoseconds.
    Ready(i8),
}

pub(crate) fn paces() -> impl Strategy<Value = Pace> {
    let edges = [
        0,
        1,
        SECOND,
        CENTURY - 1,
        CENTURY,
        CENTURY + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    prop_oneof![
        8 => Just(Pace::Same),
        10 => (0_i32..300, -2_i32..3).prop_map(|(parts, nanos)| Pace::Tokens(parts, nanos)),
        3 => (-300_i32..0, -2_i32..3).prop_map(|(parts, nanos)| Pace::Tokens(parts, nanos)),
        4 => (-5_i64..20).prop_map(Pace::Nanos),
        3 => sized(62).prop_map(|nanos| Pace::Nanos(nanos as i64)),
        2 => sized(50).prop_map(|nanos| Pace::Nanos(-(nanos as i64))),
        10 => (-1_i8..3).prop_map(Pace::Ready),
        1 => prop::sample::select(edges.to_vec()).prop_map(Pace::At),
    ]
}

impl Pace {
    /// The time after this, if it was `now`, tokens come every `interval` nanoseconds, and the next call is admitted at `ready`.
    pub(crate) fn after(self, now: u64, interval: u64, ready: Option<u64>) -> u64 {
        let moved = |by: i128| u64::try_from((i128::from(now) + by).max(0)).unwrap_or(u64::MAX);
        match self {
            Self::Same => now,
            Self::Tokens(parts, nanos) => {
                moved(i128::from(interval) * i128::from(parts) / 64 + i128::from(nanos))
            }
            Self::Nanos(nanos) => moved(i128::from(nanos)),
            Self::At(at) => at,
            Self::Ready(nanos) => {
                ready.map_or(now, |ready| ready.saturating_add_signed(i64::from(nanos)))
            }
        }
    }
}

/// A cost that is interesting for a burst.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    Some(u64),
    /// So many 16ths of the burst, and so many tokens.
    Burst(u8, i8),
    Any(u64),
}

pub(crate) fn costs() -> impl Strategy<Value = Cost> {
    prop_oneof![
        8 => (0_u64..4).prop_map(Cost::Some),
        8 => (0_u8..17, -1_i8..2).prop_map(|(part, more)| Cost::Burst(part, more)),
        2 => any::<u64>().prop_map(Cost::Any),
        1 => Just(Cost::Some(u64::MAX)),
    ]
}

impl Cost {
    pub(crate) fn of(self, burst: u64) -> u64 {
        match self {
            Self::Some(cost) => cost,
            Self::Burst(part, more) => {
                let part = u128::from(burst) * u128::from(part) / 16;
                u64::try_from(part)
                    .unwrap_or(u64::MAX)
                    .saturating_add_signed(i64::from(more))
            }
            Self::Any(any) => any % burst.saturating_add(1).max(1),
        }
    }
}
