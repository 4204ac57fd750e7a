//! This crate behind the trait.

use std::net::SocketAddr;

use tenfold::balance::{
    Adaptive, Balancer, Picker, Policy, PowerOfTwo, Random, Request, RoundRobin, Spec,
    WeightedRoundRobin,
};
use tenfold::clock::MonotonicClock;

use super::chooser::Chooser;
use super::fleet::{Fleet, address};
use super::updates::Over;

/// A policy with its default settings.
pub(super) trait Rule: Policy + Default {
    /// Whether its leases end with a success; else with nothing.
    const REPORTS: bool = false;
}

impl Rule for RoundRobin {}

impl Rule for WeightedRoundRobin {}

impl Rule for Random {}

impl Rule for PowerOfTwo {}

impl Rule for Adaptive {
    const REPORTS: bool = true;
}

/// What a program has of a backend. To read the number is to reach it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upstream {
    number: u64,
    _address: SocketAddr,
}

pub(super) type Ours<P> = Balancer<Upstream, P>;
type Handle<P> = Picker<Upstream, P, MonotonicClock>;

/// No backend has this number.
const NOBODY: u64 = u64::MAX;

pub(super) fn key(number: u64) -> String {
    address(number).to_string()
}

pub(super) fn spec(number: u64) -> Spec<Upstream> {
    let address = address(number);
    let upstream = Upstream {
        number,
        _address: address,
    };
    Spec::new(address.to_string(), upstream)
}

pub(super) fn balancer<P: Rule>(fleet: Fleet) -> Result<Ours<P>, String> {
    let specs = fleet
        .numbers()
        .map(|number| spec(number).weight(fleet.weight(number)));
    let built = Balancer::builder(P::default()).backends(specs).build();
    let balancer = built.map_err(|error| error.to_string())?;
    let down = balancer.update(|changes| {
        for number in fleet.numbers().filter(|number| fleet.is_down(*number)) {
            changes.set_enabled(key(number), false);
        }
    });
    down.map_err(|error| error.to_string())?;
    Ok(balancer)
}

/// `pick`: untracked.
pub(super) struct Pick<P: Policy>(Ours<P>);

impl<P: Rule> Chooser for Pick<P> {
    type Handle<'c> = &'c Ours<P>;

    fn build(fleet: Fleet) -> Result<Self, String> {
        balancer(fleet).map(Self)
    }

    fn handle(&self) -> &Ours<P> {
        &self.0
    }

    fn ask(balancer: &mut &Ours<P>) -> u64 {
        balancer
            .pick()
            .map_or(NOBODY, |picked| picked.value().number)
    }
}

/// The same by the thread's own handle.
pub(super) struct PickOfPicker<P: Policy>(Ours<P>);

impl<P: Rule> Chooser for PickOfPicker<P> {
    type Handle<'c> = Handle<P>;

    fn build(fleet: Fleet) -> Result<Self, String> {
        balancer(fleet).map(Self)
    }

    fn handle(&self) -> Handle<P> {
        self.0.picker()
    }

    fn ask(picker: &mut Handle<P>) -> u64 {
        picker.pick().map_or(NOBODY, |picked| picked.value().number)
    }
}

impl Over for Pick<RoundRobin> {
    fn over(balancer: Ours<RoundRobin>) -> Self {
        Self(balancer)
    }
}

impl Over for PickOfPicker<RoundRobin> {
    fn over(balancer: Ours<RoundRobin>) -> Self {
        Self(balancer)
    }
}

/// `lease` and its end.
pub(super) struct Lease<P: Policy>(Ours<P>);

impl<P: Rule> Chooser for Lease<P> {
    type Handle<'c> = &'c Ours<P>;

    fn build(fleet: Fleet) -> Result<Self, String> {
        balancer(fleet).map(Self)
    }

    fn handle(&self) -> &Ours<P> {
        &self.0
    }

    fn ask(balancer: &mut &Ours<P>) -> u64 {
        balancer.lease(&Request::new()).map_or(NOBODY, ended::<P>)
    }
}

/// The same by the thread's own handle.
pub(super) struct LeaseOfPicker<P: Policy>(Ours<P>);

impl<P: Rule> Chooser for LeaseOfPicker<P> {
    type Handle<'c> = Handle<P>;

    fn build(fleet: Fleet) -> Result<Self, String> {
        balancer(fleet).map(Self)
    }

    fn handle(&self) -> Handle<P> {
        self.0.picker()
    }

    fn ask(picker: &mut Handle<P>) -> u64 {
        picker.lease(&Request::new()).map_or(NOBODY, ended::<P>)
    }
}

#[inline]
fn ended<P: Rule>(lease: tenfold::balance::Lease<Upstream>) -> u64 {
    let number = lease.value().number;
    if P::REPORTS {
        lease.success();
    }
    number
}
