//! What users may rely on besides behaviour: auto traits, readable output, small errors, and the public API itself.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test reports by panicking"
)]

#[path = "support/api/mod.rs"]
mod api;
#[path = "support/source/mod.rs"]
mod source;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tenfold::clock::{self, Clock};
use tenfold::ring::placement::{Placement, Table};
use tenfold::{Error, Refusal, hash, histogram, limit, ring, rng, snapshot};

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

// Every public type: the test below compares the list with the public API.
types! {
    clock::ManualClock: Send, Sync, Unpin;
    clock::MonotonicClock: Send, Sync, Unpin, Copy;
    clock::Tick: Send, Sync, Unpin, Copy;
    clock::Timers: Send, Sync, Unpin;
    hash::DefaultHashBuilder: Send, Sync, Unpin;
    hash::DefaultHasher: Send, Sync, Unpin;
    hash::Hashed<String>: Send, Sync, Unpin;
    hash::StableHash: Send, Sync, Unpin, Copy;
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

#[test]
fn the_table_of_types_is_complete() {
    let without_generics = |name: &str| name.split('<').next().unwrap_or_default().replace(' ', "");
    let listed: BTreeSet<_> = TYPES.iter().map(|name| without_generics(name)).collect();
    assert_eq!(listed, public_api().types);
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
    assert!(!has!(snapshot::Reader<Local>: Send) && !has!(snapshot::Reader<Bound>: Send));
    assert!(
        !has!(ring::Ring<Local>: Send)
            && !has!(ring::Ring<Local>: Sync)
            && !has!(ring::Ring<Bound>: Send)
    );
    assert!(!has!(ring::SharedRing<Local>: Send) && !has!(ring::SharedRing<Local>: Sync));
    assert!(!has!(ring::Reader<Local>: Send) && !has!(ring::Replicas<'static, Local>: Send));
}

#[test]
fn every_type_shows_something() {
    let ring = ring::Ring::new(["a", "b"]).unwrap();
    let other = ring.with("c").unwrap();
    let plan = ring.plan(&other).unwrap();
    let member = ring::placement::Member::new(1, 1);
    let limits = ring::placement::Limits::new(1000);
    let native = ring::Native::default()
        .build(std::slice::from_ref(&member), limits)
        .unwrap();
    let shared = ring::SharedRing::new(ring.clone());
    let bounded = ring::Bounded::new(ring.clone(), 1.25).unwrap();
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
    show_limiters(&mut show);
    show("ring::Bounded", &bounded);
    show("ring::BoundedStats", &bounded.stats());
    show("ring::Builder", &ring::Ring::<&str>::builder());
    show("ring::Config", &<ring::Config>::default());
    show("ring::Error", &ring::Error::UnknownNode);
    show("ring::Flow", &plan.flows().next().unwrap());
    show("ring::Lease", &bounded.lease("key").unwrap());
    show("ring::Moves", &ring.moves(&other, 2).unwrap());
    show("ring::Plan", &plan);
    show("ring::RangeMove", &plan.ranges().unwrap().first().unwrap());
    show("ring::Reader", &shared.reader());
    show("ring::Replicas", &ring.replicas("key", 1));
    show(
        "ring::ReplicasBy",
        &ring.replicas_by("key", 1, |node| *node),
    );
    show("ring::Ring", &ring);
    show("ring::SharedRing", &shared);
    show("ring::Stats", &ring.stats());
    show("ring::placement::Layout", &native.layout());
    show("ring::placement::Limits", &limits);
    show("ring::placement::Member", &member);
    show("ring::placement::Walk", &ring::placement::Walk::new());
    show("rng::Rng", &rng::Rng::seeded(1));
    show("snapshot::Reader", &snapshot::Reader::new(cell.clone()));
    show("snapshot::Snapshot", &cell);

    /// A recipe and the table that it builds, by their names.
    fn show_placement<P: Placement + Default>(
        show: &mut impl FnMut(&str, &dyn Debug),
        name: &str,
        table: &str,
    ) {
        let placement = P::default();
        let mut member = ring::placement::Member::new(1, 1);
        member.name = Some(Arc::from(*b"a"));
        let limits = ring::placement::Limits::new(1 << 20);
        show(&format!("ring::{name}"), &placement);
        let table_name = format!("ring::placement::{table}");
        show(&table_name, &placement.build(&[member], limits).unwrap());
    }
    let show = &mut show;
    show_placement::<ring::Anchor>(show, "Anchor", "AnchorTable");
    show_placement::<ring::Jump>(show, "Jump", "JumpTable");
    show_placement::<ring::Maglev>(show, "Maglev", "MaglevTable");
    show_placement::<ring::MultiProbe>(show, "MultiProbe", "MultiProbeTable");
    show_placement::<ring::Native>(show, "Native", "CircleTable");
    show_placement::<ring::Rendezvous>(show, "Rendezvous", "RendezvousTable");
    show_placement::<ring::SlotTable>(show, "SlotTable", "SlotsTable");
    show_placement::<ring::placement::EnvoyMaglev>(
        show,
        "placement::EnvoyMaglev",
        "EnvoyMaglevTable",
    );
    show_placement::<ring::placement::EnvoyRing>(show, "placement::EnvoyRing", "EnvoyRingTable");
    // Their tables are those of `Native`.
    show(
        "ring::placement::Ketama",
        &ring::placement::Ketama::default(),
    );
    show(
        "ring::placement::NginxConsistent",
        &ring::placement::NginxConsistent::default(),
    );
    let dynamic = ring::placement::DynPlacement::new(ring::Native::default());
    let table = dynamic.build(&[member], limits).unwrap();
    show("ring::placement::DynPlacement", &dynamic);
    show("ring::placement::DynTable", &table);

    // Have functions only; there is no value of them.
    let hashes = ["Crc32Hash", "KetamaHash", "Xxh64Hash"];
    shown.extend(hashes.map(|name| format!("ring::placement::{name}")));
    shown.insert("hash::StableHash".to_owned());
    assert_eq!(shown, public_api().types);
}

fn show_limiters(show: &mut impl FnMut(&str, &dyn Debug)) {
    let quota = limit::Quota::per_hour(2);
    let window = Duration::from_secs(1);
    let bucket = limit::TokenBucket::new(quota);
    let decision = bucket.decide(1);
    let keyed = limit::Keyed::<String>::builder(quota).bytes(1 << 16);
    let shadow = limit::Shadow::new(limit::TokenBucket::new(quota));
    show("limit::Acquire", &bucket.acquire_async(1));
    show("limit::All", &limit::All::new([quota]).unwrap());
    show("limit::AllBuilder", &limit::All::builder());
    show("limit::Builder", &limit::TokenBucket::builder(quota));
    show("limit::Config", &bucket.config());
    show("limit::Decision", &decision);
    show("limit::Error", &limit::Error::TimedOut);
    show(
        "limit::FixedWindow",
        &limit::FixedWindow::new(1, window).unwrap(),
    );
    show("limit::Headers", &decision.headers("default"));
    show("limit::Keep", &limit::Keep::Tokens);
    show("limit::KeyedBuilder", &keyed);
    let keyed = keyed.build().unwrap();
    show("limit::Keyed", &keyed);
    show("limit::KeyedConfig", &keyed.config());
    show("limit::KeyedStats", &keyed.stats());
    show("limit::Leased", &limit::Leased::new(quota));
    show("limit::Overflow", &limit::Overflow::Deny);
    show("limit::Quota", &quota);
    show(
        "limit::Reservation",
        &bucket.reserve(1, Duration::ZERO).unwrap(),
    );
    show("limit::Shadow", &shadow);
    show("limit::ShadowStats", &shadow.stats());
    show(
        "limit::SlidingLog",
        &limit::SlidingLog::new(1, window).unwrap(),
    );
    show(
        "limit::SlidingWindow",
        &limit::SlidingWindow::new(1, window).unwrap(),
    );
    show("limit::Stats", &bucket.stats());
    show("limit::TokenBucket", &bucket);
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

    let tried = [
        "Refusal",
        "clock::Clock",
        "hash::StableKey",
        "limit::RateLimiter",
        "ring::Placement",
        "ring::placement::Table",
    ];
    let lines = public_api().lines;
    let traits = lines
        .iter()
        .filter_map(|line| line.split_once("  "))
        .filter(|(_, kind)| kind.starts_with("trait"));
    // A function on types, chosen by a placement; there is no value to point to.
    let traits = traits.filter(|(name, _)| *name != "ring::placement::KeyHash");
    assert_eq!(traits.map(|(name, _)| name).collect::<Vec<_>>(), tried);
}

/// One of each.
const LIMIT_ERRORS: [limit::Error; 13] = [
    limit::Error::BadBudget { bytes: 1 },
    limit::Error::BadCount { most: 16 },
    limit::Error::BadWindow,
    limit::Error::BurstTooLarge {
        burst: 2,
        largest: 1,
    },
    limit::Error::CostAboveLimit { cost: 2, limit: 1 },
    limit::Error::Limited { retry_after: None },
    limit::Error::LogTooLong {
        limit: 1,
        largest: 1,
    },
    limit::Error::PeriodTooLong,
    limit::Error::TimedOut,
    limit::Error::TooFast {
        tokens: 1,
        nanos: 1,
    },
    limit::Error::TooManyClasses { given: 257 },
    limit::Error::TooManyWaiters { limit: 1 },
    limit::Error::ZeroPeriod,
];

/// One of each.
const RING_ERRORS: [ring::Error; 15] = [
    ring::Error::BadState,
    ring::Error::CapacityExceeded {
        needed: 2,
        capacity: 1,
    },
    ring::Error::DuplicateNode {
        first: 0,
        second: 1,
    },
    ring::Error::Factor,
    ring::Error::Incomparable,
    ring::Error::Nameless { node: 0 },
    ring::Error::NoPoints,
    ring::Error::NoSlots,
    ring::Error::NotPrime { size: 4 },
    ring::Error::Outdated,
    ring::Error::Probes { given: 0 },
    ring::Error::RingSizes {
        minimum: 2,
        maximum: 1,
    },
    ring::Error::TooManyEntries {
        needed: 2,
        limit: 1,
    },
    ring::Error::TooManyNodes { nodes: 2, limit: 1 },
    ring::Error::UnknownNode,
];

#[test]
fn errors_are_small_readable_and_fit_everywhere() {
    assert!(size_of::<ring::Error>() <= 16 && size_of::<limit::Error>() <= 24);
    assert!(size_of::<Error>() <= 24);
    are_readable("limit", &LIMIT_ERRORS);
    are_readable("ring", &RING_ERRORS);
}

fn are_readable<E>(module: &str, errors: &[E])
where
    E: std::error::Error + Copy + PartialEq + Send + Sync + 'static,
    Error: From<E>,
{
    for error in errors {
        let text = error.to_string();
        assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
        assert!(!text.starts_with(char::is_uppercase), "{text}");
        let anything: Box<dyn std::error::Error + Send + Sync> = Box::new(*error);
        assert_eq!(anything.downcast_ref::<E>(), Some(error));
        let umbrella = Error::from(*error);
        // Said once: what prints an error and then its source must not say it twice.
        assert_eq!(umbrella.to_string(), text);
        assert!(std::error::Error::source(&umbrella).is_none());
        let anything: Box<dyn std::error::Error + Send + Sync> = umbrella.clone().into();
        assert_eq!(anything.downcast_ref::<Error>(), Some(&umbrella));
    }
    let variant = |error: &E| {
        format!("{error:?}")
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let lines = public_api().lines;
    let prefix = format!("{module}::Error::");
    let variants = lines
        .iter()
        .filter_map(|line| line.strip_prefix(&prefix)?.split_once("  variant"));
    assert_eq!(
        variants.map(|(name, _)| name).collect::<Vec<_>>(),
        errors.iter().map(variant).collect::<Vec<_>>()
    );
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
