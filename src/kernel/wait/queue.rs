//! A fair line for things that are handed out: permits, connections.
//!
//! The thing itself (the resource) is not in here; it is an atomic number or a list of the caller's. What is in here sees to it that
//! nobody waits for something that is there, and that nobody passes those who wait.
//!
//! # How nobody waits in vain
//!
//! A releaser puts something back, then looks whether anybody waits. A waiter joins, which raises the count of those that wait,
//! then looks whether there is something. Both call [`settle`](WaitQueue::settle) for their second step. If each overlooked
//! the other, the waiter would wait for ever; so changes of the resource and of the count are sequentially consistent
//! read-modify-writes, looks at them sequentially consistent loads, and in the one total order of all of these one of the
//! two changes comes first and is seen by the other side (`store_load_barrier` stands for this under loom).
//!
//! `settle` takes from the resource and grants to the first that waits, whoever called it; so a waiter that finds something hands
//! it to the one in front. If there is nobody to grant to any more it puts the thing back, which is a release, and looks again.
//!
//! # Locks
//!
//! Under the lock there is only [`Line`]. The resource, clocks and wakers are used outside of it.

use std::task::{Poll, Waker};
use std::time::Duration;

use super::line::{Full, Line, Look, Ticket};
use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Mutex, Ordering, store_load_barrier};
use crate::kernel::upkeep::{Discarded, wake};

/// Threads and tasks that wait to be granted a `G`, in the order of their arrival.
#[derive(Debug)]
pub struct WaitQueue<G> {
    line: Mutex<Line<G>>,
    /// Those that wait: neither granted nor asleep. Changed under the lock.
    waiting: AtomicU64,
    max_waiters: usize,
}

impl<G> WaitQueue<G> {
    /// Nobody waits, and at most `max_waiters` ever do at a time.
    #[must_use]
    pub fn new(max_waiters: usize) -> Self {
        Self {
            line: Mutex::new(Line::new()),
            waiting: AtomicU64::new(0),
            max_waiters,
        }
    }

    /// How many wait to be granted something. Who finds zero may take from the resource without joining.
    #[inline]
    pub fn waiting(&self) -> usize {
        if faulty(Fault::Barge) {
            return 0;
        }
        self.count()
    }

    #[inline]
    fn count(&self) -> usize {
        store_load_barrier();
        // No more than fit into memory.
        self.waiting.load(Ordering::SeqCst) as usize
    }

    /// Joins at the end, and leaves at `due`: from then on nothing is granted to it. Before it waits the caller polls, and the resource is
    /// looked at: [`poll`](Self::poll) does both.
    ///
    /// # Errors
    ///
    /// If as many are in line as may.
    pub fn join_until(&self, want: u64, due: Tick) -> Result<Ticket, Full> {
        let mut line = self.line.lock();
        let ticket = line.join_until(want, due, self.max_waiters)?;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(line);
        store_load_barrier();
        Ok(ticket)
    }

    /// The place of `ticket`, to [come back](Self::rejoin_until) to.
    pub fn place(&self, ticket: Ticket) -> Option<u64> {
        self.line.lock().number(ticket)
    }

    /// As [`join_until`](Self::join_until), at a place that was left with a grant that was of no use.
    ///
    /// # Errors
    ///
    /// If there is no memory for as many.
    pub fn rejoin_until(&self, place: u64, want: u64, due: Tick) -> Result<Ticket, Full> {
        let mut line = self.line.lock();
        let ticket = line.rejoin(place, want, due)?;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(line);
        store_load_barrier();
        Ok(ticket)
    }

    /// What was granted to `ticket`, whose place is left then. Otherwise, after a look at the resource as in
    /// [`settle`](Self::settle), `waker` is called when there is news. A ticket whose place was left is pending for ever.
    pub fn poll(
        &self,
        ticket: Ticket,
        waker: &Waker,
        now: Tick,
        take: impl FnMut(u64) -> Option<G>,
        put: impl FnMut(G),
    ) -> Poll<G> {
        if let Some(grant) = self.look(ticket, waker, now) {
            return Poll::Ready(grant);
        }
        if faulty(Fault::SkipRecheck) {
            return Poll::Pending;
        }
        if self.settle(now, take, put) {
            // It may have been for this one.
            if let Some(grant) = self.look(ticket, waker, now) {
                return Poll::Ready(grant);
            }
        }
        Poll::Pending
    }

