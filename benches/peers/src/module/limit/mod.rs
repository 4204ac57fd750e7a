//! Rate limiters: one call that is admitted or refused.
//!
//! Three paths: everything is admitted, nothing is, and turn by turn. For the last a thread asks two limiters in turn, one that
//! admits everything and one that admits nothing, because there is no rate at which every contestant refuses every other call.
//!
//! What a call costs is mostly reading the clock. So those that read one are compared with each other, and those that don't (the
//! caller has read it, a thread reads it for all, or it is read when tokens run out) with each other.

mod bare;
mod figures;
mod keyed;
mod limiter;
mod others;
mod ours;
mod theirs;

use governor::clock::{MonotonicClock as GovernorStd, QuantaClock, QuantaUpkeepClock};
use tenfold::clock::MonotonicClock;
use tenfold::limit::{All, FixedWindow, Leased, SlidingLog, SlidingWindow};

use self::bare::{Bare, BareAt, Quanta, Std};
use self::figures::{Path, asked};
use self::others::Other;
use self::ours::{Acquire, At, Decide};
use self::theirs::{Governor, Leaky, RateLimit};
use crate::workload::{Role, Workload};

const THREADS: &[usize] = &[1, 2, 4];

pub(crate) fn workloads() -> Vec<Workload> {
    let paths = [
        ("allow", Path::Allow),
        ("deny", Path::Deny),
        ("half", Path::Half),
    ];
    let all = paths.map(|(name, path)| {
        [
            with_clock(name, path),
            without_clock(&format!("{name}, no clock read"), path),
        ]
    });
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    all.push(limiters());
    all.extend(keyed::workloads());
    all
}

/// What the other limiters of this crate cost, for orientation.
fn limiters() -> Workload {
    let path = Path::Allow;
    let rows = vec![
        asked::<Acquire>("tenfold", Role::Tenfold, path),
        asked::<Other<SlidingWindow>>("tenfold (sliding window)", Role::Tenfold, path),
        asked::<Other<SlidingLog>>("tenfold (sliding log)", Role::Tenfold, path),
        asked::<Other<FixedWindow>>("tenfold (fixed window)", Role::Tenfold, path),
        asked::<Other<All>>("tenfold (two quotas)", Role::Tenfold, path),
        asked::<Other<Leased>>("tenfold (leased)", Role::Tenfold, path),
        asked::<Governor<QuantaClock>>("governor", Role::Peer, path),
    ];
    Workload::timed("limiters", THREADS, rows)
}

/// Every call reads a clock. What ours costs if the caller has read it stands beside.
fn with_clock(name: &str, path: Path) -> Workload {
    let rows = vec![
        asked::<Acquire>("tenfold", Role::Tenfold, path),
        asked::<Decide>("tenfold (decide)", Role::Tenfold, path),
        asked::<At>("tenfold (at)", Role::Tenfold, path),
        asked::<Governor<QuantaClock>>("governor", Role::Peer, path),
        asked::<Governor<GovernorStd>>("governor (std clock)", Role::Peer, path),
        asked::<RateLimit>("ratelimit", Role::Peer, path),
        asked::<Leaky<true>>("leaky-bucket", Role::Peer, path),
        asked::<Bare<MonotonicClock>>("bare CAS (tenfold clock)", Role::Limit, path),
        asked::<Bare<Quanta>>("bare CAS (quanta)", Role::Limit, path),
        asked::<Bare<Std>>("bare CAS (std)", Role::Limit, path),
    ];
    Workload::timed(name, THREADS, rows)
}

/// No call reads a clock.
fn without_clock(name: &str, path: Path) -> Workload {
    let mut rows = vec![
        asked::<At>("tenfold (at)", Role::Tenfold, path),
        asked::<Governor<QuantaUpkeepClock>>("governor (upkeep clock)", Role::Peer, path),
    ];
    if matches!(path, Path::Allow) {
        // A refusal reads its clock.
        rows.push(asked::<Leaky<false>>(
            "leaky-bucket (unfair)",
            Role::Peer,
            path,
        ));
    }
    rows.push(asked::<BareAt>("bare CAS (at)", Role::Limit, path));
    Workload::timed(name, THREADS, rows)
}
