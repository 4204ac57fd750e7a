//! Consistent hashing: from a key to the node that owns it.
//!
//! Families of placements are compared, each with crates of its own kind. In a workload's name stands the family; the row
//! `tenfold` is that family's placement with its defaults, and with the capacity of its peer where that has to be said.

mod families;
mod figures;
mod ours;
mod table;
mod theirs;

use tenfold::ring::{Jump, Maglev, MultiProbe, Rendezvous, SlotTable};

use self::families::Rows;
use self::figures::{AddNode, Build, Figure, Lookup, Memory, Moved, Peak};
use self::ours::Room;
use crate::workload::Workload;

const NODES: [usize; 3] = [10, 100, 1000];
const THREADS: &[usize] = &[1, 2];

pub(crate) fn workloads() -> Vec<Workload> {
    let mut all = lookups();
    all.extend(changes());
    all.extend(counted("memory", "bytes", &Memory(100)));
    all.extend(counted("peak/mean", "percent", &Peak(100)));
    all.extend(counted("moved", "percent", &Moved(100)));
    all
}

fn lookups() -> Vec<Workload> {
    use families::{
        anchor, bounded, hashed, jump, maglev, points, probes, rendezvous, slots, ways_to_ask,
    };
    let mut all = Vec::from(looking_up("native", "x160", points, ways_to_ask));
    let bounded = bounded(&Lookup(100));
    all.push(Workload::timed("lookup bounded 100x160", THREADS, bounded));
    all.extend(looking_up("maglev", "", maglev, hashed::<Maglev>));
    all.extend(looking_up("slots", "", slots, hashed::<SlotTable>));
    all.extend(looking_up("jump", "", jump, hashed::<Jump>));
    all.extend(looking_up("anchor", "", anchor, hashed::<Room>));
    all.extend(looking_up(
        "rendezvous",
        "",
        rendezvous,
        hashed::<Rendezvous>,
    ));
    all.extend(looking_up("multi-probe", "", probes, hashed::<MultiProbe>));
    all
}

/// Lookups of a family and further ways to ask it, among several numbers of nodes.
fn looking_up(
    family: &str,
    points: &str,
    rows: fn(&Lookup) -> Rows,
    other_ways: fn(&Lookup) -> Rows,
) -> [Workload; NODES.len()] {
    NODES.map(|nodes| {
        let lookup = Lookup(nodes);
        let rows = [rows, other_ways, families::limits].map(|rows| rows(&lookup));
        let rows = rows.into_iter().flatten().collect();
        Workload::timed(format!("lookup {family} {nodes}{points}"), THREADS, rows)
    })
}

/// Tables that are made anew, and tables that are made from others.
fn changes() -> impl Iterator<Item = Workload> {
    use families::{anchor, maglev, points, slots};
    let changes = [
        ("build native 100x160", points(&Build(100))),
        ("build native 1000x160", points(&Build(1000))),
        ("build maglev 100", maglev(&Build(100))),
        ("build slots 100", slots(&Build(100))),
        ("build anchor 100", anchor(&Build(100))),
        ("add one node native 100x160", points(&AddNode(100))),
        ("add one node native 1000x160", points(&AddNode(1000))),
    ];
    changes
        .into_iter()
        .map(|(name, rows)| Workload::timed(name, &[1], rows))
}

/// A figure of quality, family by family.
fn counted<F: Figure<Out = f64>>(what: &str, unit: &'static str, figure: &F) -> Vec<Workload> {
    let families = [
        ("native 100x160", families::points(figure)),
        ("maglev 100", families::maglev(figure)),
        ("slots 100", families::slots(figure)),
        ("jump 100", families::jump(figure)),
        ("anchor 100", families::anchor(figure)),
        ("rendezvous 100", families::rendezvous(figure)),
        ("multi-probe 100", families::probes(figure)),
    ];
    families
        .into_iter()
        .map(|(family, mut rows)| {
            rows.push(families::modulo(figure));
            Workload::counted(format!("{what} {family}"), unit, rows)
        })
        .collect()
}
