//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::input::{DEFAULT_REQUESTS, MAX_REQUESTS};
use crate::problem::Problem;
use crate::stage;

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Run(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    /// The file of requests; none for the built-in generator.
    pub(crate) trace: Option<PathBuf>,
    /// How many requests to replay; none for the default of the input.
    pub(crate) requests: Option<usize>,
    pub(crate) threads: usize,
    /// The one stage to run; none for all of them.
    pub(crate) stage: Option<&'static str>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Problem> {
    let mut options = Options {
        trace: None,
        requests: None,
        threads: DEFAULT_THREADS,
        stage: None,
        json: None,
        svg: None,
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, mut attached) = split(argument)?;
        let mut value = || {
            attached
                .take()
                .or_else(|| arguments.next())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Problem::Usage(format!("{name} needs a value")))
        };
        match name.as_str() {
            "--trace" => options.trace = Some(value()?.into()),
            "--requests" => options.requests = Some(number(&name, &value()?, MAX_REQUESTS)?),
            "--threads" => options.threads = number(&name, &value()?, MAX_THREADS)?,
            "--stage" => options.stage = Some(stage_name(&value()?)?),
            "--json" => options.json = Some(value()?.into()),
            "--svg" => options.svg = Some(value()?.into()),
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(Problem::Usage(format!("unknown argument '{name}'"))),
        }
    }
    Ok(Command::Run(options))
}

/// The text of `--help`.
pub(crate) fn help() -> String {
    let stages: String = stage::all()
        .iter()
        .map(|stage| format!("    {:<14} {}\n", stage.name(), stage.solves()))
        .collect();
    format!(
        "\
A small service under a real load, growing stage by stage. Each stage replays the same requests.

Usage: journey [OPTIONS]

  --trace FILE    replay FILE: one key per line, or a web server's access log (the key is the path
                  of the request); plain or gzip. Without it: {DEFAULT_REQUESTS} requests with Zipf-distributed keys
  --requests N    replay the first N requests only (at most {MAX_REQUESTS})
  --threads N     worker threads, each with connections of its own (default {DEFAULT_THREADS}, at most {MAX_THREADS})
  --stage NAME    run this stage only
  --json FILE     write the rows to FILE, as one JSON array
  --svg DIR       write DIR/journey.svg: throughput and latency of each stage
  -h, --help      print this text

One request in ten updates a profile, the others read one. The databases are SQLite files in the
directory for temporary files (TMPDIR), in WAL mode with synchronous=NORMAL.

In the stage admission requests come by a schedule, three times as many per second as the service can
answer, for a second at most; latency counts from when a request came, or was told to come back. In the stage three-servers half as many
again come as one application server can answer; servers are simulated, with a line of requests for each. In the stage cache
nine tenths of what the databases can answer come, for the whole input; time is simulated, and --threads is the number of connections.
In the stage pool --threads is the number of connections that are in use on average; the first 20 000 requests come, once for each size.

Stages:
{stages}
Exit code: 0 when every stage kept its promises, 1 when one did not (a lost row or write) or the
run failed, 2 when the command line or the input is wrong.
"
    )
}

/// Splits `--name=value`; an argument that is not UTF-8 can only be a value.
fn split(argument: OsString) -> Result<(String, Option<OsString>), Problem> {
    let argument = argument.into_string().map_err(|argument| {
        Problem::Usage(format!("unknown argument '{}'", argument.to_string_lossy()))
    })?;
    Ok(match argument.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.into())),
        _ => (argument, None),
    })
}

fn number(name: &str, value: &OsString, most: usize) -> Result<usize, Problem> {
    value
        .to_str()
        .and_then(|text| text.parse().ok())
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| {
            Problem::Usage(format!(
                "{name} takes a number from 1 to {most}, not '{}'",
                value.to_string_lossy()
            ))
        })
}

fn stage_name(value: &OsString) -> Result<&'static str, Problem> {
    let names = || stage::all().iter().map(|stage| stage.name());
    names().find(|name| *name == value).ok_or_else(|| {
        let known: Vec<_> = names().collect();
        Problem::Usage(format!(
            "no stage '{}'; the stages are {}",
            value.to_string_lossy(),
            known.join(", ")
        ))
    })
}

const DEFAULT_THREADS: usize = 4;

/// Each thread holds two file descriptors per database; 64 threads and five databases stay below the usual 1024.
const MAX_THREADS: usize = 64;
