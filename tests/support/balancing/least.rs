//! The least loaded, exactly and of some.

use std::cell::Cell;

use proptest::prelude::*;
use tenfold::balance::{Error, LeastConnections, LeastResponseTime, Policy, Request};
use tenfold::rng::Rng;

use crate::plain::{Plain, row};
use crate::shares::assert_shares;

fn backends() -> impl Strategy<Value = Vec<(u32, u64, f32)>> {
    prop::collection::vec((1_u32..5, 0_u64..6, 1.0_f32..4.0), 1..=16)
}

fn view(backends: &[(u32, u64, f32)]) -> Plain {
    let row = |(index, (weight, in_flight, cost)): (usize, &(u32, u64, f32))| {
        let mut row = row(index, *weight);
        (row.in_flight, row.cost) = (Cell::new(*in_flight), *cost);
        row
    };
    Plain::new(backends.iter().enumerate().map(row).collect())
}

proptest! {
    #[test]
    fn of_a_small_set_it_is_the_least_of_all(backends in backends()) {
        let view = view(&backends);
        let chosen = |counts: Vec<u64>| backends.iter().zip(counts).filter(|(_, count)| *count > 0);
        let leases = chosen(view.counts(&LeastConnections::default(), &Request::new(), 400));
        let times = chosen(view.counts(&LeastResponseTime::default(), &Request::new(), 10));
        let by_leases = |(weight, leases, _): (u32, u64, f32)| (leases + 1) as f64 / f64::from(weight);
        let by_time = |(weight, leases, cost): (u32, u64, f32)| cost * (leases + 1) as f32 / weight as f32;
        let least = backends.iter().map(|one| by_leases(*one)).fold(f64::MAX, f64::min);
        let fastest = backends.iter().map(|one| by_time(*one)).fold(f32::MAX, f32::min);
        let equals = backends.iter().filter(|one| by_leases(**one) == least).count();
        // All of them, in 400 picks of at most 16: one fails to come up with probability e^-25.
        prop_assert_eq!(leases.clone().count(), equals);
        for (one, _) in leases {
            prop_assert_eq!(by_leases(*one), least);
        }
        for (one, _) in times {
            prop_assert_eq!(by_time(*one), fastest);
        }
    }
}

#[test]
fn of_equals_each_is_as_likely() {
    let mut backends = [(1, 2, 1.0); 9];
    for busy in [0, 4, 5] {
        backends[busy].1 = 3;
    }
    let expected = backends.map(|(_, leases, _)| u32::from(leases == 2));
    for policy in [
        LeastConnections::default(),
        LeastConnections::choices(2).unwrap(),
    ] {
        assert_shares(
            &view(&backends).counts(&policy, &Request::new(), 50_000),
            &expected,
        );
    }
    assert_shares(
        &view(&backends).counts(&LeastResponseTime::default(), &Request::new(), 50_000),
        &expected,
    );
}

/// A hundred backends, one of which can do as much as all others: filled up, each has its part.
#[test]
fn of_a_large_set_weights_are_followed() {
    let mut weights = vec![1; 100];
    weights[42] = 99;
    let view = Plain::weighted(&weights);
    let policy = LeastConnections::default();
    let plan = policy.plan(&view);
    for _ in 0..9900 {
        let index = policy.pick(&plan, &view, &Request::new()).unwrap();
        let in_flight = &view.rows[index].in_flight;
        in_flight.set(in_flight.get() + 1);
    }
    let heavy = view.rows[42].in_flight.get();
    assert!((4700..5200).contains(&heavy), "{heavy}");
    let light = view
        .rows
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != 42);
    assert!(light.map(|(_, row)| row.in_flight.get()).max() < Some(70));
}

#[test]
fn loads_that_make_no_sense_do_no_harm() {
    let mut backends = vec![
        (u32::MAX, u64::MAX, f32::NAN),
        (1, u64::MAX, f32::INFINITY),
        (u32::MAX, 0, f32::MAX),
    ];
    for len in [3, 40] {
        backends.resize(len, (7, u64::MAX - 1, f32::NAN));
        let view = view(&backends);
        let counts = view.counts(
            &LeastConnections::choices(64).unwrap(),
            &Request::new(),
            100,
        );
        assert_eq!(counts[2], 100);
        assert_eq!(
            view.counts(&LeastResponseTime::default(), &Request::new(), 100)
                .iter()
                .sum::<u64>(),
            100
        );
    }
}

#[test]
fn choices_are_checked() {
    for choices in [0, 65, usize::MAX] {
        let refused = LeastConnections::choices(choices);
        assert!(matches!(
            refused,
            Err(Error::BadSetting { rule }) if rule.starts_with("choices")
        ));
        assert!(LeastResponseTime::choices(choices).is_err());
    }
    assert_eq!(
        LeastConnections::choices(8),
        Ok(LeastConnections::default())
    );
    assert_eq!(
        LeastResponseTime::choices(8),
        Ok(LeastResponseTime::default())
    );
}

/// The mean of the longest lines: 100 backends of one speed, 400 requests under way, each of which ends at random when another comes.
fn longest_line(choices: usize) -> f64 {
    let view = Plain::weighted(&[1; 100]);
    let policy = LeastConnections::choices(choices).unwrap();
    let plan = policy.plan(&view);
    let mut rng = Rng::seeded(3);
    let mut under_way = Vec::new();
    let (mut longest, mut rounds) = (0, 0_u32);
    for step in 0..20_000 {
        if under_way.len() == 400 {
            let ended: usize = under_way.swap_remove(rng.below(400) as usize);
            let in_flight = &view.rows[ended].in_flight;
            in_flight.set(in_flight.get() - 1);
        }
        let index = policy.pick(&plan, &view, &Request::new()).unwrap();
        let in_flight = &view.rows[index].in_flight;
        in_flight.set(in_flight.get() + 1);
        under_way.push(index);
        if step > 4000 && step % 100 == 0 {
            let lines = view.rows.iter().map(|row| row.in_flight.get());
            longest += lines.max().unwrap();
            rounds += 1;
        }
    }
    longest as f64 / f64::from(rounds)
}

#[test]
fn eight_draws_are_enough() {
    let lines = [1, 2, 4, 8, 64].map(longest_line);
    println!("the longest line with 1, 2, 4, 8 and 64 draws: {lines:.1?}");
    assert!(lines.is_sorted_by(|more, less| more >= less));
    assert!(lines[1] > 6.0 && lines[3] < 5.1 && lines[4] >= 5.0);
}
