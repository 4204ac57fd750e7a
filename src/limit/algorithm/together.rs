//! Several rules as one: what one of them refuses is taken from none.
//!
//! Each rule only gets more generous with time, so the combination admits at the latest of their times, and not before: waiting
//! for one does not make another one refuse.

use std::time::Duration;

use super::rule::Rule;
use crate::limit::{Decision, Error};

/// Rules that there may be.
pub(crate) const MOST: usize = 16;

#[derive(Debug)]
pub(crate) struct Together {
    /// At least one.
    first: Box<dyn Rule>,
    rest: Box<[Box<dyn Rule>]>,
}

impl Together {
    pub(crate) fn new(rules: Vec<Box<dyn Rule>>) -> Result<Self, Error> {
        let count = rules.len();
        let mut rules = rules.into_iter();
        match rules.next() {
            Some(first) if count <= MOST => Ok(Self {
                first,
                rest: rules.collect(),
            }),
            _ => Err(Error::BadCount { most: MOST }),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &dyn Rule> {
        let rest = self.rest.iter().map(|rule| &**rule);
        std::iter::once(&*self.first).chain(rest)
    }

    pub(crate) fn count(&self) -> usize {
        1 + self.rest.len()
    }

    /// What each rule says by itself.
    pub(crate) fn each(&self, now: u64, cost: u64) -> impl Iterator<Item = Decision> {
        self.rules()
            .enumerate()
            .map(move |(limiting, rule)| Decision {
                limiting,
                ..rule.look(now, cost)
            })
    }
}

impl Rule for Together {
    fn admits(&self, now: u64, cost: u64) -> bool {
        self.rules().all(|rule| rule.admits(now, cost))
    }

    fn take(&mut self, now: u64, cost: u64) -> bool {
        let admitted = self.admits(now, cost);
        if admitted {
            self.first.take(now, cost);
            for rule in &mut self.rest {
                rule.take(now, cost);
            }
        }
        admitted
    }

    fn look(&self, now: u64, cost: u64) -> Decision {
        let first = self.first.look(now, cost);
        self.each(now, cost).skip(1).fold(first, stricter)
    }
}

/// The one that refuses for longer, or has less left if both allow. The first if they are equal.
fn stricter(one: Decision, other: Decision) -> Decision {
    let wait = |decision: &Decision| decision.retry_after.unwrap_or(Duration::MAX);
    let other_is = match (one.allowed, other.allowed) {
        (true, true) => other.remaining < one.remaining,
        (false, false) => wait(&other) > wait(&one),
        (allowed, _) => allowed,
    };
    if other_is { other } else { one }
}
