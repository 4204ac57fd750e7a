//! What happens to a ring, step by step.

use tenfold::ring::placement::KeyHash;
use tenfold::ring::{Error, Placement, Ring};

use crate::args::Options;
use crate::balance::Balance;
use crate::copies;
use crate::movement::Movement;
use crate::problem::Problem;

/// One placement and what became of it.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) placement: &'static str,
    /// Memory of the first ring's table.
    pub(crate) bytes: usize,
    pub(crate) chapters: Vec<Chapter>,
    /// The part of keys that lost more than one of three copies when one node left.
    pub(crate) disturbed: f64,
}

/// A ring after a step; the first chapter has no step.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) title: String,
    pub(crate) balance: Balance,
    pub(crate) movement: Option<Movement>,
}

impl Story {
    /// The shares of the emptiest and of the fullest node in all chapters.
    pub(crate) fn extremes(&self) -> (f64, f64) {
        let balances = || self.chapters.iter().map(|chapter| chapter.balance);
        (
            balances()
                .map(|balance| balance.min)
                .fold(f64::INFINITY, f64::min),
            balances().map(|balance| balance.max).fold(0.0, f64::max),
        )
    }

    /// What each step moved.
    pub(crate) fn movements(&self) -> impl Iterator<Item = &Movement> {
        self.chapters
            .iter()
            .filter_map(|chapter| chapter.movement.as_ref())
    }
}

/// What the four steps are called where there is little room.
pub(crate) const STEPS: [&str; 4] = ["two join", "one leaves", "one doubles", "one drains"];

/// The story for one placement. Nodes are numbers, from 1 on.
pub(crate) fn tell<P>(name: &'static str, placement: P, options: &Options) -> Result<Story, Problem>
where
    P: Placement<Hash: KeyHash<str>> + Clone,
{
    let nodes = options.nodes;
    let key = |number| P::Hash::key_hash(format!("key:{number}").as_str());
    let hashes = (0..options.keys).map(key).collect();
    let ring = Ring::builder()
        .nodes(1..=nodes)
        .placement(placement)
        .build()?;
    let mut teller = Teller::begin(name, ring, hashes)?;

    let joining = [nodes + 1, nodes + 2];
    let [one, other] = joining;
    teller.step("two nodes join".into(), &joining, |ring| {
        ring.with(one)?.with(other)
    })?;
    let (middle, before) = (nodes / 2 + 1, teller.ring.clone());
    teller.step(format!("node {middle} leaves"), &[middle], |ring| {
        ring.without(&middle)
    })?;
    let disturbed = copies::disturbed(&before, &teller.ring, &teller.hashes);
    let heavier = nodes / 4 + 1;
    teller.step(format!("node {heavier} doubles"), &[heavier], |ring| {
        ring.with_weight(&heavier, 2)
    })?;
    let drained = nodes * 3 / 4 + 1;
    teller.step(format!("node {drained} is drained"), &[drained], |ring| {
        ring.with_weight(&drained, 0)
    })?;
    teller.owns_nothing(drained)?;
    Ok(Story {
        placement: name,
        bytes: teller.bytes,
        chapters: teller.chapters,
        disturbed,
    })
}

struct Teller<P: Placement> {
    name: &'static str,
    /// What the table takes at first.
    bytes: usize,
    ring: Ring<u32, P>,
    hashes: Vec<u64>,
    /// Who owns each of the keys.
    owners: Vec<u32>,
    chapters: Vec<Chapter>,
}

impl<P: Placement> Teller<P> {
    fn begin(name: &'static str, ring: Ring<u32, P>, hashes: Vec<u64>) -> Result<Self, Problem> {
        let owners = owners(name, &ring, &hashes)?;
        let first = Chapter {
            title: format!("{} nodes", ring.len()),
            balance: Balance::of(&ring, &owners),
            movement: None,
        };
        Ok(Self {
            name,
            bytes: ring.stats().heap_bytes,
            ring,
            hashes,
            owners,
            chapters: vec![first],
        })
    }

    fn step(
        &mut self,
        title: String,
        changed: &[u32],
        change: impl FnOnce(&Ring<u32, P>) -> Result<Ring<u32, P>, Error>,
    ) -> Result<(), Problem> {
        self.ring = change(&self.ring)?;
        let owners = owners(self.name, &self.ring, &self.hashes)?;
        self.chapters.push(Chapter {
            title,
            balance: Balance::of(&self.ring, &owners),
            movement: Some(Movement::between(&self.owners, &owners, changed)),
        });
        self.owners = owners;
        Ok(())
    }

    fn owns_nothing(&self, node: u32) -> Result<(), Problem> {
        let mut shares = self.ring.shares().into_iter().flatten();
        if self.owners.contains(&node) || shares.any(|(of, share)| *of == node && share > 0.0) {
            let finding = format!("node {node} is drained and still owns keys");
            return Err(Problem::promise(self.name, finding));
        }
        Ok(())
    }
}

fn owners<P: Placement>(
    name: &'static str,
    ring: &Ring<u32, P>,
    hashes: &[u64],
) -> Result<Vec<u32>, Problem> {
    let owners = hashes.iter().map(|hash| ring.locate_hash(*hash).copied());
    owners
        .collect::<Option<_>>()
        .ok_or_else(|| Problem::promise(name, "a key has no owner"))
}
