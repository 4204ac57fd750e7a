//! A registry of this process.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::super::Error;
use super::watchers::Watchers;
use super::{Entries, Registration, Registry, Sink, Subscription};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::sync::Mutex;
use crate::kernel::upkeep::{Nudger, Periodic, Upkeep, shielded};

/// Entries that there may be.
const MOST: usize = 1 << 16;

/// A registry in this process, whose entries expire unless they show signs of life. Clones are handles to one registry.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::ManualClock;
/// use tenfold::health::registry::InProcess;
///
/// let clock = ManualClock::new();
/// let registry = InProcess::with_clock(clock.clone());
/// let web = registry.register("web-1", "10.0.0.1:80", Duration::from_secs(10))?;
/// clock.advance(Duration::from_secs(9));
/// web.heartbeat()?;
/// clock.advance(Duration::from_secs(9));
/// assert_eq!(registry.entries().len(), 1);
/// clock.advance(Duration::from_secs(1));
/// assert!(registry.entries().is_empty() && web.heartbeat().is_err());
/// # Ok::<(), tenfold::health::Error>(())
/// ```
///
/// # Complexity
///
/// Registering, a heartbeat and a removal take O(log n) steps under a lock; each change makes the whole set anew if somebody watches. There
/// may be 65 536 entries.
///
/// # What ends when
///
/// The registry goes on as long as there is a handle or a [`Registration`]: entries expire and subscribers are told also when only
/// registrations are left. A registration that is dropped takes its entry out. A [`Subscription`] that is dropped ends its sink, and keeps
/// nothing going: when the last handle and the last registration are gone, so are the sinks, which have been told the empty set.
pub struct InProcess<T, C = MonotonicClock>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    pub(super) shared: Arc<Shared<T, C>>,
    /// Stops with the last handle and the last registration, each of which holds it. What it calls knows neither.
    _periodic: Arc<Periodic<Expiry<T, C>, Arc<C>>>,
}

pub(super) struct Shared<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    clock: Arc<C>,
    state: Mutex<State<T>>,
    nudger: OnceLock<Nudger<Expiry<T, C>, Arc<C>>>,
}

struct State<T> {
    lives: u64,
    /// Counts the changes.
    version: u64,
    entries: BTreeMap<Arc<str>, Entry<T>>,
    expiries: BTreeSet<(Tick, Arc<str>)>,
    watchers: Watchers<T>,
}

struct Entry<T> {
    life: u64,
    value: Arc<T>,
    ttl: Duration,
    expires: Tick,
}

pub(super) struct Expiry<T, C>(Arc<Shared<T, C>>)
where
    T: Send + Sync + 'static,
    C: Clock + 'static;

impl<T, C> Upkeep for Expiry<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn upkeep(&self, now: Tick) -> Option<Tick> {
        let mut gone = Vec::new();
        let mut state = self.0.state.lock();
        while state.expiries.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, key)) = state.expiries.pop_first() {
                gone.push(state.entries.remove(&key));
                state.version += 1;
            }
        }
        let next = state.expiries.first().map(|(at, _)| *at);
        drop(state);
        drop(gone);
        self.0.publish();
        next
    }
}

impl<T: Send + Sync + 'static> InProcess<T> {
    /// An empty registry on the process's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(MonotonicClock::new())
    }
}

