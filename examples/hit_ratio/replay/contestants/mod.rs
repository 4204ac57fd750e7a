//! Who is replayed.

mod lru;
mod opt;
mod ours;

use crate::replay::problem::Problem;
use crate::replay::trace::Trace;
use tenfold::cache::EvictionPolicy;

pub(crate) use opt::NextUses;

/// Something that is asked for one key after another.
pub(crate) trait Replay {
    /// Reads a key through the cache: whether it was there. If not, it is there now, or the cache didn't want it.
    fn access(&mut self, key: u64, weight: u64) -> bool;
}

/// What a contestant is made for.
#[derive(Clone, Copy)]
pub(crate) struct Case<'t> {
    pub(crate) trace: &'t Trace,
    pub(crate) next_uses: &'t NextUses,
    pub(crate) capacity: u64,
}

pub(crate) type Made<'t> = Result<Box<dyn Replay + 't>, Problem>;

/// Whom a trace is replayed through.
#[derive(Clone, Copy)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) make: for<'t> fn(Case<'t>) -> Made<'t>,
}

/// The cache of this crate, as it comes and with each fixed policy.
pub(crate) const OURS: &[Contestant] = &[
    Contestant {
        name: "tenfold",
        make: |case| ours::cache(case, EvictionPolicy::Adaptive),
    },
    Contestant {
        name: "Lru",
        make: |case| ours::cache(case, EvictionPolicy::Lru),
    },
    Contestant {
        name: "S3Fifo",
        make: |case| ours::cache(case, EvictionPolicy::S3Fifo),
    },
    Contestant {
        name: "Sieve",
        make: |case| ours::cache(case, EvictionPolicy::Sieve),
    },
    Contestant {
        name: "WTinyLfu",
        make: |case| ours::cache(case, EvictionPolicy::WTinyLfu),
    },
];

/// What one compares with: the policy that everybody knows, and the one that nobody has.
pub(crate) const BOUNDS: &[Contestant] = &[
    Contestant {
        name: "exact LRU",
        make: |case| Ok(Box::new(lru::Lru::new(case.capacity))),
    },
    Contestant {
        name: OPT,
        make: |case| Ok(Box::new(opt::Opt::new(case.next_uses, case.capacity))),
    },
];

/// The one that knows the future.
pub(crate) const OPT: &str = "OPT";
