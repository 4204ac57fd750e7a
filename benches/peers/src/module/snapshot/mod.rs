//! Published values: reading the current one while nobody publishes a new one, which is nearly always.

mod epoch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use crossbeam_utils::CachePadded;
use tenfold::snapshot::{Reader, Snapshot};

use self::epoch::{Epoch, OwnHandle};
use crate::worker::Repeat;
use crate::workload::{Contestant, Role, Timed, Worker, Workload};

pub(crate) fn workloads() -> Vec<Workload> {
    let read = vec![
        reading::<Snapshot<Config>>("tenfold", Role::Tenfold),
        reading::<ArcSwap<Config>>("arc-swap (load)", Role::Peer),
        reading::<Epoch>("crossbeam-epoch", Role::Peer),
        reading::<OwnHandle>("crossbeam-epoch (own handle)", Role::Peer),
        reading::<std::sync::RwLock<Arc<Config>>>("std RwLock", Role::Peer),
        reading::<parking_lot::RwLock<Arc<Config>>>("parking_lot RwLock", Role::Peer),
        reading::<PrivateSwap>("swap on a line of its own", Role::Limit),
    ];
    let cached = vec![
        reading::<Cached>("tenfold", Role::Tenfold),
        reading::<ArcSwapCache>("arc-swap (cache)", Role::Peer),
        reading::<Load>("atomic load", Role::Limit),
    ];
    vec![
        Workload::timed("read", &[1, 2, 4], read),
        Workload::timed("read through a caching handle", &[1, 2, 4], cached),
    ]
}

/// What is published: more than fits in an atomic.
#[derive(Clone, Debug)]
struct Config {
    fields: [u64; 8],
}

impl Config {
    const ANSWER: u64 = 0x5EED;

    const fn new() -> Self {
        let mut fields = [0; 8];
        fields[3] = Self::ANSWER;
        Self { fields }
    }

    /// What a reader wants of it.
    const fn answer(&self) -> u64 {
        self.fields[3]
    }
}

/// Something that publishes a [`Config`].
trait Publish: Sized + Sync + 'static {
    /// What a thread holds while it reads.
    type Handle<'p>
    where
        Self: 'p;

    fn publish(config: Config) -> Self;

    fn handle(&self) -> Self::Handle<'_>;

    /// Finds the current value and reads one field of it.
    fn read(handle: &mut Self::Handle<'_>) -> u64;
}

fn reading<P: Publish>(name: &'static str, role: Role) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, || {
        let published = P::publish(Config::new());
        let answer = P::read(&mut published.handle());
        if answer != Config::ANSWER {
            return Err(format!("read {answer} instead of {}", Config::ANSWER));
        }
        Ok(Box::new(Reading(published)) as Box<dyn Timed>)
    })
}

struct Reading<P>(P);

const BATCH: u64 = 1024;

impl<P: Publish> Timed for Reading<P> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        let mut handle = self.0.handle();
        Box::new(Repeat::new(BATCH, move || P::read(&mut handle)))
    }
}

impl Publish for Snapshot<Config> {
    type Handle<'p> = &'p Self;

    fn publish(config: Config) -> Self {
        Self::new(config)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn read(snapshot: &mut Self::Handle<'_>) -> u64 {
        Self::read(snapshot, Config::answer)
    }
}

/// A reader that each thread keeps.
struct Cached(Arc<Snapshot<Config>>);

impl Publish for Cached {
    type Handle<'p> = Reader<Config>;

    fn publish(config: Config) -> Self {
        Self(Arc::new(Snapshot::new(config)))
    }

    fn handle(&self) -> Self::Handle<'_> {
        Reader::new(self.0.clone())
    }

    fn read(reader: &mut Self::Handle<'_>) -> u64 {
        reader.get().answer()
    }
}

impl Publish for ArcSwap<Config> {
    type Handle<'p> = &'p Self;

    fn publish(config: Config) -> Self {
        Self::from_pointee(config)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn read(shared: &mut Self::Handle<'_>) -> u64 {
        shared.load().answer()
    }
}

/// A cache that each thread keeps.
struct ArcSwapCache(ArcSwap<Config>);

impl Publish for ArcSwapCache {
    type Handle<'p> = arc_swap::Cache<&'p ArcSwap<Config>, Arc<Config>>;

    fn publish(config: Config) -> Self {
        Self(ArcSwap::from_pointee(config))
    }

    fn handle(&self) -> Self::Handle<'_> {
        arc_swap::Cache::new(&self.0)
    }

    fn read(cache: &mut Self::Handle<'_>) -> u64 {
        cache.load().answer()
    }
}

/// Read under the lock, which is the least that such a reader can do.
impl Publish for std::sync::RwLock<Arc<Config>> {
    type Handle<'p> = &'p Self;

    fn publish(config: Config) -> Self {
        Self::new(Arc::new(config))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn read(lock: &mut Self::Handle<'_>) -> u64 {
        Self::read(lock).map_or(0, |config| config.answer())
    }
}

impl Publish for parking_lot::RwLock<Arc<Config>> {
    type Handle<'p> = &'p Self;

    fn publish(config: Config) -> Self {
        Self::new(Arc::new(config))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn read(lock: &mut Self::Handle<'_>) -> u64 {
        Self::read(lock).answer()
    }
}

/// The limit of a read that announces nothing.
struct Load(AtomicU64);

impl Publish for Load {
    type Handle<'p> = &'p AtomicU64;

    fn publish(config: Config) -> Self {
        Self(AtomicU64::new(config.answer()))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn read(value: &mut Self::Handle<'_>) -> u64 {
        value.load(Ordering::Acquire)
    }
}

/// The limit of a read that announces itself in memory of the thread's own, with the fence which that takes.
struct PrivateSwap(u64);

impl Publish for PrivateSwap {
    type Handle<'p> = CachePadded<AtomicU64>;

    fn publish(config: Config) -> Self {
        Self(config.answer())
    }

    fn handle(&self) -> Self::Handle<'_> {
        CachePadded::new(AtomicU64::new(self.0))
    }

    fn read(slot: &mut Self::Handle<'_>) -> u64 {
        slot.swap(Config::ANSWER, Ordering::SeqCst)
    }
}
