//! What can't be set up, and why a check has failed.

use crate::kernel::error::Refusal;

/// Why a setting or a target is refused. Then nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting out of its range.
    #[error("{rule}")]
    BadSetting {
        /// What the setting must be, by its name.
        rule: &'static str,
    },
    /// Two targets of one key.
    #[error("there already is a target {key:?}")]
    DuplicateKey {
        /// The key.
        key: Box<str>,
    },
    /// More targets than there may be.
    #[error("{limit} targets are watched already, and no more may be: raise `max_targets`")]
    TooMany {
        /// Targets that there may be.
        limit: usize,
    },
    /// The registration has expired or was replaced.
    #[error("the registration of {key:?} has expired")]
    Expired {
        /// The key.
        key: Box<str>,
    },
}

impl Refusal for Error {
    fn is_overloaded(&self) -> bool {
        matches!(self, Self::TooMany { .. })
    }

    fn is_closed(&self) -> bool {
        matches!(self, Self::Expired { .. })
    }
}

impl Error {
    pub(super) const fn unless(good: bool, rule: &'static str) -> Result<(), Self> {
        if good {
            Ok(())
        } else {
            Err(Self::BadSetting { rule })
        }
    }
}

/// Why a check has failed.
///
/// ```
/// use tenfold::health::CheckError;
///
/// let error = CheckError::failed("the database is read-only");
/// assert_eq!(error.to_string(), "the database is read-only");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The target is out of order, says the check.
    #[error("{reason}")]
    Failed {
        /// What is wrong.
        reason: Box<str>,
    },
    /// It can't be reached.
    #[error("input or output failed: {0}")]
    Io(std::io::ErrorKind),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The check panicked.
    #[error("the check panicked")]
    Panicked,
    /// Whoever was to run the check dropped it.
    #[error("the check was dropped before it was done")]
    Lost,
}

impl CheckError {
    /// The target is out of order.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into().into_boxed_str(),
        }
    }
}

impl From<std::io::Error> for CheckError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::TimedOut => Self::TimedOut,
            kind => Self::Io(kind),
        }
    }
}
