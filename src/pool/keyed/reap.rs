//! Forgetting keys that nobody has used for a while.
//!
//! A key without a connection is looked at when its time is over. One with a connection is not looked at: the budget says when the last one
//! is gone. So a pool in which nothing changes wakes nobody.

use std::sync::{Arc, Weak};

use super::core::Core;
use super::table::Fate;
use super::tenant::Tenant;
use crate::kernel::clock::Tick;
use crate::kernel::upkeep::Upkeep;
use crate::pool::Manage;

pub(super) trait Reap: Send + Sync {
    /// Forgets what is to be forgotten, looks after closes that hang, and says when to come again.
    fn reap_now(&self, now: Tick) -> Option<Tick>;
}

pub(super) struct Reaper(pub(super) Weak<dyn Reap>);

impl Upkeep for Reaper {
    fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.0.upgrade()?.reap_now(now)
    }
}

impl<K: Send + Sync, M: Manage> Reap for Core<K, M> {
    fn reap_now(&self, now: Tick) -> Option<Tick> {
        let late = self.budget.look_again(now);
        late.into_iter().chain(self.reap(now)).min()
    }
}

impl<K, M: Manage> Core<K, M> {
    /// Forgets the keys whose time is over, and says when the next one's is.
    pub(super) fn reap(&self, now: Tick) -> Option<Tick> {
        let limit = self.config.key_idle_timeout?;
        let mut next = Tick::MAX;
        let forgotten = self.table.sweep(|tenant| {
            let Some(since) = tenant.unused_since() else {
                return Fate::Keep;
            };
            // Behind a clock that stepped back it begins anew.
            let due = since.min(now).saturating_add(limit);
            if due > now {
                next = next.min(due);
                return Fate::Keep;
            }
            if Tenant::is_free(tenant) {
                return Fate::Forget;
            }
            // Somebody keeps a handle.
            next = next.min(now.saturating_add(limit));
            Fate::Keep
        });
        self.forget(forgotten);
        (next < Tick::MAX).then_some(next)
    }

    /// These are not in the table any more.
    pub(super) fn forget(&self, tenants: Vec<Arc<Tenant<K, M>>>) {
        for tenant in tenants {
            self.forget_one(&tenant);
        }
    }
}
