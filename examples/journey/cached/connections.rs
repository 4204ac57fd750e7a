//! Connections to the databases: each answers one request at a time, a round trip later. Who finds none waits, first come, first served.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

use tenfold::rng::Rng;

use crate::database::Traffic;
use crate::problem::Problem;
use crate::simulation::Time;
use crate::stage::{Service, Session};

pub(super) struct Connections<'s> {
    time: &'s Time,
    free: RefCell<Vec<Box<dyn Session + 's>>>,
    /// Those who wait, by their numbers, which follow one another.
    line: RefCell<VecDeque<(u64, Waker)>>,
    numbers: Cell<u64>,
    rng: RefCell<Rng>,
}

impl<'s> Connections<'s> {
    pub(super) fn open(
        service: &'s dyn Service,
        time: &'s Time,
        number: usize,
    ) -> Result<Self, Problem> {
        let sessions: Result<_, _> = (0..number).map(|_| service.session()).collect();
        Ok(Self {
            time,
            free: RefCell::new(sessions?),
            line: RefCell::default(),
            numbers: Cell::new(0),
            rng: RefCell::new(Rng::seeded(SEED)),
        })
    }

    /// The answer says what was so when the connection became free, and takes its time to come back: meanwhile it may become untrue.
    pub(super) async fn ask<A>(&self, request: impl FnOnce(&mut dyn Session) -> A) -> A {
        let mut session = self.take().await;
        let answer = request(&mut *session);
        let share = 0.5 + self.rng.borrow_mut().unit();
        self.time.sleep(ROUND_TRIP.mul_f64(share)).await;
        self.free.borrow_mut().push(session);
        self.call_next();
        answer
    }

    async fn take(&self) -> Box<dyn Session + 's> {
        let mut number = None;
        poll_fn(|context| {
            let mut line = self.line.borrow_mut();
            let first = line.front().map(|(first, _)| *first);
            let may_take = first == number;
            let free = may_take.then(|| self.free.borrow_mut().pop());
            if let Some(session) = free.flatten() {
                if number.is_some() {
                    line.pop_front();
                }
                drop(line);
                self.call_next();
                return Poll::Ready(session);
            }
            if number.is_none() {
                number = Some(self.numbers.get());
                self.numbers.set(self.numbers.get() + 1);
                line.extend(number.map(|number| (number, context.waker().clone())));
            }
            Poll::Pending
        })
        .await
    }

    /// Wakes the first of those who wait, if there is a connection for it.
    fn call_next(&self) {
        if !self.free.borrow().is_empty() {
            self.line
                .borrow()
                .front()
                .inspect(|(_, first)| first.wake_by_ref());
        }
    }

    /// What all requests have cost, when all are answered.
    pub(super) fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        for session in self.free.borrow().iter() {
            traffic += session.traffic();
        }
        traffic
    }
}

/// What a request to a database takes on its way there and back, on average: half of it at least, and half as much again at most.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(1);

const SEED: u64 = 3;
