//! Settings of a limiter of many keys.

use std::fmt;

use super::core::{Chooser, Core};
use super::meters::Meters;
use super::set::places;
use super::table::Tables;
use super::{Keyed, Overflow};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::counters::Counters;
use crate::kernel::hash::DefaultHashBuilder;
use crate::limit::{Error, Quota};

/// Keys that there is room for by default.
pub(super) const DEFAULT_KEYS: usize = 1 << 16;

/// Places per key that is to have one. Keys are spread over sets at random, so some sets get more than others: with half of all
/// places taken, one key in 80 finds none; a test computes it.
const PLACES_PER_KEY: usize = 2;

/// Settings of a [`Keyed`].
///
/// ```
/// use tenfold::limit::{Keyed, KeyedConfig, Overflow, Quota};
///
/// let mut config = KeyedConfig::new(Quota::per_second(10));
/// config.classes.push(Quota::per_second(100));
/// config.overflow = Overflow::Share;
/// let limiter: Keyed<u64> = Keyed::builder(config.quota).config(config).build()?;
/// assert_eq!(limiter.config().overflow, Overflow::Share);
/// # Ok::<(), tenfold::limit::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct KeyedConfig {
    /// How much each key is allowed: class 0. Its [`initial`](Quota::with_initial) tokens don't matter, since every key begins with a full
    /// burst.
    pub quota: Quota,
    /// Further classes of keys, from class 1: at most 255.
    #[cfg_attr(feature = "serde", serde(default))]
    pub classes: Vec<Quota>,
    /// Bytes that the table may have: room for 65 536 keys by default, if keys are not kept.
    #[cfg_attr(feature = "serde", serde(default = "default_bytes"))]
    pub bytes: usize,
    /// What happens to a key that finds no place.
    #[cfg_attr(feature = "serde", serde(default))]
    pub overflow: Overflow,
    /// Whether keys are kept and compared, instead of taking the hash for the key: not by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub exact_keys: bool,
}

const fn default_bytes() -> usize {
    bytes_for(
        DEFAULT_KEYS,
        Overflow::EvictLeastDebt,
        Tables::<()>::set_bytes(false),
    )
}

/// Bytes of a table with room for so many keys.
const fn bytes_for(keys: usize, overflow: Overflow, set: usize) -> usize {
    let sets = keys
        .saturating_mul(PLACES_PER_KEY)
        .div_ceil(places(overflow));
    let sets = if sets == 0 { 1 } else { sets };
    sets.saturating_mul(set)
}

impl KeyedConfig {
    /// The default settings for a quota.
    #[must_use]
    pub const fn new(quota: Quota) -> Self {
        Self {
            quota,
            classes: Vec::new(),
            bytes: default_bytes(),
            overflow: Overflow::EvictLeastDebt,
            exact_keys: false,
        }
    }
}

/// Builds a [`Keyed`].
pub struct KeyedBuilder<K, C = MonotonicClock> {
    config: KeyedConfig,
    /// Decides the bytes when everything else is known.
    keys: Option<usize>,
    chooser: Option<Chooser<K>>,
    clock: C,
}

impl<K> KeyedBuilder<K> {
    pub(super) const fn new(quota: Quota) -> Self {
        Self {
            config: KeyedConfig::new(quota),
            keys: Some(DEFAULT_KEYS),
            chooser: None,
            clock: MonotonicClock::new(),
        }
    }
}

impl<K, C: Clock> KeyedBuilder<K, C> {
    /// All settings at once, the quota included.
    #[must_use]
    pub fn config(self, config: KeyedConfig) -> Self {
        Self {
            config,
            keys: None,
            ..self
        }
    }

