//! Pools of different sizes before one database.

use serde_json::{Value, json};

use super::table::{grouped, time};
use crate::cached::ROUND_TRIP;
use crate::pooled::{PATIENCE, Pooled, Trial};

pub(super) fn notes(pooled: &Pooled, note: &mut impl FnMut(&str)) {
    note(&format!(
        "simulated time: a request holds its connection for {}, more or less; {} req/s come, and wait for {} at most",
        time(ROUND_TRIP),
        grouped(pooled.per_second.round() as u64),
        time(PATIENCE),
    ));
    note(&line([
        "connections",
        "req/s",
        "p50",
        "p99",
        "timed out",
        "opened",
    ]));
    for trial in pooled.all() {
        let row = line([
            &grouped(trial.connections.into()),
            &grouped(trial.per_second().round() as u64),
            &time(trial.quantile(0.5)),
            &time(trial.quantile(0.99)),
            &grouped(trial.timed_out),
            &grouped(trial.stats.connected),
        ]);
        let is_knee = trial.connections == pooled.knee.connections;
        note(&(row + if is_knee { "  <- the knee" } else { "" }));
    }
    note(&format!(
        "in use on average: {:.2} connections; Stats::suggested_size says {}. No more are opened than are wanted at a time",
        pooled.busy,
        grouped(pooled.suggested.into()),
    ));
}

fn line(cells: [&str; 6]) -> String {
    cells
        .iter()
        .fold(" ".to_owned(), |line, cell| line + &format!("{cell:>12}"))
}

pub(super) fn json(pooled: &Pooled) -> Value {
    json!({
        "offered_requests_per_second": pooled.per_second,
        "patience_seconds": PATIENCE.as_secs_f64(),
        "connections_in_use": pooled.busy,
        "connections_at_the_knee": pooled.knee.connections,
        "connections_suggested": pooled.suggested,
        "sizes": pooled.all().map(trial).collect::<Vec<_>>(),
    })
}

fn trial(trial: &Trial) -> Value {
    json!({
        "connections": trial.connections,
        "opened": trial.stats.connected,
        "offered": trial.offered,
        "answered": trial.answered(),
        "timed_out": trial.timed_out,
        "database_reads": trial.tally.traffic.reads,
        "database_writes": trial.tally.traffic.writes,
        "elapsed_seconds": trial.elapsed.as_secs_f64(),
        "throughput_requests_per_second": trial.per_second(),
        "latency_p50_nanoseconds": trial.latency.quantile(0.5),
        "latency_p99_nanoseconds": trial.latency.quantile(0.99),
        "latency_max_nanoseconds": trial.latency.max(),
    })
}
