//! Laws of health, as properties: rise and fall against a naive model, the limits of ejections, slow start.

use std::time::Duration;

use proptest::prelude::*;
use tenfold::clock::Tick;
use tenfold::health::{
    Cause, FailurePercent, MaxEjected, Outlier, RiseFall, Row, SlowStart, Status, SuccessRate,
    Verdict,
};
use tenfold::rng::Rng;

fn secs(secs: u64) -> Tick {
    Tick::from_nanos(secs * 1_000_000_000)
}

/// The status after these results, by the definition: the last run of equal results that is long enough.
fn by_definition(rise: usize, fall: usize, begin: Status, results: &[bool]) -> Status {
    let mut status = begin;
    for end in 1..=results.len() {
        let seen = || results.iter().take(end).rev();
        let last = seen().next() == Some(&true);
        let needed = match (status, last) {
            (Status::Unknown, _) => 1,
            (_, true) => rise,
            (_, false) => fall,
        };
        if seen().take_while(|result| **result == last).count() >= needed {
            status = if last {
                Status::Healthy
            } else {
                Status::Unhealthy
            };
        }
    }
    status
}

fn limits() -> impl Strategy<Value = MaxEjected> {
    prop_oneof![
        any::<u8>().prop_map(MaxEjected::Percent),
        (0_usize..12).prop_map(MaxEjected::Count),
        (0_usize..12).prop_map(MaxEjected::KeepAtLeast),
    ]
}

/// An interval of a host: successes, failures, failures in a row.
fn traffic() -> impl Strategy<Value = (u64, u64, u32)> {
    let requests = prop_oneof![Just(0_u64), 0_u64..200, 100_u64..1_000];
    (requests.clone(), requests, 0_u32..8)
}

proptest! {
    /// Law 7.
    #[test]
    fn it_flips_exactly_at_the_last_of_so_many_in_a_row(
        rise in 0_u32..5,
        fall in 0_u32..5,
        begin in prop_oneof![Just(Status::Unknown), Just(Status::Healthy), Just(Status::Unhealthy)],
        results in prop::collection::vec(any::<bool>(), 0..60),
    ) {
        let (naive_rise, naive_fall) = (rise.max(1) as usize, fall.max(1) as usize);
        let mut state = RiseFall::new(rise, fall, begin);
        for (n, passed) in results.iter().enumerate() {
            let before = state.status();
            let flip = state.observe(*passed);
            let expected = by_definition(naive_rise, naive_fall, begin, &results[..=n]);
            prop_assert_eq!(state.status(), expected);
            prop_assert_eq!(flip, (before != expected).then_some(expected));
        }
    }

    /// Law 6: never more than may be out, whatever happens to the set; and times are what the definition says.
    #[test]
    fn no_more_are_out_than_may_be(
        limit in limits(),
        jitter in 0_u64..5,
        seed in any::<u64>(),
        intervals in prop::collection::vec(
            (0_u64..60, prop::collection::vec(traffic(), 0..12)), 1..12),
    ) {
        let mut outlier = Outlier::default();
        outlier.max_ejected = limit;
        outlier.jitter = Duration::from_secs(jitter);
        let mut rng = Rng::seeded(seed);
        let mut rows: Vec<Row> = Vec::new();
        let mut now = 0;
        for (step, traffic) in intervals {
            now += step;
            // Members come and go at the end.
            rows.truncate(traffic.len());
            for (id, (successes, failures, consecutive)) in traffic.into_iter().enumerate() {
                if id == rows.len() {
                    rows.push(Row { id: id as u64, ..Row::default() });
                }
                (rows[id].successes, rows[id].failures) = (successes, failures);
                rows[id].consecutive = consecutive;
            }
            let before = rows.clone();
            let verdicts = outlier.sweep(&mut rows, secs(now), &mut rng);
            let out = rows.iter().filter(|row| row.until.is_some()).count();
            prop_assert!(out <= limit.of(rows.len()), "{out} of {} with {limit:?}", rows.len());
            for (was, is) in before.iter().zip(&rows) {
                let said = verdicts.iter().filter(|verdict| match verdict {
                    Verdict::Eject { id, .. } | Verdict::Return { id } => *id == is.id,
                    _ => false,
                });
                prop_assert_eq!(said.count(), usize::from(was.until.is_some() != is.until.is_some()));
                match (was.until, is.until) {
                    (None, Some(until)) => {
                        prop_assert_eq!(is.times, (was.times + 1).min(10));
                        let time = until.since(secs(now));
                        let least = Duration::from_secs(u64::from(30 * is.times).min(300));
                        prop_assert!(time >= least && time <= least + outlier.jitter);
                    }
                    (None, None) => prop_assert_eq!(is.times, was.times.saturating_sub(1)),
                    (Some(_), None) | (Some(_), Some(_)) => {
                        prop_assert_eq!(is.times, was.times);
                        prop_assert!(is.until.is_none_or(|until| until > secs(now)));
                    }
                }
            }
        }
    }

    /// Law 9.
    #[test]
    fn slow_start_never_falls_and_ends_at_the_whole(
        window in 1_u64..100_000,
        aggression in prop_oneof![0.01_f32..100.0, Just(f32::NAN), Just(0.0), Just(-1.0)],
        floor in prop_oneof![0.001_f32..=1.0, Just(f32::NAN), Just(-1.0), Just(2.0)],
        mut times in prop::collection::vec(0_u64..120_000, 1..40),
    ) {
        let start = SlowStart::over(Duration::from_millis(window)).aggression(aggression).floor(floor);
        times.sort_unstable();
        let parts: Vec<f32> = times.iter().map(|ms| start.part(Duration::from_millis(*ms))).collect();
        prop_assert!(parts.windows(2).all(|pair| pair[0] <= pair[1]), "{parts:?}");
        prop_assert!(parts.iter().all(|part| (0.0..=1.0).contains(part)));
        prop_assert_eq!(start.part(Duration::from_millis(window)), 1.0);
        if floor > 0.0 && floor <= 1.0 {
            prop_assert_eq!(start.part(Duration::ZERO), floor);
        }
    }
}

