//! The set of backends as it is published: whole, and replaced whole.
//!
//! A change is computed from the state before it, outside all locks, and published unless another was published meanwhile; then it is
//! computed again. So no change is lost, and the policy's plan always belongs to the backends beside it.

use super::backend::Backend;
use super::house::House;
use super::roster::Roster;
use super::vitals::Vitals;
use super::weights::EffectiveWeights;
use super::{BackendId, Change, NoBackend};
use crate::health::{Panic, SlowStart};
use crate::kernel::clock::Tick;
use crate::kernel::sync::{Arc, AtomicBool};

/// A backend and whether it may be chosen.
pub(super) struct Record<T> {
    pub(super) backend: Arc<Backend<T>>,
    pub(super) standing: Standing,
}

impl<T> Clone for Record<T> {
    fn clone(&self) -> Self {
        Self {
            backend: self.backend.clone(),
            standing: self.standing,
        }
    }
}

/// What keeps a backend from being chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) enabled: bool,
    pub(super) draining: bool,
    /// As its checks have it.
    pub(super) up: bool,
    pub(super) ejected: bool,
    /// Since when it starts slowly.
    pub(super) warming: Option<Tick>,
}

impl Standing {
    pub(super) const NEW: Self = Self {
        enabled: true,
        draining: false,
        up: true,
        ejected: false,
        warming: None,
    };
}

impl<T> Record<T> {
    /// Whether somebody wants it to be chosen.
    pub(super) fn is_wanted(&self) -> bool {
        self.standing.enabled && !self.standing.draining && self.backend.weight > 0
    }

    pub(super) fn is_usable(&self) -> bool {
        self.is_wanted() && self.standing.up && !self.standing.ejected
    }
}

/// Whether as many are in order as should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Normal,
    /// Whoever is wanted may be chosen.
    Spray,
    /// Nobody may.
    Refuse {
        usable: usize,
    },
}

type ById = Vec<(BackendId, u32)>;
type Leaving = (BackendId, Arc<Vitals>);

pub(super) struct State<T, Plan> {
    /// In the order in which they came.
    pub(super) records: Vec<Record<T>>,
    /// Sorted.
    by_id: ById,
    /// Those that have left and may still have leases.
    pub(super) left: Vec<Leaving>,
    pub(super) mode: Mode,
    pub(super) roster: Roster<T>,
    /// For the roster; there is none for nobody.
    pub(super) plan: Option<Plan>,
    /// Whether the policy was asked for a better plan, or needs not be.
    pub(super) refined: AtomicBool,
    /// When those that start slowly get more.
    pub(super) next_step: Option<Tick>,
    /// When it was computed.
    pub(super) as_of: Tick,
}

/// What a state depends on besides its records.
#[derive(Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) now: Tick,
    pub(super) panic: Panic,
    pub(super) slow_start: Option<SlowStart>,
}

impl<T, Plan> State<T, Plan> {
    pub(super) fn empty() -> Self {
        Self {
            records: Vec::new(),
            by_id: Vec::new(),
            left: Vec::new(),
            mode: Mode::Normal,
            roster: Roster::empty(),
            plan: None,
            refined: AtomicBool::new(true),
            next_step: None,
            as_of: Tick::ZERO,
        }
    }

    /// The state with these records, which `change` made of this one's.
    pub(super) fn next(
        &self,
        mut records: Vec<Record<T>>,
        change: Change,
        circumstances: Circumstances,
        plan: impl FnOnce(&Roster<T>) -> (Plan, bool),
    ) -> Self {
        let Circumstances {
            now,
            panic,
            slow_start,
        } = circumstances;
        self.judge(&mut records, slow_start, now);
        let (by_id, left) = self.membership(&records, change);
        let mode = mode(&records, panic);
        let weights = EffectiveWeights::new(&records, slow_start, now);
        let roster = Roster::new(&records, mode, &weights);
        let (plan, refined) = (!roster.seats.is_empty()).then(|| plan(&roster)).unzip();
        Self {
            records,
            by_id,
            left,
            mode,
            roster,
            plan,
            refined: AtomicBool::new(refined.unwrap_or(true)),
            next_step: weights.next_step,
            as_of: now,
        }
    }

