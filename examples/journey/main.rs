//! The journey of one small service, from a single database to a load ten times as large.
//!
//! The service keeps user profiles in `SQLite`: real files in a temporary directory. Every stage replays the same requests
//! against the service as it is built at that point, prints one row of figures, and says in one line what it solved:
//!
//! ```text
//! cargo run --release --example journey
//! cargo run --release --example journey -- --help
//! ```
//!
//! How to read the code: a [`Workload`](input::Workload) says which requests are replayed, a [`Stage`](stage::Stage)
//! builds the service, [`runner`] replays the one against the other and checks what came of it, and [`report`] shows it.
//! A new stage is one more module in `stage/` and one more line in its list. A stage may ask for requests by a schedule
//! instead, more than it can answer: [`open_loop`] sends them. The stages with a cache and with a pool run in simulated time:
//! [`cached`], [`pooled`].

mod args;
mod audit;
mod cached;
mod database;
mod input;
mod open_loop;
mod pooled;
mod problem;
mod progress;
mod report;
mod runner;
mod simulation;
mod stage;
mod worker;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;
use input::Workload;
use problem::Problem;
use report::Report;

fn main() -> ExitCode {
    match journey() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to be done when even standard error is closed.
            let _ = writeln!(io::stderr(), "journey: {}", problem.in_one_line());
            problem.exit_code()
        }
    }
}

fn journey() -> Result<(), Problem> {
    let options = match args::parse(env::args_os().skip(1))? {
        Command::Help => return report::print(&args::help()),
        Command::Run(options) => options,
    };

    let workload = Workload::load(options.trace.as_deref(), options.requests)?;
    let mut report = Report::begin(&options, &workload)?;
    for &stage in stage::all() {
        if options.stage.is_none_or(|wanted| wanted == stage.name()) {
            report.add(runner::run(stage, &workload, options.threads)?)?;
        }
    }
    report.finish()
}
