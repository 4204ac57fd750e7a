//! Bars for each stage: throughput above, the slowest one in a hundred below.

use super::Row;

pub(super) fn document(rows: &[Row]) -> String {
    let throughput: Vec<_> = rows
        .iter()
        .map(|row| (row.stage, row.requests_per_second()))
        .collect();
    let latency: Vec<_> = rows
        .iter()
        .map(|row| (row.stage, row.latency.quantile(0.99) as f64 / 1e3))
        .collect();
    let width = LEFT + rows.len() as f64 * BAR_PITCH + MARGIN;
    let width = width.max(MIN_WIDTH);
    let panels = [
        panel("Throughput (requests per second)", &throughput, 0.0, width),
        panel(
            "Latency, 99th percentile (microseconds)",
            &latency,
            PANEL_HEIGHT,
            width,
        ),
    ];
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12">
<title>The journey: throughput and latency of each stage</title>
<rect width="100%" height="100%" fill="#ffffff"/>
{}</svg>
"##,
        panels.concat(),
        height = 2.0 * PANEL_HEIGHT,
    )
}

/// One chart: a title with the unit, an axis with round numbers, and a labelled bar for each stage.
fn panel(title: &str, bars: &[(&str, f64)], top: f64, width: f64) -> String {
    let mut svg = String::new();
    let mut add = |element: String| svg.extend([&element, "\n"]);
    let floor = top + PANEL_HEIGHT - BELOW;
    let step = round_step(bars.iter().map(|(_, value)| *value).fold(0.0, f64::max));
    let y = |value: f64| floor - value / (step * TICKS) * (PANEL_HEIGHT - ABOVE - BELOW);

    add(format!(
        r#"<text x="{MARGIN}" y="{:.1}" font-size="14">{}</text>"#,
        top + 24.0,
        escaped(title)
    ));
    for tick in 0..=TICKS as u32 {
        let value = step * f64::from(tick);
        let y = y(value);
        add(format!(
            r##"<line x1="{LEFT}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}" stroke="#d0d0d0"/>"##,
            width - MARGIN
        ));
        add(format!(
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{value}</text>"#,
            LEFT - 8.0,
            y + 4.0
        ));
    }
    for (position, (stage, value)) in bars.iter().enumerate() {
        let left = LEFT + (position as f64 + 0.5) * BAR_PITCH - BAR_WIDTH / 2.0;
        let middle = left + BAR_WIDTH / 2.0;
        let y = y(*value);
        add(format!(
            r##"<rect x="{left:.1}" y="{y:.1}" width="{BAR_WIDTH}" height="{:.1}" fill="#3b6ea5"/>"##,
            floor - y
        ));
        add(format!(
            r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{value:.0}</text>"#,
            y - 5.0
        ));
        add(format!(
            r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            floor + 18.0,
            escaped(stage)
        ));
    }
    svg
}

/// The smallest of 1, 2, 5, 10, 20, 50, … of which [`TICKS`] steps reach up to `highest`.
fn round_step(highest: f64) -> f64 {
    let mut magnitude = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if step * magnitude * TICKS >= highest {
                return step * magnitude;
            }
        }
        magnitude *= 10.0;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

// In pixels.
const PANEL_HEIGHT: f64 = 280.0;
const ABOVE: f64 = 56.0;
const BELOW: f64 = 40.0;
const LEFT: f64 = 84.0;
const MARGIN: f64 = 16.0;
const MIN_WIDTH: f64 = 360.0;
const BAR_WIDTH: f64 = 72.0;
const BAR_PITCH: f64 = 120.0;

const TICKS: f64 = 4.0;
