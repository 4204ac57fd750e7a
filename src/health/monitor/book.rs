//! Who is to be checked when, and what came of it. No user code runs here: this is what the lock protects.
//!
//! # Invariants
//!
//! * Each target has one [`Plan`]. The times at which something has to be done are in `events`, those that stand in line in `waiting`; and
//!   nothing else is in either.
//! * A target has one check at most that has not returned, and so one place, however long it hangs. While it does, nothing else of this
//!   target begins. Its place is given back by the answer alone, in time or not; what was dropped has answered that it is lost.
//! * The time of a check runs from when a thread has begun it. One that has not begun says nothing about its target.
//! * A target that is removed and added again has another life, and each check another attempt: an answer that names an older one of
//!   either counts for nothing.
//! * A key is in `flips` at most once, so a sink that is slow has to be told of each target's latest status only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::super::algorithm::{Schedule, Status};
use super::super::{Active, CheckError, Stats};
use super::target::{Plan, Start, Target, Ticket, Turn};
use super::task::Stop;
use crate::kernel::clock::Tick;

/// After this long workers without a place are asked again.
const AFTER_REFUSAL: std::time::Duration = std::time::Duration::from_millis(10);

pub(super) struct Book<T> {
    pub(super) config: Active,
    pub(super) schedule: Schedule,
    pub(super) lives: u64,
    attempts: u64,
    pub(super) keys: BTreeMap<Arc<str>, Known>,
    pub(super) targets: BTreeMap<u64, Target<T>>,
    pub(super) events: BTreeSet<(Tick, u64)>,
    pub(super) waiting: VecDeque<u64>,
    pub(super) flips: VecDeque<u64>,
    /// Somebody calls the sink.
    pub(super) telling: bool,
    pub(super) stats: Stats,
}

/// What is asked for by key. The status is that of the target's state.
pub(super) struct Known {
    pub(super) life: u64,
    pub(super) status: Status,
}

impl<T> Book<T> {
    pub(super) fn new(config: Active, seed: u64) -> Self {
        Self {
            schedule: Schedule::new(seed, config.jitter),
            config,
            lives: 0,
            attempts: 0,
            keys: BTreeMap::new(),
            targets: BTreeMap::new(),
            events: BTreeSet::new(),
            waiting: VecDeque::new(),
            flips: VecDeque::new(),
            telling: false,
            stats: Stats::default(),
        }
    }

    /// What the time has come for: checks that have had their time, and checks that are due, as far as there is room.
    pub(super) fn turn(&mut self, now: Tick) -> Turn<T> {
        let mut come = Vec::new();
        while let Some(&(at, life)) = self.events.first() {
            if at > now {
                break;
            }
            self.events.pop_first();
            come.push(life);
        }
        let stops = come.into_iter().filter_map(|life| self.come(life, now));
        let stops = stops.collect();
        let mut starts = Vec::new();
        while self.has_work() {
            let life = self.waiting.pop_front();
            let Some((life, target)) = life.and_then(|l| Some((l, self.targets.get_mut(&l)?)))
            else {
                continue;
            };
            self.attempts += 1;
            let (attempt, look) = (self.attempts, now.saturating_add(self.config.timeout));
            target.plan = Plan::Placed {
                attempt,
                since: now,
                began: None,
                look,
            };
            self.events.insert((look, life));
            self.stats.in_flight += 1;
            starts.push(Start {
                ticket: Ticket { life, attempt },
                value: target.value.clone(),
            });
        }
        Turn { starts, stops }
    }

    /// The time of a target's event has come. What ends its check, if that has had its time.
    fn come(&mut self, life: u64, now: Tick) -> Option<Stop> {
        let timeout = self.config.timeout;
        let target = self.targets.get_mut(&life)?;
        match target.plan {
            Plan::Due(_) | Plan::Waiting => {
                target.plan = Plan::Waiting;
                self.waiting.push_back(life);
                None
            }
            Plan::Placed {
                attempt,
                since,
                began,
                ..
            } => {
                let deadline = began.unwrap_or(now).saturating_add(timeout);
                if let Some(began) = began.filter(|_| deadline <= now) {
                    let stop = target.stop.take();
                    self.hang(life, attempt, began, now);
                    return stop;
                }
                // If it has not begun, that is nobody's fault but that of the threads.
                self.stats.refused += u64::from(began.is_none());
                let plan = Plan::Placed {
                    attempt,
                    since: if began.is_some() { since } else { now },
                    began,
                    look: deadline,
                };
                self.set(life, plan);
                None
            }
            Plan::Hung { attempt, .. } => {
                self.hang(life, attempt, now, now);
                None
            }
        }
    }

