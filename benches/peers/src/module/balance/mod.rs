//! Load balancers: which backend takes the next request, with and without a lease, with backends that are down, and what a change of the
//! set costs.
//!
//! Every backend is a socket address and has a number: a contestant that chooses none, one that is not there or one that is down ends the
//! run. tower's balancer is used through `&mut self`, so each thread has one of its own, with all backends: that is how its
//! users avoid a lock, and then its threads share nothing, and know nothing of each other's load.

mod bare;
mod chooser;
mod figures;
mod fleet;
mod ours;
mod pingora;
mod tower;
mod updates;

use ::pingora_load_balancing::selection;
use tenfold::balance::{Adaptive, PowerOfTwo, Random, RoundRobin, WeightedRoundRobin};

use self::bare::{Counter, TwoLoads};
use self::chooser::Chooser;
use self::figures::asked;
use self::fleet::{Down, Fleet};
use self::ours::{Lease, LeaseOfPicker, Pick, PickOfPicker, Rule};
use self::pingora::{Pingora, Selection};
use self::tower::{Ewma, Pending, Tower};
use crate::workload::{Role, Workload};

const THREADS: &[usize] = &[1, 2, 4];

const SIZES: [usize; 3] = [3, 100, 1000];

pub(crate) fn workloads() -> Vec<Workload> {
    let sizes = SIZES.map(Fleet::of);
    let mut all = Vec::new();
    all.extend(
        sizes.map(|fleet| untracked::<RoundRobin, selection::RoundRobin>("round robin", fleet)),
    );
    all.extend(SIZES.map(Fleet::weighted).map(|fleet| {
        untracked::<WeightedRoundRobin, selection::RoundRobin>("weighted round robin", fleet)
    }));
    all.extend(sizes.map(|fleet| untracked::<Random, selection::Random>("random", fleet)));
    all.extend(sizes.map(power_of_two));
    all.extend(sizes.map(adaptive));
    all.extend([
        health::<Pick<RoundRobin>>("round robin"),
        health::<Lease<PowerOfTwo>>("power of two"),
        health::<Lease<Adaptive>>("adaptive"),
        health::<Pingora<selection::RoundRobin>>("pingora round robin"),
    ]);
    all.extend(updates::workloads());
    all
}

/// An untracked pick.
fn untracked<P: Rule, S: Selection>(name: &str, fleet: Fleet) -> Workload {
    let rows = vec![
        asked::<Pick<P>>("tenfold", Role::Tenfold, fleet),
        asked::<PickOfPicker<P>>("tenfold (picker)", Role::Tenfold, fleet),
        asked::<Pingora<S>>("pingora", Role::Peer, fleet),
        asked::<Counter>("bare fetch_add", Role::Limit, fleet),
    ];
    Workload::timed(format!("{name} {}", fleet.backends), THREADS, rows)
}

/// A lease, and its end of which nothing is said.
fn power_of_two(fleet: Fleet) -> Workload {
    let rows = vec![
        asked::<Lease<PowerOfTwo>>("tenfold", Role::Tenfold, fleet),
        asked::<LeaseOfPicker<PowerOfTwo>>("tenfold (picker)", Role::Tenfold, fleet),
        asked::<Tower<Pending, false>>("tower", Role::Peer, fleet),
        asked::<Tower<Pending, true>>("tower (fast random numbers)", Role::Peer, fleet),
        asked::<TwoLoads<0>>("bare p2c", Role::Limit, fleet),
    ];
    Workload::timed(format!("power of two {}", fleet.backends), THREADS, rows)
}

/// A lease, and the success it ends with, by the clock.
fn adaptive(fleet: Fleet) -> Workload {
    let rows = vec![
        asked::<Lease<Adaptive>>("tenfold", Role::Tenfold, fleet),
        asked::<LeaseOfPicker<Adaptive>>("tenfold (picker)", Role::Tenfold, fleet),
        asked::<Tower<Ewma, false>>("tower", Role::Peer, fleet),
        asked::<Tower<Ewma, true>>("tower (fast random numbers)", Role::Peer, fleet),
        asked::<TwoLoads<0>>("bare p2c", Role::Limit, fleet),
        asked::<TwoLoads<2>>("bare p2c (reads the clock twice)", Role::Limit, fleet),
    ];
    Workload::timed(format!("adaptive {}", fleet.backends), THREADS, rows)
}

/// The same with backends that are down, over nobody down.
fn health<C: Chooser>(name: &str) -> Workload {
    let [up, one, half] = [Down::Nobody, Down::One, Down::Half].map(|down| Fleet {
        down,
        ..Fleet::of(100)
    });
    let rows = vec![
        asked::<C>("all up", Role::Limit, up),
        asked::<C>("one down", Role::Tenfold, one),
        asked::<C>("half down", Role::Tenfold, half),
    ];
    Workload::timed(format!("health of 100, {name}"), &[1], rows)
}
