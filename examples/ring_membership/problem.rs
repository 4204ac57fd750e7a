//! Everything that ends the program early, in one line for a person and one exit code for a script.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use tenfold::ring;

#[derive(Debug)]
pub(crate) enum Problem {
    /// The command line is wrong.
    Usage(String),
    /// A file, or standard output, cannot be written.
    Output { file: PathBuf, error: io::Error },
    /// A ring refused what was asked of it.
    Ring(ring::Error),
    /// A placement, or something else that was tried, did not do what it promises.
    Promise { who: &'static str, finding: String },
}

impl Problem {
    pub(crate) fn promise(who: &'static str, finding: impl Into<String>) -> Self {
        let finding = finding.into();
        Self::Promise { who, finding }
    }

    /// What the caller can mend is 2; what went wrong in the run is 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Output { .. } => ExitCode::from(2),
            Self::Ring(_) | Self::Promise { .. } => ExitCode::from(1),
        }
    }
}

impl From<ring::Error> for Problem {
    fn from(error: ring::Error) -> Self {
        Self::Ring(error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) => write!(f, "{reason} (--help lists the options)"),
            Self::Output { file, error } => write!(f, "cannot write to {file:?}: {error}"),
            Self::Ring(error) => write!(f, "{error}"),
            Self::Promise { who, finding } => write!(f, "{who} broke its promise: {finding}"),
        }
    }
}
