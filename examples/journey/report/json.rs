//! The rows as one JSON array: plain numbers, with their units in the names of the fields.

use serde_json::{Value, json};

use super::{Row, cached, fleet, pooled, spike};
use crate::stage::Resharding;

pub(super) fn document(rows: &[Row]) -> String {
    let rows: Value = rows.iter().map(row).collect();
    format!("{rows:#}\n")
}

fn row(row: &Row) -> Value {
    json!({
        "stage": row.stage,
        "solves": row.solves,
        "requests": row.requests,
        "users": row.users,
        "threads": row.threads,
        "elapsed_seconds": row.elapsed.as_secs_f64(),
        "throughput_requests_per_second": row.requests_per_second(),
        "latency_mean_nanoseconds": row.latency.mean(),
        "latency_p50_nanoseconds": row.latency.quantile(0.5),
        "latency_p99_nanoseconds": row.latency.quantile(0.99),
        "latency_p999_nanoseconds": row.latency.quantile(0.999),
        "latency_max_nanoseconds": row.latency.max(),
        "database_reads": row.database.reads,
        "database_writes": row.database.writes,
        "acknowledged_writes": row.acknowledged_writes,
        "errors": row.errors,
        "first_error": row.first_error,
        "findings": row.findings,
        "resharding": row.resharding.map(resharding),
        "spike": row.spike.as_ref().map(spike::json),
        "fleet": row.fleet.as_ref().map(fleet::json),
        "cache": row.cached.as_ref().map(cached::json),
        "pool": row.pooled.as_ref().map(pooled::json),
    })
}

fn resharding(resharding: Resharding) -> Value {
    json!({
        "planned_fraction": resharding.planned_fraction,
        "rows": resharding.rows,
        "moved_rows": resharding.moved_rows,
        "copied_rows": resharding.copied_rows,
        "lost_rows": resharding.lost_rows,
        "misplaced_rows": resharding.misplaced_rows,
        "rows_against_plan": resharding.rows_against_plan,
        "requests_served_meanwhile": resharding.served_meanwhile,
    })
}
