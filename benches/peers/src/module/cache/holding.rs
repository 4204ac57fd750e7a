//! Bytes for each entry that is held, key and value included, in a cache of a million.

use super::contestant::{Contestant, word};
use crate::input;
use crate::memory::MeterOfAll;
use crate::workload::{self, Role};

const CAPACITY: usize = 1_000_000;

/// What the cache has taken in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// As many keys as it may hold.
    Once,
    /// Three times as many; where nothing is evicted, or where that would take hours, as many.
    Thrice,
}

pub(super) fn holding<C: Contestant<u64, u64>>(
    name: &'static str,
    role: Role,
    taken: Taken,
) -> workload::Contestant<f64> {
    workload::Contestant::new(name, role, move || {
        // What a crate sets up once for the process or the thread is not part of a cache.
        drop(C::build(1000)?);
        let churns = taken == Taken::Thrice && role != Role::Limit && C::SCALES;
        let times = if churns { 3 } else { 1 };
        let keys: Vec<u64> = input::sequence(1).take(times * CAPACITY).collect();
        let meter = MeterOfAll::start();
        let cache = Box::new(C::build(CAPACITY)?);
        let mut handle = cache.handle();
        for key in &keys {
            C::insert(&mut handle, *key, word(*key));
        }
        cache.settle()?;
        let bytes = meter.bytes();
        let held = keys
            .iter()
            .filter(|key| C::get(&mut handle, key) == Some(word(**key)))
            .count();
        if held * 2 < CAPACITY || held * 20 > CAPACITY * 21 {
            return Err(format!("{held} entries are held"));
        }
        Ok(bytes / held as f64)
    })
}
