//! Published policies without an estimate of latencies.

use tenfold::rng::Rng;

use super::SERVERS;
use super::chooser::Chooser;
use super::server::Server;

/// What a policy goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Random,
    RoundRobin,
    /// The one of two with fewer requests of this client under way.
    LeastLoaded,
    /// The one of all with the fewest requests, of any client: what no client can know.
    Oracle,
}

#[derive(Debug)]
pub(crate) struct Reference {
    rule: Rule,
    rng: Rng,
    turn: u64,
    pending: [u32; SERVERS],
    /// The first server that is a member.
    first: usize,
}

impl Reference {
    pub(crate) fn new(rule: Rule, seed: u64) -> Self {
        let mut rng = Rng::seeded(seed);
        Self {
            turn: rng.below(SERVERS as u64),
            rule,
            rng,
            pending: [0; SERVERS],
            first: 0,
        }
    }

    fn pending(&self, server: usize) -> u32 {
        self.pending.get(server).copied().unwrap_or(0)
    }

    fn oracle(&mut self, fleet: &[Server]) -> usize {
        let members = || fleet.iter().enumerate().skip(self.first);
        let least = members().map(|(_, server)| server.load()).min();
        let idle = members().filter(|(_, server)| Some(server.load()) == least);
        let nth = self.rng.below(idle.clone().count() as u64) as usize;
        idle.map(|(index, _)| index).nth(nth).unwrap_or(self.first)
    }
}

/// Two different ones of the servers from `first` on.
pub(crate) fn two(rng: &mut Rng, first: usize) -> (usize, usize) {
    let count = (SERVERS - first) as u64;
    let a = rng.below(count);
    let b = rng.below(count - 1);
    let b = if b >= a { b + 1 } else { b };
    (first + a as usize, first + b as usize)
}

impl Chooser for Reference {
    type Ticket = usize;
    type Reply = ();

    fn choose(&mut self, _: f64, fleet: &[Server]) -> (usize, usize) {
        let server = match self.rule {
            Rule::Random => two(&mut self.rng, self.first).0,
            Rule::RoundRobin => {
                self.turn += 1;
                self.first + self.turn as usize % (SERVERS - self.first)
            }
            Rule::LeastLoaded => {
                let (a, b) = two(&mut self.rng, self.first);
                if self.pending(b) < self.pending(a) {
                    b
                } else {
                    a
                }
            }
            Rule::Oracle => self.oracle(fleet),
        };
        if let Some(pending) = self.pending.get_mut(server) {
            *pending += 1;
        }
        (server, server)
    }

    fn end(&mut self, server: usize, _: f64, _: bool) {
        if let Some(pending) = self.pending.get_mut(server) {
            *pending -= 1;
        }
    }

    fn admit(&mut self, member: bool) {
        self.first = usize::from(!member);
    }
}
