//! What is replayed: the requests of a trace, in memory.

#[path = "../../../journey/input/access_log.rs"]
mod access_log;
mod line;
#[path = "../../../journey/input/lines.rs"]
mod lines;
mod load;
mod weights;

pub(crate) use line::Format;
pub(crate) use load::load;

use std::collections::HashMap;
use std::path::PathBuf;

use tenfold::hash::{DefaultHashBuilder, StableHash};

/// What an entry weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weighing {
    /// One, whatever it is.
    Entries,
    /// The size in the trace.
    Trace,
    /// The number on the same line of this file.
    File(PathBuf),
}

/// Requests in order. Keys are numbered as they first appear; two keys are taken for one if their 64-bit hashes are the same,
/// which a hundred million of them are in one of 3700 traces.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) format: Format,
    pub(crate) keys: Vec<u32>,
    /// Of each request; none if every entry weighs one.
    weights: Option<Vec<u64>>,
    pub(crate) distinct: u32,
    /// What would hold everything: the number of keys, or the sum of the first weights of each.
    pub(crate) whole: u64,
    /// Lines of requests that no cache is asked for, such as POST.
    pub(crate) left_out: u64,
    pub(crate) bad: Bad,
    /// Whether there were more requests than were wanted.
    pub(crate) cut: bool,
    numbers: HashMap<u64, u32, DefaultHashBuilder>,
}

/// Lines that could not be understood.
#[derive(Debug, Default)]
pub(crate) struct Bad {
    pub(crate) lines: u64,
    /// The first one, counted from 1, and what is wrong with it.
    pub(crate) first: Option<(u64, &'static str)>,
}

impl Trace {
    fn new(format: Format, weighted: bool) -> Self {
        Self {
            format,
            keys: Vec::new(),
            weights: weighted.then(Vec::new),
            distinct: 0,
            whole: 0,
            left_out: 0,
            bad: Bad::default(),
            cut: false,
            numbers: HashMap::default(),
        }
    }

    /// A weight of 0 counts as 1: a cache that could hold any number of such entries would tell nothing.
    fn push(&mut self, key: &str, weight: u64) {
        let weight = weight.clamp(1, HEAVIEST);
        let hash = StableHash::bytes(key.as_bytes());
        let number = *self.numbers.entry(hash).or_insert_with(|| {
            let number = self.distinct;
            self.distinct += 1;
            self.whole = self.whole.saturating_add(weight);
            number
        });
        self.keys.push(number);
        if let Some(weights) = &mut self.weights {
            weights.push(weight);
        }
    }

    pub(crate) const fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    pub(crate) fn weight(&self, position: usize) -> u64 {
        self.weights
            .as_ref()
            .and_then(|weights| weights.get(position))
            .map_or(1, |weight| *weight)
    }

    /// Key and weight of every request.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let requests = self.keys.iter().enumerate();
        requests.map(|(position, key)| (*key, self.weight(position)))
    }
}

/// Nothing is heavier, so that no sum of two overflows.
const HEAVIEST: u64 = 1 << 53;

#[cfg(test)]
impl Trace {
    /// Of these keys, with weights of one.
    pub(crate) fn of_keys(keys: &[u32]) -> Self {
        Self::of(keys, None)
    }

    /// Of these keys and weights.
    pub(crate) fn of_requests(requests: &[(u32, u64)]) -> Self {
        let (keys, weights): (Vec<_>, Vec<_>) = requests.iter().copied().unzip();
        Self::of(&keys, Some(&weights))
    }

    fn of(keys: &[u32], weights: Option<&[u64]>) -> Self {
        let mut trace = Self::new(Format::Keys, weights.is_some());
        for (position, key) in keys.iter().enumerate() {
            let weight = weights.map_or(1, |weights| weights[position]);
            trace.push(&key.to_string(), weight);
        }
        trace
    }
}
