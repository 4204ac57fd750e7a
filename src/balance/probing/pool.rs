//! Answers that wait to be used.
//!
//! # Invariants
//!
//! * There are at most [`SIZE`] answers, at most one of each backend, and at most [`ON_THE_WAY`] questions without an answer.
//! * The lock is held for one look at the answers, without user code and without memory being allocated. A pick only tries it.

use crate::balance::BackendId;
use crate::kernel::clock::Tick;
use crate::kernel::sync::{AtomicU64, Mutex, Ordering};

/// Answers that are kept.
pub(super) const SIZE: usize = 16;
/// Questions that wait for an answer.
const ON_THE_WAY: u64 = 64;

/// What a backend said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) backend: BackendId,
    pub(super) asked: Tick,
    /// Leases that this balancer had there when it asked.
    pub(super) own: u64,
    pub(super) in_flight: u64,
    pub(super) latency: Option<f32>,
    /// How often it was the choice.
    pub(super) uses: u32,
}

#[derive(Debug)]
pub(super) struct Pool {
    answers: Mutex<Answers>,
    waiting: AtomicU64,
}

/// The answers, oldest first.
#[derive(Debug)]
pub(super) struct Answers {
    list: Vec<Answer>,
    /// Which end is next to be thrown away: the oldest, or the worst.
    pub(super) oldest_next: bool,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            answers: Mutex::new(Answers {
                list: Vec::with_capacity(SIZE),
                oldest_next: false,
            }),
            waiting: AtomicU64::new(0),
        }
    }

    /// Looks at the answers, unless somebody else does at the moment.
    pub(super) fn try_with<R>(&self, look: impl FnOnce(&mut Answers) -> R) -> Option<R> {
        self.answers
            .try_lock()
            .map(|mut answers| look(&mut answers))
    }

    pub(super) fn put(&self, answer: Answer) {
        self.answers.lock().put(answer);
    }

    /// Whether another question may be asked. Then it counts as asked.
    pub(super) fn ask(&self) -> bool {
        let more = |waiting| (waiting < ON_THE_WAY).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    /// A question was answered, or never will be.
    pub(super) fn returned(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Answers {
    pub(super) fn list(&self) -> &[Answer] {
        &self.list
    }

    /// A newer answer of the same backend replaces the older one.
    fn put(&mut self, answer: Answer) {
        let place = self
            .list
            .iter()
            .position(|known| known.backend == answer.backend);
        match place {
            Some(place) => {
                if self
                    .list
                    .get(place)
                    .is_some_and(|known| known.asked > answer.asked)
                {
                    return;
                }
                self.list.remove(place);
            }
            None if self.list.len() >= SIZE => {
                self.list.remove(0);
            }
            None => {}
        }
        self.list.push(answer);
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Answer) -> bool) {
        self.list.retain(keep);
    }

    pub(super) fn remove(&mut self, place: usize) {
        if place < self.list.len() {
            self.list.remove(place);
        }
    }

    /// Notes that an answer was the choice, and forgets it after `uses`. Returns whether it did.
    pub(super) fn used(&mut self, place: usize, uses: u32) -> bool {
        let Some(answer) = self.list.get_mut(place) else {
            return false;
        };
        answer.uses += 1;
        let last = answer.uses >= uses;
        if last {
            self.list.remove(place);
        }
        last
    }
}
