//! The mechanism: a state that is read, and replaced whole.
//!
//! # A pick
//!
//! It announces itself to the published state (a swap on a line of its own), lets the policy choose among the seats, and looks whether the
//! choice is excluded or full, which is nearly never so. An untracked pick stays announced while its result lives. A lease enters the
//! backend's counter, takes a share of the backend and leaves the state.
//!
//! # Invariants
//!
//! * A pick that begins after an update has returned sees it: `Snapshot` says so, for readers as well.
//! * A state's plan is for that state's roster.
//! * If a seat is admitted, not excluded and has room, a pick succeeds in at most one policy call and one round through the seats.
//! * What goes on at a backend (`Vitals`) is found by its id, in the state or among those that have left; it is forgotten when it has no
//!   leases and nobody can begin one.

use std::sync::{Arc as StdArc, OnceLock};

use super::backend::Backend;
use super::builder::Config;
use super::candidates::Candidates;
use super::changes::{Change, Changes, Done, Merged};
use super::ejections::Ejections;
use super::house::House;
use super::policy::{Policy, View};
use super::roster::{Roster, Seat};
use super::source::{Shared, Source};
use super::state::{Circumstances, Mode, State};
use super::stats::{Event, Stats};
use super::watch::Follow;
use super::{BackendId, Error, NoBackend, Request};
use crate::health::Upkeep;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::snapshot::Snapshot;
use crate::kernel::sync::{Arc, Mutex, Ordering};

pub(super) type StateOf<T, P> = State<T, <P as Policy>::Plan>;

pub(super) struct Inner<T, P: Policy, C> {
    pub(super) policy: P,
    pub(super) state: Arc<Snapshot<StateOf<T, P>>>,
    pub(super) shared: Shared,
    pub(super) house: Arc<House>,
    pub(super) ejections: Option<Ejections>,
    /// Nobody, if upkeep is the caller's.
    pub(super) keep: OnceLock<Box<dyn Keep>>,
    /// Who checks the backends.
    pub(super) watch: Mutex<Option<Followed<T>>>,
    pub(super) config: Config,
    pub(super) clock: C,
}

/// A trait object, which the model checkers' own `Arc` can't hold.
pub(super) type Followed<T> = StdArc<dyn Follow<T>>;

/// Calls the upkeep when it is due.
pub(super) trait Keep: Send + Sync {
    /// Asks for it at `due` at the latest.
    fn nudge(&self, due: Tick);
}

impl<T, P: Policy, C: Clock> Inner<T, P, C> {
    /// The time, if the policy asks for it.
    #[inline]
    pub(super) fn now(&self, request: &Request<'_>) -> Tick {
        if !P::TIMED {
            return Tick::ZERO;
        }
        request.known_now().unwrap_or_else(|| self.clock.now())
    }

    /// The index of a seat for this request.
    #[inline(always)]
    pub(super) fn choose<S: Source>(
        &self,
        state: &StateOf<T, P>,
        request: &Request<'_>,
        source: &S,
    ) -> Result<usize, NoBackend> {
        let now = self.now(request);
        self.choose_where(state, request, source, now, Seat::has_room)
    }

    /// The index of a seat for this request that `enter` accepts.
    #[inline(always)]
    pub(super) fn choose_where<S: Source>(
        &self,
        state: &StateOf<T, P>,
        request: &Request<'_>,
        source: &S,
        now: Tick,
        enter: impl Fn(&Seat<T>) -> bool,
    ) -> Result<usize, NoBackend> {
        let Some(plan) = &state.plan else {
            return Err(self.refuse(state));
        };
        let view = Candidates {
            roster: &state.roster,
            source,
            now,
        };
        let choice = self.policy.pick(plan, &view, request);
        let chosen = match choice {
            Some(index)
                if !request.excludes(view.id(index))
                    && state.roster.seats.get(index).is_some_and(&enter) =>
            {
                index
            }
            _ => self.choose_another(plan, &view, request, enter)?,
        };
        self.house.count(Event::Pick);
        if state.mode == Mode::Spray {
            self.house.count(Event::Panic);
        }
        Ok(chosen)
    }

    /// There is nobody.
    #[cold]
    fn refuse(&self, state: &StateOf<T, P>) -> NoBackend {
        self.house.count(Event::Refusal);
        state.refusal()
    }

    /// Any seat that will do, beginning anywhere.
    #[cold]
    #[inline(never)]
    fn choose_another<S: Source>(
        &self,
        plan: &P::Plan,
        view: &Candidates<'_, T, S>,
        request: &Request<'_>,
        enter: impl Fn(&Seat<T>) -> bool,
    ) -> Result<usize, NoBackend> {
        let len = view.len();
        let first = view.below(len);
        let mut refusal = NoBackend::AllExcluded;
        for index in (first..len).chain(0..first) {
            let admitted =
                !request.excludes(view.id(index)) && self.policy.admits(plan, view, request, index);
            if !admitted {
                continue;
            }
            if view.roster.seats.get(index).is_some_and(&enter) {
                self.house.count(Event::Fallback);
                return Ok(index);
            }
            refusal = NoBackend::Overloaded;
        }
        self.house.count(Event::Refusal);
        Err(refusal)
    }

