//! Who has how many connections, who wants one more, and whose turn it is. Pure: no lock, no clock.
//!
//! # Invariants
//!
//! 1. `total` is the sum of all counts, and at most `max`. A grant that nobody has used yet is counted.
//! 2. Who wants one more and was refused is in the line, once, at the place of its first refusal. A grant goes to the first, and takes it out
//!    of the line; who wants yet another one joins at the end. So a turn is one connection, whatever the number of callers behind it.
//! 3. A connection that is being closed for somebody is `leaving`. The first of the line are provided for by what is free and what is leaving;
//!    nothing is closed for them. A count of what is leaving may be too low for a moment, never too high.
//! 4. What has been leaving for [`LATE`] provides for nobody: another one is closed instead. But that is done once for each that waits, or all that is
//!    idle would go while a server does not answer.
//!
//! # Who gives way
//!
//! What is idle, or comes back and nobody waits for it, does so to anybody. What comes back to callers that wait for it does so to a key without connections, to one that has two
//! less or fewer, and to one that has waited for a whole `turn`. So keys that are always busy come to have the same number of
//! connections and keep them, and none waits for ever.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// A close that takes longer is not waited for, if there is another connection to be closed.
pub(super) const LATE: Duration = Duration::from_millis(100);

/// `G` is how to reach whoever has an account.
#[derive(Debug)]
pub(super) struct Ledger<G> {
    max: u32,
    turn: Duration,
    total: u32,
    leaving: u32,
    /// Since when each of those is, and whose it is.
    departures: VecDeque<(Tick, u64)>,
    accounts: BTreeMap<u64, Account<G>>,
    /// Places in the line, and who has them.
    line: BTreeMap<u64, u64>,
    opened: u64,
    joined: u64,
    /// Whether all are told that somebody starves, but for those that were `told` otherwise.
    raised: bool,
    untold: bool,
}

#[derive(Debug)]
struct Account<G> {
    guest: G,
    count: u32,
    leaving: u32,
    granted: bool,
    hungry: Option<Hunger>,
    told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Hunger {
    place: u64,
    since: Tick,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<G> {
    /// These are to be told whether somebody starves.
    Tell(bool, Vec<G>),
    /// It is the turn of this one, which has a grant now.
    Call(G),
    /// One of these is to close an idle connection.
    MakeRoom(Vec<Spare<G>>),
    /// Nothing.
    Rest,
}

/// One that has something that may be idle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spare<G> {
    pub(super) id: u64,
    pub(super) guest: G,
    /// Whether a close of its own takes too long: then the next one may, too.
    pub(super) hangs: bool,
}

impl<G: Clone> Ledger<G> {
    pub(super) const fn new(max: u32, turn: Duration) -> Self {
        Self {
            max,
            turn,
            total: 0,
            leaving: 0,
            departures: VecDeque::new(),
            accounts: BTreeMap::new(),
            line: BTreeMap::new(),
            opened: 0,
            joined: 0,
            raised: false,
            untold: false,
        }
    }

    pub(super) const fn total(&self) -> u32 {
        self.total
    }

    /// How many want one more.
    pub(super) fn hungry(&self) -> usize {
        self.line.len()
    }

    /// Whether this one wants one more, and can't have it yet.
    pub(super) fn is_hungry(&self, id: u64) -> bool {
        let account = self.accounts.get(&id);
        account.is_some_and(|account| account.hungry.is_some())
    }

    pub(super) fn count(&self, id: u64) -> u32 {
        self.accounts.get(&id).map_or(0, |account| account.count)
    }

    /// Whether [`step`](Self::step) has to be called.
    pub(super) fn is_restless(&self) -> bool {
        !self.line.is_empty() || self.raised || self.untold
    }

    pub(super) fn open(&mut self, guest: G) -> u64 {
        self.opened += 1;
        let account = Account {
            guest,
            count: 0,
            leaving: 0,
            granted: false,
            hungry: None,
            told: false,
        };
        self.accounts.insert(self.opened, account);
        self.opened
    }

