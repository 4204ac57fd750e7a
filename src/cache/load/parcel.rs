//! What a load brings, and how it travels to those who wait.
//!
//! A flight carries an `Arc<dyn Any>`, since callers of one key may have loaders with different errors. There are two kinds of it: a
//! [`Parcel`], whose type is that of the cache's values and fits every caller; and the error, as the `Arc<E>` that all share. Whoever
//! gets an error of another type than its own, or nothing where it needs a value, loads for itself.

use std::sync::Arc;

use super::super::flights::Cargo;

/// What a load has found.
pub(crate) enum Parcel<V> {
    Value(V),
    Absent,
}

mod sealed {
    /// Values and options of values.
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed<V> {}

    impl<V> Sealed<V> for V {}
    impl<V> Sealed<V> for Option<V> {}
}

/// What a loader brings: a value, or maybe one. Implemented for `V` and `Option<V>`.
pub trait Loaded<V>: sealed::Sealed<V> + Sized {
    /// As from a value.
    #[doc(hidden)]
    fn found(value: V) -> Self;

    /// As from nothing, if nothing will do.
    #[doc(hidden)]
    fn absent() -> Option<Self>;

    /// The value, or itself if there is none.
    #[doc(hidden)]
    fn open(self) -> Result<V, Self>;
}

impl<V> Loaded<V> for V {
    fn found(value: V) -> Self {
        value
    }

    fn absent() -> Option<Self> {
        None
    }

    fn open(self) -> Result<V, Self> {
        Ok(self)
    }
}

impl<V> Loaded<V> for Option<V> {
    fn found(value: V) -> Self {
        Some(value)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn open(self) -> Result<V, Self> {
        self.ok_or(None)
    }
}

/// What came, if it is of use to a caller with these types.
pub(crate) fn unpack<V, Y, E>(cargo: Cargo) -> Option<Result<Y, Arc<E>>>
where
    V: Clone + Send + Sync + 'static,
    Y: Loaded<V>,
    E: Send + Sync + 'static,
{
    match cargo.downcast::<Parcel<V>>() {
        Ok(parcel) => match &*parcel {
            Parcel::Value(value) => Some(Ok(Y::found(value.clone()))),
            Parcel::Absent => Y::absent().map(Ok),
        },
        Err(error) => error.downcast::<E>().ok().map(Err),
    }
}
