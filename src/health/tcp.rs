//! Whether a port can be connected to.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::{Check, CheckError};

/// Something that listens on a port. Implement it for the type of your backends to have them checked by [`TcpConnect`].
pub trait Address {
    /// Where it listens; a check tries one after the other.
    ///
    /// # Errors
    ///
    /// The name can't be resolved.
    ///
    /// # Blocking
    ///
    /// May ask a name server. It is called on a worker thread.
    fn addresses(&self) -> io::Result<Vec<SocketAddr>>;
}

impl Address for SocketAddr {
    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![*self])
    }
}

impl Address for str {
    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(self.to_socket_addrs()?.collect())
    }
}

impl Address for String {
    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().addresses()
    }
}

impl<A: Address + ?Sized> Address for &A {
    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).addresses()
    }
}

impl<A: Address + ?Sized> Address for Box<A> {
    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).addresses()
    }
}

impl<A: Address + ?Sized> Address for std::sync::Arc<A> {
    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).addresses()
    }
}

/// In order is who accepts a connection. It is closed at once, and nothing is sent.
///
/// ```
/// use std::net::TcpListener;
/// use std::time::Duration;
/// use tenfold::health::{Check, TcpConnect};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?.to_string();
/// assert_eq!(TcpConnect::new(Duration::from_secs(5)).check(&address), Ok(()));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Blocking
///
/// Until a connection is there or `timeout` is over, and as long as it takes to resolve a name, which has no timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpConnect {
    /// How long all addresses together are tried.
    pub timeout: Duration,
}

impl TcpConnect {
    /// Tries for so long.
    #[must_use]
    pub const fn new(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl Default for TcpConnect {
    /// Tries for a second.
    fn default() -> Self {
        Self::new(Duration::from_secs(1))
    }
}

impl<T: Address + ?Sized> Check<T> for TcpConnect {
    fn check(&self, target: &T) -> Result<(), CheckError> {
        let addresses = target.addresses()?;
        let began = Instant::now();
        let mut failed = CheckError::failed("the name has no address");
        for address in addresses {
            let left = self.timeout.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(CheckError::TimedOut);
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(_) => return Ok(()),
                Err(error) => failed = error.into(),
            }
        }
        Err(failed)
    }
}
