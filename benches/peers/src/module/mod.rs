//! The modules that can be measured. To add one, write its file and list it here.

mod balance;
mod cache;
mod clock;
mod histogram;
mod limit;
mod pool;
mod ring;
mod snapshot;

pub(crate) use self::cache::replayed::PEERS as REPLAYED;
use crate::workload::Workload;

/// A module of tenfold and what to compare in it.
pub(crate) struct Module {
    pub(crate) name: &'static str,
    pub(crate) workloads: fn() -> Vec<Workload>,
}

/// Every module, in the order of a run over all of them.
pub(crate) const MODULES: &[Module] = &[
    Module {
        name: "ring",
        workloads: ring::workloads,
    },
    Module {
        name: "limit",
        workloads: limit::workloads,
    },
    Module {
        name: "balance",
        workloads: balance::workloads,
    },
    Module {
        name: "cache",
        workloads: cache::workloads,
    },
    Module {
        name: "pool",
        workloads: pool::workloads,
    },
    Module {
        name: "histogram",
        workloads: histogram::workloads,
    },
    Module {
        name: "snapshot",
        workloads: snapshot::workloads,
    },
    Module {
        name: "clock",
        workloads: clock::workloads,
    },
];
