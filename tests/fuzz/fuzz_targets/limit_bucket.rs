//! Sequences of calls to a token bucket, at any times and with any quotas: it answers as its model in exact fractions does.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tenfold::clock::ManualClock;
use tenfold::limit::{Keep, Quota, TokenBucket};

#[expect(dead_code, reason = "for random tests")]
#[path = "../../support/limit/model.rs"]
mod model;
#[expect(dead_code, reason = "for random tests")]
#[path = "../../support/limit/quotas.rs"]
mod quotas;
#[expect(dead_code, reason = "for random tests")]
#[path = "../../support/limit/script.rs"]
mod script;

use quotas::{Cost, Pace};
use script::{Op, Run};

/// A quota that is accepted, or one that people set.
#[derive(Arbitrary, Debug)]
enum Wanted {
    Known(u8),
    Any { tokens: u64, nanos: u64, burst: u64 },
    Small { tokens: u8, nanos: u8, burst: u8, initial: u8 },
    Unlimited,
}

impl Wanted {
    fn quota(&self) -> Option<Quota> {
        let new = |tokens, nanos, burst| Quota::new(tokens, Duration::from_nanos(nanos), burst).ok();
        match *self {
            Self::Known(which) => {
                let known = quotas::known();
                Some(known[usize::from(which) % known.len()])
            }
            Self::Any { tokens, nanos, burst } => new(tokens, nanos, burst),
            Self::Small { tokens, nanos, burst, initial } => {
                let quota = new(tokens.into(), nanos.into(), burst.into())?;
                Some(quota.with_initial(initial.into()))
            }
            Self::Unlimited => Some(Quota::UNLIMITED),
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Time {
    Same,
    Tokens(i16, i8),
    Nanos(i64),
    At(u64),
    Ready(i8),
}

impl Time {
    fn pace(&self) -> Pace {
        match *self {
            Self::Same => Pace::Same,
            Self::Tokens(parts, nanos) => Pace::Tokens(parts.into(), nanos.into()),
            Self::Nanos(nanos) => Pace::Nanos(nanos),
            Self::At(at) => Pace::At(at),
            Self::Ready(nanos) => Pace::Ready(nanos),
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Price {
    Few(u8),
    Burst(u8, i8),
    Any(u64),
}

impl Price {
    fn cost(&self) -> Cost {
        match *self {
            Self::Few(cost) => Cost::Some(cost.into()),
            Self::Burst(part, more) => Cost::Burst(part, more),
            Self::Any(cost) => Cost::Some(cost),
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Call {
    Decide(Price),
    Take(Price),
    UpTo(Price),
    Charge(Price),
    Refund(Price),
    Reserve(Price, u64),
    Cancel(u8),
    Commit(u8),
    SetQuota(Wanted, u8),
}

impl Call {
    fn op(&self) -> Option<Op> {
        Some(match self {
            Self::Decide(price) => Op::Decide(price.cost()),
            Self::Take(price) => Op::Take(price.cost()),
            Self::UpTo(price) => Op::UpTo(price.cost()),
            Self::Charge(price) => Op::Charge(price.cost()),
            Self::Refund(price) => Op::Refund(price.cost()),
            Self::Reserve(price, wait) => Op::Reserve(price.cost(), *wait),
            Self::Cancel(which) => Op::Cancel((*which).into()),
            Self::Commit(which) => Op::Commit((*which).into()),
            Self::SetQuota(wanted, keep) => {
                let keeps = [Keep::Tokens, Keep::Proportion, Keep::Reset];
                Op::SetQuota(wanted.quota()?, keeps[usize::from(*keep) % keeps.len()])
            }
        })
    }
}

fuzz_target!(|input: (Wanted, Vec<(Time, Call)>)| {
    let (wanted, calls) = input;
    let Some(quota) = wanted.quota() else { return };
    let calls = calls.iter().take(64);
    let script: Vec<_> = calls.filter_map(|(time, call)| Some((time.pace(), call.op()?))).collect();
    let clock = ManualClock::new();
    let bucket = TokenBucket::with_clock(quota, clock.clone());
    let mut run = Run::new(&bucket, clock);
    let outcome = run.go(&script);
    for (reservation, _) in run.reserved.drain(..) {
        reservation.commit();
    }
    assert!(outcome.is_ok(), "{outcome:?} of {quota:?} {script:?}");
});
