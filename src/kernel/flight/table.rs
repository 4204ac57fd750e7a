//! Which keys are being loaded, and which loads may be stored.
//!
//! # Invariants
//!
//! * There is at most one place per key. It holds the flight under way, a fence for tokens, or both; and both are as old as its stamp or
//!   younger.
//! * Whatever changes a key takes its place away, which fences all that began before. What is in no place, or in one with another stamp,
//!   is not joined and not stored any more. All of this is under the owner's lock, as is the change itself.
//! * Who lands or fills changes the key, too; so no two of those that began between the same two changes are stored.
//!
//! # Complexity
//!
//! A fixed number of steps each, hashes that are equal excepted; no key is looked for while nothing is under way. At a bound, up
//! to 64 places are looked at for being unused.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Flight, Seat};
use super::debris::Debris;
use super::leader::Leader;
use super::passenger::Passenger;
use super::places::{Places, Stamp};
use super::rules::{Denied, Freight, Rules};
use crate::kernel::slab::Key;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// Places that are looked at for being unused, as a rule and at a bound.
const LOOKS: usize = 2;
const MANY_LOOKS: usize = 64;

/// The loads under way and the tokens out, for the keys of one lock.
#[derive(Debug)]
pub struct FlightTable<K, T: Freight> {
    rules: Arc<Rules>,
    places: Places<K, T>,
    /// How often all were detached.
    detached: u64,
}

/// How a caller gets on board.
#[derive(Debug)]
#[cfg_attr(
    any(tenfold_loom, tenfold_shuttle),
    expect(
        clippy::exhaustive_enums,
        reason = "public for the model checkers only"
    )
)]
#[must_use = "who leads and is dropped hands the lead on"]
pub enum Boarding<T: Freight> {
    /// It loads.
    Lead(Leader<T>),
    /// Another one does.
    Wait(Passenger<T>),
}

/// May be exchanged for the right to fill a key, unless it was changed since. Dropped, it is forgotten.
#[derive(Clone, Debug)]
pub struct Token {
    hash: u64,
    fence: Option<Arc<()>>,
}

impl Token {
    /// Whether it was void from the start, since there were as many as may be.
    #[must_use]
    pub const fn is_void(&self) -> bool {
        self.fence.is_none()
    }
}

impl<K: Eq, T: Freight> FlightTable<K, T> {
    /// Nothing is under way. Each table has rules of its own, so that tables share no counter.
    #[must_use]
    pub fn new(mut rules: Rules) -> Self {
        rules.patience = rules.patience.max(Duration::from_nanos(1));
        Self {
            rules: Arc::new(rules),
            places: Places::new(),
            detached: 0,
        }
    }

