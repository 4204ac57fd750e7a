//! What a cache would hit that knows the future: of what it holds and what is asked for, it does without the entry that
//! is needed again last (Belady 1966), be that the new one.
//!
//! With equal weights nothing hits more. With different ones the same rule is a good guess and no bound: the best choice is then NP-hard.

use std::collections::{BinaryHeap, HashMap};

use tenfold::hash::DefaultHashBuilder;

use super::Replay;

/// For each request, the position at which its key is asked for again.
#[derive(Debug)]
pub(crate) struct NextUses(Vec<u32>);

const NEVER: u32 = u32::MAX;

impl NextUses {
    pub(crate) fn of(keys: &[u32], distinct: u32) -> Self {
        let mut seen = vec![NEVER; distinct as usize];
        let mut next: Vec<u32> = keys
            .iter()
            .enumerate()
            .rev()
            .map(|(position, key)| {
                let last = seen.get_mut(*key as usize);
                last.map_or(NEVER, |last| std::mem::replace(last, position as u32))
            })
            .collect();
        next.reverse();
        Self(next)
    }
}

/// Replays the trace that the next uses are of, from its beginning.
pub(super) struct Opt<'t> {
    next_uses: std::slice::Iter<'t, u32>,
    now: u32,
    capacity: u64,
    used: u64,
    /// What is held: the weight by the position at which it is needed again. Nothing is held that is not.
    held: HashMap<u32, u64, DefaultHashBuilder>,
    /// The positions of what is held, and positions that are past.
    farthest: BinaryHeap<u32>,
}

impl<'t> Opt<'t> {
    pub(super) fn new(next_uses: &'t NextUses, capacity: u64) -> Self {
        Self {
            next_uses: next_uses.0.iter(),
            now: 0,
            capacity,
            used: 0,
            held: HashMap::default(),
            farthest: BinaryHeap::new(),
        }
    }

    /// Makes room by doing without what is needed after `next`, if that is enough.
    fn make_room(&mut self, weight: u64, next: u32) -> bool {
        if weight > self.capacity {
            return false;
        }
        let mut given_up = Vec::new();
        let mut free = self.capacity - self.used;
        while free < weight {
            let Some(position) = self.farthest.pop_if_after(next) else {
                self.farthest.extend(given_up);
                return false;
            };
            free += self.held.get(&position).copied().unwrap_or_default();
            given_up.push(position);
        }
        for position in given_up {
            self.held.remove(&position);
        }
        self.used = self.capacity - free;
        true
    }

    fn hold(&mut self, weight: u64, next: u32) {
        self.used += weight;
        self.held.insert(next, weight);
        self.farthest.push(next);
        if self.farthest.len() > 2 * self.held.len() + SPARED {
            let now = self.now;
            self.farthest.retain(|position| *position > now);
        }
    }
}

/// So few positions are not worth a sweep.
const SPARED: usize = 1000;

trait PopIfAfter {
    fn pop_if_after(&mut self, position: u32) -> Option<u32>;
}

impl PopIfAfter for BinaryHeap<u32> {
    fn pop_if_after(&mut self, position: u32) -> Option<u32> {
        if *self.peek()? > position {
            self.pop()
        } else {
            None
        }
    }
}

