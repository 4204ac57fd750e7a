//! Futures that are polled by hand.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use tenfold::pool::BoxFuture;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future, and how often it was woken.
pub(crate) struct Task<'p, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'p>>,
    woken: Arc<Woken>,
}

impl<'p, T> Task<'p, T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'p) -> Self {
        Self {
            future: Box::pin(future),
            woken: Arc::default(),
        }
    }

    /// One that is pending after its first poll.
    pub(crate) fn waiting(future: impl Future<Output = T> + Send + 'p) -> Self
    where
        T: Debug,
    {
        let mut task = Self::new(future);
        let polled = task.poll();
        assert!(polled.is_pending(), "{polled:?}");
        task
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        self.woken.0.store(0, Ordering::SeqCst);
        let waker = Waker::from(self.woken.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Whether it was woken since the last poll.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst) > 0
    }

    /// What it has come to, which it must have been woken for.
    pub(crate) fn woken(mut self) -> T {
        assert!(self.is_woken(), "it was not woken");
        self.now()
    }

    /// What it comes to, polled as long as it is woken.
    pub(crate) fn now(&mut self) -> T {
        for _ in 0..10 {
            if let Poll::Ready(value) = self.poll() {
                return value;
            }
            if !self.is_woken() {
                break;
            }
        }
        panic!("it is pending")
    }
}

/// A spawner that runs its tasks when it is told to.
#[derive(Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<VecDeque<Arc<Job>>>>);

struct Job {
    future: Mutex<Option<BoxFuture>>,
    jobs: Jobs,
}

impl Wake for Job {
    fn wake(self: Arc<Self>) {
        let jobs = self.jobs.clone();
        jobs.push(self);
    }
}

impl Jobs {
    fn push(&self, job: Arc<Job>) {
        self.0.lock().unwrap().push_back(job);
    }

    pub(crate) fn spawn(&self, future: BoxFuture) {
        self.push(Arc::new(Job {
            future: Mutex::new(Some(future)),
            jobs: self.clone(),
        }));
    }

    /// Runs one of those that have something to do: the `n`th, counted round. Whether there was one.
    pub(crate) fn run_one(&self, n: usize) -> bool {
        let mut jobs = self.0.lock().unwrap();
        let count = jobs.len();
        let job = n.checked_rem(count).and_then(|n| jobs.remove(n));
        drop(jobs);
        let Some(job) = job else { return false };
        let mut future = job.future.lock().unwrap();
        let waker = Waker::from(job.clone());
        let ended = future.as_mut().is_some_and(|future| {
            let mut context = Context::from_waker(&waker);
            future.as_mut().poll(&mut context).is_ready()
        });
        if ended {
            let future = future.take();
            drop(future);
        }
        true
    }

    /// Runs them until none has anything to do.
    pub(crate) fn run(&self) {
        while self.run_one(0) {}
    }
}
