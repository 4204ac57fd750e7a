//! The handle of a pool.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::core::{Await, Claim, Core, Keeper, Right, Wait};
use super::{
    Acquire, AcquireError, AcquireOwned, AsyncConnect, AttachError, Builder, Config, Connect,
    ConnectionInfo, Drain, DrainReport, Error, Held, Histograms, Lease, Manage, OwnedLease, Stats,
    Status, WarmUp,
};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::upkeep::Periodic;
use crate::kernel::wait::block_on;

/// Connections that are used one at a time, and made only as often as needed.
///
/// ```
/// use tenfold::pool::{self, Pool};
///
/// let pool = Pool::new(pool::from_fn(|| std::net::UdpSocket::bind("127.0.0.1:0")))?;
/// let socket = pool.acquire()?;
/// socket.local_addr()?;
/// drop(socket); // it goes back
/// assert_eq!((pool.status().idle, pool.status().in_use), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Threads and tasks use one pool, and stand in one line. Clones are handles to one pool; when the last one is dropped it is
/// [closed](Self::close).
///
/// # Complexity
///
/// A checkout and the return take a compare-and-swap each, on a line that no other thread uses as long as threads find the connection
/// that they had last; no lock, no allocation, no look at the clock. Who finds it taken looks at each connection once. A pool takes
/// 256 bytes for each connection that there may be, and more for connections of more than a few words; and it keeps histograms, of 30 KB for each
/// thread that ever waited, or held one for longer than a tick.
pub struct Pool<M: Manage> {
    core: Arc<Core<M>>,
    handle: Arc<Handle<M>>,
}

/// What all handles share.
struct Handle<M: Manage> {
    core: Arc<Core<M>>,
    keeper: Option<Periodic<Keeper<M>, Arc<dyn Clock>>>,
}

impl<M: Manage> Drop for Handle<M> {
    fn drop(&mut self) {
        self.core.close();
        drop(self.keeper.take());
    }
}

impl<M: Manage> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            handle: self.handle.clone(),
        }
    }
}

impl<M: Connect> Pool<M> {
    /// A pool with the default settings: see [`Config`]. It connects when somebody needs a connection.
    ///
    /// # Errors
    ///
    /// None with the default settings.
    pub fn new(manager: M) -> Result<Self, Error> {
        Self::builder(manager).build()
    }
}

impl<M: AsyncConnect> Pool<M> {
    /// As [`new`](Self::new), for a manager whose calls are futures.
    ///
    /// # Errors
    ///
    /// None with the default settings.
    pub fn new_async(manager: M) -> Result<Self, Error> {
        Self::builder(manager).build_async()
    }
}

impl<M: Manage> Pool<M> {
    /// A pool with settings.
    pub fn builder(manager: M) -> Builder<M> {
        Builder::new(manager)
    }

    pub(super) fn of(
        core: Arc<Core<M>>,
        keeper: Option<Periodic<Keeper<M>, Arc<dyn Clock>>>,
    ) -> Self {
        let handle = Arc::new(Handle {
            core: core.clone(),
            keeper,
        });
        Self { core, handle }
    }

    pub(super) const fn core(&self) -> &Arc<Core<M>> {
        &self.core
    }

    /// Whether this is the only handle.
    pub(super) fn is_sole(&mut self) -> bool {
        Arc::get_mut(&mut self.handle).is_some()
    }

    fn wait(&self, caller: &'static Location<'static>) -> Wait {
        Wait::new(caller, self.core.config.wait_timeout)
    }

