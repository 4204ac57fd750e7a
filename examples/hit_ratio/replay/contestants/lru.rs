//! The least recently used entry goes: exactly, so that others can be compared with it.
//!
//! Every access enters the key at the end of a queue with the number of the access. An entry of the queue counts only if the key was not
//! asked for since; the others are passed over when they come to the front, and swept out when they are most of the queue.

use std::collections::{HashMap, VecDeque};

use tenfold::hash::DefaultHashBuilder;

use super::Replay;

pub(super) struct Lru {
    capacity: u64,
    used: u64,
    now: u64,
    held: HashMap<u64, Held, DefaultHashBuilder>,
    /// Key and number of the access, in order.
    queue: VecDeque<(u64, u64)>,
}

struct Held {
    last_access: u64,
    weight: u64,
}

impl Lru {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            used: 0,
            now: 0,
            held: HashMap::default(),
            queue: VecDeque::new(),
        }
    }

    fn evict(&mut self) {
        while self.used > self.capacity {
            let Some((key, access)) = self.queue.pop_front() else {
                return;
            };
            let current = is_current(&self.held, key, access);
            let evicted = current.then(|| self.held.remove(&key)).flatten();
            self.used -= evicted.map_or(0, |held| held.weight);
        }
    }

    fn sweep(&mut self) {
        if self.queue.len() > 2 * self.held.len() + SPARED {
            let held = &self.held;
            self.queue
                .retain(|(key, access)| is_current(held, *key, *access));
        }
    }
}

/// A queue as short as this is not worth a sweep.
const SPARED: usize = 1000;

fn is_current(held: &HashMap<u64, Held, DefaultHashBuilder>, key: u64, access: u64) -> bool {
    held.get(&key)
        .is_some_and(|held| held.last_access == access)
}

impl Replay for Lru {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        self.now += 1;
        let now = self.now;
        let hit = match self.held.get_mut(&key) {
            Some(held) => {
                held.last_access = now;
                true
            }
            // Alone larger than everything: not kept, and nothing goes for it.
            None if weight > self.capacity => return false,
            None => {
                let last_access = now;
                self.held.insert(
                    key,
                    Held {
                        last_access,
                        weight,
                    },
                );
                self.used += weight;
                false
            }
        };
        self.queue.push_back((key, now));
        self.evict();
        self.sweep();
        hit
    }
}

#[cfg(test)]
mod tests {
    use tenfold::rng::Rng;

    use super::*;

    /// A list, searched from one end to the other.
    struct Naive(u64, Vec<(u64, u64)>);

    impl Replay for Naive {
        fn access(&mut self, key: u64, weight: u64) -> bool {
            let at = self.1.iter().position(|(held, _)| *held == key);
            let entry = at.map(|at| self.1.remove(at));
            if entry.is_none() && weight > self.0 {
                return false;
            }
            self.1.push(entry.unwrap_or((key, weight)));
            while self.1.iter().map(|(_, weight)| weight).sum::<u64>() > self.0 {
                self.1.remove(0);
            }
            entry.is_some()
        }
    }

    #[test]
    fn agrees_with_a_plain_list() {
        let mut rng = Rng::seeded(7);
        for capacity in [1, 2, 7, 40] {
            let (mut lru, mut naive) = (Lru::new(capacity), Naive(capacity, Vec::new()));
            let mut hits = 0;
            for access in 0..20_000 {
                let key = rng.below(30) * rng.below(3);
                let weight = if capacity == 40 { 1 + rng.below(50) } else { 1 };
                let hit = lru.access(key, weight);
                assert_eq!(
                    hit,
                    naive.access(key, weight),
                    "capacity {capacity}, access {access}"
                );
                hits += u32::from(hit);
            }
            assert!(hits > 100, "{hits} hits");
            assert!(lru.queue.len() <= 2 * lru.held.len() + SPARED + 1);
        }
    }
}
