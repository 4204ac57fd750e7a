//! Servers behind a balancer: one and three, all in order and with one that becomes slow.

use serde_json::{Value, json};

use super::table::{grouped, time};
use crate::open_loop::{Fleet, HOLD, TIMES_SLOWER, Trial, WORKERS};

pub(super) fn notes(fleet: &Fleet, note: &mut impl FnMut(&str)) {
    note(&format!(
        "a server has {WORKERS} workers, and a request holds one of them for {}: {} req/s at most; {} come, at random times",
        time(HOLD),
        grouped(fleet.capacity_of_one.round() as u64),
        grouped(fleet.per_second.round() as u64),
    ));
    note(&line([
        "",
        "answered",
        "p50",
        "p99",
        "slowest",
        "by each server",
    ]));
    for (name, trial) in [
        ("one server", &fleet.one_server),
        ("three servers", &fleet.three_servers),
        ("one slow, RoundRobin", &fleet.slow_round_robin),
        ("one slow, Adaptive", &fleet.slow_adaptive),
    ] {
        let served: Vec<_> = trial.served.iter().map(|served| grouped(*served)).collect();
        note(&line([
            name,
            &grouped(trial.answered()),
            &time(trial.quantile(0.5)),
            &time(trial.quantile(0.99)),
            &time(trial.quantile(1.0)),
            &served.join(" / "),
        ]));
    }
    note(&format!(
        "slow: the third server takes {TIMES_SLOWER} times as long from half time on; the row above is the run with Adaptive",
    ));
    note(
        "a worker that is held up waits and does not compute, so that two cores have room for three servers",
    );
}

fn line(cells: [&str; 6]) -> String {
    let [name, figures @ .., servers] = cells;
    figures.iter().fold(format!("  {name:<20}"), |line, cell| {
        line + &format!("{cell:>10}")
    }) + "  "
        + servers
}

pub(super) fn json(fleet: &Fleet) -> Value {
    json!({
        "capacity_of_one_server_requests_per_second": fleet.capacity_of_one,
        "offered_requests_per_second": fleet.per_second,
        "one_server": trial(&fleet.one_server),
        "three_servers": trial(&fleet.three_servers),
        "one_slow_round_robin": trial(&fleet.slow_round_robin),
        "one_slow_adaptive": trial(&fleet.slow_adaptive),
    })
}

fn trial(trial: &Trial) -> Value {
    json!({
        "offered": trial.offered,
        "answered": trial.answered(),
        "answered_by_server": trial.served,
        "elapsed_seconds": trial.elapsed.as_secs_f64(),
        "latency_p50_nanoseconds": trial.latency.quantile(0.5),
        "latency_p99_nanoseconds": trial.latency.quantile(0.99),
        "latency_max_nanoseconds": trial.latency.max(),
    })
}
