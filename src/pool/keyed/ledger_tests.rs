use super::*;

const TURN: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Tick {
    Tick::from_nanos(seconds * 1_000_000_000)
}

/// A ledger with so many accounts, `1..`, told apart by their letters.
fn ledger(max: u32, accounts: u8) -> Ledger<char> {
    let mut ledger = Ledger::new(max, TURN);
    for letter in 0..accounts {
        assert_eq!(ledger.open((b'a' + letter) as char), u64::from(letter) + 1);
    }
    ledger
}

/// Does as the budget would, with pools that have nothing idle: who was called.
fn calls(ledger: &mut Ledger<char>) -> String {
    let mut called = String::new();
    let mut searched = false;
    loop {
        ledger.check();
        match ledger.step(searched, at(0)) {
            Step::Tell(..) => {}
            Step::Call(one) => called.push(one),
            Step::MakeRoom(_) => searched = true,
            Step::Rest => return called,
        }
    }
}

/// One of these is to close a connection; some of them have a close that hangs.
fn room(spare: &[(u64, char, bool)]) -> Step<char> {
    let spare = spare.iter().map(|(id, guest, hangs)| Spare {
        id: *id,
        guest: *guest,
        hangs: *hangs,
    });
    Step::MakeRoom(spare.collect())
}

const A: u64 = 1;
const B: u64 = 2;
const C: u64 = 3;

#[test]
fn there_are_never_more_than_there_may_be() {
    let mut ledger = ledger(2, 2);
    assert!(ledger.reserve(A, true, at(0)) && ledger.reserve(B, true, at(0)));
    assert!(!ledger.reserve(A, true, at(0)) && !ledger.reserve(B, false, at(0)));
    assert_eq!((ledger.total(), ledger.hungry()), (2, 1));
    ledger.check();
    ledger.give_back(B);
    assert!(!ledger.reserve(B, false, at(0)), "nobody passes the line");
    assert_eq!(calls(&mut ledger), "a");
    assert_eq!(ledger.total(), 2, "the grant counts");
    assert!(ledger.reserve(A, true, at(0)));
    assert_eq!(
        (ledger.count(A), ledger.count(B), ledger.total()),
        (2, 0, 2)
    );
}

#[test]
fn turns_come_in_the_order_of_the_first_refusals() {
    let mut ledger = ledger(1, 3);
    assert!(ledger.reserve(A, true, at(0)));
    for id in [C, B, A, C, B] {
        assert!(!ledger.reserve(id, true, at(0)));
    }
    let mut served = String::new();
    for id in [A, C, B, A] {
        ledger.give_back(id);
        served += &calls(&mut ledger);
        let next = ledger.accounts.iter().find(|(_, one)| one.granted);
        let next = next.map(|(id, _)| *id);
        assert!(next.is_none_or(|id| ledger.reserve(id, true, at(0))));
    }
    assert_eq!(served, "cba");
}

#[test]
fn a_grant_that_is_not_wanted_goes_on() {
    let mut ledger = ledger(1, 3);
    assert!(ledger.reserve(A, true, at(0)));
    assert!(!ledger.reserve(B, true, at(0)) && !ledger.reserve(C, true, at(0)));
    ledger.give_back(A);
    assert_eq!(calls(&mut ledger), "b");
    ledger.rest(B);
    assert_eq!(calls(&mut ledger), "c");
    ledger.close(C);
    ledger.check();
    assert_eq!((ledger.total(), ledger.hungry()), (0, 0));
}

#[test]
fn who_has_nothing_gets_what_comes_back() {
    let mut ledger = ledger(1, 2);
    assert!(ledger.reserve(A, true, at(0)));
    assert!(!ledger.cede(A, true, at(0)), "nobody wants it");
    assert!(!ledger.reserve(B, true, at(0)));
    assert!(ledger.cede(A, true, at(0)));
    assert!(!ledger.cede(A, true, at(0)), "one is enough for one");
    ledger.give_back(A);
    assert_eq!(calls(&mut ledger), "b");
}

