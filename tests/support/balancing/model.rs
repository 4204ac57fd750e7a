//! What a balancer is to do, by lists and scans.

use std::collections::BTreeMap;

use tenfold::balance::{Error, NoBackend};

pub(crate) const LIMIT: usize = 4;

/// A change of one backend.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Add(Plain),
    Put(Plain),
    Remove(String),
    Weight(String, u32),
    Value(String, u32),
    Enabled(String, bool),
    Draining(String, bool),
    ReplaceAll(Vec<Plain>),
}

/// What a backend is to be.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) key: String,
    pub(crate) value: u32,
    pub(crate) weight: u32,
    pub(crate) most: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) spec: Plain,
    enabled: bool,
    draining: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) set: Vec<Backend>,
    /// Also of those that have left.
    in_flight: BTreeMap<String, u64>,
}

impl Backend {
    fn new(spec: &Plain) -> Self {
        Self {
            spec: spec.clone(),
            enabled: true,
            draining: false,
        }
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.enabled && !self.draining && self.spec.weight > 0
    }
}

impl Model {
    /// Added, removed, changed.
    pub(crate) fn update(&mut self, edits: &[Edit]) -> Result<[usize; 3], Error> {
        let (before, mut done) = (self.set.clone(), [0; 3]);
        let mut made = edits.iter().try_for_each(|edit| self.edit(edit, &mut done));
        let count = self.set.len();
        if made.is_ok() && count > LIMIT {
            made = Err(Error::TooMany {
                count,
                limit: LIMIT,
            });
        }
        if made.is_err() {
            self.set = before;
        }
        made.map(|()| done)
    }

    fn edit(&mut self, edit: &Edit, done: &mut [usize; 3]) -> Result<(), Error> {
        let unknown = |key: &str| Error::UnknownKey { key: key.into() };
        match edit {
            Edit::Add(spec) if self.find(&spec.key).is_some() => {
                return Err(Error::DuplicateKey {
                    key: spec.key.as_str().into(),
                });
            }
            Edit::Add(spec) | Edit::Put(spec) => {
                if let Some(known) = self.find(&spec.key) {
                    known.spec = spec.clone();
                    known.draining &= !matches!(edit, Edit::Put(_));
                    done[2] += 1;
                } else {
                    self.set.push(Backend::new(spec));
                    done[0] += 1;
                }
            }
            Edit::Remove(key) => {
                self.find(key).ok_or_else(|| unknown(key))?;
                self.set.retain(|backend| backend.spec.key != *key);
                done[1] += 1;
            }
            Edit::ReplaceAll(specs) => {
                let mut keys = std::collections::HashSet::new();
                if let Some(twice) = specs.iter().find(|spec| !keys.insert(&spec.key)) {
                    let key = twice.key.as_str().into();
                    return Err(Error::DuplicateKey { key });
                }
                let before = self.set.len();
                self.set
                    .retain(|backend| specs.iter().any(|spec| spec.key == backend.spec.key));
                done[1] += before - self.set.len();
                for spec in specs {
                    let draining = self.find(&spec.key).is_some_and(|known| known.draining);
                    self.edit(&Edit::Put(spec.clone()), done)?;
                    // Who drains goes on draining.
                    if let Some(known) = self.find(&spec.key) {
                        known.draining = draining;
                    }
                }
            }
            Edit::Weight(key, weight) => {
                self.find(key).ok_or_else(|| unknown(key))?.spec.weight = *weight;
                done[2] += 1;
            }
            Edit::Value(key, value) => {
                self.find(key).ok_or_else(|| unknown(key))?.spec.value = *value;
                done[2] += 1;
            }
            Edit::Enabled(key, enabled) => {
                self.find(key).ok_or_else(|| unknown(key))?.enabled = *enabled;
                done[2] += 1;
            }
            Edit::Draining(key, draining) => {
                self.find(key).ok_or_else(|| unknown(key))?.draining = *draining;
                done[2] += 1;
            }
        }
        Ok(())
    }

    fn find(&mut self, key: &str) -> Option<&mut Backend> {
        self.set.iter_mut().find(|backend| backend.spec.key == key)
    }

    /// Whoever may be chosen, or why nobody may.
    pub(crate) fn choices(&self, tried: &[String]) -> Result<Vec<&Plain>, NoBackend> {
        let usable: Vec<_> = self
            .set
            .iter()
            .filter(|backend| backend.is_usable())
            .collect();
        if self.set.is_empty() {
            return Err(NoBackend::Empty);
        }
        if usable.is_empty() {
            return Err(NoBackend::AllUnavailable {
                total: self.set.len(),
            });
        }
        let untried = usable
            .into_iter()
            .filter(|backend| !tried.contains(&backend.spec.key));
        let untried: Vec<_> = untried.map(|backend| &backend.spec).collect();
        if untried.is_empty() {
            return Err(NoBackend::AllExcluded);
        }
        let has_room = |spec: &&Plain| {
            spec.most
                .is_none_or(|most| self.in_flight(&spec.key) < most)
        };
        let choices: Vec<_> = untried.into_iter().filter(has_room).collect();
        if choices.is_empty() {
            return Err(NoBackend::Overloaded);
        }
        Ok(choices)
    }

    pub(crate) fn in_flight(&self, key: &str) -> u64 {
        self.in_flight.get(key).copied().unwrap_or(0)
    }

    pub(crate) fn enter(&mut self, key: &str) {
        *self.in_flight.entry(key.to_owned()).or_default() += 1;
    }

    pub(crate) fn leave(&mut self, key: &str) {
        *self.in_flight.entry(key.to_owned()).or_default() -= 1;
    }

    /// Of those that are in the set.
    pub(crate) fn total_in_flight(&self) -> u64 {
        let of = |backend: &Backend| self.in_flight(&backend.spec.key);
        self.set.iter().map(of).sum()
    }
}
