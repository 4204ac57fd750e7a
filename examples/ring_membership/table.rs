//! The story as text: a block for each placement, and all of them in one table at the end.

use crate::args::Options;
use crate::copies::COPIES;
use crate::story::{Chapter, STEPS, Story};

pub(crate) fn heading(options: &Options) -> String {
    format!(
        "\
{} nodes, {} keys. Shares: 1 is what a node's weight entitles it to. Keys: how many moved, the least that
had to for every node to own what it owns afterwards, and how many moved between nodes that the step does not touch.

{:<22}{:^24}  {:>29}
{:<22}{:>8}{:>8}{:>8}  {:>9}{:>9}{:>7}{:>10}
",
        options.nodes,
        options.keys,
        "",
        "shares",
        "keys",
        "",
        "min",
        "mean",
        "max",
        "moved",
        "least",
        "ratio",
        "elsewhere",
    )
}

pub(crate) fn chapters(story: &Story) -> String {
    let lines: String = story.chapters.iter().map(chapter).collect();
    format!("{}\n{lines}", story.placement)
}

fn chapter(chapter: &Chapter) -> String {
    let balance = &chapter.balance;
    let shares = format!(
        "  {:<20}{:>8.3}{:>8.3}{:>8.3}",
        chapter.title, balance.min, balance.mean, balance.max
    );
    match &chapter.movement {
        None => format!("{shares}\n"),
        Some(movement) => format!(
            "{shares}  {:>9}{:>9}{:>7}{:>10}\n",
            movement.moved,
            movement.least,
            ratio(movement.ratio()),
            movement.bystanders
        ),
    }
}

/// The worst of each story, and what each step moved.
pub(crate) fn summary(stories: &[Story]) -> String {
    let [join, leave, double, drain] = STEPS;
    let mut text = format!(
        "
In one table: the emptiest and the fullest node of all five rings; moved keys as a multiple of the least for each step;
keys that moved between nodes which a step does not touch, in per cent, all steps together; and of {COPIES} copies of a key
each, the per cent of the keys of which more than one copy has to move when one node leaves. Bytes are those of the table.

{:<16}{:>9}{:>9}  {join:>10}{leave:>12}{double:>13}{drain:>12}{:>11}{:>8}{:>9}
",
        "", "emptiest", "fullest", "elsewhere", "copies", "bytes"
    );
    for story in stories {
        let (min, max) = story.extremes();
        let mut line = format!("{:<16}{min:>9.3}{max:>9.3}  ", story.placement);
        for (movement, width) in story.movements().zip([10, 12, 13, 12]) {
            line += &format!("{:>width$}", ratio(movement.ratio()));
        }
        let elsewhere: f64 = story
            .movements()
            .map(|movement| 100.0 * movement.bystanders as f64 / movement.keys as f64)
            .sum();
        text += &format!(
            "{line}{elsewhere:>11.2}{:>8.2}{:>9}\n",
            100.0 * story.disturbed,
            story.bytes
        );
    }
    text
}

/// A multiple of the least, or a dash where nothing had to move.
pub(crate) fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}
