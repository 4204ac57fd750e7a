//! What a cache is made of.

use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;

use super::super::aftermath::Aftermath;
use super::super::budget::Budget;
use super::super::cause::Listener;
use super::super::config::Config;
use super::super::expiry::Rules;
use super::super::load::Gate;
use super::super::meters::Meters;
use super::super::policy::Chooser;
use super::super::shard::Shard;
use super::super::store::Hash;
use super::super::tags::Tags;
use super::super::upkeep::Bell;
use crate::kernel::clock::Clock;
use crate::kernel::sync::{Arc as Shared, AtomicBool, AtomicU64, Mutex};

pub(crate) type Weigh<K, V> = dyn Fn(&K, &V) -> u64 + Send + Sync;

pub(crate) struct Core<K, V, S> {
    pub(crate) shards: Box<[Shard<K, V>]>,
    pub(crate) mask: usize,
    pub(crate) hasher: S,
    pub(crate) budget: Budget,
    /// Whoever collects weight from all shards.
    pub(crate) collecting: Mutex<()>,
    pub(crate) weigher: Option<Box<Weigh<K, V>>>,
    pub(crate) listener: Option<Listener<K, V>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    pub(crate) rules: Rules<K, V>,
    /// Whether a read may change when an entry expires.
    pub(crate) touches: bool,
    /// Whether the clock is the process's, of which there is a coarse tick.
    pub(crate) coarse: bool,
    /// Whether any entry may expire, or might have.
    pub(crate) expires: AtomicBool,
    pub(crate) bell: Bell,
    /// How long the upkeep waited last for those who hold entries, in nanoseconds.
    pub(crate) patience: AtomicU64,
    pub(crate) meters: Meters,
    pub(crate) tags: Tags,
    /// Bounds loads.
    pub(crate) gate: Gate,
    /// How long entries are kept behind their deadlines, for loads that fail.
    pub(crate) linger: u64,
    /// Whether entries may be loaded anew while they are there.
    pub(crate) revises: bool,
    /// Chooses the setting of all shards' policies.
    pub(crate) chooser: Shared<Chooser>,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    #[expect(clippy::too_many_arguments, reason = "the builder's parts")]
    pub(crate) fn new(
        shards: Box<[Shard<K, V>]>,
        hasher: S,
        budget: Budget,
        weigher: Option<Box<Weigh<K, V>>>,
        listener: Option<Listener<K, V>>,
        clock: Arc<dyn Clock>,
        config: Config,
        rules: Rules<K, V>,
        coarse: bool,
        chooser: Shared<Chooser>,
    ) -> Self {
        let exact = clock.timers().is_manual();
        Self {
            touches: rules.touches(),
            coarse,
            expires: AtomicBool::new(rules.columns().deadlines),
            bell: Bell::new(clock.clone(), exact),
            patience: AtomicU64::new(0),
            mask: shards.len().next_power_of_two() - 1,
            shards,
            hasher,
            budget,
            collecting: Mutex::new(()),
            weigher,
            listener,
            clock,
            gate: Gate::new(config.loads.max_loads),
            linger: rules.linger(),
            revises: config.loads.revises(),
            rules,
            config,
            meters: Meters::new(),
            tags: Tags::new(),
            chooser,
        }
    }

    #[inline(always)]
    pub(crate) fn hash<Q: Hashable + ?Sized>(&self, key: &Q) -> Hash {
        Hash::of(&self.hasher, key)
    }

    /// The shard of a hash. There always is one.
    #[inline(always)]
    pub(crate) fn shard(&self, hash: Hash) -> Option<&Shard<K, V>> {
        self.shards.get(hash.shard(self.mask))
    }

    pub(crate) fn aftermath(&self) -> Aftermath<'_, K, V> {
        Aftermath::new(self.listener.as_ref(), &self.bell)
    }
}
