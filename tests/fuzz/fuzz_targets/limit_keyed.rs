//! Sequences of calls to a limiter of many keys with few places: no window of a key sees more than its quota and what was forgiven,
//! and the statistics are what was said.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Keyed, Overflow, Quota};

#[derive(Arbitrary, Debug)]
struct Wanted {
    tokens: u16,
    nanos: u32,
    burst: u16,
}

impl Wanted {
    fn quota(&self) -> Option<Quota> {
        Quota::new(self.tokens.into(), Duration::from_nanos(self.nanos.into()), self.burst.into()).ok()
    }
}

#[derive(Arbitrary, Debug)]
struct Settings {
    quotas: [Wanted; 2],
    classes: bool,
    overflow: u8,
    exact: bool,
}

#[derive(Arbitrary, Debug)]
enum Call {
    Take(u8),
    Decide(u64),
    Charge(u64),
    Refund(u64),
    Forget,
    Clear,
}

/// Keys whose law is checked; the others are forgotten and get tokens back as well.
const CHECKED: u8 = 16;

/// Tokens that a key was given, in the order of their timestamps.
fn exceeds(quota: &Quota, given: &mut [(u64, u64)], more: u64) -> bool {
    given.sort_unstable();
    let period = quota.period().as_nanos();
    (0..given.len()).any(|first| {
        let mut sum = 0;
        given[first..].iter().any(|(at, cost)| {
            sum += u128::from(*cost);
            let filled = u128::from(at - given[first].0) * u128::from(quota.tokens());
            sum * period > (u128::from(quota.burst()) + u128::from(more)) * period + filled
        })
    })
}

fuzz_target!(|input: (Settings, Vec<(i32, u8, Call)>)| {
    let (settings, calls) = input;
    let [Some(quota), Some(other)] = settings.quotas.each_ref().map(Wanted::quota) else { return };
    let policies = [Overflow::EvictLeastDebt, Overflow::Share, Overflow::Deny];
    let overflow = policies[usize::from(settings.overflow) % policies.len()];
    let clock = ManualClock::starting_at(Tick::from_nanos(1 << 40));
    let mut builder = Keyed::builder(quota).keys(1).overflow(overflow).exact_keys(settings.exact);
    if settings.classes {
        builder = builder.class(other).quota_for(|key: &u8| usize::from(key % 2));
    }
    let limiter = builder.clock(clock.clone()).build().expect("seven places fit");
    let mut given: BTreeMap<u8, Vec<(u64, u64)>> = BTreeMap::new();
    let (mut now, mut allowed, mut refused) = (1_u64 << 40, 0, 0);
    for (step, key, call) in calls.into_iter().take(256) {
        now = now.saturating_add_signed(step.into());
        clock.set(Tick::from_nanos(now));
        let key = key % (CHECKED + 4);
        let mut said = |taken: bool, cost: u64| {
            if taken {
                given.entry(key).or_default().push((now, cost));
                allowed += 1;
            } else {
                refused += 1;
            }
        };
        match call {
            Call::Take(cost) => said(limiter.try_acquire_n(&key, cost.into()), cost.into()),
            Call::Decide(cost) => {
                let peeked = limiter.peek(&key, cost);
                let there = limiter.available(&key);
                let decision = limiter.decide(&key, cost);
                assert_eq!(peeked, decision);
                assert!(decision.allowed == (cost <= there), "{decision:?} of {there}");
                said(decision.allowed, cost);
            }
            Call::Charge(cost) => limiter.charge(&key, cost),
            Call::Refund(cost) if key >= CHECKED => limiter.refund(&key, cost),
            Call::Forget if key >= CHECKED => {
                limiter.forget(&key);
                assert!(!limiter.forget(&key), "forgotten twice");
            }
            Call::Clear if key >= CHECKED => {
                limiter.clear();
                given.clear();
                assert_eq!(limiter.live(), 0);
            }
            Call::Refund(_) | Call::Forget | Call::Clear => {}
        }
        assert!(limiter.live() <= limiter.stats().capacity);
    }
    let stats = limiter.stats();
    assert_eq!((stats.allowed, stats.refused), (allowed, refused));
    assert!(stats.denied <= refused && (overflow == Overflow::EvictLeastDebt || stats.evicted == 0));
    for (key, given) in given.iter_mut().filter(|(key, _)| **key < CHECKED) {
        let quota = if settings.classes && key % 2 == 1 { other } else { quota };
        assert!(!exceeds(&quota, given, stats.forgiven), "{key}: {given:?} of {quota:?}, {stats:?}");
    }
});
