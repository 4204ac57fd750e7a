//! A list of changes, and what it makes of a set.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::backend::Backend;
use super::house::House;
use super::spec::Spec;
use super::state::{Record, Standing, State};
use super::vitals::Vitals;
use super::{BackendId, Error};
use crate::kernel::sync::Arc as Modelled;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// Changes of the set of backends, to be published as one: see [`Balancer::update`](super::Balancer::update).
///
/// They apply in the order in which they are listed. If one of them can't be made, none is.
#[derive(Debug)]
pub struct Changes<T> {
    list: Vec<Edit<T>>,
}

#[derive(Debug)]
enum Edit<T> {
    Add(Spec<T>),
    Put(Spec<T>),
    /// As `Put`, but whoever drains goes on draining.
    Keep(Spec<T>),
    Remove(Box<str>),
    Weight(Box<str>, u32),
    Value(Box<str>, Arc<T>),
    Enabled(Box<str>, bool),
    Draining(Box<str>, bool),
    /// Everything else is removed.
    Only(Vec<BackendId>),
    /// Refused.
    Twice(Box<str>),
    /// If it is still draining, and has finished.
    Drained(BackendId),
}

/// What a list of changes did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Backends that are new.
    pub added: usize,
    /// Backends that have left.
    pub removed: usize,
    /// Backends that stayed, and were named by a change.
    pub changed: usize,
}

/// What a list of changes makes of a state.
pub(super) struct Merged<T> {
    pub(super) records: Vec<Record<T>>,
    pub(super) done: Done,
}

/// What a list of changes did, and has yet to do when it is published.
pub(super) struct Done {
    pub(super) change: Change,
    /// Whom to let nobody enter any more, or again; the later ones count.
    gates: Vec<(Modelled<Vitals>, bool)>,
}

impl Done {
    /// Closes and opens, as the state has it that was just published.
    pub(super) fn set_gates(&mut self) {
        self.gates.retain(|(vitals, closed)| vitals.close(*closed));
    }

    /// Tells those who wait for a drain that it was called off.
    pub(super) fn tell(self) -> Change {
        self.gates
            .iter()
            .for_each(|(vitals, _)| vitals.wake_drains());
        self.change
    }
}

impl<T> Changes<T> {
    pub(super) const fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// Adds a backend; refused if there is one of its key.
    pub fn add(&mut self, spec: impl Into<Spec<T>>) -> &mut Self {
        self.push(Edit::Add(spec.into()))
    }

    /// Adds a backend, or makes the one of its key as `spec` has it. If it drains, it is put back into service.
    pub fn put(&mut self, spec: impl Into<Spec<T>>) -> &mut Self {
        self.push(Edit::Put(spec.into()))
    }

    /// Removes a backend. Its leases end when they end.
    pub fn remove(&mut self, key: impl AsRef<str>) -> &mut Self {
        self.push(Edit::Remove(key.as_ref().into()))
    }

    /// Changes a weight; at 0 the backend gets nothing new.
    pub fn set_weight(&mut self, key: impl AsRef<str>, weight: u32) -> &mut Self {
        self.push(Edit::Weight(key.as_ref().into(), weight))
    }

    /// Changes a value. Leases that there are keep the one they have.
    pub fn set_value(&mut self, key: impl AsRef<str>, value: T) -> &mut Self {
        self.push(Edit::Value(key.as_ref().into(), Arc::new(value)))
    }

    /// Takes a backend out of service, or puts it back.
    pub fn set_enabled(&mut self, key: impl AsRef<str>, enabled: bool) -> &mut Self {
        self.push(Edit::Enabled(key.as_ref().into(), enabled))
    }

    /// Lets a backend finish what it has and take nothing new, or puts it back. [`Balancer::drain`](super::Balancer::drain) also tells when
    /// it has finished.
    pub fn set_draining(&mut self, key: impl AsRef<str>, draining: bool) -> &mut Self {
        self.push(Edit::Draining(key.as_ref().into(), draining))
    }

