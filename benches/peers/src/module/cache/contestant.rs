//! The one trait behind which every contestant of this module stands, and the two kinds of entries.

use std::hash::Hash;
use std::sync::Arc;

/// A cache of a fixed number of entries, through the calls that its own users would make.
pub(super) trait Contestant<K, V>: Sized + Sync + 'static {
    /// What a thread holds while it works.
    type Handle<'c>
    where
        Self: 'c;

    /// Whether what was just inserted is there, as long as there was no reason to evict it.
    const KEEPS_NEW: bool = true;

    /// Whether an eviction takes the same time whatever the capacity.
    const SCALES: bool = true;

    fn build(capacity: usize) -> Result<Self, String>;

    fn handle(&self) -> Self::Handle<'_>;

    /// Reads a value in the cheapest way that there is, and tells a word of it.
    fn get(handle: &mut Self::Handle<'_>, key: &K) -> Option<u64>;

    fn insert(handle: &mut Self::Handle<'_>, key: K, value: V);

    /// The value that is there, or the one that is made and inserted.
    fn get_or_insert(handle: &mut Self::Handle<'_>, key: &K, make: impl FnOnce() -> V) -> u64;

    /// Inserts a new key. What evicts nothing by itself removes `old`, which was inserted long ago.
    fn turn_over(handle: &mut Self::Handle<'_>, key: K, value: V, _old: &K) {
        Self::insert(handle, key, value);
    }

    /// Carries out what was put off.
    fn settle(&self) -> Result<(), String> {
        Ok(())
    }
}

pub(super) trait Key: Clone + Eq + Hash + Send + Sync + 'static {}
impl<K: Clone + Eq + Hash + Send + Sync + 'static> Key for K {}

/// A value of which a word can be read.
pub(super) trait Value: Clone + Send + Sync + 'static {
    fn word(&self) -> u64;
}

impl Value for u64 {
    fn word(&self) -> u64 {
        *self
    }
}

/// Bytes of a value that is not a number.
const BYTES: usize = 256;

impl Value for Arc<[u8; BYTES]> {
    fn word(&self) -> u64 {
        self.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }
}

/// What a cache is filled with: an entry for each number.
pub(super) trait Entries: 'static {
    type Key: Key;
    type Value: Value;
    /// What a thread asks with.
    type Input: Send + Sync + 'static;

    fn key(number: u64) -> Self::Key;

    /// Its word is [`word`] of the number.
    fn value(number: u64) -> Self::Value;

    /// Inputs of a thread that only reads. With keys on the heap more would be more than caches of processors hold.
    const INPUTS: usize;

    fn inputs(numbers: &Arc<[u64]>) -> Arc<[Self::Input]>;

    fn asked(input: &Self::Input) -> &Self::Key;

    fn number(input: &Self::Input) -> u64;
}

/// What every contestant must answer for a number.
pub(super) const fn word(number: u64) -> u64 {
    !number
}

/// Numbers under themselves.
pub(super) struct Numbers;

impl Entries for Numbers {
    type Key = u64;
    type Value = u64;
    type Input = u64;

    fn key(number: u64) -> u64 {
        number
    }

    fn value(number: u64) -> u64 {
        word(number)
    }

    const INPUTS: usize = 1 << 18;

    fn inputs(numbers: &Arc<[u64]>) -> Arc<[u64]> {
        Arc::clone(numbers)
    }

    fn asked(input: &u64) -> &u64 {
        input
    }

    fn number(input: &u64) -> u64 {
        *input
    }
}

/// 256 bytes that are shared, under names of 20 characters.
pub(super) struct Texts;

impl Entries for Texts {
    type Key = String;
    type Value = Arc<[u8; BYTES]>;
    type Input = (String, u64);

    fn key(number: u64) -> String {
        format!("{number:020}")
    }

    fn value(number: u64) -> Arc<[u8; BYTES]> {
        let mut bytes = [0; BYTES];
        if let Some(first) = bytes.first_chunk_mut() {
            *first = word(number).to_le_bytes();
        }
        Arc::new(bytes)
    }

    const INPUTS: usize = 1 << 16;

    fn inputs(numbers: &Arc<[u64]>) -> Arc<[(String, u64)]> {
        let input = |number: &u64| (Self::key(*number), *number);
        numbers.iter().map(input).collect()
    }

    fn asked(input: &(String, u64)) -> &String {
        &input.0
    }

    fn number(input: &(String, u64)) -> u64 {
        input.1
    }
}
