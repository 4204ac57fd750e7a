//! Bars: the slowest one in a thousand, for each scenario and policy, on a logarithmic scale.

use std::fmt::Write;

use crate::Row;

const LEFT: f64 = 130.0;
const WIDTH: f64 = 600.0;
const BAR: f64 = 11.0;
const GAP: f64 = 26.0;
const TOP: f64 = 40.0;
/// Units at the ends of the scale.
const SCALE: (f64, f64) = (1.0, 10_000.0);

pub(crate) fn document(rows: &[Row]) -> String {
    let mut body = String::new();
    let mut y = TOP;
    let mut scenario = "";
    for row in rows {
        if row.scenario.name() != scenario {
            scenario = row.scenario.name();
            y += GAP;
            let _ = writeln!(
                body,
                r#"<text x="10" y="{:.0}" font-weight="bold">{scenario}</text>"#,
                y - 4.0
            );
        }
        let value = row.figures.p999;
        let end = x(value);
        let colour = if row.policy.starts_with(char::is_uppercase) {
            "#3b6ea5"
        } else {
            "#a0a0a0"
        };
        let base = y + BAR - 2.0;
        let _ = writeln!(
            body,
            r#"<text x="{:.0}" y="{base:.0}" text-anchor="end">{}</text>
<rect x="{LEFT}" y="{y:.0}" width="{:.1}" height="{}" fill="{colour}"/>
<text x="{:.1}" y="{base:.0}">{value:.2}</text>"#,
            LEFT - 6.0,
            row.policy,
            end - LEFT,
            BAR - 2.0,
            end + 5.0,
        );
        y += BAR;
    }
    let height = y + 20.0;
    let width = LEFT + WIDTH + 60.0;
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"
     font-family="sans-serif" font-size="10">
<title>Simulated fleet: latency of the slowest one in a thousand</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="24" font-size="14">99.9th percentile of latency, in mean service times (logarithmic; grey: published formulas)</text>
{body}</svg>
"##
    )
}

fn x(value: f64) -> f64 {
    let part = (value / SCALE.0).ln() / (SCALE.1 / SCALE.0).ln();
    LEFT + WIDTH * part.clamp(0.0, 1.0)
}
