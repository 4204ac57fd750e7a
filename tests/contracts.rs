//! What users may rely on besides behaviour: auto traits, readable output, small errors, and the public API itself.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test reports by panicking"
)]

#[path = "support/api/mod.rs"]
mod api;
#[path = "support/errors.rs"]
mod errors;
#[path = "support/shown/mod.rs"]
mod shown;
#[path = "support/source/mod.rs"]
mod source;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::future::Ready;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tenfold::clock::{self, Clock};
use tenfold::health::registry::Registry;
use tenfold::ring::placement::{Placement, Table};
use tenfold::{
    Error, Refusal, balance, cache, hash, health, histogram, limit, pool, ring, rng, snapshot,
};

/// Asserts at compile time that each type has the traits named, and is `'static` where its parameters are.
macro_rules! types {
    ($($type:ty: $($bound:path),*;)*) => {
        const _: () = { $({
            const fn has<T: $($bound +)* 'static>() {}
            has::<$type>();
        })* };
        const TYPES: &[&str] = &[$(stringify!($type)),*];
    };
}

/// What a bulk load brings, and what makes one.
type Pairs = Vec<(String, String)>;
type Bulk = fn(Vec<String>) -> Ready<Pairs>;

// Every public type: the test below compares the list with the public API.
types! {
    balance::Adaptive: Send, Sync, Unpin, Copy;
    balance::Backend<String>: Send, Sync, Unpin;
    balance::BackendId: Send, Sync, Unpin, Copy;
    balance::BackendState: Send, Sync, Unpin, Copy;
    balance::BackendStatus: Send, Sync, Unpin;
    balance::Balancer<String>: Send, Sync, Unpin;
    balance::Builder<String>: Send, Sync, Unpin;
    balance::Change: Send, Sync, Unpin, Copy;
    balance::Changes<String>: Send, Sync, Unpin;
    balance::Config: Send, Sync, Unpin, Copy;
    balance::Consistent: Send, Sync, Unpin, Copy;
    balance::Drain<String>: Send, Sync, Unpin;
    balance::Drained: Send, Sync, Unpin, Copy;
    balance::DynPolicy: Send, Sync, Unpin;
    balance::Error: Send, Sync, Unpin;
    balance::FailureKind: Send, Sync, Unpin, Copy;
    balance::Hash: Send, Sync, Unpin, Copy;
    balance::Lease<String>: Send, Sync, Unpin;
    balance::LeastConnections: Send, Sync, Unpin, Copy;
    balance::LeastResponseTime: Send, Sync, Unpin, Copy;
    balance::Member: Send, Sync, Unpin;
    balance::NoBackend: Send, Sync, Unpin, Copy;
    balance::Outcome: Send, Sync, Unpin, Copy;
    // Stays on its thread: it is announced there that the set is in use.
    balance::Picked<'static, String>: Unpin;
    // One caller's at a time: it counts turns without atomic operations.
    balance::Picker<String>: Send, Unpin;
    balance::PowerOfTwo: Send, Sync, Unpin, Copy;
    balance::Priority<balance::Random>: Send, Sync, Unpin, Copy;
    balance::ProbePlan: Send, Sync, Unpin;
    balance::Probing: Send, Sync, Unpin;
    balance::Random: Send, Sync, Unpin, Copy;
    balance::Reply: Send, Sync, Unpin;
    balance::Request<'static>: Send, Sync, Unpin, Copy;
    balance::RoundRobin: Send, Sync, Unpin, Copy;
    balance::Route<balance::Random>: Send, Sync, Unpin;
    balance::Spec<String>: Send, Sync, Unpin;
    balance::Stats: Send, Sync, Unpin, Copy;
    balance::Sticky<balance::Random>: Send, Sync, Unpin, Copy;
    balance::Subset<balance::Random>: Send, Sync, Unpin, Copy;
    balance::Unprobed: Send, Sync, Unpin, Copy;
    balance::Watch: Send, Sync, Unpin;
    balance::WeightedRoundRobin: Send, Sync, Unpin, Copy;
    balance::When: Send, Sync, Unpin;
    balance::ZoneAware<balance::Random>: Send, Sync, Unpin;
    balance::plan::Alias: Send, Sync, Unpin;
    balance::plan::Bounds<()>: Send, Sync, Unpin;
    balance::plan::Course: Send, Sync, Unpin;
    balance::plan::DynPlan: Send, Sync, Unpin;
    balance::plan::Levels<()>: Send, Sync, Unpin;
    balance::plan::Placed<()>: Send, Sync, Unpin;
    balance::plan::Rotation: Send, Sync, Unpin, Copy;
    balance::plan::Routes<()>: Send, Sync, Unpin;
    balance::plan::Scale: Send, Sync, Unpin;
    balance::plan::Selection<()>: Send, Sync, Unpin;
    balance::plan::Sessions<()>: Send, Sync, Unpin;
    balance::plan::Zones<()>: Send, Sync, Unpin;
    cache::Builder<String, String>: Send, Sync, Unpin;
    cache::Compute<String>: Send, Sync, Unpin;
    cache::Computed: Send, Sync, Unpin, Copy;
    cache::Config: Send, Sync, Unpin, Clone;
    cache::EntryInfo: Send, Sync, Unpin;
    cache::Error: Send, Sync, Unpin, Copy;
    cache::EvictionPolicy: Send, Sync, Unpin, Copy;
    // A future is polled by one task, so it needs not be looked at by two.
    cache::GetOrLoad<'static, String, str, String, hash::DefaultHashBuilder, Ready<String>>: Send, Unpin;
    cache::GetOrLoadMany<'static, 'static, String, str, String, hash::DefaultHashBuilder, Bulk, Ready<Pairs>>: Send, Unpin;
    cache::InsertOptions: Send, Sync, Unpin;
    cache::Iter<'static, String, String>: Send, Sync, Unpin;
    cache::LoadConfig: Send, Sync, Unpin;
    cache::LoadError<String>: Send, Sync, Unpin;
    cache::LoadToken<String>: Send, Sync, Unpin;
    cache::Lookup<String, String>: Send, Sync, Unpin;
    cache::MemoryCache<String, String>: Send, Sync, Unpin;
    cache::Ref<'static, String, String>: Send, Sync, Unpin;
    cache::RemovalCause: Send, Sync, Unpin, Copy;
    cache::Restored: Send, Sync, Unpin, Copy;
    cache::Snapshot<String, String>: Send, Sync, Unpin;
    cache::SnapshotEntry<String, String>: Send, Sync, Unpin;
    cache::Stale<String>: Send, Sync, Unpin;
    cache::Stats: Send, Sync, Unpin, Copy;
    cache::TryGetOrLoad<'static, String, str, String, hash::DefaultHashBuilder, Ready<Result<String, String>>>: Send, Unpin;
    cache::TryGetOrLoadMany<'static, 'static, String, str, String, hash::DefaultHashBuilder, Bulk, Ready<Result<Pairs, String>>>: Send, Unpin;
    cache::Ttl: Send, Sync, Unpin, Copy;
    cache::Upkeep: Send, Sync, Unpin, Copy;
    cache::Written: Send, Sync, Unpin, Copy;
    clock::ManualClock: Send, Sync, Unpin;
    clock::MonotonicClock: Send, Sync, Unpin, Copy;
    clock::Tick: Send, Sync, Unpin, Copy;
    clock::Timers: Send, Sync, Unpin;
    hash::DefaultHashBuilder: Send, Sync, Unpin;
    hash::DefaultHasher: Send, Sync, Unpin;
    hash::Hashed<String>: Send, Sync, Unpin;
    hash::StableHash: Send, Sync, Unpin, Copy;
    health::Active: Send, Sync, Unpin, Copy;
    health::BlockOn<()>: Send, Sync, Unpin, Copy;
    health::Builder<String>: Send, Sync, Unpin;
    health::Cause: Send, Sync, Unpin, Copy;
    health::CheckError: Send, Sync, Unpin;
    // A future is polled by one task, so it needs not be looked at by two.
    health::CheckTask: Send, Unpin;
    health::Error: Send, Sync, Unpin;
    health::Executor: Send, Sync, Unpin, Copy;
    health::FailurePercent: Send, Sync, Unpin, Copy;
    health::Initial: Send, Sync, Unpin, Copy;
    health::MaxEjected: Send, Sync, Unpin, Copy;
    health::Monitor<String>: Send, Sync, Unpin;
    health::Outlier: Send, Sync, Unpin, Copy;
    health::Panic: Send, Sync, Unpin, Copy;
    health::RiseFall: Send, Sync, Unpin, Copy;
    health::Row: Send, Sync, Unpin, Copy;
    health::SlowStart: Send, Sync, Unpin, Copy;
    health::Stats: Send, Sync, Unpin, Copy;
    health::Status: Send, Sync, Unpin, Copy;
    health::SuccessRate: Send, Sync, Unpin, Copy;
    health::TcpConnect: Send, Sync, Unpin, Copy;
    health::Upkeep: Send, Sync, Unpin, Copy;
    health::Verdict: Send, Sync, Unpin, Copy;
    health::registry::Entries<String>: Send, Sync, Unpin;
    health::registry::InProcess<String>: Send, Sync, Unpin;
    health::registry::Registration<String>: Send, Sync, Unpin;
    health::registry::Static<String>: Send, Sync, Unpin;
    health::registry::Subscription: Send, Sync, Unpin;
    histogram::Distribution: Send, Sync, Unpin;
    histogram::Histogram: Send, Sync, Unpin;
    limit::Acquire<'static>: Send, Sync, Unpin;
    limit::All: Send, Sync, Unpin;
    limit::AllBuilder: Send, Sync, Unpin;
    limit::Builder: Send, Sync, Unpin;
    limit::Config: Send, Sync, Unpin, Copy;
    limit::Decision: Send, Sync, Unpin, Copy;
    limit::Error: Send, Sync, Unpin, Copy;
    limit::FixedWindow: Send, Sync, Unpin;
    limit::Headers<'static>: Send, Sync, Unpin, Copy;
    limit::Keep: Send, Sync, Unpin, Copy;
    limit::Keyed<String>: Send, Sync, Unpin;
    limit::KeyedBuilder<String>: Send, Sync, Unpin;
    limit::KeyedConfig: Send, Sync, Unpin;
    limit::KeyedStats: Send, Sync, Unpin, Copy;
    limit::Leased: Send, Sync, Unpin;
    limit::Overflow: Send, Sync, Unpin, Copy;
    limit::Quota: Send, Sync, Unpin, Copy;
    limit::Reservation<'static>: Send, Sync, Unpin;
    limit::Shadow<limit::TokenBucket>: Send, Sync, Unpin;
    limit::ShadowStats: Send, Sync, Unpin, Copy;
    limit::SlidingLog: Send, Sync, Unpin;
    limit::SlidingWindow: Send, Sync, Unpin;
    limit::Stats: Send, Sync, Unpin, Copy;
    limit::TokenBucket: Send, Sync, Unpin;
    pool::Acquire<'static, Plain>: Send, Sync, Unpin;
    pool::AcquireError<String>: Send, Sync, Unpin, Clone;
    pool::AcquireKeyed<String, Plain>: Send, Sync, Unpin;
    pool::AcquireOwned<Plain>: Send, Sync, Unpin;
    pool::AttachError<String>: Send, Sync, Unpin;
    pool::Builder<Plain>: Send, Sync, Unpin;
    pool::Check: Send, Sync, Unpin, Copy;
    pool::CloseReason: Send, Sync, Unpin, Copy;
    pool::Config: Send, Sync, Unpin, Clone;
    pool::ConnectError<String>: Send, Sync, Unpin;
    pool::ConnectionInfo: Send, Sync, Unpin, Copy;
    pool::Drain<'static, Plain>: Send, Sync, Unpin;
    pool::DrainKeyed<Plain>: Send, Sync, Unpin;
    pool::DrainReport: Send, Sync, Unpin, Clone;
    pool::Error: Send, Sync, Unpin, Copy;
    pool::Fairness: Send, Sync, Unpin, Copy;
    pool::FromAsyncFn<fn()>: Send, Sync, Unpin, Clone;
    pool::FromFn<fn()>: Send, Sync, Unpin, Clone;
    pool::Held: Send, Sync, Unpin, Copy;
    pool::Histograms: Send, Sync, Unpin, Clone;
    pool::KeyedBuilder<String, Plain>: Send, Sync, Unpin;
    pool::KeyedConfig: Send, Sync, Unpin, Clone;
    pool::KeyedPool<String, Plain>: Send, Sync, Unpin, Clone;
    pool::KeyedStats: Send, Sync, Unpin, Copy;
    pool::KeyedStatus: Send, Sync, Unpin, Copy;
    pool::Lease<'static, Plain>: Send, Sync, Unpin;
    pool::OnPanic: Send, Sync, Unpin, Copy;
    pool::Order: Send, Sync, Unpin, Copy;
    pool::OwnedLease<Plain>: Send, Sync, Unpin;
    pool::Pool<Plain>: Send, Sync, Unpin, Clone;
    pool::Reason: Send, Sync, Unpin, Copy;
    pool::Stats: Send, Sync, Unpin, Copy;
    pool::Status: Send, Sync, Unpin, Copy;
    pool::Upkeep: Send, Sync, Unpin, Copy;
    pool::Verdict: Send, Sync, Unpin, Copy;
    pool::WarmUp<'static, Plain>: Send, Sync, Unpin;
    ring::Anchor: Send, Sync, Unpin;
    ring::Bounded<String>: Send, Sync, Unpin;
    ring::BoundedStats: Send, Sync, Unpin, Copy;
    ring::Builder<String>: Send, Sync, Unpin;
    ring::Config: Send, Sync, Unpin;
    ring::Error: Send, Sync, Unpin, Copy;
    ring::Flow: Send, Sync, Unpin, Copy;
    ring::Jump: Send, Sync, Unpin, Copy;
    ring::Lease<String>: Send, Sync, Unpin;
    ring::Maglev: Send, Sync, Unpin, Copy;
    // Holds iterators of the tables' choosing.
    ring::Moves<'static, String>: Send, Unpin;
    ring::MultiProbe: Send, Sync, Unpin, Copy;
    ring::Native: Send, Sync, Unpin, Copy;
    ring::Plan: Send, Sync, Unpin;
    ring::RangeMove: Send, Sync, Unpin, Copy;
    ring::Reader<String>: Send, Sync, Unpin;
    ring::Rendezvous: Send, Sync, Unpin, Copy;
    ring::Replicas<'static, String>: Send, Sync, Unpin;
    ring::ReplicasBy<'static, String, fn(&String) -> u8>: Send, Sync, Unpin;
    ring::Ring<String>: Send, Sync, Unpin;
    ring::SharedRing<String>: Send, Sync, Unpin;
    ring::SlotTable: Send, Sync, Unpin;
    ring::Stats: Send, Sync, Unpin, Copy;
    ring::placement::AnchorTable: Send, Sync, Unpin;
    ring::placement::CircleTable: Send, Sync, Unpin;
    ring::placement::Crc32Hash: Send, Sync, Unpin, Copy;
    ring::placement::DynPlacement: Send, Sync, Unpin;
    ring::placement::DynTable: Send, Sync, Unpin;
    ring::placement::EnvoyMaglev: Send, Sync, Unpin, Copy;
    ring::placement::EnvoyMaglevTable: Send, Sync, Unpin;
    ring::placement::EnvoyRing: Send, Sync, Unpin, Copy;
    ring::placement::EnvoyRingTable: Send, Sync, Unpin;
    ring::placement::JumpTable: Send, Sync, Unpin;
    // Holds an iterator of the table's choosing.
    ring::placement::Layout<'static>: Send, Unpin;
    ring::placement::Ketama: Send, Sync, Unpin, Copy;
    ring::placement::KetamaHash: Send, Sync, Unpin, Copy;
    ring::placement::Limits: Send, Sync, Unpin, Copy;
    ring::placement::MaglevTable: Send, Sync, Unpin;
    ring::placement::Member: Send, Sync, Unpin;
    ring::placement::MultiProbeTable: Send, Sync, Unpin;
    ring::placement::NginxConsistent: Send, Sync, Unpin, Copy;
    ring::placement::RendezvousTable: Send, Sync, Unpin;
    ring::placement::SlotsTable: Send, Sync, Unpin;
    ring::placement::Walk: Send, Sync, Unpin, Copy;
    ring::placement::Xxh64Hash: Send, Sync, Unpin, Copy;
    rng::Rng: Send, Sync, Unpin;
    // Stays on its thread: it is announced there that the value is in use.
    snapshot::Guard<'static, String>: Unpin;
    snapshot::Reader<String>: Send, Sync, Unpin;
    snapshot::Snapshot<String>: Send, Sync, Unpin;
    Error: Send, Sync, Unpin;
}

