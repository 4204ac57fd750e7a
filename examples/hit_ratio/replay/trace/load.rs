//! Reads a trace line by line.

use std::path::Path;

use super::line::Said;
use super::lines::{Line, Lines};
use super::weights::Weights;
use super::{Format, Trace, Weighing};
use crate::replay::problem::Problem;

/// Reads at most `most` requests. Lines that make no sense are counted; only a file that cannot be read, or without a
/// single request, is a problem.
pub(crate) fn load(
    file: &Path,
    format: Option<Format>,
    weighing: &Weighing,
    most: usize,
) -> Result<Trace, Problem> {
    let problem = |reason| Problem::Input {
        file: file.to_owned(),
        reason,
    };
    let lines = Lines::open(file).map_err(|error| problem(format!("cannot be opened: {error}")))?;
    let mut lines = Peeking::new(lines).map_err(problem)?;
    let format = format.unwrap_or_else(|| Format::of(&lines.first()));
    if format == Format::Keys && *weighing == Weighing::Trace {
        let reason = "says nothing of sizes: name a file of --weights".to_owned();
        return Err(problem(reason));
    }
    let mut loading = Loading {
        trace: Trace::new(format, *weighing != Weighing::Entries),
        weights: match weighing {
            Weighing::File(file) => Some(Weights::open(file)?),
            Weighing::Entries | Weighing::Trace => None,
        },
        sizes: *weighing == Weighing::Trace,
        line: 0,
    };
    while let Some(line) = lines.next().map_err(problem)? {
        if loading.trace.keys.len() == most {
            loading.trace.cut = true;
            break;
        }
        loading.take(line)?;
    }
    let Loading {
        mut trace,
        weights,
        line,
        ..
    } = loading;
    if let Some(weights) = weights.filter(|_| !trace.cut) {
        weights.end()?;
    }
    // Needed no more, and large.
    trace.numbers = super::HashMap::default();
    if trace.keys.is_empty() {
        let why = trace.bad.first.map_or_else(String::new, |(first, why)| {
            format!("; read as {}, line {first} is bad: {why}", format.name())
        });
        return Err(problem(format!("no request in {line} lines{why}")));
    }
    Ok(trace)
}

struct Loading {
    trace: Trace,
    weights: Option<Weights>,
    /// Whether the sizes in the trace count.
    sizes: bool,
    /// The line under way, counted from 1.
    line: u64,
}

impl Loading {
    /// None is a line that is too long.
    fn take(&mut self, line: Option<&[u8]>) -> Result<(), Problem> {
        self.line += 1;
        let beside = match &mut self.weights {
            Some(weights) => weights.next()?,
            None => Some(1),
        };
        let said = line.map_or(Said::Bad("it is too long"), |line| {
            self.trace.format.read(line)
        });
        let outcome = match said {
            Said::Request { key, size } => {
                let weight = if self.sizes { size } else { beside };
                weight
                    .map(|weight| self.trace.push(key, weight))
                    .ok_or("it has no weight")
            }
            Said::LeftOut => {
                self.trace.left_out += 1;
                Ok(())
            }
            // The names of the columns.
            Said::Bad(_) if self.line == 1 && self.trace.format == Format::Csv => Ok(()),
            Said::Bad(why) => Err(why),
        };
        if let Err(why) = outcome {
            self.trace.bad.lines += 1;
            self.trace.bad.first.get_or_insert((self.line, why));
        }
        Ok(())
    }
}

/// Lines, of which the first can be looked at before they are taken.
struct Peeking {
    /// None is a line that is too long.
    first: Vec<Option<Vec<u8>>>,
    taken: usize,
    rest: Lines,
    bytes: Vec<u8>,
}

/// Enough to tell one format from another.
const PEEKED: usize = 100;

impl Peeking {
    fn new(mut rest: Lines) -> Result<Self, String> {
        let mut first = Vec::new();
        let mut bytes = Vec::new();
        while first.len() < PEEKED {
            first.push(match rest.next(&mut bytes)? {
                Line::Text => Some(bytes.clone()),
                Line::TooLong => None,
                Line::End => break,
            });
        }
        Ok(Self {
            first,
            taken: 0,
            rest,
            bytes,
        })
    }

    fn first(&self) -> Vec<&[u8]> {
        self.first.iter().flatten().map(Vec::as_slice).collect()
    }

    /// The next line, of which none is one that is too long.
    fn next(&mut self) -> Result<Option<Option<&[u8]>>, String> {
        if let Some(line) = self.first.get(self.taken) {
            self.taken += 1;
            return Ok(Some(line.as_deref()));
        }
        Ok(match self.rest.next(&mut self.bytes)? {
            Line::Text => Some(Some(&self.bytes)),
            Line::TooLong => Some(None),
            Line::End => None,
        })
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
