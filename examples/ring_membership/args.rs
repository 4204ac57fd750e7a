//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::placements;
use crate::problem::Problem;

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Run(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    /// How many nodes there are at first.
    pub(crate) nodes: u32,
    pub(crate) keys: u32,
    /// Where the chart goes, if anywhere.
    pub(crate) svg: Option<PathBuf>,
    /// The one placement to try; none for all of them.
    pub(crate) placement: Option<&'static str>,
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Problem> {
    let mut options = Options {
        nodes: 10,
        keys: 100_000,
        svg: None,
        placement: None,
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
            "--nodes" => options.nodes = number(&name, &value()?, NODES)?,
            "--keys" => options.keys = number(&name, &value()?, KEYS)?,
            "--svg" => options.svg = Some(value()?.into()),
            "--placement" => options.placement = Some(placement(&value()?)?),
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(Problem::Usage(format!("unknown argument {name:?}"))),
        }
        if attached.is_some() {
            return Err(Problem::Usage(format!("{name} takes no value")));
        }
    }
    Ok(Command::Run(options))
}

/// The text of `--help`.
pub(crate) fn help() -> String {
    let names: Vec<_> = placements::all()
        .iter()
        .map(|entrant| entrant.name)
        .collect();
    format!(
        "\
Two nodes join a ring, one leaves, one doubles its weight, one is drained: what moves, with each placement.

Usage: ring_membership [OPTIONS]

  --nodes N          nodes at first: {} to {}, 10 unless told
  --keys N           keys that are followed: {} to {}, 100000 unless told; a thousand per node or more
                     tell placements apart
  --placement NAME   try this placement only
  --svg FILE         write a chart of balance and movement to FILE
  -h, --help         print this text

Placements: {}

Exit code: 0 when every placement kept its promises, 1 when one did not, 2 when the command line is wrong.
",
        NODES.0,
        NODES.1,
        KEYS.0,
        KEYS.1,
        names.join(", ")
    )
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

fn number(name: &str, value: &OsString, (least, most): (u32, u32)) -> Result<u32, Problem> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            Problem::Usage(format!(
                "{name} takes a number from {least} to {most}, not {value:?}"
            ))
        })
}

fn placement(value: &OsString) -> Result<&'static str, Problem> {
    let mut names = placements::all().iter().map(|entrant| entrant.name);
    names
        .find(|name| value.eq_ignore_ascii_case(name))
        .ok_or_else(|| Problem::Usage(format!("no placement is called {value:?}")))
}

/// One leaves, one doubles, one is drained; and all must fit into an anchor of the default capacity.
const NODES: (u32, u32) = (3, 1000);
const KEYS: (u32, u32) = (1, 10_000_000);
