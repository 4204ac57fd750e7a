//! The miss ratio by capacity, which is on a logarithmic axis: a line for each contestant.

use super::Report;
use crate::replay::measure::{Curve, Point};

pub(crate) fn document(report: &Report<'_>) -> String {
    let chart = Chart::of(report.curves);
    let title = format!("Miss ratio of {}", escaped(&report.name));
    let lines: String = report
        .curves
        .iter()
        .enumerate()
        .map(|(number, curve)| chart.line(number, curve, report.title(curve)))
        .collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title about" font-family="sans-serif" font-size="12">
<title id="title">{title}</title>
<desc id="about">Percent of requests that miss, by the capacity of the cache, for each policy.</desc>
{STYLE}
<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>
<text x="16" y="28" font-size="15">{title}</text>
<text x="16" y="48">{requests} requests, {keys} distinct keys; the dashed line is what misses in any cache</text>
{grid}{ceiling}{lines}<text x="{middle:.1}" y="{below:.1}" text-anchor="middle">capacity in {unit} (logarithmic)</text>
</svg>
"#,
        requests = report.trace.keys.len(),
        keys = report.trace.distinct,
        grid = chart.grid(),
        ceiling = chart.ceiling(100.0 - report.ceiling()),
        middle = f64::midpoint(LEFT, RIGHT),
        below = FLOOR + 42.0,
        unit = report.unit(),
    )
}

/// From which capacity to which, and from which miss ratio to which.
struct Chart {
    least: f64,
    most: f64,
    /// In tens of percent.
    lowest: u32,
    highest: u32,
}

impl Chart {
    fn of(curves: &[Curve]) -> Self {
        let capacities = || {
            let points = curves.iter().flat_map(|curve| &curve.points);
            points.map(|point| point.capacity as f64)
        };
        let (least, most) = (
            capacities().fold(f64::INFINITY, f64::min),
            capacities().fold(1.0, f64::max),
        );
        let ratios = || {
            let points = curves.iter().flat_map(|curve| &curve.points);
            points.map(|point| (100.0 - point.hit_ratio) / 10.0)
        };
        let (lowest, highest) = (ratios().fold(9.0, f64::min), ratios().fold(0.0, f64::max));
        // A single capacity stands at the left.
        Self {
            least: least.min(most),
            most: most.max(2.0 * least.min(most)),
            lowest: lowest.floor() as u32,
            highest: highest.ceil().max(lowest.floor() + 1.0) as u32,
        }
    }

    fn x(&self, capacity: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (capacity / self.least).ln() / (self.most / self.least).ln()
    }

    fn y(&self, percent: f64) -> f64 {
        let (lowest, highest) = (f64::from(self.lowest), f64::from(self.highest));
        FLOOR - (FLOOR - TOP) * (percent / 10.0 - lowest) / (highest - lowest)
    }

    /// Every tenth of the miss ratio, and every 1, 2 and 5 of the capacities.
    fn grid(&self) -> String {
        let mut svg = String::new();
        for tens in self.lowest..=self.highest {
            let percent = f64::from(tens) * 10.0;
            let y = self.y(percent);
            svg += &format!(
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>\n",
                LEFT - 8.0,
                y + 4.0
            );
        }
        for tick in self.ticks() {
            let x = self.x(tick);
            svg += &format!(
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{FLOOR}\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                FLOOR + 18.0,
                short(tick)
            );
        }
        svg
    }

    fn ticks(&self) -> Vec<f64> {
        // With many powers of ten there is room for these only.
        let steps: &[f64] = if self.most / self.least > 1e5 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let mut ticks = Vec::new();
        let mut magnitude = 1.0;
        while magnitude <= self.most {
            let these = steps.iter().map(|step| step * magnitude);
            ticks.extend(these.filter(|tick| (self.least..=self.most).contains(tick)));
            magnitude *= 10.0;
        }
        ticks
    }

    /// What misses anyway, if the chart reaches down to it.
    fn ceiling(&self, percent: f64) -> String {
        let y = self.y(percent);
        if y > FLOOR {
            return String::new();
        }
        format!(
            "<line class=\"ceiling\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>\n"
        )
    }

    /// The line, its points, and what it is called, at the right.
    fn line(&self, number: usize, curve: &Curve, name: &str) -> String {
        let at = |point: &Point| {
            (
                self.x(point.capacity as f64),
                self.y(100.0 - point.hit_ratio),
            )
        };
        let path: Vec<_> = curve
            .points
            .iter()
            .map(|point| {
                let (x, y) = at(point);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let mut svg = format!(
            "<g fill=\"{colour}\" stroke=\"{colour}\"><polyline points=\"{}\"/>
",
            path.join(" "),
            colour = colour(number)
        );
        for point in &curve.points {
            let (x, y) = at(point);
            svg += &format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{name}, {}: {:.2} % miss</title></circle>\n",
                point.capacity,
                100.0 - point.hit_ratio
            );
        }
        let y = TOP + 6.0 + 20.0 * number as f64;
        svg + &format!(
            "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"/></g>\n<text x=\"{:.1}\" y=\"{:.1}\">{name}</text>\n",
            RIGHT + 22.0,
            RIGHT + 34.0,
            y + 4.0
        )
    }
}

/// As different as can be for any number of them, and readable on light and on dark pages.
fn colour(number: usize) -> String {
    let golden_angle = 137.5;
    let hue = (210.0 + golden_angle * number as f64) % 360.0;
    format!("hsl({hue:.0}, 65%, 45%)")
}

/// 5000000 is 5M.
fn short(number: f64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(size, _)| number >= *size);
    unit.map_or_else(
        || format!("{number}"),
        |(size, letter)| format!("{}{letter}", number / size),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

// In pixels.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 720.0;
const TOP: f64 = 70.0;
const FLOOR: f64 = 420.0;

/// Colours: dark enough for a light page, and lighter ones for a dark page.
const STYLE: &str = "<style>
text { fill: #24292f }
.paper { fill: #ffffff }
.grid { stroke: #d8dee4 }
.ceiling { stroke: #6e7781; stroke-dasharray: 4 3 }
polyline { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.paper { fill: #0d1117 }
.grid { stroke: #30363d }
.ceiling { stroke: #8b949e }
}
</style>";
