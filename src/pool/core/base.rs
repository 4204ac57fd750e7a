//! The parts of a pool.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::driven::Orphanage;
use super::errand::{Counts, Kind};
use super::gate::{CLOSED, EXCESS, Gate};
use super::quota::Quota;
use super::room::Room;
use super::slot::{Anchor, Right, Slot};
use super::slots::Slots;
use super::time::Time;
use super::upkeep::Keep;
use super::verbs::Verbs;
use super::watch::Watch;
use crate::kernel::counters::Counters;
use crate::kernel::histogram::Histogram;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Mutex};
use crate::kernel::upkeep::shielded;
use crate::kernel::wait::WaitQueue;
use crate::pool::hooks::Hooks;
use crate::pool::policy::{Outage, Terms};
use crate::pool::stats::Event;
use crate::pool::{AcquireError, Check, CloseReason, Config, ConnectError, Fairness, Manage};

/// After a connection went, the pool is looked at whether there are enough.
const SOON: Duration = Duration::from_millis(100);

/// What is handed to who waits.
pub(crate) enum Grant<M: Manage> {
    Slot(Right<M::Connection>),
    Refused(AcquireError<M::Error>),
}

/// A pool. Its handles and leases, and whatever is done for it, keep it alive.
pub(crate) struct Core<M: Manage> {
    // What every call looks at.
    pub(super) gate: Gate,
    pub(super) slots: Slots<M::Connection>,
    pub(super) line: WaitQueue<Grant<M>>,
    pub(super) manager: Arc<M>,
    pub(super) hooks: Hooks<M::Connection>,
    pub(super) time: Time,
    pub(super) terms: Terms,
    pub(super) fifo: bool,
    /// Idle connections that there may be.
    pub(super) max_idle: Option<u32>,

    pub(super) room: Room,
    pub(super) counts: Counts,
    pub(super) verbs: Verbs<M>,
    pub(crate) config: Config,
    pub(super) outage: Mutex<Trouble<M::Error>>,
    /// Futures that nobody runs yet.
    pub(super) orphanage: Orphanage,
    pub(super) backlog: Backlog,
    /// Calls of `stir` that are not done with.
    pub(super) stirs: AtomicU64,
    /// And of `sweep_if_barred`.
    pub(super) sweeps: AtomicU64,
    /// Connections to be made whether anybody waits or not.
    pub(super) missing: AtomicU64,
    /// Connections in a row that were of no use from the start.
    pub(super) stillborn: AtomicU64,
    /// Whether somebody was refused since the last attempt to connect.
    pub(super) demanded: AtomicU64,
    /// Threads that wait and hold something.
    pub(super) stuck: Mutex<Vec<u64>>,
    pub(super) watch: Watch,
    pub(super) keep: OnceLock<Keep<M>>,
    /// What it shares with other pools, if it does.
    pub(super) quota: OnceLock<Arc<dyn Quota>>,
    pub(super) made: AtomicU64,
    pub(super) connect_time: AtomicU64,
    pub(super) counters: Counters<{ Event::COUNT }>,
    pub(super) waits: Histogram,
    pub(super) holds: Histogram,
    pub(super) connects: Histogram,
    me: Weak<Self>,
}

/// The other side, and what it said last.
pub(crate) struct Trouble<E> {
    pub(super) outage: Outage,
    pub(super) last: Option<Arc<ConnectError<E>>>,
}

/// Since when somebody waits, and what came back since.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    pub(super) since: AtomicU64,
    pub(super) returned: AtomicU64,
}

