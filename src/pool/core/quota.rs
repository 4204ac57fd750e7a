//! A count of connections that several pools share.
//!
//! A pool in a group asks the quota before it makes a connection, and tells it when one is gone. While a pool of the group wants one
//! and there may be none, every gate of the group has [`STARVED`](super::gate::STARVED): then whatever comes back takes the long way, on which the
//! quota is asked whether it is to be closed for somebody else. A pool without a quota has nothing of this on its short ways.

use std::sync::Arc;

use super::base::Core;
use super::gate::STARVED;
use super::slot::{CHECKING, IDLE};
use crate::kernel::sync::Ordering;
use crate::pool::{CloseReason, Manage};

/// What a pool asks of its group. Never called under a lock.
pub(crate) trait Quota: Send + Sync {
    /// Counts one more, if there may be one. If not, and somebody `waits` for it, the pool is stirred when it is its turn.
    fn reserve(&self, waits: bool) -> bool;

    /// Counts one less. To be followed by a [`look`](Self::look).
    fn give_back(&self);

    /// The pool wants no further one now: what was kept for it goes to the next.
    fn rest(&self);

    /// Whether the pool has been refused one more, and waits for it.
    fn is_starving(&self) -> bool;

    /// A connection comes back, for which somebody of this pool `waits` or not. Whether it is to be closed for another pool, which has a better
    /// claim.
    fn cede(&self, waits: bool) -> bool;

    /// Something came back, or may be idle, while another pool starves.
    fn look(&self);
}

/// What a group asks of its pools. Never called under a lock.
pub(crate) trait Guest: Send + Sync {
    /// It may be its turn.
    fn call(&self);

    /// Since when the idle connection is idle that nobody has used for longest.
    fn idle_since(&self) -> Option<u64>;

    /// Closes that one. Whether there was one.
    fn give_way(&self) -> bool;

    /// Raises or lowers the flag at the gate.
    fn starve(&self, raised: bool);
}

impl<M: Manage> Core<M> {
    /// From now on it shares a count with others. To be called before anybody uses it.
    pub(crate) fn attach_quota(&self, quota: Arc<dyn Quota>) {
        let _ = self.quota.set(quota);
    }

    /// Whether the group lets it make one more.
    pub(super) fn reserve_in_quota(&self, waits: bool) -> bool {
        self.quota.get().is_none_or(|quota| quota.reserve(waits))
    }

    pub(super) fn give_back_to_quota(&self) {
        if let Some(quota) = self.quota.get() {
            quota.give_back();
        }
    }

    pub(super) fn look_at_quota(&self) {
        if let Some(quota) = self.quota.get() {
            quota.look();
        }
    }

    /// The end of a look at whether one is to be made. It wants one more if it was `refused`.
    pub(super) fn tell_quota(&self, refused: bool) {
        let Some(quota) = self.quota.get() else {
            return;
        };
        if !refused {
            quota.rest();
        }
        if self.gate.has(STARVED) {
            quota.look();
        }
    }

    /// Whether a connection that comes back is to be closed for another pool.
    pub(super) fn cedes(&self) -> bool {
        let waits = self.line.waiting() > 0;
        self.quota.get().is_some_and(|quota| quota.cede(waits))
    }

    /// Whether there may be one more connection, but for what other pools of the group have.
    pub(super) fn is_starving(&self) -> bool {
        self.quota.get().is_some_and(|quota| quota.is_starving())
    }

    /// Somebody does not wait any more.
    pub(super) fn wants_less(self: &Arc<Self>) {
        if self.quota.get().is_some() {
            self.stir();
        }
    }
}

impl<M: Manage> Guest for Core<M> {
    fn call(&self) {
        if let Some(core) = self.shared() {
            core.stir();
        }
    }

    fn idle_since(&self) -> Option<u64> {
        let idle = self.slots.iter().filter(|slot| slot.phase() == IDLE);
        idle.map(|slot| slot.notes.since.load(Ordering::Relaxed))
            .min()
    }

    fn give_way(&self) -> bool {
        loop {
            let idle = self.slots.iter().filter(|slot| slot.phase() == IDLE);
            let oldest = idle.min_by_key(|slot| slot.notes.since.load(Ordering::Relaxed));
            let Some(oldest) = oldest else { return false };
            if let Some(right) = self.slots.take_this(oldest, CHECKING) {
                self.retire(self.claim(right), CloseReason::GaveWay);
                return true;
            }
        }
    }

    fn starve(&self, raised: bool) {
        self.gate.set(STARVED, raised);
    }
}
