//! Caches: reads that hit, reads with writes between them, insertions, and what an entry takes.
//!
//! Every contestant has the same capacity and, where it can be chosen, the same hash function, which is ahash. Maps that evict nothing stand
//! as limits. What was read is compared with what was inserted, at every call.

mod bare;
mod churn;
mod contestant;
mod holding;
mod ours;
mod queued;
mod quick;
mod reads;
pub(crate) mod replayed;

use self::bare::{Dash, Papaya};
use self::churn::{Tell, churn};
use self::contestant::{Numbers, Texts};
use self::holding::{Taken, holding};
use self::ours::Ours;
use self::queued::{MiniMoka, Moka, Stretto};
use self::quick::{Foyer, Lru, Quick, Scc, Ufo};
use self::reads::{Traffic, hits, traffic};
use crate::workload::{Role, Workload};

const THREADS: &[usize] = &[1, 2, 4];

/// The contestants of a workload: `rows!(function(arguments))` calls it for each with its name, its role and the
/// arguments, and `rows!(function of Entries)` names what the cache is filled with first.
macro_rules! rows {
    ($row:ident of $entries:ty) => {
        Vec::from([
            $row::<$entries, Ours<_, _, false, false>>("tenfold", Role::Tenfold),
            $row::<$entries, Ours<_, _, true, false>>("tenfold (read)", Role::Tenfold),
            $row::<$entries, Quick<_, _>>("quick_cache", Role::Peer),
            $row::<$entries, Moka<_, _, false>>("moka", Role::Peer),
            $row::<$entries, MiniMoka<_, _, false>>("mini-moka", Role::Peer),
            $row::<$entries, Foyer<_, _>>("foyer (s3fifo)", Role::Peer),
            $row::<$entries, Stretto<_, _, false>>("stretto", Role::Peer),
            $row::<$entries, Ufo<_, _>>("TinyUFO", Role::Peer),
            $row::<$entries, Scc<_, _>>("scc::HashCache", Role::Peer),
            $row::<$entries, Lru<_, _>>("lru + Mutex", Role::Peer),
            $row::<$entries, Dash<_, _>>("dashmap", Role::Limit),
            $row::<$entries, Papaya<_, _>>("papaya", Role::Limit),
        ])
    };
    ($row:ident ($($argument:expr),*)) => {
        Vec::from([
            $row::<Ours<_, _, false, false>>("tenfold", Role::Tenfold, $($argument),*),
            $row::<Quick<_, _>>("quick_cache", Role::Peer, $($argument),*),
            $row::<Moka<_, _, false>>("moka", Role::Peer, $($argument),*),
            $row::<MiniMoka<_, _, false>>("mini-moka", Role::Peer, $($argument),*),
            $row::<Foyer<_, _>>("foyer (s3fifo)", Role::Peer, $($argument),*),
            $row::<Stretto<_, _, false>>("stretto", Role::Peer, $($argument),*),
            $row::<Ufo<_, _>>("TinyUFO", Role::Peer, $($argument),*),
            $row::<Scc<_, _>>("scc::HashCache", Role::Peer, $($argument),*),
            $row::<Lru<_, _>>("lru + Mutex", Role::Peer, $($argument),*),
            $row::<Dash<_, _>>("dashmap", Role::Limit, $($argument),*),
            $row::<Papaya<_, _>>("papaya", Role::Limit, $($argument),*),
        ])
    };
}

pub(crate) fn workloads() -> Vec<Workload> {
    let timed = |name, rows| Workload::timed(name, THREADS, rows);
    let mut all = vec![
        timed("hits", rows!(hits of Numbers)),
        timed("hits-string", rows!(hits of Texts)),
        timed("mixed", rows!(traffic(Traffic::Mixed))),
        timed("get-or-insert", rows!(traffic(Traffic::GetOrInsert))),
        timed("churn", churned(Tell::Mean)),
        timed("churn-tail", churned(Tell::Tail)),
        timed("churn-tail (mean)", churned(Tell::TailMean)),
    ];
    all.extend(with_ttl());
    let counted = |name, rows| Workload::counted(name, "bytes/entry", rows);
    all.push(counted("memory", rows!(holding(Taken::Thrice))));
    all.push(counted("memory (filled once)", rows!(holding(Taken::Once))));
    all
}

/// Without stretto: an eviction of it looks at every entry, a thousand insertions take a tenth of a second or more.
fn churned(tell: Tell) -> Vec<reads::Row> {
    let mut rows: Vec<reads::Row> = rows!(churn(tell));
    rows.retain(|row| row.name != "stretto");
    rows
}

/// Hits of a cache in which entries expire, against itself without: that is the limit of each.
fn with_ttl() -> Vec<Workload> {
    let pairs = [
        (
            "ttl (tenfold)",
            hits::<Numbers, Ours<_, _, false, true>>("tenfold (ttl)", Role::Tenfold),
            hits::<Numbers, Ours<_, _, false, false>>("tenfold", Role::Limit),
        ),
        (
            "ttl (moka)",
            hits::<Numbers, Moka<_, _, true>>("moka (ttl)", Role::Peer),
            hits::<Numbers, Moka<_, _, false>>("moka", Role::Limit),
        ),
        (
            "ttl (mini-moka)",
            hits::<Numbers, MiniMoka<_, _, true>>("mini-moka (ttl)", Role::Peer),
            hits::<Numbers, MiniMoka<_, _, false>>("mini-moka", Role::Limit),
        ),
        (
            "ttl (stretto)",
            hits::<Numbers, Stretto<_, _, true>>("stretto (ttl)", Role::Peer),
            hits::<Numbers, Stretto<_, _, false>>("stretto", Role::Limit),
        ),
    ];
    let pair = |(name, with, without)| Workload::timed(name, THREADS, vec![with, without]);
    pairs.into_iter().map(pair).collect()
}
