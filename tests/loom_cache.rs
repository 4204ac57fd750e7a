//! Every interleaving of small models of the cache's tables: readers without a lock against whoever changes what they read.
//!
//! Each model survives as it is, and fails with each of some faults.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom_cache --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(unsafe_code, reason = "a probe that loom watches has to be shared")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;
use loom::thread;
use tenfold::__kernel::Rack;
use tenfold::snapshot::Snapshot;

#[path = "support/explore.rs"]
mod explore;
#[path = "support/red.rs"]
mod red;

use explore::explore;
use red::must_fail;

/// Both keys and values: loom sees every look at one, its making and its end. What is left of one that was dropped still tells so.
struct Probe {
    number: usize,
    cell: UnsafeCell<()>,
    dropped: &'static AtomicBool,
}

// SAFETY: the model checks that the accesses to the cell are ordered.
unsafe impl Sync for Probe {}

impl Probe {
    fn new(number: usize) -> Self {
        let dropped = Box::leak(Box::new(AtomicBool::new(false)));
        Self {
            number,
            cell: UnsafeCell::new(()),
            dropped,
        }
    }

    fn look(&self) -> usize {
        let whole = || {
            assert!(
                !self.dropped.load(Ordering::SeqCst),
                "{} was dropped while it was read",
                self.number
            );
        };
        whole();
        self.cell.with(|_| ());
        whole();
        self.number
    }
}

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        self.look() == other.look()
    }
}

impl Eq for Probe {}

impl Drop for Probe {
    fn drop(&mut self) {
        self.cell.with_mut(|_| ());
        assert!(!self.dropped.swap(true, Ordering::SeqCst), "dropped twice");
    }
}

const HERE: u32 = 7;
const KEY: usize = 100;
const OTHER: usize = 200;

type Shelf = Arc<Rack<Probe, Probe>>;

fn shelf() -> Shelf {
    let shelf = Shelf::default();
    insert(&shelf, KEY, 0);
    shelf
}

fn insert(shelf: &Shelf, key: usize, value: usize) {
    shelf.insert(HERE, Probe::new(key), Probe::new(value));
}

fn read(shelf: &Shelf, key: usize) -> Option<usize> {
    shelf.read(HERE, &Probe::new(key), Probe::look)
}

fn reader(shelf: &Shelf, look: impl FnOnce(&Shelf) + Send + 'static) -> thread::JoinHandle<()> {
    let shelf = shelf.clone();
    thread::spawn(move || look(&shelf))
}

/// The first value moves to where readers look earlier, the second one does not.
fn reader_against_replacer() {
    let shelf = shelf();
    let looks = reader(&shelf, |shelf| {
        let seen = read(shelf, KEY).expect("a key that was there all the time was missed");
        let again = read(shelf, KEY).expect("a key that was there all the time was missed");
        assert!(again >= seen, "an old value came back");
    });
    insert(&shelf, KEY, 1);
    shelf.reclaim();
    insert(&shelf, KEY, 2);
    shelf.reclaim();
    looks.join().unwrap();
    assert_eq!(read(&shelf, KEY), Some(2));
    shelf.check_invariants();
}

#[test]
fn a_replaced_value_is_found_and_kept() {
    explore(2, reader_against_replacer);
}

macro_rules! red {
    ($($name:ident: $test:literal with $fault:literal, $complaint:literal;)*) => {
        $(
            #[test]
            fn $name() {
                must_fail($test, $fault, $complaint);
            }
        )*
    };
}

red! {
    red_without_announcement: "a_replaced_value_is_found_and_kept" with "SkipCover", "was dropped while it was read";
    red_without_a_second_look: "a_replaced_value_is_found_and_kept" with "SkipSecondLook", "was dropped while it was read";
    red_without_a_scan: "a_replaced_value_is_found_and_kept" with "ReclaimUnasked", "Causality violation";
    red_without_the_barrier: "a_replaced_value_is_found_and_kept" with "SkipBarrier", "was dropped while it was read";
    red_when_left_without_releasing: "a_replaced_value_is_found_and_kept" with "LeaveRelaxed", "Causality violation";
    red_when_a_vanished_entry_is_a_miss: "a_replaced_value_is_found_and_kept" with "MissVanished", "was missed";
    red_when_the_old_one_stays: "a_replaced_value_is_found_and_kept" with "KeepReplaced", "Some(0)";
}

/// The value goes from the second word of the group to the first, behind the reader's back. Another key is found first, so that the
/// reader has to search.
fn reader_against_a_step_back() {
    let shelf = Shelf::default();
    insert(&shelf, KEY, 0);
    insert(&shelf, KEY, 1);
    insert(&shelf, OTHER, 9);
    shelf.reclaim();
    let looks = reader(&shelf, |shelf| {
        read(shelf, KEY).expect("a key that was there all the time was missed");
    });
    insert(&shelf, KEY, 2);
    looks.join().unwrap();
    shelf.check_invariants();
}