    fn lease(&self, right: Right<M::Connection>) -> Lease<'_, M> {
        Lease::new(self.core.claim(right))
    }

    fn owned(&self, right: Right<M::Connection>) -> OwnedLease<M> {
        OwnedLease::new(self.core.claim_shared(right))
    }

    /// A connection that is idle now.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Exhausted`] if there is none, or others wait for one; then one is made in the background, if there may be one more, for the
    /// next time. [`AcquireError::Closed`].
    ///
    /// # Blocking
    ///
    /// Never waits. If the connection is to be [checked](Config::check) first and the manager's calls block, that is done by this thread; a check
    /// that is a future is left out.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<Lease<'_, M>, AcquireError<M::Error>> {
        self.core.try_take(Location::caller()).map(Lease::new)
    }

    /// A connection: one that is idle, or the first that comes back or is made once it is this call's turn.
    ///
    /// # Errors
    ///
    /// [`AcquireError::TimedOut`] after [`Config::wait_timeout`], with what the pool was like; [`AcquireError::TooManyWaiters`];
    /// [`AcquireError::Unavailable`] if there is no connection at all and the last attempts to make one failed;
    /// [`AcquireError::Closed`].
    ///
    /// # Blocking
    ///
    /// Parks the thread until then. In async code take [`acquire_async`](Self::acquire_async); both stand in the same line. If the manager's
    /// calls are futures and there is no [spawner](Builder::spawner), a thread that waits runs them.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) -> Result<Lease<'_, M>, AcquireError<M::Error>> {
        let caller = Location::caller();
        if let Some(claim) = self.take(caller) {
            return Ok(Lease::new(claim));
        }
        let right = self.wait(caller).block(&self.core)?;
        Ok(self.lease(right))
    }

    #[inline]
    fn take(&self, caller: &'static Location<'static>) -> Option<Claim<&Core<M>>> {
        let core = &*self.core;
        core.take().and_then(|claim| core.hand_out(claim, caller))
    }

    /// As [`acquire`](Self::acquire), for at most `patience`.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Blocking
    ///
    /// For at most `patience`, by the pool's clock.
    #[track_caller]
    pub fn acquire_timeout(
        &self,
        patience: Duration,
    ) -> Result<Lease<'_, M>, AcquireError<M::Error>> {
        let wait = Wait::new(Location::caller(), Some(patience));
        let right = wait.block(&self.core)?;
        Ok(self.lease(right))
    }

    /// As [`acquire`](Self::acquire), as a future. It stands in line from its first poll on, and its time runs from then on.
    ///
    /// ```
    /// # use tenfold::pool::{Connect, Manage, Pool};
    /// async fn work<M: Manage>(pool: &Pool<M>) -> Result<(), tenfold::pool::Error> {
    ///     let mut connection = pool.acquire_async().await?;
    ///     // use it; it goes back when it is dropped
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: see [`Acquire`].
    #[track_caller]
    #[inline]
    pub fn acquire_async(&self) -> Acquire<'_, M> {
        Acquire::new(&self.core, self.wait(Location::caller()))
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), as a future.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_timeout_async(&self, patience: Duration) -> Acquire<'_, M> {
        Acquire::new(&self.core, Wait::new(Location::caller(), Some(patience)))
    }

    /// As [`try_acquire`](Self::try_acquire), for a lease without a lifetime.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    #[track_caller]
    pub fn try_acquire_owned(&self) -> Result<OwnedLease<M>, AcquireError<M::Error>> {
        let claim = self.core.try_take(Location::caller())?;
        let claim = super::core::keep(&self.core, claim);
        claim.map(OwnedLease::new).ok_or(AcquireError::Closed)
    }

    /// As [`acquire`](Self::acquire), for a lease without a lifetime.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Blocking
    ///
    /// As [`acquire`](Self::acquire).
    #[track_caller]
    #[inline]
    pub fn acquire_owned(&self) -> Result<OwnedLease<M>, AcquireError<M::Error>> {
        let caller = Location::caller();
        if let Some(right) = self.take(caller).and_then(Claim::release) {
            return Ok(self.owned(right));
        }
        let right = self.wait(caller).block(&self.core)?;
        Ok(self.owned(right))
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), for a lease without a lifetime.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Blocking
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    #[track_caller]
    pub fn acquire_owned_timeout(
        &self,
        patience: Duration,
    ) -> Result<OwnedLease<M>, AcquireError<M::Error>> {
        let wait = Wait::new(Location::caller(), Some(patience));
        let right = wait.block(&self.core)?;
        Ok(self.owned(right))
    }

    /// As [`acquire_async`](Self::acquire_async), for a lease without a lifetime.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_owned_async(&self) -> AcquireOwned<M> {
        AcquireOwned::new(self.core.clone(), self.wait(Location::caller()))
    }

    /// As [`acquire_timeout_async`](Self::acquire_timeout_async), for a lease without a lifetime.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_owned_timeout_async(&self, patience: Duration) -> AcquireOwned<M> {
        AcquireOwned::new(
            self.core.clone(),
            Wait::new(Location::caller(), Some(patience)),
        )
    }

    /// Takes in a connection that was made elsewhere: as if it had been made now, but without [`on_connect`](Builder::on_connect).
    ///
    /// # Errors
    ///
    /// The connection, if there are as many as may be, or the pool is closed.
    pub fn attach(&self, connection: M::Connection) -> Result<(), AttachError<M::Connection>> {
        self.core.attach(connection)
    }

    /// Closes the idle connections that `wanted` does not want, and says how many those were. It is called with one connection at a time, which
    /// nobody else has meanwhile; what is in use is not asked for. In a pool with an [order](Config::order) those that stay count as having come
    /// back now.
    ///
    /// # Panics
    ///
    /// If `wanted` does; the connection that it had is closed.
    pub fn retain(&self, wanted: impl FnMut(&mut M::Connection, &ConnectionInfo) -> bool) -> usize {
        self.core.retain(wanted)
    }

    /// Closes the connection with this [id](ConnectionInfo::id): at once if it is idle, and otherwise when it comes back. Whether there is
    /// such a one.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn evict(&self, id: u64) -> bool {
        self.core.evict(id)
    }

    /// What was connected until now is not handed out any more: idle connections are closed at once, others when they come back, and what is
    /// being connected when that has ended. After a failover, or a change of credentials.
    pub fn clear(&self) {
        self.core.clear();
    }

    /// There may be so many connections from now on: at least 1, and 100 000 at most. If there are more, idle ones are closed at once, and others when
    /// they come back; none is made before there are fewer.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`].
    pub fn resize(&self, max_size: u32) -> Result<(), Error> {
        Config {
            max_size,
            min_idle: 0,
            max_idle: None,
            ..self.core.config.clone()
        }
        .validate()?;
        self.core.resize(max_size);
        Ok(())
    }

    /// Hands out nothing, and connects nothing, until it is [resumed](Self::resume). Callers wait.
    pub fn pause(&self) {
        self.core.pause();
    }

    /// Goes on after a [pause](Self::pause).
    pub fn resume(&self) {
        self.core.resume();
    }

    /// Connects until there are `connections`, or as many as may be, or the time is over. Whether there are.
    ///
    /// # Blocking
    ///
    /// For at most `patience`.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn warm_up(&self, connections: u32, patience: Duration) -> bool {
        let mut warm = self.warm_up_async(connections, patience);
        block_on(|waker| warm.poll_with(waker))
    }

    /// As [`warm_up`](Self::warm_up), as a future. Connecting begins with this call.
    pub fn warm_up_async(&self, connections: u32, patience: Duration) -> WarmUp<'_, M> {
        let target = connections.min(self.status().max_size);
        self.core.warm(target);
        WarmUp::new(&self.core, Await::new(&self.core, patience), target)
    }

    /// Closes the pool: nothing is handed out any more, callers that wait are told so, idle connections are closed, and others when they come
    /// back.
    pub fn close(&self) {
        self.core.close();
    }

    /// Whether the pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// [Closes](Self::close) the pool, and waits until the last connection is, or the time is over.
    ///
    /// # Blocking
    ///
    /// For at most `patience`.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn drain(&self, patience: Duration) -> DrainReport {
        let mut drain = self.drain_async(patience);
        block_on(|waker| drain.poll_with(waker))
    }

    /// As [`drain`](Self::drain), as a future. The pool is closed with this call.
    pub fn drain_async(&self, patience: Duration) -> Drain<'_, M> {
        let wait = Await::new(&self.core, patience);
        self.core.close();
        Drain::new(&self.core, wait)
    }

    /// The pool at this moment. Looks at each connection once.
    #[must_use]
    pub fn status(&self) -> Status {
        self.core.status()
    }

    /// What happened since the pool was built.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// How long it took.
    #[must_use]
    pub fn histograms(&self) -> Histograms {
        self.core.histograms()
    }

    /// The leases that have not ended, and where they were acquired; those held for longest first.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.core.held()
    }

    /// The settings that the pool was built with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.core.config
    }

    /// The manager.
    #[must_use]
    pub fn manager(&self) -> &M {
        self.core.manager()
    }

    /// Does what is due, and says when to call again: for a pool with [`Upkeep::Manual`](super::Upkeep::Manual). `None`: not
    /// before somebody uses the pool.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn run_upkeep(&self) -> Option<Tick> {
        let due = self.core.pass();
        (due < Tick::MAX).then_some(due)
    }
}

// What panics leave behind is dealt with: a connection whose lease is dropped by one is closed, and the rest is in order.
impl<M: Manage> UnwindSafe for Pool<M> {}
impl<M: Manage> RefUnwindSafe for Pool<M> {}

impl<M: Manage> fmt::Debug for Pool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("status", &self.status())
            .field("handles", &Arc::strong_count(&self.handle))
            .finish_non_exhaustive()
    }
}