    /// Removes all that are not among `specs`, and adds these or makes those that are there as `specs` has them. Backends that drain or are
    /// [disabled](Self::set_enabled) stay so. Refused if two specs have one key.
    pub fn replace_all(&mut self, specs: Vec<Spec<T>>) -> &mut Self {
        let mut keys = HashSet::new();
        if let Some(twice) = specs.iter().find(|spec| !keys.insert(spec.key())) {
            let key = twice.key().into();
            return self.push(Edit::Twice(key));
        }
        self.push(Edit::Only(
            specs.iter().map(|spec| spec.profile.id).collect(),
        ));
        self.list.extend(specs.into_iter().map(Edit::Keep));
        self
    }

    pub(super) fn remove_drained(&mut self, id: BackendId) -> &mut Self {
        self.push(Edit::Drained(id))
    }

    /// Whether backends come, go or get another value.
    pub(super) fn touch_targets(&self) -> bool {
        self.list.iter().any(|edit| {
            !matches!(
                edit,
                Edit::Weight(..) | Edit::Enabled(..) | Edit::Draining(..)
            )
        })
    }

    fn push(&mut self, edit: Edit<T>) -> &mut Self {
        self.list.push(edit);
        self
    }

    /// What these changes make of `state`.
    pub(super) fn merge<Plan>(
        &self,
        state: &State<T, Plan>,
        house: &Modelled<House>,
        limit: usize,
    ) -> Result<Merged<T>, Error> {
        let mut draft = Draft {
            records: state.records.iter().cloned().map(Some).collect(),
            added: HashMap::new(),
            done: Done {
                change: Change::default(),
                gates: Vec::new(),
            },
            state,
            house,
        };
        self.list.iter().try_for_each(|edit| draft.apply(edit))?;
        let Draft { records, done, .. } = draft;
        let records: Vec<_> = records.into_iter().flatten().collect();
        let count = records.len();
        if count > limit {
            return Err(Error::TooMany { count, limit });
        }
        Ok(Merged { records, done })
    }
}

/// Records while they are changed.
struct Draft<'d, T, Plan> {
    /// Those of the state and those added after them; `None` where one was removed.
    records: Vec<Option<Record<T>>>,
    added: HashMap<BackendId, usize>,
    done: Done,
    state: &'d State<T, Plan>,
    house: &'d Modelled<House>,
}

