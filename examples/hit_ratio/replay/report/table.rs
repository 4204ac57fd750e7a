//! What a person reads.

use std::fmt::Write;

use super::{Report, TOLERANCE};
use crate::replay::measure::{Curve, Point};

pub(crate) fn document(report: &Report<'_>) -> String {
    let mut text = heading(report);
    text += &ratios(report, "hit ratio, % of requests", |point| point.hit_ratio);
    if report.trace.is_weighted() {
        text += &ratios(report, "hit ratio, % of weight", |point| {
            point.weight_hit_ratio
        });
        text += "Belady's rule knows the future, but with different weights it is no bound.\n";
    }
    for curve in report.curves.iter().take(1) {
        text += &advice(report, curve);
    }
    text
}

fn heading(report: &Report<'_>) -> String {
    let trace = report.trace;
    let mut text = format!(
        "{}: {} requests, {} distinct keys, read as {}\n",
        report.name,
        trace.keys.len(),
        trace.distinct,
        trace.format.name()
    );
    let mut add = |sentence: String| text.extend([&sentence, "\n"]);
    if trace.is_weighted() {
        add(format!("everything together weighs {}", trace.whole));
    }
    if trace.cut {
        add("the rest of the file was left out, as asked".to_owned());
    }
    if trace.left_out > 0 {
        add(format!(
            "{} lines that are no GET were left out",
            trace.left_out
        ));
    }
    if let Some((first, why)) = trace.bad.first {
        let lines = trace.bad.lines;
        add(format!(
            "{lines} bad lines were left out; the first is line {first}: {why}"
        ));
    }
    add(format!(
        "no cache hits more than {:.1} %: every key misses once\n",
        report.ceiling()
    ));
    text
}

fn ratios(report: &Report<'_>, title: &str, of: impl Fn(&Point) -> f64) -> String {
    let mut text = format!("{title}\n{:>14} {:>8}", "capacity", "of all");
    for curve in report.curves {
        let _ = write!(text, " {:>10}", report.title(curve));
    }
    text.push('\n');
    let rows = report.curves.first().map_or(0, |curve| curve.points.len());
    for row in 0..rows {
        let points = || {
            report
                .curves
                .iter()
                .filter_map(|curve| curve.points.get(row))
        };
        for point in points().take(1) {
            let part = report.part(point.capacity);
            let _ = write!(text, "{:>14} {part:>6.2} %", point.capacity);
        }
        for point in points() {
            let _ = write!(text, " {:>10.2}", of(point));
        }
        text.push('\n');
    }
    text + "\n"
}

/// How large a cache should be.
fn advice(report: &Report<'_>, curve: &Curve) -> String {
    // Of a single capacity, or of a cache that hits nothing, there is nothing to say.
    let worthwhile = curve.enough().filter(|(best, _)| best.hit_ratio > 0.0);
    let Some((best, enough)) = worthwhile.filter(|_| curve.points.len() > 1) else {
        return String::new();
    };
    let (name, unit) = (report.title(curve), report.unit());
    if curve.points.last() == Some(&enough) {
        return format!(
            "{name}: {} {unit} hit {:.1} % of requests, and more may be worth it: the step to them still gains over {TOLERANCE} point\n",
            enough.capacity, enough.hit_ratio
        );
    }
    format!(
        "{name}: {} {unit} are enough: {:.1} % of requests hit, within {TOLERANCE} point of the best here, {:.1} % with {}\n",
        enough.capacity, enough.hit_ratio, best.hit_ratio, best.capacity
    )
}
