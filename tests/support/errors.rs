//! One of each refusal.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tenfold::{balance, cache, health, limit, pool, ring};

pub(crate) const NO_BACKEND: [balance::NoBackend; 5] = [
    balance::NoBackend::AllExcluded,
    balance::NoBackend::AllUnavailable { total: 2 },
    balance::NoBackend::Empty,
    balance::NoBackend::Overloaded,
    balance::NoBackend::Panic {
        usable: 1,
        total: 2,
    },
];

pub(crate) fn balance() -> [balance::Error; 6] {
    [
        balance::Error::BadSetting {
            rule: "x must be 1",
        },
        balance::Error::DuplicateKey { key: "a".into() },
        balance::Error::NoBackend(balance::NoBackend::Empty),
        balance::Error::SameId {
            keys: Box::new(("a".into(), "b".into())),
        },
        balance::Error::TooMany { count: 2, limit: 1 },
        balance::Error::UnknownKey { key: "a".into() },
    ]
}

pub(crate) const CACHE: [cache::Error; 6] = [
    cache::Error::EarlyRefresh,
    cache::Error::Jitter,
    cache::Error::NoFreshness,
    cache::Error::NoTimeToLive {
        ttl: Duration::ZERO,
    },
    cache::Error::Shards { shards: 3 },
    cache::Error::SnapshotVersion { version: 2 },
];

pub(crate) const POOL: [pool::Error; 8] = [
    pool::Error::BadSetting {
        rule: "max_size must be 1 to 100 000",
    },
    pool::Error::Closed,
    pool::Error::Exhausted,
    pool::Error::NoSpawner {
        setting: "min_idle",
    },
    pool::Error::TimedOut,
    pool::Error::TooManyKeys { limit: 3 },
    pool::Error::TooManyWaiters { limit: 3 },
    pool::Error::Unavailable {
        retry_after: Some(Duration::ZERO),
    },
];

pub(crate) fn loads() -> [cache::LoadError<balance::NoBackend>; 5] {
    [
        cache::LoadError::Failed(Arc::new(balance::NoBackend::Empty)),
        cache::LoadError::Recursive,
        cache::LoadError::TimedOut,
        cache::LoadError::TooManyLoads,
        cache::LoadError::TooManyWaiters,
    ]
}

pub(crate) fn checks() -> [health::CheckError; 5] {
    [
        health::CheckError::failed("no disk"),
        health::CheckError::Io(ErrorKind::ConnectionRefused),
        health::CheckError::Lost,
        health::CheckError::Panicked,
        health::CheckError::TimedOut,
    ]
}

pub(crate) fn health() -> [health::Error; 4] {
    [
        health::Error::BadSetting {
            rule: "x must be 1",
        },
        health::Error::DuplicateKey { key: "a".into() },
        health::Error::Expired { key: "a".into() },
        health::Error::TooMany { limit: 1 },
    ]
}

pub(crate) const LIMIT: [limit::Error; 13] = [
    limit::Error::BadBudget { bytes: 1 },
    limit::Error::BadCount { most: 16 },
    limit::Error::BadWindow,
    limit::Error::BurstTooLarge {
        burst: 2,
        largest: 1,
    },
    limit::Error::CostAboveLimit { cost: 2, limit: 1 },
    limit::Error::Limited { retry_after: None },
    limit::Error::LogTooLong {
        limit: 1,
        largest: 1,
    },
    limit::Error::PeriodTooLong,
    limit::Error::TimedOut,
    limit::Error::TooFast {
        tokens: 1,
        nanos: 1,
    },
    limit::Error::TooManyClasses { given: 257 },
    limit::Error::TooManyWaiters { limit: 1 },
    limit::Error::ZeroPeriod,
];

pub(crate) const RING: [ring::Error; 15] = [
    ring::Error::BadState,
    ring::Error::CapacityExceeded {
        needed: 2,
        capacity: 1,
    },
    ring::Error::DuplicateNode {
        first: 0,
        second: 1,
    },
    ring::Error::Factor,
    ring::Error::Incomparable,
    ring::Error::Nameless { node: 0 },
    ring::Error::NoPoints,
    ring::Error::NoSlots,
    ring::Error::NotPrime { size: 4 },
    ring::Error::Outdated,
    ring::Error::Probes { given: 0 },
    ring::Error::RingSizes {
        minimum: 2,
        maximum: 1,
    },
    ring::Error::TooManyEntries {
        needed: 2,
        limit: 1,
    },
    ring::Error::TooManyNodes { nodes: 2, limit: 1 },
    ring::Error::UnknownNode,
];
