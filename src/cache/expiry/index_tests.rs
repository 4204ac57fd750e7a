//! The index against a sorted list, and how much it does.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::cache::store::{dense, ids_of};
use crate::kernel::rng::Rng;

/// Ids of sixteen for each group, of which the last two are never used.
fn id(n: usize) -> u32 {
    (n / 14 * 16 + n % 14) as u32
}

const HOUR: u64 = 3_600_000_000_000;

/// An index, and what it should know: a table of slots with deadlines.
struct Tried {
    index: Index,
    deadlines: Vec<u64>,
    now: u64,
    looked: u64,
}

impl Tried {
    fn new(groups: usize) -> Self {
        Self {
            index: Index::new(),
            deadlines: vec![NEVER; groups * 14],
            now: 0,
            looked: 0,
        }
    }

    fn put(&mut self, slot: usize, deadline: u64) {
        self.take(slot);
        self.deadlines[slot] = deadline;
        self.index
            .add(id(slot), deadline, self.deadlines.len() / 14);
    }

    fn take(&mut self, slot: usize) {
        if std::mem::replace(&mut self.deadlines[slot], NEVER) != NEVER {
            self.index.forget();
        }
    }

    /// Takes out what is due, as a shard does.
    fn expire(&mut self) -> BTreeSet<usize> {
        let mut gone = BTreeSet::new();
        while let Some(group) = self.index.due(self.now) {
            self.looked += 1;
            let mut bound = NEVER;
            for slot in ids_of(group).map(dense) {
                if self.deadlines[slot] <= self.now {
                    gone.insert(slot);
                    self.take(slot);
                }
                bound = bound.min(self.deadlines[slot]);
            }
            self.index.bound(group, bound);
        }
        gone
    }

    fn check(&self) {
        assert_eq!(
            self.index.live(),
            self.deadlines.iter().filter(|due| **due != NEVER).count()
        );
        let mut below = &self.deadlines[..];
        let mut fan = 14;
        for level in &self.index.levels {
            assert_eq!(level.len(), below.len().div_ceil(fan));
            for (bound, below) in level.iter().zip(below.chunks(fan)) {
                assert!(
                    below.iter().all(|below| bound <= below),
                    "{bound} over {below:?}"
                );
            }
            (below, fan) = (level, FAN);
        }
        assert!(
            below.len() == 1 && below[0] == self.index.first,
            "the whole table"
        );
    }
}

fn tried(groups: usize) {
    let mut rng = Rng::seeded(6);
    let mut tried = Tried::new(groups);
    let mut sorted: BTreeMap<usize, u64> = BTreeMap::new();
    for round in 0..5_000_u64 {
        let slot = rng.next_u64() as usize % (groups * 14);
        // From a nanosecond to years.
        let ttl = 1 + rng.next_u64() % (1 << (rng.next_u64() % 57));
        match rng.next_u64() % 8 {
            0..4 => {
                tried.put(slot, tried.now + ttl);
                sorted.insert(slot, tried.now + ttl);
            }
            4 => {
                tried.take(slot);
                sorted.remove(&slot);
            }
            5 => tried.now += ttl,
            6 if ttl % 8 == 0 => tried.now = tried.now.saturating_sub(ttl),
            // A reader puts a deadline off, and does not tell.
            6 => {
                if let Some(due) = sorted.get_mut(&slot) {
                    *due += ttl;
                    tried.deadlines[slot] = *due;
                }
            }
            // To the very moment at which something is due.
            _ => {
                tried.now = sorted
                    .values()
                    .min()
                    .map_or(tried.now, |due| (*due).max(tried.now));
            }
        }
        let first = sorted.values().min().copied().unwrap_or(NEVER);
        assert!(
            tried.index.first() <= first,
            "round {round}: would come too late"
        );
        let due: BTreeSet<usize> = sorted
            .iter()
            .filter(|(_, due)| **due <= tried.now)
            .map(|(slot, _)| *slot)
            .collect();
        assert_eq!(tried.expire(), due, "round {round}");
        assert!(tried.index.first() > tried.now);
        sorted.retain(|_, due| *due > tried.now);
        if !tried.index.levels.is_empty() {
            tried.check();
        }
    }
}

#[test]
fn what_is_due_comes_out_and_nothing_else() {
    [1, 2, 16, 17, 40, 257].into_iter().for_each(tried);
}

#[test]
fn entries_that_go_before_their_time_leave_nothing_to_do() {
    let mut tried = Tried::new(150);
    for n in 0..200_000 {
        tried.put(n * 11 % 2_100, tried.now + HOUR);
        tried.now += 1_000_000;
        assert!(tried.expire().is_empty());
    }
    assert_eq!((tried.looked, tried.index.steps), (0, 0));
    // Each group is looked at once in vain, and once or more often when its entries are due.
    let mut gone = 0;
    while tried.index.live() > 0 {
        tried.now += 100_000_000;
        gone += tried.expire().len();
    }
    assert_eq!(gone, 2_100);
    assert!(tried.looked <= 150 + 2_100, "{}", tried.looked);
}

#[test]
fn no_more_groups_are_looked_at_than_entries_were_stored() {
    for groups in [1, 17, 5_000] {
        let mut rng = Rng::seeded(groups as u64);
        let mut tried = Tried::new(groups);
        let mut stored = 0;
        for _ in 0..50_000 {
            if rng.next_u64() % 3 > 0 {
                stored += 1;
                let ttl = 1 + rng.next_u64() % (1 << (rng.next_u64() % 40));
                tried.put(rng.next_u64() as usize % (groups * 14), tried.now + ttl);
            } else {
                tried.now += rng.next_u64() % 1_000_000_000;
                tried.expire();
            }
        }
        assert!(
            tried.looked > stored / 100 && tried.looked <= stored,
            "{} for {stored}",
            tried.looked
        );
        // Down, and as many bounds put right.
        let levels = tried.index.levels.len() as u64;
        assert!(
            tried.index.steps <= tried.looked * levels * (levels + 1),
            "{} for {}",
            tried.index.steps,
            tried.looked
        );
    }
}

#[test]
fn a_slot_takes_two_thirds_of_a_byte() {
    let mut tried = Tried::new(10_000);
    tried.put(5, HOUR);
    assert!(
        tried.index.bytes() * 3 <= 140_000 * 2,
        "{}",
        tried.index.bytes()
    );
}
