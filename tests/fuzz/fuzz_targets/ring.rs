//! Sequences of changes to a ring: whatever happens, its laws hold and nothing panics.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tenfold::ring::placement::DynPlacement;
use tenfold::ring::{Anchor, Jump, Maglev, MultiProbe, Native, Rendezvous, Ring, SlotTable};

#[derive(Arbitrary, Debug)]
enum Change {
    Add { node: u8, weight: u32 },
    Remove { node: u8 },
    Weigh { node: u8, weight: u32 },
}

#[derive(Arbitrary, Debug)]
enum Kind {
    Native { points: u8 },
    Maglev { size: u16 },
    Jump,
    SlotTable { slots: u16 },
    Anchor { capacity: u8 },
    Rendezvous,
    MultiProbe { probes: u8 },
}

impl Kind {
    /// Whether only keys of the node that changes may move.
    fn is_minimal(&self) -> bool {
        !matches!(self, Self::Maglev { .. } | Self::Jump)
    }

    fn has_ranges(&self) -> bool {
        matches!(self, Self::Native { .. } | Self::Maglev { .. } | Self::SlotTable { .. } | Self::Jump)
    }
}

fuzz_target!(|input: (Kind, Vec<Change>, Vec<u64>)| {
    let (kind, changes, hashes) = input;
    let placement: DynPlacement = match kind {
        Kind::Native { points } => DynPlacement::new(Native::with_points(points.into())),
        Kind::Maglev { size } => DynPlacement::new(Maglev::with_table_size(size.into())),
        Kind::Jump => DynPlacement::new(Jump::default()),
        Kind::SlotTable { slots } => DynPlacement::new(SlotTable::with_slots(slots.into())),
        Kind::Anchor { capacity } => DynPlacement::new(Anchor::with_capacity(capacity.into())),
        Kind::Rendezvous => DynPlacement::new(Rendezvous::default()),
        Kind::MultiProbe { probes } => DynPlacement::new(MultiProbe::with_probes(probes.into())),
    };
    let Ok(mut ring) = Ring::<u8>::builder().placement(placement).max_entries(10_000).build() else { return };
    let mut model = BTreeMap::new();
    for change in changes.into_iter().take(32) {
        let changed = match change {
            Change::Add { node, weight } => ring.with_weighted(node, weight).inspect(|_| {
                assert!(model.insert(node, weight).is_none());
            }),
            Change::Remove { node } => ring.without(&node).inspect(|_| assert!(model.remove(&node).is_some())),
            Change::Weigh { node, weight } => ring.with_weight(&node, weight).inspect(|_| {
                assert!(model.insert(node, weight).is_some());
            }),
        };
        let Ok(new) = changed else { continue };
        let node = match change {
            Change::Add { node, .. } | Change::Remove { node } | Change::Weigh { node, .. } => node,
        };
        for hash in hashes.iter().take(16) {
            let (before, after) = (ring.locate_hash(*hash), new.locate_hash(*hash));
            if kind.is_minimal() && before != after {
                assert!(before == Some(&node) || after == Some(&node));
            }
        }
        if kind.has_ranges() {
            let plan = ring.plan(&new).expect("rings of one placement can be compared");
            for hash in hashes.iter().take(16) {
                assert_eq!(plan.changes(*hash), ring.locate_hash(*hash) != new.locate_hash(*hash));
            }
        }
        ring = new;
    }
    assert_eq!(ring.len(), model.len());
    let alive = model.values().filter(|weight| **weight > 0).count();
    for hash in hashes.iter().take(16) {
        let owner = ring.locate_hash(*hash);
        assert_eq!(owner.is_none(), alive == 0);
        assert!(owner.is_none_or(|node| model[node] > 0));
        let homes: Vec<_> = ring.replicas_hash(*hash, 20).collect();
        assert_eq!(homes.first().copied(), owner);
        assert!((1..homes.len()).all(|n| !homes[..n].contains(&homes[n])));
        let by_zone: Vec<_> = ring.replicas_by_hash(*hash, 20, |node| *node % 3).collect();
        assert_eq!(by_zone.len(), homes.len());
        assert!((1..by_zone.len()).all(|n| !by_zone[..n].contains(&by_zone[n])));
    }
});
