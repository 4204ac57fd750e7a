//! The users that occur in a workload, each stored once and known by a small number.

use std::collections::HashMap;
use std::sync::Arc;

use tenfold::hash::{DefaultHashBuilder, StableHash};

/// Users are grouped into this many slots by their hash. A slot is what a migration moves at a time: with 256 of them, a
/// step holds up one user in 256.
pub(crate) const SLOTS: u16 = 256;

/// The number of a user, below 2^31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserId(u32);

pub(crate) struct User {
    name: Arc<str>,
    /// Decides where the user's profile lives; computed once, not once per request.
    hash: u64,
}

#[derive(Default)]
pub(crate) struct Users {
    list: Vec<User>,
    ids: HashMap<Arc<str>, UserId, DefaultHashBuilder>,
    name_bytes: usize,
}

impl UserId {
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// The position of this user in a table that has an entry for each.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl User {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn slot(&self) -> u16 {
        u16::try_from(self.hash % u64::from(SLOTS)).unwrap_or_default()
    }
}

impl Users {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The number of the user called `name`, who is added when new.
    pub(super) fn intern(&mut self, name: &str) -> Result<UserId, String> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        self.name_bytes += name.len();
        if self.name_bytes > MAX_NAME_BYTES {
            return Err(format!(
                "the distinct keys up to here take more than {} MiB",
                MAX_NAME_BYTES >> 20
            ));
        }
        // Fits: there are at most as many users as requests, and those are bounded far below 2^31.
        let id = UserId(u32::try_from(self.list.len()).map_err(|error| error.to_string())?);
        let name: Arc<str> = name.into();
        self.list.push(User {
            hash: StableHash::bytes(name.as_bytes()),
            name: Arc::clone(&name),
        });
        self.ids.insert(name, id);
        Ok(id)
    }

    pub(crate) fn get(&self, id: UserId) -> Option<&User> {
        self.list.get(id.index())
    }

    pub(crate) fn find(&self, name: &str) -> Option<(UserId, &User)> {
        let id = *self.ids.get(name)?;
        Some((id, self.get(id)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }
}

/// Bounds the memory that a file of nothing but long, distinct keys can take.
const MAX_NAME_BYTES: usize = 1 << 30;
