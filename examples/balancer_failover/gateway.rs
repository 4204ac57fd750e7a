//! What stands before the servers: chooses one for each request, and another one if that fails.

use std::time::Duration;

use tenfold::balance::{Adaptive, BackendState, Balancer, NoBackend, Request, Spec, Watch};
use tenfold::health::{Active, Outlier};
use tokio::runtime::Handle;

use crate::client::{Answer, Client, HttpCheck};

pub(crate) struct Gateway {
    pub(crate) balancer: Balancer<String>,
    client: Client,
    /// Checks as long as it is here.
    watch: Watch,
}

impl Gateway {
    /// For servers of these names and addresses. Called on the runtime that is to run the checks.
    pub(crate) fn new(servers: &[(&str, String)]) -> Result<Self, tenfold::Error> {
        let mut outlier = Outlier::default();
        outlier.consecutive = Some(2);
        let specs = servers
            .iter()
            .map(|(name, address)| Spec::new(name, address.clone()));
        let balancer = Balancer::builder(Adaptive)
            .outlier(outlier)
            // The gateway is to forget within the seconds that this example takes.
            .decay(Duration::from_millis(500))
            .backends(specs)
            .build()?;

        let client = Client::new();
        let runtime = Handle::current();
        let often = Duration::from_millis(100);
        let watch = balancer.watch_spawning(
            HttpCheck(client.clone()),
            move |check| drop(runtime.spawn(check)),
            Active::default().interval(often).rise(2).fall(2),
        )?;
        Ok(Self {
            balancer,
            client,
            watch,
        })
    }

    /// Answers with what a server answers. If one fails another one is asked, until none is left: good for requests that may be made
    /// twice.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, NoBackend> {
        let mut tried = Vec::new();
        loop {
            let lease = self.balancer.lease(&Request::new().excluding(&tried))?;
            match self.client.get(lease.value(), path).await {
                Ok(answer) => {
                    lease.success();
                    return Ok(answer);
                }
                Err(kind) => {
                    tried.push(lease.id());
                    lease.failure(kind);
                }
            }
        }
    }

    /// How a server is, as the balancer sees it.
    pub(crate) fn state_of(&self, name: &str) -> Option<BackendState> {
        let backends = self.balancer.backends();
        let named = backends.iter().find(|backend| &*backend.key == name);
        named.map(|backend| backend.state)
    }

    /// Checks that have begun.
    pub(crate) fn checks(&self) -> u64 {
        self.watch.stats().started
    }
}
