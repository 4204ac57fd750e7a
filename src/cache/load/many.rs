//! Loads of many keys at a time, for tasks; a thread is a task that waits for itself.
//!
//! ```text
//!   OPEN ─ read, board ─┬─ found, absent ───────────────────▶ SETTLED
//!    ▲                  ├─ lead ──▶ LED ─ one load for all ───▲  ▲
//!    │                  ├─ denied ▶ ALONE ─ the same load ────┘  │
//!    │                  └─ wait ──▶ WAITING ─┬─ landed ──────────┘
//!    │                                 │     └─ lead ──▶ LED
//!    └──── landed, of no use ──────────┘
//! ```
//!
//! Who leads loads before it waits, whatever else it wants; so of two callers that lead what the other wants none waits for the other. Leads
//! that come later, from others that gave up, are loaded by another call of the same loader, before anything else is waited for.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash as Hashable};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::super::core::Core;
use super::super::flights::Cargo;
use super::super::store::Hash;
use super::board::{Lead, Seat, Timing};
use super::gate::Place;
use super::parcel::{Loaded, unpack};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::flight::{Convoy, Denied, Outcome, Passenger};
use crate::kernel::upkeep::Deadline;

/// How a bulk load differs from another: in what becomes of failures.
pub(super) trait Manner<T> {
    /// Pairs of keys and values.
    type Pairs;
    /// The loader's error.
    type Error: Send + Sync + 'static;
    /// What the caller gets instead of values.
    type Ended;

    /// What the loader brought.
    fn open(loaded: T) -> Result<Self::Pairs, Self::Error>;
    fn failed(error: Arc<Self::Error>) -> Self::Ended;
    /// What becomes of a key whose load can't be shared: nothing if it is loaded without.
    fn denied(why: Denied) -> Option<Self::Ended>;
    /// What the caller gets when its time is over, if there is such a time.
    fn timed_out() -> Option<Self::Ended>;
}

pub(super) struct Many<'c, 'k, K, Q: ?Sized, V, S, L, F, M> {
    core: &'c Core<K, V, S>,
    wanted: Vec<Wanted<'k, Q, V>>,
    /// For each key of the caller its place in `wanted`.
    order: Vec<usize>,
    /// The first place of a hash.
    places: HashMap<u64, usize>,
    open: Vec<usize>,
    led: Vec<(usize, Lead<'c>)>,
    alone: Vec<usize>,
    waiting: Vec<(usize, Passenger<Cargo>)>,
    load: L,
    /// The count of invalidations of tags when it was first polled.
    arrived: Option<u64>,
    deadline: Deadline<Arc<dyn Clock>>,
    underway: Option<Underway<'c, F>>,
    manner: PhantomData<fn() -> M>,
}

struct Wanted<'k, Q: ?Sized, V> {
    key: &'k Q,
    hash: Hash,
    /// Another one with the same hash.
    next: Option<usize>,
    found: Option<V>,
}

/// A load.
struct Underway<'c, F> {
    convoy: Convoy<Cargo>,
    /// The keys of the convoy, in its order.
    led: Vec<(usize, Place<'c>)>,
    alone: Vec<usize>,
    timing: Timing<'c>,
    future: Pin<Box<F>>,
}