    /// Bytes that the table may have: see [`KeyedConfig::bytes`]. Replaces [`keys`](Self::keys).
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.config.bytes = bytes;
        self.keys = None;
        self
    }

    /// Room for so many keys whose buckets are not full, all at once: 65 536 by default. Replaces [`bytes`](Self::bytes).
    ///
    /// Keys are spread over the table at random, so it gets two places per key. When really so many keys are there, about one in 80 of
    /// them finds no place; at half as many, one in 3000.
    #[must_use]
    pub fn keys(mut self, keys: usize) -> Self {
        self.keys = Some(keys);
        self
    }

    /// What happens to a key that finds no place: by default, the key that lacks least is forgiven.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.config.overflow = overflow;
        self
    }

    /// A further class of keys, with a quota of its own: the first one is class 1.
    #[must_use]
    pub fn class(mut self, quota: Quota) -> Self {
        self.config.classes.push(quota);
        self
    }

    /// Which class a key is of; 0, the main quota, if there is no class of that number.
    ///
    /// Asked when a key is not in the table, by a call that holds no lock. The class is remembered with the bucket: to have it asked
    /// again, [`forget`](Keyed::forget) the key.
    ///
    /// ```
    /// use tenfold::limit::{Keyed, Quota};
    ///
    /// let limiter = Keyed::builder(Quota::per_second(10))
    ///     .class(Quota::per_second(1000))
    ///     .quota_for(|tenant: &String| usize::from(tenant.starts_with("paying:")))
    ///     .build()?;
    /// assert!(limiter.try_acquire_n("paying:7", 1000));
    /// assert!(!limiter.try_acquire_n("trial:8", 1000));
    /// # Ok::<(), tenfold::limit::Error>(())
    /// ```
    #[must_use]
    pub fn quota_for(mut self, class: impl Fn(&K) -> usize + Send + Sync + 'static) -> Self {
        self.chooser = Some(Box::new(class));
        self
    }

    /// Whether keys are kept and compared: see [`Keyed`](Keyed#identity-of-keys).
    #[must_use]
    pub fn exact_keys(mut self, exact: bool) -> Self {
        self.config.exact_keys = exact;
        self
    }

    /// The clock; the process's own by default.
    #[must_use]
    pub fn clock<D: Clock>(self, clock: D) -> KeyedBuilder<K, D> {
        KeyedBuilder {
            config: self.config,
            keys: self.keys,
            chooser: self.chooser,
            clock,
        }
    }

    /// The limiter, with all the memory that it will ever have.
    ///
    /// # Errors
    ///
    /// [`Error::BadBudget`] if the table has no room for a single set of keys, if it is larger than possible, or if there is not so much
    /// memory; [`Error::TooManyClasses`] if there are more than 255 besides the main quota.
    pub fn build(self) -> Result<Keyed<K, C>, Error> {
        let Self {
            mut config,
            keys,
            chooser,
            clock,
        } = self;
        let given = config.classes.len() + 1;
        if given > Meters::MOST {
            return Err(Error::TooManyClasses { given });
        }
        if let Some(keys) = keys {
            let set = Tables::<K>::set_bytes(config.exact_keys);
            config.bytes = bytes_for(keys, config.overflow, set);
        }
        let bytes = config.bytes;
        let tables = Tables::new(bytes, config.exact_keys).ok_or(Error::BadBudget { bytes })?;
        Ok(assemble(config, tables, chooser, clock))
    }
}

/// What is in a limiter.
pub(super) fn assemble<K, C>(
    config: KeyedConfig,
    tables: Tables<K>,
    chooser: Option<Chooser<K>>,
    clock: C,
) -> Keyed<K, C> {
    Keyed {
        core: Core {
            meters: Meters::new(&config.quota, &config.classes),
            tables,
            hasher: DefaultHashBuilder::new(),
            overflow: config.overflow,
            chooser,
            counters: Counters::new(),
        },
        clock,
        config,
    }
}

impl<K, C: fmt::Debug> fmt::Debug for KeyedBuilder<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBuilder")
            .field("config", &self.config)
            .field("keys", &self.keys)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
