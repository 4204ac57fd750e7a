//! From a right to a claim.
//!
//! A right has no lifetime, and a claim is good for as long as its pool is there. The rights of a pool are in its own slots and its own line, so
//! whoever gets one from there gets it for this pool.
#![expect(
    unsafe_code,
    reason = "that a right is of this pool is known here only"
)]

use std::sync::Arc;

use super::base::Core;
use super::slot::{Claim, Right};
use crate::pool::Manage;

impl<M: Manage> Core<M> {
    /// The claim that a right stands for.
    #[inline]
    pub(crate) fn claim(&self, right: Right<M::Connection>) -> Claim<&Self> {
        // SAFETY: rights of a pool are in its own line and slots, and in nobody else's hands.
        unsafe { Claim::redeem(self, right) }
    }

    /// As [`claim`](Self::claim), for longer.
    pub(crate) fn claim_shared(self: &Arc<Self>, right: Right<M::Connection>) -> Claim<Arc<Self>> {
        // SAFETY: as above.
        unsafe { Claim::redeem(self.clone(), right) }
    }
}
