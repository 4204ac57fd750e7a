//! The left panel: from the emptiest to the fullest node.

use super::panel::{self, Panel};
use crate::story::Story;

pub(super) fn panel(panel: &Panel, stories: &[Story]) -> String {
    let highest = stories.iter().map(|story| story.extremes().1);
    // Steps of an even share each, or wider ones if there were too many.
    let step = round_step(highest.fold(1.0, f64::max));
    let limit = step * STEPS;
    let mut svg = panel.heading("Balance: shares of nodes, all five rings");
    svg += &panel.legend(6.0, EMPTIEST, "emptiest");
    svg += &panel.legend(96.0, FULLEST, "fullest");
    for number in 0..=STEPS as u32 {
        let value = step * f64::from(number);
        svg += &panel.tick(value / limit, &format!("{value}"), "grid");
    }
    let one = panel.x(1.0 / limit);
    svg += &format!(
        "<line class=\"one\" x1=\"{one:.1}\" y1=\"{}\" x2=\"{one:.1}\" y2=\"{}\"/>\n",
        panel::TOP,
        panel.floor
    );
    for (row, story) in stories.iter().enumerate() {
        let (min, max) = story.extremes();
        let (left, right, y) = (
            panel.x(min / limit),
            panel.x(max / limit),
            panel::middle(row),
        );
        // One label above and one below: they may stand at the same place.
        svg += &format!(
            "<line class=\"span\" x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>\n\
             <g transform=\"translate({left:.1} {y:.1})\">{EMPTIEST}<text class=\"halo\" y=\"19\" text-anchor=\"middle\" font-size=\"11\">{min:.2}</text></g>\n\
             <g transform=\"translate({right:.1} {y:.1})\">{FULLEST}<text class=\"halo\" y=\"-10\" text-anchor=\"middle\" font-size=\"11\">{max:.2}</text></g>\n"
        );
    }
    svg + &panel.axis("share relative to weight (1 is even)")
}

/// The smallest of 0.25, 0.5, 1, 2, 4, … of which [`STEPS`] steps reach up to `highest`.
fn round_step(highest: f64) -> f64 {
    let mut step = 0.25;
    while step * STEPS < highest {
        step *= 2.0;
    }
    step
}

const STEPS: f64 = 6.0;
const EMPTIEST: &str = r#"<circle class="emptiest" r="4"/>"#;
const FULLEST: &str = r#"<circle class="fullest" r="4"/>"#;
