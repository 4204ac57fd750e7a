//! Those who watch a set, and what they have seen.
//!
//! # Invariants
//!
//! * One caller at a time calls a sink: it has marked the watcher busy under the lock. Whoever changes the set meanwhile leaves the watcher
//!   to that caller, which looks again when the sink returns. So the latest set always arrives, and nothing is queued.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Entries;

pub(super) type Heard<T> = Arc<dyn Fn(&Entries<T>) + Send + Sync>;

pub(super) struct Watchers<T> {
    last: u64,
    all: BTreeMap<u64, Watcher<T>>,
}

struct Watcher<T> {
    sink: Heard<T>,
    /// The version that it was told last.
    seen: Option<u64>,
    busy: bool,
}

impl<T> Watchers<T> {
    pub(super) const fn new() -> Self {
        Self {
            last: 0,
            all: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, sink: Heard<T>) -> u64 {
        self.last += 1;
        let watcher = Watcher {
            sink,
            seen: None,
            busy: false,
        };
        self.all.insert(self.last, watcher);
        self.last
    }

    /// What is removed is dropped by the caller, behind the lock.
    pub(super) fn remove(&mut self, id: u64) -> Option<Heard<T>> {
        self.all.remove(&id).map(|watcher| watcher.sink)
    }

    /// One that does not know this version. Whoever gets it tells it, and then calls [`told`](Self::told).
    pub(super) fn next(&mut self, version: u64) -> Option<(u64, Heard<T>)> {
        let behind = |watcher: &&mut Watcher<T>| !watcher.busy && watcher.seen != Some(version);
        let mut all = self.all.iter_mut();
        let (id, watcher) = all.find(|(_, watcher)| behind(watcher))?;
        watcher.busy = true;
        watcher.seen = Some(version);
        Some((*id, watcher.sink.clone()))
    }

    pub(super) fn told(&mut self, id: u64) {
        if let Some(watcher) = self.all.get_mut(&id) {
            watcher.busy = false;
        }
    }
}
