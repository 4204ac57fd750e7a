//! Lookups, replicas, leases, changes and plans. Ids are `operation/variant/threads`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of a ring that cannot be built should panic"
)]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, KeyHash, NginxConsistent};
use tenfold::ring::{
    Anchor, Bounded, Jump, Maglev, MultiProbe, Native, Placement, Rendezvous, Ring, SharedRing,
    SlotTable,
};

mod support;

const SIZES: [u32; 3] = [10, 100, 1000];
const THREADS: [usize; 3] = [1, 2, 4];

fn ring_of<P: Placement>(nodes: u32, placement: P) -> Ring<u32, P> {
    let ring = Ring::builder().nodes(0..nodes).placement(placement);
    ring.build().unwrap()
}

fn group(c: &mut Criterion) -> BenchmarkGroup<'_, WallTime> {
    c.benchmark_group("ring")
}

/// Measures `operation` on one key after another.
fn each_key(c: &mut Criterion, id: &str, mut operation: impl FnMut(u64)) {
    let mut group = group(c);
    group.throughput(Throughput::Elements(1));
    group.bench_function(format!("{id}/t1"), |b| {
        let mut key = 0_u64;
        b.iter(|| {
            key += 1;
            operation(black_box(key));
        });
    });
}

/// Measures `keys`, which works through so many keys, on several threads.
fn on_threads(c: &mut Criterion, id: &str, keys: impl Fn(u64) + Sync) {
    let mut group = group(c);
    group.throughput(Throughput::Elements(1));
    for threads in THREADS {
        group.bench_function(format!("{id}/t{threads}"), |b| {
            b.iter_custom(|iterations| support::on_threads(threads, iterations, &keys));
        });
    }
}

fn locate(c: &mut Criterion) {
    /// Among several numbers of nodes, with keys made of numbers.
    fn one<P, K>(c: &mut Criterion, variant: &str, placement: P, key: fn(u64) -> K)
    where
        P: Placement<Hash: KeyHash<K>> + Clone,
    {
        for nodes in SIZES {
            let ring = ring_of(nodes, placement.clone());
            each_key(c, &format!("locate/{variant}-{nodes}"), |number| {
                let owner = ring.locate(&key(number));
                assert!(owner.is_some_and(|owner| *owner < nodes));
                black_box(owner);
            });
        }
    }
    let number = |number: u64| number;
    one(c, "native", Native::default(), number);
    one(c, "maglev", Maglev::default(), number);
    one(c, "slots", SlotTable::default(), number);
    one(c, "jump", Jump::default(), number);
    one(c, "anchor", Anchor::default(), number);
    one(c, "rendezvous", Rendezvous::default(), number);
    one(c, "multi-probe", MultiProbe::default(), number);
    one(c, "ketama", Ketama::default(), u64::to_le_bytes);
    one(c, "nginx", NginxConsistent::default(), u64::to_le_bytes);
    one(c, "envoy-ring", EnvoyRing::default(), u64::to_le_bytes);
    one(c, "envoy-maglev", EnvoyMaglev::default(), u64::to_le_bytes);
}

fn shared(c: &mut Criterion) {
    let ring = SharedRing::new(ring_of(100, Native::default()));
    on_threads(c, "locate/shared-100", |keys| {
        for key in 0..keys {
            assert!(ring.locate(&black_box(key)).is_some());
        }
    });
    on_threads(c, "locate/reader-100", |keys| {
        let mut reader = ring.reader();
        for key in 0..keys {
            assert!(reader.locate(&black_box(key)).is_some());
        }
    });
}

fn healthy(c: &mut Criterion) {
    const NODES: u32 = 100;
    let ring = ring_of(NODES, Native::default());
    for (health, of) in [("all-up", 1), ("half-up", 2)] {
        let up: Vec<bool> = (0..NODES).map(|node| node % of == 0).collect();
        let is_up = |index: usize| up.get(index).is_some_and(|up| *up);
        each_key(c, &format!("locate-where/native-100-{health}"), |key| {
            let node = ring.locate_where(&key, |index, _| is_up(index));
            assert!(node.is_some_and(|node| is_up(*node as usize)));
        });
    }
}

