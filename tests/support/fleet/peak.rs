//! Two choices by peak-EWMA, as Finagle and tower publish it.
//!
//! An estimate per server: a longer latency replaces it, a shorter one moves it by the time since it was last looked at. Looking at it
//! counts as a latency of zero. The load is the estimate times the requests under way and one more. How a request ends plays no part.

use tenfold::rng::Rng;

use super::chooser::Chooser;
use super::reference::two;
use super::server::Server;
use super::{DECAY, SERVERS};

#[derive(Clone, Copy, Debug)]
struct Peak {
    estimate: f64,
    at: f64,
    pending: u32,
}

impl Peak {
    fn update(&mut self, latency: f64, now: f64) {
        if latency > self.estimate {
            self.estimate = latency;
        } else {
            let left = (-(now - self.at) / DECAY).exp();
            self.estimate = self.estimate * left + latency * (1.0 - left);
        }
        self.at = now;
    }

    fn load(&mut self, now: f64) -> f64 {
        self.update(0.0, now);
        self.estimate * f64::from(self.pending + 1)
    }
}

#[derive(Debug)]
pub(crate) struct PeakEwma {
    rng: Rng,
    peaks: [Peak; SERVERS],
    first: usize,
}

impl PeakEwma {
    pub(crate) fn new(seed: u64) -> Self {
        let unknown = Peak {
            estimate: 1.0,
            at: 0.0,
            pending: 0,
        };
        Self {
            rng: Rng::seeded(seed),
            peaks: [unknown; SERVERS],
            first: 0,
        }
    }

    fn load(&mut self, server: usize, now: f64) -> f64 {
        self.peaks
            .get_mut(server)
            .map_or(f64::MAX, |peak| peak.load(now))
    }
}

impl Chooser for PeakEwma {
    type Ticket = (usize, f64);
    type Reply = ();

    fn choose(&mut self, now: f64, _: &[Server]) -> (usize, Self::Ticket) {
        let (a, b) = two(&mut self.rng, self.first);
        let server = if self.load(b, now) < self.load(a, now) {
            b
        } else {
            a
        };
        if let Some(peak) = self.peaks.get_mut(server) {
            peak.pending += 1;
        }
        (server, (server, now))
    }

    fn end(&mut self, (server, began): Self::Ticket, now: f64, _: bool) {
        if let Some(peak) = self.peaks.get_mut(server) {
            peak.pending -= 1;
            peak.update(now - began, now);
        }
    }

    fn admit(&mut self, member: bool) {
        if member && let Some(peak) = self.peaks.first_mut() {
            peak.estimate = 1.0;
        }
        self.first = usize::from(!member);
    }
}
