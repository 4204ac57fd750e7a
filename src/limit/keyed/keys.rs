//! What a set keeps of its keys besides their tags: nothing, or the keys.

use std::borrow::Borrow;
use std::ops::DerefMut;

use super::set::{PLACES, Set};
use super::tag::Tag;
use crate::kernel::sync::Mutex;
use crate::kernel::version::Writing;

/// The keys beside a set, and with them the lock under which the set is changed.
pub(super) trait Keys<K> {
    /// Whether keys are kept.
    const KEPT: bool;

    fn new() -> Self;

    /// The right to change the set.
    fn lock<'s>(&'s self, set: &'s Set) -> impl Held<K> + 's;
}

/// The right to change a set.
pub(super) trait Held<K> {
    /// The place of a key.
    fn find<Q>(&self, set: &Set, tag: Tag, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized;

    /// Keeps a key at `place`, or none, and returns what is not kept any more.
    fn replace(&mut self, place: usize, key: Option<K>) -> Option<K>;
}

/// The tag is taken for the key. The set's own lock is all there is.
impl<K> Keys<K> for () {
    const KEPT: bool = false;

    fn new() {}

    fn lock<'s>(&'s self, set: &'s Set) -> impl Held<K> + 's {
        set.lock.lock()
    }
}

impl<K> Held<K> for Writing<'_> {
    fn find<Q>(&self, set: &Set, tag: Tag, _: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        set.candidates(tag).next()
    }

    fn replace(&mut self, _: usize, key: Option<K>) -> Option<K> {
        key
    }
}

/// The keys themselves. Comparing them is up to the user's code, which may take its time or panic, so whoever waits here sleeps.
/// All that touches the set does so under this lock.
pub(super) type Kept<K> = Mutex<[Option<K>; PLACES]>;

impl<K> Keys<K> for Kept<K> {
    const KEPT: bool = true;

    fn new() -> Self {
        Self::new([const { None }; PLACES])
    }

    fn lock<'s>(&'s self, _: &'s Set) -> impl Held<K> + 's {
        Locked(Self::lock(self))
    }
}

struct Locked<G>(G);

impl<K, G: DerefMut<Target = [Option<K>; PLACES]>> Held<K> for Locked<G> {
    fn find<Q>(&self, set: &Set, tag: Tag, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let is = |kept: &Option<K>| kept.as_ref().is_some_and(|kept| kept.borrow() == key);
        set.candidates(tag)
            .find(|place| self.0.get(*place).is_some_and(is))
    }

    fn replace(&mut self, place: usize, key: Option<K>) -> Option<K> {
        match self.0.get_mut(place) {
            Some(kept) => std::mem::replace(kept, key),
            None => key,
        }
    }
}
