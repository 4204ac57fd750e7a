//! What an entry is to be, before it is stored.

use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::{Ttl, Written};
use crate::cache::core::Core;
use crate::cache::options::InsertOptions;
use crate::cache::state::Terms;
use crate::cache::store::{Hash, Lease, NEVER};
use crate::cache::tags::Extra;
use crate::kernel::clock::Clock;
use crate::kernel::pins;
use crate::kernel::sync::{Arc, Ordering};

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// What an entry is to be, by the cache's own rules; `None` if it is not to be at all.
    #[inline]
    pub(crate) fn terms(&self, hash: Hash, key: &K, value: &V) -> Option<Terms<'static>> {
        self.terms_with(hash, key, value, &InsertOptions::new(), None)
    }

    /// What an entry with these options is to be; `None` if it is not to be at all: then nothing is stored, and what was there goes.
    pub(crate) fn terms_with<'t>(
        &self,
        hash: Hash,
        key: &K,
        value: &V,
        options: &InsertOptions,
        extra: Option<&'t Arc<Extra>>,
    ) -> Option<Terms<'t>> {
        self.terms_within(hash, key, value, options, extra, None)
    }

    /// As [`terms_with`](Self::terms_with), for an entry that is served for `most` at most.
    pub(crate) fn terms_within<'t>(
        &self,
        hash: Hash,
        key: &K,
        value: &V,
        options: &InsertOptions,
        extra: Option<&'t Arc<Extra>>,
        most: Option<Duration>,
    ) -> Option<Terms<'t>> {
        let weight = options
            .weight
            .unwrap_or_else(|| self.weigher.as_ref().map_or(1, |weigh| weigh(key, value)));
        let mut ttl = options.ttl;
        if let (Ttl::Default, Some(decide)) = (ttl, &self.rules.on_write) {
            ttl = decide(key, value, self.is_written(hash, key));
        }
        let mortal = matches!(ttl, Ttl::For(_)) || most.is_some() || self.rules.by_default();
        if mortal && !self.expires.load(Ordering::Relaxed) {
            self.expires.store(true, Ordering::Relaxed);
        }
        let now = self.now();
        let lease = if mortal {
            self.rules.lease(ttl, most, now)?
        } else {
            Lease::FOREVER
        };
        let refresh = if self.revises {
            self.config.loads.refresh_at(self.clock.now(), false)
        } else {
            NEVER
        };
        Some(Terms {
            weight,
            lease,
            now,
            extra,
            refresh,
            cost: 0,
        })
    }

    /// What a write to a key would be.
    fn is_written(&self, hash: Hash, key: &K) -> Written {
        let mut pin = pins::stand_by();
        let entry = self
            .shard(hash)
            .and_then(|shard| shard.search(&mut pin, hash, |found| found == key));
        if entry.is_some_and(|entry| self.is_fresh(&entry) && entry.is_current()) {
            Written::Updated
        } else {
            Written::Created
        }
    }
}
