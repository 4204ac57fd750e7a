//! Building a pool.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::core::{
    Async, Blocking, BoxFuture, Core, Keep, Keeper, Quota, Runner, Spawner, Time, Verbs,
};
use super::hooks::Hooks;
use super::{
    AsyncConnect, Check, CloseReason, Config, Connect, ConnectionInfo, Error, Fairness, Held,
    Manage, OnPanic, Order, Pool, Upkeep, Verdict,
};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::upkeep::Periodic;
use crate::kernel::workers::Executor;

/// Builds a [`Pool`].
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<M: Manage> {
    manager: M,
    config: Config,
    hooks: Hooks<M::Connection>,
    clock: Arc<dyn Clock>,
    coarse: bool,
    executor: Option<Executor>,
    spawner: Option<Spawner>,
    quota: Option<Arc<dyn Quota>>,
}

/// Threads of a pool beside those that connect: they check and close.
const MORE_THREADS: u32 = 3;

/// What the pools of a group have in common.
pub(super) struct Common {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) coarse: bool,
    pub(super) executor: Option<Executor>,
    pub(super) spawner: Option<Spawner>,
}

impl<M: Manage> Builder<M> {
    pub(super) fn common(mut self, common: &Common) -> Self {
        self.clock = common.clock.clone();
        self.coarse = common.coarse;
        self.executor = common.executor;
        self.spawner.clone_from(&common.spawner);
        self
    }

    /// What can't differ in a group.
    pub(super) fn among(mut self, common: &Common, upkeep: Upkeep, quota: Arc<dyn Quota>) -> Self {
        self.clock = common.clock.clone();
        self.coarse = common.coarse;
        self.config.upkeep = upkeep;
        self.quota = Some(quota);
        self
    }

    pub(super) const fn settings(&self) -> &Config {
        &self.config
    }
}

impl<M: Manage> Builder<M> {
    pub(super) fn new(manager: M) -> Self {
        Self {
            manager,
            config: Config::default(),
            hooks: Hooks::default(),
            clock: Arc::new(MonotonicClock::new()),
            coarse: true,
            executor: None,
            spawner: None,
            quota: None,
        }
    }

    /// All settings at once.
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }
}

macro_rules! setters {
    ($($name:ident: $type:ty;)*) => {
        impl<M: Manage> Builder<M> {
            $(
                #[doc = concat!("See [`Config::", stringify!($name), "`].")]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.config.$name = $name;
                    self
                }
            )*
        }
    };
}

setters! {
    max_size: u32;
    min_idle: u32;
    max_idle: Option<u32>;
    idle_timeout: Option<Duration>;
    max_lifetime: Option<Duration>;
    lifetime_jitter: f64;
    keepalive: Option<Duration>;
    wait_timeout: Option<Duration>;
    connect_timeout: Option<Duration>;
    check_timeout: Option<Duration>;
    close_timeout: Option<Duration>;
    max_waiters: usize;
    max_connecting: u32;
    check: Check;
    order: Order;
    fairness: Fairness;
    patience: Duration;
    leak_threshold: Option<Duration>;
    on_panic: OnPanic;
    backoff_base: Duration;
    backoff_max: Duration;
    fail_fast_after: u32;
    upkeep: Upkeep;
}

