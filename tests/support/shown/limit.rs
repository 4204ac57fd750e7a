//! A value of each type of `limit`.

use std::fmt::Debug;
use std::time::Duration;

use tenfold::limit;

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
    let quota = limit::Quota::per_hour(2);
    let window = Duration::from_secs(1);
    let bucket = limit::TokenBucket::new(quota);
    let decision = bucket.decide(1);
    let keyed = limit::Keyed::<String>::builder(quota).bytes(1 << 16);
    let shadow = limit::Shadow::new(limit::TokenBucket::new(quota));
    show("limit::Acquire", &bucket.acquire_async(1));
    show("limit::All", &limit::All::new([quota]).unwrap());
    show("limit::AllBuilder", &limit::All::builder());
    show("limit::Builder", &limit::TokenBucket::builder(quota));
    show("limit::Config", &bucket.config());
    show("limit::Decision", &decision);
    show("limit::Error", &limit::Error::TimedOut);
    show(
        "limit::FixedWindow",
        &limit::FixedWindow::new(1, window).unwrap(),
    );
    show("limit::Headers", &decision.headers("default"));
    show("limit::Keep", &limit::Keep::Tokens);
    show("limit::KeyedBuilder", &keyed);
    let keyed = keyed.build().unwrap();
    show("limit::Keyed", &keyed);
    show("limit::KeyedConfig", &keyed.config());
    show("limit::KeyedStats", &keyed.stats());
    show("limit::Leased", &limit::Leased::new(quota));
    show("limit::Overflow", &limit::Overflow::Deny);
    show("limit::Quota", &quota);
    show(
        "limit::Reservation",
        &bucket.reserve(1, Duration::ZERO).unwrap(),
    );
    show("limit::Shadow", &shadow);
    show("limit::ShadowStats", &shadow.stats());
    show(
        "limit::SlidingLog",
        &limit::SlidingLog::new(1, window).unwrap(),
    );
    show(
        "limit::SlidingWindow",
        &limit::SlidingWindow::new(1, window).unwrap(),
    );
    show("limit::Stats", &bucket.stats());
    show("limit::TokenBucket", &bucket);
}
