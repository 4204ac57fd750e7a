//! Who is compared with whom: a family of placements and the crates of its kind.

use tenfold::ring::{Anchor, Jump, Maglev, MultiProbe, Native, Rendezvous, SlotTable};

use super::figures::{Figure, Lookup};
use super::ours::{self, Other, Probes, Recipe, Room};
use super::theirs;
use crate::workload::{Contestant, Role, Timed};

/// The rows of a workload that is timed.
pub(super) type Rows = Vec<Contestant<Box<dyn Timed>>>;

/// Rings of 160 points per node.
pub(super) fn points<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<ours::Native>("tenfold", Role::Tenfold),
        figure.of::<theirs::Ketama>("pingora-ketama", Role::Peer),
        figure.of::<theirs::HashRing>("hashring", Role::Peer),
    ]
}

/// Further ways to ask tenfold's ring of points.
pub(super) fn ways_to_ask(lookup: &Lookup) -> Rows {
    let mut rows = hashed::<Native>(lookup);
    rows.extend([
        lookup.of::<ours::Healthy>("tenfold (where, owner up)", Role::Tenfold),
        lookup.of::<ours::Shared>("tenfold (shared)", Role::Tenfold),
        lookup.of::<ours::Reading>("tenfold (reader)", Role::Tenfold),
    ]);
    rows
}

/// A placement asked with a hash that the caller has already.
pub(super) fn hashed<R: Recipe>(lookup: &Lookup) -> Rows {
    vec![lookup.of::<ours::Hashed<R>>("tenfold (pre-hashed)", Role::Tenfold)]
}

/// Bounded loads. No crate offers them over a ring of points; what the bound costs shows beside the lookup alone.
pub(super) fn bounded(lookup: &Lookup) -> Rows {
    vec![
        lookup.of::<ours::Bounded>("tenfold", Role::Tenfold),
        lookup.of::<ours::Native>("tenfold's lookup alone", Role::Limit),
    ]
}

/// Maglev tables in their default sizes, 65 537 entries here and 100 per node there, and both in the first of them.
pub(super) fn maglev<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    beside_maglev_tables::<Maglev, F>(figure)
}

/// A table of slots answers as a Maglev table does, by one load; it is the way it changes that differs.
pub(super) fn slots<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    beside_maglev_tables::<SlotTable, F>(figure)
}

fn beside_maglev_tables<R: Recipe, F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<Other<R>>("tenfold", Role::Tenfold),
        figure.of::<theirs::Maglev<0>>("maglev", Role::Peer),
        figure.of::<theirs::Maglev<65_537>>("maglev (65537 entries)", Role::Peer),
    ]
}

/// Hashing without a table of points.
pub(super) fn jump<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<Other<Jump>>("tenfold", Role::Tenfold),
        figure.of::<theirs::Jump>("jumphash", Role::Peer),
        figure.of::<theirs::Anchor>("anchorhash", Role::Peer),
    ]
}

/// AnchorHash with room for a quarter more, and with tenfold's default capacity.
pub(super) fn anchor<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<Other<Room>>("tenfold", Role::Tenfold),
        figure.of::<Other<Anchor>>("tenfold (capacity 1024)", Role::Tenfold),
        figure.of::<theirs::Anchor>("anchorhash", Role::Peer),
    ]
}

/// A look at every node.
pub(super) fn rendezvous<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<Other<Rendezvous>>("tenfold", Role::Tenfold),
        figure.of::<theirs::Rendezvous>("rendezvous_hash", Role::Peer),
        figure.of::<theirs::Hrw>("hrw-hash", Role::Peer),
    ]
}

/// A point per node and many probes: 21 here, 23 there, and both with the latter.
pub(super) fn probes<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        figure.of::<Other<MultiProbe>>("tenfold", Role::Tenfold),
        figure.of::<Other<Probes<23>>>("tenfold (23 probes)", Role::Tenfold),
        figure.of::<theirs::MultiProbe>("mpchash", Role::Peer),
    ]
}

/// The least that any lookup does: hash the key, find the node in a list.
pub(super) fn limits<F: Figure>(figure: &F) -> Vec<Contestant<F::Out>> {
    vec![
        modulo(figure),
        figure.of::<theirs::Scaled>("hash * n / 2^64", Role::Limit),
    ]
}

/// Not consistent: one node more moves nearly every key.
pub(super) fn modulo<F: Figure>(figure: &F) -> Contestant<F::Out> {
    figure.of::<theirs::Modulo>("hash % n", Role::Limit)
}
