//! A limiter per key. All keys are known and no bucket is full again, so every call finds its key there, and is admitted.

use std::collections::hash_map::RandomState as SipHash;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use ahash::RandomState as AHash;
use governor::clock::{QuantaClock, QuantaInstant};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use tenfold::limit::{Keyed, Quota};

use crate::keys::{self, Keys};
use crate::memory::Meter;
use crate::worker::Feed;
use crate::workload::{Contestant, Role, Timed, Worker, Workload};

const THREADS: &[usize] = &[1, 2, 4];

static ZIPF: LazyLock<Keys> = LazyLock::new(|| keys::zipf(100_000));
static UNIFORM: LazyLock<Keys> = LazyLock::new(|| keys::uniform(1_000_000));

pub(super) fn workloads() -> [Workload; 3] {
    let memory = vec![
        holding::<Roomy>("tenfold", Role::Tenfold),
        holding::<Full>("tenfold (full)", Role::Tenfold),
        holding::<Governor<AHash>>("governor (ahash)", Role::Peer),
        holding::<Governor<SipHash>>("governor", Role::Peer),
    ];
    [
        Workload::timed("keyed, 100k zipf", THREADS, rows(&ZIPF)),
        Workload::timed("keyed, 1M uniform", THREADS, rows(&UNIFORM)),
        Workload::counted("memory, 1M keys", "bytes/key", memory),
    ]
}

fn rows(keys: &'static LazyLock<Keys>) -> Vec<Contestant<Box<dyn Timed>>> {
    vec![
        asked::<Roomy>("tenfold", Role::Tenfold, keys),
        asked::<Governor<AHash>>("governor (ahash)", Role::Peer, keys),
        asked::<Governor<SipHash>>("governor", Role::Peer, keys),
    ]
}

/// A limiter of this many tokens at once for each key, and one more every [`PERIOD`]: whatever a run takes is there, and does
/// not come back while it lasts.
trait PerKey: Sync + 'static {
    fn build(keys: usize) -> Result<Self, String>
    where
        Self: Sized;

    fn ask(&self, key: &u64) -> bool;

    /// Keys that it holds.
    fn held(&self) -> usize;
}

const TOKENS: u32 = 100_000_000;
const PERIOD: Duration = Duration::from_secs(8);

/// A limiter that knows all keys.
fn filled<L: PerKey>(keys: &Keys) -> Result<L, String> {
    let limiter = L::build(keys.all.len())?;
    let refused = keys.all.iter().filter(|key| !limiter.ask(key)).count();
    if refused == 0 {
        Ok(limiter)
    } else {
        Err(format!("{refused} keys refused"))
    }
}

fn asked<L: PerKey>(
    name: &'static str,
    role: Role,
    keys: &'static LazyLock<Keys>,
) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, move || {
        let limiter = filled::<L>(keys)?;
        let (held, all) = (limiter.held(), keys.all.len());
        // A table of fixed size may have no place for a few.
        if held * 100 < all * 98 {
            return Err(format!("only {held} of {all} keys are held"));
        }
        Ok(Box::new(Asking { limiter, keys }) as Box<dyn Timed>)
    })
}

struct Asking<L> {
    limiter: L,
    keys: &'static LazyLock<Keys>,
}

impl<L: PerKey> Timed for Asking<L> {
    fn batch(&self) -> u64 {
        Feed::<()>::BATCH as u64
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        let operation = |key: &u64| assert!(self.limiter.ask(key), "key {key} was refused");
        Box::new(Feed::new(self.keys.asked_by(thread), operation))
    }
}

/// Bytes for each key that is held.
fn holding<L: PerKey>(name: &'static str, role: Role) -> Contestant<f64> {
    Contestant::new(name, role, || {
        let keys: &Keys = &UNIFORM;
        // What a crate sets up once for the process or the thread is not part of a limiter.
        drop(L::build(1000)?);
        let meter = Meter::start();
        let limiter = Box::new(filled::<L>(keys)?);
        Ok(meter.bytes() / limiter.held() as f64)
    })
}

/// With room for all keys.
struct Roomy(Keyed<u64>);

const fn quota() -> Result<Quota, tenfold::limit::Error> {
    Quota::new(1, PERIOD, TOKENS as u64)
}

impl PerKey for Roomy {
    fn build(keys: usize) -> Result<Self, String> {
        let quota = quota().map_err(|error| error.to_string())?;
        let limiter = Keyed::builder(quota).keys(keys).build();
        limiter.map(Self).map_err(|error| error.to_string())
    }

    fn ask(&self, key: &u64) -> bool {
        self.0.try_acquire(key)
    }

    fn held(&self) -> usize {
        self.0.live()
    }
}

/// With so little memory that no place stays empty.
struct Full(Keyed<u64>);

impl PerKey for Full {
    fn build(keys: usize) -> Result<Self, String> {
        let quota = quota().map_err(|error| error.to_string())?;
        let limiter = Keyed::builder(quota).bytes(keys * 8).build();
        limiter.map(Self).map_err(|error| error.to_string())
    }

    fn ask(&self, key: &u64) -> bool {
        self.0.try_acquire(key)
    }

    fn held(&self) -> usize {
        self.0.live()
    }
}

type Dashed<S> = governor::RateLimiter<
    u64,
    DashMapStateStore<u64, S>,
    QuantaClock,
    NoOpMiddleware<QuantaInstant>,
>;

/// The concurrent map that governor uses by default, with a hash.
struct Governor<S: BuildHasher + Clone>(Dashed<S>);

impl<S> PerKey for Governor<S>
where
    S: BuildHasher + Clone + Default + Send + Sync + 'static,
{
    fn build(_keys: usize) -> Result<Self, String> {
        let quota = governor::Quota::with_period(PERIOD)
            .zip(NonZeroU32::new(TOKENS))
            .map(|(quota, burst)| quota.allow_burst(burst))
            .ok_or("no quota")?;
        Ok(Self(Dashed::dashmap_with_hasher(quota, S::default())))
    }

    fn ask(&self, key: &u64) -> bool {
        self.0.check_key(key).is_ok()
    }

    fn held(&self) -> usize {
        self.0.len()
    }
}
