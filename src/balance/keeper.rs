//! Who keeps a balancer up: calls its upkeep when something is due, and hears of failures that concern the whole set.
//!
//! Neither keeps the balancer alive; with its last handle both end.

use std::sync::{Arc, Weak};

use super::BackendId;
use super::core::{Inner, Keep};
use super::policy::Policy;
use crate::health::Upkeep;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::upkeep;
use crate::kernel::upkeep::{Nudger, Periodic, shielded};

/// The balancer, as long as somebody else keeps it.
struct Kept<T, P: Policy, C>(Weak<Inner<T, P, C>>);

impl<T, P, C> upkeep::Upkeep for Kept<T, P, C>
where
    T: Send + Sync + 'static,
    P: Policy,
    C: Clock + 'static,
{
    fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.0.upgrade()?.upkeep(now)
    }
}

struct Keeper<U: upkeep::Upkeep, C: Clock + 'static> {
    nudger: Nudger<U, C>,
    /// Ends with this.
    _periodic: Periodic<U, C>,
}

impl<U: upkeep::Upkeep, C: Clock + 'static> Keep for Keeper<U, C> {
    fn nudge(&self, due: Tick) {
        self.nudger.nudge(due);
    }
}

/// Has `inner` kept up.
pub(super) fn keep<T, P, C>(inner: &Arc<Inner<T, P, C>>)
where
    T: Send + Sync + 'static,
    P: Policy,
    C: Clock + Clone + 'static,
{
    if inner.ejections.is_some() {
        let kept = Kept(Arc::downgrade(inner));
        inner.house.alarm(Box::new(move |id: BackendId, row: u64| {
            if let Some(inner) = kept.0.upgrade() {
                // A panic of the policy's plan is not for whoever ended a request.
                shielded(|| inner.fail(id, row));
            }
        }));
    }
    if inner.config.upkeep == Upkeep::Automatic {
        let kept = Arc::new(Kept(Arc::downgrade(inner)));
        let periodic = Periodic::new(kept, inner.clock.clone());
        let nudger = periodic.nudger();
        // It was not set before.
        let _ = inner.keep.set(Box::new(Keeper {
            nudger,
            _periodic: periodic,
        }));
    }
    inner.ask_for_upkeep();
}
