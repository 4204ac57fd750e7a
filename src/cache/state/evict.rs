//! Taking entries out.

use super::super::aftermath::Aftermath;
use super::super::cause::RemovalCause;
use super::super::store::{Arena, NEVER};
use super::State;
use super::base::{Ledger, ledger};
use crate::kernel::sync::fault::{Fault, is as faulty};

impl<K: Eq, V> State<K, V> {
    /// Takes a linked entry out.
    pub(crate) fn remove<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        id: u32,
        cause: RemovalCause,
        after: &mut Aftermath<'a, K, V>,
    ) {
        if faulty(Fault::KeepRemoved) {
            return;
        }
        if self.weight(id) > 0 {
            self.policy.removed(ledger!(self, arena), id);
        }
        self.take_out(arena, id, cause, after);
    }

    /// Takes an entry out that the policy does not hold any more.
    #[inline(always)]
    pub(super) fn take_out<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        id: u32,
        cause: RemovalCause,
        after: &mut Aftermath<'a, K, V>,
    ) {
        let weight = self.weight(id);
        if self.owner.deadline(arena, id) != NEVER {
            self.index.forget();
        }
        self.owner.retire(arena, id);
        if let Some(notices) = after.notices() {
            self.owner.owe(arena, id, cause, notices);
        }
        after.litters();
        self.used -= weight;
        match cause {
            RemovalCause::Expired => self.tally.expired += 1,
            RemovalCause::Evicted => {
                self.tally.evicted += 1;
                self.tally.evicted_weight = self.tally.evicted_weight.saturating_add(weight);
            }
            RemovalCause::Replaced => self.tally.replaced += 1,
            RemovalCause::Removed => self.tally.removed += 1,
        }
    }

    /// Evicts until the quota is kept. Returns whether it is.
    #[inline]
    pub(crate) fn shed<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool {
        self.shed_to(arena, self.quota, after)
    }

    pub(super) fn shed_to<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        most: u64,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool {
        while self.used > most && !faulty(Fault::ShedNothing) {
            let Some(victim) = self.policy.evict(ledger!(self, arena)) else {
                return false;
            };
            self.take_out(arena, victim, RemovalCause::Evicted, after);
        }
        true
    }
}