impl<T: Send + Sync + 'static> Default for InProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, C> InProcess<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    /// An empty registry.
    #[must_use]
    pub fn with_clock(clock: C) -> Self {
        let clock = Arc::new(clock);
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            state: Mutex::new(State {
                lives: 0,
                version: 0,
                entries: BTreeMap::new(),
                expiries: BTreeSet::new(),
                watchers: Watchers::new(),
            }),
            nudger: OnceLock::new(),
        });
        let periodic = Periodic::new(Arc::new(Expiry(shared.clone())), clock);
        // Nobody else sets it.
        let _ = shared.nudger.set(periodic.nudger());
        Self {
            shared,
            _periodic: Arc::new(periodic),
        }
    }

    /// Adds an entry, for as long as the registration is kept and shows signs of life every `ttl`.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateKey`] if there is one of this key, [`Error::TooMany`] if there are as many as may be, [`Error::BadSetting`] for a
    /// `ttl` of zero.
    pub fn register(
        &self,
        key: &str,
        value: T,
        ttl: Duration,
    ) -> Result<Registration<T, C>, Error> {
        Error::unless(!ttl.is_zero(), "ttl must be above zero")?;
        let value = Arc::new(value);
        let expires = self.shared.clock.now().saturating_add(ttl);
        let key: Arc<str> = key.into();
        let mut state = self.shared.state.lock();
        if state.entries.contains_key(&key) {
            let key = (&*key).into();
            return Err(Error::DuplicateKey { key });
        }
        if state.entries.len() >= MOST {
            return Err(Error::TooMany { limit: MOST });
        }
        state.lives += 1;
        state.version += 1;
        let life = state.lives;
        let entry = Entry {
            life,
            value,
            ttl,
            expires,
        };
        state.entries.insert(key.clone(), entry);
        state.expiries.insert((expires, key.clone()));
        drop(state);
        self.shared.publish();
        self.shared.nudge(expires);
        Ok(Registration::new(self.clone(), key, life))
    }

    /// Who is there now.
    #[must_use]
    pub fn entries(&self) -> Entries<T> {
        self.shared.state.lock().entries()
    }
}

impl<T> State<T> {
    fn entries(&self) -> Entries<T> {
        let all = self.entries.iter();
        all.map(|(key, entry)| (key.clone(), entry.value.clone()))
            .collect()
    }
}

impl<T, C> Shared<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    /// Tells all that don't know the latest set, unless somebody does.
    fn publish(&self) {
        loop {
            let mut state = self.state.lock();
            let version = state.version;
            let Some((id, sink)) = state.watchers.next(version) else {
                return;
            };
            let entries = state.entries();
            drop(state);
            shielded(|| sink(&entries));
            // Both may be the last ones.
            shielded(|| drop((sink, entries)));
            self.state.lock().watchers.told(id);
        }
    }

    fn nudge(&self, due: Tick) {
        if let Some(nudger) = self.nudger.get() {
            nudger.nudge(due);
        }
    }

    /// A sign of life. Whether the entry is there still.
    pub(super) fn heartbeat(&self, key: &Arc<str>, life: u64) -> bool {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some(entry) = state
            .entries
            .get_mut(key)
            .filter(|entry| entry.life == life)
        else {
            return false;
        };
        let expires = now.saturating_add(entry.ttl);
        let was = std::mem::replace(&mut entry.expires, expires);
        state.expiries.remove(&(was, key.clone()));
        state.expiries.insert((expires, key.clone()));
        drop(state);
        self.nudge(expires);
        true
    }

    pub(super) fn deregister(&self, key: &Arc<str>, life: u64) {
        let mut state = self.state.lock();
        if state
            .entries
            .get(key)
            .is_none_or(|entry| entry.life != life)
        {
            return;
        }
        let entry = state.entries.remove(key);
        if let Some(entry) = &entry {
            state.expiries.remove(&(entry.expires, key.clone()));
        }
        state.version += 1;
        drop(state);
        drop(entry);
        self.publish();
    }
}

impl<T, C> Registry<T> for InProcess<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn watch(&self, sink: Sink<T>) -> Subscription {
        let id = self.shared.state.lock().watchers.add(Arc::from(sink));
        self.shared.publish();
        let shared = Arc::downgrade(&self.shared);
        Subscription::new(move || {
            if let Some(shared) = shared.upgrade() {
                let sink = shared.state.lock().watchers.remove(id);
                drop(sink);
            }
        })
    }
}

impl<T, C> Clone for InProcess<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            _periodic: self._periodic.clone(),
        }
    }
}

impl<T, C> fmt::Debug for InProcess<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.shared.state.lock().entries.len();
        f.debug_struct("InProcess")
            .field("len", &len)
            .finish_non_exhaustive()
    }
}
