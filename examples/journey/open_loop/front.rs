//! Where requests come in: one thread, which decides and never serves.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use tenfold::clock::{Clock, MonotonicClock};
use tenfold::limit::Reservation;

use super::backlog::{Backlog, Job};
use crate::progress::Progress;
use crate::stage::{Door, Entry};

/// What was decided.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    /// Let in when they came.
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    /// Of the refused: those that were told when to try again, and did.
    pub(crate) retried: u64,
    /// Of these: those that were let in.
    pub(crate) readmitted: u64,
}

pub(super) struct Front<'d> {
    door: Option<&'d dyn Door>,
    /// Clients that were told to come back, in the order of their times: each is told a later one than those before.
    away: VecDeque<(Job, Reservation<'d>)>,
    inside: Vec<Job>,
    count: Count,
}

impl<'d> Front<'d> {
    /// Without a door, everybody is let in.
    pub(super) fn new(door: Option<&'d dyn Door>) -> Self {
        Self {
            door,
            away: VecDeque::new(),
            inside: Vec::new(),
            count: Count::default(),
        }
    }

    /// Lets in what comes, until all have come and, if they were told to, come back.
    pub(super) fn let_in(mut self, jobs: &[Job], backlog: &Backlog, progress: &Progress) -> Count {
        let clock = MonotonicClock::new();
        let mut jobs = jobs.iter().copied().enumerate().peekable();
        while jobs.peek().is_some() || !self.away.is_empty() {
            let now = clock.now();
            while let Some((earlier, job)) = jobs.next_if(|(_, job)| job.due <= now) {
                self.first_time(job);
                progress.show(earlier as u64 + 1);
            }
            while self.away.front().is_some_and(|(job, _)| job.due <= now) {
                self.again();
            }
            backlog.extend(self.inside.drain(..));
            thread::sleep(LOOK_EVERY);
        }
        self.count
    }

    /// Decides by the time when the request came, as a server does that reads a batch of them from the network.
    fn first_time(&mut self, job: Job) {
        match self
            .door
            .map_or(Entry::Admitted, |door| door.knock(job.due))
        {
            Entry::Admitted => {
                self.count.admitted += 1;
                self.inside.push(job);
            }
            Entry::ComeBack(reservation) => {
                self.count.refused += 1;
                let due = reservation.ready_at();
                self.away.push_back((Job { due, ..job }, reservation));
            }
            Entry::TurnedAway => self.count.refused += 1,
        }
    }

    /// The client that is due comes back, with the tokens that were kept for it.
    fn again(&mut self) {
        let Some((job, reservation)) = self.away.pop_front() else {
            return;
        };
        self.count.retried += 1;
        if reservation.wait().is_zero() {
            reservation.commit();
            self.count.readmitted += 1;
            self.inside.push(job);
        }
    }
}

/// How often the front looks who has come: rarely enough to leave the processors to the workers.
const LOOK_EVERY: Duration = Duration::from_micros(500);
