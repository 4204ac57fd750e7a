//! The one trait behind which every contestant of this module stands.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::input;

/// Something that maps keys to nodes. Nodes are socket addresses, because some peers know no other; the answer of a
/// lookup is the port of the node, so every contestant has to reach the node itself, not only its number.
pub(super) trait Table: Sized + Sync + 'static {
    /// What a thread holds while it looks keys up.
    type Handle<'t>
    where
        Self: 't;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String>;

    /// A table that has one node more, by the way its crate offers for that; this one stays as it is.
    fn with(&self, node: SocketAddr) -> Result<Self, String>;

    fn handle(&self) -> Self::Handle<'_>;

    fn locate(handle: &mut Self::Handle<'_>, key: &u64) -> Option<u16>;
}

/// The first `count` nodes; the port of the first is 1.
pub(super) fn nodes(count: usize) -> Vec<SocketAddr> {
    (1..=u16::MAX)
        .take(count)
        .map(|port| {
            let [high, low] = port.to_be_bytes();
            SocketAddr::from(([10, 0, high, low], port))
        })
        .collect()
}

/// How far a table of `count` nodes may grow, where that has to be said when it is built: by a quarter, and one.
pub(super) fn capacity(count: usize) -> u16 {
    u16::try_from(count + count / 4 + 1).unwrap_or(u16::MAX)
}

/// Whether the table answers as a table of `count` nodes must: always one of them, the same one when asked again, and
/// nearly every one of them for some key.
pub(super) fn check<T: Table>(table: &T, count: usize) -> Result<(), String> {
    let mut handle = table.handle();
    let mut seen = HashSet::new();
    for key in input::keys(0).iter() {
        let port = T::locate(&mut handle, key).ok_or("a key has no node")?;
        if !(1..=count).contains(&usize::from(port)) {
            return Err(format!("node {port} of {count}"));
        }
        if T::locate(&mut handle, key) != Some(port) {
            return Err("a key moved without reason".to_owned());
        }
        seen.insert(port);
    }
    if seen.len() * 10 < count * 9 {
        return Err(format!("only {} of {count} nodes have a key", seen.len()));
    }
    Ok(())
}
