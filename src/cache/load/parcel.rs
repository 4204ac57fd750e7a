//! What a load brings, and how it travels to those who wait.
//!
//! A flight carries an `Arc<dyn Any>`, since callers of one key may have loaders with different errors. There are two kinds of it: a
//! [`Parcel`], whose type is that of the cache's values and fits every caller; and the error, as the `Arc<E>` that all share. Whoever
//! gets an error of another type than its own, or nothing where it needs a value, loads for itself.
//!
//! A value whose tags were invalidated after its load had begun is only for those who had come before: the parcel carries the tags, and each
//! caller knows the count of invalidations at which it came. Who comes to such a value too late loads for itself, once: every load that begins
//! then is younger than the caller.

use std::sync::Arc;

use super::super::InsertOptions;
use super::super::flights::Cargo;
use super::super::tags::Extra;
use crate::kernel::sync::Arc as Shared;

/// What a load has found.
pub(crate) enum Parcel<V> {
    /// A value, and its tags.
    Value(V, Option<Shared<Extra>>),
    Absent,
}

mod sealed {
    use super::InsertOptions;

    /// Values, options of values, and both with what is to be different about the entry.
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed<V> {}

    impl<V> Sealed<V> for V {}
    impl<V> Sealed<V> for Option<V> {}
    impl<V> Sealed<V> for (V, InsertOptions) {}
    impl<V> Sealed<V> for Option<(V, InsertOptions)> {}
}

/// What a loader brings: a value, or maybe one, and maybe with [`InsertOptions`] for its entry. Implemented for `V`, `Option<V>`,
/// `(V, InsertOptions)` and `Option<(V, InsertOptions)>`.
pub trait Loaded<V>: sealed::Sealed<V> + Sized {
    /// What the caller gets: `V` or `Option<V>`.
    type Answer;

    /// As from a value.
    #[doc(hidden)]
    fn found(value: V) -> Self::Answer;

    /// As from nothing, if nothing will do.
    #[doc(hidden)]
    fn absent() -> Option<Self::Answer>;

    /// The value and its options, or the answer if there is none.
    #[doc(hidden)]
    fn open(self) -> Result<(V, InsertOptions), Self::Answer>;

    /// For a caller that shares it with nobody.
    #[doc(hidden)]
    fn answer(self) -> Self::Answer {
        self.open()
            .map_or_else(|answer| answer, |(value, _)| Self::found(value))
    }
}

impl<V> Loaded<V> for V {
    type Answer = V;

    fn found(value: V) -> V {
        value
    }

    fn absent() -> Option<V> {
        None
    }

    fn open(self) -> Result<(V, InsertOptions), V> {
        Ok((self, InsertOptions::new()))
    }
}

impl<V> Loaded<V> for Option<V> {
    type Answer = Self;

    fn found(value: V) -> Self {
        Some(value)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn open(self) -> Result<(V, InsertOptions), Self> {
        self.map(|value| (value, InsertOptions::new())).ok_or(None)
    }
}

impl<V> Loaded<V> for (V, InsertOptions) {
    type Answer = V;

    fn found(value: V) -> V {
        value
    }

    fn absent() -> Option<V> {
        None
    }

    fn open(self) -> Result<Self, V> {
        Ok(self)
    }
}

impl<V> Loaded<V> for Option<(V, InsertOptions)> {
    type Answer = Option<V>;

    fn found(value: V) -> Option<V> {
        Some(value)
    }

    fn absent() -> Option<Option<V>> {
        Some(None)
    }

    fn open(self) -> Result<(V, InsertOptions), Option<V>> {
        self.ok_or(None)
    }
}

/// What came, if it is of use to a caller with these types that came at this count of invalidations.
pub(crate) fn unpack<V, Y, E>(cargo: Cargo, arrived: u64) -> Option<Result<Y::Answer, Arc<E>>>
where
    V: Clone + Send + Sync + 'static,
    Y: Loaded<V>,
    E: Send + Sync + 'static,
{
    match cargo.downcast::<Parcel<V>>() {
        Ok(parcel) => match &*parcel {
            Parcel::Value(value, extra) => {
                let will_do = extra.as_ref().is_none_or(|extra| extra.serves(arrived));
                will_do.then(|| Ok(Y::found(value.clone())))
            }
            Parcel::Absent => Y::absent().map(Ok),
        },
        Err(error) => error.downcast::<E>().ok().map(Err),
    }
}
