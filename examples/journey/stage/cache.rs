//! The service with a cache before its databases: a profile that was read stays in memory, as long as nobody changes it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tenfold::cache::{MemoryCache, Stats};
use tenfold::clock::ManualClock;
use tenfold::hash::DefaultHashBuilder;

use super::four_shards::FourShards;
use super::{Audit, Failure, Load, Service, Session, Stage};
use crate::audit::Ledger;
use crate::database::Profile;
use crate::input::{User, Users};
use crate::problem::Problem;

pub(super) struct Cache;

/// The five shards, which are asked for what is not in the cache.
struct Running<'u>(Box<dyn Service + 'u>);

/// Profiles in the memory of the service.
pub(crate) struct Profiles(MemoryCache<String, Arc<Profile>, DefaultHashBuilder>);

impl Stage for Cache {
    fn name(&self) -> &'static str {
        "cache"
    }

    fn solves(&self) -> &'static str {
        "the databases are nearly busy, mostly with what they have told before: a cache answers that, and many who ask at once are one read"
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
        Load::Cached
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

impl Profiles {
    /// Room for so many.
    pub(crate) fn new(capacity: u64, clock: ManualClock) -> Result<Self, Problem> {
        // One shard, and hashes that repeat: so every machine shows the same figures.
        let cache = MemoryCache::builder()
            .capacity(capacity)
            .shards(1)
            .hasher(DefaultHashBuilder::seeded(SEED))
            .clock(clock)
            .build();
        let cache = cache.map_err(|error| Problem::run("making the cache", &error))?;
        Ok(Self(cache))
    }

    /// The profile of a user: from memory, or from the database, which is asked once however many wait for it.
    pub(crate) async fn read(
        &self,
        user: &User,
        from_database: impl Future<Output = Result<Profile, Failure>>,
    ) -> Result<Arc<Profile>, Failure> {
        let load = async { from_database.await.map(Arc::new) };
        let profile = self.0.try_get_or_load_async(user.name(), load).await;
        profile.map_err(Failure::Load)
    }

    /// The database has a new version. Whoever comes from now on gets it: what is being loaded may be the old one, and is not stored.
    pub(crate) fn forget(&self, user: &User) {
        self.0.invalidate(user.name());
    }

    pub(crate) fn stats(&self) -> Stats {
        self.0.stats()
    }
}

const SEED: u64 = 4;
