//! Where results go.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::replay::problem::Problem;

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

/// To a file.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), Problem> {
    fs::write(file, text).map_err(|error| Problem::Output {
        file: file.to_owned(),
        error,
    })
}
