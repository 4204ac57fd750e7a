//! A spike: the service without a limiter and with one, side by side.

use serde_json::{Value, json};

use super::table::{grouped, time};
use crate::open_loop::{IN_TIME, Run, Spike, TIMES};

pub(super) fn notes(spike: &Spike, note: &mut impl FnMut(&str)) {
    note(&format!(
        "measured capacity {} req/s, limit {}; offered {TIMES} times the capacity for {}, whether or not it could follow:",
        grouped(spike.capacity.round() as u64),
        grouped(spike.limit.round() as u64),
        time(spike.with_limiter.spike),
    ));
    note(&line([
        "", "offered", "served", "refused", "goodput", "p50", "p99", "slowest",
    ]));
    for (name, run) in [
        ("without limiter", &spike.without_limiter),
        ("with limiter", &spike.with_limiter),
    ] {
        note(&line([
            name,
            &grouped(run.offered),
            &grouped(run.served),
            &grouped(run.count.refused),
            &format!("{:.1} %", goodput_to_capacity(run, spike) * 100.0),
            &time(run.quantile(0.5)),
            &time(run.quantile(0.99)),
            &time(run.quantile(1.0)),
        ]));
    }
    note(&format!(
        "goodput: what was due during the spike and answered within {}, per second, as a part of the capacity",
        time(IN_TIME)
    ));
    let count = &spike.with_limiter.count;
    note(&format!(
        "{} of the refused were told when to try again and did: {} of them were admitted",
        grouped(count.retried),
        grouped(count.readmitted),
    ));
}

fn line(cells: [&str; 8]) -> String {
    let [name, figures @ ..] = cells;
    figures.iter().fold(format!("  {name:<16}"), |line, cell| {
        line + &format!("{cell:>10}")
    })
}

pub(super) fn json(spike: &Spike) -> Value {
    json!({
        "capacity_requests_per_second": spike.capacity,
        "limit_requests_per_second": spike.limit,
        "without_limiter": run(&spike.without_limiter, spike),
        "with_limiter": run(&spike.with_limiter, spike),
    })
}

fn run(run: &Run, spike: &Spike) -> Value {
    json!({
        "offered": run.offered,
        "admitted": run.count.admitted,
        "refused": run.count.refused,
        "retried": run.count.retried,
        "retries_admitted": run.count.readmitted,
        "served": run.served,
        "served_in_time": run.useful,
        "spike_seconds": run.spike.as_secs_f64(),
        "goodput_requests_per_second": run.goodput(),
        "goodput_to_capacity": goodput_to_capacity(run, spike),
        "latency_p50_nanoseconds": run.latency.quantile(0.5),
        "latency_p99_nanoseconds": run.latency.quantile(0.99),
        "latency_max_nanoseconds": run.latency.max(),
    })
}

fn goodput_to_capacity(run: &Run, spike: &Spike) -> f64 {
    run.goodput() / spike.capacity.max(f64::MIN_POSITIVE)
}
