//! One story of membership for each placement: two nodes join, one leaves, one doubles its weight, one is drained. What is
//! in balance after each step, what moves, and what should not have.
//!
//! ```text
//! cargo run --release --example ring_membership
//! cargo run --release --example ring_membership -- --nodes 100 --svg ring.svg
//! cargo run --release --example ring_membership -- --help
//! ```
//!
//! How to read the code: [`story`] changes a ring step by step, [`balance`], [`movement`] and [`copies`] say what one number of the table
//! means, [`placements`] lists who plays and what each promises, and [`tour`] shows what else a ring can do.

mod args;
mod balance;
mod chart;
mod copies;
mod movement;
mod output;
mod placements;
mod problem;
mod story;
mod table;
mod tour;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use args::{Command, Options};
use problem::Problem;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to be done when even standard error is closed.
            _ = writeln!(io::stderr(), "ring_membership: {problem}");
            problem.exit_code()
        }
    }
}

fn run() -> Result<(), Problem> {
    let options = match args::parse(env::args_os().skip(1))? {
        Command::Help => return output::print(&args::help()),
        Command::Run(options) => options,
    };
    output::print(&table::heading(&options))?;
    let mut stories = Vec::new();
    for entrant in chosen(&options) {
        let story = entrant.play(&options)?;
        output::print(&table::chapters(&story))?;
        stories.push(story);
    }
    output::print(&table::summary(&stories))?;
    output::print(&tour::all(options.nodes)?)?;
    match &options.svg {
        Some(file) => output::write(file, &chart::document(&options, &stories)),
        None => Ok(()),
    }
}

fn chosen(options: &Options) -> impl Iterator<Item = &'static placements::Entrant> {
    let wanted = options.placement;
    placements::all()
        .iter()
        .filter(move |entrant| wanted.is_none_or(|wanted| wanted == entrant.name))
}
