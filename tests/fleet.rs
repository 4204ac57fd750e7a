//! The tail of a simulated fleet: what each policy promises, against the published formulas.
//!
//! The same simulation prints the whole table: `cargo run --release --example fleet_sim`.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

#[path = "support/fleet/mod.rs"]
#[expect(dead_code, reason = "the example looks at more of it")]
mod fleet;

use fleet::DECAY;
use fleet::contender::{Contender, Run};
use fleet::figures::Figures;
use fleet::scenario::Scenario;

/// A build with optimizations measures all that the table shows; one without them a part of it, and allows for that.
const WHOLE: bool = !cfg!(debug_assertions);
const SEEDS: u64 = if WHOLE { 5 } else { 1 };
const REQUESTS: usize = 200_000;
const SLACK: f64 = if WHOLE { 1.0 } else { 1.06 };
/// Policies that learn what a backend is like.
const LEARNING: [&str; 3] = ["Adaptive", "Probing", "Probing-local"];

/// The medians of figures that a part of the requests shows as well.
fn median(policy: &str, scenario: Scenario) -> Figures {
    let requests = if WHOLE { REQUESTS } else { REQUESTS / 2 };
    let contender = Contender::named(policy).unwrap();
    contender.median(scenario, SEEDS, requests)
}

/// The medians where something happens over time.
fn course(policy: &str, scenario: Scenario) -> Figures {
    let contender = Contender::named(policy).unwrap();
    contender.median(scenario, SEEDS, REQUESTS)
}

#[test]
fn one_slow_server_is_avoided() {
    let adaptive = median("Adaptive", Scenario::OneSlow);
    let published = median("peak-ewma", Scenario::OneSlow);
    let least = median("p2c-least", Scenario::OneSlow);
    assert!(
        adaptive.p999 <= 1.05 * SLACK * published.p999,
        "{adaptive:?} {published:?}"
    );
    assert!(
        adaptive.p999 <= 0.3 * SLACK * least.p999,
        "{adaptive:?} {least:?}"
    );
}

#[test]
fn failing_fast_attracts_nothing() {
    for policy in LEARNING {
        let figures = median(policy, Scenario::FailFast);
        assert!(figures.errors <= 0.1, "{policy} {figures:?}");
        let half = median(policy, Scenario::HalfFails);
        assert!(half.errors <= 0.1, "{policy} {half:?}");
    }
    // As the published formula has it, it does.
    assert!(median("peak-ewma", Scenario::FailFast).errors > 3.0);
}

#[test]
fn a_lost_zone_is_left_within_a_decay_time() {
    for policy in LEARNING {
        let figures = course(policy, Scenario::ZoneLoss);
        assert!(figures.errors <= 0.4, "{policy} {figures:?}");
        assert!(figures.divert <= DECAY, "{policy} {figures:?}");
    }
}

#[test]
fn a_rare_failure_costs_its_server_little() {
    let adaptive = median("Adaptive", Scenario::Flaky);
    let published = median("peak-ewma", Scenario::Flaky);
    assert!(
        adaptive.p999 <= 1.05 * SLACK * published.p999,
        "{adaptive:?} {published:?}"
    );
}

#[test]
fn a_healed_server_gets_its_share_again() {
    for policy in LEARNING {
        for scenario in [Scenario::SlowHeals, Scenario::FailureHeals] {
            let figures = course(policy, scenario);
            assert!(figures.regain <= 5.0 * DECAY, "{policy} {figures:?}");
            assert!(figures.healed >= 0.8, "{policy} {figures:?}");
        }
    }
}

#[test]
fn a_joining_server_is_not_overrun() {
    for policy in LEARNING {
        for scenario in [Scenario::Join, Scenario::JoinWarm] {
            let figures = course(policy, scenario);
            assert!(figures.joining <= 1.25, "{policy} {figures:?}");
        }
    }
}

#[test]
fn an_uneven_fleet_gains_from_probes() {
    let probing = median("Probing", Scenario::HalfSlow);
    let published = median("peak-ewma", Scenario::HalfSlow);
    assert!(
        probing.p99 <= 0.85 * SLACK * published.p99,
        "{probing:?} {published:?}"
    );
    assert!(
        probing.p999 <= 0.85 * SLACK * published.p999,
        "{probing:?} {published:?}"
    );
}

#[test]
fn probes_come_near_to_knowing_everything() {
    let probing = median("Probing", Scenario::Homogeneous);
    let oracle = median("jsq-oracle", Scenario::Homogeneous);
    assert!(
        probing.p999 <= 1.05 * SLACK * oracle.p999,
        "{probing:?} {oracle:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    for policy in LEARNING {
        let run = |seed| {
            let run = Run {
                scenario: Scenario::Pauses,
                seed,
                requests: 5_000,
            };
            let figures = Contender::named(policy).unwrap().run(run);
            (figures.p50, figures.p99, figures.share)
        };
        assert_eq!(run(1), run(1), "{policy}");
        assert_ne!(run(1), run(2), "{policy}");
    }
}