#[test]
fn equals_give_way_to_each_other_once_in_a_turn() {
    let mut ledger = ledger(5, 2);
    for id in [A, A, A, A, B] {
        assert!(ledger.reserve(id, true, at(0)));
    }
    assert!(!ledger.reserve(B, true, at(0)));
    assert!(ledger.cede(A, true, at(0)), "4 to 1");
    ledger.give_back(A);
    assert_eq!(calls(&mut ledger), "b");
    assert!(ledger.reserve(B, true, at(0)) && !ledger.reserve(B, true, at(0)));
    assert!(!ledger.cede(A, true, at(0)), "3 to 2");
    assert!(!ledger.cede(A, true, Tick::from_nanos(999_999_999)));
    assert!(ledger.cede(A, true, at(1)));
    ledger.check();
}

#[test]
fn what_nobody_waits_for_goes_to_anybody() {
    let mut ledger = ledger(4, 2);
    for id in [A, A, B, B] {
        assert!(ledger.reserve(id, true, at(0)));
    }
    assert!(!ledger.reserve(A, true, at(0)));
    assert!(
        !ledger.cede(A, false, at(0)),
        "it is not closed for its own key"
    );
    assert!(!ledger.reserve(B, true, at(0)));
    assert!(!ledger.cede(A, true, at(0)), "A came first");
    assert!(ledger.cede(A, false, at(0)));
    ledger.check();
}

#[test]
fn what_comes_back_in_its_own_turn_is_its_own() {
    let mut ledger = ledger(2, 2);
    assert!(ledger.reserve(A, true, at(0)) && ledger.reserve(A, true, at(0)));
    assert!(!ledger.reserve(A, true, at(0)) && !ledger.reserve(B, true, at(0)));
    assert!(!ledger.cede(A, true, at(0)), "A came first");
    assert!(ledger.cede(A, true, at(0)), "and has had its turn");
}

#[test]
fn rooms_are_made_for_as_many_as_want_one() {
    let mut ledger = ledger(3, 3);
    for _ in 0..3 {
        assert!(ledger.reserve(A, true, at(0)));
    }
    assert!(!ledger.reserve(B, true, at(0)) && !ledger.reserve(C, true, at(0)));
    assert_eq!(
        ledger.step(false, at(0)),
        Step::Tell(true, vec!['a', 'b', 'c'])
    );
    for _ in 0..2 {
        assert_eq!(ledger.step(false, at(0)), room(&[(A, 'a', false)]));
        ledger.depart(A, at(0));
    }
    assert_eq!(ledger.step(false, at(0)), Step::Rest);
    ledger.stay(A);
    assert_eq!(ledger.step(false, at(0)), room(&[(A, 'a', false)]));
    assert_eq!(ledger.step(true, at(0)), Step::Rest, "in vain");
    ledger.rest(B);
    ledger.rest(C);
    assert_eq!(
        ledger.step(false, at(0)),
        Step::Tell(false, vec!['a', 'b', 'c'])
    );
    assert_eq!(ledger.step(false, at(0)), Step::Rest);
    assert!(!ledger.is_restless());
}

#[test]
fn who_comes_later_is_told_that_somebody_starves() {
    let mut ledger = ledger(1, 2);
    assert!(ledger.reserve(A, true, at(0)) && !ledger.reserve(B, true, at(0)));
    assert!(matches!(ledger.step(true, at(0)), Step::Tell(true, _)));
    let late = ledger.open('z');
    ledger.introduce(late);
    assert_eq!(ledger.step(true, at(0)), Step::Tell(true, vec!['z']));
    assert_eq!(ledger.step(true, at(0)), Step::Rest);
}

#[test]
fn nothing_is_counted_below_zero() {
    let mut ledger = ledger(1, 1);
    ledger.give_back(A);
    ledger.depart(A, at(0));
    ledger.stay(A);
    ledger.rest(A);
    ledger.give_back(9);
    ledger.close(9);
    assert!(!ledger.reserve(9, true, at(0)) && !ledger.cede(9, true, at(0)));
    ledger.check();
    assert!(ledger.reserve(A, true, at(0)));
}

