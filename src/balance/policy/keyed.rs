//! The order in which a key prefers backends.

use super::View;
use crate::ring::placement::{Limits, Member, Placement, Rendezvous, Table, Walk};

/// What a policy that goes by keys computes ahead: a table of a [placement](crate::ring::placement).
#[derive(Debug)]
pub struct Placed<T>(Made<T>);

#[derive(Debug)]
enum Made<T> {
    Table(T),
    /// Instead of a table that can't be made.
    Plain(<Rendezvous as Placement>::Table),
    None,
}

/// Entries that a table may have: as many as a ring's, unless it is told otherwise.
const MOST_ENTRIES: usize = 1 << 22;

/// Whether this recipe can make a table for one backend at least: if not, it is wrong in itself.
pub(super) fn is_sound<R: Placement>(recipe: &R) -> bool {
    let mut member = Member::new(1, 1);
    member.name = recipe.by_name().then(|| b"127.0.0.1:80"[..].into());
    recipe.build(&[member], Limits::new(MOST_ENTRIES)).is_ok()
}

impl<T: Table> Placed<T> {
    pub(super) fn new<R: Placement<Table = T>, V: View>(recipe: &R, view: &V) -> Self {
        let member = |index| {
            let mut member = Member::new(view.id(index).as_u64(), view.whole_weight(index));
            member.name = recipe.by_name().then(|| view.key(index).as_bytes().into());
            member
        };
        let members: Vec<Member> = (0..view.len()).map(member).collect();
        let limits = Limits::new(MOST_ENTRIES);
        let made = recipe.build(&members, limits).map(Made::Table);
        let plain = || Rendezvous::default().build(&members, limits);
        Self(made.unwrap_or_else(|_| plain().map_or(Made::None, Made::Plain)))
    }

    /// Who has this key.
    #[inline]
    pub(super) fn owner(&self, hash: u64) -> Option<usize> {
        match &self.0 {
            Made::Table(table) => table.locate(hash),
            Made::Plain(table) => table.locate(hash),
            Made::None => None,
        }
    }

    /// The backends that a key prefers, the owner first; some may come up more than once.
    pub(super) fn order(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        let mut walk = Walk::new();
        std::iter::from_fn(move || match &self.0 {
            Made::Table(table) => table.candidate(hash, &mut walk),
            Made::Plain(table) => table.candidate(hash, &mut walk),
            Made::None => None,
        })
    }
}
