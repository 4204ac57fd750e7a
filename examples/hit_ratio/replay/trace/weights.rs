//! A file of weights beside a trace: line for line.

use std::path::{Path, PathBuf};

use super::lines::{Line, Lines};
use crate::replay::problem::Problem;

pub(super) struct Weights {
    file: PathBuf,
    lines: Lines,
    bytes: Vec<u8>,
}

impl Weights {
    pub(super) fn open(file: &Path) -> Result<Self, Problem> {
        let lines = Lines::open(file).map_err(|error| Problem::Input {
            file: file.to_owned(),
            reason: format!("cannot be opened: {error}"),
        })?;
        Ok(Self {
            file: file.to_owned(),
            lines,
            bytes: Vec::new(),
        })
    }

    /// What the next line says: none if that is no number.
    pub(super) fn next(&mut self) -> Result<Option<u64>, Problem> {
        match self.line()? {
            Line::Text => Ok(std::str::from_utf8(&self.bytes)
                .ok()
                .and_then(|text| text.trim().parse().ok())),
            Line::TooLong => Ok(None),
            Line::End => Err(self.problem("has fewer lines than the trace".to_owned())),
        }
    }

    /// To be called when the trace has ended.
    pub(super) fn end(mut self) -> Result<(), Problem> {
        match self.line()? {
            Line::End => Ok(()),
            Line::Text | Line::TooLong => {
                Err(self.problem("has more lines than the trace".to_owned()))
            }
        }
    }

    fn line(&mut self) -> Result<Line, Problem> {
        let line = self.lines.next(&mut self.bytes);
        line.map_err(|reason| self.problem(reason))
    }

    fn problem(&self, reason: String) -> Problem {
        Problem::Input {
            file: self.file.clone(),
            reason,
        }
    }
}
