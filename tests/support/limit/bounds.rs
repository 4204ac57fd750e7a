//! Safety over all windows, liveness of a lone caller, and what timestamps can and can't do.

use std::sync::Barrier;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Keep, Quota, RateLimiter, TokenBucket};
use tenfold::rng::Rng;

use crate::model::{Axis, CENTURY};
use crate::quotas::{Cost, Pace, SECOND, any_quota, costs, known, paces, quota, quotas};
use crate::script::{Op, Script, keeps, scripts};
use crate::windows::Windows;

fn interval(quota: &Quota) -> u64 {
    quota
        .interval()
        .map_or(1, |interval| interval.as_nanos() as u64)
}

/// The next time of a script at a bucket.
fn next(bucket: &TokenBucket<ManualClock>, pace: Pace, now: u64, cost: u64) -> u64 {
    let wait = bucket.peek_at(Tick::from_nanos(now), cost).retry_after;
    let ready = wait.map(|wait| Tick::from_nanos(now).saturating_add(wait).as_nanos());
    let now = pace.after(now, interval(&bucket.quota()), ready);
    bucket.clock().set(Tick::from_nanos(now));
    now
}

/// Plays what takes and what gives back, and looks at all windows. Timestamps go backwards, and an older one must find less.
fn bounded(quota: Quota, script: &Script) -> Result<(), TestCaseError> {
    let bucket = TokenBucket::with_clock(quota, ManualClock::new());
    let mut windows = Windows::of(&quota);
    let (mut now, mut last) = (0, 0);
    for (pace, op) in script {
        let cost = match op {
            Op::Decide(cost) | Op::Take(cost) | Op::UpTo(cost) | Op::Charge(cost) => {
                cost.of(quota.burst())
            }
            _ => 1,
        };
        now = next(&bucket, *pace, now, cost);
        let taken = match op {
            Op::Decide(_) => u64::from(bucket.decide(cost).allowed) * cost,
            Op::Take(_) => u64::from(bucket.try_acquire_n(cost)) * cost,
            Op::UpTo(_) => bucket.try_acquire_up_to(cost),
            Op::Charge(_) => {
                bucket.charge(cost);
                0
            }
            Op::Refund(_) => {
                bucket.refund(last);
                windows.refunded(now, last);
                0
            }
            _ => 0,
        };
        if taken > 0 {
            windows.admitted(now, taken).map_err(TestCaseError::fail)?;
            last = taken;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_window_sees_more_than_the_burst_and_what_comes_meanwhile(quota in quotas(), script in scripts(false)) {
        bounded(quota, &script)?;
    }

    #[test]
    fn no_window_sees_more_after_refunds_and_debts(quota in quotas(), script in scripts(true)) {
        bounded(quota, &script)?;
    }
}

/// Threads whose clocks are wrong by a fixed time each. Whatever they do to each other, sorted by their own timestamps no window sees
/// too much.
#[test]
fn threads_with_skewed_clocks_are_within_the_bound() {
    let choices = [
        Quota::per_second(7).with_burst(5),
        Quota::per_second(600_000_000).with_burst(40),
        quota(3, 7 * SECOND, 2),
        Quota::per_second(u32::MAX).with_burst(40),
    ];
    for (round, quota) in choices.into_iter().cycle().take(24).enumerate() {
        let bucket = TokenBucket::with_clock(quota, ManualClock::new());
        let barrier = Barrier::new(3);
        let step = interval(&quota).max(4) / 4;
        let mut taken: Vec<(u64, u64)> = std::thread::scope(|scope| {
            let threads = [0, 1, 7].map(|skew| {
                let (bucket, barrier) = (&bucket, &barrier);
                scope.spawn(move || {
                    let mut rng = Rng::seeded(round as u64 * 10 + skew);
                    let mut now = 20 * step + skew * step;
                    barrier.wait();
                    let mut taken = Vec::new();
                    for _ in 0..2_000 {
                        now += rng.below(step * 2);
                        let cost = 1 + rng.below(quota.burst());
                        if bucket.try_acquire_n_at(Tick::from_nanos(now), cost) {
                            taken.push((now, cost));
                        }
                    }
                    taken
                })
            });
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("no call panics"))
                .collect()
        });
        assert!(taken.len() > 20, "{quota}: {}", taken.len());
        taken.sort_unstable();
        let mut windows = Windows::of(&quota);
        for (now, cost) in taken {
            windows.admitted(now, cost).unwrap();
        }
    }
}

/// All their rates are whole numbers of tokens in 25 200 seconds.
const COMMON: u64 = 25_200 * SECOND;

fn changing() -> impl Strategy<Value = Quota> {
    let known = vec![
        Quota::per_second(1),
        Quota::per_second(7),
        Quota::per_second(1000).with_burst(3),
        Quota::per_minute(100).with_initial(0),
        Quota::per_hour(100),
        Quota::per_hour(1).with_burst(40),
        Quota::per_second(600_000_000),
        Quota::BLOCKED,
        quota(0, SECOND, 9),
        quota(3, 7 * SECOND, 20),
        Quota::per_second(u32::MAX).with_burst(1),
        Quota::per_second(u32::MAX).with_burst(20),
        quota(3_999_999_937, SECOND, 50),
    ];
    prop::sample::select(known)
}

fn rate(quota: &Quota) -> i128 {
    (u128::from(quota.tokens()) * u128::from(COMMON) / quota.period().as_nanos()) as i128
}

fn rounded(quota: &Quota) -> bool {
    Axis::of(quota).is_some_and(|axis| axis.slack > 0)
}

/// A call, or a change of the quota.
type Turn = (Pace, Cost, Option<(Quota, Keep)>);

/// Takes and changes; windows that begin behind a change know the bursts from there on only.
fn bounded_across(first: Quota, script: &[Turn]) -> Result<(), TestCaseError> {
    let bucket = TokenBucket::with_clock(first, ManualClock::new());
    let begun = |quota: &Quota| Windows::new(i128::from(COMMON), rate(quota), quota.burst());
    let mut all = vec![begun(&first)];
    let (mut now, mut since, mut latest) = (0_u64, 0_u64, 0_u64);
    for (pace, cost, change) in script {
        let cost = cost.of(bucket.quota().burst());
        now = next(&bucket, *pace, now, cost).min(CENTURY);
        if let Some((_, keep)) = change {
            // What was taken at later times is debt at an earlier one. Of debt too only a proportion stays; and what is far more than a
            // burst does not fit every quota.
            let back = if *keep == Keep::Proportion { 0 } else { 10_000 };
            now = now.max(latest.saturating_sub(back));
            bucket.clock().set(Tick::from_nanos(now));
        }
        // Time does not go back behind a change.
        let effective = now.max(since);
        if let Some((quota, keep)) = change {
            if *quota == bucket.quota() && *keep != Keep::Reset {
                // Nothing changes.
                bucket.set_quota(*quota, *keep);
                continue;
            }
            bucket.set_quota(*quota, *keep);
            since = effective;
            for windows in &mut all {
                windows.changed(effective, rate(quota), quota.burst(), rounded(quota));
                if *keep == Keep::Reset {
                    windows.reset(quota.initial());
                }
            }
            let mut windows = begun(quota);
            windows.changed(effective, rate(quota), quota.burst(), rounded(quota));
            all.push(windows);
        } else if bucket.try_acquire_n(cost) && cost > 0 {
            latest = latest.max(now);
            for windows in &mut all {
                windows
                    .admitted(effective, cost)
                    .map_err(TestCaseError::fail)?;
            }
        }
    }
    Ok(())
}

proptest! {
    /// A reset gives the initial tokens of the new quota, and nothing else does.
    #[test]
    fn no_window_across_changes_sees_more_than_the_largest_burst(
        first in changing(),
        script in prop::collection::vec(
            (paces(), costs(), prop::option::weighted(0.2, (changing(), prop_oneof![4 => Just(Keep::Tokens), 1 => Just(Keep::Reset)]))),
            1..60,
        ),
    ) {
        bounded_across(first, &script)?;
    }

    /// Across one change. Across several a proportion may be had again and again: what one token fills of a small burst is
    /// many tokens of a large one.
    #[test]
    fn no_window_across_a_change_in_proportion_sees_more_than_the_larger_burst(
        first in changing(),
        before in prop::collection::vec((paces(), costs(), Just(None)), 0..30),
        change in (paces(), changing(), keeps()),
        after in prop::collection::vec((paces(), costs(), Just(None)), 1..30),
    ) {
        let (pace, quota, keep) = change;
        let script = [before, vec![(pace, Cost::Some(1), Some((quota, keep)))], after].concat();
        bounded_across(first, &script)?;
    }
}

/// Polls a full bucket `polls` times, each up to `gap` after the last, and holds what it gets against `burst + rate × t - 1`.
fn saturate(quota: Quota, gap: impl Fn(&mut Rng) -> u64, polls: u32) {
    let bucket = TokenBucket::with_clock(quota, ManualClock::new());
    let axis = Axis::of(&quota).expect("there is a limit");
    let mut rng = Rng::seeded(7);
    let (mut now, mut taken) = (0_u64, 0_u64);
    // What was saved is spent at once.
    taken += bucket.try_acquire_up_to(u64::MAX);
    assert_eq!(taken, quota.burst());
    for _ in 0..polls {
        now += gap(&mut rng);
        while bucket.try_acquire_n_at(Tick::from_nanos(now), 1) {
            taken += 1;
        }
        let due = axis.burst + axis.rate * u128::from(now);
        // Less than a token is missing, which can't be had yet, and what rounding explains: nothing for most quotas.
        assert!(
            (u128::from(taken) + 1) * axis.token + axis.slack > due,
            "{quota}: {taken} tokens after {now} ns"
        );
        assert!(
            u128::from(taken) * axis.token <= due,
            "{quota}: {taken} tokens after {now} ns"
        );
    }
}

#[test]
fn a_lone_caller_that_always_wants_more_gets_it_all() {
    let (micro, polls) = (1_000, 400_000);
    saturate(quota(1, 60 * SECOND, 2), |_| 119 * micro, 600_000);
    saturate(
        Quota::per_hour(100).with_burst(2),
        |_| 65 * micro,
        2_000_000,
    );
    saturate(Quota::per_second(7), |_| 119 * micro, polls);
    saturate(Quota::per_second(1000), |_| 119 * micro, polls);
    saturate(
        Quota::per_second(3_000_000).with_burst(1000),
        |_| 119 * micro,
        1_000,
    );
    saturate(Quota::per_second(600_000_000).with_burst(2), |_| 1, polls);
    saturate(Quota::per_second(u32::MAX).with_burst(20), |_| 1, polls / 4);
    saturate(quota(3, 7 * SECOND, 3), |rng| rng.below(2 * SECOND), polls);
    saturate(Quota::per_minute(7), |rng| rng.below(SECOND), polls);
}

proptest! {
    #[test]
    fn whoever_polls_often_enough_gets_it_all(quota in any_quota(), seed in any::<u64>()) {
        prop_assume!(quota.tokens() > 0 && quota.burst() > 1 && quota.initial() == quota.burst());
        // Within a gap comes less than there is room for.
        let axis = Axis::of(&quota).unwrap();
        let room = (axis.burst - axis.token) / axis.rate;
        let room = u64::try_from(room).unwrap_or(u64::MAX).min(CENTURY / 64);
        prop_assume!(room > 0);
        // A few tokens at a time, so that a poll takes all there is within a few calls.
        let few = u64::try_from(3 * axis.token / axis.rate).unwrap_or(u64::MAX);
        let gap = room.min(few);
        prop_assume!(gap > 0);
        saturate(quota, |rng| (seed ^ rng.next_u64()) % (gap + 1), 60);
    }

    /// What is there at an older time is less, and by no more than came meanwhile.
    #[test]
    fn an_older_timestamp_finds_no_more_and_misses_no_more_than_it_is_old(
        quota in quotas(),
        script in scripts(false),
        times in prop::collection::vec(paces(), 2..6),
    ) {
        let bucket = TokenBucket::with_clock(quota, ManualClock::new());
        let axis = Axis::of(&quota).unwrap();
        let mut now = 0;
        for (pace, op) in &script {
            let cost = if let Op::Take(cost) | Op::Decide(cost) = op { cost.of(quota.burst()) } else { 1 };
            now = next(&bucket, *pace, now, cost);
            let _ = bucket.try_acquire_n(cost);
        }
        let mut seen = Vec::new();
        for pace in times {
            now = next(&bucket, pace, now, 1);
            seen.push((now, bucket.available()));
        }
        seen.sort_unstable();
        for pair in seen.windows(2) {
            let &[(older, less), (newer, more)] = pair else { unreachable!() };
            prop_assert!(less <= more);
            let came = axis.rate * u128::from(newer.min(CENTURY) - older.min(CENTURY)) + axis.slack;
            prop_assert!(u128::from(more - less) <= came.div_ceil(axis.token));
        }
    }
}

#[test]
fn no_argument_is_too_large_and_no_time_too_early_or_late() {
    let costs = [
        0,
        1,
        2,
        1 << 32,
        1 << 62,
        (1 << 62) + 1,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    let times = [
        0,
        1,
        SECOND,
        CENTURY - 1,
        CENTURY,
        CENTURY + 1,
        1 << 62,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    let all = || known().into_iter().chain([Quota::UNLIMITED]);
    for quota in all() {
        for start in times {
            for cost in costs {
                let clock = ManualClock::starting_at(Tick::from_nanos(start));
                let bucket = TokenBucket::with_clock(quota, clock.clone());
                for now in times {
                    clock.set(Tick::from_nanos(now));
                    let _ = bucket.decide(cost);
                    let _ = bucket.try_acquire_up_to(cost);
                    bucket.charge(cost);
                    let _ = bucket.peek(cost);
                    let reserved = bucket.reserve(cost, std::time::Duration::MAX);
                    bucket.refund(cost);
                    drop(reserved);
                    assert!(bucket.available() <= quota.burst(), "{quota}");
                    assert!(bucket.peek(0).allowed);
                }
            }
        }
    }
    for (from, to) in all().flat_map(|from| all().map(move |to| (from, to))) {
        for keep in [Keep::Tokens, Keep::Proportion, Keep::Reset] {
            let bucket = TokenBucket::with_clock(from, ManualClock::new());
            for (now, cost) in times.into_iter().chain([0]).zip(costs) {
                bucket.clock().set(Tick::from_nanos(now));
                bucket.charge(cost);
                bucket.set_quota(to, keep);
                assert!(bucket.available() <= to.burst(), "{from} to {to}");
                bucket.set_quota(from, keep);
                assert!(bucket.available() <= from.burst(), "{to} to {from}");
            }
        }
    }
}