fn healthy(count: u64) -> Vec<Row> {
    let row = |id| Row {
        id,
        successes: 100,
        ..Row::default()
    };
    (0..count).map(row).collect()
}

fn ejected(verdicts: &[Verdict]) -> Vec<(u64, Cause)> {
    let out = verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Eject { id, cause, .. } => Some((*id, *cause)),
        _ => None,
    });
    out.collect()
}

#[test]
fn a_tenth_of_three_is_nobody() {
    let mut rows = healthy(3);
    rows[0].consecutive = 100;
    let mut rng = Rng::seeded(1);
    assert!(
        Outlier::envoy()
            .sweep(&mut rows, secs(0), &mut rng)
            .is_empty()
    );
    assert!(!Outlier::envoy().may_eject(9, 0) && Outlier::envoy().may_eject(10, 0));
    let found = Outlier::default().sweep(&mut rows, secs(0), &mut rng);
    assert_eq!(ejected(&found), [(0, Cause::Consecutive)]);
    assert!(
        Outlier::default()
            .sweep(&mut healthy(0), secs(0), &mut rng)
            .is_empty()
    );
}

#[test]
fn the_last_one_stays() {
    let mut rows = healthy(3);
    rows.iter_mut().for_each(|row| row.consecutive = 5);
    rows[2].consecutive = 9;
    let found = Outlier::default().sweep(&mut rows, secs(0), &mut Rng::seeded(1));
    let expected = [(2, Cause::Consecutive), (0, Cause::Consecutive)];
    assert_eq!(ejected(&found), expected, "the worst first");
}

#[test]
fn rates_need_hosts_and_requests() {
    let sweep = |rows: &mut Vec<Row>| {
        let mut outlier = Outlier::default();
        outlier.consecutive = None;
        ejected(&outlier.sweep(rows, secs(0), &mut Rng::seeded(1)))
    };
    let mut rows = healthy(10);
    (rows[4].successes, rows[4].failures) = (60, 40);
    assert_eq!(sweep(&mut rows), [(4, Cause::SuccessRate)]);
    // Equal rates, and none at all, are nobody's fault.
    let mut all_bad = healthy(10);
    all_bad
        .iter_mut()
        .for_each(|row| (row.successes, row.failures) = (300, 100));
    assert!(sweep(&mut all_bad).is_empty());
    let mut few = healthy(4);
    (few[0].successes, few[0].failures) = (0, 1_000);
    assert!(sweep(&mut few).is_empty(), "too few hosts");
    let mut quiet = healthy(10);
    (quiet[0].successes, quiet[0].failures) = (0, 49);
    assert!(sweep(&mut quiet).is_empty(), "too few requests");
    (quiet[0].successes, quiet[0].failures) = (7, 43);
    assert_eq!(
        sweep(&mut quiet),
        [(0, Cause::FailurePercent)],
        "86 percent"
    );
    let mut silent: Vec<Row> = (0..10)
        .map(|id| Row {
            id,
            ..Row::default()
        })
        .collect();
    assert!(sweep(&mut silent).is_empty());
}

