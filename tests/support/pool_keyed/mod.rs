//! Connections that count themselves, of managers that are counted too.

mod schedules;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tenfold::clock::ManualClock;
use tenfold::pool::{AcquireKeyed, Connect, KeyedBuilder, KeyedPool, Manage, OwnedLease};

pub(crate) type Call = AcquireKeyed<u32, Server>;
pub(crate) type Lease = OwnedLease<Server>;

/// What all connections of a test have in common.
#[derive(Debug, Default)]
pub(crate) struct State {
    open: AtomicU32,
    peak: AtomicU32,
    made: AtomicU64,
    managers: AtomicU32,
    failing: Mutex<Vec<u32>>,
}

impl State {
    pub(crate) fn open(&self) -> u32 {
        self.open.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) key: u32,
    pub(crate) id: u64,
    state: Option<Arc<State>>,
}

impl Conn {
    /// It is not counted any more.
    pub(crate) fn leave(&mut self) {
        if let Some(state) = self.state.take() {
            state.open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.leave();
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    key: u32,
    state: Arc<State>,
}

impl Server {
    pub(crate) fn new(key: u32, state: &Arc<State>) -> Self {
        state.managers.fetch_add(1, Ordering::SeqCst);
        Self {
            key,
            state: state.clone(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.managers.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Manage for Server {
    type Connection = Conn;
    type Error = std::io::Error;
}

impl Connect for Server {
    fn connect(&self) -> std::io::Result<Conn> {
        if self.state.failing.lock().unwrap().contains(&self.key) {
            return Err(std::io::Error::other("on purpose"));
        }
        let open = self.state.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.state.peak.fetch_max(open, Ordering::SeqCst);
        Ok(Conn {
            key: self.key,
            id: self.state.made.fetch_add(1, Ordering::SeqCst),
            state: Some(self.state.clone()),
        })
    }
}

/// A pool of many keys in simulated time.
pub(crate) struct World {
    pub(crate) pools: KeyedPool<u32, Server>,
    pub(crate) clock: ManualClock,
    pub(crate) state: Arc<State>,
}

impl World {
    pub(crate) fn new(
        with: impl FnOnce(KeyedBuilder<u32, Server>) -> KeyedBuilder<u32, Server>,
    ) -> Self {
        let clock = ManualClock::new();
        let state = Arc::new(State::default());
        let theirs = state.clone();
        let builder = KeyedPool::builder(move |key: &u32| Server::new(*key, &theirs));
        Self {
            pools: with(builder.clock(clock.clone())).build().unwrap(),
            clock,
            state,
        }
    }

    pub(crate) fn open(&self) -> u32 {
        self.state.open()
    }

    /// As many were open at a time.
    pub(crate) fn peak(&self) -> u32 {
        self.state.peak.load(Ordering::SeqCst)
    }

    pub(crate) fn managers(&self) -> u32 {
        self.state.managers.load(Ordering::SeqCst)
    }

    pub(crate) fn fail_for(&self, key: u32) {
        self.state.failing.lock().unwrap().push(key);
    }

    pub(crate) fn heal(&self) {
        self.state.failing.lock().unwrap().clear();
    }
}

pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
