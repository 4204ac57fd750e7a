//! A set that somebody else decides.

use std::sync::Arc;

use super::policy::Policy;
use super::{Balancer, Spec};
use crate::health::registry::{Registry, Subscription};
use crate::kernel::clock::Clock;

impl<T, P, C> Balancer<T, P, C>
where
    T: Send + Sync + 'static,
    P: Policy,
    C: Clock + 'static,
{
    /// Has the entries of `registry` as the backends, those of now and those that come, until the subscription is dropped. `spec` says what
    /// becomes of an entry; [`Spec::shared`] is the simplest. Entries that stay go on as they are.
    ///
    /// A set that is refused, for more backends than may be, say, is passed over: the one before it stays.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::balance::{Balancer, Spec};
    /// use tenfold::health::registry::InProcess;
    ///
    /// let registry = InProcess::new();
    /// let balancer = Balancer::new(Vec::<String>::new())?;
    /// let subscription = balancer.follow(&registry, Spec::shared);
    /// let worker = registry.register("worker-1", "10.0.0.1:80".to_owned(), Duration::from_secs(10))?;
    /// assert_eq!(balancer.pick()?.value(), "10.0.0.1:80");
    /// drop(worker);
    /// assert!(balancer.pick().is_err());
    /// # drop(subscription);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow<R: Registry<T> + ?Sized>(
        &self,
        registry: &R,
        spec: impl Fn(&str, Arc<T>) -> Spec<T> + Send + Sync + 'static,
    ) -> Subscription {
        let balancer = self.clone();
        registry.watch(Box::new(move |entries| {
            let specs = entries.iter().map(|(key, value)| spec(key, value.clone()));
            // What is wrong with the set is its own matter: there is nobody here to tell.
            let _ = balancer.replace_all(specs);
        }))
    }
}
