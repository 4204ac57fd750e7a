//! What a change does to the copies of a key.

use tenfold::ring::{Placement, Ring};

/// Copies of each key.
pub(crate) const COPIES: usize = 3;
/// Keys that are looked at: lists take longer than owners.
const KEYS: usize = 10_000;

/// The part of these keys of whose copies more than one has to move.
pub(crate) fn disturbed<P: Placement>(
    before: &Ring<u32, P>,
    after: &Ring<u32, P>,
    hashes: &[u64],
) -> f64 {
    let looked_at = hashes.get(..KEYS).unwrap_or(hashes);
    let is_disturbed = |hash: &&u64| {
        let stays = |home: &&u32| before.replicas_hash(**hash, COPIES).any(|old| old == *home);
        let homes = after.replicas_hash(**hash, COPIES);
        let (stay, all) = (homes.clone().filter(stays).count(), homes.count());
        all - stay > 1
    };
    looked_at.iter().filter(is_disturbed).count() as f64 / looked_at.len() as f64
}
