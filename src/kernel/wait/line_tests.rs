//! A line against a list that is searched from the front.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::<Bell>::default();
    (bell.clone(), Waker::from(bell))
}

/// One in line, as the definition has it.
#[derive(Clone, Debug)]
struct Person {
    name: usize,
    want: u64,
    phase: Naive,
    /// Has a waker in the line.
    has_waker: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Naive {
    Waiting,
    /// When, and as the how many-th grant.
    Granted(u32, u64, usize),
    Asleep,
}

#[derive(Clone, Debug)]
enum Step {
    Join(u64),
    Look(prop::sample::Index),
    Take(prop::sample::Index),
    Grant(u32),
    GrantTo(prop::sample::Index, u32),
    Leave(prop::sample::Index),
    Call(prop::sample::Index),
    Waker(prop::sample::Index),
    Suspend(prop::sample::Index),
    Revoke,
    /// The clock goes on, or back.
    Time(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = any::<prop::sample::Index>;
    prop_oneof![
        6 => prop_oneof![0_u64..10, Just(u64::MAX)].prop_map(Step::Join),
        6 => who().prop_map(Step::Look),
        3 => who().prop_map(Step::Take),
        6 => any::<u32>().prop_map(Step::Grant),
        2 => (who(), any::<u32>()).prop_map(|(who, grant)| Step::GrantTo(who, grant)),
        3 => who().prop_map(Step::Leave),
        1 => who().prop_map(Step::Call),
        1 => who().prop_map(Step::Waker),
        2 => who().prop_map(Step::Suspend),
        4 => Just(Step::Revoke),
        3 => (0_i64..200).prop_map(Step::Time),
        1 => (-500_i64..0).prop_map(Step::Time),
    ]
}

const MOST: usize = 8;
const PATIENCE: u64 = 100;

struct Both {
    line: Line<u32>,
    model: Vec<Person>,
    tickets: Vec<Ticket>,
    wakers: Vec<Waker>,
    now: u64,
    grants: usize,
}

impl Both {
    fn new() -> Self {
        Self {
            line: Line::new(),
            model: Vec::new(),
            tickets: Vec::new(),
            wakers: Vec::new(),
            now: 1_000,
            grants: 0,
        }
    }

    fn tick(&self) -> Tick {
        Tick::from_nanos(self.now)
    }

    fn position(&self, name: usize) -> Option<usize> {
        self.model.iter().position(|person| person.name == name)
    }

    /// Whose waker it is must be as expected.
    fn check_waker(&mut self, at: usize, waker: Option<&Waker>) {
        let person = &mut self.model[at];
        assert_eq!(waker.is_some(), std::mem::take(&mut person.has_waker));
        assert!(waker.is_none_or(|waker| waker.will_wake(&self.wakers[person.name])));
    }

    fn granted(&mut self, at: usize, grant: u32, outcome: Result<Option<Waker>, u32>) {
        self.check_waker(at, outcome.unwrap().as_ref());
        self.model[at].phase = Naive::Granted(grant, self.now, self.grants);
        self.grants += 1;
    }

    fn oldest_grant(&self) -> Option<usize> {
        let order = |person: &Person| match person.phase {
            Naive::Granted(_, _, order) => Some(order),
            _ => None,
        };
        let granted = self.model.iter().enumerate();
        let granted = granted.filter_map(|(at, person)| Some((order(person)?, at)));
        granted.min().map(|(_, at)| at)
    }

    fn join(&mut self, want: u64) {
        let joined = self.line.join(want, MOST);
        assert_eq!(joined.is_err(), self.model.len() == MOST);
        if let Ok(ticket) = joined {
            self.model.push(Person {
                name: self.tickets.len(),
                want,
                phase: Naive::Waiting,
                has_waker: false,
            });
            self.tickets.push(ticket);
            self.wakers.push(bell().1);
        }
    }

    fn look(&mut self, name: usize) {
        let now = self.tick();
        let (ticket, waker) = (self.tickets[name], self.wakers[name].clone());
        let Some(at) = self.position(name) else {
            assert_eq!(self.line.look(ticket, &waker, &mut None, now), Look::Gone);
            return;
        };
        let mut spare = None;
        let mut look = self.line.look(ticket, &waker, &mut spare, now);
        assert_eq!(look == Look::NeedsWaker, !self.model[at].has_waker);
        if look == Look::NeedsWaker {
            spare = Some(waker.clone());
            look = self.line.look(ticket, &waker, &mut spare, now);
        }
        let person = &mut self.model[at];
        person.has_waker = true;
        let expected = match &mut person.phase {
            Naive::Waiting => Look::Waiting { rejoined: false },
            Naive::Granted(_, since, _) => {
                *since = self.now;
                Look::Granted
            }
            Naive::Asleep => {
                person.phase = Naive::Waiting;
                Look::Waiting { rejoined: true }
            }
        };
        assert_eq!(look, expected);
    }

    fn left(&mut self, at: usize, left: Option<Left<u32>>) {
        let left = left.unwrap();
        self.check_waker(at, left.waker.as_ref());
        let person = self.model.remove(at);
        let grant = match person.phase {
            Naive::Granted(grant, ..) => Some(grant),
            _ => None,
        };
        assert_eq!(left.grant, grant);
        assert_eq!(left.asleep, person.phase == Naive::Asleep);
    }

