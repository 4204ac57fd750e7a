//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::replay::capacity::Capacity;
use crate::replay::problem::Problem;
use crate::replay::trace::{Format, Weighing};

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Run(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) trace: PathBuf,
    /// None: found out from the file.
    pub(crate) format: Option<Format>,
    pub(crate) weighing: Weighing,
    /// Requests after which the rest of the file is left out.
    pub(crate) most: usize,
    /// Empty: a ladder.
    pub(crate) capacities: Vec<Capacity>,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
}

pub(crate) const HELP: &str = "\
Replays a trace of requests through caches of several sizes and policies: what a cache would hit, and how large it should be.

Usage: hit_ratio --trace FILE [OPTIONS]

  --trace FILE       one key per line, or `timestamp,key[,size]`, or an access log in the common or combined format, of
                     which the paths of GET requests are the keys; plain or gzip
  --format NAME      keys, csv or log; found out from the first lines unless told
  --limit N          only the first N requests
  --capacity N,N     capacities to try: entries (with weights: units of weight), with k, M, G, Ki, Mi or Gi if you like, or
                     percents of everything, as in 2.5%; unless told, nine from 0.1 % to 50 %
  --weighted         an entry weighs what the trace says: the size in a CSV or an access log
  --weights FILE     an entry weighs what this file says: one number for each line of the trace; plain or gzip
  --svg FILE         write the miss ratios as a chart to FILE
  --json FILE        write everything to FILE
  -h, --help         print this text

A request is a read through the cache: what is missing is loaded and inserted. A weight of 0 counts as 1.

Exit code: 0, or 2 when the command line or the trace is wrong, or 1 when a cache failed.
";

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Problem> {
    let mut trace = None;
    let (mut weights, mut weighted) = (None, false);
    let (mut svg, mut json) = (None, None);
    let mut format = None;
    let mut most = MOST_REQUESTS;
    let mut capacities = Vec::new();
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
            "--trace" => trace = Some(PathBuf::from(value()?)),
            "--weights" => weights = Some(PathBuf::from(value()?)),
            "--weighted" => weighted = true,
            "--svg" => svg = Some(value()?.into()),
            "--json" => json = Some(value()?.into()),
            "--format" => format = Some(one(&name, &value()?, Format::named)?),
            "--limit" => most = one(&name, &value()?, limit)?,
            "--capacity" => {
                let list = value()?;
                capacities = one(&name, &list, |list| {
                    list.split(',').map(Capacity::parse).collect()
                })?;
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(Problem::Usage(format!("unknown argument {name:?}"))),
        }
        if attached.is_some() {
            return Err(Problem::Usage(format!("{name} takes no value")));
        }
    }
    Ok(Command::Run(Options {
        trace: trace.ok_or_else(|| Problem::Usage("--trace FILE is needed".to_owned()))?,
        format,
        weighing: match weights {
            Some(file) => Weighing::File(file),
            None if weighted => Weighing::Trace,
            None => Weighing::Entries,
        },
        most,
        capacities,
        svg,
        json,
    }))
}

/// Splits `--name=value`; an argument that is not UTF-8 can only be a value.
fn split(argument: OsString) -> Result<(String, Option<OsString>), Problem> {
    let argument = argument
        .into_string()
        .map_err(|argument| Problem::Usage(format!("unknown argument {argument:?}")))?;
    Ok(match argument.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.into())),
        _ => (argument, None),
    })
}

fn one<T>(
    name: &str,
    value: &OsString,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Problem> {
    let read = value.to_str().and_then(read);
    read.ok_or_else(|| Problem::Usage(format!("{name}: {value:?} makes no sense")))
}

fn limit(text: &str) -> Option<usize> {
    let number = text.parse().ok()?;
    (1..=MOST_REQUESTS).contains(&number).then_some(number)
}

/// So many take 4 GB: four bytes each, as many for when a key comes next, and eight for a weight if there is one.
const MOST_REQUESTS: usize = 500_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, Problem> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn reads_every_option() {
        let line =
            "--trace t.gz --format=csv --limit 10 --capacity 5,1% --weights w --svg s --json j";
        let Ok(Command::Run(options)) = parsed(line) else {
            unreachable!("{line} is refused");
        };
        assert_eq!(options.trace, PathBuf::from("t.gz"));
        assert_eq!((options.format, options.most), (Some(Format::Csv), 10));
        let asked = [Capacity::Absolute(5), Capacity::Percent(1.0)];
        assert_eq!(options.capacities, asked);
        assert_eq!(options.weighing, Weighing::File("w".into()));
        assert!(options.svg.is_some() && options.json.is_some());
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        let lines = [
            "",
            "--trace",
            "--trace t --capacity 0",
            "--trace t --capacity 5,",
            "--trace t --limit 0",
            "--trace t --format xml",
            "--trace t --weighted=yes",
            "--trace t extra",
        ];
        for line in lines {
            assert!(matches!(parsed(line), Err(Problem::Usage(_))), "{line:?}");
        }
        assert!(matches!(parsed("--help"), Ok(Command::Help)));
    }
}