impl Replay for Opt<'_> {
    fn access(&mut self, _key: u64, weight: u64) -> bool {
        let next = self.next_uses.next().copied().unwrap_or(NEVER);
        let found = self.held.remove(&self.now);
        self.used -= found.unwrap_or_default();
        // What was there has the weight it came with.
        let weight = found.unwrap_or(weight);
        if next != NEVER && self.make_room(weight, next) {
            self.hold(weight, next);
        }
        self.now += 1;
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use tenfold::rng::Rng;

    use super::*;
    use crate::replay::trace::Trace;

    fn hits(trace: &Trace, capacity: u64) -> usize {
        let next_uses = NextUses::of(&trace.keys, trace.distinct);
        let mut opt = Opt::new(&next_uses, capacity);
        trace
            .requests()
            .filter(|(key, weight)| opt.access((*key).into(), *weight))
            .count()
    }

    /// The most hits that any choices lead to: after a miss the key is not kept, or is, and then something else goes.
    fn best(keys: &[u32], held: &[u32], capacity: usize) -> usize {
        let Some((key, rest)) = keys.split_first() else {
            return 0;
        };
        if held.contains(key) {
            return 1 + best(rest, held, capacity);
        }
        let mut most = best(rest, held, capacity);
        let mut grown = held.to_vec();
        grown.push(*key);
        if grown.len() <= capacity {
            return most.max(best(rest, &grown, capacity));
        }
        for gone in 0..held.len() {
            let mut kept = grown.clone();
            kept.swap_remove(gone);
            most = most.max(best(rest, &kept, capacity));
        }
        most
    }

    #[test]
    fn nothing_hits_more() {
        let mut rng = Rng::seeded(3);
        for capacity in 1..=3 {
            for _ in 0..150 {
                let keys: Vec<u32> = (0..10).map(|_| rng.below(5) as u32).collect();
                let trace = Trace::of_keys(&keys);
                assert_eq!(
                    hits(&trace, capacity),
                    best(&keys, &[], capacity as usize),
                    "{keys:?}, capacity {capacity}"
                );
            }
        }
    }

    /// The same rule with a look at everything that is held.
    fn searched(keys: &[u32], capacity: usize) -> usize {
        let next = |after: usize, key: u32| {
            let rest = keys.iter().skip(after + 1);
            rest.clone().position(|other| *other == key)
        };
        // Each key with the distance to its next use, and where it was seen last.
        let mut held: Vec<(u32, usize)> = Vec::new();
        let mut hits = 0;
        for (at, key) in keys.iter().enumerate() {
            let found = held.iter().position(|(other, _)| other == key);
            hits += usize::from(found.map(|found| held.swap_remove(found)).is_some());
            let Some(distance) = next(at, *key) else {
                continue;
            };
            held.push((*key, at + 1 + distance));
            if held.len() > capacity {
                let uses = held
                    .iter()
                    .enumerate()
                    .map(|(place, (_, next))| (*next, place));
                let (_, farthest) = uses.max().unwrap();
                held.swap_remove(farthest);
            }
        }
        hits
    }

    #[test]
    fn sweeps_do_not_change_anything() {
        let mut rng = Rng::seeded(4);
        let keys: Vec<u32> = (0..20_000)
            .map(|_| (rng.below(60) * rng.below(60)) as u32)
            .collect();
        let trace = Trace::of_keys(&keys);
        for capacity in [1, 10, 100, 1000] {
            let next_uses = NextUses::of(&trace.keys, trace.distinct);
            let mut opt = Opt::new(&next_uses, capacity);
            let mut hits = 0;
            for key in &trace.keys {
                hits += usize::from(opt.access((*key).into(), 1));
                assert!(opt.held.len() as u64 <= capacity && opt.used <= capacity);
                assert!(opt.farthest.len() as u64 <= 2 * capacity + SPARED as u64 + 1);
            }
            assert_eq!(
                hits,
                searched(&keys, capacity as usize),
                "capacity {capacity}"
            );
        }
    }

    #[test]
    fn what_was_not_given_up_in_the_end_can_be_later() {
        // Key 3 is as heavy as the cache, and key 2 is needed before it: key 1 stays, until key 4 comes.
        let keys = [1, 2, 3, 2, 4, 4, 2, 3, 5, 1];
        let requests = keys.map(|key| (key, if key == 3 { 4 } else { 2 }));
        let trace = Trace::of_requests(&requests);
        let next_uses = NextUses::of(&trace.keys, trace.distinct);
        let mut opt = Opt::new(&next_uses, 4);
        let hits = trace
            .requests()
            .map(|(key, weight)| opt.access(key.into(), weight));
        let hits: Vec<_> = hits.zip(keys).filter(|(hit, _)| *hit).collect();
        assert_eq!(hits, [(true, 2), (true, 4), (true, 2)]);
    }

    #[test]
    fn what_is_too_heavy_costs_nothing_else_its_place() {
        let trace = Trace::of_requests(&[
            (1, 2),
            (2, 2),
            (3, 9),
            (4, 4),
            (1, 2),
            (2, 2),
            (3, 9),
            (4, 4),
        ]);
        assert_eq!(hits(&trace, 4), 2);
        assert_eq!(hits(&trace, 17), 4);
        let growing = Trace::of_requests(&[(1, 1), (1, 9), (1, 9)]);
        assert_eq!(hits(&growing, 1), 2);
    }
}
