//! What a call is about to do.

/// Whether a call may take a place. If not, the key need not be owned for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Look,
    Take,
}

impl Intent {
    /// What costs nothing takes nothing.
    pub(super) const fn of(cost: u64) -> Self {
        if cost > 0 { Self::Take } else { Self::Look }
    }
}
