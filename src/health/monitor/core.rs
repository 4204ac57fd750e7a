//! The mechanism of a monitor: the book under its lock, and everything that runs user code outside of it.

use std::sync::{Arc, OnceLock};

use super::super::Status;
use super::book::Book;
use super::runner::{Answer, Desk, Reply, Runner};
use super::target::{Start, Ticket, Turn};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::Mutex;
use crate::kernel::upkeep::{self, Nudger, shielded};
use crate::kernel::workers::Executor;

pub(super) type Sink = Box<dyn Fn(&str, Status) + Send + Sync>;

pub(super) struct Core<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    pub(super) clock: Arc<C>,
    pub(super) book: Mutex<Book<T>>,
    pub(super) runner: Runner<T>,
    pub(super) sink: Sink,
    pub(super) executor: Executor,
    /// Missing if upkeep is the caller's affair.
    pub(super) nudger: OnceLock<Nudger<Work<T, C>, Arc<C>>>,
}

/// What is called when something is due.
pub(super) struct Work<T, C>(pub(super) Arc<Core<T, C>>)
where
    T: Send + Sync + 'static,
    C: Clock + 'static;

impl<T, C> upkeep::Upkeep for Work<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.0.upkeep(now)
    }
}

impl<T, C> Core<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    pub(super) fn upkeep(self: &Arc<Self>, now: Tick) -> Option<Tick> {
        loop {
            let Turn { starts, stops } = self.book.lock().turn(now);
            drop(stops);
            for start in starts {
                self.start(start, now);
            }
            self.tell();
            // A check that was run at once, or stopped, has made room for others.
            let book = self.book.lock();
            if !book.has_work() {
                return book.next_due();
            }
        }
    }

    fn start(self: &Arc<Self>, start: Start<T>, now: Tick) {
        let Start { ticket, value } = start;
        let reply = Reply::new(self.clone(), ticket);
        let keep = |stop| {
            let unwanted = self.book.lock().keep(ticket, stop);
            drop(unwanted);
        };
        if let Err(job) = self.runner.start(value, reply, self.executor, keep) {
            self.book.lock().refuse(ticket, now);
            drop(job);
        }
    }

    /// Tells the sink what it does not know yet, unless somebody does. Nothing is told twice at a time.
    pub(super) fn tell(&self) {
        loop {
            let news = self.book.lock().tell();
            let Some((key, status)) = news else {
                return;
            };
            shielded(|| (self.sink)(&key, status));
            self.book.lock().told();
        }
    }

    pub(super) fn nudge(&self) {
        if let Some(nudger) = self.nudger.get() {
            let due = self.book.lock().next_due();
            if let Some(due) = due {
                nudger.nudge(due);
            }
        }
    }
}

impl<T, C> Desk for Core<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn begin(&self, ticket: Ticket) -> bool {
        let now = shielded(|| self.clock.now());
        self.book.lock().begin(ticket, now)
    }

    fn answer(&self, ticket: Ticket, answer: &Answer) {
        // A clock that panics shows the beginning of time: the next check is due at once, and asks it again.
        let now = shielded(|| self.clock.now()).unwrap_or(Tick::ZERO);
        let stop = self.book.lock().answer(ticket, answer, now);
        drop(stop);
        self.tell();
        self.nudge();
    }
}