fn replicas(c: &mut Criterion) {
    fn one<P: Placement<Hash: KeyHash<u64>>>(
        c: &mut Criterion,
        variant: &str,
        ring: &Ring<u32, P>,
        n: usize,
    ) {
        let nodes = ring.len();
        let id = format!("replicas/{variant}-{nodes}-take-{n}");
        each_key(c, &id, |key| assert_eq!(ring.replicas(&key, n).count(), n));
    }
    let native = ring_of(100, Native::default());
    for n in [2, 3, 5] {
        one(c, "native", &native, n);
    }
    one(c, "slots", &ring_of(100, SlotTable::default()), 3);
    one(c, "anchor", &ring_of(100, Anchor::default()), 3);
    one(c, "rendezvous", &ring_of(100, Rendezvous::default()), 3);
    one(c, "multi-probe", &ring_of(100, MultiProbe::default()), 3);
    // One of each zone, and more than there are zones.
    for (zones, n) in [(3, 3), (10, 3), (3, 5)] {
        let id = format!("replicas-by/native-100-take-{n}-of-{zones}-zones");
        each_key(c, &id, |key| {
            let homes = native.replicas_by(&key, n, |node| node % zones);
            assert_eq!(homes.count(), n);
        });
    }
}

fn lease(c: &mut Criterion) {
    let bounded = Bounded::new(ring_of(100, Native::default()), 1.25).unwrap();
    on_threads(c, "lease/bounded-100", |keys| {
        for key in 0..keys {
            assert!(bounded.lease(&black_box(key)).is_some());
        }
    });
    // A hot key has filled four in five of the nodes, and each further lease passes all of them.
    let held: Vec<_> = (0..1000).map(|_| bounded.lease("hot").unwrap()).collect();
    on_threads(c, "lease/bounded-100-hot", |keys| {
        for _ in 0..keys {
            assert!(bounded.lease(black_box("hot")).is_some());
        }
    });
    assert_eq!(bounded.in_flight(), held.len() as u64);
}

fn changes(c: &mut Criterion) {
    fn one<P: Placement + Clone>(c: &mut Criterion, variant: &str, placement: P, sizes: &[u32]) {
        let mut group = group(c);
        group.sample_size(20);
        for &nodes in sizes {
            let len = nodes as usize;
            let mut bench = |operation: &str, run: &dyn Fn() -> bool| {
                let id = format!("{operation}/{variant}-{nodes}/t1");
                group.bench_function(id, |b| b.iter(|| assert!(run())));
            };
            let old = ring_of(nodes, placement.clone());
            let new = old.with(nodes).unwrap();
            bench("build", &|| ring_of(nodes, placement.clone()).len() == len);
            bench("with", &|| {
                let ring = black_box(&old).with(nodes);
                ring.is_ok_and(|ring| ring.len() == len + 1)
            });
            bench("without", &|| {
                let ring = black_box(&new).without(&nodes);
                ring.is_ok_and(|ring| ring.len() == len)
            });
            bench("plan", &|| {
                let plan = black_box(&old).plan(&new);
                plan.is_ok_and(|plan| !plan.is_empty())
            });
            bench("moves", &|| {
                let moves = black_box(&old).moves(&new, 3);
                moves.is_ok_and(|moves| moves.count() > 0)
            });
        }
    }
    one(c, "native", Native::default(), &SIZES);
    one(c, "slots", SlotTable::default(), &SIZES);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    locate(&mut criterion);
    shared(&mut criterion);
    healthy(&mut criterion);
    replicas(&mut criterion);
    lease(&mut criterion);
    changes(&mut criterion);
    criterion.final_summary();
}
