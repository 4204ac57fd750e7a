//! Consistent hashing: from a key to the node that owns it.
//!
//! Three families are compared, each with crates of its own kind: rings of points, Maglev tables and jump hashing. In a
//! workload's name stands the family; the row `tenfold` is that family's placement with its defaults.

mod figures;
mod ours;
mod table;
mod theirs;

use tenfold::ring::{Jump, Maglev, Native};

use self::figures::{Build, Figure, Lookup, Memory, Moved, Peak};
use self::ours::Placed;
use crate::workload::{Contestant, Role, Timed, Workload};

const NODES: [usize; 3] = [10, 100, 1000];
const THREADS: &[usize] = &[1, 2];

pub(crate) fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    all.extend(NODES.map(|nodes| {
        let lookup = Lookup(nodes);
        let rows = [points(&lookup), other_ways(&lookup), limits(&lookup)];
        looking_up(format!("native {nodes}x160"), rows)
    }));
    all.extend(NODES.map(|nodes| {
        let lookup = Lookup(nodes);
        let pre_hashed = vec![hashed::<Maglev>(&lookup)];
        let rows = [maglev(&lookup), pre_hashed, limits(&lookup)];
        looking_up(format!("maglev {nodes}"), rows)
    }));
    all.extend(NODES.map(|nodes| {
        let lookup = Lookup(nodes);
        let pre_hashed = vec![hashed::<Jump>(&lookup)];
        let rows = [jump(&lookup), pre_hashed, limits(&lookup)];
        looking_up(format!("jump {nodes}"), rows)
    }));
    let build = |family, rows| Workload::timed(format!("build {family}"), &[1], rows);
    all.push(build("native 100x160", points(&Build(100))));
    all.push(build("native 1000x160", points(&Build(1000))));
    all.push(build("maglev 100", maglev(&Build(100))));
    all.extend(counted("memory", "bytes", &Memory(100)));
    all.extend(counted("peak/mean", "percent", &Peak(100)));
    all.extend(counted("moved", "percent", &Moved(100)));
    all
}

type Rows = Vec<Contestant<Box<dyn Timed>>>;

fn looking_up(family: String, rows: [Rows; 3]) -> Workload {
    let rows = rows.into_iter().flatten().collect();
    Workload::timed(format!("lookup {family}"), THREADS, rows)
}

/// A figure of quality, family by family.
fn counted<F: Figure<Out = f64>>(what: &str, unit: &'static str, figure: &F) -> Vec<Workload> {
    let families = [
        ("native 100x160", points(figure)),
        ("maglev 100", maglev(figure)),
        ("jump 100", jump(figure)),
    ];
    families
        .into_iter()
        .map(|(family, mut rows)| {
            rows.push(modulo(figure));
            Workload::counted(format!("{what} {family}"), unit, rows)
        })
        .collect()
}

/// Rings of 160 points per node.
fn points<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<ours::Native>("tenfold", Role::Tenfold),
        figure.of::<theirs::Ketama>("pingora-ketama", Role::Peer),
        figure.of::<theirs::HashRing>("hashring", Role::Peer),
    ]
}

/// Further ways to ask tenfold's ring of points.
fn other_ways(lookup: &Lookup) -> Rows {
    vec![
        hashed::<Native>(lookup),
        lookup.of::<ours::Shared>("tenfold (shared)", Role::Tenfold),
        lookup.of::<ours::Reading>("tenfold (reader)", Role::Tenfold),
    ]
}

fn hashed<P: Placed>(lookup: &Lookup) -> Contestant<Box<dyn Timed>> {
    lookup.of::<ours::Hashed<P>>("tenfold (pre-hashed)", Role::Tenfold)
}

/// Maglev tables in their default sizes, 65 537 entries here and 100 per node there, and both in the first of them.
fn maglev<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<ours::Other<Maglev>>("tenfold", Role::Tenfold),
        figure.of::<theirs::Maglev<0>>("maglev", Role::Peer),
        figure.of::<theirs::Maglev<65_537>>("maglev (65537 entries)", Role::Peer),
    ]
}

/// Hashing without a table of points.
fn jump<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<ours::Other<Jump>>("tenfold", Role::Tenfold),
        figure.of::<theirs::Jump>("jumphash", Role::Peer),
        figure.of::<theirs::Anchor>("anchorhash", Role::Peer),
    ]
}

/// The least that any lookup does: hash the key, find the node in a list.
fn limits<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        modulo(figure),
        figure.of::<theirs::Scaled>("hash * n / 2^64", Role::Limit),
    ]
}

/// Not consistent: one node more moves nearly every key.
fn modulo<F: Figure>(figure: &F) -> Contestant<F::Out> {
    figure.of::<theirs::Modulo>("hash % n", Role::Limit)
}
