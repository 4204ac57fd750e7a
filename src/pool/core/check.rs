//! Checking an idle connection.

use std::sync::Arc;

use super::base::Core;
use super::errand::{Errand, Kind, Underway};
use super::limited::limited;
use super::slot::Claim;
use super::verbs::Verbs;
use crate::kernel::sync::Ordering;
use crate::kernel::upkeep::shielded;
use crate::pool::stats::Event;
use crate::pool::{CloseReason, Manage};

/// A check that may be dropped by whoever is to run it, with the connection.
struct Unfinished<M: Manage>(Option<Underway<M>>);

impl<M: Manage> Drop for Unfinished<M> {
    fn drop(&mut self) {
        if let Some((claim, errand)) = self.0.take() {
            drop(errand);
            let core = claim.anchor().clone();
            core.retire_shared(claim, CloseReason::CheckFailed);
            core.stir();
        }
    }
}

impl<M: Manage> Core<M> {
    /// Has somebody check a connection. If it is good it goes to the first in line, or back to the idle ones.
    pub(super) fn check(self: &Arc<Self>, mut claim: Claim<Arc<Self>>) {
        self.count(Event::Checked);
        self.note_begin(&claim);
        let errand = Errand::begin(self, Kind::Check);
        let core = self.clone();
        match &self.verbs {
            Verbs::Blocking(verbs, runner) => {
                let check = verbs.check;
                runner.run(Box::new(move || {
                    errand.start_watched();
                    core.note_start(&claim, &errand);
                    let good = claim.body_mut().is_some_and(|connection| {
                        let checked = shielded(|| check(&core.manager, connection).is_ok());
                        checked == Some(true)
                    });
                    let in_time = errand.end();
                    core.checked(claim, errand, good && in_time, in_time);
                }));
            }
            Verbs::Async(verbs, _) => {
                let check = verbs.check;
                let Some(connection) = claim.empty() else {
                    return;
                };
                let unfinished = Unfinished(Some((claim, errand)));
                self.spawn(
                    Kind::Check,
                    Box::pin(async move {
                        let mut unfinished = unfinished;
                        let Some((claim, errand)) = &unfinished.0 else {
                            return;
                        };
                        let due = errand.start();
                        core.note_start(claim, errand);
                        let checking = shielded(|| check(core.manager.clone(), connection));
                        let checked = match checking {
                            // One that takes too long, or panics, takes the connection with it.
                            Some(checking) => limited(&core.time, due, checking).await.ok(),
                            None => None,
                        };
                        let Some((mut claim, errand)) = unfinished.0.take() else {
                            return;
                        };
                        errand.end();
                        let good = checked.as_ref().is_some_and(|(_, looked)| looked.is_ok());
                        if let Some((connection, _)) = checked {
                            claim.fill(connection);
                        }
                        core.checked(claim, errand, good, true);
                    }),
                );
            }
        }
    }

    fn checked(
        self: &Arc<Self>,
        claim: Claim<Arc<Self>>,
        errand: Errand<M>,
        good: bool,
        in_time: bool,
    ) {
        if !good {
            drop(errand);
            if in_time {
                self.count(Event::CheckFailed);
            }
            self.retire_shared(claim, CloseReason::CheckFailed);
            return self.instead();
        }
        let now = self.time.now().as_nanos();
        let notes = claim.notes();
        let expires = notes.expires.load(Ordering::Relaxed);
        // Fresh at this moment whatever the terms say: who takes it next may be the one that it was checked for.
        let fresh_until = self
            .terms
            .fresh_until(now, expires)
            .max(now.saturating_add(1));
        notes.fresh_until.store(fresh_until, Ordering::Relaxed);
        notes.checked.store(now, Ordering::Relaxed);
        let due = self.first_due(notes);
        if let Some(right) = claim.release() {
            self.hand_on(self.claim(right));
        }
        drop(errand);
        self.stir();
        self.call_round(due);
    }

    /// What came to nothing: whoever waits for it may get another one that is idle, or is to be made.
    pub(super) fn instead(self: &Arc<Self>) {
        if self.line.waiting() > 0 {
            if self.fifo {
                self.settle();
            } else {
                self.line.rouse(self.time.now());
            }
        }
        self.stir();
    }
}