/// As Envoy #26758: the time of a host that rates take out again and again did not grow there.
#[test]
fn the_time_grows_for_rates_too_and_is_forgotten() {
    let mut outlier = Outlier::default();
    outlier.consecutive = None;
    let mut rng = Rng::seeded(1);
    let mut rows = healthy(10);
    let mut now = secs(0);
    let mut times = Vec::new();
    for _ in 0..12 {
        (rows[0].successes, rows[0].failures) = (0, 100);
        let found = outlier.sweep(&mut rows, now, &mut rng);
        assert_eq!(ejected(&found).len(), 1);
        let until = rows[0].until.unwrap();
        times.push(until.since(now).as_secs());
        now = until;
        let back = outlier.sweep(&mut rows, now, &mut rng);
        assert_eq!(back, [Verdict::Return { id: 0 }]);
    }
    assert_eq!(
        times,
        [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]
    );
    (rows[0].successes, rows[0].failures) = (100, 0);
    for left in (0..10).rev() {
        now = now.saturating_add(outlier.interval);
        assert!(outlier.sweep(&mut rows, now, &mut rng).is_empty());
        assert_eq!(rows[0].times, left, "one per clean interval");
    }
}

#[test]
fn a_set_that_shrinks_brings_some_back() {
    let mut outlier = Outlier::default();
    outlier.max_ejected = MaxEjected::Percent(50);
    let mut rng = Rng::seeded(1);
    let mut rows = healthy(4);
    (rows[0].consecutive, rows[1].consecutive) = (9, 5);
    assert_eq!(outlier.sweep(&mut rows, secs(0), &mut rng).len(), 2);
    rows[0].until = Some(secs(100));
    rows.truncate(3);
    let back = outlier.sweep(&mut rows, secs(1), &mut rng);
    assert_eq!(back, [Verdict::Return { id: 1 }], "who would be back first");
}

#[test]
fn the_middle_of_a_slow_start_is_what_the_formula_says() {
    let start = SlowStart::over(Duration::from_secs(100)).floor(0.01);
    let at = |start: SlowStart, secs| start.part(Duration::from_secs(secs));
    assert!((at(start, 25) - 0.25).abs() < 1e-6);
    assert!((at(start.aggression(2.0), 25) - 0.5).abs() < 1e-6);
    assert!((at(start.aggression(0.5), 50) - 0.25).abs() < 1e-6);
    assert_eq!(
        SlowStart::default().part(Duration::ZERO),
        1.0,
        "no window, no slow start"
    );
}

/// It came back between two sweeps, so its counts are from before it was out.
#[test]
fn who_was_out_in_the_interval_is_neither_judged_nor_forgiven() {
    let mut rows = healthy(10);
    (rows[3].successes, rows[3].failures) = (0, 1_000);
    (rows[3].consecutive, rows[3].times) = (9, 2);
    let sweep = |rows: &mut Vec<Row>| {
        ejected(&Outlier::default().sweep(rows, secs(0), &mut Rng::seeded(1)))
    };
    rows[3].was_out = true;
    assert!(sweep(&mut rows).is_empty());
    assert_eq!((rows[3].times, rows[3].until), (2, None));
    (rows[3].was_out, rows[3].consecutive) = (false, 0);
    assert_eq!(sweep(&mut rows), [(3, Cause::SuccessRate)]);
    assert_eq!(rows[3].times, 3);
}

#[test]
fn outliers_have_a_setter_for_each_field() {
    let set = Outlier::default()
        .interval(Duration::from_secs(1))
        .consecutive(None)
        .success_rate(Some(
            SuccessRate::default()
                .factor(2.0)
                .min_hosts(3)
                .min_requests(4),
        ))
        .failure_percent(Some(
            FailurePercent::default()
                .percent(50)
                .min_hosts(6)
                .min_requests(7),
        ))
        .base_ejection(Duration::from_secs(8))
        .max_ejection(Duration::from_secs(9))
        .jitter(Duration::from_secs(10))
        .max_ejected(MaxEjected::Count(11));
    let (rate, percent) = (set.success_rate.unwrap(), set.failure_percent.unwrap());
    assert_eq!(
        (set.interval, set.consecutive),
        (Duration::from_secs(1), None)
    );
    assert_eq!(
        (rate.factor, rate.min_hosts, rate.min_requests),
        (2.0, 3, 4)
    );
    assert_eq!(
        (percent.percent, percent.min_hosts, percent.min_requests),
        (50, 6, 7)
    );
    let times = [set.base_ejection, set.max_ejection, set.jitter].map(|time| time.as_secs());
    assert_eq!(
        (times, set.max_ejected),
        ([8, 9, 10], MaxEjected::Count(11))
    );
}
