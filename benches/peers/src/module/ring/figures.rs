//! What is measured of a table. Each figure makes a contestant out of any table.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::SocketAddr;

use super::table::{self, Table};
use crate::input;
use crate::memory::Meter;
use crate::worker::{Feed, Repeat};
use crate::workload::{Contestant, Role, Timed, Worker};

/// Keys that figures of quality are computed over.
const SAMPLE: usize = 1_000_000;

pub(super) trait Figure {
    type Out;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<Self::Out>;
}

/// Time of a lookup among so many nodes.
pub(super) struct Lookup(pub(super) usize);

impl Figure for Lookup {
    type Out = Box<dyn Timed>;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<Self::Out> {
        let count = self.0;
        Contestant::new(name, role, move || {
            let table = T::build(&table::nodes(count))?;
            table::check(&table, count)?;
            Ok(Box::new(LookingUp(table)) as Box<dyn Timed>)
        })
    }
}

struct LookingUp<T>(T);

impl<T: Table> Timed for LookingUp<T> {
    fn batch(&self) -> u64 {
        Feed::<()>::BATCH as u64
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        let mut handle = self.0.handle();
        Box::new(Feed::new(input::keys(thread), move |key: &u64| {
            T::locate(&mut handle, key)
        }))
    }
}

/// Time to build a table of so many nodes and to drop it.
pub(super) struct Build(pub(super) usize);

impl Figure for Build {
    type Out = Box<dyn Timed>;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<Self::Out> {
        let count = self.0;
        Contestant::new(name, role, move || {
            let nodes = table::nodes(count);
            table::check(&T::build(&nodes)?, count)?;
            Ok(Box::new(Building {
                nodes,
                build: T::build,
            }) as Box<dyn Timed>)
        })
    }
}

struct Building<T> {
    nodes: Vec<SocketAddr>,
    build: fn(&[SocketAddr]) -> Result<T, String>,
}

impl<T: Table> Timed for Building<T> {
    fn batch(&self) -> u64 {
        1
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Repeat::new(1, || {
            (self.build)(black_box(&self.nodes)).is_ok()
        }))
    }
}

/// Time to make a table with one node more beside one of so many nodes, and to drop it.
pub(super) struct AddNode(pub(super) usize);

impl Figure for AddNode {
    type Out = Box<dyn Timed>;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<Self::Out> {
        let count = self.0;
        Contestant::new(name, role, move || {
            let adding = Adding::<T>::to(count)?;
            table::check(&adding.table.with(adding.added)?, count + 1)?;
            Ok(Box::new(adding) as Box<dyn Timed>)
        })
    }
}

struct Adding<T> {
    table: T,
    added: SocketAddr,
}

impl<T: Table> Adding<T> {
    fn to(count: usize) -> Result<Self, String> {
        let mut nodes = table::nodes(count + 1);
        let added = nodes.pop().ok_or("no node to add")?;
        let table = T::build(&nodes)?;
        Ok(Self { table, added })
    }
}

impl<T: Table> Timed for Adding<T> {
    fn batch(&self) -> u64 {
        1
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Repeat::new(1, || {
            self.table.with(black_box(self.added)).is_ok()
        }))
    }
}

/// Bytes that a table of so many nodes holds, the nodes included.
pub(super) struct Memory(pub(super) usize);

impl Figure for Memory {
    type Out = f64;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<f64> {
        let count = self.0;
        Contestant::new(name, role, move || {
            let nodes = table::nodes(count);
            // What a crate sets up once for the whole process is not part of a table.
            drop(T::build(&nodes)?);
            let meter = Meter::start();
            let _table = Box::new(T::build(&nodes)?);
            Ok(meter.bytes())
        })
    }
}

/// The share of the node with most keys, in percent of the mean share.
pub(super) struct Peak(pub(super) usize);

impl Figure for Peak {
    type Out = f64;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<f64> {
        let count = self.0;
        Contestant::new(name, role, move || {
            let table = T::build(&table::nodes(count))?;
            table::check(&table, count)?;
            let mut keys = HashMap::new();
            for port in owners(&table) {
                *keys.entry(port).or_insert(0_usize) += 1;
            }
            let peak = keys.values().copied().max().unwrap_or(0) as f64;
            Ok(100.0 * peak * count as f64 / SAMPLE as f64)
        })
    }
}

/// How many keys have another node after one is added to so many, in percent.
pub(super) struct Moved(pub(super) usize);

impl Figure for Moved {
    type Out = f64;

    fn of<T: Table>(&self, name: &'static str, role: Role) -> Contestant<f64> {
        let count = self.0;
        Contestant::new(name, role, move || {
            let Adding { table, added } = Adding::<T>::to(count)?;
            let larger = table.with(added)?;
            table::check(&larger, count + 1)?;
            let moved = owners(&larger)
                .zip(owners(&table))
                .filter(|(after, before)| after != before)
                .count();
            Ok(100.0 * moved as f64 / SAMPLE as f64)
        })
    }
}

/// The node of each key of the sample.
fn owners<T: Table>(table: &T) -> impl Iterator<Item = Option<u16>> {
    let mut handle = table.handle();
    input::sequence(u64::MAX)
        .take(SAMPLE)
        .map(move |key| T::locate(&mut handle, &key))
}