impl<T, Plan> Draft<'_, T, Plan> {
    fn place(&self, id: BackendId) -> Option<usize> {
        let place = self
            .added
            .get(&id)
            .copied()
            .or_else(|| self.state.index_of(id))?;
        self.records.get(place)?.as_ref().map(|_| place)
    }

    fn apply(&mut self, edit: &Edit<T>) -> Result<(), Error> {
        match edit {
            Edit::Add(spec) => match self.known(&spec.profile.key)? {
                Some(_) => Err(Error::DuplicateKey {
                    key: (&*spec.profile.key).into(),
                }),
                None => {
                    self.add(spec);
                    Ok(())
                }
            },
            Edit::Put(spec) | Edit::Keep(spec) => {
                match self.known(&spec.profile.key)? {
                    Some(place) => self.put(place, spec, matches!(edit, Edit::Put(_))),
                    None => self.add(spec),
                }
                Ok(())
            }
            Edit::Remove(key) => {
                let place = self
                    .known(key)?
                    .ok_or_else(|| Error::UnknownKey { key: key.clone() })?;
                self.remove(place);
                Ok(())
            }
            Edit::Only(ids) => {
                let ids: HashSet<_> = ids.iter().collect();
                for place in 0..self.records.len() {
                    let record = self.records.get(place).and_then(Option::as_ref);
                    if record.is_some_and(|record| !ids.contains(&record.backend.id())) {
                        self.remove(place);
                    }
                }
                Ok(())
            }
            Edit::Weight(key, weight) => self.rebuild(key, |backend| backend.weight = *weight),
            Edit::Value(key, value) => self.rebuild(key, |backend| backend.value = value.clone()),
            Edit::Enabled(key, enabled) => self.stand(key, |standing| standing.enabled = *enabled),
            Edit::Draining(key, draining) => self.drain(key, *draining),
            Edit::Twice(key) => Err(Error::DuplicateKey { key: key.clone() }),
            Edit::Drained(id) => {
                let place = self.place(*id);
                let record = place.and_then(|place| self.records.get(place)?.as_ref());
                // While this state is the last, the word stays closed: so if it is drained now it is when this is published.
                let has_finished = |record: &Record<T>| {
                    record.standing.draining
                        && (record.backend.vitals.is_drained() || faulty(Fault::RemoveUndrained))
                };
                if let Some(place) = place.filter(|_| record.is_some_and(has_finished)) {
                    self.remove(place);
                }
                Ok(())
            }
        }
    }

    /// Where the backend of this key is. Refused if another key has its id.
    fn known(&self, key: &str) -> Result<Option<usize>, Error> {
        let place = self.place(BackendId::of(key));
        let record = place.and_then(|place| self.records.get(place)?.as_ref());
        match record {
            Some(record) if record.backend.key() != key => Err(Error::SameId {
                keys: Box::new((key.into(), record.backend.key().into())),
            }),
            _ => Ok(place),
        }
    }

    fn add(&mut self, spec: &Spec<T>) {
        let id = spec.profile.id;
        let vitals = self.state.new_vitals(id, self.house);
        // It may have left while it drained.
        self.done.gates.push((vitals.clone(), false));
        if self.state.record(id).is_none() {
            // What checks said of it earlier is over.
            vitals.verdict.forget();
        }
        self.added.insert(id, self.records.len());
        self.records.push(Some(Record {
            backend: Modelled::new(Backend {
                profile: Arc::new(spec.profile.clone()),
                value: spec.value.clone(),
                weight: spec.weight,
                max_in_flight: spec.max_in_flight,
                vitals,
            }),
            standing: Standing::NEW,
        }));
        self.done.change.added += 1;
    }

    fn put(&mut self, place: usize, spec: &Spec<T>, resume: bool) {
        let Some(Some(record)) = self.records.get_mut(place) else {
            return;
        };
        let before = &record.backend;
        let profile = if *before.profile == spec.profile {
            before.profile.clone()
        } else {
            Arc::new(spec.profile.clone())
        };
        record.backend = Modelled::new(Backend {
            profile,
            value: spec.value.clone(),
            weight: spec.weight,
            max_in_flight: spec.max_in_flight,
            vitals: before.vitals.clone(),
        });
        if resume && record.standing.draining {
            record.standing.draining = false;
            let vitals = record.backend.vitals.clone();
            self.done.gates.push((vitals, false));
        }
        self.done.change.changed += 1;
    }

    fn remove(&mut self, place: usize) {
        if self.records.get_mut(place).and_then(Option::take).is_some() {
            self.done.change.removed += 1;
        }
    }

    fn found(&mut self, key: &str) -> Result<&mut Record<T>, Error> {
        let unknown = || Error::UnknownKey { key: key.into() };
        let place = self.known(key)?.ok_or_else(unknown)?;
        self.done.change.changed += 1;
        self.records
            .get_mut(place)
            .and_then(Option::as_mut)
            .ok_or_else(unknown)
    }

    fn rebuild(&mut self, key: &str, change: impl FnOnce(&mut Backend<T>)) -> Result<(), Error> {
        let record = self.found(key)?;
        let mut backend = record.backend.again();
        change(&mut backend);
        record.backend = Modelled::new(backend);
        Ok(())
    }

    fn stand(&mut self, key: &str, change: impl FnOnce(&mut Standing)) -> Result<(), Error> {
        change(&mut self.found(key)?.standing);
        Ok(())
    }

    /// The word is closed or opened when the state is published, and neither if it isn't.
    fn drain(&mut self, key: &str, draining: bool) -> Result<(), Error> {
        let record = self.found(key)?;
        record.standing.draining = draining;
        let vitals = record.backend.vitals.clone();
        self.done.gates.push((vitals, draining));
        Ok(())
    }
}
