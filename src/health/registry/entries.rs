//! A set as it was at one time.

use std::sync::Arc;

/// Keyed values, in the order of their keys. A clone is cheap.
#[derive(Debug)]
pub struct Entries<T> {
    list: Arc<[(Arc<str>, Arc<T>)]>,
}

impl<T> Entries<T> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Keys and values.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Arc<T>)> {
        self.list.iter().map(|(key, value)| (&**key, value))
    }
}

impl<T> Clone for Entries<T> {
    fn clone(&self) -> Self {
        Self {
            list: self.list.clone(),
        }
    }
}

impl<T> FromIterator<(Arc<str>, Arc<T>)> for Entries<T> {
    /// The pairs as they come: what is given in the order of keys stays so.
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<T>)>>(pairs: I) -> Self {
        Self {
            list: pairs.into_iter().collect(),
        }
    }
}
