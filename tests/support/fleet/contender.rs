//! Everybody who is compared.

use tenfold::balance::{Adaptive, PowerOfTwo, Probing, RoundRobin};

use super::driver::simulate;
use super::figures::Figures;
use super::ours::{Client, Prober};
use super::peak::PeakEwma;
use super::reference::{Reference, Rule};

pub(crate) use super::driver::Run;

/// Who chooses servers: a published formula, or a policy of the library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    run: fn(Run) -> Figures,
}

impl Contender {
    pub(crate) fn run(&self, run: Run) -> Figures {
        (self.run)(run)
    }

    /// The contender of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|contender| contender.name == name)
    }

    /// The medians over `seeds` seeds.
    pub(crate) fn median(
        &self,
        scenario: super::scenario::Scenario,
        seeds: u64,
        requests: usize,
    ) -> Figures {
        let run = |seed| {
            self.run(Run {
                scenario,
                seed,
                requests,
            })
        };
        Figures::median(&(1..=seeds).map(run).collect::<Vec<_>>())
    }
}

/// References first.
pub(crate) const ALL: &[Contender] = &[
    Contender {
        name: "random",
        run: |run| simulate(run, |_, seed| Reference::new(Rule::Random, seed)),
    },
    Contender {
        name: "rr",
        run: |run| simulate(run, |_, seed| Reference::new(Rule::RoundRobin, seed)),
    },
    Contender {
        name: "p2c-least",
        run: |run| simulate(run, |_, seed| Reference::new(Rule::LeastLoaded, seed)),
    },
    Contender {
        name: "peak-ewma",
        run: |run| simulate(run, |_, seed| PeakEwma::new(seed)),
    },
    Contender {
        name: "jsq-oracle",
        run: |run| simulate(run, |_, seed| Reference::new(Rule::Oracle, seed)),
    },
    Contender {
        name: "RoundRobin",
        run: |run| simulate(run, |clock, seed| Client::new(RoundRobin, clock, seed)),
    },
    Contender {
        name: "PowerOfTwo",
        run: |run| simulate(run, |clock, seed| Client::new(PowerOfTwo, clock, seed)),
    },
    Contender {
        name: "Adaptive",
        run: |run| simulate(run, |clock, seed| Client::new(Adaptive, clock, seed)),
    },
    Contender {
        name: "Probing-local",
        run: |run| {
            simulate(run, |clock, seed| {
                Client::new(Probing::local(), clock, seed)
            })
        },
    },
    Contender {
        name: "Probing",
        run: |run| simulate(run, Prober::new),
    },
];
