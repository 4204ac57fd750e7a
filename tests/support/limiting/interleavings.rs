//! The word of a token bucket, and the quota beside it.

use std::time::Duration;

use loom::thread;
use tenfold::__kernel::Arc;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Keep, Keyed, Quota, RateLimiter, TokenBucket};

use crate::red::must_fail;
use crate::{explore, explore_only};

const NANO: Duration = Duration::from_nanos(1);

fn bucket(quota: Quota) -> (Arc<TokenBucket<ManualClock>>, ManualClock) {
    let clock = ManualClock::new();
    (
        Arc::new(TokenBucket::with_clock(quota, clock.clone())),
        clock,
    )
}

// Each word of a quota may be an old or a new one to whoever reads it, which makes many executions of few interleavings: hence one
// pre-emption only where a quota changes, also in the deep run.

/// The one token that is there before, during and after a change of the quota came back since the last charge. So the filling is in it,
/// which is made of several words, and whoever wants it gets it; and it is gone then.
fn quota_changes_under_a_caller() {
    let (bucket, clock) = bucket(Quota::new(1, NANO, 2).unwrap());
    assert!(bucket.try_acquire_n(2));
    clock.advance(NANO);
    let changing = change_to_five_times_the_unit(&bucket);
    let taken = bucket.try_acquire_n_at(Tick::from_nanos(1), 1);
    changing.join().unwrap();
    assert!(taken, "there was a token all the time");
    assert_eq!(bucket.available(), 0);
}

/// Units of a token before, and of a fifth afterwards.
fn change_to_five_times_the_unit(bucket: &Arc<TokenBucket<ManualClock>>) -> thread::JoinHandle<()> {
    let bucket = bucket.clone();
    let quota = Quota::new(1, 5 * NANO, 3).unwrap();
    thread::spawn(move || bucket.set_quota(quota, Keep::Tokens))
}

#[test]
fn a_call_meets_one_quota() {
    explore_only(1, quota_changes_under_a_caller);
}

/// As above, by the words that every quota has, and not by those that only most of them come down to.
#[test]
fn a_decision_meets_one_quota() {
    explore_only(1, || {
        let (bucket, _) = bucket(Quota::new(1, NANO, 2).unwrap());
        assert!(bucket.try_acquire());
        let changing = change_to_five_times_the_unit(&bucket);
        let taken = bucket.try_acquire_at(Tick::ZERO, 1).allowed;
        changing.join().unwrap();
        assert!(taken, "there was a token all the time");
        assert_eq!(bucket.available(), 0);
    });
}

#[test]
fn red_if_a_decision_may_be_of_two_times() {
    let complaint = "there was a token all the time";
    must_fail(
        "limiting::interleavings::a_decision_meets_one_quota",
        "MixQuotas",
        complaint,
    );
}

#[test]
fn red_if_word_and_quota_may_be_of_two_times() {
    let complaint = "there was a token all the time";
    must_fail(
        "limiting::interleavings::a_call_meets_one_quota",
        "MixQuotas",
        complaint,
    );
}

#[test]
fn red_if_the_quota_is_written_before_the_word_is_frozen() {
    let complaint = "there was a token all the time";
    must_fail(
        "limiting::interleavings::a_call_meets_one_quota",
        "SkipFreezeFence",
        complaint,
    );
}

/// Four tokens are four units of one quota and less than a token of the other. After the change two tokens are there, whenever the
/// call came: it was refused by the new quota, or forgotten with the old one.
#[test]
fn a_word_belongs_to_one_quota() {
    explore_only(1, || {
        let (bucket, _) = bucket(Quota::new(1, NANO, 10).unwrap());
        assert!(bucket.try_acquire_n(6));
        let changing = {
            let bucket = bucket.clone();
            let quota = Quota::new(1, 5 * NANO, 3).unwrap().with_initial(2);
            thread::spawn(move || bucket.set_quota(quota, Keep::Reset))
        };
        let _ = bucket.try_acquire_n_at(Tick::ZERO, 4);
        changing.join().unwrap();
        assert_eq!(bucket.available(), 2, "a charge by another quota");
    });
}

#[test]
fn red_if_two_quotas_share_an_axis() {
    let complaint = "a charge by another quota";
    must_fail(
        "limiting::interleavings::a_word_belongs_to_one_quota",
        "SameAxis",
        complaint,
    );
}

/// A reservation is cancelled while somebody takes a token of a bucket that is full again. Giving back what was charged to the old
/// filling would create a token.
#[test]
fn a_cancelled_reservation_creates_nothing() {
    explore(3, || {
        let (bucket, clock) = bucket(Quota::new(1, NANO, 1).unwrap());
        let reserved = bucket.reserve(1, Duration::ZERO).unwrap();
        clock.advance(5 * NANO);
        let taking = {
            let bucket = bucket.clone();
            thread::spawn(move || bucket.try_acquire())
        };
        reserved.cancel();
        assert!(taking.join().unwrap(), "the bucket was full");
        assert_eq!(bucket.available(), 0, "a token came from nowhere");
    });
}

#[test]
fn red_if_a_reservation_is_cancelled_whatever_happened_since() {
    let complaint = "a token came from nowhere";
    must_fail(
        "limiting::interleavings::a_cancelled_reservation_creates_nothing",
        "UndoAnyway",
        complaint,
    );
}

/// Of the last token one caller gets it.
#[test]
fn one_token_one_caller() {
    explore(3, || {
        let (bucket, _) = bucket(Quota::new(0, NANO, 1).unwrap());
        let other = {
            let bucket = bucket.clone();
            thread::spawn(move || bucket.try_acquire())
        };
        let mine = bucket.try_acquire();
        assert_ne!(mine, other.join().unwrap());
    });
}

/// One caller charges the bucket of a key while another one puts a key of its own in that place. Whatever comes first, what was
/// admitted is remembered or counted as forgiven.
#[test]
fn a_place_that_changes_hands_takes_no_charge_along() {
    explore(2, || {
        let limiter = Keyed::builder(Quota::new(0, NANO, 2).unwrap());
        let limiter = limiter.bytes(128).clock(ManualClock::new()).build();
        let limiter = Arc::new(limiter.unwrap());
        for key in 0..7_u64 {
            assert!(limiter.try_acquire_n_at(Tick::ZERO, &key, 1 + u64::from(key > 0)));
        }
        let newcomer = {
            let limiter = limiter.clone();
            thread::spawn(move || limiter.try_acquire_n_at(Tick::ZERO, &7, 1))
        };
        let mine = limiter.try_acquire_n_at(Tick::ZERO, &0, 1);
        let admitted = 13 + u64::from(mine) + u64::from(newcomer.join().unwrap());
        let remembered: u64 = (0..8).map(|key| 2 - limiter.available(&key)).sum();
        let forgiven = limiter.stats().forgiven;
        assert_eq!(admitted, remembered + forgiven, "a charge is gone");
    });
}

#[test]
fn red_if_a_set_is_changed_without_asking() {
    let test = "limiting::interleavings::a_place_that_changes_hands_takes_no_charge_along";
    must_fail(test, "WriteUnasked", "a charge is gone");
}
