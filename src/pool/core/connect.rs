//! Making a connection.
//!
//! Connecting belongs to the pool, not to the caller: what is made goes to whoever is first in line then, and a caller takes whatever comes
//! first, a new connection or one that came back.

use std::sync::Arc;
use std::time::Duration;

use super::base::{Core, Grant};
use super::errand::{Errand, Kind, Underway};
use super::limited::{Failed, limited};
use super::slot::{CHECKING, Claim, IDLE, IN_USE, Right};
use super::verbs::{BoxFuture, Verbs};
use crate::kernel::dice;
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::shielded;
use crate::pool::hooks::Verdict;
use crate::pool::stats::Event;
use crate::pool::{CloseReason, ConnectError, ConnectionInfo, Manage};

type Made<M> = Result<<M as Manage>::Connection, ConnectError<<M as Manage>::Error>>;

/// A connect that may be dropped by whoever is to run it.
struct Unfinished<M: Manage>(Option<Underway<M>>);

impl<M: Manage> Drop for Unfinished<M> {
    fn drop(&mut self) {
        let Some((claim, errand)) = self.0.take() else {
            return;
        };
        let core = claim.anchor().clone();
        if core.is_driverless() || core.is_closed() {
            // Nobody wants it any more.
            return;
        }
        // The error is that of a connect that ended.
        core.connected(claim, errand, Err(ConnectError::Dropped));
    }
}

impl<M: Manage> Core<M> {
    /// Has somebody make a connection for this slot, which is empty.
    pub(super) fn connect(self: &Arc<Self>, right: Right<M::Connection>) {
        let claim = self.claim_shared(right);
        // Before it begins: whatever clears the pool from now on means this one too.
        claim
            .notes()
            .gate
            .store(self.gate.note(), Ordering::Relaxed);
        self.note_begin(&claim);
        let errand = Errand::begin(self, Kind::Connect);
        let core = self.clone();
        match &self.verbs {
            Verbs::Blocking(verbs, runner) => {
                let connect = verbs.connect;
                runner.run(Box::new(move || {
                    if core.is_closed() {
                        // Nobody wants it any more.
                        return drop((claim, errand));
                    }
                    errand.start_watched();
                    core.note_start(&claim, &errand);
                    let made = match shielded(|| connect(&core.manager)) {
                        Some(made) => made.map_err(ConnectError::Failed),
                        None => Err(ConnectError::Panicked),
                    };
                    core.connected(claim, errand, made);
                }));
            }
            Verbs::Async(verbs, _) => {
                let connect = verbs.connect;
                let unfinished = Unfinished(Some((claim, errand)));
                self.spawn(
                    Kind::Connect,
                    Box::pin(async move {
                        let mut unfinished = unfinished;
                        let Some((claim, errand)) = &unfinished.0 else {
                            return;
                        };
                        let due = errand.start();
                        core.note_start(claim, errand);
                        let made = match shielded(|| connect(core.manager.clone())) {
                            Some(connecting) => limited(&core.time, due, connecting).await,
                            None => Err(Failed::Panicked),
                        };
                        let made = match made {
                            Ok(made) => made.map_err(ConnectError::Failed),
                            Err(Failed::Panicked) => Err(ConnectError::Panicked),
                            Err(Failed::TimedOut) => {
                                let after = errand.limit();
                                Err(ConnectError::TimedOut { after })
                            }
                        };
                        if let Some((claim, errand)) = unfinished.0.take() {
                            core.connected(claim, errand, made);
                        }
                    }),
                );
            }
        }
    }

    /// A connect or a check begins, whoever runs it, and whenever.
    pub(super) fn note_begin(&self, claim: &Claim<Arc<Self>>) {
        let now = self.time.now().as_nanos();
        claim.notes().begun.store(now, Ordering::Relaxed);
    }

    /// And somebody begins to run it.
    pub(super) fn note_start(&self, claim: &Claim<Arc<Self>>, errand: &Errand<M>) {
        let began = errand.began().as_nanos();
        claim.notes().begun.store(began, Ordering::Relaxed);
    }

    /// Runs a future in the background, or leaves it to those that wait.
    pub(super) fn spawn(&self, kind: Kind, task: BoxFuture) {
        if let Verbs::Async(_, Some(spawner)) = &self.verbs {
            // A spawner that panics has dropped the task, which ends it.
            shielded(|| spawner(task));
            return;
        }
        self.leave_to_others(kind, task);
    }

    /// A connect has ended.
    fn connected(self: &Arc<Self>, mut claim: Claim<Arc<Self>>, errand: Errand<M>, made: Made<M>) {
        let began = errand.began();
        if faulty(Fault::NoteLate) {
            let note = self.gate.note();
            claim.notes().gate.store(note, Ordering::Relaxed);
        }
        match made {
            Ok(connection) => {
                self.begin_life(&mut claim, connection);
                // The hook is a part of it, also of the time that it may take.
                let welcome = self.is_welcome(&mut claim);
                let took = self.time.now().since(began);
                let nanos = crate::kernel::clock::saturating_nanos(took);
                if !errand.end() {
                    drop(errand);
                    self.retire_shared(claim, CloseReason::Late);
                    return self.stir();
                }
                self.connects.record(nanos);
                // Zero is unknown.
                self.connect_time.store(nanos.max(1), Ordering::Relaxed);
                if welcome {
                    self.outage.lock().outage.succeed();
                    self.settle_in(claim, Some(errand));
                } else {
                    // The failure is known before its place is given back, as below.
                    self.note_failure(ConnectError::Rejected);
                    drop(errand);
                    self.retire_shared(claim, CloseReason::Rejected);
                    self.after_failure();
                }
            }
            Err(error) => {
                let in_time = errand.end();
                // The failure is known before anybody can try again.
                if in_time {
                    self.note_failure(error);
                }
                drop(errand);
                drop(claim);
                if in_time {
                    self.after_failure();
                }
            }
        }
    }

