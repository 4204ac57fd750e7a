//! What is told: a table and advice for a person, JSON for a program, and a chart.

mod json;
mod output;
mod svg;
mod table;

pub(crate) use json::document as json;
pub(crate) use output::{print, write};
pub(crate) use svg::document as svg;
pub(crate) use table::document as table;

use crate::replay::contestants::OPT;
use crate::replay::measure::{Curve, Point};
use crate::replay::trace::Trace;

/// Hit ratios of one trace.
pub(crate) struct Report<'r> {
    /// The file's name.
    pub(crate) name: String,
    pub(crate) trace: &'r Trace,
    pub(crate) curves: &'r [Curve],
}

impl Report<'_> {
    /// What a curve is called here.
    fn title(&self, curve: &Curve) -> &'static str {
        if curve.name == OPT && self.trace.is_weighted() {
            // It is a bound only if all weights are the same.
            "Belady"
        } else {
            curve.name
        }
    }

    /// Percent of the requests that can hit at all, because the key came before.
    fn ceiling(&self) -> f64 {
        let (all, first) = (self.trace.keys.len() as f64, f64::from(self.trace.distinct));
        100.0 * (all - first) / all
    }

    /// What part of everything a capacity holds, in percent.
    fn part(&self, capacity: u64) -> f64 {
        100.0 * capacity as f64 / self.trace.whole as f64
    }

    const fn unit(&self) -> &'static str {
        if self.trace.is_weighted() {
            "units of weight"
        } else {
            "entries"
        }
    }
}

/// How far below the best is good enough, in points of the hit ratio.
const TOLERANCE: f64 = 1.0;

impl Curve {
    /// The highest hit ratio of all capacities, and the smallest capacity that comes close to it.
    fn enough(&self) -> Option<(Point, Point)> {
        let best = self
            .points
            .iter()
            .rev()
            .max_by(|a, b| a.hit_ratio.total_cmp(&b.hit_ratio))?;
        let close = |point: &&Point| point.hit_ratio >= best.hit_ratio - TOLERANCE;
        Some((*best, *self.points.iter().find(close)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(ratios: &[(u64, f64)]) -> Curve {
        let point = |&(capacity, hit_ratio): &(u64, f64)| Point {
            capacity,
            hit_ratio,
            weight_hit_ratio: hit_ratio,
        };
        let points = ratios.iter().map(point).collect();
        Curve { name: OPT, points }
    }

    #[test]
    fn enough_is_the_smallest_that_comes_close() {
        let curve = curve(&[(10, 5.0), (20, 49.2), (40, 50.0), (80, 49.9)]);
        let (best, close) = curve.enough().unwrap();
        assert_eq!((best.capacity, close.capacity), (40, 20));
        // Of the best ones the smallest is named.
        let flat = self::curve(&[(10, 50.0), (20, 50.0)]);
        assert_eq!(flat.enough().unwrap().0.capacity, 10);
    }

    fn report<R>(read: impl FnOnce(&Report<'_>) -> R, weighted: bool) -> R {
        let requests: Vec<_> = [1, 2, 1, 3, 2].map(|key| (key, 10)).into();
        let keys: Vec<u32> = requests.iter().map(|(key, _)| *key).collect();
        let trace = if weighted {
            Trace::of_requests(&requests)
        } else {
            Trace::of_keys(&keys)
        };
        read(&Report {
            name: "a<b>&\"c\"".to_owned(),
            trace: &trace,
            curves: &[curve(&[(1, 20.0), (3, 40.0)])],
        })
    }

    #[test]
    fn the_table_says_what_the_trace_allows() {
        let text = report(table, false);
        assert!(text.contains("5 requests, 3 distinct keys"), "{text}");
        assert!(text.contains("40.0 %"), "{text}");
        assert!(text.contains("OPT") && !text.contains("Belady"), "{text}");
        assert!(report(table, true).contains("Belady"));
    }

    #[test]
    fn json_and_chart_have_every_point() {
        let value: serde_json::Value = serde_json::from_str(&report(json, false)).unwrap();
        let points = value["curves"][0]["points"].as_array().unwrap();
        assert_eq!(points.len(), 2);
        assert_eq!(points[1]["capacity"], 3);
        assert_eq!(value["curves"][0]["enough"]["capacity"], 3);
        assert_eq!(value["trace"], "a<b>&\"c\"");
        let chart = report(svg, false);
        assert!(chart.contains("a&lt;b&gt;&amp;&quot;c&quot;"), "{chart}");
        assert_eq!(chart.matches("<circle").count(), 2 + 1);
    }
}
