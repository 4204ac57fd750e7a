//! Who may be chosen, and what a pick reads of them.

use std::sync::Arc as StdArc;

use super::BackendId;
use super::backend::Backend;
use super::policy::Member;
use super::state::{Mode, Record};
use super::vitals::Vitals;
use super::weights::EffectiveWeights;
use crate::kernel::sync::Arc;

/// What a policy may choose, and what a pick reads of it: half a line of the cache.
#[repr(align(32))]
pub(super) struct Seat<T> {
    pub(super) vitals: Arc<Vitals>,
    pub(super) backend: Arc<Backend<T>>,
    /// The backend's, one step nearer.
    pub(super) value: StdArc<T>,
    pub(super) weight: u32,
    pub(super) usable: bool,
    /// Whether it has a limit of leases.
    pub(super) limited: bool,
}

impl<T> Clone for Seat<T> {
    fn clone(&self) -> Self {
        Self {
            vitals: self.vitals.clone(),
            backend: self.backend.clone(),
            value: self.value.clone(),
            ..*self
        }
    }
}

impl<T> Seat<T> {
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        !self.limited || self.backend.has_room()
    }

    #[inline]
    pub(super) fn enter(&self) -> bool {
        if self.limited {
            self.backend.enter()
        } else {
            self.vitals.enter()
        }
    }
}

/// Who may be chosen, and who is there at all.
pub(super) struct Roster<T> {
    pub(super) seats: Box<[Seat<T>]>,
    /// Of the seats, and beside them since few ask.
    pub(super) ids: Box<[BackendId]>,
    pub(super) members: Box<[Member]>,
}

impl<T> Clone for Roster<T> {
    fn clone(&self) -> Self {
        Self {
            seats: self.seats.clone(),
            ids: self.ids.clone(),
            members: self.members.clone(),
        }
    }
}

impl<T> Roster<T> {
    pub(super) fn empty() -> Self {
        Self {
            seats: Box::new([]),
            ids: Box::new([]),
            members: Box::new([]),
        }
    }

    pub(super) fn new(records: &[Record<T>], mode: Mode, weights: &EffectiveWeights) -> Self {
        let shown = records.iter().filter(|record| match mode {
            Mode::Normal => record.is_usable(),
            Mode::Spray => record.is_wanted(),
            Mode::Refuse { .. } => false,
        });
        let seats = shown.map(|record| Seat {
            vitals: record.backend.vitals.clone(),
            weight: weights.of(record),
            usable: record.is_usable(),
            limited: record.backend.max_in_flight.is_some(),
            value: record.backend.value.clone(),
            backend: record.backend.clone(),
        });
        let seats: Box<[_]> = seats.collect();
        let ids = seats.iter().map(|seat: &Seat<T>| seat.backend.id());
        let ids = ids.collect();
        let members = records.iter().map(|record| Member {
            id: record.backend.id(),
            weight: if record.is_wanted() {
                record.backend.weight
            } else {
                0
            },
            priority: record.backend.priority(),
            zone: record.backend.profile.zone.clone(),
            labels: record.backend.profile.labels.clone(),
            usable: record.is_usable(),
        });
        Self {
            seats,
            ids,
            members: members.collect(),
        }
    }
}
