//! Random calls at random times, to the bucket and to its model.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Decision, Error, Keep, Quota, RateLimiter, Reservation, TokenBucket};

use crate::model::{Charge, Later, Model};
use crate::quotas::{Cost, Pace, costs, paces, quotas, sized};

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Decide(Cost),
    Take(Cost),
    UpTo(Cost),
    Charge(Cost),
    Refund(Cost),
    Reserve(Cost, u64),
    Cancel(usize),
    Commit(usize),
    SetQuota(Quota, Keep),
}

pub(crate) type Script = Vec<(Pace, Op)>;

pub(crate) fn keeps() -> impl Strategy<Value = Keep> {
    prop_oneof![
        Just(Keep::Tokens),
        Just(Keep::Proportion),
        Just(Keep::Reset)
    ]
}

/// Only what takes, so that the quota decides; with everything else if `all`.
pub(crate) fn scripts(all: bool) -> impl Strategy<Value = Script> {
    let others = u32::from(all);
    let waits = prop_oneof![Just(u64::MAX), Just(0), sized(62)];
    let changed = prop_oneof![8 => quotas(), 1 => Just(Quota::UNLIMITED)];
    let op = prop_oneof![
        8 => costs().prop_map(Op::Decide),
        8 => costs().prop_map(Op::Take),
        2 => costs().prop_map(Op::UpTo),
        3 * others => costs().prop_map(Op::Charge),
        3 * others => costs().prop_map(Op::Refund),
        4 * others => (costs(), waits).prop_map(|(cost, wait)| Op::Reserve(cost, wait)),
        3 * others => (0_usize..4).prop_map(Op::Cancel),
        others => (0_usize..4).prop_map(Op::Commit),
        2 * others => (changed, keeps()).prop_map(|(quota, keep)| Op::SetQuota(quota, keep)),
    ];
    prop::collection::vec((paces(), op), 1..50)
}

type Outcome = Result<(), TestCaseError>;

/// One bucket, its model, and the clock of both.
pub(crate) struct Run<'b> {
    pub(crate) bucket: &'b TokenBucket<ManualClock>,
    pub(crate) clock: ManualClock,
    pub(crate) model: Model,
    pub(crate) now: u64,
    pub(crate) reserved: Vec<(Reservation<'b, ManualClock>, Charge)>,
    pub(crate) allowed: u64,
    pub(crate) refused: u64,
    pub(crate) lost: u64,
}

impl<'b> Run<'b> {
    pub(crate) fn new(bucket: &'b TokenBucket<ManualClock>, clock: ManualClock) -> Self {
        let model = Model::new(bucket.quota(), 0);
        Self {
            bucket,
            clock,
            model,
            now: 0,
            reserved: Vec::new(),
            allowed: 0,
            refused: 0,
            lost: 0,
        }
    }

    pub(crate) fn go(&mut self, script: &[(Pace, Op)]) -> Outcome {
        for (pace, op) in script {
            self.step(*pace, op)?;
            let stats = self.bucket.stats();
            prop_assert_eq!(
                (stats.allowed, stats.refused, stats.lost),
                (self.allowed, self.refused, self.lost)
            );
        }
        Ok(())
    }

    fn step(&mut self, pace: Pace, op: &Op) -> Outcome {
        let quota = self.model.quota();
        let interval = quota
            .interval()
            .map_or(1, |interval| interval.as_nanos() as u64);
        let burst = quota.burst();
        let next = match op {
            Op::Decide(cost) | Op::Take(cost) | Op::UpTo(cost) | Op::Reserve(cost, _) => {
                cost.of(burst)
            }
            _ => 1,
        };
        let ready = self.model.ready(self.now, next).least.0;
        self.now = pace.after(self.now, interval, ready);
        self.clock.set(Tick::from_nanos(self.now));
        self.peeks(next)?;
        match op {
            Op::Decide(cost) => {
                let cost = cost.of(burst);
                let peeked = self.bucket.peek(cost);
                let decision = self.bucket.decide(cost);
                prop_assert_eq!(peeked, decision);
                self.decided(decision, cost)?;
                self.count(decision.allowed);
            }
            Op::Take(cost) => {
                let cost = cost.of(burst);
                let taken = self.bucket.try_acquire_n(cost);
                self.answered(cost, taken)?;
                if taken {
                    self.model.charge(self.now, cost);
                }
                self.count(taken);
            }
            Op::UpTo(cost) => {
                let most = cost.of(burst);
                let there = self.model.available(self.now);
                let taken = self.bucket.try_acquire_up_to(most);
                prop_assert!(
                    taken >= there.least.min(most) && taken <= there.most.min(most),
                    "{taken} of {most}, {there:?}"
                );
                self.model.charge(self.now, taken);
                self.count(taken > 0 || most == 0);
            }
            Op::Charge(cost) => {
                let cost = cost.of(burst).min(self.model.chargeable(self.now));
                self.bucket.charge(cost);
                self.model.charge(self.now, cost);
            }
            Op::Refund(cost) => {
                self.bucket.refund(cost.of(burst));
                self.model.refund(self.now, cost.of(burst));
            }
            Op::Reserve(cost, wait) => self.reserve(cost.of(burst), *wait)?,
            Op::Cancel(index) => self.cancel(*index)?,
            Op::Commit(index) => {
                if *index < self.reserved.len() {
                    self.reserved.remove(*index).0.commit();
                }
            }
            Op::SetQuota(quota, keep) => {
                self.bucket.set_quota(*quota, *keep);
                self.model.set_quota(self.now, *quota, *keep);
                prop_assert_eq!(self.bucket.quota(), *quota);
            }
        }
        self.peeks(next)
    }