    /// Who is where, and who is on their way out: not among `records`, and with leases or with somebody who may begin one.
    fn membership(&self, records: &[Record<T>], change: Change) -> (ById, Vec<Leaving>) {
        // Whoever has a lease, or an older state to take one from, holds the vitals as well; one share is the old list's.
        let earlier = self
            .left
            .iter()
            .filter(|(_, vitals)| Arc::strong_count(vitals) > 1);
        if (change.added, change.removed) == (0, 0) {
            return (self.by_id.clone(), earlier.cloned().collect());
        }
        let ids = records.iter().map(|record| record.backend.id());
        let mut by_id: Vec<_> = ids.zip(0..).collect();
        by_id.sort_unstable();
        let is_here = |id: BackendId| by_id.binary_search_by_key(&id, |(id, _)| *id).is_ok();
        let returned = |(id, _): &&Leaving| is_here(*id);
        let gone = self.by_id.iter().filter(|(id, _)| !is_here(*id));
        let gone = gone.filter_map(|(id, index)| {
            let record = self.records.get(*index as usize)?;
            Some((*id, record.backend.vitals.clone()))
        });
        let left = earlier
            .filter(|leaving| !returned(leaving))
            .cloned()
            .chain(gone)
            .collect();
        (by_id, left)
    }

    /// Begins and ends slow starts.
    fn judge(&self, records: &mut [Record<T>], slow_start: Option<SlowStart>, now: Tick) {
        let Some(slow_start) = slow_start else { return };
        // If everybody is new there is nobody who could take more meanwhile.
        let settled = |record: &Record<T>| record.is_usable() && record.standing.warming.is_none();
        let some_settled = self.records.iter().any(settled);
        for record in records {
            let was_usable = self
                .record(record.backend.id())
                .is_some_and(Record::is_usable);
            let warming = &mut record.standing.warming;
            if warming.is_some_and(|since| now.since(since) >= slow_start.window) {
                *warming = None;
            }
            if record.is_usable() && !was_usable {
                record.standing.warming = some_settled.then_some(now);
            }
        }
    }

    /// The same with a better plan.
    pub(super) fn with_plan(&self, plan: Plan) -> Self {
        Self {
            records: self.records.clone(),
            by_id: self.by_id.clone(),
            left: self.left.clone(),
            mode: self.mode,
            roster: self.roster.clone(),
            plan: Some(plan),
            refined: AtomicBool::new(true),
            next_step: self.next_step,
            as_of: self.as_of,
        }
    }

    pub(super) fn index_of(&self, id: BackendId) -> Option<usize> {
        let place = self
            .by_id
            .binary_search_by_key(&id, |(known, _)| *known)
            .ok()?;
        self.by_id.get(place).map(|(_, index)| *index as usize)
    }

    pub(super) fn record(&self, id: BackendId) -> Option<&Record<T>> {
        self.records.get(self.index_of(id)?)
    }

    /// Why there is no plan.
    #[cold]
    pub(super) fn refusal(&self) -> NoBackend {
        let total = self.records.len();
        match self.mode {
            _ if total == 0 => NoBackend::Empty,
            Mode::Refuse { usable } => NoBackend::Panic { usable, total },
            Mode::Normal | Mode::Spray => NoBackend::AllUnavailable { total },
        }
    }

    /// What goes on at a backend of this id, here or on its way out.
    pub(super) fn vitals_of(&self, id: BackendId) -> Option<Arc<Vitals>> {
        let left = || {
            self.left
                .iter()
                .find(|(known, _)| *known == id)
                .map(|(_, vitals)| vitals.clone())
        };
        self.record(id)
            .map(|record| record.backend.vitals.clone())
            .or_else(left)
    }

    pub(super) fn new_vitals(&self, id: BackendId, house: &Arc<House>) -> Arc<Vitals> {
        self.vitals_of(id)
            .unwrap_or_else(|| Arc::new(Vitals::new(house.clone())))
    }
}

fn mode<T>(records: &[Record<T>], panic: Panic) -> Mode {
    let wanted = records.iter().filter(|record| record.is_wanted()).count();
    let usable = records.iter().filter(|record| record.is_usable()).count();
    let is_below = |percent: u8| usable * 100 < wanted * usize::from(percent);
    match panic {
        Panic::Spray { below } if is_below(below) => Mode::Spray,
        Panic::FailFast { below } if is_below(below) => Mode::Refuse { usable },
        _ => Mode::Normal,
    }
}
