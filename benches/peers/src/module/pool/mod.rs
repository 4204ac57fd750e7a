//! Connection pools: a checkout and its return with connections for everybody and with too few, and what a pool opens when
//! many come at once.
//!
//! The connections are numbers, which cost nothing to make, to check and to keep: what is measured is the pool. Every contestant has had all its
//! connections out at once before, each another one, and a number that there is not ends the run. Unless a workload says that all defaults
//! are used, each peer is set up in the way that is fastest for it: without checks, lifetimes and time-outs as far as they can be
//! switched off. tenfold is used as it comes, with all of them, but for the size.
//!
//! r2d2 and bb8 let whoever comes first take a connection that has come back; deadpool, mobc and the semaphore serve in
//! order, as tenfold does unless it is told not to.

mod bare;
mod checkout;
mod contestant;
mod crowd;
mod manager;
mod spike;
mod theirs;
mod waits;

use std::time::Duration;

use self::bare::{Gate, Queue};
use self::contestant::{Manner, Setting};
use self::crowd::Crowd;
use self::theirs::{Bb8, Deadpool, Mobc, R2d2, Unmanaged};
use crate::workload::{Role, Workload};

const BEST: Setting = Setting::best(8);
const DEFAULT: Setting = Setting {
    manner: Manner::Default,
    ..BEST
};

/// The pools for threads, each in a row that is made by a function of the pool's type.
macro_rules! blocking {
    ($($row:ident)::+, $argument:expr) => {
        Vec::from([
            $($row)::+::<R2d2>("r2d2", Role::Peer, $argument),
            $($row)::+::<Queue>("bare ArrayQueue", Role::Limit, $argument),
        ])
    };
}

/// The pools for tasks.
macro_rules! asynchronous {
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
    vec![
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
            "blocking, all defaults",
            &[1],
            blocking!(checkout::blocking, DEFAULT),
        ),
        Workload::timed(
            "async, all defaults",
            &[1],
            asynchronous!(checkout::alone, DEFAULT),
        ),
        allocations(),
        threads_over_few(),
        tasks_over_some(),
        spike(),
    ]
}

fn allocations() -> Workload {
    let mut rows = blocking!(checkout::allocations, BEST);
    rows.extend(asynchronous!(checkout::allocations_async, BEST));
    Workload::counted("allocations", "allocations", rows)
}

fn threads_over_few() -> Workload {
    let crowd = Crowd {
        takers: 16,
        connections: 4,
        hold: Duration::from_micros(100),
    };
    let mut rows = vec![crowd::threads::<R2d2>("r2d2", Role::Peer, crowd)];
    rows.extend(asynchronous!(crowd::entered, crowd));
    let name = "threads over 4 connections, 100 µs hold";
    Workload::played(name, crowd.takers, waits::FIGURES, rows)
}

fn tasks_over_some() -> Workload {
    let crowd = Crowd {
        takers: 1000,
        connections: 50,
        hold: Duration::from_micros(1500),
    };
    let rows = asynchronous!(crowd::tasks, crowd);
    let name = "1000 tasks over 50 connections, 1.5 ms hold";
    Workload::played(name, 1, waits::FIGURES, rows)
}

fn spike() -> Workload {
    let rows = vec![
        spike::threads::<spike::R2d2>("r2d2", Role::Peer),
        spike::tasks::<spike::Bb8>("bb8", Role::Peer),
    ];
    let name = "spike of 50, 5 idle";
    Workload::played(name, 1, spike::FIGURES, rows)
}
