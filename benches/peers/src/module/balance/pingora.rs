//! pingora's balancer behind the trait.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use pingora_load_balancing::discovery::{ServiceDiscovery, Static};
use pingora_load_balancing::selection::{self, BackendIter, BackendSelection};
use pingora_load_balancing::{Backend, Backends, LoadBalancer};

use super::chooser::Chooser;
use super::fleet::{Fleet, address, number};
use super::updates::{FLEET, Set};

/// How many backends it may look at: as many as in the example of its documentation. It looks at one if that is up.
const MOST: usize = 256;

/// How it chooses.
pub(super) trait Selection:
    BackendSelection<Config = (), Iter: BackendIter> + Send + Sync + 'static
{
}

impl<S> Selection for S where
    S: BackendSelection<Config = (), Iter: BackendIter> + Send + Sync + 'static
{
}

pub(super) struct Pingora<S: BackendSelection>(LoadBalancer<S>);

impl<S: Selection> Chooser for Pingora<S> {
    type Handle<'c> = &'c LoadBalancer<S>;

    fn build(fleet: Fleet) -> Result<Self, String> {
        let backends = backends(fleet)?;
        let balancer = LoadBalancer::from_backends(Backends::new(Static::new(backends.clone())));
        updated(&balancer)?;
        for backend in backends {
            if fleet.is_down(named(&backend)) {
                balancer.backends().set_enable(&backend, false);
            }
        }
        Ok(Self(balancer))
    }

    fn handle(&self) -> &LoadBalancer<S> {
        &self.0
    }

    fn ask(balancer: &mut &LoadBalancer<S>) -> u64 {
        balancer
            .select(b"", MOST)
            .map_or(u64::MAX, |backend| named(&backend))
    }
}

fn backends(fleet: Fleet) -> Result<BTreeSet<Backend>, String> {
    let numbers = fleet.numbers();
    let backends = numbers.map(|number| backend(number, fleet.weight(number)));
    backends.collect()
}

fn named(backend: &Backend) -> u64 {
    backend.as_inet().map_or(u64::MAX, number)
}

fn updated<S: Selection>(balancer: &LoadBalancer<S>) -> Result<(), String> {
    balancer
        .update()
        .now_or_never()
        .ok_or("is not updated at once")?
        .map_err(|error| error.to_string())
}

/// A balancer whose backends its discovery changes.
pub(super) struct Changing {
    found: Arc<Mutex<BTreeSet<Backend>>>,
    balancer: LoadBalancer<selection::RoundRobin>,
}

struct Found(Arc<Mutex<BTreeSet<Backend>>>);

type Discovered = (BTreeSet<Backend>, HashMap<u64, bool>);

impl ServiceDiscovery for Found {
    // As its attribute macro for asynchronous functions writes it.
    fn discover<'s, 'f>(
        &'s self,
    ) -> Pin<Box<dyn Future<Output = pingora_error::Result<Discovered>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let backends = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(std::future::ready(Ok((backends, HashMap::new()))))
    }
}

impl Changing {
    fn change(&self, change: impl FnOnce(&mut BTreeSet<Backend>) -> bool) -> bool {
        let changed = change(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
        changed && updated(&self.balancer).is_ok()
    }
}

fn backend(number: u64, weight: u32) -> Result<Backend, String> {
    Backend::new_with_weight(&address(number).to_string(), weight as usize)
        .map_err(|error| error.to_string())
}

impl Set for Changing {
    fn build() -> Result<Self, String> {
        let found = Arc::new(Mutex::new(backends(FLEET)?));
        let balancer = LoadBalancer::from_backends(Backends::new(Box::new(Found(found.clone()))));
        updated(&balancer)?;
        Ok(Self { found, balancer })
    }

    /// The weight is part of who a backend is.
    fn set_weight(&self, number: u64, weight: u32) -> bool {
        self.change(|found| {
            let [before, after] = [3 - weight, weight].map(|weight| backend(number, weight));
            before.is_ok_and(|before| found.remove(&before))
                && after.is_ok_and(|after| found.insert(after))
        })
    }

    fn exchange(&self, goes: u64, comes: u64) -> bool {
        self.change(|found| {
            let [goes, comes] = [goes, comes].map(|number| backend(number, 1));
            goes.is_ok_and(|goes| found.remove(&goes))
                && comes.is_ok_and(|comes| found.insert(comes))
        })
    }
}