    fn revoke(&mut self) {
        let revoked = self
            .line
            .revoke(self.tick(), Duration::from_nanos(PATIENCE));
        let oldest = self.oldest_grant();
        let mut expected = None;
        if let Some(person) = oldest.and_then(|at| self.model.get_mut(at)) {
            if let Naive::Granted(grant, since, _) = &mut person.phase {
                *since = (*since).min(self.now);
                if self.now - *since >= PATIENCE {
                    expected = Some(*grant);
                    person.phase = Naive::Asleep;
                }
            }
        }
        assert_eq!(revoked, expected);
    }

    fn step(&mut self, step: &Step) {
        let now = self.tick();
        let name = |which: &prop::sample::Index| which.index(self.tickets.len().max(1));
        match step {
            Step::Join(want) => self.join(*want),
            Step::Grant(grant) => {
                let first = self
                    .model
                    .iter()
                    .position(|person| person.phase == Naive::Waiting);
                let outcome = self.line.grant(*grant, now);
                match first {
                    Some(at) => self.granted(at, *grant, outcome),
                    None => assert_eq!(outcome.unwrap_err(), *grant),
                }
            }
            Step::Revoke => self.revoke(),
            Step::Time(by) => self.now = self.now.saturating_add_signed(*by),
            _ if self.tickets.is_empty() => {}
            Step::Look(who) => self.look(name(who)),
            Step::Take(who) => {
                let name = name(who);
                let taken = self.line.take(self.tickets[name]);
                let at = self.position(name);
                let at = at.filter(|at| matches!(self.model[*at].phase, Naive::Granted(..)));
                match at {
                    Some(at) => self.left(at, taken),
                    None => assert!(taken.is_none()),
                }
            }
            Step::GrantTo(who, grant) => {
                let name = name(who);
                let outcome = self.line.grant_to(self.tickets[name], *grant, now);
                let at = self.position(name);
                match at.filter(|at| self.model[*at].phase == Naive::Waiting) {
                    Some(at) => self.granted(at, *grant, outcome),
                    None => assert_eq!(outcome.unwrap_err(), *grant),
                }
            }
            Step::Leave(who) => {
                let name = name(who);
                let left = self.line.leave(self.tickets[name]);
                match self.position(name) {
                    Some(at) => self.left(at, left),
                    None => assert!(left.is_none()),
                }
            }
            Step::Waker(who) => {
                let name = name(who);
                let waker = self.line.waker(self.tickets[name]);
                match self.position(name) {
                    Some(at) => self.check_waker(at, waker.as_ref()),
                    None => assert!(waker.is_none()),
                }
            }
            Step::Suspend(who) => {
                let name = name(who);
                let suspended = self.line.suspend(self.tickets[name]);
                let mut expected = None;
                if let Some(at) = self.position(name) {
                    if let Naive::Granted(grant, ..) = self.model[at].phase {
                        self.model[at].phase = Naive::Waiting;
                        expected = Some(grant);
                    }
                }
                assert_eq!(suspended, expected);
            }
            Step::Call(who) => {
                let name = name(who);
                let waker = self.line.call(self.tickets[name], now);
                let Some(at) = self.position(name) else {
                    assert!(waker.is_none());
                    return;
                };
                self.check_waker(at, waker.as_ref());
                if let Naive::Granted(_, since, _) = &mut self.model[at].phase {
                    *since = self.now;
                }
            }
        }
    }

    fn agree(&self) {
        assert_eq!(self.line.len(), self.model.len());
        let sum = |people: &[Person]| {
            people
                .iter()
                .fold(0, |sum: u64, person| sum.saturating_add(person.want))
        };
        let awake = self.model.iter().cloned();
        let awake: Vec<_> = awake
            .filter(|person| person.phase != Naive::Asleep)
            .collect();
        assert_eq!(self.line.wanted(), sum(&awake), "who sleeps wants nothing");
        for pair in self.model.windows(2) {
            let [one, other] = [&pair[0], &pair[1]].map(|person| self.tickets[person.name]);
            assert!(self.line.is_ahead(one, other) && !self.line.is_ahead(other, one));
        }
        let front = self
            .model
            .iter()
            .find(|person| person.phase == Naive::Waiting);
        let front = front.map(|person| (self.tickets[person.name], person.want));
        assert_eq!(self.line.front(), front);
        let oldest = self.oldest_grant().map(|at| &self.model[at]);
        let oldest = oldest.map(|person| match person.phase {
            Naive::Granted(_, since, _) => (self.tickets[person.name], Tick::from_nanos(since)),
            _ => unreachable!(),
        });
        assert_eq!(self.line.oldest_grant(), oldest);
        assert!(
            self.line.slab.places() <= MOST,
            "no more places than there were at a time"
        );
    }
}

proptest! {
    #[test]
    fn behaves_like_a_list_that_is_searched(steps in prop::collection::vec(step(), 1..300)) {
        let mut both = Both::new();
        for step in steps {
            both.step(&step);
            both.agree();
        }
    }
}

#[test]
fn a_new_waker_replaces_the_old_one_which_is_handed_out() {
    let mut line = Line::<()>::new();
    let ticket = line.join(1, 1).unwrap();
    let (old_bell, old) = bell();
    let (new_bell, new) = bell();
    let mut spare = Some(old.clone());
    line.look(ticket, &old, &mut spare, Tick::ZERO);
    assert!(spare.is_none());
    spare = Some(new.clone());
    line.look(ticket, &new, &mut spare, Tick::ZERO);
    assert!(spare.is_some_and(|spare| spare.will_wake(&old)));
    line.grant((), Tick::ZERO).unwrap().unwrap().wake();
    let rung = [&old_bell, &new_bell].map(|bell| bell.0.load(Ordering::Relaxed));
    assert_eq!(rung, [0, 1]);
}
