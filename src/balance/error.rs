//! Why there is no backend, or no change.

use crate::kernel::error::Refusal;

/// Why no backend could be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBackend {
    /// There are none.
    #[error("the balancer has no backends")]
    Empty,
    /// There are some, and none of them is in order: down, ejected, disabled, draining or of weight zero.
    #[error("none of {total} backends is available")]
    AllUnavailable {
        /// How many there are.
        total: usize,
    },
    /// Fewer are in order than must be, and panic mode is to refuse then.
    #[error("only {usable} of {total} backends are available, fewer than panic mode allows")]
    Panic {
        /// How many are in order.
        usable: usize,
        /// How many there are.
        total: usize,
    },
    /// Those that are in order are excluded by the request, or the policy does not admit them for it.
    #[error("all available backends are excluded by the request")]
    AllExcluded,
    /// Those that are in order and not excluded have as many leases as they may.
    #[error("all available backends have as many requests in flight as they may")]
    Overloaded,
}

impl Refusal for NoBackend {
    fn is_overloaded(&self) -> bool {
        !matches!(self, Self::Empty)
    }
}

/// Why a set of backends or a setting is refused. Then nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No backend could be chosen.
    #[error(transparent)]
    NoBackend(#[from] NoBackend),
    /// Two backends of one key.
    #[error("there already is a backend {key:?}")]
    DuplicateKey {
        /// The key.
        key: Box<str>,
    },
    /// Two keys whose ids are the same.
    #[error("the keys {:?} and {:?} have the same stable hash: rename one", keys.0, keys.1)]
    SameId {
        /// The key that is refused, and the one that is there.
        keys: Box<(Box<str>, Box<str>)>,
    },
    /// No backend of this key.
    #[error("there is no backend {key:?}")]
    UnknownKey {
        /// The key.
        key: Box<str>,
    },
    /// More backends than there may be.
    #[error("{count} backends are too many: at most {limit} are possible")]
    TooMany {
        /// Backends that there would be.
        count: usize,
        /// Backends that there may be.
        limit: usize,
    },
    /// A setting out of its range.
    #[error("{rule}")]
    BadSetting {
        /// What the setting must be, by its name.
        rule: &'static str,
    },
}

impl Refusal for Error {
    fn is_overloaded(&self) -> bool {
        matches!(self, Self::NoBackend(none) if none.is_overloaded())
    }
}
