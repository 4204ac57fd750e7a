use super::*;
use crate::limit::Quota;
use crate::limit::error::LEAST_BYTES;
use crate::limit::keyed::keys::Kept;
use crate::limit::keyed::table::Shelf;

const SECOND: u64 = 1_000_000_000;

fn meters() -> Meters {
    Meters::new(&Quota::per_second(1).with_burst(10), &[])
}

/// A set in which every key of `1..` has taken as many tokens as are given for it.
fn filled(taken: &[u64]) -> Set {
    let set = Set::new();
    for (key, tokens) in (1..).zip(taken) {
        let tag = Tag::of(key);
        let admitted = set.take_free(tag, SECOND, *tokens, &meters());
        assert_eq!(admitted, Some(true));
    }
    set
}

#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
#[test]
fn a_set_has_two_lines_and_a_key_of_its_own_comes_on_top() {
    assert_eq!(size_of::<Set>(), 128);
    assert_eq!(
        (size_of::<Shelf<()>>(), align_of::<Shelf<()>>()),
        (128, 128)
    );
    assert_eq!(LEAST_BYTES, size_of::<Shelf<()>>());
    let keys = size_of::<Shelf<Kept<u64>>>() - 128;
    assert!(keys >= PLACES * size_of::<Option<u64>>() && keys <= 128);
    assert_eq!(std::mem::offset_of!(Set, words), 64);
}

#[test]
fn tags_tell_keys_apart_and_carry_their_class() {
    let tag = Tag::of(0x1234_5678_9abc_def0);
    assert!(tag.is(tag.with_class(255)) && tag.with_class(255).is(tag));
    assert_eq!((tag.class(), tag.with_class(255).class()), (0, 255));
    assert!(tag.with_class(7).with_class(0).word() == tag.word());
    assert!(!tag.is(Tag::of(0x1234_5678_9abc_def1)));
    // Bits that choose the set don't count, and nobody has the tag of an empty place.
    assert!(tag.is(Tag::of(0xff34_5678_9abc_def0)));
    assert!(!Tag::of(0).is(Tag::NONE) && !Tag::of(0xff << 56).is(Tag::NONE));
}

#[test]
fn a_key_is_found_where_it_was_put() {
    let set = filled(&[1, 2, 3]);
    for key in 1..=3 {
        let place = set.candidates(Tag::of(key)).next();
        assert_eq!(place, Some(key as usize - 1));
    }
    assert_eq!(set.candidates(Tag::of(4)).count(), 0);
    assert_eq!(set.take(Tag::of(4), SECOND, 1, &meters()), None);
    assert_eq!(set.take(Tag::of(2), SECOND, 8, &meters()), Some(true));
    assert_eq!(set.take(Tag::of(2), SECOND, 1, &meters()), Some(false));
    let removed = set.remove(1);
    assert_eq!(removed.map(|(class, _)| class), Some(0));
    assert_eq!(set.take(Tag::of(2), SECOND, 1, &meters()), None);
    assert_eq!(set.live(SECOND, &meters(), Overflow::Deny), 2);
}

#[test]
fn several_keys_with_one_tag_are_candidates_in_turn() {
    let set = Set::new();
    for place in [1, 3, 6] {
        set.put(place, SECOND, Tag::of(9), 1);
    }
    assert!(set.candidates(Tag::of(9)).eq([1, 3, 6]));
}

#[test]
fn while_somebody_writes_nobody_is_answered() {
    let set = filled(&[1]);
    let writing = set.lock.lock();
    assert_eq!(set.take(Tag::of(1), SECOND, 1, &meters()), None);
    assert_eq!(set.take_free(Tag::of(5), SECOND, 1, &meters()), None);
    drop(writing);
    assert_eq!(set.take(Tag::of(1), SECOND, 1, &meters()), Some(true));
}

#[test]
fn the_seat_of_a_newcomer_depends_on_what_to_do_without_places() {
    let meters = meters();
    let set = filled(&[4, 3, 2, 5, 6, 7, 8]);
    let seat = |overflow| set.seat(SECOND, 0, &meters, overflow);
    let evicting = Seat::New {
        place: 2,
        word: 0,
        debt: 2,
    };
    assert_eq!(seat(Overflow::EvictLeastDebt), evicting);
    let free_at = Seat::Nowhere {
        until: Some(3 * SECOND),
    };
    assert_eq!(seat(Overflow::Deny), free_at);
    // Here place 0 is what the others share.
    let shared = load(set.shared());
    assert_eq!(seat(Overflow::Share), Seat::Shared { word: shared });
    assert_eq!(set.take_free(Tag::of(99), SECOND, 1, &meters), None);
    let later = set.seat(3 * SECOND, 0, &meters, Overflow::Deny);
    assert!(matches!(
        later,
        Seat::New {
            place: 2,
            debt: 0,
            ..
        }
    ));
}

#[test]
fn a_newcomer_with_an_older_time_begins_when_its_place_was_given_away() {
    let meters = meters();
    let set = filled(&[1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(
        set.take_free(Tag::of(50), 9 * SECOND, 1, &meters),
        Some(true)
    );
    assert_eq!(set.take_free(Tag::of(51), 8 * SECOND, 1, &meters), None);
    let begun = meters.of(0).filling(9 * SECOND).ceiling;
    let seat = set.seat(8 * SECOND, 0, &meters, Overflow::EvictLeastDebt);
    assert!(matches!(seat, Seat::New { word, debt: 0, .. } if word == begun));
    set.clear();
    let seat = set.seat(8 * SECOND, 0, &meters, Overflow::EvictLeastDebt);
    assert!(matches!(
        seat,
        Seat::New {
            place: 0,
            word: 0,
            debt: 0
        }
    ));
}