#[test]
fn a_value_that_steps_back_is_found() {
    explore(3, reader_against_a_step_back);
}

red! {
    red_when_moves_are_not_told: "a_value_that_steps_back_is_found" with "MoveUntold", "was missed";
    red_when_moves_are_not_looked_at: "a_value_that_steps_back_is_found" with "MissUnasked", "was missed";
}

/// The slot is filled with another entry that has the same tag.
fn reader_against_remover() {
    let shelf = shelf();
    let looks = reader(&shelf, |shelf| {
        assert!(
            read(shelf, KEY).is_none_or(|seen| seen == 0),
            "the value of another key"
        );
        assert!(
            read(shelf, OTHER).is_none_or(|seen| seen == 1),
            "the value of another key"
        );
    });
    shelf.remove(HERE, &Probe::new(KEY));
    shelf.reclaim();
    insert(&shelf, OTHER, 1);
    looks.join().unwrap();
    assert_eq!((read(&shelf, KEY), read(&shelf, OTHER)), (None, Some(1)));
    shelf.check_invariants();
}

#[test]
fn a_slot_is_not_filled_anew_under_its_reader() {
    explore(3, reader_against_remover);
}

red! {
    red_when_filled_without_a_scan: "a_slot_is_not_filled_anew_under_its_reader" with "ReclaimUnasked", "Causality violation";
    red_when_linked_too_early: "a_slot_is_not_filled_anew_under_its_reader" with "LinkRelaxed", "Causality violation";
    red_when_a_reader_goes_on_without_releasing: "a_slot_is_not_filled_anew_under_its_reader" with "ArriveRelaxed", "Causality violation";
}

#[test]
fn two_readers_keep_one_entry() {
    explore(2, || {
        let shelf = shelf();
        let looks = [(); 2].map(|()| reader(&shelf, |shelf| _ = read(shelf, KEY)));
        shelf.remove(HERE, &Probe::new(KEY));
        shelf.reclaim();
        looks.into_iter().for_each(|looks| looks.join().unwrap());
        shelf.reclaim();
        assert_eq!(read(&shelf, KEY), None);
        shelf.check_invariants();
    });
}

/// An entry that is not being read moves, and is found all the time.
fn reader_against_larger_table() {
    let shelf = shelf();
    let missed = Arc::new(AtomicUsize::new(0));
    let looks = {
        let missed = missed.clone();
        reader(&shelf, move |shelf| {
            let seen = read(shelf, KEY);
            missed.fetch_add(usize::from(seen.is_none()), Ordering::SeqCst);
        })
    };
    let left = shelf.resize();
    shelf.reclaim();
    looks.join().unwrap();
    assert!(
        missed.load(Ordering::SeqCst) <= left,
        "a key that was there all the time was missed"
    );
    assert_eq!(read(&shelf, KEY).is_none(), left == 1);
    shelf.check_invariants();
}

#[test]
fn an_entry_moves_under_its_readers_eyes() {
    explore(3, reader_against_larger_table);
}

/// An entry that is being read does not go along.
#[test]
fn an_entry_that_moved_is_dropped_once() {
    explore(3, || {
        let shelf = shelf();
        let looks = reader(&shelf, |shelf| _ = read(shelf, KEY));
        shelf.resize();
        shelf.remove(HERE, &Probe::new(KEY));
        shelf.reclaim();
        looks.join().unwrap();
        shelf.reclaim();
        assert_eq!(read(&shelf, KEY), None);
        shelf.check_invariants();
    });
}

red! {
    red_when_taken_along_without_a_scan: "an_entry_that_moved_is_dropped_once" with "ReclaimUnasked", "was dropped while it was read";
    red_when_nobody_is_told_of_another_table: "an_entry_moves_under_its_readers_eyes" with "MoveUntold", "was missed";
}

/// A table that is not replaced for its readers' sake is as it was, and one that is has all entries.
fn reader_against_patience() {
    let shelf = shelf();
    let looks = reader(&shelf, |shelf| {
        let seen = read(shelf, KEY);
        assert_eq!(
            seen,
            Some(0),
            "a key that was there all the time was missed"
        );
    });
    if !shelf.resize_if_unread() {
        shelf.check_invariants();
    }
    shelf.reclaim();
    looks.join().unwrap();
    assert_eq!(read(&shelf, KEY), Some(0), "an entry was lost");
    assert!(shelf.resize_if_unread(), "nobody reads");
    shelf.reclaim();
    assert_eq!(read(&shelf, KEY), Some(0), "an entry was lost");
    shelf.check_invariants();
}

