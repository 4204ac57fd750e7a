//! A backend that does as it is told, and notes what is asked of it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use tenfold::pool::{AsyncConnect, Connect, Manage};

/// How a call to the backend goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Good,
    Fails,
    Panics,
    /// Until the mood changes, or the call is [let through](Backend::let_through).
    Hangs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Connect,
    Check,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A connect began.
    Connect,
    Made(u64),
    /// A check began.
    Check(u64),
    /// The manager was told to close it.
    Close(u64),
    /// It was dropped.
    Gone(u64),
}

#[derive(Debug, Default)]
struct State {
    moods: [Mood; 3],
    passes: u64,
    seen: Vec<Seen>,
    wakers: Vec<Waker>,
    live: Vec<u64>,
    most: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Backend {
    state: Mutex<State>,
    changed: Condvar,
    made: AtomicU64,
    /// How often `is_broken` is going to panic.
    pub(crate) touchy: AtomicU64,
    /// Destructors of connections panic.
    pub(crate) explosive: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the backend is down")
    }
}

impl std::error::Error for Down {}

/// A connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) serial: u64,
    pub(crate) broken: bool,
    backend: Arc<Backend>,
}

impl Drop for Conn {
    fn drop(&mut self) {
        let mut state = self.backend.lock();
        state.live.retain(|serial| *serial != self.serial);
        state.seen.push(Seen::Gone(self.serial));
        drop(state);
        if self.backend.explosive.load(Ordering::SeqCst) && !std::thread::panicking() {
            panic!("a destructor");
        }
    }
}

impl Backend {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on, also for calls that hang.
    pub(crate) fn set(&self, call: Call, mood: Mood) {
        let mut state = self.lock();
        state.moods[call as usize] = mood;
        self.wake(state);
    }

    /// So many of the calls that hang go on as if nothing were wrong.
    pub(crate) fn let_through(&self, calls: u64) {
        let mut state = self.lock();
        state.passes += calls;
        self.wake(state);
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How often it was asked for that.
    pub(crate) fn count(&self, what: impl Fn(&Seen) -> bool) -> usize {
        self.lock().seen.iter().filter(|seen| what(seen)).count()
    }

    /// The connections that were made by connecting, in their order.
    pub(crate) fn made(&self) -> Vec<u64> {
        let made = |seen: &Seen| match seen {
            Seen::Made(serial) => Some(*serial),
            _ => None,
        };
        self.lock().seen.iter().filter_map(made).collect()
    }

    /// The connections that the manager was told to close, in their order.
    pub(crate) fn closes(&self) -> Vec<u64> {
        let closed = |seen: &Seen| match seen {
            Seen::Close(serial) => Some(*serial),
            _ => None,
        };
        self.lock().seen.iter().filter_map(closed).collect()
    }

    pub(crate) fn connects(&self) -> usize {
        self.count(|seen| *seen == Seen::Connect)
    }

    pub(crate) fn checks(&self) -> usize {
        self.count(|seen| matches!(seen, Seen::Check(_)))
    }

    /// Connections that exist, wherever they are.
    pub(crate) fn live(&self) -> Vec<u64> {
        self.lock().live.clone()
    }

    /// As many as there ever were at a time.
    pub(crate) fn most(&self) -> usize {
        self.lock().most
    }

    /// A connection that no pool knows of.
    pub(crate) fn connection(self: &Arc<Self>) -> Conn {
        let serial = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        let mut state = self.lock();
        state.live.push(serial);
        state.most = state.most.max(state.live.len());
        state.seen.push(Seen::Made(serial));
        drop(state);
        Conn {
            serial,
            broken: false,
            backend: self.clone(),
        }
    }

    fn note(&self, seen: Seen) {
        self.lock().seen.push(seen);
    }

    /// Whether the call may go on, and how it ends.
    fn ask(state: &mut State, call: Call) -> Option<Result<(), Down>> {
        match state.moods[call as usize] {
            Mood::Good => Some(Ok(())),
            Mood::Fails => Some(Err(Down)),
            Mood::Panics => None,
            Mood::Hangs if state.passes > 0 => {
                state.passes -= 1;
                Some(Ok(()))
            }
            Mood::Hangs => None,
        }
    }

    fn call(&self, call: Call) -> Result<(), Down> {
        let mut state = self.lock();
        loop {
            if let Some(result) = Self::ask(&mut state, call) {
                return result;
            }
            if state.moods[call as usize] == Mood::Panics {
                drop(state);
                panic!("{call:?}");
            }
            state = self.changed.wait(state).unwrap();
        }
    }

    async fn call_async(&self, call: Call) -> Result<(), Down> {
        poll_fn(|context| {
            let mut state = self.lock();
            if let Some(result) = Self::ask(&mut state, call) {
                return Poll::Ready(result);
            }
            if state.moods[call as usize] == Mood::Panics {
                drop(state);
                panic!("{call:?}");
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn is_broken(&self, connection: &Conn) -> bool {
        let less = |left: u64| left.checked_sub(1);
        let touchy = self
            .touchy
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        assert!(touchy.is_err(), "is_broken");
        connection.broken
    }
}

/// A manager whose calls block.
#[derive(Debug)]
pub(crate) struct Calls(pub(crate) Arc<Backend>);

impl Manage for Calls {
    type Connection = Conn;
    type Error = Down;

    fn is_broken(&self, connection: &mut Conn) -> bool {
        self.0.is_broken(connection)
    }
}

impl Connect for Calls {
    fn connect(&self) -> Result<Conn, Down> {
        self.0.note(Seen::Connect);
        self.0.call(Call::Connect)?;
        Ok(self.0.connection())
    }

    fn check(&self, connection: &mut Conn) -> Result<(), Down> {
        self.0.note(Seen::Check(connection.serial));
        // A pool that checks for ever is to fail its test, not to keep it from ending.
        if self.0.checks() > 1_000 {
            return Err(Down);
        }
        self.0.call(Call::Check)
    }

    fn close(&self, connection: Conn) {
        self.0.note(Seen::Close(connection.serial));
        let _ = self.0.call(Call::Close);
    }
}

/// A manager whose calls are futures.
#[derive(Debug)]
pub(crate) struct Tasks(pub(crate) Arc<Backend>);

impl Manage for Tasks {
    type Connection = Conn;
    type Error = Down;

    fn is_broken(&self, connection: &mut Conn) -> bool {
        self.0.is_broken(connection)
    }
}

impl AsyncConnect for Tasks {
    async fn connect(&self) -> Result<Conn, Down> {
        self.0.note(Seen::Connect);
        self.0.call_async(Call::Connect).await?;
        Ok(self.0.connection())
    }

    fn check(&self, connection: &mut Conn) -> impl Future<Output = Result<(), Down>> + Send {
        self.0.note(Seen::Check(connection.serial));
        self.0.call_async(Call::Check)
    }

    async fn close(&self, connection: Conn) {
        self.0.note(Seen::Close(connection.serial));
        let _ = self.0.call_async(Call::Close).await;
    }
}
