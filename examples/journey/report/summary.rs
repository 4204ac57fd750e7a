//! Collects the rows: prints each as it comes, and writes the files when all are there.

use std::fs;

use super::output::{Output, print};
use super::{Row, json, svg, table};
use crate::args::Options;
use crate::input::Workload;
use crate::problem::Problem;

pub(crate) struct Report {
    json: Option<Output>,
    svg: Option<Output>,
    rows: Vec<Row>,
}

impl Report {
    /// Opens the files that the options ask for, and prints the head of the table.
    pub(crate) fn begin(options: &Options, workload: &Workload) -> Result<Self, Problem> {
        let json = options.json.as_deref().map(Output::open).transpose()?;
        let svg = options.svg.as_deref().map(|directory| {
            fs::create_dir_all(directory).map_err(|error| Problem::Output {
                file: directory.to_owned(),
                error,
            })?;
            Output::open(&directory.join("journey.svg"))
        });
        let report = Self {
            json,
            svg: svg.transpose()?,
            rows: Vec::new(),
        };
        print(&table::heading(workload, options.threads))?;
        Ok(report)
    }

    pub(crate) fn add(&mut self, row: Row) -> Result<(), Problem> {
        print(&table::row(&row))?;
        self.rows.push(row);
        Ok(())
    }

    /// Writes the files, then fails if a stage broke a promise: its figures are of use to whoever mends it.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if let Some(output) = self.json {
            output.write(&json::document(&self.rows))?;
        }
        if let Some(output) = self.svg {
            output.write(&svg::document(&self.rows))?;
        }
        match self.rows.into_iter().find(|row| !row.findings.is_empty()) {
            Some(row) => Err(Problem::Promise {
                stage: row.stage,
                findings: row.findings,
            }),
            None => Ok(()),
        }
    }
}