    /// Whether no load is under way and no token out, as far as is known: a field is read.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.len() == 0
    }

    /// Keys with loads under way or tokens out, and those of which it is not known yet that there are none.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Joins the flight of this key, if there is one: for a caller that has no key of its own yet. `epoch` is the owner's at this
    /// time, under its lock.
    ///
    /// # Errors
    ///
    /// See [`Denied`].
    pub fn join<Q: Eq + ?Sized>(
        &mut self,
        hash: u64,
        key: &Q,
        epoch: u64,
        debris: &mut Debris<K, T>,
    ) -> Option<Result<Boarding<T>, Denied>>
    where
        K: Borrow<Q>,
    {
        let at = self.valid(hash, key, epoch, debris)?;
        let flight = self.places.flight(at)?.clone();
        match flight.board() {
            Ok(Seat::Lead(term)) => Some(Ok(Boarding::Lead(Leader::new(flight, term)))),
            Ok(Seat::Wait(ticket)) => Some(Ok(Boarding::Wait(Passenger::new(flight, ticket)))),
            Ok(Seat::Recursive) => Some(Err(Denied::Recursive)),
            Err(_) => Some(Err(Denied::TooManyWaiters)),
            Ok(Seat::Over) => {
                debris.flights.push(flight);
                self.places.take_flight(at, debris);
                None
            }
        }
    }

    /// Joins the flight of this key, or leads a new one.
    ///
    /// # Errors
    ///
    /// See [`Denied`].
    pub fn board(
        &mut self,
        hash: u64,
        key: K,
        epoch: u64,
        debris: &mut Debris<K, T>,
    ) -> Result<Boarding<T>, Denied> {
        if let Some(boarded) = self.join(hash, &key, epoch, debris) {
            debris.keys.push(key);
            return boarded;
        }
        if !self.has_room(Places::flights, self.rules.max_flights, debris) {
            debris.keys.push(key);
            return Err(Denied::TooManyFlights);
        }
        let flight = Flight::new(hash, epoch, self.rules.clone());
        let stamp = self.stamp(epoch);
        self.places
            .put_flight(hash, key, stamp, flight.clone(), debris);
        Ok(Boarding::Lead(Leader::new(flight, 0)))
    }

    /// Whether somebody loads this key, or is about to: for a caller that would lead, and not wait.
    #[must_use]
    pub fn is_loading<Q: Eq + ?Sized>(&self, hash: u64, key: &Q, epoch: u64) -> bool
    where
        K: Borrow<Q>,
    {
        let found = self.places.find(hash, key);
        let valid = found.filter(|at| self.is_valid(*at, epoch));
        let flight = valid.and_then(|at| self.places.flight(at));
        flight.is_some_and(|flight| !flight.is_idle())
    }

    /// The key is being changed: nothing that began before is stored, and no flight that is under way is joined any more. Whether
    /// there was anything. Who asks [`is_empty`](Self::is_empty) first needs no debris as a rule.
    #[inline]
    pub fn detach<Q: Eq + ?Sized>(&mut self, hash: u64, key: &Q, debris: &mut Debris<K, T>) -> bool
    where
        K: Borrow<Q>,
    {
        !self.is_empty() && self.detach_known(hash, key, debris)
    }

    #[cold]
    fn detach_known<Q: Eq + ?Sized>(
        &mut self,
        hash: u64,
        key: &Q,
        debris: &mut Debris<K, T>,
    ) -> bool
    where
        K: Borrow<Q>,
    {
        let found = self.places.find(hash, key);
        if let Some(at) = found.filter(|_| !faulty(Fault::KeepAttached)) {
            self.places.remove(at, debris);
        }
        self.places.sweep(LOOKS, debris);
        found.is_some()
    }

    /// All keys are being changed, in one step.
    pub const fn detach_all(&mut self) {
        self.detached = self.detached.wrapping_add(1);
    }

    /// Whether what `leader` has loaded may be stored, under the same lock as this. Then it is a change of the key as any other; and in
    /// any case the flight is joined no more. The value is given to those who wait by [`Leader::land`], after the lock.
    ///
    /// An owner whose epoch also counts changes that concern some keys only (those with a tag, which is known once the load is
    /// done) may pass the [epoch of the flight](Flight::epoch) if it finds that none of them concerns this one.
    #[must_use = "a value that may not be stored is for those who wait only"]
    pub fn land(&mut self, leader: &Leader<T>, epoch: u64, debris: &mut Debris<K, T>) -> bool {
        self.end(leader, epoch, true, debris) || faulty(Fault::LandUnasked)
    }

    /// There is nothing to store: who boards next starts anew.
    pub fn fail(&mut self, leader: &Leader<T>, epoch: u64, debris: &mut Debris<K, T>) {
        self.end(leader, epoch, false, debris);
    }

    fn end(
        &mut self,
        leader: &Leader<T>,
        epoch: u64,
        stores: bool,
        debris: &mut Debris<K, T>,
    ) -> bool {
        let Some(at) = self.places.find_flight(leader.flight()) else {
            return false;
        };
        if !leader.holds() {
            return false;
        }
        let valid = self.is_valid(at, epoch);
        if stores || !valid {
            self.places.remove(at, debris);
        } else {
            self.places.take_flight(at, debris);
        }
        valid
    }

    /// A token for this key: void from the start if as many keys have tokens as may.
    pub fn token(&mut self, hash: u64, key: K, epoch: u64, debris: &mut Debris<K, T>) -> Token {
        let known = self.valid(hash, &key, epoch, debris);
        let fence = known.and_then(|at| self.places.fence(at)).cloned();
        if fence.is_some() {
            debris.keys.push(key);
            return Token { hash, fence };
        }
        if !self.has_room(Places::fences, self.rules.max_tokens, debris) {
            debris.keys.push(key);
            return Token { hash, fence: None };
        }
        let (stamp, fence) = (self.stamp(epoch), Arc::new(()));
        let kept = self
            .places
            .put_fence(hash, key, stamp, fence.clone(), debris);
        Token {
            hash,
            fence: kept.then_some(fence),
        }
    }

    /// Whether the holder may fill the key, under the same lock as this: nobody has changed it since the token was given out. The fill is
    /// a change as any other, so this is the only one that is let.
    #[must_use = "a key that was changed must not be filled"]
    pub fn fill(&mut self, token: &Token, epoch: u64, debris: &mut Debris<K, T>) -> bool {
        let fence = token.fence.as_ref();
        let found = fence.and_then(|fence| self.places.find_fence(token.hash, fence));
        let valid = found.is_some_and(|at| self.is_valid(at, epoch));
        if let Some(at) = found {
            self.places.remove(at, debris);
        }
        valid || faulty(Fault::FillUnasked)
    }

    /// Whether one more may be counted, when some places that nobody uses are gone.
    fn has_room(
        &mut self,
        count: impl Fn(&Places<K, T>) -> usize,
        most: usize,
        debris: &mut Debris<K, T>,
    ) -> bool {
        self.places.sweep(LOOKS, debris);
        if count(&self.places) >= most {
            self.places.sweep(MANY_LOOKS, debris);
        }
        count(&self.places) < most
    }

    const fn stamp(&self, epoch: u64) -> Stamp {
        Stamp {
            detached: self.detached,
            epoch,
        }
    }

    fn is_valid(&self, at: Key, epoch: u64) -> bool {
        self.places.stamp(at) == Some(self.stamp(epoch)) || faulty(Fault::KeepEpoch)
    }

    /// The place of a key, unless it is void; then it is taken away.
    fn valid<Q: Eq + ?Sized>(
        &mut self,
        hash: u64,
        key: &Q,
        epoch: u64,
        debris: &mut Debris<K, T>,
    ) -> Option<Key>
    where
        K: Borrow<Q>,
    {
        let at = self.places.find(hash, key)?;
        if self.is_valid(at, epoch) {
            return Some(at);
        }
        self.places.remove(at, debris);
        None
    }

    /// Panics if what is counted and linked does not agree.
    #[cfg(any(test, tenfold_loom, tenfold_shuttle))]
    pub fn check_invariants(&self) {
        self.places.check_invariants();
    }
}
