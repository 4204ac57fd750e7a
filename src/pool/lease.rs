//! A connection on loan.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::core::{Claim, Core};
use super::{CloseReason, ConnectionInfo, Manage};

/// A connection on loan: it goes back to the pool when this is dropped.
///
/// ```
/// use tenfold::pool::{self, Lease, Pool};
///
/// let pool = Pool::new(pool::from_fn(|| Ok::<_, std::io::Error>(vec![0_u8; 16])))?;
/// let mut buffer = pool.acquire()?;
/// buffer[0] = 1;
/// drop(buffer);
/// assert_eq!(pool.acquire()?[0], 1, "it is the same one");
/// let own: Vec<u8> = Lease::detach(pool.acquire()?);
/// assert_eq!(pool.status().total, 0);
/// # drop(own);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is to be done with the lease and not with the connection are associated functions, so that they can't be mistaken for methods of the
/// connection.
#[must_use = "a lease ends when it is dropped"]
pub struct Lease<'p, M: Manage> {
    claim: Claim<&'p Core<M>>,
}

/// As [`Lease`], for as long as it takes: it keeps what is needed of the pool, which may be dropped before.
#[must_use = "a lease ends when it is dropped"]
pub struct OwnedLease<M: Manage> {
    claim: Claim<Arc<Core<M>>>,
}

macro_rules! lease {
    ($lease:ident, $type:ty, $anchor:ty, $stays:literal $(, $life:lifetime)?) => {
        impl<$($life,)? M: Manage> $lease<$($life,)? M> {
            #[inline]
            pub(super) fn new(claim: Claim<$anchor>) -> Self {
                if !$stays {
                    claim.may_move();
                }
                Self { claim }
            }

            /// Takes the connection out of the pool, which may make another one in its place.
            #[must_use]
            pub fn detach(mut lease: Self) -> M::Connection {
                let core: &Core<M> = lease.claim.anchor();
                core.end_use(lease.claim.notes());
                match lease.claim.detach() {
                    Some(connection) => connection,
                    // A lease has a connection until it ends.
                    None => unreachable!(),
                }
            }

            /// Ends the lease, and has the connection closed.
            pub fn discard(mut lease: Self) {
                if let Some(right) = lease.claim.take_right() {
                    let core: &Core<M> = lease.claim.anchor();
                    core.discard(core.claim(right), CloseReason::Broken);
                }
            }

            /// What is known of the connection.
            #[must_use]
            pub fn info(lease: &Self) -> ConnectionInfo {
                lease.claim.anchor().info(lease.claim.notes())
            }
        }

        impl<M: Manage> Deref for $type {
            type Target = M::Connection;

            #[inline]
            fn deref(&self) -> &M::Connection {
                match self.claim.body() {
                    Some(connection) => connection,
                    None => unreachable!(),
                }
            }
        }

        impl<M: Manage> DerefMut for $type {
            #[inline]
            fn deref_mut(&mut self) -> &mut M::Connection {
                match self.claim.body_mut() {
                    Some(connection) => connection,
                    None => unreachable!(),
                }
            }
        }

        impl<M: Manage> Drop for $type {
            #[inline]
            fn drop(&mut self) {
                if let Some(right) = self.claim.take_right() {
                    let core: &Core<M> = self.claim.anchor();
                    core.give(core.claim(right));
                }
            }
        }

        impl<M: Manage> fmt::Debug for $type
        where
            M::Connection: fmt::Debug,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($lease)).field(&**self).finish()
            }
        }
    };
}

lease!(Lease, Lease<'_, M>, &'p Core<M>, true, 'p);
lease!(OwnedLease, OwnedLease<M>, Arc<Core<M>>, false);
