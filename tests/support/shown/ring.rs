//! A value of each type of `ring`.

use std::fmt::Debug;
use std::sync::Arc;

use tenfold::ring;
use tenfold::ring::placement::{Placement, Table};

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
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
}

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
