//! The service on three application servers, behind a balancer.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use super::four_shards::FourShards;
use super::{Audit, Load, Service, Session, Stage};
use crate::audit::Ledger;
use crate::input::Users;
use crate::problem::Problem;

pub(super) struct ThreeServers;

/// The five shards, which all servers ask.
struct Running<'u>(Box<dyn Service + 'u>);

impl Stage for ThreeServers {
    fn name(&self) -> &'static str {
        "three-servers"
    }

    fn solves(&self) -> &'static str {
        "one application server is too little: three share the load, and one that becomes slow is asked less"
    }

    fn prepare<'u>(
        &self,
        directory: &Path,
        users: &'u Users,
    ) -> Result<Box<dyn Service + 'u>, Problem> {
        let service = FourShards.prepare(directory, users)?;
        service.halfway(&AtomicU64::new(0))?;
        Ok(Box::new(Running(service)))
    }

    fn load(&self) -> Load {
        Load::Fleet
    }
}

impl Service for Running<'_> {
    fn session(&self) -> Result<Box<dyn Session + '_>, Problem> {
        self.0.session()
    }

    fn audit(&self, ledger: &Ledger) -> Result<Audit, Problem> {
        let audit = self.0.audit(ledger)?;
        // The fifth shard joined before the first request: that story was told.
        Ok(Audit {
            resharding: None,
            ..audit
        })
    }
}
