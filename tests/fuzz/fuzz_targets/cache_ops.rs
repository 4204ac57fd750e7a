//! Sequences of calls to a cache, beside a naive one, with all invariants checked after each call.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

use script::{Call, Settings, Spread, run};

#[path = "../../support/caching/script.rs"]
mod script;

/// The rooms of the crate, as the script calls them.
mod rooms {
    pub(super) use tenfold::cache::{MemoryCache, Ref, RemovalCause};
    pub(super) use tenfold::clock::ManualClock;
}

#[derive(Arbitrary, Debug)]
struct Wanted {
    capacity: u16,
    unbounded: bool,
    shards: u8,
    spread: u8,
    weighted: bool,
    ttl: u8,
    listens: bool,
    keys: u16,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Get(u16),
    Peek(u16),
    Hold(u16),
    Release(u8),
    Insert(u16, u8),
    InsertMany(u16, u8),
    Remove(u16),
    Invalidate(u16),
    InvalidateAll,
    SetCapacity(u16),
    LiftCapacity,
    Nest(u16, u16, u8),
    Wait(u8),
}

fuzz_target!(|input: (Wanted, Vec<Step>)| {
    let (wanted, steps) = input;
    let settings = Settings {
        // Tables of entries begin in proportion to the capacity.
        capacity: if wanted.unbounded {
            u64::MAX
        } else {
            u64::from(wanted.capacity % 3_000)
        },
        shards: 1 << (wanted.shards % 4),
        spread: [Spread::Well, Spread::Little, Spread::NotAtAll][usize::from(wanted.spread % 3)],
        weighted: wanted.weighted || wanted.unbounded,
        ttl: u64::from(wanted.ttl % 3) * 10,
        listens: wanted.listens,
    };
    let key = |key: u16| key % wanted.keys.clamp(1, 2_000);
    let calls = steps.into_iter().take(128).map(|step| match step {
        Step::Get(n) => Call::Get(key(n)),
        Step::Peek(n) => Call::Peek(key(n)),
        Step::Hold(n) => Call::Hold(key(n)),
        Step::Release(n) => Call::Release(n),
        Step::Insert(n, which) => Call::Insert(key(n), which),
        Step::InsertMany(n, count) => Call::InsertMany(key(n), count),
        Step::Remove(n) => Call::Remove(key(n)),
        Step::Invalidate(n) => Call::Invalidate(key(n)),
        Step::InvalidateAll => Call::InvalidateAll,
        Step::SetCapacity(capacity) => Call::SetCapacity(u64::from(capacity % 3_000)),
        Step::LiftCapacity => Call::SetCapacity(u64::MAX),
        Step::Nest(outer, inner, how) => Call::Nest(key(outer), key(inner), how),
        Step::Wait(seconds) => Call::Wait(seconds % 8),
    });
    run(settings, calls);
});
