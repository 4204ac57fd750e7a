//! Everything that ends the program early, in one line for a person and one exit code for a script.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug)]
pub(crate) enum Problem {
    /// The command line is wrong.
    Usage(String),
    /// The input file is missing or broken at `line`, counted from 1: the first line that could not be read.
    Input {
        file: PathBuf,
        line: u64,
        reason: String,
    },
    /// A file of results, or standard output, cannot be written.
    Output { file: PathBuf, error: io::Error },
    /// The machinery of the run itself failed: a directory, a database outside of a request, a thread.
    Run { doing: &'static str, reason: String },
    /// The service broke a promise: a stage's name and what its audit found.
    Promise {
        stage: &'static str,
        findings: Vec<String>,
    },
}

impl Problem {
    pub(crate) fn run(doing: &'static str, error: &dyn fmt::Display) -> Self {
        Self::Run {
            doing,
            reason: error.to_string(),
        }
    }

    /// What the caller can mend is 2; what went wrong in the run is 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Input { .. } | Self::Output { .. } => ExitCode::from(2),
            Self::Run { .. } | Self::Promise { .. } => ExitCode::from(1),
        }
    }

    /// The message as one line, whatever characters a file name or an argument contains.
    pub(crate) fn in_one_line(&self) -> String {
        let message = self.to_string();
        let mut line = String::with_capacity(message.len());
        for character in message.chars() {
            if character.is_control() {
                line.extend(character.escape_default());
            } else {
                line.push(character);
            }
        }
        line
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) => write!(f, "{reason} (--help lists the options)"),
            Self::Input { file, line, reason } => write!(f, "{}:{line}: {reason}", file.display()),
            Self::Output { file, error } => {
                write!(f, "{}: cannot be written: {error}", file.display())
            }
            Self::Run { doing, reason } => write!(f, "{doing}: {reason}"),
            Self::Promise { stage, findings } => write!(f, "{stage}: {}", findings.join("; ")),
        }
    }
}
