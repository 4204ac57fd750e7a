//! Replays a trace of requests through caches, and tells what they hit.
//!
//! [`trace`] reads a file, [`contestants`] are who it is replayed through, [`measure`] does it for every capacity, and
//! [`report`] tells. The benchmarks against other crates do the same with more contestants.

mod args;
mod capacity;
pub(crate) mod contestants;
mod measure;
mod problem;
mod report;
mod trace;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use self::args::Command;
use self::contestants::Contestant;
use self::problem::Problem;
use self::report::Report;

/// Does what these arguments ask for with these contestants, the most important one first.
pub(crate) fn run(
    arguments: impl IntoIterator<Item = OsString>,
    contestants: &[Contestant],
) -> ExitCode {
    match told(arguments, contestants) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to be done when even standard error is closed.
            _ = writeln!(io::stderr(), "hit_ratio: {}", problem.in_one_line());
            problem.exit_code()
        }
    }
}

fn told(
    arguments: impl IntoIterator<Item = OsString>,
    contestants: &[Contestant],
) -> Result<(), Problem> {
    let options = match args::parse(arguments)? {
        Command::Help => return report::print(args::HELP),
        Command::Run(options) => options,
    };
    let file = &options.trace;
    let trace = trace::load(file, options.format, &options.weighing, options.most)?;
    let capacities = capacity::ascending(&options.capacities, trace.whole);
    let curves = measure::curves(&trace, &capacities, contestants)?;
    let name = file.file_name().unwrap_or(file.as_os_str());
    let report = Report {
        name: name.to_string_lossy().into_owned(),
        trace: &trace,
        curves: &curves,
    };
    report::print(&report::table(&report))?;
    if let Some(file) = &options.json {
        report::write(file, &report::json(&report))?;
    }
    match &options.svg {
        Some(file) => report::write(file, &report::svg(&report)),
        None => Ok(()),
    }
}
