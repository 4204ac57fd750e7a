//! An entry's owner.

use std::fmt;
use std::sync::Arc;

use super::super::Error;
use super::InProcess;
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::upkeep::shielded;

/// Keeps an entry in the registry; dropping it takes the entry out.
///
/// It keeps the registry going as well: the entry expires without signs of life, whether or not there is an
/// [`InProcess`](super::InProcess) left.
#[must_use = "dropping it takes the entry out"]
pub struct Registration<T, C = MonotonicClock>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    registry: InProcess<T, C>,
    key: Arc<str>,
    life: u64,
}

impl<T, C> Registration<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    pub(super) const fn new(registry: InProcess<T, C>, key: Arc<str>, life: u64) -> Self {
        Self {
            registry,
            key,
            life,
        }
    }

    /// The key of the entry.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A sign of life: the entry stays for another `ttl`.
    ///
    /// # Errors
    ///
    /// [`Error::Expired`] if it came too late. Then it registers anew.
    pub fn heartbeat(&self) -> Result<(), Error> {
        if self.registry.shared.heartbeat(&self.key, self.life) {
            Ok(())
        } else {
            let key = (&*self.key).into();
            Err(Error::Expired { key })
        }
    }
}

impl<T, C> Drop for Registration<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn drop(&mut self) {
        shielded(|| self.registry.shared.deregister(&self.key, self.life));
    }
}

impl<T, C> fmt::Debug for Registration<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
