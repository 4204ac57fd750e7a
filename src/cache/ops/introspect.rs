//! What the cache knows of its entries: weight, uses, time, and the order in which they would go.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::super::MemoryCache;
use super::super::core::Core;
use super::super::policy::EvictionPolicy;
use super::super::shard::Shard;
use super::super::state::State;
use super::super::store::Held;

/// Uses that are counted at most.
pub(super) const SATURATED: u8 = 3;

/// What a cache knows of one entry: made by [`MemoryCache::entry_info`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EntryInfo {
    /// What it weighs; zero if it is pinned.
    pub weight: u64,
    /// Uses since the policy looked last, of which it counts up to three.
    pub uses: u8,
    /// How long it is served from now on; nothing if it does not expire.
    pub expires_in: Option<Duration>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// An entry and what is known of it.
pub(super) struct Known<'c, K, V> {
    pub(super) held: Held<'c, K, V>,
    pub(super) weight: u64,
    pub(super) uses: u8,
}

impl<'c, K: Eq, V> Known<'c, K, V> {
    fn of(shard: &'c Shard<K, V>, state: &State<K, V>, id: u32) -> Option<Self> {
        let held = state.owner.hold(&shard.arena, id)?;
        // A slot may have an entry that was taken out.
        let is_there = state.owner.has(&shard.arena, &held);
        is_there.then(|| Self {
            held,
            weight: state.weight(id),
            uses: state.owner.uses(&shard.arena, id),
        })
    }

    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self
            .held
            .extra()
            .map(|extra| extra.tags())
            .unwrap_or_default();
        tags.iter().map(|tag| tag.name().to_owned()).collect()
    }
}