/// Whether a type has a trait: where the bound holds, the constant of the probe itself comes before the blanket one. Where it
/// doesn't, the former is dead, hence the underscore.
macro_rules! has {
    ($type:ty: $bound:path) => {{
        struct Probe<T>(PhantomData<T>);
        impl<T: $bound> Probe<T> {
            const _HOLDS: bool = true;
        }
        <Probe<$type>>::_HOLDS
    }};
}

/// The answer of [`has!`] where the bound does not hold.
trait Otherwise {
    const _HOLDS: bool = false;
}
impl<T> Otherwise for T {}

fn public_api() -> api::Api {
    api::read(&source::files::library())
}

/// All public types but those of adapters, which `contracts_adapt.rs` looks at: it takes features to have them.
fn types() -> BTreeSet<String> {
    let types = public_api().types.into_iter();
    types.filter(|name| !name.starts_with("adapt::")).collect()
}

#[test]
fn the_table_of_types_is_complete() {
    let without_generics = |name: &str| name.split('<').next().unwrap_or_default().replace(' ', "");
    let listed: BTreeSet<_> = TYPES.iter().map(|name| without_generics(name)).collect();
    assert_eq!(listed, types());
}

#[test]
fn sharing_a_handle_needs_what_sharing_its_content_needs() {
    // A value that may be used by one thread at a time, and one that may not leave its thread.
    type Local = Cell<u8>;
    type Bound = Rc<u8>;
    assert!(has!(Local: Send) && !has!(Local: Sync) && !has!(Bound: Send));
    assert!(!has!(snapshot::Snapshot<Local>: Sync) && !has!(snapshot::Snapshot<Bound>: Send));
    assert!(
        !has!(snapshot::Snapshot<Local>: Send),
        "a share of the value can stay behind with `load`"
    );
    assert!(
        !has!(snapshot::Guard<'static, u8>: Send),
        "it was announced by its thread"
    );
    assert!(!has!(snapshot::Reader<Local>: Send) && !has!(snapshot::Reader<Bound>: Send));
    assert!(
        !has!(ring::Ring<Local>: Send)
            && !has!(ring::Ring<Local>: Sync)
            && !has!(ring::Ring<Bound>: Send)
    );
    assert!(!has!(ring::SharedRing<Local>: Send) && !has!(ring::SharedRing<Local>: Sync));
    assert!(!has!(ring::Reader<Local>: Send) && !has!(ring::Replicas<'static, Local>: Send));
    assert!(!has!(balance::Balancer<Local>: Send) && !has!(balance::Balancer<Local>: Sync));
    assert!(!has!(balance::Picker<u8>: Sync) && !has!(balance::Picker<Local>: Send));
    assert!(!has!(balance::Lease<Local>: Send) && !has!(balance::Picked<'static, u8>: Send));
    // One handle can stay behind with a clone.
    assert!(
        !has!(cache::MemoryCache<u8, Local>: Send) && !has!(cache::MemoryCache<u8, Local>: Sync)
    );
    assert!(
        !has!(cache::MemoryCache<Bound, u8>: Send) && !has!(cache::MemoryCache<Bound, u8>: Sync)
    );
    assert!(
        !has!(cache::Ref<'static, u8, Local>: Send) && !has!(cache::Ref<'static, Bound, u8>: Sync)
    );
    assert!(!has!(cache::Lookup<Bound, u8>: Send) && !has!(cache::Iter<'static, u8, Local>: Send));
    assert!(
        !has!(health::registry::Entries<Local>: Send)
            && !has!(health::registry::Entries<Bound>: Sync)
    );
}

#[test]
fn every_type_shows_something() {
    let cell = Arc::new(snapshot::Snapshot::new(1));
    let builder = hash::DefaultHashBuilder::new();
    let mut shown = BTreeSet::new();
    let mut show = |name: &str, value: &dyn Debug| {
        assert!(
            !format!("{value:?}").is_empty() && !format!("{value:#?}").is_empty(),
            "{name} shows nothing"
        );
        assert!(shown.insert(name.to_owned()), "{name} is listed twice");
    };
    show("Error", &Error::from(ring::Error::UnknownNode));
    show("clock::ManualClock", &clock::ManualClock::new());
    show("clock::MonotonicClock", &clock::MonotonicClock::new());
    show("clock::Tick", &clock::Tick::ZERO);
    show("clock::Timers", &clock::Timers::manual());
    show("hash::DefaultHashBuilder", &builder);
    show("hash::DefaultHasher", &builder.build_hasher());
    show("hash::Hashed", &hash::Hashed::new("key"));
    show(
        "histogram::Distribution",
        &histogram::Distribution::default(),
    );
    show("histogram::Histogram", &histogram::Histogram::new());
    show("rng::Rng", &rng::Rng::seeded(1));
    show("snapshot::Guard", &cell.guard());
    show("snapshot::Reader", &snapshot::Reader::new(cell.clone()));
    show("snapshot::Snapshot", &cell);
    shown::balance::show(&mut show);
    shown::cache::show(&mut show);
    shown::plans::show(&mut show);
    shown::health::show(&mut show);
    shown::limit::show(&mut show);
    shown::pool::show(&mut show);
    shown::ring::show(&mut show);

    // Have functions only; there is no value of them.
    let hashes = ["Crc32Hash", "KetamaHash", "Xxh64Hash"];
    shown.extend(hashes.map(|name| format!("ring::placement::{name}")));
    shown.insert("hash::StableHash".to_owned());
    // Stands for a probe where there is none.
    shown.insert("balance::Unprobed".to_owned());
    assert_eq!(shown, types());
}

#[test]
fn every_trait_can_be_used_behind_a_pointer() {
    let clock: Box<dyn Clock> = Box::new(clock::ManualClock::new());
    let refusal: Box<dyn Refusal> = Box::new(ring::Error::UnknownNode);
    let key: Box<dyn hash::StableKey> = Box::new("key");
    let placement: Box<
        dyn Placement<Table = ring::placement::CircleTable, Hash = hash::StableHash>,
    > = Box::new(ring::Native::default());
    let table: Box<dyn Table> = Box::new(
        placement
            .build(
                &[ring::placement::Member::new(1, 1)],
                ring::placement::Limits::new(1000),
            )
            .unwrap(),
    );
    assert_eq!(clock.now(), clock::Tick::ZERO);
    assert_eq!(refusal.retry_after(), None::<Duration>);
    assert_eq!(table.locate(key.stable_hash()), Some(0));

    let limiter: Box<dyn limit::RateLimiter> =
        Box::new(limit::TokenBucket::new(limit::Quota::UNLIMITED));
    assert!(limiter.try_acquire());

    let kept: Box<dyn cache::Cache<u8, u8>> = Box::new(cache::MemoryCache::new(1));
    kept.insert(1, 2);
    assert_eq!(kept.get(&1), Some(2));

    let manager: Box<dyn pool::Manage<Connection = u8, Error = String>> = Box::new(plain());
    let connects: Box<dyn pool::Connect<Connection = u8, Error = String>> = Box::new(plain());
    assert!(!manager.is_broken(&mut 1));
    assert_eq!(connects.connect(), Ok(7));

    let fields: Box<dyn balance::Fields> = Box::new([("name", "value")]);
    let probe: Box<dyn balance::Probe> = Box::new(Unasked);
    // A view is only lent to a policy, so that is where it is looked at.
    let balancer = balance::Balancer::builder(Pointed).backends(["a"]);
    let balancer = balancer.build().unwrap();
    assert_eq!(fields.field("Name"), Some("value"));
    assert_eq!(balancer.pick().unwrap().key(), "a");
    drop(probe);

    let address: Box<dyn health::Address> = Box::new("127.0.0.1:80".to_owned());
    let check: Box<dyn health::Check<str>> = Box::new(|_: &str| Ok(()));
    let registry: Box<dyn Registry<u8>> = Box::new(health::registry::Static::new([("a", 1)]));
    let watching = registry.watch(Box::new(|set| assert_eq!(set.len(), 1)));
    assert_eq!(address.addresses().unwrap().len(), 1);
    assert_eq!(check.check("a"), Ok(()));
    drop(watching);

    let tried = [
        "Refusal",
        "balance::Fields",
        "balance::Probe",
        "balance::View",
        "cache::Cache",
        "clock::Clock",
        "hash::StableKey",
        "health::Address",
        "health::Check",
        "health::registry::Registry",
        "limit::RateLimiter",
        "pool::Connect",
        "pool::Manage",
        "ring::Placement",
        "ring::placement::Table",
    ];
    let lines = public_api().lines;
    let traits = lines
        .iter()
        .filter_map(|line| line.split_once("  "))
        .filter(|(_, kind)| kind.starts_with("trait"));
    let excepted = [
        // Its views are generic, so that the fast ones are inlined; `DynPolicy` is what points to any.
        "balance::Policy",
        // Says what a loader returns, by its type.
        "cache::Loaded",
        // Its future is its own, so that `async fn` implements it; in `BlockOn` it is a `Check`.
        "health::AsyncCheck",
        // Its futures are its own, so that `async fn` implements it.
        "pool::AsyncConnect",
        // A function on types, chosen by a placement; there is no value to point to.
        "ring::placement::KeyHash",
    ];
    let traits = traits.filter(|(name, _)| !excepted.contains(name));
    assert_eq!(traits.map(|(name, _)| name).collect::<Vec<_>>(), tried);
}

/// A manager of nothing much.
type Plain = pool::FromFn<fn() -> Result<u8, String>>;

fn plain() -> Plain {
    pool::from_fn(|| Ok(7))
}

/// Looks at its view behind a pointer.
struct Pointed;

impl balance::Policy for Pointed {
    type Plan = ();

    fn plan<V: balance::View>(&self, _: &V) {}

    fn pick<V: balance::View>(&self, (): &(), view: &V, _: &balance::Request<'_>) -> Option<usize> {
        let view: &dyn balance::View = view;
        view.len().checked_sub(1)
    }
}

/// Asks nobody.
struct Unasked;

impl balance::Probe for Unasked {
    fn probe(&self, _: balance::BackendId, _: &str, _: balance::Reply) {}
}

#[test]
fn errors_are_small_readable_and_fit_everywhere() {
    assert!(size_of::<ring::Error>() <= 16 && size_of::<limit::Error>() <= 24);
    assert!(size_of::<balance::Error>() <= 24 && size_of::<balance::NoBackend>() <= 24);
    assert!(size_of::<cache::Error>() <= 24 && size_of::<cache::LoadError<u128>>() <= 24);
    assert!(size_of::<pool::Error>() <= 24 && size_of::<pool::AcquireError<String>>() <= 120);
    assert!(size_of::<health::Error>() <= 24 && size_of::<health::CheckError>() <= 24);
    // A word more than the largest of them.
    assert!(size_of::<Error>() <= 32);
    are_readable("balance::Error", &errors::balance());
    are_readable("balance::NoBackend", &errors::NO_BACKEND);
    are_readable("cache::Error", &errors::CACHE);
    // It is the loader's error as well, of whatever type that is, so it does not fit under the umbrella.
    are_readable("cache::LoadError", &errors::loads());
    // What a check answers goes to nobody but the monitor: it is not among those that a caller of this crate's handles.
    are_readable("health::CheckError", &errors::checks());
    are_readable("health::Error", &errors::health());
    are_readable("limit::Error", &errors::LIMIT);
    // `AcquireError` has the manager's own error for a source.
    are_readable("pool::Error", &errors::POOL);
    are_readable("ring::Error", &errors::RING);
    fit_under_the_umbrella(&errors::balance());
    fit_under_the_umbrella(&errors::NO_BACKEND);
    fit_under_the_umbrella(&errors::CACHE);
    fit_under_the_umbrella(&errors::health());
    fit_under_the_umbrella(&errors::LIMIT);
    fit_under_the_umbrella(&errors::POOL);
    fit_under_the_umbrella(&errors::RING);
}

fn are_readable<E>(name: &str, errors: &[E])
where
    E: std::error::Error + Clone + Send + Sync + 'static,
{
    for error in errors {
        let text = error.to_string();
        assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
        assert!(!text.starts_with(char::is_uppercase), "{text}");
        assert!(error.source().is_none());
        let anything: Box<dyn std::error::Error + Send + Sync> = Box::new(error.clone());
        let same = anything.downcast_ref::<E>().map(|same| format!("{same:?}"));
        assert_eq!(same, Some(format!("{error:?}")));
    }
    let variant = |error: &E| {
        format!("{error:?}")
            .split([' ', '('])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let lines = public_api().lines;
    let prefix = format!("{name}::");
    let variants = lines
        .iter()
        .filter_map(|line| line.strip_prefix(&prefix)?.split_once("  variant"));
    assert_eq!(
        variants.map(|(name, _)| name).collect::<Vec<_>>(),
        errors.iter().map(variant).collect::<Vec<_>>()
    );
}

fn fit_under_the_umbrella<E>(errors: &[E])
where
    E: std::error::Error + Clone,
    Error: From<E>,
{
    for error in errors {
        let umbrella = Error::from(error.clone());
        // Said once: what prints an error and then its source must not say it twice.
        assert_eq!(umbrella.to_string(), error.to_string());
        assert!(std::error::Error::source(&umbrella).is_none());
        let anything: Box<dyn std::error::Error + Send + Sync> = umbrella.clone().into();
        assert_eq!(anything.downcast_ref::<Error>(), Some(&umbrella));
    }
}

#[test]
fn the_umbrella_error_collects_the_error_of_every_module() {
    let api = public_api();
    let errors: Vec<_> = api
        .types
        .iter()
        .filter(|name| name.ends_with("::Error"))
        .collect();
    assert!(!errors.is_empty());
    for error in errors {
        assert!(
            api.lines
                .contains(&format!("Error  impl From<{error}> for Error (derived)")),
            "{error}"
        );
        assert!(
            api.lines
                .contains(&format!("{error}  impl Refusal for {error}")),
            "{error}"
        );
    }
}

#[test]
fn the_public_api_is_the_one_on_record() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/api.txt");
    let lines = public_api().lines;
    if std::env::var_os("TENFOLD_BLESS").is_some_and(|value| value == "1") {
        let text = lines
            .iter()
            .fold(String::new(), |text, line| text + line + "\n");
        std::fs::write(path, text).unwrap();
    }
    let recorded = std::fs::read_to_string(path).unwrap_or_default();
    let difference = difference(&recorded.lines().map(str::to_owned).collect(), &lines);
    assert!(
        difference.is_empty(),
        "the public API differs from tests/support/api.txt; set TENFOLD_BLESS=1 to accept:\n{difference}"
    );
}

/// One line for each that is only in `old` or only in `new`, in order.
fn difference(old: &BTreeSet<String>, new: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for line in old.symmetric_difference(new) {
        let sign = if old.contains(line) { '-' } else { '+' };
        writeln!(text, "{sign} {line}").unwrap();
    }
    text
}

#[test]
fn shows_what_was_added_and_what_is_gone() {
    let set = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(
        difference(&set(&["a", "b"]), &set(&["b", "c"])),
        "- a\n+ c\n"
    );
    assert_eq!(difference(&set(&["a"]), &set(&["a"])), "");
}