    /// A backend that was entered, and when.
    #[inline(always)]
    pub(super) fn enter<S: Source>(
        &self,
        state: &StateOf<T, P>,
        request: &Request<'_>,
        source: &S,
    ) -> Result<(Arc<Backend<T>>, Tick), NoBackend> {
        let now = self.now(request);
        let index = self.choose_where(state, request, source, now, Seat::enter)?;
        match state.roster.seats.get(index) {
            Some(seat) => Ok((seat.backend.clone(), now)),
            // It was just entered.
            None => Err(NoBackend::AllExcluded),
        }
    }

    /// Publishes what `changes` make of the set.
    pub(super) fn apply(&self, changes: &Changes<T>) -> Result<Change, Error> {
        let change = |before: &StateOf<T, P>| {
            let Merged { mut records, done } =
                changes.merge(before, &self.house, self.config.max_backends)?;
            let watched = self.house.watched();
            for record in &mut records {
                record.standing.up = record.backend.vitals.verdict.is_up(watched);
            }
            if let Some(ejections) = &self.ejections {
                ejections.uphold(&mut records);
            }
            let circumstances = Circumstances {
                // Another caller may have read the clock later and been faster.
                now: self.clock.now().max(before.as_of),
                panic: self.config.panic,
                slow_start: self.config.slow_start,
            };
            let plan = |roster: &Roster<T>| (self.policy.plan(&self.view(roster)), !P::REFINES);
            let after = before.next(records, done.change, circumstances, plan);
            Ok::<_, Error>((after, done))
        };
        let done = self.state.try_update_with(change, Done::set_gates)?;
        self.house.count(Event::Update);
        if changes.touch_targets() {
            self.tell_watch();
        }
        self.ask_for_upkeep();
        Ok(done.tell())
    }

    /// What a plan is made for.
    const fn view<'v>(&'v self, roster: &'v Roster<T>) -> Candidates<'v, T, Shared> {
        Candidates {
            roster,
            source: &self.shared,
            now: Tick::ZERO,
        }
    }

    /// Publishes the set anew, with what flags and time have made of it.
    pub(super) fn refresh(&self) {
        // Nothing is changed, so nothing can be wrong.
        let _ = self.apply(&Changes::new());
    }

    /// A request failed that may be a reason to take its backend out.
    #[cfg_attr(
        any(tenfold_loom, tenfold_shuttle),
        expect(
            dead_code,
            reason = "under a model nobody hears of failures, and nobody is checked"
        )
    )]
    pub(super) fn fail(&self, id: BackendId, failures_in_a_row: u64) {
        let Some(ejections) = self
            .ejections
            .as_ref()
            .filter(|ejections| ejections.concerns(failures_in_a_row))
        else {
            return;
        };
        let now = self.clock.now();
        if ejections.fail(id, failures_in_a_row, &self.state, now) {
            self.refresh();
        } else {
            self.ask_for_upkeep();
        }
    }

    /// Does what is due, and says when something is due next.
    pub(super) fn upkeep(&self, now: Tick) -> Option<Tick> {
        let ejections = self.ejections.as_ref();
        let returned = ejections.is_some_and(|ejections| ejections.upkeep(&self.state, now));
        let step = self.state.guard().next_step;
        if returned || step.is_some_and(|step| step <= now) {
            self.refresh();
        }
        self.refine();
        let watch = self.watch.lock().clone();
        let checks = watch
            .filter(|_| self.config.upkeep == Upkeep::Manual)
            .and_then(|watch| watch.upkeep(now));
        self.next_due().into_iter().chain(checks).min()
    }

    /// Has the policy make its plan better, if it has something to do, and publishes that, if the set is still the same.
    fn refine(&self) {
        let state = self.state.load();
        let asked = state.refined.swap(true, Ordering::Relaxed);
        let Some(plan) = state.plan.as_ref().filter(|_| !asked) else {
            return;
        };
        let Some(better) = self.policy.refine(plan, &self.view(&state.roster)) else {
            return;
        };
        let mut refined = Some(state.with_plan(better));
        let _ = self.state.try_update(|current| {
            let same = std::ptr::eq(current, &raw const *state);
            refined.take().filter(|_| same).ok_or(())
        });
    }

    fn next_due(&self) -> Option<Tick> {
        let state = self.state.guard();
        let refine = (!state.refined.load(Ordering::Relaxed)).then_some(Tick::ZERO);
        let returns = self.ejections.as_ref().and_then(Ejections::next_due);
        [refine, returns, state.next_step]
            .into_iter()
            .flatten()
            .min()
    }

    /// Asks for upkeep, if something is going to be due.
    pub(super) fn ask_for_upkeep(&self) {
        if let Some((keep, due)) = self.keep.get().zip(self.next_due()) {
            keep.nudge(due);
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let counted = |event| self.house.counted(event);
        let state = self.state.guard();
        Stats {
            picks: counted(Event::Pick),
            refused: counted(Event::Refusal),
            panicked: counted(Event::Panic),
            fallbacks: counted(Event::Fallback),
            successes: counted(Event::Success),
            failures: counted(Event::Failure),
            cancelled: counted(Event::Cancel),
            updates: counted(Event::Update),
            in_flight: state
                .records
                .iter()
                .map(|record| record.backend.in_flight())
                .sum(),
            backends: state.records.len(),
            ejected: state
                .records
                .iter()
                .filter(|record| record.standing.ejected)
                .count(),
            ejections: counted(Event::Ejection),
            usable: state
                .records
                .iter()
                .filter(|record| record.is_usable())
                .count(),
            panic: state.mode != Mode::Normal,
        }
    }
}