    /// Hands out what there is to those that wait: to be called after each change of the resource for the better. `take` takes
    /// what somebody wants from the resource, all of it or nothing, and `put` puts it back. Whether anybody was granted something.
    pub fn settle(
        &self,
        now: Tick,
        mut take: impl FnMut(u64) -> Option<G>,
        mut put: impl FnMut(G),
    ) -> bool {
        let mut any = false;
        while self.count() > 0 {
            // A statement of its own: the lock is released at its end.
            let front = self.in_time(&mut self.line.lock(), now).front();
            let Some((ticket, want)) = front else { break };
            let Some(grant) = take(want) else { break };
            let granted = self.granting(|line| line.grant_to(ticket, grant, now));
            match granted {
                Ok(()) => any = true,
                // Somebody else was faster, or it left.
                Err(grant) => put(grant),
            }
        }
        any
    }

    /// Grants to the first that waits.
    ///
    /// # Errors
    ///
    /// The grant, if nobody waits. If it is put into the resource then, that is a change for the better.
    pub fn grant(&self, grant: G, now: Tick) -> Result<(), G> {
        self.granting(|line| self.in_time(line, now).grant(grant, now))
    }

    /// Wakes the first that waits and was not woken since it was polled, to look at the resource for itself, and grants it nothing. A step for
    /// each that was.
    pub fn rouse(&self, now: Tick) {
        let mut line = self.line.lock();
        let waker = self.in_time(&mut line, now).first_waker();
        drop(line);
        waker.into_iter().for_each(wake);
    }

    /// When the oldest grant that nobody came for was made.
    pub fn oldest_grant(&self) -> Option<Tick> {
        self.line.lock().oldest_grant().map(|(_, since)| since)
    }

    /// Leaves the line, whether it waits or not. What had been granted is put back and, like what it stood in the way of, handed
    /// out as in [`settle`](Self::settle).
    pub fn leave(
        &self,
        ticket: Ticket,
        now: Tick,
        take: impl FnMut(u64) -> Option<G>,
        mut put: impl FnMut(G),
    ) {
        let mut line = self.line.lock();
        let Some(left) = line.leave(ticket) else {
            return;
        };
        if left.grant.is_none() && !left.asleep {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        drop(line);
        // Last of all.
        let _waker = Discarded(left.waker);
        if let Some(grant) = left.grant.filter(|_| !faulty(Fault::SwallowGrant)) {
            put(grant);
        }
        self.settle(now, take, put);
    }

    /// Takes back the oldest grant if nobody came for it for `patience`, and hands it out to another one. Whether there was one.
    pub fn revoke(
        &self,
        now: Tick,
        patience: Duration,
        take: impl FnMut(u64) -> Option<G>,
        mut put: impl FnMut(G),
    ) -> bool {
        // A statement of its own: the lock is released at its end.
        let revoked = self.line.lock().revoke(now, patience);
        let Some(grant) = revoked else { return false };
        put(grant);
        self.settle(now, take, put);
        true
    }

    /// The line without those in front whose time is over.
    fn in_time<'l>(&self, line: &'l mut Line<G>, now: Tick) -> &'l mut Line<G> {
        while line.lapse(now) {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        line
    }

    fn granting(
        &self,
        grant: impl FnOnce(&mut Line<G>) -> Result<Option<Waker>, G>,
    ) -> Result<(), G> {
        let mut line = self.line.lock();
        let waker = grant(&mut line)?;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        drop(line);
        waker.into_iter().for_each(wake);
        Ok(())
    }

    /// Takes what was granted, or leaves the waker there.
    fn look(&self, ticket: Ticket, waker: &Waker, now: Tick) -> Option<G> {
        // Dropped last: also what is in place of it after a look.
        let mut spare = Discarded(None);
        loop {
            let mut line = self.line.lock();
            if let Some(left) = line.take(ticket) {
                drop(line);
                drop(Discarded(left.waker));
                return left.grant;
            }
            match line.look(ticket, waker, &mut spare.0, now) {
                Look::NeedsWaker => {
                    drop(line);
                    spare = Discarded(Some(waker.clone()));
                }
                Look::Waiting { rejoined: true } => {
                    self.waiting.fetch_add(1, Ordering::SeqCst);
                    drop(line);
                    store_load_barrier();
                    return None;
                }
                Look::Waiting { rejoined: false } | Look::Granted | Look::Gone => return None,
            }
        }
    }
}

/// What only tests and models ask for.
#[cfg(any(test, tenfold_loom, tenfold_shuttle))]
impl<G> WaitQueue<G> {
    /// As [`join_until`](Self::join_until), for ever.
    ///
    /// # Errors
    ///
    /// If as many are in line as may.
    pub fn join(&self, want: u64) -> Result<Ticket, Full> {
        self.join_until(want, Tick::MAX)
    }

    /// How many are in line, also those that are granted something or asleep.
    #[cfg(any(tenfold_loom, tenfold_shuttle))]
    pub fn len(&self) -> usize {
        self.line.lock().len()
    }

    /// Whether nobody is in line.
    #[cfg(any(tenfold_loom, tenfold_shuttle))]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