/// Which entries, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Coldest,
    Hottest,
    /// The coldest first, and before them those that are pinned.
    All,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// What the cache knows of a key's entry.
    fn known<Q>(&self, key: &Q) -> Option<Known<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let shard = self.shard(hash)?;
        let now = self.now();
        let state = shard.lock();
        let id = state
            .owner
            .find(&shard.arena, hash, |found| found.borrow() == key)?;
        if self.lapsed(shard, &state, id, now).is_some() {
            return None;
        }
        Known::of(shard, &state, id)
    }

    /// The first `most` entries in an order, as `take` makes them.
    ///
    /// Each shard has an order of its own, and they are merged as if the shards were alike. A shard is asked for its order under its lock,
    /// and for the entries a few at a time, so the order is that of one moment and an entry that went since is left out.
    pub(super) fn in_order<T>(
        &self,
        order: Order,
        most: usize,
        mut take: impl FnMut(&Known<'_, K, V>) -> T,
    ) -> Vec<T> {
        let lengths: Vec<usize> = self
            .shards
            .iter()
            .map(|shard| shard.lock().policy.len())
            .collect();
        let mut taken = Vec::new();
        for (shard, portion) in self.shards.iter().zip(portions(&lengths, most)) {
            let some = self.some(shard, order, portion, &mut take);
            let of = some.len().max(1) as f64;
            taken.extend(
                some.into_iter()
                    .enumerate()
                    .map(|(rank, entry)| ((rank as f64 + 0.5) / of, entry)),
            );
        }
        taken.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        taken.into_iter().map(|(_, entry)| entry).collect()
    }

    fn some<T>(
        &self,
        shard: &Shard<K, V>,
        order: Order,
        most: usize,
        take: &mut impl FnMut(&Known<'_, K, V>) -> T,
    ) -> Vec<T> {
        /// Each entry that is held takes a record.
        const AT_ONCE: usize = 16;
        /// The slots are others when the table is replaced, which happens rarely.
        const ATTEMPTS: usize = 8;
        let mut some = Vec::new();
        for _ in 0..ATTEMPTS {
            some.clear();
            let (serial, ids) = ids(shard, order, most, self.config.policy);
            let complete = ids.chunks(AT_ONCE).all(|ids| {
                let now = self.now();
                let state = shard.lock();
                let is_same = state.owner.serial(&shard.arena) == serial;
                let served = ids
                    .iter()
                    .filter(|id| self.lapsed(shard, &state, **id, now).is_none());
                let known: Vec<_> = served
                    .filter_map(|id| Known::of(shard, &state, *id))
                    .collect();
                drop(state);
                if is_same {
                    some.extend(known.iter().map(&mut *take));
                }
                is_same
            });
            if complete {
                break;
            }
        }
        some
    }
}

/// Slots in an order, and of which table.
fn ids<K: Eq, V>(
    shard: &Shard<K, V>,
    order: Order,
    most: usize,
    policy: EvictionPolicy,
) -> (u64, Vec<u32>) {
    let state = shard.lock();
    let serial = state.owner.serial(&shard.arena);
    let uses = |id: &u32| spared(policy, state.owner.uses(&shard.arena, *id));
    let coldest = state.policy.coldest();
    let ids = match order {
        Order::Coldest => by_uses(coldest, uses, most),
        Order::Hottest => {
            let most_spared = spared(policy, SATURATED);
            by_uses(coldest.rev(), |id| most_spared - uses(id), most)
        }
        Order::All => {
            let pinned = state
                .owner
                .linked(&shard.arena)
                .filter(|id| state.weight(*id) == 0);
            pinned.chain(by_uses(coldest, uses, most)).collect()
        }
    };
    (serial, ids)
}

/// How often an entry is spared for its uses.
fn spared(policy: EvictionPolicy, uses: u8) -> u8 {
    match policy {
        EvictionPolicy::Lru | EvictionPolicy::Sieve => uses.min(1),
        _ => uses.min(SATURATED),
    }
}

/// The first `most` by uses, and those with as many in the order in which they come: that in which the policy looks at them. Ends early where
/// it can.
fn by_uses(ids: impl Iterator<Item = u32>, uses: impl Fn(&u32) -> u8, most: usize) -> Vec<u32> {
    let mut sorted: [Vec<u32>; SATURATED as usize + 1] = Default::default();
    for id in ids {
        let [first, ..] = &sorted;
        if first.len() >= most {
            break;
        }
        let uses = usize::from(uses(&id));
        if let Some(alike) = sorted.get_mut(uses).filter(|alike| alike.len() < most) {
            alike.push(id);
        }
    }
    sorted.into_iter().flatten().take(most).collect()
}

/// How many of the first `most` are in each of some shards, if they are spread evenly.
fn portions(lengths: &[usize], most: usize) -> impl Iterator<Item = usize> {
    let total = lengths.iter().sum::<usize>() as u128;
    let most = (most as u128).min(total);
    let mut passed = 0;
    lengths.iter().map(move |length| {
        let upto = |passed: u128| (passed * most).checked_div(total).unwrap_or(0);
        let before = upto(passed);
        passed += *length as u128;
        (upto(passed) - before) as usize
    })
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// Clones of the entries that would be evicted last, the very last first, as far as the policy can say: at most `most`.
    ///
    /// Entries come by the [uses](EntryInfo::uses) that spare them, and those with as many in the order in which the policy looks at them. A
    /// policy that compares frequencies looks at the newest first: they are the coldest until they are used.
    ///
    /// Each shard has its own order; they are merged as if all shards were alike. Pinned entries are in no order. Counts neither as uses
    /// nor as hits.
    ///
    /// # Blocking
    ///
    /// Takes the locks of the shards one after the other, for a time that grows with `most`, and with the entries of the shard where few were
    /// used lately, or of [`coldest`](Self::coldest) few were not; clones are made outside them.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(1_000);
    /// for n in 0..100 {
    ///     cache.insert(n, n * n);
    /// }
    /// assert_eq!(cache.hottest(3).len(), 3);
    /// assert_eq!(cache.coldest(1_000).len(), 100);
    /// ```
    pub fn hottest(&self, most: usize) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        self.core.in_order(Order::Hottest, most, pair)
    }

    /// Clones of the entries that would be evicted first, the very first first: else as [`hottest`](Self::hottest).
    pub fn coldest(&self, most: usize) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        self.core.in_order(Order::Coldest, most, pair)
    }

    /// What a key's entry weighs.
    ///
    /// # Blocking
    ///
    /// Takes the lock of the key's shard.
    pub fn weight_of<Q>(&self, key: &Q) -> Option<u64>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.core.known(key).map(|known| known.weight)
    }

    /// What the cache knows of a key's entry, unnoticed: neither a use nor a hit or miss.
    ///
    /// # Blocking
    ///
    /// Takes the lock of the key's shard.
    ///
    /// ```
    /// use tenfold::cache::{InsertOptions, MemoryCache};
    ///
    /// let cache = MemoryCache::new(1_000);
    /// cache.insert_with("a", 1, &InsertOptions::new().weight(5).tags(["x"]));
    /// let info = cache.entry_info("a").ok_or("evicted")?;
    /// assert_eq!((info.weight, info.expires_in), (5, None));
    /// assert_eq!(info.tags, ["x"]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn entry_info<Q>(&self, key: &Q) -> Option<EntryInfo>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let known = self.core.known(key)?;
        Some(EntryInfo {
            weight: known.weight,
            uses: known.uses,
            expires_in: self.core.left(known.held.deadline(), self.core.now()),
            tags: known.tags(),
        })
    }
}

fn pair<K: Clone, V: Clone>(known: &Known<'_, K, V>) -> (K, V) {
    (known.held.key().clone(), known.held.value().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_add_up() {
        let of = |lengths: &[usize], most| portions(lengths, most).collect::<Vec<_>>();
        assert_eq!(of(&[10, 10, 20], 8), [2, 2, 4]);
        assert_eq!(of(&[10, 0, 5], 100), [10, 0, 5]);
        assert_eq!(of(&[7, 7, 7], 1).iter().sum::<usize>(), 1);
        assert_eq!(of(&[0, 0], 5), [0, 0]);
        assert_eq!(of(&[], 5), []);
    }
}