impl<'c, 'k, K, Q, V, S, L, F, M, I, Y> Many<'c, 'k, K, Q, V, S, L, F, M>
where
    K: Eq + Hashable + Borrow<Q>,
    Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
    L: FnMut(Vec<K>) -> F,
    F: Future,
    M: Manner<F::Output, Pairs = I>,
    I: IntoIterator<Item = (K, Y)>,
    Y: Loaded<V>,
{
    pub(super) fn new(
        core: &'c Core<K, V, S>,
        keys: impl IntoIterator<Item = &'k Q>,
        due: Tick,
        load: L,
    ) -> Self {
        let mut many = Self {
            core,
            wanted: Vec::new(),
            order: Vec::new(),
            places: HashMap::new(),
            open: Vec::new(),
            led: Vec::new(),
            alone: Vec::new(),
            waiting: Vec::new(),
            load,
            arrived: None,
            deadline: Deadline::new(core.clock.clone(), due),
            underway: None,
            manner: PhantomData,
        };
        for key in keys {
            let place = many.want(key);
            many.order.push(place);
        }
        many.open = (0..many.wanted.len()).collect();
        many
    }

    /// The place of a key, which is looked for once.
    fn want(&mut self, key: &'k Q) -> usize {
        let hash = self.core.hash(key);
        if let Some(place) = self.place(hash, key) {
            return place;
        }
        let place = self.wanted.len();
        self.wanted.push(Wanted {
            key,
            hash,
            next: self.places.insert(hash.whole(), place),
            found: None,
        });
        place
    }

    fn place(&self, hash: Hash, key: &Q) -> Option<usize> {
        let first = self.places.get(&hash.whole()).copied();
        let next = |place: &usize| self.wanted.get(*place)?.next;
        let mut same_hash = std::iter::successors(first, next);
        same_hash.find(|place| {
            let wanted = self.wanted.get(*place);
            wanted.is_some_and(|wanted| wanted.key == key)
        })
    }

    /// The values, in the order of the keys.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Vec<Option<V>>, M::Ended>> {
        let polled = self.advance(context);
        if let Poll::Ready(Err(_)) = polled {
            // Others get what it led, also if the future is kept.
            self.led.clear();
            self.waiting.clear();
        }
        polled
    }

    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<Option<V>>, M::Ended>> {
        loop {
            ready!(self.go_on(context))?;
            self.board()?;
            if self.led.is_empty() && self.alone.is_empty() {
                self.wait(context)?;
            }
            if !self.led.is_empty() || !self.alone.is_empty() {
                self.begin();
            } else if self.open.is_empty() {
                if self.waiting.is_empty() {
                    return Poll::Ready(Ok(self.answer()));
                }
                return Poll::Pending;
            }
        }
    }

    /// Looks for the open keys.
    fn board(&mut self) -> Result<(), M::Ended> {
        self.arrived.get_or_insert_with(|| self.core.tag_clock());
        for place in std::mem::take(&mut self.open) {
            let Some(wanted) = self.wanted.get_mut(place) else {
                continue;
            };
            wanted.found = self.core.read_at(wanted.hash, wanted.key, V::clone);
            if wanted.found.is_some() {
                continue;
            }
            match self
                .core
                .board::<_, Option<V>>(wanted.hash, wanted.key, None)
            {
                Seat::Found(found) => wanted.found = found,
                Seat::Lead(lead, _) => self.led.push((place, lead)),
                Seat::Wait(passenger, _) => {
                    let passenger = passenger.until(self.deadline.due());
                    self.waiting.push((place, passenger));
                }
                Seat::Denied(why, _) => self.deny(place, why)?,
            }
        }
        Ok(())
    }

    fn deny(&mut self, place: usize, why: Denied) -> Result<(), M::Ended> {
        match M::denied(why) {
            Some(ended) => Err(ended),
            None => {
                self.alone.push(place);
                Ok(())
            }
        }
    }

    /// Looks whether others have loaded what they lead.
    fn wait(&mut self, context: &mut Context<'_>) -> Result<(), M::Ended> {
        let arrived = self.arrived.unwrap_or_default();
        for (place, mut passenger) in std::mem::take(&mut self.waiting) {
            let Poll::Ready(outcome) = passenger.poll_outcome(context.waker()) else {
                self.waiting.push((place, passenger));
                continue;
            };
            match outcome {
                Outcome::Landed(cargo) => match unpack::<V, Option<V>, M::Error>(cargo, arrived) {
                    Some(Ok(found)) => {
                        if let Some(wanted) = self.wanted.get_mut(place) {
                            wanted.found = found;
                        }
                    }
                    Some(Err(error)) => return Err(M::failed(error)),
                    None => self.open.push(place),
                },
                Outcome::Lead(leader) => self.led.push((place, self.core.take_over(leader))),
                Outcome::TimedOut => match M::timed_out() {
                    Some(ended) => return Err(ended),
                    None => self.open.push(place),
                },
                Outcome::Recursive => self.deny(place, Denied::Recursive)?,
            }
        }
        Ok(())
    }

    /// Begins to load what nobody else does.
    fn begin(&mut self) {
        let (mut leaders, mut led) = (Vec::new(), Vec::new());
        for (place, lead) in self.led.drain(..) {
            leaders.push(lead.leader);
            led.push((place, lead.place));
        }
        let alone = std::mem::take(&mut self.alone);
        let places = led.iter().map(|(place, _)| place).chain(&alone);
        let wanted = places.filter_map(|place| self.wanted.get(*place));
        let keys = wanted.map(|wanted| wanted.key.to_owned()).collect();
        let convoy = Convoy::new(leaders);
        let timing = self.core.timing();
        let load = &mut self.load;
        let future = convoy.run(|| Box::pin(load(keys)));
        self.underway = Some(Underway {
            convoy,
            led,
            alone,
            timing,
            future,
        });
    }

    /// Goes on with the load, and stores what it brought.
    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<Result<(), M::Ended>> {
        // If anything panics it is gone, and its leads with it.
        let Some(mut load) = self.underway.take() else {
            return Poll::Ready(Ok(()));
        };
        let Poll::Ready(loaded) = load.convoy.poll_with(context, load.future.as_mut()) else {
            let late = self.deadline.poll(context.waker()).is_ready();
            if let Some(ended) = M::timed_out().filter(|_| late) {
                // The leads go to those that wait.
                drop(load);
                return Poll::Ready(Err(ended));
            }
            self.underway = Some(load);
            return Poll::Pending;
        };
        // The caller's iterator is a part of the load.
        let loaded = load.convoy.run(|| {
            let pairs = M::open(loaded)?.into_iter();
            let brought = pairs.filter_map(|(key, value)| {
                let key: &Q = key.borrow();
                let place = self.place(self.core.hash(key), key)?;
                // Nothing is as good as no pair.
                Some((place, value.open().ok()?))
            });
            Ok(brought.collect::<HashMap<_, _>>())
        });
        let spent = load.timing.end(&loaded);
        let leaders = load.convoy.into_leaders().into_iter().zip(load.led);
        let led = leaders.map(|(leader, (at, place))| (at, Lead { leader, place }));
        let mut brought = match loaded {
            Ok(brought) => brought,
            Err(error) => {
                let error = Arc::new(error);
                for (at, lead) in led {
                    if let Some(wanted) = self.wanted.get(at) {
                        self.core.land_failure(wanted.hash, lead, &error);
                    }
                }
                return Poll::Ready(Err(M::failed(error)));
            }
        };
        for (at, lead) in led {
            let Some(wanted) = self.wanted.get_mut(at) else {
                continue;
            };
            let (hash, key) = (wanted.hash, wanted.key.to_owned());
            match brought.remove(&at) {
                Some(loaded) => {
                    wanted.found = Some(self.core.land_value(hash, key, lead, loaded, spent));
                }
                None => self.core.land_absence(hash, key, lead),
            }
        }
        for at in load.alone {
            if let Some(wanted) = self.wanted.get_mut(at) {
                wanted.found = brought.remove(&at).map(|(value, _)| value);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn answer(&mut self) -> Vec<Option<V>> {
        let found = |place: &usize| self.wanted.get(*place)?.found.clone();
        self.order.iter().map(found).collect()
    }
}
