//! Active checks of the backends of a balancer.
//!
//! The flag of a backend says what its checks say; whoever changes it publishes the set anew afterwards. The monitor follows the set: after
//! each publication it is given the backends of the state that is current then, until that state is still current afterwards; so however
//! publications overtake each other, the last one is followed.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::core::Inner;
use super::policy::Policy;
use super::state::Record;
use super::verdict::Watched;
use super::{BackendId, Balancer};
use crate::health::{Active, AsyncCheck, Check, CheckTask, Error, Initial, Monitor, Stats, Status};
use crate::kernel::clock::{Clock, Tick};

/// Checks the backends of a [`Balancer`]: made by [`Balancer::watch`]. Without it they count as in order again.
#[must_use = "the checks stop when this is dropped"]
pub struct Watch {
    watching: Arc<dyn Watching>,
}

impl Watch {
    /// What the checks of a backend say.
    #[must_use]
    pub fn status(&self, key: &str) -> Option<Status> {
        self.watching.status(key)
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.watching.stats()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watching.end();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

trait Watching: Send + Sync {
    fn status(&self, key: &str) -> Option<Status>;
    fn stats(&self) -> Stats;
    fn end(&self);
}

/// What a balancer tells whoever checks its backends.
pub(super) trait Follow<T>: Send + Sync {
    /// These are the backends.
    fn follow(&self, records: &[Record<T>]);
    /// What checks say of the backend of this key.
    fn status_of(&self, key: &str) -> Option<Status>;
    /// Later ones have higher numbers.
    fn number(&self) -> u64;
    /// Does what is due, if that is the caller's to do.
    fn upkeep(&self, now: Tick) -> Option<Tick>;
}

/// The number of the next watch of any balancer.
static NEXT: AtomicU64 = AtomicU64::new(1);

struct Watcher<T: Send + Sync + 'static, P: Policy, C: Clock + 'static> {
    number: u64,
    monitor: Monitor<Arc<T>, C>,
    inner: Weak<Inner<T, P, C>>,
}

impl<T, P, C> Balancer<T, P, C>
where
    T: Send + Sync + 'static,
    P: Policy,
    C: Clock + Clone + 'static,
{
    /// Has the backends checked, those of now and those that come: who fails its checks is not chosen.
    ///
    /// Backends that are there count as in order until their checks say something else, or as [`Active::initial`] has it; those that come
    /// later are chosen once a check has passed, unless they are [`Initial::Healthy`]. A backend whose checks pass again is back, also if
    /// it had been taken out because its requests failed. A second watch takes the place of the first.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::balance::Balancer;
    /// use tenfold::health::{Active, TcpConnect};
    ///
    /// let balancer = Balancer::new(["127.0.0.1:8081", "127.0.0.1:8082"])?;
    /// let watch = balancer.watch(TcpConnect::default(), Active::default())?;
    /// println!("{:?}", watch.status("127.0.0.1:8081"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    pub fn watch(&self, check: impl Check<T> + 'static, active: Active) -> Result<Watch, Error> {
        let check = move |target: &Arc<T>| check.check(target);
        self.watch_with(Monitor::builder(check), active)
    }

    /// As [`watch`](Self::watch), with checks that are given to `spawn`, which has a runtime run them: with tokio,
    /// `let runtime = Handle::current()` and `move |task| { runtime.spawn(task); }`. It is called by a thread of this crate's.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    pub fn watch_spawning<A>(
        &self,
        check: A,
        spawn: impl Fn(CheckTask) + Send + Sync + 'static,
        active: Active,
    ) -> Result<Watch, Error>
    where
        A: AsyncCheck<T> + 'static,
    {
        self.watch_with(Monitor::spawning(OfShared(check), spawn), active)
    }

