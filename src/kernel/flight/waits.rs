//! Who waits for whom, among leaders: what finds a circle of loads before it closes.
//!
//! A loader that waits for another flight enters one edge for each flight that its thread leads. An edge is entered only if there is no way
//! back from its target to one of those flights; looking and entering are one step under one lock, so of those that would close a
//! circle together the last is refused. Only loads within loads come here.
//!
//! Edges carry the term of the leader that waits. When another one takes the lead of a flight, the edges of earlier terms are void. A
//! hand-over closes no circle on its own: who takes the lead does not wait for that flight any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::frames::{self, Frame, Led, address};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Mutex, global};

/// By flight: the terms of leaders, and the flights that they wait for.
type Edges = BTreeMap<usize, Vec<(u64, usize)>>;

global! {
    static EDGES: Mutex<Edges> = Mutex::new(BTreeMap::new());
}

/// The edges of one waiter, until it is dropped. It keeps the flights at both ends, so no other one gets their addresses.
pub(super) struct Waits {
    from: Vec<Frame>,
    to: Arc<dyn Led>,
}

/// Who would wait for itself.
#[derive(Debug)]
pub(super) struct Circle;

/// The leaders on this thread wait for `to`.
pub(super) fn enter(to: Arc<dyn Led>) -> Result<Waits, Circle> {
    let from = frames::leading();
    let target = address(&*to);
    let sources: BTreeSet<usize> = from.iter().map(Frame::address).collect();
    let mut edges = EDGES.lock();
    if !faulty(Fault::CloseCircle) && leads_back(&edges, target, &sources) {
        // The frames may be the last handles of their flights.
        drop(edges);
        return Err(Circle);
    }
    for frame in &from {
        let targets = edges.entry(frame.address()).or_default();
        targets.push((frame.term, target));
    }
    drop(edges);
    Ok(Waits { from, to })
}

/// Another leader took over, in `term`.
pub(super) fn forget(flight: &dyn Led, term: u64) {
    let mut edges = EDGES.lock();
    let own = address(flight);
    if let Some(targets) = edges.get_mut(&own) {
        targets.retain(|(of, _)| *of >= term);
        if targets.is_empty() {
            edges.remove(&own);
        }
    }
}

fn leads_back(edges: &Edges, start: usize, sources: &BTreeSet<usize>) -> bool {
    let (mut open, mut seen) = (vec![start], BTreeSet::new());
    while let Some(flight) = open.pop() {
        if sources.contains(&flight) {
            return true;
        }
        if seen.insert(flight) {
            let targets = edges.get(&flight).into_iter().flatten();
            open.extend(targets.map(|(_, target)| *target));
        }
    }
    false
}

impl Drop for Waits {
    fn drop(&mut self) {
        let target = address(&*self.to);
        let mut edges = EDGES.lock();
        for frame in &self.from {
            let Some(targets) = edges.get_mut(&frame.address()) else {
                continue;
            };
            let own = (frame.term, target);
            if let Some(at) = targets.iter().position(|edge| *edge == own) {
                targets.swap_remove(at);
            }
            if targets.is_empty() {
                edges.remove(&frame.address());
            }
        }
        // The flights are dropped behind the lock, which this ends.
        drop(edges);
    }
}

/// Whether any leader waits for `flight`.
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
pub(super) fn waits_for(flight: &dyn Led) -> bool {
    let own = address(flight);
    let edges = EDGES.lock();
    let mut targets = edges.values().flatten();
    targets.any(|(_, target)| *target == own)
}
