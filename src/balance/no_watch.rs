//! Under a model checker nobody is checked.

use super::core::Inner;
use super::policy::Policy;
use super::state::Record;
use crate::kernel::clock::{Clock, Tick};

pub(super) trait Follow<T>: Send + Sync {
    #[expect(dead_code, reason = "nobody watches")]
    fn follow(&self, records: &[Record<T>]);
    fn upkeep(&self, now: Tick) -> Option<Tick>;
}

impl<T, P: Policy, C: Clock> Inner<T, P, C> {
    pub(super) const fn tell_watch(&self) {}
}
