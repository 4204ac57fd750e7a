//! A cache before the databases: without it and with it, and a crowd that asks for one profile.

use serde_json::{Value, json};

use super::table::{grouped, time};
use crate::cached::{Cached, Crowd, GETS, Trial};

pub(super) fn notes(cached: &Cached, note: &mut impl FnMut(&str)) {
    note(&format!(
        "simulated time: {} connections, each busy for 1 ms with a request, more or less; {} req/s come, nine tenths of what they can do",
        cached.connections,
        grouped(cached.per_second.round() as u64),
    ));
    note(&line(["", "db reads", "p50", "p99", "slowest"]));
    for (name, trial) in [
        ("without cache", &cached.without_cache),
        ("with cache", &cached.with_cache),
    ] {
        note(&line([
            name,
            &grouped(trial.tally.traffic.reads),
            &time(trial.quantile(0.5)),
            &time(trial.quantile(0.99)),
            &time(trial.quantile(1.0)),
        ]));
    }
    note(&format!(
        "room for {} profiles: hit ratio {:.1} %; {} database reads avoided, {:.1} %",
        grouped(cached.capacity),
        cached.stats.hit_ratio().unwrap_or_default() * 100.0,
        grouped(cached.reads_avoided()),
        cached.share_avoided() * 100.0,
    ));
    let crowd = |crowd: &Crowd| {
        format!(
            "{} database {} and {}",
            grouped(crowd.database_reads),
            if crowd.database_reads == 1 {
                "read"
            } else {
                "reads"
            },
            time(crowd.elapsed),
        )
    };
    note(&format!(
        "{} gets of one profile at the same moment: {} without the cache, {} with it",
        grouped(GETS),
        crowd(&cached.crowd_without_cache),
        crowd(&cached.crowd_with_cache),
    ));
}

fn line(cells: [&str; 5]) -> String {
    let [name, figures @ ..] = cells;
    figures.iter().fold(format!("  {name:<16}"), |line, cell| {
        line + &format!("{cell:>10}")
    })
}

pub(super) fn json(cached: &Cached) -> Value {
    json!({
        "connections": cached.connections,
        "offered_requests_per_second": cached.per_second,
        "capacity_entries": cached.capacity,
        "hits": cached.stats.hits,
        "misses": cached.stats.misses,
        "loads": cached.stats.loads,
        "hit_ratio": cached.stats.hit_ratio(),
        "database_reads_avoided": cached.reads_avoided(),
        "database_reads_avoided_fraction": cached.share_avoided(),
        "without_cache": trial(&cached.without_cache),
        "with_cache": trial(&cached.with_cache),
        "crowd_without_cache": crowd(&cached.crowd_without_cache),
        "crowd_with_cache": crowd(&cached.crowd_with_cache),
    })
}

fn trial(trial: &Trial) -> Value {
    json!({
        "offered": trial.offered,
        "answered": trial.answered(),
        "database_reads": trial.tally.traffic.reads,
        "database_writes": trial.tally.traffic.writes,
        "elapsed_seconds": trial.elapsed.as_secs_f64(),
        "latency_p50_nanoseconds": trial.latency.quantile(0.5),
        "latency_p99_nanoseconds": trial.latency.quantile(0.99),
        "latency_max_nanoseconds": trial.latency.max(),
    })
}

fn crowd(crowd: &Crowd) -> Value {
    json!({
        "gets": GETS,
        "answered": crowd.answered,
        "database_reads": crowd.database_reads,
        "elapsed_seconds": crowd.elapsed.as_secs_f64(),
    })
}
