//! Closing a connection.
//!
//! It counts until it is closed, or that takes too long. What closes it (a hook, the manager, a destructor) is code of the user's, and
//! runs on a thread of the pool's or on the spawner; where there is neither, the connection is dropped where it was found to be of no use.

use std::sync::Arc;

use super::base::Core;
use super::errand::{Errand, Kind};
use super::limited::limited;
use super::slot::{CLOSING, Claim};
use super::verbs::Verbs;
use crate::kernel::upkeep::shielded;
use crate::pool::stats::Event;
use crate::pool::{CloseReason, Manage};

impl<M: Manage> Core<M> {
    /// Closes a connection, and gives its place back.
    #[cold]
    pub(super) fn retire(&self, claim: Claim<&Self>, reason: CloseReason) {
        self.counts.begin_close();
        self.retire_counted(claim, reason);
    }

    /// Whether there are more connections than there may be, beside those that are being closed already. If so, one more is counted as
    /// being closed: it is up to the caller to [do so](Self::retire_counted).
    pub(super) fn begins_to_shed(&self) -> bool {
        self.counts.begin_close_if(|closing| self.is_above(closing))
    }

    pub(super) fn is_above(&self, closing: u64) -> bool {
        let (max, total) = self.room.look();
        u64::from(total).saturating_sub(closing) > u64::from(max)
    }

    /// The place of a closed connection has been given back.
    pub(super) fn has_closed(&self) {
        self.counts.end_close();
        // Who looked a moment ago found one less than there are.
        self.sweep_if_barred();
    }

    /// As [`retire`](Self::retire), of one that is counted already.
    pub(super) fn retire_counted(&self, claim: Claim<&Self>, reason: CloseReason) {
        claim.turn(CLOSING);
        self.counters
            .raise(Event::Closed as usize + reason as usize);
        if let (Some(core), Some(right)) = (self.shared(), claim.release()) {
            core.close_connection(core.claim_shared(right), reason);
        }
    }

    fn close_connection(self: &Arc<Self>, mut claim: Claim<Arc<Self>>, reason: CloseReason) {
        let info = self.info(claim.notes());
        let Some(connection) = claim.empty() else {
            // A future took it along.
            if let Some(hook) = &self.hooks.close {
                shielded(|| hook(&info, reason));
            }
            drop(claim);
            self.has_closed();
            return;
        };
        let errand = Errand::begin(self, Kind::Close);
        errand.keep(claim);
        let core = self.clone();
        let hook = move |core: &Self| {
            if let Some(hook) = &core.hooks.close {
                shielded(|| hook(&info, reason));
            }
        };
        match &self.verbs {
            Verbs::Blocking(verbs, runner) => {
                errand.watch();
                let close = verbs.close;
                runner.run(Box::new(move || {
                    hook(&core);
                    shielded(|| close(&core.manager, connection));
                    drop(errand);
                }));
            }
            Verbs::Async(verbs, Some(spawner)) => {
                let close = verbs.close;
                let task = async move {
                    hook(&core);
                    let due = errand.due();
                    let closing = || close(core.manager.clone(), connection);
                    if let Some(closing) = shielded(closing) {
                        let _ = limited(&core.time, due, closing).await;
                    }
                    drop(errand);
                };
                shielded(|| spawner(Box::pin(task)));
            }
            Verbs::Async(_, None) => {
                hook(&core);
                shielded(|| drop(connection));
                drop(errand);
            }
        }
    }
}
