//! What a program reads.

use serde_json::{Value, json};

use super::Report;
use crate::replay::measure::{Curve, Point};

pub(crate) fn document(report: &Report<'_>) -> String {
    let trace = report.trace;
    let first_bad = trace
        .bad
        .first
        .map(|(line, why)| json!({ "line": line, "reason": why }));
    let document = json!({
        "trace": report.name,
        "format": trace.format.name(),
        "requests": trace.keys.len(),
        "distinct_keys": trace.distinct,
        "weighted": trace.is_weighted(),
        "whole": trace.whole,
        "left_out_lines": trace.left_out,
        "bad_lines": trace.bad.lines,
        "first_bad_line": first_bad,
        "cut": trace.cut,
        "hit_ratio_ceiling": report.ceiling(),
        "curves": report.curves.iter().map(|one| curve(report, one)).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn curve(report: &Report<'_>, curve: &Curve) -> Value {
    let points: Vec<_> = curve.points.iter().map(|one| point(report, one)).collect();
    json!({
        "name": report.title(curve),
        "points": points,
        "enough": curve.enough().map(|(_, enough)| point(report, &enough)),
    })
}

fn point(report: &Report<'_>, point: &Point) -> Value {
    let mut value = json!({
        "capacity": point.capacity,
        "percent_of_all": report.part(point.capacity),
        "hit_ratio": point.hit_ratio,
        "miss_ratio": 100.0 - point.hit_ratio,
    });
    if let Some(fields) = value.as_object_mut().filter(|_| report.trace.is_weighted()) {
        fields.insert("weight_hit_ratio".to_owned(), point.weight_hit_ratio.into());
    }
    value
}
