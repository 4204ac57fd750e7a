//! The table on standard output: a heading, and for each stage a row of figures and what it means.

use std::time::Duration;

use super::{Row, cached, fleet, pooled, spike};
use crate::input::Workload;
use crate::stage::Resharding;

pub(super) fn heading(workload: &Workload, threads: usize) -> String {
    let requests = grouped(workload.len() as u64);
    let writes = grouped(workload.writes() as u64);
    let users = grouped(workload.users().len() as u64);
    let columns = line(&[
        "stage",
        "req/s",
        "p50",
        "p99",
        "p99.9",
        "db reads",
        "db writes",
        "errors",
        "moved rows",
    ]);
    format!(
        "\
{requests} requests ({writes} of them writes) for {users} users from {threads} threads; {origin}
SQLite files in WAL mode, synchronous=NORMAL: a write survives a crash of the process, the newest may not survive a power cut

{columns}",
        origin = workload.origin(),
    )
}

pub(super) fn row(row: &Row) -> String {
    let mut text = line(&[
        row.stage,
        &grouped(row.requests_per_second().round() as u64),
        &time(row.quantile(0.5)),
        &time(row.quantile(0.99)),
        &time(row.quantile(0.999)),
        &grouped(row.database.reads),
        &grouped(row.database.writes),
        &grouped(row.errors),
        &row.resharding.map_or_else(
            || "-".to_owned(),
            |resharding| grouped(resharding.moved_rows),
        ),
    ]);
    let mut note = |note: &str| text.extend([NOTE_INDENT, note, "\n"]);
    note(row.solves);
    if let Some(resharding) = &row.resharding {
        resharding_notes(resharding, &mut note);
    }
    if let Some(spike) = &row.spike {
        spike::notes(spike, &mut note);
    }
    if let Some(fleet) = &row.fleet {
        fleet::notes(fleet, &mut note);
    }
    if let Some(cached) = &row.cached {
        cached::notes(cached, &mut note);
    }
    if let Some(pooled) = &row.pooled {
        pooled::notes(pooled, &mut note);
    }
    if let Some(error) = &row.first_error {
        note(&format!("first error: {error}"));
    }
    if row.findings.is_empty() {
        note(&format!(
            "kept: all {} acknowledged writes; no stale read",
            grouped(row.acknowledged_writes)
        ));
    } else {
        note(&format!("broken: {}", row.findings.join("; ")));
    }
    text
}

fn resharding_notes(resharding: &Resharding, note: &mut impl FnMut(&str)) {
    let measured = resharding.moved_rows as f64 / (resharding.rows as f64).max(1.0);
    note(&format!(
        "fifth shard: planned {:.2} % of the keys, moved {} of {} rows ({:.2} %) while {} requests were served",
        resharding.planned_fraction * 100.0,
        grouped(resharding.moved_rows),
        grouped(resharding.rows),
        measured * 100.0,
        grouped(resharding.served_meanwhile),
    ));
    note(&format!(
        "rows lost {}, on a wrong shard {}, moved or left against the plan {}",
        resharding.lost_rows, resharding.misplaced_rows, resharding.rows_against_plan,
    ));
}

/// One line of the table. The first column is aligned to the left, the others to the right.
fn line(cells: &[&str]) -> String {
    let mut cells = cells.iter().zip(WIDTHS);
    let first = cells.next().map(|(cell, width)| format!("{cell:<width$}"));
    let others = cells.map(|(cell, width)| format!(" {cell:>width$}"));
    first
        .into_iter()
        .chain(others)
        .chain(["\n".to_owned()])
        .collect()
}

/// Three significant digits in the unit that suits.
pub(super) fn time(duration: Duration) -> String {
    let microseconds = duration.as_secs_f64() * 1e6;
    let (value, unit) = match microseconds {
        ..1e3 => (microseconds, "µs"),
        ..1e6 => (microseconds / 1e3, "ms"),
        _ => (microseconds / 1e6, "s"),
    };
    let decimals = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// `1234567` as `1 234 567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

const WIDTHS: [usize; 9] = [14, 10, 9, 9, 9, 12, 11, 7, 11];
const NOTE_INDENT: &str = "  ";