impl<M: Manage> Builder<M> {
    /// The clock; the process's own by default.
    ///
    /// On a clock that is moved by hand blocking calls of the manager run on whatever thread finds that they are due, unless there
    /// is an [executor](Self::executor).
    pub fn clock<C: Clock + 'static>(mut self, clock: C) -> Self {
        self.coarse = TypeId::of::<C>() == TypeId::of::<MonotonicClock>();
        self.clock = Arc::new(clock);
        self
    }

    /// Who runs the blocking calls of a manager: threads of the pool's own, [`max_connecting`](Config::max_connecting) and two more, and one more for each call
    /// that hangs; or whoever finds that they are due. What fits the clock by default.
    pub fn executor(mut self, executor: Executor) -> Self {
        self.executor = Some(executor);
        self
    }

    /// Who runs the futures of a manager in the background: `tokio::spawn`, for example. Without one those that wait for a connection run them.
    ///
    /// It is called with a future that never panics, from whatever thread.
    pub fn spawner(mut self, spawner: impl Fn(BoxFuture) + Send + Sync + 'static) -> Self {
        self.spawner = Some(Arc::new(spawner));
        self
    }

    /// Called with each connection that the pool makes, before it is handed out. One that it discards counts as a failed connect.
    pub fn on_connect(
        mut self,
        hook: impl Fn(&mut M::Connection, &ConnectionInfo) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.hooks.connect = Some(Box::new(hook));
        self
    }

    /// Called with each connection before it is handed out, by the caller's thread. In place of one that it discards the caller gets another
    /// one.
    pub fn on_checkout(
        mut self,
        hook: impl Fn(&mut M::Connection, &ConnectionInfo) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.hooks.checkout = Some(Box::new(hook));
        self
    }

    /// Called with each connection that comes back, by the thread that drops the lease.
    pub fn on_checkin(
        mut self,
        hook: impl Fn(&mut M::Connection, &ConnectionInfo) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.hooks.checkin = Some(Box::new(hook));
        self
    }

    /// Called before each connection is closed.
    pub fn on_close(
        mut self,
        hook: impl Fn(&ConnectionInfo, CloseReason) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.close = Some(Box::new(hook));
        self
    }

    /// Called once for each lease that is held for longer than [`Config::leak_threshold`], by the upkeep.
    pub fn on_leak(mut self, hook: impl Fn(&Held) + Send + Sync + 'static) -> Self {
        self.hooks.leak = Some(Box::new(hook));
        self
    }

    fn finish(self, verbs: Verbs<M>) -> Pool<M> {
        let time = Time::new(self.clock.clone(), self.coarse);
        let manual = self.config.upkeep == Upkeep::Manual;
        let core = Core::new(self.manager, verbs, self.config, self.hooks, time);
        let keeper = (!manual).then(|| Periodic::new(Arc::new(Keeper(core.clone())), self.clock));
        if let Some(quota) = self.quota {
            core.attach_quota(quota);
        }
        core.attach_keep(Keep::new(keeper.as_ref().map(Periodic::nudger)));
        let pool = Pool::of(core.clone(), keeper);
        core.stir();
        pool
    }
}

impl<M: Connect> Builder<M> {
    /// The pool. It connects in the background: use [`Pool::warm_up`] to wait for that.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] for a setting out of its range.
    pub fn build(self) -> Result<Pool<M>, Error> {
        self.config.validate()?;
        let executor = self.executor.unwrap_or_else(|| Executor::of(&*self.clock));
        let threads = self.config.max_connecting.saturating_add(MORE_THREADS);
        let verbs = Verbs::Blocking(Blocking::new(), Runner::new(executor, threads));
        Ok(self.finish(verbs))
    }
}

impl<M: AsyncConnect> Builder<M> {
    /// The pool, for a manager whose calls are futures.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] for a setting out of its range, and [`Error::NoSpawner`] for [`Config::min_idle`] or
    /// [`Config::keepalive`] without a [spawner](Self::spawner).
    pub fn build_async(self) -> Result<Pool<M>, Error> {
        self.config.validate()?;
        if self.spawner.is_none() {
            if self.config.min_idle > 0 {
                return Err(Error::NoSpawner {
                    setting: "min_idle",
                });
            }
            if self.config.keepalive.is_some() {
                return Err(Error::NoSpawner {
                    setting: "keepalive",
                });
            }
        }
        let verbs = Verbs::Async(Async::new(), self.spawner.clone());
        Ok(self.finish(verbs))
    }
}

impl<M: Manage> fmt::Debug for Builder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .field("hooks", &self.hooks)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
