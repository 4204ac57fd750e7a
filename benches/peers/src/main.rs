//! Measures tenfold and the best crates of its field, interleaved in one run, and prints their ratios.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- all`, or the name of one module. A module is one
//! file under `module/` and one line in its registry; the rest is the frame that runs any of them.

mod args;
mod hasher;
mod input;
mod keys;
mod machine;
mod measure;
mod memory;
mod module;
mod play;
#[path = "../../../examples/hit_ratio/replay/mod.rs"]
mod replay;
mod report;
mod worker;
mod workload;

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::process::ExitCode;

use args::{Args, Request};
use measure::Schedule;
use module::{MODULES, Module};
use replay::contestants;
use report::{Place, Report, Sampled};
use workload::{Contestant, Kind, Workload};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Exit code for a command line that cannot be carried out.
const BAD_ARGUMENTS: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == "hit-ratio").is_some() {
        return hit_ratio(arguments);
    }
    let outcome = match args::parse(env::args().skip(1)) {
        Ok(Request::Help) => help(),
        Ok(Request::Run(args)) => match Run::prepare(&args) {
            Ok(run) => run.go(),
            Err(message) => return refuse(&message),
        },
        Err(message) => return refuse(&message),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Not a measurement of time, so none of the frame's options apply.
fn hit_ratio(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let bounds = contestants::BOUNDS;
    let everyone = [contestants::OURS, module::REPLAYED, bounds].concat();
    replay::run(arguments, &everyone)
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("error: {message} (--help shows the usage)");
    ExitCode::from(BAD_ARGUMENTS)
}

fn help() -> Result<(), String> {
    use io::Write;
    let mut out = io::stdout().lock();
    let names: Vec<_> = MODULES.iter().map(|module| module.name).collect();
    writeln!(out, "{}\n\nmodules: {}", args::USAGE, names.join(", "))
        .map_err(|error| error.to_string())
}

/// Everything that a run needs, known to be possible before the first measurement.
struct Run {
    workloads: Vec<(&'static Module, Workload)>,
    schedule: Schedule,
    report: Report,
}

impl Run {
    fn prepare(args: &Args) -> Result<Self, String> {
        let modules: Vec<_> = MODULES
            .iter()
            .filter(|module| args.module == "all" || args.module == module.name)
            .collect();
        if modules.is_empty() {
            return Err(format!("there is no module `{}`", args.module));
        }
        let mut workloads = Vec::new();
        for module in modules {
            for mut workload in (module.workloads)() {
                if let Some(text) = &args.filter {
                    workload.filter(text);
                }
                if !workload.is_empty() {
                    workloads.push((module, workload));
                }
            }
        }
        if workloads.is_empty() {
            return Err(format!(
                "nothing contains `{}`",
                args.filter.as_deref().unwrap_or_default()
            ));
        }
        let json = match &args.json {
            Some(path) => Some(
                File::create(path)
                    .map_err(|error| format!("cannot write {}: {error}", path.display()))?,
            ),
            None => None,
        };
        let schedule = if args.quick {
            Schedule::QUICK
        } else {
            Schedule::FULL
        };
        Ok(Self {
            workloads,
            schedule,
            report: Report::new(json),
        })
    }

    fn go(mut self) -> Result<(), String> {
        machine::header(&mut io::stdout().lock()).map_err(|error| error.to_string())?;
        for (module, workload) in &self.workloads {
            let at = |error: String| format!("{}: {}: {error}", module.name, workload.name);
            let place = |threads, unit| Place {
                module: module.name,
                workload: workload.name.clone(),
                threads,
                unit,
            };
            match &workload.kind {
                Kind::Timed {
                    threads,
                    contestants,
                } => {
                    for &threads in *threads {
                        let built = build(contestants).map_err(at)?;
                        let samples =
                            measure::interleaved(&built, threads, self.schedule).map_err(at)?;
                        print(
                            &mut self.report,
                            &place(threads, "ns"),
                            contestants,
                            samples,
                        )
                        .map_err(at)?;
                    }
                }
                Kind::Counted { unit, contestants } => {
                    let samples = build(contestants)
                        .map_err(at)?
                        .into_iter()
                        .map(|figure| vec![figure])
                        .collect();
                    print(&mut self.report, &place(1, unit), contestants, samples).map_err(at)?;
                }
                Kind::Played {
                    figures,
                    threads,
                    contestants,
                } => {
                    let built = build(contestants).map_err(at)?;
                    let samples = play::interleaved(&built, figures.len(), self.schedule);
                    for (figure, samples) in figures.iter().zip(samples.map_err(at)?) {
                        let mut place = place(*threads, figure.unit);
                        place.workload = format!("{}, {}", place.workload, figure.name);
                        print(&mut self.report, &place, contestants, samples).map_err(at)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn build<T>(contestants: &[Contestant<T>]) -> Result<Vec<T>, String> {
    contestants
        .iter()
        .map(|contestant| {
            (contestant.make)().map_err(|error| format!("{}: {error}", contestant.name))
        })
        .collect()
}

fn print<T>(
    report: &mut Report,
    place: &Place,
    contestants: &[Contestant<T>],
    samples: Vec<Vec<f64>>,
) -> Result<(), String> {
    let sampled: Vec<_> = contestants
        .iter()
        .zip(samples)
        .map(|(contestant, samples)| Sampled {
            contestant: contestant.name,
            role: contestant.role,
            samples,
        })
        .collect();
    report
        .add(place, &report::rows(place, &sampled))
        .map_err(|error| error.to_string())
}
