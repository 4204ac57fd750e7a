//! Loads of one key, for tasks.
//!
//! ```text
//!            ┌──────────── landed, of no use ◀──┐
//!            ▼                                  │
//!   START ─ board ─┬─ found ─▶ ready            │
//!                  ├─ WAITING ─── polled ───────┼─▶ landed: ready
//!                  │                            ├─▶ timed out, recursive: ready, or ALONE
//!                  │                            └─▶ lead ─┐
//!                  ├─ LEADING ◀───────────────────────────┘
//!                  │     └─ polled: ready, when it has landed
//!                  └─ denied: ready, or ALONE
//! ```
//!
//! The loader is a future that is first polled, and put on the heap, when it leads; after a hit it is dropped as it came. Dropping the whole
//! in any state leaves the line or hands the lead on.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::core::Core;
use super::super::flights::Cargo;
use super::super::store::Hash;
use super::board::{Ended, Lead, Seat, Timing};
use super::freshness::Luck;
use super::parcel::{Loaded, unpack};
use super::revise::Old;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::flight::{Denied, Outcome, Passenger};
use crate::kernel::upkeep::Deadline;

pub(super) struct Task<'c, K, Q: ?Sized, V, S, F> {
    core: &'c Core<K, V, S>,
    key: &'c Q,
    hash: Hash,
    deadline: Deadline<Arc<dyn Clock>>,
    /// For the case that the load fails.
    old: Option<Old<V>>,
    luck: Option<Luck>,
    /// The count of invalidations of tags when it was first polled.
    arrived: Option<u64>,
    stage: Stage<'c, F>,
}

enum Stage<'c, F> {
    Start(F),
    Waiting(Passenger<Cargo>, F),
    Leading(Lead<'c>, Timing<'c>, Pin<Box<F>>),
    Over,
}

/// What a poll says. A loader that is not needed comes back.
type Polled<A, E, F> = Poll<Result<A, Ended<E, Pin<Box<F>>>>>;

impl<'c, K, Q: ?Sized, V, S, F> Task<'c, K, Q, V, S, F>
where
    K: Eq + Hashable + Borrow<Q>,
    Q: Eq + Hashable + ToOwned<Owned = K>,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
    F: Future,
{
    pub(super) fn new(core: &'c Core<K, V, S>, key: &'c Q, due: Tick, load: F) -> Self {
        Self {
            core,
            key,
            hash: core.hash(key),
            deadline: Deadline::new(core.clock.clone(), due),
            old: None,
            luck: core.luck(),
            arrived: None,
            stage: Stage::Start(load),
        }
    }

    /// Begins to measure a load.
    pub(super) fn timing(&self) -> Timing<'c> {
        self.core.timing()
    }

    /// `result` makes a result of what the loader brings.
    pub(super) fn poll<Y, E>(
        &mut self,
        context: &mut Context<'_>,
        result: impl FnOnce(F::Output) -> Result<Y, E>,
    ) -> Polled<Y::Answer, E, F>
    where
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        if matches!(self.stage, Stage::Start(_)) {
            let value = self.core.glance(self.hash, self.key, self.luck);
            if let Some(value) = value {
                self.stage = Stage::Over;
                return Poll::Ready(Ok(Y::found(value)));
            }
        }
        let arrived = *self.arrived.get_or_insert_with(|| self.core.tag_clock());
        loop {
            // If anything panics, it is over: the lead goes to another one at once.
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Start(load) => match self.core.board::<_, Y>(self.hash, self.key, self.luck)
                {
                    Seat::Found(loaded) => return Poll::Ready(Ok(loaded)),
                    Seat::Lead(lead, old) => {
                        self.old = old;
                        self.lead(lead, load);
                    }
                    Seat::Wait(passenger, old) => {
                        self.old = old;
                        let passenger = passenger.until(self.deadline.due());
                        self.stage = Stage::Waiting(passenger, load);
                    }
                    Seat::Denied(denied, old) => {
                        self.old = old;
                        return self.end::<Y, _>(Ended::Refused(denied, Box::pin(load)));
                    }
                },
                Stage::Waiting(mut passenger, load) => {
                    let Poll::Ready(outcome) = passenger.poll_outcome(context.waker()) else {
                        self.stage = Stage::Waiting(passenger, load);
                        return Poll::Pending;
                    };
                    match outcome {
                        Outcome::Landed(cargo) => match unpack::<V, Y, E>(cargo, arrived) {
                            Some(Ok(loaded)) => return Poll::Ready(Ok(loaded)),
                            Some(Err(error)) => return self.end::<Y, _>(Ended::Failed(error)),
                            None => self.stage = Stage::Start(load),
                        },
                        Outcome::Lead(leader) => {
                            let lead = self.core.take_over(leader);
                            self.lead(lead, load);
                        }
                        Outcome::TimedOut => {
                            return self.end::<Y, _>(Ended::TimedOut(Box::pin(load)));
                        }
                        Outcome::Recursive => {
                            return self
                                .end::<Y, _>(Ended::Refused(Denied::Recursive, Box::pin(load)));
                        }
                    }
                }
                Stage::Leading(mut lead, timing, mut load) => {
                    let Poll::Ready(loaded) = lead.leader.poll_with(context, load.as_mut()) else {
                        if self.deadline.poll(context.waker()).is_ready() {
                            // The lead goes to one that waits.
                            drop(lead);
                            return self.end::<Y, _>(Ended::TimedOut(load));
                        }
                        self.stage = Stage::Leading(lead, timing, load);
                        return Poll::Pending;
                    };
                    let loaded = result(loaded);
                    let spent = timing.end(&loaded);
                    let key = self.key.to_owned();
                    return match self.core.land(self.hash, key, lead, loaded, spent) {
                        Ok(loaded) => Poll::Ready(Ok(loaded)),
                        Err(error) => self.end::<Y, _>(Ended::Failed(error)),
                    };
                }
                Stage::Over => return Poll::Pending,
            }
        }
    }

    fn lead(&mut self, lead: Lead<'c>, load: F) {
        self.stage = Stage::Leading(lead, self.core.timing(), Box::pin(load));
    }

    fn end<Y, E>(&mut self, ended: Ended<E, Pin<Box<F>>>) -> Polled<Y::Answer, E, F>
    where
        Y: Loaded<V>,
    {
        Poll::Ready(self.core.or_old::<Y, _, _>(self.old.take(), ended))
    }
}
