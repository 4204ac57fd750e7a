//! What happens to a key that finds no place.

/// What happens to a key for which [`Keyed`](super::Keyed) has no place: all seven where it could stand belong to keys whose buckets
/// are not full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Overflow {
    /// It takes the place of the key that lacks the fewest tokens, whose bucket counts as full from then on. What is forgiven that
    /// way is counted, so that one can tell what a flood of keys was given: see [`KeyedStats::forgiven`](super::KeyedStats::forgiven).
    #[default]
    EvictLeastDebt,
    /// It shares one bucket of class 0 with all other keys that find no place there. No key gets more than it should, whatever the
    /// flood; a newcomer may get less, also when it finds a place soon after others had none.
    ///
    /// A place of each seven is for the shared bucket. Keys of other classes than 0 have another quota than that bucket, and are refused
    /// until a place becomes free. One large [`charge`](super::Keyed::charge) of a key without a place puts the bucket, and with it all
    /// that share it, in debt.
    Share,
    /// It is refused until a place becomes free.
    Deny,
}
