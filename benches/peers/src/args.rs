//! The command line.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: tenfold-peers <MODULE|all> [--quick] [--filter TEXT] [--json FILE]
       tenfold-peers hit-ratio --trace FILE [OPTIONS]    (what caches hit; --help after it shows its options)

  MODULE         one module to measure, or `all`
  --quick        few and short rounds: a smoke run of every contestant, not a measurement
  --filter TEXT  only what contains TEXT: every contestant of a workload whose name does, elsewhere the contestants
                 whose own name does; without a peer among them there is no ratio
  --json FILE    also write one JSON object per row to FILE, replacing it
  --help         print this text";

/// What a run was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// A module's name, or `all`.
    pub(crate) module: String,
    pub(crate) quick: bool,
    pub(crate) filter: Option<String>,
    pub(crate) json: Option<PathBuf>,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Run(Args),
    Help,
}

/// Reads the arguments that follow the program's name; an error is one line for the user.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut arguments = arguments.into_iter();
    let mut module = None;
    let mut quick = false;
    let mut filter = None;
    let mut json = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Request::Help),
            "--quick" => quick = true,
            "--filter" => set(&mut filter, "--filter", arguments.next())?,
            "--json" => set(&mut json, "--json", arguments.next())?,
            option if option.starts_with('-') => return Err(format!("unknown option `{option}`")),
            _ if module.is_some() => return Err(format!("unexpected argument `{argument}`")),
            _ => module = Some(argument),
        }
    }
    Ok(Request::Run(Args {
        module: module.ok_or("which module? give its name, or `all`")?,
        quick,
        filter,
        json: json.map(PathBuf::from),
    }))
}

/// Stores the value of an option that may be given once.
fn set(slot: &mut Option<String>, option: &str, value: Option<String>) -> Result<(), String> {
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| format!("`{option}` needs a value"))?;
    if slot.replace(value).is_some() {
        return Err(format!("`{option}` is given twice"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_every_option_in_any_order() {
        let expected = Args {
            module: "ring".to_owned(),
            quick: true,
            filter: Some("maglev".to_owned()),
            json: Some(PathBuf::from("out.jsonl")),
        };
        assert_eq!(
            parsed("--json out.jsonl ring --quick --filter maglev"),
            Ok(Request::Run(expected))
        );
    }

    #[test]
    fn asks_for_help() {
        assert_eq!(parsed("ring --help"), Ok(Request::Help));
    }

    #[test]
    fn refuses_bad_lines_with_one_line() {
        let bad = [
            "",
            "ring clock",
            "ring --fast",
            "ring --json",
            "ring --filter a --filter b",
        ];
        for line in bad {
            match parsed(line) {
                Err(message) => assert_eq!(message.lines().count(), 1, "{message}"),
                Ok(request) => unreachable!("`{line}` was read as {request:?}"),
            }
        }
    }
}