    fn watch_with(
        &self,
        builder: crate::health::Builder<Arc<T>>,
        active: Active,
    ) -> Result<Watch, Error> {
        let inner = self.inner();
        let heard = Arc::downgrade(inner);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let builder = builder
            .config(active)
            .clock(inner.clock.clone())
            .upkeep(inner.config.upkeep);
        let monitor = builder
            .on_change(move |key, status| {
                if let Some(inner) = heard.upgrade() {
                    inner.hear(number, key, status);
                }
            })
            .build()?;
        let watcher = Arc::new(Watcher {
            number,
            monitor,
            inner: Arc::downgrade(inner),
        });
        // First of all, so that nobody who is there counts as a newcomer.
        for record in &inner.state.load().records {
            let up = active.initial != Initial::Unhealthy;
            record.backend.vitals.verdict.say_first(number, up);
        }
        let mut watch = inner.watch.lock();
        let before = watch.replace(watcher.clone());
        let newcomers_up = active.initial == Initial::Healthy;
        inner.house.set_watched(Watched::by(number, newcomers_up));
        drop(watch);
        // Its monitor stops with its handle.
        drop(before);
        inner.refresh();
        inner.tell_watch();
        inner.ask_for_upkeep();
        Ok(Watch { watching: watcher })
    }
}

/// Checks what is shared by the check of what it is.
struct OfShared<A>(A);

impl<T: Send + Sync, A: AsyncCheck<T>> AsyncCheck<Arc<T>> for OfShared<A> {
    fn check(
        &self,
        target: &Arc<T>,
    ) -> impl Future<Output = Result<(), crate::health::CheckError>> + Send {
        self.0.check(target)
    }
}

impl<T, P, C> Follow<T> for Watcher<T, P, C>
where
    T: Send + Sync + 'static,
    P: Policy,
    C: Clock + 'static,
{
    fn follow(&self, records: &[Record<T>]) {
        let targets = records
            .iter()
            .map(|record| (record.backend.key(), record.backend.value.clone()));
        // There may be as many targets as backends, unless the settings say less: then nothing changes.
        let _ = self.monitor.replace(targets);
    }

    fn status_of(&self, key: &str) -> Option<Status> {
        self.monitor.status(key)
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.monitor.upkeep(now)
    }
}

impl<T, P, C> Watching for Watcher<T, P, C>
where
    T: Send + Sync + 'static,
    P: Policy,
    C: Clock + 'static,
{
    fn status(&self, key: &str) -> Option<Status> {
        self.monitor.status(key)
    }

    fn stats(&self) -> Stats {
        self.monitor.stats()
    }

    fn end(&self) {
        let Some(inner) = self.inner.upgrade() else {
            return;
        };
        let mut watch = inner.watch.lock();
        let is_own = watch
            .as_ref()
            .is_some_and(|known| known.number() == self.number);
        let ended = if is_own { watch.take() } else { None };
        if is_own {
            inner.house.set_watched(Watched::BY_NOBODY);
        }
        drop(watch);
        if ended.is_some() {
            inner.refresh();
        }
    }
}

impl<T, P: Policy, C: Clock> Inner<T, P, C> {
    /// The checks of a backend say something else than before.
    fn hear(&self, number: u64, key: &str, status: Status) {
        let id = BackendId::of(key);
        if let Some(record) = self.state.guard().record(id) {
            let vitals = &record.backend.vitals;
            if status.is_healthy() {
                // What failed before it went down says nothing of what came back.
                vitals.forget_failures();
            }
            vitals.verdict.say(number, status.is_healthy());
        }
        if let Some(ejections) = self.ejections.as_ref().filter(|_| status.is_healthy()) {
            ejections.pardon(id);
        }
        self.refresh();
    }

    /// Tells whoever checks the backends which they are, and takes over what is known of those that it knows already.
    pub(super) fn tell_watch(&self) {
        let Some(watch) = self.watch.lock().clone() else {
            return;
        };
        let mut state = self.state.load();
        loop {
            watch.follow(&state.records);
            let now = self.state.load();
            if Arc::ptr_eq(&now, &state) {
                break;
            }
            state = now;
        }
        for record in &state.records {
            let status = watch.status_of(record.backend.key());
            if status.is_some_and(|status| status != Status::Unknown) {
                let up = status.is_some_and(Status::is_healthy);
                record.backend.vitals.verdict.say_first(watch.number(), up);
            }
        }
        let watched = self.house.watched();
        let is_stale =
            |record: &Record<T>| record.standing.up != record.backend.vitals.verdict.is_up(watched);
        if state.records.iter().any(is_stale) {
            self.refresh();
        }
    }
}
