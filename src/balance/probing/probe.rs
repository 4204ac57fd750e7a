//! Asking, and being answered.

use std::fmt;
use std::time::Duration;

use super::pool::{Answer, Pool};
use crate::balance::BackendId;
use crate::kernel::clock::{Tick, saturating_nanos};
use crate::kernel::sync::Arc;

/// Asks a backend how much it has to do and how long its answers take.
///
/// [`Probing`](super::Probing) asks while it chooses: so `probe` only sends the question, or queues it for a thread or task that does, and
/// returns. The answer goes to [`Reply::send`] whenever it comes. No lock is held meanwhile.
///
/// The backend counts its requests under way and remembers its latest latencies; best it tells the typical latency of requests that
/// came when
/// it had about as much to do as now.
///
/// ```
/// use std::sync::mpsc::{channel, Sender};
/// use std::time::Duration;
/// use tenfold::balance::{BackendId, Balancer, Probe, Probing, Reply, Request};
///
/// struct Queue(Sender<(String, Reply)>);
///
/// impl Probe for Queue {
///     fn probe(&self, _: BackendId, key: &str, reply: Reply) {
///         // If nobody listens any more, the reply is dropped, and so the probe is lost.
///         let _ = self.0.send((key.to_owned(), reply));
///     }
/// }
///
/// let (sender, receiver) = channel();
/// let balancer = Balancer::builder(Probing::new(Queue(sender))).backends(["a:80", "b:80", "c:80"]).build()?;
/// balancer.lease(&Request::new())?.success();
/// for (key, reply) in receiver.try_iter() {
///     // … ask the server at `key` …
///     reply.send(3, Some(Duration::from_millis(12)));
/// }
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
pub trait Probe: Send + Sync + 'static {
    /// Sends a question to this backend.
    fn probe(&self, backend: BackendId, key: &str, reply: Reply);
}

/// For [`Probing`](super::Probing) without probes: what the balancer itself knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Unprobed {}

impl Probe for Unprobed {
    fn probe(&self, _: BackendId, _: &str, _: Reply) {}
}

/// Where the answer to a [`Probe`] goes. One that is dropped is lost, and one that is kept counts as on its way: while too many are, no new
/// questions are asked.
#[must_use = "a reply that is dropped is a lost probe"]
pub struct Reply {
    pool: Arc<Pool>,
    backend: BackendId,
    asked: Tick,
    own: u64,
}

impl Reply {
    pub(super) fn new(pool: Arc<Pool>, backend: BackendId, asked: Tick, own: u64) -> Self {
        Self {
            pool,
            backend,
            asked,
            own,
        }
    }

    /// Who was asked.
    #[must_use]
    pub const fn backend(&self) -> BackendId {
        self.backend
    }

    /// The answer: requests under way at the backend, of all its clients, and how long its answers take at present, if it knows.
    pub fn send(self, in_flight: u64, latency: Option<Duration>) {
        self.pool.put(Answer {
            backend: self.backend,
            asked: self.asked,
            own: self.own,
            in_flight,
            latency: latency.map(|latency| saturating_nanos(latency) as f32),
            uses: 0,
        });
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.pool.returned();
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("backend", &self.backend)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}