#[test]
fn a_close_that_hangs_is_replaced_once() {
    let mut ledger = ledger(4, 3);
    for id in [A, A, A, B] {
        assert!(ledger.reserve(id, true, at(0)));
    }
    assert!(!ledger.reserve(C, true, at(0)));
    assert!(matches!(ledger.step(false, at(0)), Step::Tell(true, _)));
    ledger.depart(A, at(0));
    let late = at(0).saturating_add(LATE);
    let just_before = Tick::from_nanos(late.as_nanos() - 1);
    assert_eq!(ledger.next_late(at(0)), Some(late));
    assert_eq!(ledger.step(false, just_before), Step::Rest);
    assert_eq!(ledger.next_late(late), None);
    let both = room(&[(A, 'a', true), (B, 'b', false)]);
    assert_eq!(ledger.step(false, late), both);
    ledger.depart(B, late);
    assert_eq!(ledger.step(false, late), Step::Rest);
    assert_eq!(ledger.step(false, at(9)), Step::Rest, "that hangs as well");
    ledger.check();
    ledger.give_back(B);
    assert_eq!(calls(&mut ledger), "c");
    // Behind a clock that stepped back nothing is late, and nothing put off for long.
    assert!(ledger.reserve(C, true, at(9)) && !ledger.reserve(C, true, at(9)));
    assert_eq!(ledger.next_late(Tick::ZERO), Some(late));
    ledger.close(A);
    ledger.check();
    assert_eq!(ledger.next_late(at(9)), None);
}

#[test]
fn who_gives_a_grant_back_has_no_more_leaving_than_there_is() {
    let mut ledger = ledger(2, 3);
    assert!(ledger.reserve(A, true, at(0)) && ledger.reserve(B, true, at(0)));
    assert!(!ledger.reserve(A, true, at(0)));
    ledger.give_back(B);
    assert_eq!(calls(&mut ledger), "a");
    // One comes back and is closed, while the same one was about to be closed since it was idle.
    ledger.depart(A, at(0));
    ledger.depart(A, at(0));
    ledger.rest(A);
    assert!(ledger.reserve(B, true, at(0)));
    assert!(!ledger.reserve(A, true, at(0)) && !ledger.reserve(C, true, at(0)));
    // All that it has is leaving, and that hangs.
    assert!(ledger.cede(B, true, at(9)));
    ledger.check();
}

#[test]
fn a_close_that_comes_to_nothing_is_not_taken_for_one_that_hangs() {
    let mut ledger = ledger(3, 2);
    for _ in 0..3 {
        assert!(ledger.reserve(A, true, at(0)));
    }
    assert!(!ledger.reserve(B, true, at(0)));
    assert!(matches!(ledger.step(false, at(0)), Step::Tell(true, _)));
    ledger.depart(A, at(0));
    assert_eq!(ledger.step(false, at(9)), room(&[(A, 'a', true)]));
    ledger.depart(A, at(9));
    ledger.recall(A);
    assert_eq!(ledger.step(false, at(9)), room(&[(A, 'a', true)]));
    ledger.check();
}

#[test]
fn a_close_that_hangs_while_the_clock_steps_back_is_late_from_then_on() {
    let mut ledger = ledger(2, 2);
    assert!(ledger.reserve(A, true, at(9)) && ledger.reserve(A, true, at(9)));
    assert!(!ledger.reserve(B, true, at(9)));
    assert!(matches!(ledger.step(false, at(9)), Step::Tell(true, _)));
    ledger.depart(A, at(9));
    assert_eq!(ledger.step(false, at(0)), Step::Rest);
    let late = at(0).saturating_add(LATE);
    assert_eq!(ledger.next_late(at(0)), Some(late));
    assert_eq!(ledger.step(false, late), room(&[(A, 'a', true)]));
    ledger.check();
}
