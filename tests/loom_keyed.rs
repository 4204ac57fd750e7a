//! Every interleaving of the lock that those who only look don't take, and of two calls on one set of keys.
//!
//! Whether words of two writes can be seen is shown on the lock alone. Through a whole limiter, loom does not come upon it: with the
//! same faults, those models stay green.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom_keyed --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use tenfold::__kernel::{Arc, VersionLock, leave};
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Keyed, Overflow, Quota};

#[path = "support/explore.rs"]
mod explore;
#[path = "support/red.rs"]
mod red;

use explore::explore;
use red::must_fail;

type Limiter = Arc<Keyed<u64, ManualClock>>;

const BURST: u64 = 3;

/// Seven places, of which as many as `taken` has are in use: the key of each has taken so many tokens.
fn limiter(overflow: Overflow, taken: &[u64]) -> Limiter {
    let builder = Keyed::builder(Quota::per_hour(3)).bytes(128);
    let clock = ManualClock::starting_at(Tick::from_nanos(1));
    let limiter = builder.overflow(overflow).clock(clock).build().unwrap();
    for (key, tokens) in (0..).zip(taken) {
        assert!(limiter.try_acquire_n(&key, *tokens));
    }
    Arc::new(limiter)
}

/// Whether another thread's call was admitted.
fn spawn(limiter: &Limiter, key: u64, cost: u64) -> thread::JoinHandle<bool> {
    let limiter = limiter.clone();
    thread::spawn(move || {
        let admitted = limiter.try_acquire_n(&key, cost);
        leave();
        admitted
    })
}

/// A key takes a token while another one takes its place.
fn taken_over() {
    let limiter = limiter(Overflow::EvictLeastDebt, &[1, 2, 2, 2, 2, 2, 2]);
    let newcomer = spawn(&limiter, 99, BURST);
    assert!(
        limiter.try_acquire(&0),
        "refused for what another key has taken"
    );
    assert!(newcomer.join().unwrap());
    let known: u64 = [0, 1, 2, 3, 4, 5, 6, 99]
        .iter()
        .map(|key| BURST - limiter.available(key))
        .sum();
    let forgiven = limiter.stats().forgiven;
    assert_eq!(known + forgiven, 13 + 1 + BURST, "a token was lost");
    leave();
}

#[test]
fn a_place_is_taken_over_as_a_whole() {
    explore(3, taken_over);
}

/// Two threads bring the same key at the same time, and both want most of it.
fn brought_twice() {
    let limiter = limiter(Overflow::Deny, &[2]);
    let other = spawn(&limiter, 99, 2);
    let admitted = [limiter.try_acquire_n(&99, 2), other.join().unwrap()];
    assert!(admitted[0] != admitted[1], "{admitted:?} of 2 and 2 of 3");
    assert_eq!(limiter.available(&99), 1);
    leave();
}

#[test]
fn a_key_gets_one_place() {
    explore(3, brought_twice);
}

/// Two threads take from a bucket that has enough for one of them.
fn wanted_twice() {
    let limiter = limiter(Overflow::Share, &[1]);
    let other = spawn(&limiter, 0, 2);
    let admitted = [limiter.decide(&0, 2).allowed, other.join().unwrap()];
    assert!(admitted[0] != admitted[1], "{admitted:?} of 2 and 2 of 2");
    leave();
}

#[test]
fn a_token_is_taken_once() {
    explore(3, wanted_twice);
}

/// A writer of two words that should be one, and a reader that looks at them, and then takes one from each.
fn looked_at() {
    struct Pair {
        lock: VersionLock,
        words: [AtomicU64; 2],
    }
    impl Pair {
        fn read(&self) -> [u64; 2] {
            self.words.each_ref().map(|w| w.load(Ordering::Relaxed))
        }
        fn write(&self, words: [u64; 2]) {
            for (to, from) in self.words.iter().zip(words) {
                to.store(from, Ordering::Relaxed);
            }
        }
    }
    let pair = Arc::new(Pair {
        lock: VersionLock::new(),
        words: [AtomicU64::new(5), AtomicU64::new(5)],
    });
    let writer = {
        let pair = pair.clone();
        thread::spawn(move || {
            let writing = pair.lock.lock();
            pair.write([8, 8]);
            drop(writing);
        })
    };
    if let Some(version) = pair.lock.look() {
        let [first, second] = pair.read();
        if pair.lock.is_still(version) {
            assert_eq!(first, second, "words of two writes");
        }
        if let Some(_writing) = pair.lock.begin(version) {
            assert_eq!([first, second], [pair.read()[0]; 2], "changed since");
            pair.write([first - 1, second - 1]);
        }
    }
    writer.join().unwrap();
    let _writing = pair.lock.lock();
    let [first, second] = pair.read();
    assert_eq!(first, second, "words of two writers");
    assert!([8, 7].contains(&first), "{first}");
}

#[test]
fn whoever_looks_sees_one_moment() {
    explore(4, looked_at);
}

#[test]
fn red_without_looking_at_the_version_again() {
    must_fail(
        "whoever_looks_sees_one_moment",
        "SkipVersionCheck",
        "words of two writes",
    );
}

#[test]
fn red_without_the_fence_of_the_writer() {
    must_fail(
        "whoever_looks_sees_one_moment",
        "SkipWriteFence",
        "words of two writes",
    );
}
