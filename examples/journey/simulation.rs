//! Tasks in simulated time: it stands still while any task can go on, and then jumps to the next moment at which something happens.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenfold::clock::{Clock, ManualClock, Tick};

/// A clock that only [`run`] moves, and who waits for it.
#[derive(Default)]
pub(crate) struct Time {
    clock: ManualClock,
    alarms: RefCell<Alarms>,
}

#[derive(Default)]
struct Alarms {
    /// By their time, and in the order in which they were set.
    by_time: BTreeMap<(Tick, u64), Waker>,
    set: u64,
}

impl Time {
    pub(crate) fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    pub(crate) fn now(&self) -> Tick {
        self.clock.now()
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        let due = self.now().saturating_add(duration);
        let mut is_set = false;
        poll_fn(|context| {
            if self.now() >= due {
                return Poll::Ready(());
            }
            if !is_set {
                is_set = true;
                let mut alarms = self.alarms.borrow_mut();
                alarms.set += 1;
                let place = (due, alarms.set);
                alarms.by_time.insert(place, context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// When the next alarm goes off.
    fn next(&self) -> Option<Tick> {
        let alarms = self.alarms.borrow();
        alarms.by_time.first_key_value().map(|((due, _), _)| *due)
    }

    /// Moves the clock to `now`, and wakes the first whose time has come.
    fn move_to(&self, now: Tick) {
        self.clock.set(now);
        let mut alarms = self.alarms.borrow_mut();
        let first = alarms.by_time.first_entry();
        let due = first.filter(|alarm| alarm.key().0 <= now);
        let waker = due.map(|alarm| alarm.remove());
        drop(alarms);
        waker.inspect(Waker::wake_by_ref);
    }
}

/// Starts each task at its time, in the order of these, and returns when the last one has ended.
pub(crate) fn run<T>(time: &Time, tasks: impl Iterator<Item = (Tick, T)>)
where
    T: Future<Output = ()>,
{
    let mut tasks = tasks.peekable();
    let mut running = Running::new();
    loop {
        running.poll_woken();
        let due = tasks.peek().map(|(due, _)| *due);
        match (due, time.next()) {
            (None, None) => break,
            (Some(due), next) if next.is_none_or(|next| due <= next) => {
                time.clock.set(due);
                tasks
                    .next()
                    .into_iter()
                    .for_each(|(_, task)| running.start(task));
            }
            (_, next) => next.into_iter().for_each(|next| time.move_to(next)),
        }
    }
}

/// Tasks that have begun. The place of one that has ended is used again.
struct Running<T> {
    tasks: Vec<(Option<Pin<Box<T>>>, Waker)>,
    free: Vec<usize>,
    woken: Arc<Woken>,
}

/// Places of tasks that can go on.
type Woken = Mutex<VecDeque<usize>>;

/// Wakes the task at its place: if that is another one by now, it is polled for nothing.
struct Bell {
    place: usize,
    woken: Arc<Woken>,
}

impl<T: Future<Output = ()>> Running<T> {
    fn new() -> Self {
        Self {
            tasks: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
        }
    }

    fn start(&mut self, task: T) {
        let task = Some(Box::pin(task));
        let place = self.free.pop().unwrap_or(self.tasks.len());
        if let Some((free, bell)) = self.tasks.get_mut(place) {
            *free = task;
            bell.wake_by_ref();
            return;
        }
        let woken = self.woken.clone();
        let bell = Waker::from(Arc::new(Bell { place, woken }));
        bell.wake_by_ref();
        self.tasks.push((task, bell));
    }

    fn poll_woken(&mut self) {
        while let Some(place) = next(&self.woken) {
            let Some((task, bell)) = self.tasks.get_mut(place) else {
                continue;
            };
            let mut context = Context::from_waker(bell);
            let ended = task
                .as_mut()
                .is_some_and(|task| task.as_mut().poll(&mut context).is_ready());
            if ended {
                *task = None;
                self.free.push(place);
            }
        }
    }
}

fn next(woken: &Woken) -> Option<usize> {
    let mut woken = woken.lock().unwrap_or_else(PoisonError::into_inner);
    woken.pop_front()
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        woken.push_back(self.place);
    }
}