    /// From now on it can be reached: what it was told before, it has not heard.
    pub(super) fn introduce(&mut self, id: u64) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.told = false;
            self.untold |= self.raised;
        }
    }

    /// Its connections are gone by now.
    pub(super) fn close(&mut self, id: u64) {
        self.leave(id);
        if let Some(account) = self.accounts.remove(&id) {
            self.total = self.total.saturating_sub(account.count);
            self.leaving = self.leaving.saturating_sub(account.leaving);
            self.departures.retain(|(_, whose)| *whose != id);
        }
    }

    /// Counts one more, if there may be one. If not, who `waits` joins the line.
    pub(super) fn reserve(&mut self, id: u64, waits: bool, now: Tick) -> bool {
        let Some(account) = self.accounts.get_mut(&id) else {
            return false;
        };
        if account.granted {
            account.granted = false;
            return true;
        }
        let fits = self.line.is_empty() && self.total < self.max;
        if fits || faulty(Fault::ReserveUnbudgeted) {
            self.total += 1;
            account.count += 1;
            return true;
        }
        if !waits {
            self.leave(id);
        } else if account.hungry.is_none() {
            self.joined += 1;
            let place = self.joined;
            account.hungry = Some(Hunger { place, since: now });
            self.line.insert(place, id);
        }
        false
    }

    /// Counts one less.
    pub(super) fn give_back(&mut self, id: u64) {
        let Some(account) = self.accounts.get_mut(&id) else {
            return;
        };
        if account.count == 0 {
            return;
        }
        account.count -= 1;
        self.total -= 1;
        self.stay(id);
    }

    /// It wants no further one.
    pub(super) fn rest(&mut self, id: u64) {
        self.leave(id);
        let account = self.accounts.get_mut(&id);
        if let Some(account) = account.filter(|account| account.granted) {
            account.granted = false;
            account.count -= 1;
            self.total -= 1;
            if account.leaving > account.count {
                // Somebody was about to close another one than there is.
                self.recall(id);
            }
        }
    }

    fn leave(&mut self, id: u64) {
        let account = self.accounts.get_mut(&id);
        if let Some(hunger) = account.and_then(|account| account.hungry.take()) {
            self.line.remove(&hunger.place);
        }
    }

    /// Those that are leaving for too long, the oldest first, and whose they are.
    fn late(&self, now: Tick) -> impl Iterator<Item = u64> {
        let late = move |(since, _): &&(Tick, u64)| now.since(*since) >= LATE;
        self.departures.iter().take_while(late).map(|(_, id)| *id)
    }

    /// When one more is late, if that matters to anybody.
    pub(super) fn next_late(&self, now: Tick) -> Option<Tick> {
        let mut since = self.departures.iter().map(|(since, _)| *since);
        let next = since.find(|since| now.since(*since) < LATE);
        next.filter(|_| !self.line.is_empty())
            .map(|since| since.min(now).saturating_add(LATE))
    }

    /// Those for whom nothing is on its way, in the order of the line.
    fn unprovided(&self, now: Tick) -> impl Iterator<Item = u64> {
        // There are fewer than connections.
        let late = self.late(now).take(self.line.len()).count() as u32;
        let coming = (self.max - self.total).saturating_add(self.leaving - late);
        self.line.values().skip(coming as usize).copied()
    }

    /// A connection comes back to `id`, where somebody `waits` for it or not. Whether it is to be closed for somebody else.
    pub(super) fn cede(&mut self, id: u64, waits: bool, now: Tick) -> bool {
        let Some(mine) = self.accounts.get(&id) else {
            return false;
        };
        let have = mine.count - mine.leaving;
        let first = self.unprovided(now).find(|other| match *other == id {
            true => waits,
            false => !waits || self.has_better_claim(*other, have, now),
        });
        match first {
            // It was its turn, and this is what it gets.
            Some(other) if other == id => {
                self.leave(id);
                false
            }
            Some(_) => {
                self.depart(id, now);
                true
            }
            None => false,
        }
    }

    /// Whether this one, which waits, gets what comes back to another one that has so many.
    fn has_better_claim(&self, id: u64, have: u32, now: Tick) -> bool {
        let Some(account) = self.accounts.get(&id) else {
            return false;
        };
        let theirs = account.count - account.leaving;
        let waited = account.hungry.map(|hunger| now.since(hunger.since));
        theirs == 0 || theirs + 2 <= have || waited.is_some_and(|waited| waited >= self.turn)
    }

    /// One of its connections is about to be closed for somebody else.
    pub(super) fn depart(&mut self, id: u64, now: Tick) {
        let account = self.accounts.get_mut(&id);
        if let Some(account) = account.filter(|account| account.leaving < account.count) {
            account.leaving += 1;
            self.leaving += 1;
            self.departures.push_back((now, id));
        }
    }

    /// One that was about to be is gone.
    pub(super) fn stay(&mut self, id: u64) {
        let place = self.departures.iter().position(|(_, whose)| *whose == id);
        self.no_more_leaving(id, place);
    }

    fn no_more_leaving(&mut self, id: u64, place: Option<usize>) {
        let account = self.accounts.get_mut(&id);
        let leaves = account.filter(|account| account.leaving > 0);
        if let Some((account, place)) = leaves.zip(place) {
            account.leaving -= 1;
            self.leaving -= 1;
            self.departures.remove(place);
        }
    }

    /// The last of those that were about to be is not closed after all: others may be late.
    pub(super) fn recall(&mut self, id: u64) {
        let place = self.departures.iter().rposition(|(_, whose)| *whose == id);
        self.no_more_leaving(id, place);
    }

    /// The clock stands at `now`: nothing has been leaving since a later time, which would be late by a clock that comes to it again.
    fn not_later(&mut self, now: Tick) {
        for (since, _) in &mut self.departures {
            *since = now.min(*since);
        }
    }

    /// What is to be done next. Idle connections have been looked for in vain if it is `searched`.
    pub(super) fn step(&mut self, searched: bool, now: Tick) -> Step<G> {
        self.not_later(now);
        let starves = !self.line.is_empty();
        // Told before it is looked for: who makes one idle after that sees that it is wanted.
        if starves && (self.untold || !self.raised) {
            return self.tell(true);
        }
        let first = if self.total < self.max {
            self.line.pop_first()
        } else {
            None
        };
        if let Some(account) = first.and_then(|(_, id)| self.accounts.get_mut(&id)) {
            account.hungry = None;
            account.granted = true;
            account.count += 1;
            self.total += 1;
            return Step::Call(account.guest.clone());
        }
        if !searched && self.unprovided(now).next().is_some() {
            let spares =
                |account: &Account<G>| account.hungry.is_none() && account.count > account.leaving;
            let accounts = self.accounts.iter();
            let spare = accounts.filter(|(_, account)| spares(account));
            let spare = spare.map(|(id, account)| Spare {
                id: *id,
                guest: account.guest.clone(),
                hangs: self.late(now).any(|whose| whose == *id),
            });
            return Step::MakeRoom(spare.collect());
        }
        if !starves && self.raised {
            return self.tell(false);
        }
        Step::Rest
    }

    fn tell(&mut self, raised: bool) -> Step<G> {
        self.raised = raised;
        self.untold = false;
        let mut guests = Vec::new();
        for account in self.accounts.values_mut() {
            if account.told != raised {
                account.told = raised;
                guests.push(account.guest.clone());
            }
        }
        Step::Tell(raised, guests)
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        let sum = |of: fn(&Account<G>) -> u32| self.accounts.values().map(of).sum::<u32>();
        assert_eq!(self.total, sum(|account| account.count));
        assert_eq!(self.leaving, sum(|account| account.leaving));
        assert_eq!(self.leaving as usize, self.departures.len());
        let has = |account: &Account<G>| account.leaving <= account.count;
        assert!(self.accounts.values().all(has));
        assert!(self.total <= self.max, "{} of {}", self.total, self.max);
        let hungry = self.accounts.values().filter(|one| one.hungry.is_some());
        assert_eq!(self.line.len(), hungry.count());
        for (place, id) in &self.line {
            let hunger = self.accounts.get(id).and_then(|account| account.hungry);
            assert_eq!(hunger.map(|hunger| hunger.place), Some(*place));
        }
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
#[path = "ledger_tests.rs"]
mod tests;