impl<M: Manage> Core<M> {
    pub(crate) fn new(
        manager: M,
        verbs: Verbs<M>,
        config: Config,
        hooks: Hooks<M::Connection>,
        time: Time,
    ) -> Arc<Self> {
        let unchecked = match config.check {
            Check::Never => u64::MAX,
            Check::Always => 0,
            Check::IfIdleFor(idle) => crate::kernel::clock::saturating_nanos(idle),
        };
        let terms = Terms {
            max_lifetime: config.max_lifetime,
            jitter: config.lifetime_jitter,
            idle_timeout: config.idle_timeout,
            unchecked,
            keepalive: config.keepalive,
        };
        let outage = Outage::new(
            config.backoff_base,
            config.backoff_max,
            config.fail_fast_after,
        );
        let slots = Slots::new(config.order);
        slots.grow(config.max_size);
        Arc::new_cyclic(|me| Self {
            gate: Gate::new(),
            slots,
            line: WaitQueue::new(config.max_waiters),
            manager: Arc::new(manager),
            hooks,
            time,
            terms,
            fifo: config.fairness == Fairness::Fifo,
            max_idle: config.max_idle,
            room: Room::new(config.max_size),
            counts: Counts::default(),
            verbs,
            missing: AtomicU64::new(u64::from(config.min_idle)),
            config,
            outage: Mutex::new(Trouble { outage, last: None }),
            orphanage: Orphanage::default(),
            backlog: Backlog::default(),
            stirs: AtomicU64::new(0),
            sweeps: AtomicU64::new(0),
            demanded: AtomicU64::new(0),
            stillborn: AtomicU64::new(0),
            stuck: Mutex::new(Vec::new()),
            watch: Watch::default(),
            keep: OnceLock::new(),
            quota: OnceLock::new(),
            made: AtomicU64::new(0),
            connect_time: AtomicU64::new(0),
            counters: Counters::new(),
            waits: Histogram::new(),
            holds: Histogram::new(),
            connects: Histogram::new(),
            me: me.clone(),
        })
    }

    /// From now on somebody calls the upkeep.
    pub(crate) fn attach_keep(&self, keep: Keep<M>) {
        let _ = self.keep.set(keep);
    }

    pub(crate) fn manager(&self) -> &M {
        &self.manager
    }

    /// `None` once it is being dropped.
    pub(super) fn shared(&self) -> Option<Arc<Self>> {
        self.me.upgrade()
    }

    pub(super) const fn limit(&self, kind: Kind) -> Option<Duration> {
        match kind {
            Kind::Connect => self.config.connect_timeout,
            Kind::Check => self.config.check_timeout,
            Kind::Close => self.config.close_timeout,
        }
    }

    pub(super) fn count(&self, event: Event) {
        self.counters.raise(event as usize);
    }

    pub(super) fn one_less(&self, closing: bool, dropped: bool) {
        if dropped {
            // It met a panic of the user's, or its future was dropped.
            let event = Event::Closed as usize + CloseReason::Broken as usize;
            self.counters.raise(event);
        }
        // First of all: who finds a pool without connections finds that they are not counted anywhere.
        self.give_back_to_quota();
        self.unreserve(closing);
        self.watch.notify();
        self.look_at_quota();
        if self.config.min_idle > 0 && !self.gate.has(CLOSED) {
            // There may be too few now, in a pool that nobody uses.
            shielded(|| self.call_round(self.time.now().saturating_add(SOON).as_nanos()));
        }
        if let Some(core) = self.shared().filter(|_| !faulty(Fault::VacateSilently)) {
            core.stir();
        }
    }

    /// Counts one less.
    pub(super) fn unreserve(&self, closing: bool) {
        let excess = self.room.give_back(closing);
        if !excess && self.gate.has(EXCESS) {
            self.settle_excess();
        }
    }

    /// Raises or lowers the flag as is right, whoever changes the numbers meanwhile.
    pub(super) fn settle_excess(&self) {
        loop {
            let excess = self.room.is_excessive();
            self.gate.set(EXCESS, excess);
            if self.room.is_excessive() == excess || faulty(Fault::SettleOnce) {
                return;
            }
        }
    }
}

impl<M: Manage> Anchor for &Core<M> {
    type Body = M::Connection;

    fn vacated(&self, closing: bool, dropped: bool) {
        self.one_less(closing, dropped);
    }

    #[inline]
    fn list(&self, slot: &Slot<M::Connection>, put_down: impl FnOnce()) {
        self.slots.list(slot, put_down);
    }
}

impl<M: Manage> Anchor for Arc<Core<M>> {
    type Body = M::Connection;

    fn vacated(&self, closing: bool, dropped: bool) {
        self.one_less(closing, dropped);
    }

    #[inline]
    fn list(&self, slot: &Slot<M::Connection>, put_down: impl FnOnce()) {
        self.slots.list(slot, put_down);
    }
}
