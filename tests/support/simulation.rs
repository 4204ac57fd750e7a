//! Tasks in simulated time: whoever is ready runs, and when nobody is, the clock moves to the next event.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenfold::clock::{Clock, ManualClock, Tick};
use tenfold::pool::BoxFuture;

/// The world: a clock, and those that sleep by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    sleepers: Arc<Mutex<BTreeMap<(Tick, u64), Waker>>>,
    numbers: Arc<Mutex<u64>>,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Ready {
    queue: Mutex<VecDeque<usize>>,
}

struct WakesOne(usize, Arc<Ready>);

impl Wake for WakesOne {
    fn wake(self: Arc<Self>) {
        let mut queue = self.1.queue.lock().unwrap();
        if !queue.contains(&self.0) {
            queue.push_back(self.0);
        }
    }
}

impl World {
    /// Sleeps by the world's clock.
    pub(crate) async fn sleep(&self, time: Duration) {
        let due = self.clock.now().saturating_add(time);
        let number = {
            let mut numbers = self.numbers.lock().unwrap();
            *numbers += 1;
            *numbers
        };
        std::future::poll_fn(|context| {
            if self.clock.now() >= due {
                return Poll::Ready(());
            }
            let mut sleepers = self.sleepers.lock().unwrap();
            sleepers.insert((due, number), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Runs `tasks` until all have ended. `spawned` are those that are spawned meanwhile; they need not end.
    pub(crate) fn run(
        &self,
        tasks: impl IntoIterator<Item = Task>,
        spawned: &Mutex<Vec<BoxFuture>>,
    ) {
        let ready = Arc::new(Ready {
            queue: Mutex::default(),
        });
        let slots: RefCell<Vec<Option<Task>>> = RefCell::default();
        let mut open = 0;
        let add = |task: Task| {
            let mut slots = slots.borrow_mut();
            slots.push(Some(task));
            let mut queue = ready.queue.lock().unwrap();
            queue.push_back(slots.len() - 1);
            slots.len() - 1
        };
        for task in tasks {
            add(task);
            open += 1;
        }
        let first_spawned = open;
        while open > 0 {
            for task in std::mem::take(&mut *spawned.lock().unwrap()) {
                add(task);
            }
            let next = ready.queue.lock().unwrap().pop_front();
            let Some(next) = next else {
                self.move_on();
                continue;
            };
            let Some(mut task) = slots.borrow_mut()[next].take() else {
                continue;
            };
            let waker = Waker::from(Arc::new(WakesOne(next, ready.clone())));
            if task
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
            {
                open -= usize::from(next < first_spawned);
            } else {
                slots.borrow_mut()[next] = Some(task);
            }
        }
    }

    /// Moves the clock to the next event, by at most a millisecond: others may have timers of their own.
    fn move_on(&self) {
        let now = self.clock.now();
        let step = now.saturating_add(Duration::from_millis(1));
        let first = self.sleepers.lock().unwrap().keys().next().copied();
        let due = first.map_or(step, |(due, _)| due.min(step)).max(now);
        self.clock.advance(due.since(now));
        loop {
            let mut sleepers = self.sleepers.lock().unwrap();
            let first = sleepers.first_key_value().map(|(key, _)| *key);
            let Some(key) = first.filter(|(due, _)| *due <= self.clock.now()) else {
                return;
            };
            let waker = sleepers.remove(&key);
            drop(sleepers);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}
