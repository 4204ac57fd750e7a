//! Connection pools: a checkout and its return with connections for everybody and with too few, and what a pool opens when
//! many come at once.
//!
//! The connections are numbers, which cost nothing to make, to check and to keep: what is measured is the pool. Every contestant has had
//! all its connections out at once before, each another one, and a number that there is not ends the run. Each peer is set up in
//! the way that is fastest for it: without lifetimes and time-outs as far as they can be switched off, and without checks unless
//! the workload says otherwise. tenfold is used as it comes, with all of them, but for the size.
//!
//! r2d2 and bb8 let whoever comes first take a connection that has come back; deadpool, mobc and the semaphore serve in
//! order, as tenfold does unless it is told not to.

mod bare;
mod checkout;
mod contestant;
mod crowd;
mod manager;
mod ours;
mod spike;
mod theirs;
mod waits;

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use self::bare::{Gate, Queue};
use self::contestant::{Checks, Setting};
use self::crowd::Crowd;
use self::ours::{Ours, OursSpiked, Owned};
use self::theirs::{Bb8, Deadpool, Mobc, R2d2, Unmanaged};
use crate::workload::{Role, Workload};

const BEST: Setting = Setting::best(8);
const CHECKED: Setting = Setting {
    checks: Checks::Default,
    ..BEST
};

/// The pools for threads, each in a row that is made by a function of the pool's type.
macro_rules! blocking {
    ($($row:ident)::+, $argument:expr) => {
        Vec::from([
            $($row)::+::<Ours>("tenfold", Role::Tenfold, $argument),
            $($row)::+::<Ours<true>>("tenfold (throughput)", Role::Tenfold, $argument),
            $($row)::+::<Owned>("tenfold (owned)", Role::Tenfold, $argument),
            $($row)::+::<R2d2>("r2d2", Role::Peer, $argument),
            $($row)::+::<Queue>("bare ArrayQueue", Role::Limit, $argument),
        ])
    };
}

/// The pools for tasks.
macro_rules! asynchronous {
    ($($row:ident)::+, $argument:expr) => {{
        let mut rows = Vec::from([
            $($row)::+::<Ours>("tenfold", Role::Tenfold, $argument),
            $($row)::+::<Ours<true>>("tenfold (throughput)", Role::Tenfold, $argument),
            $($row)::+::<Owned>("tenfold (owned)", Role::Tenfold, $argument),
        ]);
        rows.extend(their_asynchronous!($($row)::+, $argument));
        rows
    }};
}

/// Those of others.
macro_rules! their_asynchronous {
    ($($row:ident)::+, $argument:expr) => {
        Vec::from([
            $($row)::+::<Deadpool>("deadpool", Role::Peer, $argument),
            $($row)::+::<Unmanaged>("deadpool (unmanaged)", Role::Peer, $argument),
            $($row)::+::<Bb8>("bb8", Role::Peer, $argument),
            $($row)::+::<Mobc>("mobc", Role::Peer, $argument),
            $($row)::+::<Gate>("bare Semaphore + queue", Role::Limit, $argument),
        ])
    };
}

pub(crate) fn workloads() -> Vec<Workload> {
    let some = &[2, 4, 8];
    let mut all = vec![
        Workload::timed(
            "blocking",
            &[1, 2, 4, 8],
            blocking!(checkout::blocking, BEST),
        ),
        Workload::timed("async", &[1], asynchronous!(checkout::alone, BEST)),
        Workload::timed(
            "async, a task each",
            some,
            asynchronous!(checkout::tasks, BEST),
        ),
        Workload::timed(
            "blocking, checks as by default",
            &[1],
            blocking!(checkout::blocking, CHECKED),
        ),
        Workload::timed(
            "async, checks as by default",
            &[1],
            asynchronous!(checkout::alone, CHECKED),
        ),
        Workload::counted(
            "allocations, blocking",
            "allocations",
            blocking!(checkout::allocations, BEST),
        ),
        Workload::counted(
            "allocations, async",
            "allocations",
            asynchronous!(checkout::allocations_async, BEST),
        ),
        threads_over_few(),
        tasks_over_some(),
    ];
    all.extend(spikes());
    all
}

fn threads_over_few() -> Workload {
    let crowd = Crowd {
        takers: 16,
        connections: 4,
        hold: Duration::from_micros(100),
        figures: waits::MAIN,
    };
    let mut rows = vec![
        crowd::threads::<Ours>("tenfold", Role::Tenfold, crowd),
        crowd::threads::<Ours<true>>("tenfold (throughput)", Role::Tenfold, crowd),
        crowd::entered::<Ours>("tenfold (async)", Role::Tenfold, crowd),
        crowd::threads::<R2d2>("r2d2", Role::Peer, crowd),
    ];
    rows.extend(their_asynchronous!(crowd::entered, crowd));
    let name = "crowd over 4 connections, 100 µs hold";
    Workload::played(name, crowd.takers, crowd.figures, rows)
}

fn tasks_over_some() -> Workload {
    let crowd = Crowd {
        takers: 1000,
        connections: 50,
        hold: Duration::from_micros(1500),
        figures: waits::FIGURES,
    };
    let rows = asynchronous!(crowd::tasks, crowd);
    let name = "1000 tasks over 50 connections, 1.5 ms hold";
    Workload::played(name, processors(), crowd.figures, rows)
}

/// Threads of the runtime that has the tasks.
fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn spikes() -> [Workload; 2] {
    let threads = vec![
        spike::threads::<OursSpiked>("tenfold", Role::Tenfold),
        spike::threads::<spike::R2d2>("r2d2", Role::Peer),
    ];
    let tasks = vec![
        spike::tasks::<OursSpiked>("tenfold", Role::Tenfold),
        spike::tasks::<spike::Bb8>("bb8", Role::Peer),
    ];
    let spike = |takers, threads, rows| {
        let name = format!(
            "spike of {} {takers}, {} idle",
            spike::REQUESTS,
            spike::MIN_IDLE
        );
        Workload::played(name, threads, spike::FIGURES, rows)
    };
    [
        spike("threads", spike::REQUESTS as usize, threads),
        spike("tasks", processors(), tasks),
    ]
}
