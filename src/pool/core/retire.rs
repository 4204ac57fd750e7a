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
        self.room.begin_close();
        self.retire_counted(claim, reason);
    }

    /// As [`retire`](Self::retire), of one that is counted as being closed already.
    pub(super) fn retire_counted(&self, claim: Claim<&Self>, reason: CloseReason) {
        claim.notes().clear_holder();
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
                let close = verbs.close;
                runner.run(Box::new(move || {
                    errand.start_watched();
                    hook(&core);
                    shielded(|| close(&core.manager, connection));
                    drop(errand);
                }));
            }
            Verbs::Async(verbs, Some(spawner)) => {
                let close = verbs.close;
                let task = async move {
                    hook(&core);
                    let due = errand.start();
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
