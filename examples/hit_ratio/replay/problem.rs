//! Everything that ends the program early, in one line for a person and one exit code for a script.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug)]
pub(crate) enum Problem {
    /// The command line is wrong.
    Usage(String),
    /// A file cannot be read, or there are no requests in it.
    Input { file: PathBuf, reason: String },
    /// A file of results, or standard output, cannot be written.
    Output { file: PathBuf, error: io::Error },
    /// A contestant could not be made.
    Cache(String),
}

impl Problem {
    /// What the caller can mend is 2; what went wrong in the run is 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Input { .. } | Self::Output { .. } => ExitCode::from(2),
            Self::Cache(_) => ExitCode::from(1),
        }
    }

    /// The message as one line, whatever characters a file name or an argument contains.
    pub(crate) fn in_one_line(&self) -> String {
        let escaped = |character: char| {
            let plain = (!character.is_control()).then_some(character);
            let coded = character.is_control().then(|| character.escape_default());
            plain.into_iter().chain(coded.into_iter().flatten())
        };
        self.to_string().chars().flat_map(escaped).collect()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) => write!(f, "{reason} (--help lists the options)"),
            Self::Input { file, reason } => write!(f, "{}: {reason}", file.display()),
            Self::Output { file, error } => {
                write!(f, "{}: cannot be written: {error}", file.display())
            }
            Self::Cache(reason) => f.write_str(reason),
        }
    }
}
