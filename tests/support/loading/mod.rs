//! What the tests of loads share: gates that loaders wait at, and tasks that are polled by hand.

mod asides;
mod bulk;
mod fresh;
mod laws;
mod races;
mod tags;
mod tasks;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

pub(crate) use tenfold::cache::{LoadError, Lookup, MemoryCache};
pub(crate) use tenfold::clock::ManualClock;

/// What a broken cache is given before a test fails.
pub(crate) const GENEROUS: Duration = Duration::from_secs(60);

/// A loader stops here until the test lets it go on.
pub(crate) struct Gate {
    arrived: Sender<()>,
    open: Mutex<Receiver<()>>,
}

/// The other side of a gate.
pub(crate) struct Keeper {
    arrived: Receiver<()>,
    open: Sender<()>,
}

pub(crate) fn gate() -> (Gate, Keeper) {
    let ((arrived, arrival), (opener, open)) = (channel(), channel());
    let gate = Gate {
        arrived,
        open: Mutex::new(open),
    };
    let keeper = Keeper {
        arrived: arrival,
        open: opener,
    };
    (gate, keeper)
}

impl Gate {
    pub(crate) fn pass(&self) {
        self.arrived.send(()).unwrap();
        let open = self.open.lock().unwrap();
        open.recv_timeout(GENEROUS)
            .expect("the gate was never opened");
    }
}

impl Keeper {
    /// Waits until somebody stands at the gate.
    pub(crate) fn await_arrival(&self) {
        self.arrived
            .recv_timeout(GENEROUS)
            .expect("nobody came to the gate");
    }

    pub(crate) fn let_pass(&self) {
        self.open.send(()).unwrap();
    }
}

/// A future that is pending until it is told its output.
pub(crate) struct Later<T>(Arc<Mutex<Slot<T>>>);

/// Who tells it.
pub(crate) struct Teller<T>(Arc<Mutex<Slot<T>>>);

struct Slot<T> {
    told: Option<T>,
    polls: usize,
    waker: Option<Waker>,
}

pub(crate) fn later<T>() -> (Later<T>, Teller<T>) {
    let slot = Arc::new(Mutex::new(Slot {
        told: None,
        polls: 0,
        waker: None,
    }));
    (Later(slot.clone()), Teller(slot))
}

impl<T> Future for Later<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut slot = self.0.lock().unwrap();
        slot.polls += 1;
        slot.waker = Some(context.waker().clone());
        slot.told.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T> Teller<T> {
    pub(crate) fn tell(&self, what: T) {
        let mut slot = self.0.lock().unwrap();
        slot.told = Some(what);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn polls(&self) -> usize {
        self.0.lock().unwrap().polls
    }
}

/// Counts how often a task was woken.
#[derive(Default)]
pub(crate) struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task that is polled by hand.
pub(crate) struct Task<'f, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'f>>,
    alarm: Arc<Alarm>,
}

impl<'f, T> Task<'f, T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'f) -> Self {
        Self {
            future: Box::pin(future),
            alarm: Arc::default(),
        }
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        let waker = Waker::from(self.alarm.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// It is not ready yet.
    pub(crate) fn rests(&mut self) {
        assert!(self.poll().is_pending(), "a task was ready too early");
    }

    /// It is ready now.
    pub(crate) fn ends(&mut self) -> T {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("a task that should be ready is not"),
        }
    }

    pub(crate) fn wakes(&self) -> usize {
        self.alarm.0.load(Ordering::SeqCst)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Loads that were made.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A caller in a thread of its own that has begun to wait for the load of another: so many misses were counted.
pub(crate) fn await_misses<K, V>(cache: &MemoryCache<K, V>, misses: u64)
where
    K: Eq + std::hash::Hash,
{
    let began = std::time::Instant::now();
    while cache.stats().misses < misses {
        assert!(began.elapsed() < GENEROUS, "a caller never came");
        std::thread::yield_now();
    }
}
