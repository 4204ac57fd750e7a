//! What a policy sees.

use super::BackendId;
use super::policy::{Member, View};
use super::roster::{Roster, Seat};
use super::source::Source;
use crate::kernel::clock::Tick;

/// Who may be chosen for one request.
pub(super) struct Candidates<'v, T, S> {
    pub(super) roster: &'v Roster<T>,
    pub(super) source: &'v S,
    /// [`Tick::ZERO`] if nobody asks.
    pub(super) now: Tick,
}

impl<T, S> Candidates<'_, T, S> {
    #[inline]
    fn seat(&self, index: usize) -> Option<&Seat<T>> {
        self.roster.seats.get(index)
    }
}

impl<T, S: Source> View for Candidates<'_, T, S> {
    #[inline]
    fn len(&self) -> usize {
        self.roster.seats.len()
    }

    #[inline]
    fn id(&self, index: usize) -> BackendId {
        let id = self.roster.ids.get(index);
        id.copied().unwrap_or(BackendId::from_u64(0))
    }

    fn key(&self, index: usize) -> &str {
        self.seat(index).map_or("", |seat| seat.backend.key())
    }

    #[inline]
    fn weight(&self, index: usize) -> u32 {
        self.seat(index).map_or(0, |seat| seat.weight)
    }

    #[inline]
    fn whole_weight(&self, index: usize) -> u32 {
        self.seat(index).map_or(0, |seat| seat.backend.weight)
    }

    fn zone(&self, index: usize) -> Option<&str> {
        self.seat(index)?.backend.zone()
    }

    fn priority(&self, index: usize) -> u8 {
        self.seat(index).map_or(0, |seat| seat.backend.priority())
    }

    fn label(&self, index: usize, name: &str) -> Option<&str> {
        self.seat(index)?.backend.label(name)
    }

    #[inline]
    fn in_flight(&self, index: usize) -> u64 {
        self.seat(index).map_or(0, |seat| seat.vitals.in_flight())
    }

    #[inline]
    fn cost(&self, index: usize) -> f32 {
        self.seat(index)
            .map_or(f32::MAX, |seat| seat.vitals.cost(self.now))
    }

    #[inline]
    fn penalty(&self, index: usize) -> f32 {
        self.seat(index)
            .map_or(1.0, |seat| seat.vitals.penalty(self.now))
    }

    #[inline]
    fn now(&self) -> Tick {
        self.now
    }

    fn reported_load(&self, index: usize) -> Option<f32> {
        self.seat(index)?.vitals.reported_load()
    }

    #[inline]
    fn is_usable(&self, index: usize) -> bool {
        self.seat(index).is_some_and(|seat| seat.usable)
    }

    #[inline]
    fn has_room(&self, index: usize) -> bool {
        self.seat(index).is_some_and(Seat::has_room)
    }

    #[inline]
    fn turn(&self, lane: usize) -> u64 {
        self.source.turn(lane)
    }

    #[inline]
    fn random(&self) -> u64 {
        self.source.random()
    }

    fn members(&self) -> &[Member] {
        &self.roster.members
    }
}
