//! Rows, their ratios, and how they are printed: a table for people, JSON lines for programs.

use std::fs::File;
use std::io::{self, Write};

use serde::Serialize;

use crate::workload::Role;

/// One contestant in one workload with one number of threads. Lower is better in every unit.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) module: &'static str,
    pub(crate) workload: String,
    pub(crate) threads: usize,
    pub(crate) contestant: &'static str,
    pub(crate) role: &'static str,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) unit: &'static str,
    /// Median over the rounds of this contestant's figure divided by that of the best peer in the same round.
    pub(crate) ratio_to_best_peer: Option<f64>,
    pub(crate) ratio_min: Option<f64>,
    pub(crate) ratio_max: Option<f64>,
    /// The peer with the lowest median, the one of the ratios.
    pub(crate) best_peer: Option<&'static str>,
    /// The same over the lowest limit of the workload.
    pub(crate) ratio_to_limit: Option<f64>,
    pub(crate) ratio_to_limit_min: Option<f64>,
    pub(crate) ratio_to_limit_max: Option<f64>,
}

/// Where rows belong.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) module: &'static str,
    pub(crate) workload: String,
    pub(crate) threads: usize,
    pub(crate) unit: &'static str,
}

/// A contestant's figure in each round.
#[derive(Debug)]
pub(crate) struct Sampled {
    pub(crate) contestant: &'static str,
    pub(crate) role: Role,
    pub(crate) samples: Vec<f64>,
}

/// Turns the figures of one workload into rows.
pub(crate) fn rows(place: &Place, sampled: &[Sampled]) -> Vec<Row> {
    let best = best_of(sampled, Role::Peer);
    let limit = best_of(sampled, Role::Limit);
    sampled
        .iter()
        .map(|entry| {
            let figure = Spread::of(&entry.samples);
            let over = |base: Option<&Sampled>| ratio(&entry.samples, &base?.samples);
            let (ratio, to_limit) = (over(best), over(limit));
            Row {
                module: place.module,
                workload: place.workload.clone(),
                threads: place.threads,
                contestant: entry.contestant,
                role: entry.role.name(),
                median: figure.median,
                min: figure.min,
                max: figure.max,
                unit: place.unit,
                ratio_to_best_peer: ratio.map(|ratio| ratio.median),
                ratio_min: ratio.map(|ratio| ratio.min),
                ratio_max: ratio.map(|ratio| ratio.max),
                best_peer: best.map(|best| best.contestant),
                ratio_to_limit: to_limit.map(|ratio| ratio.median),
                ratio_to_limit_min: to_limit.map(|ratio| ratio.min),
                ratio_to_limit_max: to_limit.map(|ratio| ratio.max),
            }
        })
        .collect()
}

/// Who has the lowest median in this role.
fn best_of(sampled: &[Sampled], role: Role) -> Option<&Sampled> {
    let median = |entry: &&Sampled| Spread::of(&entry.samples).median;
    sampled
        .iter()
        .filter(|entry| entry.role == role)
        .min_by(|a, b| median(a).total_cmp(&median(b)))
}

/// Median, least and greatest of some figures; all zero when there are none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        Self {
            median: f64::midpoint(at(low), at(high)),
            min: at(0),
            max: at(sorted.len().saturating_sub(1)),
        }
    }
}

/// Round by round, so that a slow moment of the machine cancels out; none where the best peer's figure is zero.
fn ratio(figures: &[f64], best: &[f64]) -> Option<Spread> {
    let ratios: Vec<f64> = figures
        .iter()
        .zip(best)
        .map(|(figure, best)| figure / best)
        .collect();
    (!ratios.is_empty() && ratios.iter().all(|ratio| ratio.is_finite()))
        .then(|| Spread::of(&ratios))
}

/// Writes rows to standard output and, if asked to, to a file.
#[derive(Debug)]
pub(crate) struct Report {
    json: Option<File>,
}

impl Report {
    pub(crate) const fn new(json: Option<File>) -> Self {
        Self { json }
    }

