//! What to do when hardly anybody is in order.

/// What a balancer does when so few backends are in order that those few would be overrun, or that the checks themselves are in doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Panic {
    /// Nothing special: those that are in order take everything.
    #[default]
    Never,
    /// Requests go to all, in order or not, and each pick says so.
    Spray {
        /// Percent of the backends, below which it begins: 1 to 100.
        below: u8,
    },
    /// Requests are refused.
    FailFast {
        /// Percent of the backends, below which it begins: 1 to 100.
        below: u8,
    },
}

impl Panic {
    pub(crate) const fn percent(self) -> Option<u8> {
        match self {
            Self::Never => None,
            Self::Spray { below } | Self::FailFast { below } => Some(below),
        }
    }
}