    /// Fills a slot, and writes down what is known of the connection.
    pub(super) fn begin_life(&self, claim: &mut Claim<Arc<Self>>, connection: M::Connection) {
        let now = self.time.now().as_nanos();
        let notes = claim.notes();
        let id = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let expires = self.terms.expires(now, dice::random());
        notes.id.store(id, Ordering::Relaxed);
        notes.made.store(now, Ordering::Relaxed);
        notes.since.store(now, Ordering::Relaxed);
        notes.expires.store(expires, Ordering::Relaxed);
        notes
            .fresh_until
            .store(self.terms.fresh_until(now, expires), Ordering::Relaxed);
        notes.checked.store(now, Ordering::Relaxed);
        notes.clear_holder();
        let uses = notes.uses.load(Ordering::Relaxed);
        notes.uses_before.store(uses, Ordering::Relaxed);
        claim.fill(connection);
        self.count(Event::Connected);
    }

    fn is_welcome(&self, claim: &mut Claim<Arc<Self>>) -> bool {
        let Some(hook) = &self.hooks.connect else {
            return true;
        };
        let info: ConnectionInfo = self.info(claim.notes());
        let verdict = claim
            .body_mut()
            .and_then(|connection| shielded(|| hook(connection, &info)));
        verdict == Some(Verdict::Keep)
    }

    /// A new connection goes to the first in line, or becomes idle. It is expected until then.
    pub(super) fn settle_in(self: &Arc<Self>, claim: Claim<Arc<Self>>, errand: Option<Errand<M>>) {
        let less = |missing: u64| Some(missing.saturating_sub(1));
        let _ = self
            .missing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        let due = self.first_due(claim.notes());
        if let Some(right) = claim.release() {
            self.hand_on(self.claim(right));
        }
        drop(errand);
        self.watch.notify();
        self.stir();
        // Last of all: it runs the clock's code.
        self.call_round(due);
    }

    /// A connection that has just been made or checked: to the first in line, without another check, or to the idle ones.
    pub(super) fn hand_on(&self, claim: Claim<&Self>) {
        // Nothing is under way in this slot any more.
        claim.notes().begun.store(u64::MAX, Ordering::Relaxed);
        let note = claim.notes().gate.load(Ordering::Relaxed);
        if !self.gate.admits_also_quiet(note) {
            return self.put_down_closely(claim);
        }
        if self.line.waiting() == 0 {
            return self.put_back(claim);
        }
        // It runs the clock's code, which the right would not survive.
        let now = self.time.now();
        claim.turn(IN_USE);
        let Some(right) = claim.release() else { return };
        match self.line.grant(Grant::Slot(right), now) {
            Ok(()) => self.expect_somebody(),
            Err(grant) => {
                if let Grant::Slot(right) = grant {
                    self.put_back(self.claim(right));
                }
            }
        }
    }

    fn fail(self: &Arc<Self>, error: ConnectError<M::Error>) {
        self.note_failure(error);
        self.after_failure();
    }

    pub(super) fn note_failure(&self, error: ConnectError<M::Error>) {
        let now = self.time.now();
        let error = Arc::new(error);
        let mut trouble = self.outage.lock();
        trouble.outage.fail(now, dice::random());
        let before = trouble.last.replace(error);
        drop(trouble);
        // Perhaps the last one that has it.
        shielded(|| drop(before));
        self.count(Event::ConnectFailed);
    }

    /// Refuses those that nothing can help, and sees when to try again.
    fn after_failure(self: &Arc<Self>) {
        let wanted = self.demanded.swap(0, Ordering::SeqCst) > 0;
        if self.is_down() && !self.has_any() {
            while self.line.waiting() > 0 {
                let Some(refusal) = self.unavailable(self.time.now()) else {
                    break;
                };
                let grant = Grant::Refused(refusal);
                if self.line.grant(grant, self.time.now()).is_err() {
                    break;
                }
                self.demanded.store(1, Ordering::SeqCst);
            }
        }
        if !wanted && self.line.waiting() == 0 && self.config.min_idle == 0 {
            self.missing.store(0, Ordering::SeqCst);
        }
        self.watch.notify();
        self.stir();
    }

    /// Something that was under way takes too long, and nobody waits for it any more.
    pub(super) fn abandoned(self: &Arc<Self>, kind: Kind, after: Duration) {
        self.count(Event::Abandoned);
        match kind {
            Kind::Connect => self.fail(ConnectError::TimedOut { after }),
            Kind::Check => {
                self.count(Event::CheckFailed);
                self.instead();
            }
            Kind::Close => self.stir(),
        }
    }

    /// Whether there is a connection that may come back.
    pub(super) fn has_any(&self) -> bool {
        let usable = [IDLE, IN_USE, CHECKING];
        self.slots.iter().any(|slot| usable.contains(&slot.phase()))
    }

    pub(super) fn retire_shared(self: &Arc<Self>, claim: Claim<Arc<Self>>, reason: CloseReason) {
        if let Some(right) = claim.release() {
            self.retire(self.claim(right), reason);
        }
    }
}
