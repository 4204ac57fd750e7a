//! Where results go.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// A file of results, opened before the run: a run of minutes must not end with a path that cannot be written.
pub(super) struct Output {
    file: PathBuf,
    handle: File,
}

impl Output {
    pub(super) fn open(file: &Path) -> Result<Self, Problem> {
        match File::create(file) {
            Ok(handle) => Ok(Self {
                file: file.to_owned(),
                handle,
            }),
            Err(error) => Err(Problem::Output {
                file: file.to_owned(),
                error,
            }),
        }
    }

    pub(super) fn write(mut self, text: &str) -> Result<(), Problem> {
        let written = self.handle.write_all(text.as_bytes());
        written.map_err(|error| Problem::Output {
            file: self.file,
            error,
        })
    }
}

/// To standard output. Unlike `println!`, reports a closed pipe instead of panicking.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    written.map_err(|error| Problem::Output {
        file: "standard output".into(),
        error,
    })
}
