//! How many keys are loaded at a time, in all shards together.

use crate::kernel::sync::{AtomicU64, Ordering};

/// Counts loads, if there is a bound.
#[derive(Debug)]
pub(crate) struct Gate {
    most: Option<u64>,
    inside: AtomicU64,
}

impl Gate {
    pub(crate) fn new(most: Option<usize>) -> Self {
        Self {
            most: most.map(|most| most as u64),
            inside: AtomicU64::new(0),
        }
    }

    /// A place, unless all are taken.
    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        let Some(most) = self.most else {
            return Some(Place(None));
        };
        // Nothing is published by the count.
        let room = |inside: u64| (inside < most).then_some(inside + 1);
        let entered = self
            .inside
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        entered.ok().map(|_| Place(Some(self)))
    }

    /// A place for a load that goes on, whether there is one or not.
    pub(crate) fn squeeze_in(&self) -> Place<'_> {
        if self.most.is_none() {
            return Place(None);
        }
        self.inside.fetch_add(1, Ordering::Relaxed);
        Place(Some(self))
    }
}

/// One load that is counted.
#[derive(Debug)]
pub(crate) struct Place<'g>(Option<&'g Gate>);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(gate) = self.0 {
            gate.inside.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_gate_lets_so_many_in_and_those_that_go_on() {
        let gate = Gate::new(Some(1));
        let first = gate.enter();
        assert!(first.is_some() && gate.enter().is_none());
        let second = gate.squeeze_in();
        drop(first);
        assert!(gate.enter().is_none());
        drop(second);
        assert!(gate.enter().is_some());
        assert!(Gate::new(Some(0)).enter().is_none());
        assert!(Gate::new(None).enter().is_some());
    }
}
