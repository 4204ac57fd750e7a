//! A server: a line and its workers.

use std::collections::VecDeque;

use super::WORKERS;
use super::meter::Meter;

/// One server of the fleet.
#[derive(Debug, Default)]
pub(crate) struct Server {
    waiting: VecDeque<u32>,
    busy: usize,
    paused: bool,
    pub(super) meter: Meter,
    /// Units in which workers were at work, all together.
    pub(super) worked: f64,
}

impl Server {
    /// Requests that wait or are worked on.
    pub(crate) fn load(&self) -> usize {
        self.waiting.len() + self.busy
    }

    pub(super) fn arrive(&mut self, job: u32) {
        self.waiting.push_back(job);
    }

    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// The next request that a worker takes, if one is free.
    pub(super) fn begin(&mut self) -> Option<u32> {
        if self.paused || self.busy == WORKERS {
            return None;
        }
        let job = self.waiting.pop_front()?;
        self.busy += 1;
        Some(job)
    }

    pub(super) fn finish(&mut self) {
        self.busy -= 1;
    }
}
