//! One key and its pool.

use std::sync::Arc;

use super::budget::Share;
use crate::kernel::clock::Tick;
use crate::kernel::sync::{AtomicU64, Ordering};
use crate::pool::{Manage, Pool};

/// Whoever has a count of it besides the table uses the key at the moment.
pub(super) struct Tenant<K, M: Manage> {
    pub(super) key: K,
    pub(super) hash: u64,
    pub(super) pool: Pool<M>,
    pub(super) share: Arc<Share>,
    /// When somebody asked for it last, to a tick of the process's clock.
    pub(super) used: AtomicU64,
}

impl<K, M: Manage> Tenant<K, M> {
    /// Somebody asks for it.
    #[inline]
    pub(super) fn touch(&self, now: u64) {
        // Most of the time it is the same tick, and nothing is written.
        if self.used.load(Ordering::Relaxed) != now {
            self.used.store(now, Ordering::Relaxed);
        }
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Since when there is no connection and nobody asked for one; `None` if there is one.
    pub(super) fn unused_since(&self) -> Option<Tick> {
        let empty = self.share.empty_since()?;
        Some(empty.max(Tick::from_nanos(self.used())))
    }

    /// Whether nobody uses it: no caller, no handle, no lease. To be called while nobody can come by the table.
    pub(super) fn is_free(this: &mut Arc<Self>) -> bool {
        let Some(sole) = Arc::get_mut(this) else {
            return false;
        };
        sole.pool.is_sole() && sole.pool.status().in_use == 0
    }
}