#[test]
fn nothing_is_lost_for_being_read() {
    explore(3, reader_against_patience);
}

red! {
    red_when_marks_are_not_told: "nothing_is_lost_for_being_read" with "MoveUntold", "was missed";
}

/// A walk meets all that is there, also if growth is given up meanwhile.
fn walker_against_patience() {
    let shelf = shelf();
    insert(&shelf, OTHER, 1);
    let held = shelf.hold(HERE, &Probe::new(KEY));
    let walks = reader(&shelf, |shelf| {
        let mut met = 0;
        shelf.walk(|_, value| met += 1 + value.look());
        assert_eq!(met, 3, "a walk missed an entry");
    });
    assert!(!shelf.resize_if_unread(), "somebody reads");
    walks.join().unwrap();
    drop(held);
    shelf.check_invariants();
}

#[test]
fn a_walk_misses_nothing() {
    explore(3, walker_against_patience);
}

red! {
    red_when_a_walk_does_not_look_again: "a_walk_misses_nothing" with "MissUnasked", "a walk missed an entry";
}

/// What was left behind is not found by those who come later, and is dropped when nobody reads it.
fn reader_against_emptying() {
    let shelf = shelf();
    let emptied = Arc::new(AtomicUsize::new(0));
    let looks = {
        let emptied = emptied.clone();
        reader(&shelf, move |shelf| {
            let late = emptied.load(Ordering::Acquire) == 1;
            let seen = read(shelf, KEY);
            assert!(
                !late || seen != Some(0),
                "an entry that was left behind was found"
            );
        })
    };
    shelf.abandon();
    emptied.store(1, Ordering::Release);
    shelf.reclaim();
    insert(&shelf, KEY, 1);
    shelf.abandon();
    shelf.reclaim();
    insert(&shelf, KEY, 2);
    looks.join().unwrap();
    assert_eq!(read(&shelf, KEY), Some(2));
    shelf.check_invariants();
}

#[test]
fn what_is_left_behind_is_kept_for_its_readers() {
    explore(2, reader_against_emptying);
}

red! {
    red_when_emptied_without_a_scan: "what_is_left_behind_is_kept_for_its_readers" with "ReclaimUnasked", "Causality violation";
    red_when_left_behind_unannounced: "what_is_left_behind_is_kept_for_its_readers" with "SkipCover", "Causality violation";
}

/// An entry that is held is there, whatever becomes of it.
fn holder_against_remover() {
    let shelf = shelf();
    let looks = reader(&shelf, |shelf| {
        let held = shelf.hold(HERE, &Probe::new(KEY));
        _ = read(shelf, OTHER);
        _ = held.map(|held| held.value().look());
    });
    shelf.remove(HERE, &Probe::new(KEY));
    shelf.reclaim();
    looks.join().unwrap();
    shelf.reclaim();
    shelf.check_invariants();
}

#[test]
fn an_entry_is_kept_for_its_holder() {
    explore(3, holder_against_remover);
}

red! {
    red_when_held_unannounced: "an_entry_is_kept_for_its_holder" with "SkipCover", "Causality violation";
}

/// A reader reads a snapshot meanwhile.
fn reader_within_reader() {
    let shelf = shelf();
    let cell = Arc::new(Snapshot::new(0_usize));
    let looks = {
        let cell = cell.clone();
        reader(&shelf, move |shelf| {
            // The second time the thread has a record at hand.
            cell.read(|_| ());
            shelf.read(HERE, &Probe::new(KEY), |value| {
                cell.read(|_| ());
                value.look();
            });
        })
    };
    shelf.remove(HERE, &Probe::new(KEY));
    shelf.reclaim();
    looks.join().unwrap();
}

#[test]
fn a_reader_may_read_something_else() {
    explore(3, reader_within_reader);
}

red! {
    red_when_two_readers_share_a_record: "a_reader_may_read_something_else" with "ShareRecord", "Causality violation";
}

/// What a listener is lent is there until it has heard of it, whoever reclaims, and wherever the table went.
fn listener_against_reclaimer() {
    let shelf = shelf();
    let tells = reader(&shelf, |shelf| {
        shelf.remove_and_tell(HERE, &Probe::new(KEY), |key, value| {
            key.look();
            value.look();
        });
    });
    shelf.reclaim();
    insert(&shelf, OTHER, 1);
    shelf.resize();
    shelf.reclaim();
    tells.join().unwrap();
    shelf.reclaim();
    assert_eq!(read(&shelf, OTHER), Some(1));
    shelf.check_invariants();
}

#[test]
fn an_entry_is_kept_for_the_listener() {
    explore(3, listener_against_reclaimer);
}

red! {
    red_when_reclaimed_before_it_was_told: "an_entry_is_kept_for_the_listener" with "OweNothing", "Causality violation";
}
