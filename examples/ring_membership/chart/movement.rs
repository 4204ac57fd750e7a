//! The right panel: how many times the least each step moved, on a logarithmic axis.

use super::panel::{self, Panel};
use crate::story::{STEPS, Story};
use crate::table::ratio;

pub(super) fn panel(panel: &Panel, stories: &[Story]) -> String {
    let movements = stories.iter().flat_map(Story::movements);
    let highest = movements.filter_map(|movement| movement.ratio());
    // The axis ends at a power of two.
    let doublings = highest.fold(2.0, f64::max).log2().ceil();
    let mut svg = panel.heading("Movement: moved keys, 1 is the least possible");
    for (number, step) in (1..).zip(STEPS) {
        let sign =
            format!("<rect class=\"step-{number}\" x=\"-4\" y=\"-4\" width=\"9\" height=\"9\"/>");
        svg += &panel.legend(4.0 + LEGEND * f64::from(number - 1), &sign, step);
    }
    // No more labels than there is room for.
    let every = (doublings / 8.0).ceil();
    let mut doubled = 0.0;
    while doubled <= doublings {
        let label = format!("{}", doubled.exp2());
        svg += &panel.tick(doubled / doublings, &label, "grid");
        doubled += every;
    }
    for (row, story) in stories.iter().enumerate() {
        let top = panel::middle(row) - 2.0 * PITCH;
        for ((number, movement), step) in (1_u32..).zip(story.movements()).zip(STEPS) {
            let y = top + PITCH * f64::from(number - 1);
            let part = movement
                .ratio()
                .map_or(0.0, |ratio| ratio.log2() / doublings);
            // What is at one would be invisible.
            let width = (panel.x(part) - panel.left).max(2.0);
            let label = ratio(movement.ratio());
            svg += &format!(
                "<rect class=\"step-{number}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\">\
                 <title>{}, {step}: {label}</title></rect>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{label}</text>\n",
                panel.left,
                story.placement,
                panel.left + width + 5.0,
                y + 8.5
            );
        }
    }
    svg + &panel.axis("multiple of the least that must move (logarithmic)")
}

const PITCH: f64 = 12.0;
const BAR: f64 = 9.0;
const LEGEND: f64 = 103.0;
