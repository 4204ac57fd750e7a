//! After the migration, every row of every shard is held against both rings and the plan.

use rusqlite::Error;

use super::connections::Connections;
use super::migration::Migration;
use crate::audit::{Census, Ledger, findings};
use crate::input::Users;
use crate::stage::Audit;

/// How the fifth shard joined.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resharding {
    /// The share of all possible keys that changes its shard, by the plan. The share of the rows that moved differs
    /// from it as a sample does.
    pub(crate) planned_fraction: f64,
    pub(crate) rows: u64,
    /// Rows on another shard than before.
    pub(crate) moved_rows: u64,
    /// Rows that the migration copied: the same, or a row went somewhere for nothing.
    pub(crate) copied_rows: u64,
    pub(crate) lost_rows: u64,
    /// Rows on a shard that is not theirs by the new ring.
    pub(crate) misplaced_rows: u64,
    /// Rows that moved although they are not in the plan, or that are in it and stayed.
    pub(crate) rows_against_plan: u64,
    /// Requests served while rows moved.
    pub(crate) served_meanwhile: u64,
}

pub(super) fn take(
    users: &Users,
    ledger: &Ledger,
    migration: &Migration,
    shards: &mut Connections<'_>,
) -> Result<Audit, Error> {
    let mut census = Census::new(users, ledger);
    let mut found = Resharding {
        planned_fraction: migration.plan.moved_fraction(),
        rows: 0,
        moved_rows: 0,
        copied_rows: migration.copied_rows,
        lost_rows: 0,
        misplaced_rows: 0,
        rows_against_plan: 0,
        served_meanwhile: migration.served_meanwhile,
    };
    for (shard, _) in migration.after.nodes() {
        shards.to(shard)?.visit(|name, version| {
            census.count(name, version);
            let Some((_, user)) = users.find(name) else {
                return;
            };
            let moved = migration.before.locate_hash(user.hash()) != Some(shard);
            found.rows += 1;
            found.moved_rows += u64::from(moved);
            found.misplaced_rows +=
                u64::from(migration.after.locate_hash(user.hash()) != Some(shard));
            found.rows_against_plan += u64::from(moved != migration.plan.changes(user.hash()));
        })?;
    }
    found.lost_rows = census.lost();

    let mut broken = census.findings();
    broken.extend(findings(&[
        (found.misplaced_rows, "rows on a wrong shard"),
        (
            found.rows_against_plan,
            "rows moved, or not moved, against the plan",
        ),
        (
            found.copied_rows.abs_diff(found.moved_rows),
            "rows copied more or less than moved",
        ),
    ]));
    Ok(Audit {
        findings: broken,
        resharding: Some(found),
    })
}
