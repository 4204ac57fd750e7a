//! The story as a picture: a row for each placement, balance on the left and movement on the right.

mod balance;
mod movement;
mod panel;
mod style;

use crate::args::Options;
use crate::story::Story;
use panel::{BOTTOM, Panel, ROW, TOP};

/// An SVG document, for light and for dark pages.
pub(crate) fn document(options: &Options, stories: &[Story]) -> String {
    let floor = TOP + ROW * stories.len() as f64;
    let title = format!(
        "Membership on a ring of {} nodes: two join, one leaves, one doubles its weight, one is drained",
        options.nodes
    );
    let names: String = stories
        .iter()
        .enumerate()
        .map(|(row, story)| name(row, story.placement))
        .collect();
    let balance = Panel::new(160.0, 460.0, floor);
    let movement = Panel::new(540.0, 900.0, floor);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title about" font-family="sans-serif" font-size="12">
<title id="title">{title}</title>
<desc id="about">For each placement, the shares of the emptiest and the fullest node, and how much each step moved as a multiple of the least possible, on {keys} keys.</desc>
{style}
<rect class="paper" width="{WIDTH}" height="{height}"/>
<text x="16" y="28" font-size="15">{title}</text>
{names}{}{}</svg>
"#,
        balance::panel(&balance, stories),
        movement::panel(&movement, stories),
        height = floor + BOTTOM,
        keys = options.keys,
        style = style::STYLE,
    )
}

fn name(row: usize, name: &str) -> String {
    let y = panel::middle(row) + 4.0;
    format!("<text x=\"132\" y=\"{y:.1}\" text-anchor=\"end\" font-size=\"13\">{name}</text>\n")
}

const WIDTH: f64 = 960.0;
