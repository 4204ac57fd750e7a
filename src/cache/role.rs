//! What every cache can do.

use super::Stats;

/// A cache in this process: what code that only uses a cache asks for. Object-safe, and infallible: a cache that lost an entry has missed.
///
/// ```
/// use tenfold::cache::{Cache, MemoryCache};
///
/// fn greet(names: &dyn Cache<u64, String>, id: u64) -> String {
///     names.get(&id).map_or("hello".to_string(), |name| format!("hello, {name}"))
/// }
///
/// let names = MemoryCache::new(100);
/// names.insert(1, "Ada".to_string());
/// assert_eq!(greet(&names, 1), "hello, Ada");
/// assert_eq!(greet(&names, 2), "hello");
/// ```
pub trait Cache<K, V>: Send + Sync {
    /// The value of a key, and counts it as a use.
    fn get(&self, key: &K) -> Option<V>;

    /// The value of a key, unnoticed: neither a use nor a hit or miss.
    fn peek(&self, key: &K) -> Option<V>;

    /// Stores a value, in place of the one that was there. No load that began before stores its value any more.
    fn insert(&self, key: K, value: V);

    /// Removes a value and returns it. No load that began before stores its value any more.
    fn remove(&self, key: &K) -> Option<V>;

    /// As [`remove`](Self::remove), without the value.
    fn invalidate(&self, key: &K) {
        drop(self.remove(key));
    }

    /// Removes everything.
    fn invalidate_all(&self);

    /// Entries there are, those included whose time is over and that nobody has noticed yet.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has done.
    fn stats(&self) -> Stats;
}
