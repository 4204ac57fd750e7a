//! Simulated hours against a sorted map, with clocks that jump both ways.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What is due when, and inserted as which: fired in this order.
type Model = BTreeMap<(u64, usize), usize>;

#[derive(Clone, Debug)]
enum Step {
    /// Due so much after the present time.
    After(u64),
    /// Due so much before it.
    Before(u64),
    /// Due when something else is due.
    Like(prop::sample::Index),
    At(u64),
    Remove(prop::sample::Index),
    Forward(u64),
    Back(u64),
    /// To when the wheel says that the next is due.
    Next,
}

/// Spread over all levels.
fn span() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>()).prop_map(|(bits, number)| number >> bits)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => span().prop_map(Step::After),
        8 => (0_u64..10_000_000_000).prop_map(Step::After),
        2 => span().prop_map(Step::Before),
        3 => any::<prop::sample::Index>().prop_map(Step::Like),
        1 => prop_oneof![Just(0), Just(u64::MAX), Just(u64::MAX - 1), any::<u64>()].prop_map(Step::At),
        4 => any::<prop::sample::Index>().prop_map(Step::Remove),
        3 => (0_u64..10_000_000_000).prop_map(Step::Forward),
        1 => span().prop_map(Step::Forward),
        1 => span().prop_map(Step::Back),
        6 => Just(Step::Next),
    ]
}

#[derive(Default)]
struct Both {
    wheel: Option<Wheel<usize>>,
    model: Model,
    keys: Vec<(Key, u64)>,
    now: u64,
    most: usize,
}

impl Both {
    fn insert(&mut self, due: u64) {
        let name = self.keys.len();
        let wheel = self.wheel.get_or_insert_with(Wheel::new);
        let key = wheel.insert(due, name).unwrap();
        self.keys.push((key, due));
        self.model.insert((due, name), name);
        self.most = self.most.max(self.model.len());
    }

    fn fire(&mut self) {
        let wheel = self.wheel.get_or_insert_with(Wheel::new);
        loop {
            let first = self.model.first_entry();
            let due = first.filter(|entry| entry.key().0 <= self.now);
            let expected = due.map(std::collections::btree_map::OccupiedEntry::remove);
            assert_eq!(wheel.pop(self.now), expected, "at {}", self.now);
            if expected.is_none() {
                return;
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::After(span) => self.insert(self.now.saturating_add(*span)),
            Step::Before(span) => self.insert(self.now.saturating_sub(*span)),
            Step::At(due) => self.insert(*due),
            Step::Like(which) if !self.keys.is_empty() => {
                let due = which.get(&self.keys).1;
                self.insert(due);
            }
            Step::Remove(which) if !self.keys.is_empty() => {
                let name = which.index(self.keys.len());
                let (key, due) = self.keys[name];
                let wheel = self.wheel.as_mut().unwrap();
                let expected = self.model.remove(&(due, name));
                assert_eq!(wheel.contains(key), expected.is_some());
                assert_eq!(wheel.remove(key), expected);
                assert_eq!(wheel.remove(key), None);
            }
            Step::Like(_) | Step::Remove(_) => {}
            Step::Forward(span) => self.now = self.now.saturating_add(*span),
            Step::Back(span) => self.now = self.now.saturating_sub(*span),
            Step::Next => {
                let next = self.wheel.as_ref().and_then(Wheel::next_due);
                self.now = next.unwrap_or(self.now);
            }
        }
    }

    fn agree(&self) {
        let Some(wheel) = &self.wheel else { return };
        assert_eq!(wheel.len(), self.model.len());
        let next = self.model.first_key_value().map(|((due, _), _)| *due);
        if self.model.len() <= LOOK {
            assert_eq!(wheel.next_due(), next);
        } else {
            assert!(wheel.next_due() <= next && wheel.next_due().is_some());
        }
    }
}

proptest! {
    #[test]
    fn fires_like_a_sorted_map(steps in prop::collection::vec((step(), any::<bool>()), 1..400)) {
        let mut both = Both::default();
        for (step, fire) in steps {
            both.step(&step);
            if fire {
                both.fire();
            }
            both.agree();
        }
        both.now = u64::MAX;
        both.fire();
        both.agree();
        prop_assert!(both.model.is_empty());
    }
}

#[test]
fn the_ends_of_time_are_ordinary() {
    let mut wheel = Wheel::new();
    assert_eq!((wheel.pop(u64::MAX), wheel.next_due()), (None, None::<u64>));
    wheel.insert(u64::MAX, "end").unwrap();
    wheel.insert(0, "beginning").unwrap();
    assert_eq!(wheel.next_due(), Some(0));
    assert_eq!(wheel.pop(0), Some("beginning"));
    assert_eq!(
        (wheel.pop(u64::MAX - 1), wheel.next_due()),
        (None, Some(u64::MAX))
    );
    assert_eq!(wheel.pop(u64::MAX), Some("end"));
    wheel.insert(0, "late").unwrap();
    assert_eq!(wheel.pop(0), Some("late"));
}

#[test]
fn a_crowd_in_one_slot_says_the_start_of_the_slot() {
    let mut wheel = Wheel::new();
    let hour = 3_600_000_000_000_u64;
    for n in 0..LOOK as u64 {
        wheel.insert(hour + 1_000 - n, n).unwrap();
    }
    assert_eq!(wheel.next_due(), Some(hour + 1_000 - (LOOK as u64 - 1)));
    wheel.insert(hour, 99).unwrap();
    let start = wheel.next_due().unwrap();
    assert!(start < hour);
    // Whoever comes then finds nothing, and learns more.
    assert_eq!(wheel.pop(start), None);
    assert!(wheel.next_due().unwrap() > start);
    let mut now = start;
    let mut looks = 0;
    while wheel.pop(now).is_none() {
        now = wheel.next_due().unwrap();
        looks += 1;
    }
    assert_eq!(now, hour);
    assert!(looks <= 10, "one look per level at most, not {looks}");
}

/// The slab has as many places as there were deadlines at a time.
#[test]
fn memory_is_for_as_many_as_there_were_at_a_time() {
    let mut wheel = Wheel::new();
    for round in 0..1_000_u64 {
        let keys: Vec<_> = (0..10)
            .map(|n| wheel.insert(round * 977 + n * n * 31, n).unwrap())
            .collect();
        assert!(wheel.remove(keys[3]).is_some());
        while wheel.pop(u64::from(round as u32) * 977 + 10_000).is_some() {}
    }
    assert_eq!((wheel.len(), wheel.slab.places()), (0, 10));
}