    /// Prints the rows of one workload and thread count.
    pub(crate) fn add(&mut self, place: &Place, rows: &[Row]) -> io::Result<()> {
        table(&mut io::stdout().lock(), place, rows)?;
        if let Some(file) = &mut self.json {
            for row in rows {
                serde_json::to_writer(&mut *file, row)?;
                file.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

fn table(out: &mut impl Write, place: &Place, rows: &[Row]) -> io::Result<()> {
    let plural = if place.threads == 1 { "" } else { "s" };
    writeln!(
        out,
        "\n{}: {}, {} thread{plural}",
        place.module, place.workload, place.threads
    )?;
    let unit = place.unit;
    writeln!(
        out,
        "  {:30} {:8}{unit:>14}{:>14}{:>14}   ratio to best peer        ratio to limit",
        "contestant", "role", "min", "max"
    )?;
    for row in rows {
        let [median, min, max] = [row.median, row.min, row.max].map(figure);
        let (name, role) = (row.contestant, row.role);
        write!(out, "  {name:30} {role:8}{median:>14}{min:>14}{max:>14}")?;
        let to_peer = ratio_text([row.ratio_to_best_peer, row.ratio_min, row.ratio_max]);
        let to_limit = ratio_text([
            row.ratio_to_limit,
            row.ratio_to_limit_min,
            row.ratio_to_limit_max,
        ]);
        writeln!(out, "   {to_peer:25} {to_limit}")?;
    }
    out.flush()
}

/// Median, least and greatest.
fn ratio_text(ratio: [Option<f64>; 3]) -> String {
    let [Some(median), Some(min), Some(max)] = ratio.map(|ratio| ratio.map(figure)) else {
        return "-".to_owned();
    };
    format!("{median} ({min} to {max})")
}

/// Three digits or more: nobody reads more.
fn figure(value: f64) -> String {
    match value {
        1000.0.. => format!("{value:.0}"),
        0.1.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(contestant: &'static str, role: Role, samples: &[f64]) -> Sampled {
        Sampled {
            contestant,
            role,
            samples: samples.to_vec(),
        }
    }

    fn place() -> Place {
        Place {
            module: "ring",
            workload: "lookup \"a\"".to_owned(),
            threads: 2,
            unit: "ns",
        }
    }

    #[test]
    fn takes_the_ratio_within_each_round() {
        // The second round ran on a machine three times as slow; the ratios do not see it.
        let sampled = [
            entry("tenfold", Role::Tenfold, &[5.0, 15.0, 6.0]),
            entry("slow", Role::Peer, &[20.0, 60.0, 20.0]),
            entry("fast", Role::Peer, &[10.0, 30.0, 10.0]),
            entry("limit", Role::Limit, &[1.0, 3.0, 1.0]),
        ];
        let rows = rows(&place(), &sampled);
        let ratios: Vec<_> = rows.iter().map(|row| row.ratio_to_best_peer).collect();
        assert_eq!(ratios, [Some(0.5), Some(2.0), Some(1.0), Some(0.1)]);
        assert!(rows.iter().all(|row| row.best_peer == Some("fast")));
        let to_limit: Vec<_> = rows.iter().map(|row| row.ratio_to_limit).collect();
        assert_eq!(to_limit, [Some(5.0), Some(20.0), Some(10.0), Some(1.0)]);
        let first = rows
            .first()
            .map(|row| (row.median, row.min, row.max, row.ratio_max));
        assert_eq!(first, Some((6.0, 5.0, 15.0, Some(0.6))));
    }

    #[test]
    fn has_no_ratio_without_a_peer_or_over_zero() {
        let alone = [entry("tenfold", Role::Tenfold, &[5.0])];
        assert!(
            rows(&place(), &alone)
                .iter()
                .all(|row| row.ratio_to_best_peer.is_none())
        );
        let zero = [
            entry("tenfold", Role::Tenfold, &[5.0]),
            entry("peer", Role::Peer, &[0.0]),
        ];
        assert!(
            rows(&place(), &zero)
                .iter()
                .all(|row| row.ratio_to_best_peer.is_none())
        );
    }

    #[test]
    fn median_of_an_even_count_is_between() {
        assert_eq!(Spread::of(&[4.0, 1.0, 3.0, 2.0]).median, 2.5);
        assert_eq!(
            Spread::of(&[]),
            Spread {
                median: 0.0,
                min: 0.0,
                max: 0.0
            }
        );
    }

    #[test]
    fn a_json_line_has_the_agreed_fields() -> Result<(), serde_json::Error> {
        let rows = rows(&place(), &[entry("tenfold", Role::Tenfold, &[5.0])]);
        for row in rows {
            let value: serde_json::Value = serde_json::from_str(&serde_json::to_string(&row)?)?;
            let fields =
                "module workload threads contestant role median min max unit ratio_to_best_peer";
            for field in fields.split(' ') {
                assert!(value.get(field).is_some(), "{field} is missing");
            }
            assert_eq!(
                value.get("workload").and_then(|name| name.as_str()),
                Some("lookup \"a\"")
            );
        }
        Ok(())
    }
}
