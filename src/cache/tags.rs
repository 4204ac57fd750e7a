//! Tags: names by which many entries are invalidated at once, without looking at them.
//!
//! A clock of the whole cache counts invalidations. A tag remembers the last one it was part of, an entry the count at which it was
//! born; it is current while none of its tags was invalidated later. So `invalidate_tag` touches one tag, and entries find out for
//! themselves when somebody asks for them.
//!
//! # Invariants
//!
//! * An entry that is born after an invalidation returned is current: its count was taken later, and is at least as high.
//! * An entry that is born before is not, whenever it is stored. A load takes its count when it begins, so what it read before the
//!   invalidation stays invalid even if it is tagged only when it is done.
//! * Forgetting a tag that no entry has does not forget its invalidation: a tag that is heard of for the first time counts as invalidated
//!   when the last of those that were forgotten was. That may cost a load that was under way meanwhile, and nobody else.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};

use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Arc, AtomicU64, Mutex, Ordering};

/// Parts of the register, each with a lock.
const PARTS: usize = 8;
/// Tags in a part that are worth looking for some to forget.
const FEW: usize = 64;

#[derive(Debug)]
pub(crate) struct Tag {
    name: Box<str>,
    /// The count of the last invalidation.
    invalidated_at: AtomicU64,
}

impl Tag {
    pub(crate) const fn name(&self) -> &str {
        &self.name
    }
}

/// What a tagged entry has besides key and value.
#[derive(Debug)]
pub(crate) struct Extra {
    /// The count of invalidations when its value was not older than what it was read from.
    born: u64,
    tags: Box<[Arc<Tag>]>,
}

impl Extra {
    /// Whether none of its tags was invalidated since.
    pub(crate) fn is_current(&self) -> bool {
        self.tags
            .iter()
            .all(|tag| tag.invalidated_at.load(Ordering::SeqCst) <= self.born)
    }

    /// Whether it is of use to a caller that came at this count of invalidations, and waited for it. If the caller is younger than the value,
    /// one of its tags may have been invalidated before the caller came, and again since; so none may have been at all.
    pub(crate) fn serves(&self, arrived: u64) -> bool {
        arrived <= self.born || self.is_current() || faulty(Fault::ShareOutdated)
    }

    pub(crate) const fn tags(&self) -> &[Arc<Tag>] {
        &self.tags
    }
}

/// A tag, known by its name.
struct Named(Arc<Tag>);

impl Borrow<str> for Named {
    fn borrow(&self) -> &str {
        &self.0.name
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.0.name).hash(state);
    }
}

struct Part {
    tags: HashSet<Named, DefaultHashBuilder>,
    /// The last invalidation of a tag that was forgotten.
    floor: u64,
    /// Tags with which it is time to forget some.
    many: usize,
}

impl Part {
    fn tag(&mut self, name: &str) -> Arc<Tag> {
        if let Some(Named(tag)) = self.tags.get(name) {
            return tag.clone();
        }
        if self.tags.len() >= self.many {
            self.prune();
        }
        let tag = Arc::new(Tag {
            name: name.into(),
            invalidated_at: AtomicU64::new(self.floor),
        });
        self.tags.insert(Named(tag.clone()));
        tag
    }

    /// Forgets the tags that no entry has. Clones are made under this lock, so one that is alone stays so.
    fn prune(&mut self) {
        let floor = &mut self.floor;
        self.tags.retain(|Named(tag)| {
            let is_alone = Arc::strong_count(tag) == 1;
            if is_alone {
                *floor = (*floor).max(tag.invalidated_at.load(Ordering::SeqCst));
            }
            !is_alone
        });
        self.many = (self.tags.len() * 2).max(FEW);
    }
}

/// The tags of a cache.
pub(crate) struct Tags {
    clock: AtomicU64,
    hasher: DefaultHashBuilder,
    parts: [Mutex<Part>; PARTS],
}

impl Tags {
    pub(crate) fn new() -> Self {
        let hasher = DefaultHashBuilder::new();
        let part = |_| {
            Mutex::new(Part {
                tags: HashSet::with_hasher(hasher.clone()),
                floor: 0,
                many: FEW,
            })
        };
        Self {
            clock: AtomicU64::new(0),
            parts: std::array::from_fn(part),
            hasher,
        }
    }

    /// The count of invalidations: what is read from now on is not older than those.
    pub(crate) fn clock(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    fn part(&self, name: &str) -> Option<&Mutex<Part>> {
        self.parts.get(self.hasher.hash_one(name) as usize % PARTS)
    }

    /// What an entry with these tags has besides; nothing if there are none. Without `born` its value is new.
    pub(crate) fn extra<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
        born: Option<u64>,
    ) -> Option<Arc<Extra>> {
        let tag = |name: N| {
            self.part(name.as_ref())
                .map(|part| part.lock().tag(name.as_ref()))
        };
        let tags: Box<[_]> = names.into_iter().filter_map(tag).collect();
        // After the tags are known: one that was not may count as invalidated a moment ago.
        let born = born.unwrap_or_else(|| self.clock());
        (!tags.is_empty()).then(|| Arc::new(Extra { born, tags }))
    }

    pub(crate) fn invalidate(&self, name: &str) {
        let Some(part) = self.part(name) else { return };
        let mut part = part.lock();
        let tag = part.tag(name);
        let now = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        // Counts are taken under the lock of the part, so they only grow.
        tag.invalidated_at.store(now, Ordering::SeqCst);
    }

    /// Tags that are known.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().tags.len()).sum()
    }
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
