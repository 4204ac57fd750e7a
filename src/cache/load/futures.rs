//! Futures of loads.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::super::MemoryCache;
use super::board::{Ended, Timing};
use super::error::LoadError;
use super::parcel::Loaded;
use super::task::Task;
use crate::kernel::clock::Tick;

/// A load that does not fail, made by [`MemoryCache::get_or_load_async`] and the like. Its output is the
/// loader's, without the [options](super::super::InsertOptions) if it brings some.
///
/// # Cancel safety
///
/// Dropping it at any time stores nothing and keeps nobody waiting: if it led the load, one of those that wait does from then on.
#[must_use = "futures do nothing unless polled"]
pub struct GetOrLoad<'c, K, Q: ?Sized, V, S, F> {
    task: Task<'c, K, Q, V, S, F>,
    /// The loader, if it was not let on board.
    alone: Option<(Timing<'c>, Pin<Box<F>>)>,
}

/// A load that may fail, made by [`MemoryCache::try_get_or_load_async`] and the like.
///
/// # Cancel safety
///
/// As [`GetOrLoad`].
#[must_use = "futures do nothing unless polled"]
pub struct TryGetOrLoad<'c, K, Q: ?Sized, V, S, F> {
    task: Task<'c, K, Q, V, S, F>,
}

// The loader is on the heap when it is polled.
impl<K, Q: ?Sized, V, S, F> Unpin for GetOrLoad<'_, K, Q, V, S, F> {}
impl<K, Q: ?Sized, V, S, F> Unpin for TryGetOrLoad<'_, K, Q, V, S, F> {}

impl<K, Q, V, S, F> Future for GetOrLoad<'_, K, Q, V, S, F>
where
    K: Eq + Hashable + Borrow<Q>,
    Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
    F: Future,
    F::Output: Loaded<V>,
{
    type Output = <F::Output as Loaded<V>>::Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            if let Some((timing, mut load)) = this.alone.take() {
                let polled = load.as_mut().poll(context);
                if polled.is_pending() {
                    this.alone = Some((timing, load));
                } else {
                    timing.end(&Ok::<_, Infallible>(()));
                }
                return polled.map(Loaded::answer);
            }
            match ready!(this.task.poll::<F::Output, _>(context, Ok::<_, Infallible>)) {
                Ok(loaded) => return Poll::Ready(loaded),
                Err(Ended::Failed(never)) => match *never {},
                Err(Ended::TimedOut(load) | Ended::Refused(_, load)) => {
                    this.alone = Some((this.task.timing(), load));
                }
            }
        }
    }
}

impl<K, Q, V, S, F, Y, E> Future for TryGetOrLoad<'_, K, Q, V, S, F>
where
    K: Eq + Hashable + Borrow<Q>,
    Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
    F: Future<Output = Result<Y, E>>,
    Y: Loaded<V>,
    E: Send + Sync + 'static,
{
    type Output = Result<Y::Answer, LoadError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(self.get_mut().task.poll::<Y, E>(context, |loaded| loaded));
        Poll::Ready(ended.map_err(LoadError::from))
    }
}

impl<K, Q: ?Sized, V, S, F> fmt::Debug for GetOrLoad<'_, K, Q, V, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("GetOrLoad");
        debug.field("alone", &self.alone.is_some());
        debug.finish_non_exhaustive()
    }
}

impl<K, Q: ?Sized, V, S, F> fmt::Debug for TryGetOrLoad<'_, K, Q, V, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGetOrLoad").finish_non_exhaustive()
    }
}

/// # Loading in async code
///
/// A loader is a future, as it is for [`moka`](https://docs.rs/moka) and [`quick_cache`](https://docs.rs/quick_cache): it is polled only
/// if there is nothing cached and nobody else loads. Any executor will do. The futures are [`Send`] if the loader is.
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S>
where
    V: Clone + Send + Sync + 'static,
{
    /// As [`get_or_load`](Self::get_or_load), as a future. Tasks and threads share the same loads.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// async fn page(cache: &MemoryCache<u64, String>, id: u64) -> String {
    ///     cache.get_or_load_async(&id, async { format!("page {id}") }).await
    /// }
    /// ```
    ///
    /// A future that leads a load, is ready to go on and is not polled (in a `select!` that is busy elsewhere, say) loses the lead to one
    /// that waits after the cache's [patience](super::super::Builder::load_patience). Polled again it goes on, and returns what it loads
    /// to its own caller; it is not stored any more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stores nothing, and hands the load on to one that waits.
    pub fn get_or_load_async<'c, Q, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> GetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = V>,
    {
        self.begin_surely(key, load)
    }

    /// As [`get_or_load_optional`](Self::get_or_load_optional), as a future.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn get_or_load_optional_async<'c, Q, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> GetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = Option<V>>,
    {
        self.begin_surely(key, load)
    }

    /// As [`try_get_or_load`](Self::try_get_or_load), as a future: its errors are the same.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_async<'c, Q, E, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.begin(key, Tick::MAX, load)
    }

    /// As [`try_get_or_load_optional`](Self::try_get_or_load_optional), as a future: its errors are the same.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_optional_async<'c, Q, E, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<Option<V>, E>>,
    {
        self.begin(key, Tick::MAX, load)
    }

    /// As [`try_get_or_load_async`](Self::try_get_or_load_async), for at most `patience` from now on, by the cache's clock.
    ///
    /// It fails with [`LoadError::TimedOut`] then, also if it leads: its loader is dropped, and one of those that wait loads in its stead.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_timeout_async<'c, Q, E, F>(
        &'c self,
        key: &'c Q,
        load: F,
        patience: Duration,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.begin(key, self.core.due(patience), load)
    }

    /// As [`try_get_or_load_timeout_async`](Self::try_get_or_load_timeout_async), for a loader that may find nothing.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_optional_timeout_async<'c, Q, E, F>(
        &'c self,
        key: &'c Q,
        load: F,
        patience: Duration,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<Option<V>, E>>,
    {
        self.begin(key, self.core.due(patience), load)
    }

    pub(super) fn begin_surely<'c, Q, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> GetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        F: Future,
    {
        GetOrLoad {
            task: Task::new(&self.core, key, Tick::MAX, load),
            alone: None,
        }
    }

    pub(super) fn begin<'c, Q, F>(
        &'c self,
        key: &'c Q,
        due: Tick,
        load: F,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        F: Future,
    {
        TryGetOrLoad {
            task: Task::new(&self.core, key, due, load),
        }
    }
}
