//! The table, in Markdown.

use std::fmt::Write;

use crate::Row;

pub(crate) fn document(rows: &[Row]) -> String {
    let mut text = String::from(
        "| scenario | policy | p50 | p99 | p999 | errors % | share of server 0 | peak/mean \
         | divert | regain | healed share | joining share |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let figures = &row.figures;
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} | {} | {} | {} | {} |",
            row.scenario.name(),
            row.policy,
            figures.p50,
            figures.p99,
            figures.p999,
            figures.errors,
            figures.share,
            figures.peak,
            known(figures.divert, 0),
            known(figures.regain, 0),
            known(figures.healed, 2),
            known(figures.joining, 2),
        );
    }
    text
}

fn known(figure: f64, digits: usize) -> String {
    if figure.is_nan() {
        String::new()
    } else {
        format!("{figure:.digits$}")
    }
}