    /// A check is not back in time, or still not.
    fn hang(&mut self, life: u64, attempt: u64, began: Tick, now: Tick) {
        self.stats.timed_out += 1;
        self.judge(life, false);
        let due = self.next(life, began, now);
        let fails = if due > now {
            due
        } else {
            self.next(life, now, now)
        };
        self.set(
            life,
            Plan::Hung {
                attempt,
                due,
                fails,
            },
        );
    }

    /// Whether a check could begin.
    pub(super) fn has_work(&self) -> bool {
        !self.waiting.is_empty() && self.stats.in_flight < self.config.max_in_flight
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        if self.has_work() {
            return Some(Tick::ZERO);
        }
        self.events.first().map(|(at, _)| *at)
    }

    /// Keeps what ends a check, or gives it back: nobody waits for that check any more.
    pub(super) fn keep(&mut self, ticket: Ticket, stop: Stop) -> Option<Stop> {
        match self.targets.get_mut(&ticket.life) {
            Some(target) if target.plan.attempt() == Some(ticket.attempt) => {
                target.stop.replace(stop)
            }
            _ => Some(stop),
        }
    }

    /// A thread is about to run a check. Whether it is still to be run.
    pub(super) fn begin(&mut self, ticket: Ticket, now: Option<Tick>) -> bool {
        let target = self.targets.get_mut(&ticket.life);
        match target.map(|target| &mut target.plan) {
            Some(Plan::Placed {
                attempt,
                since,
                began,
                ..
            }) if *attempt == ticket.attempt => {
                // The event is early then, and put off when it comes.
                *began = Some(now.unwrap_or(*since));
                self.stats.started += 1;
                true
            }
            _ => false,
        }
    }

    /// An answer. What would have ended the check comes back.
    pub(super) fn answer(
        &mut self,
        ticket: Ticket,
        result: &Result<(), CheckError>,
        now: Tick,
    ) -> Option<Stop> {
        self.stats.in_flight -= 1;
        let lost = *result == Err(CheckError::Lost);
        let Some((plan, stop)) = self.returned(ticket) else {
            // What was dropped is no answer.
            self.stats.late += u64::from(!lost);
            return None;
        };
        let due = match plan {
            Plan::Placed {
                began: Some(began), ..
            } => {
                self.stats.timed_out += u64::from(*result == Err(CheckError::TimedOut));
                self.stats.panicked += u64::from(*result == Err(CheckError::Panicked));
                self.judge(ticket.life, result.is_ok());
                self.next(ticket.life, began, now)
            }
            Plan::Hung { due, .. } => {
                self.stats.late += u64::from(!lost);
                due
            }
            // Dropped before it began.
            _ => {
                self.stats.refused += 1;
                self.next(ticket.life, now, now)
            }
        };
        self.set(ticket.life, Plan::Due(due));
        stop
    }

    /// Nobody runs the check; its ticket is answered nevertheless.
    pub(super) fn refuse(&mut self, ticket: Ticket, now: Tick) {
        self.stats.refused += 1;
        if self.returned(ticket).is_some() {
            self.set(ticket.life, Plan::Due(now.saturating_add(AFTER_REFUSAL)));
        }
    }

    /// The plan of a target whose check is back; its time is no event any more.
    fn returned(&mut self, ticket: Ticket) -> Option<(Plan, Option<Stop>)> {
        let target = self.targets.get_mut(&ticket.life)?;
        let plan = target.plan;
        if plan.attempt() != Some(ticket.attempt) {
            return None;
        }
        if let Some(at) = plan.event() {
            self.events.remove(&(at, ticket.life));
        }
        Some((plan, target.stop.take()))
    }

    fn judge(&mut self, life: u64, passed: bool) {
        let Some(target) = self.targets.get_mut(&life) else {
            return;
        };
        if passed {
            self.stats.passed += 1;
        } else {
            self.stats.failed += 1;
        }
        let was = target.state.status();
        if let Some(status) = target.state.observe(passed) {
            self.stats.healthy += usize::from(status.is_healthy());
            self.stats.healthy -= usize::from(was.is_healthy());
            self.stats.rises += u64::from(status.is_healthy());
            self.stats.falls += u64::from(!status.is_healthy());
            if let Some(known) = self.keys.get_mut(&target.key) {
                known.status = status;
            }
            if !std::mem::replace(&mut target.untold, true) {
                self.flips.push_back(life);
            }
        }
    }

    /// When the check after one that began at `began` is due.
    fn next(&mut self, life: u64, began: Tick, now: Tick) -> Tick {
        let target = self.targets.get(&life);
        let status = target.map_or(Status::Unknown, |target| target.state.status());
        let interval = self.config.interval_for(status);
        self.schedule.next(began, now, interval)
    }

    fn set(&mut self, life: u64, plan: Plan) {
        if let Some(target) = self.targets.get_mut(&life) {
            target.plan = plan;
            self.events.extend(plan.event().map(|at| (at, life)));
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.stats;
        stats.targets = self.targets.len();
        stats.waiting = self.waiting.len();
        stats
    }
}
