//! Reads, alone and with writes between them.

use std::sync::{Arc, LazyLock};

use super::contestant::{Contestant, Entries, word};
use crate::keys::{self, Keys};
use crate::worker::Feed;
use crate::workload::{self, Role, Timed, Worker};

/// Entries that a cache may hold.
pub(super) const CAPACITY: usize = 100_000;
/// Of these ranks one is asked for.
const ALL: usize = 1_000_000;
/// The ranks that [`Hits`] asks for: all fit into any cache, whatever its shards and admission make of its capacity.
const HOTTEST: usize = 80_000;

/// Zipf's law over all ranks.
static WIDE: LazyLock<Keys> = LazyLock::new(|| keys::zipf(ALL));

pub(super) type Row = workload::Contestant<Box<dyn Timed>>;

/// Every call finds its key. The cache has been filled with the 80 000 hottest of a million keys, and the calls are those of Zipf's law
/// over the million that ask for a key which this cache does hold: that is every one of the 80 000, except in a cache
/// that does not hold what its capacity says. Nothing is inserted meanwhile, so what is held stays.
pub(super) fn hits<E: Entries, C: Contestant<E::Key, E::Value>>(
    name: &'static str,
    role: Role,
) -> Row {
    workload::Contestant::new(name, role, || {
        let cache = C::build(CAPACITY)?;
        let mut handle = cache.handle();
        for number in WIDE.all.iter().take(HOTTEST) {
            C::insert(&mut handle, E::key(*number), E::value(*number));
        }
        cache.settle()?;
        let mut held = WIDE.all.iter().take(HOTTEST).copied().collect::<Vec<_>>();
        held.retain(|number| C::get(&mut handle, &E::key(*number)) == Some(word(*number)));
        held.sort_unstable();
        drop(handle);
        if held.len() * 10 < HOTTEST * 8 {
            return Err(format!("only {} of {HOTTEST} keys are held", held.len()));
        }
        Ok(Box::new(Hits::<E, C> {
            cache,
            held,
            entries: PhantomEntries::default(),
        }) as Box<dyn Timed>)
    })
}

/// Does what a cache has put off before its time is taken: else it would be done, in a thread of its own, in the time of another.
struct Settling<'c, K, V, C, W> {
    cache: &'c C,
    worker: W,
    entries: std::marker::PhantomData<fn(K, V)>,
}

impl<'c, K, V, C: Contestant<K, V>, W: Worker + 'c> Settling<'c, K, V, C, W> {
    fn boxed(cache: &'c C, worker: W) -> Box<dyn Worker + 'c>
    where
        K: 'c,
        V: 'c,
    {
        let entries = std::marker::PhantomData;
        Box::new(Self {
            cache,
            worker,
            entries,
        })
    }
}

impl<K, V, C: Contestant<K, V>, W: Worker> Worker for Settling<'_, K, V, C, W> {
    fn run(&mut self, batches: u64) {
        self.worker.run(batches);
        let settled = self.cache.settle();
        assert!(settled.is_ok(), "{settled:?}");
    }
}

type PhantomEntries<E> = std::marker::PhantomData<fn(E)>;

struct Hits<E, C> {
    cache: C,
    /// In ascending order.
    held: Vec<u64>,
    entries: PhantomEntries<E>,
}

impl<E: Entries, C: Contestant<E::Key, E::Value>> Timed for Hits<E, C> {
    fn batch(&self) -> u64 {
        Feed::<()>::BATCH as u64
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        let asked = WIDE.asked_by(thread);
        let held = asked
            .iter()
            .filter(|number| self.held.binary_search(number).is_ok());
        let inputs: Arc<[_]> = held.cycle().take(E::INPUTS).copied().collect();
        let inputs = E::inputs(&inputs);
        let mut handle = self.cache.handle();
        let operation = move |input: &E::Input| {
            let found = C::get(&mut handle, E::asked(input));
            assert!(found == Some(word(E::number(input))), "read {found:?}");
        };
        Settling::boxed(&self.cache, Feed::new(inputs, operation))
    }
}

/// What is done with a key that Zipf's law over a million gave.
#[derive(Clone, Copy)]
pub(super) enum Traffic {
    /// It is read; every twentieth is inserted instead.
    Mixed,
    /// It is read, and if it is not there it is inserted, by one call if there is such a call.
    GetOrInsert,
}

pub(super) fn traffic<C: Contestant<u64, u64>>(
    name: &'static str,
    role: Role,
    traffic: Traffic,
) -> Row {
    workload::Contestant::new(name, role, move || {
        let cache = C::build(CAPACITY)?;
        let mut handle = cache.handle();
        // A limit holds everything, the others what they choose.
        if role == Role::Limit {
            for key in &WIDE.all {
                C::insert(&mut handle, *key, word(*key));
            }
        }
        for key in WIDE.asked_by(3).iter().take(WARMING) {
            let found = C::get_or_insert(&mut handle, key, || word(*key));
            if found != word(*key) {
                return Err(format!("read {found} for {key}"));
            }
        }
        drop(handle);
        cache.settle()?;
        Ok(Box::new(Busy { cache, traffic }) as Box<dyn Timed>)
    })
}

struct Busy<C> {
    cache: C,
    traffic: Traffic,
}

impl<C: Contestant<u64, u64>> Timed for Busy<C> {
    fn batch(&self) -> u64 {
        Feed::<()>::BATCH as u64
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        let asked = WIDE.asked_by(thread);
        let mut handle = self.cache.handle();
        match self.traffic {
            Traffic::Mixed => {
                let (mut calls, mut found) = (0_u64, 0_u64);
                let operation = move |key: &u64| {
                    calls += 1;
                    if calls.is_multiple_of(WRITES) {
                        C::insert(&mut handle, *key, word(*key));
                    } else if let Some(read) = C::get(&mut handle, key) {
                        assert!(read == word(*key), "read {read} for {key}");
                        found += 1;
                    }
                    // Zipf's law finds most keys in any cache.
                    assert!(calls < 10_000 || 4 * found > calls, "{found} of {calls}");
                };
                Settling::boxed(&self.cache, Feed::new(asked, operation))
            }
            Traffic::GetOrInsert => {
                let operation = move |key: &u64| {
                    let found = C::get_or_insert(&mut handle, key, || word(*key));
                    assert!(found == word(*key), "read {found} for {key}");
                };
                Settling::boxed(&self.cache, Feed::new(asked, operation))
            }
        }
    }
}

/// Calls that ask for more keys than a cache may hold.
const WARMING: usize = 400_000;
/// Of so many calls one writes.
const WRITES: u64 = 20;