    fn count(&mut self, allowed: bool) {
        if allowed {
            self.allowed += 1;
        } else {
            self.refused += 1;
        }
    }

    /// Never earlier than the model, and not later than rounding explains.
    fn answered(&self, cost: u64, allowed: bool) -> Outcome {
        let (must, may) = self.model.admits(self.now, cost);
        prop_assert!(
            allowed || !must,
            "{cost} at {} refused: {:?}",
            self.now,
            self.model
        );
        prop_assert!(
            !allowed || may,
            "{cost} at {} admitted: {:?}",
            self.now,
            self.model
        );
        Ok(())
    }

    /// Holds a decision against the model, which it changes if something was taken.
    fn decided(&mut self, decision: Decision, cost: u64) -> Outcome {
        self.answered(cost, decision.allowed)?;
        let before = self.model.clone();
        if decision.allowed {
            self.model.charge(self.now, cost);
        }
        let (now, quota) = (self.now, self.model.quota());
        prop_assert_eq!(
            (decision.cost, decision.limit, decision.limiting),
            (cost, quota.burst(), 0)
        );
        prop_assert_eq!(decision.window, quota.refill_time().unwrap_or_default());
        let there = self.model.available(now);
        prop_assert!(
            there.has(decision.remaining),
            "{} left at {now}, not {there:?}",
            decision.remaining
        );
        let full = self.model.full(now);
        prop_assert!(
            full.has(Later::after(now, decision.reset_after)),
            "{:?} from {now}, not {full:?}",
            decision.reset_after
        );
        if decision.allowed {
            prop_assert_eq!(decision.retry_after, Some(Duration::ZERO));
            return Ok(());
        }
        let ready = before.ready(now, cost);
        prop_assert!(
            ready.has(Later::after(now, decision.retry_after)),
            "{:?} from {now}, not {ready:?}",
            decision.retry_after
        );
        let Some(wait) = decision.retry_after else {
            let end = self.bucket.peek_at(Tick::MAX, cost);
            prop_assert!(!end.allowed, "never, but {end:?}");
            return Ok(());
        };
        prop_assert!(!wait.is_zero());
        let at = Tick::from_nanos(now).saturating_add(wait);
        prop_assert!(
            !self
                .bucket
                .peek_at(at.saturating_sub(Duration::from_nanos(1)), cost)
                .allowed,
            "too late: {decision:?}"
        );
        prop_assert!(
            self.bucket.peek_at(at, cost).allowed,
            "too early: {decision:?}"
        );
        Ok(())
    }

    /// What can be seen without taking anything.
    fn peeks(&self, cost: u64) -> Outcome {
        let there = self.model.available(self.now);
        let available = self.bucket.available();
        prop_assert!(
            there.has(available),
            "{available} at {}, not {there:?}",
            self.now
        );
        let mut model = Run {
            model: self.model.clone(),
            reserved: Vec::new(),
            clock: self.clock.clone(),
            ..*self
        };
        model.decided(self.bucket.peek(cost), cost)?;
        // As much as there is can be had, and no more.
        prop_assert!(self.bucket.peek(available).allowed);
        prop_assert!(available == u64::MAX || !self.bucket.peek(available + 1).allowed);
        Ok(())
    }

    fn reserve(&mut self, cost: u64, wait: u64) -> Outcome {
        let ready = self.model.ready(self.now, cost);
        let latest = self.now.saturating_add(wait);
        let too_late = |later: Later| later.0.is_none_or(|at| at > latest);
        match self.bucket.reserve(cost, Duration::from_nanos(wait)) {
            Ok(reservation) => {
                let at = reservation.ready_at();
                prop_assert!(
                    ready.has(Later(Some(at.as_nanos()))) && at.as_nanos() <= latest,
                    "{at:?}, not {ready:?}"
                );
                prop_assert_eq!(reservation.wait(), at.since(Tick::from_nanos(self.now)));
                prop_assert_eq!(reservation.cost(), cost);
                let charge = self.model.charge(self.now, cost);
                self.reserved.push((reservation, charge));
                self.count(true);
            }
            Err(error) => {
                let limit = self.model.quota().burst();
                if cost > limit {
                    prop_assert_eq!(error, Error::CostAboveLimit { cost, limit });
                } else {
                    prop_assert!(
                        matches!(error, Error::Limited { .. }) && too_late(ready.most),
                        "{error}, but {ready:?}"
                    );
                }
                self.count(false);
            }
        }
        Ok(())
    }

    fn cancel(&mut self, index: usize) -> Outcome {
        if index >= self.reserved.len() {
            return Ok(());
        }
        let (reservation, charge) = self.reserved.remove(index);
        let cost = reservation.cost();
        let (must, may) = self.model.cancels(&charge);
        let back = reservation.cancel();
        prop_assert!(back || !must, "not taken back: {charge:?} {:?}", self.model);
        prop_assert!(!back || may, "taken back: {charge:?} {:?}", self.model);
        if back {
            self.model.take_back(&charge);
        } else {
            // A counter that is full stays full.
            self.lost = self.lost.saturating_add(cost);
        }
        Ok(())
    }
}
