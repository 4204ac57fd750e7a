//! Sequences of calls beside a naive cache, with all invariants checked after each call.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use proptest::prelude::*;

use self::script::{Call, Settings, Spread, run};

#[path = "../../tests/support/caching/script.rs"]
#[expect(unreachable_pub, reason = "fuzzing includes it as well")]
mod script;

/// The rooms of the crate, as the script calls them.
mod rooms {
    pub(super) use crate::cache::{MemoryCache, Ref, RemovalCause};
    pub(super) use crate::kernel::clock::ManualClock;
}

fn settings() -> impl Strategy<Value = Settings> {
    let capacity = prop_oneof![
        Just(0),
        Just(1),
        Just(2),
        3..40_u64,
        Just(240),
        300..2_000_u64,
        Just(u64::MAX)
    ];
    let spread = prop_oneof![3 => Just(Spread::Well), 1 => Just(Spread::Little), 1 => Just(Spread::NotAtAll)];
    let shards = prop_oneof![Just(1_usize), Just(2), Just(8)];
    (
        capacity,
        shards,
        spread,
        any::<bool>(),
        0..3_u64,
        any::<bool>(),
    )
        .prop_map(|(capacity, shards, spread, weighted, ttl, listens)| {
            // Tables of entries begin in proportion to the capacity, and are looked through after each call.
            let weighted = weighted || capacity == u64::MAX;
            Settings {
                capacity,
                shards,
                spread,
                weighted,
                ttl: ttl * 10,
                listens,
            }
        })
}

/// A cache without weights prepares for a million entries a shard if it may hold as many, which takes longer than all else.
fn capacity() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0..50_u64, 7 => Just(700), 1 => Just(u64::MAX)]
}

fn call(keys: u16) -> impl Strategy<Value = Call> {
    let key = move || 0..keys;
    prop_oneof![
        4 => key().prop_map(Call::Get),
        1 => key().prop_map(Call::Peek),
        2 => key().prop_map(Call::Hold),
        2 => any::<u8>().prop_map(Call::Release),
        8 => (key(), any::<u8>()).prop_map(|(key, which)| Call::Insert(key, which)),
        2 => (key(), any::<u8>()).prop_map(|(key, count)| Call::InsertMany(key, count)),
        2 => key().prop_map(Call::Remove),
        1 => key().prop_map(Call::Invalidate),
        1 => Just(Call::InvalidateAll),
        1 => capacity().prop_map(Call::SetCapacity),
        2 => (key(), key(), any::<u8>()).prop_map(|(outer, inner, how)| Call::Nest(outer, inner, how)),
        1 => (0..8_u8).prop_map(Call::Wait),
    ]
}

proptest! {
    // A third of the usual number, which the environment may set.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.div_ceil(3), ..ProptestConfig::default() })]
    #[test]
    fn a_cache_is_a_naive_one_that_forgets(
        settings in settings(),
        calls in prop_oneof![prop::collection::vec(call(20), 0..120), prop::collection::vec(call(1_000), 0..60)],
    ) {
        run(settings, calls);
    }
}
