//! A connection for tasks that knows whether it was used.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tokio_postgres::Client;

/// A [`tokio_postgres::Client`] that knows whether it was used since it was last reset.
#[derive(Debug)]
pub struct Session {
    client: Client,
    /// Anybody may have sent anything.
    touched: AtomicBool,
}

impl Session {
    pub(super) const fn new(client: Client) -> Self {
        Self {
            client,
            touched: AtomicBool::new(false),
        }
    }

    /// Takes the client out.
    pub fn into_inner(self) -> Client {
        self.client
    }

    /// The client, without making a note of it.
    pub(super) const fn untouched(&self) -> &Client {
        &self.client
    }

    /// Puts messages in the queue to the server, behind what is there, and doesn't wait for answers. False if the queue is closed.
    ///
    /// A client sends when its future is first polled, which its documentation promises, and what was sent is worked off whether or not
    /// somebody waits for the answer.
    pub(super) fn reset(&mut self, messages: &[&str]) -> bool {
        if !*self.touched.get_mut() {
            return true;
        }
        *self.touched.get_mut() = false;
        messages.iter().all(|message| {
            let sent = pin!(self.client.batch_execute(message));
            let mut context = Context::from_waker(Waker::noop());
            // An answer may be there already, and may be an error: in a transaction that has failed everything but its end is one.
            match sent.poll(&mut context) {
                Poll::Ready(Err(error)) => !error.is_closed(),
                _ => true,
            }
        })
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        // Relaxed: the pool hands a session on with orderings of its own.
        if !self.touched.load(Ordering::Relaxed) {
            self.touched.store(true, Ordering::Relaxed);
        }
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        *self.touched.get_mut() = true;
        &mut self.client
    }
}
