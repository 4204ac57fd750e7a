//! Who is out because its requests failed, and until when.
//!
//! The book is the only authority: whoever decides that a backend is out or back writes it there, under its lock, and publishes the set anew
//! behind the lock. Whoever computes a set to publish, for whatever reason, asks the book who of it is out, and is told no more than may be
//! ([`uphold`](Ejections::uphold)); those that are too many stay in service, the first to be back first. So every set that is ever published keeps the
//! limit, and the last one has seen all decisions.
//!
//! Rates are looked at only while there is a reason to: from a first failure on, for as long as there are failures or ejections to
//! be forgotten. A process without failures is not woken.

use std::collections::HashMap;

use super::BackendId;
use super::state::{Record, State};
use super::stats::Event;
use super::vitals::Vitals;
use crate::health::{Outlier, Row, Verdict};
use crate::kernel::clock::Tick;
use crate::kernel::rng::Rng;
use crate::kernel::snapshot::Snapshot;
use crate::kernel::sync::{Arc, AtomicBool, Mutex, MutexGuard, Ordering};

/// Who is out.
pub(super) struct Ejections {
    outlier: Outlier,
    /// Whether an interval is under way; a hint to those that fail.
    sweeping: AtomicBool,
    book: Mutex<Book>,
}

struct Book {
    rng: Rng,
    /// When the interval that is under way ends.
    interval_ends: Option<Tick>,
    seen: HashMap<BackendId, Seen>,
}

/// A backend at the beginning of the interval, and what became of it.
struct Seen {
    vitals: Arc<Vitals>,
    successes: u64,
    failures: u64,
    times: u32,
    until: Option<Tick>,
    /// It was out during a part of the interval, so its counts say nothing.
    was_out: bool,
}

impl Ejections {
    pub(super) fn new(outlier: Outlier, seed: u64) -> Self {
        Self {
            outlier,
            sweeping: AtomicBool::new(false),
            book: Mutex::new(Book {
                rng: Rng::seeded(seed),
                interval_ends: None,
                seen: HashMap::new(),
            }),
        }
    }

    /// Whether a failure, the last of so many in a row, is a reason to call [`fail`](Self::fail).
    pub(super) fn concerns(&self, failures_in_a_row: u64) -> bool {
        self.are_too_many(failures_in_a_row) || !self.sweeping.load(Ordering::Relaxed)
    }

    /// Asked anew after as many again, in case it could not be taken out.
    fn are_too_many(&self, failures_in_a_row: u64) -> bool {
        self.outlier
            .consecutive
            .is_some_and(|most| failures_in_a_row % u64::from(most.max(1)) == 0)
    }

    /// The book, and the set as it is. Sets are dropped behind the lock, since they hold what is the user's.
    fn open<T, Plan>(
        &self,
        cell: &Snapshot<State<T, Plan>>,
    ) -> (Arc<State<T, Plan>>, MutexGuard<'_, Book>) {
        loop {
            let state = cell.load();
            let mut book = self.book.lock();
            // Whoever opens the book later must not come with an older set.
            if cell.is_current(&state) {
                book.meet(&state.records);
                return (state, book);
            }
        }
    }

    /// A request of this backend failed, the last of so many in a row. Whether the set has changed.
    pub(super) fn fail<T, Plan>(
        &self,
        id: BackendId,
        failures_in_a_row: u64,
        cell: &Snapshot<State<T, Plan>>,
        now: Tick,
    ) -> bool {
        let (state, mut book) = self.open(cell);
        let records = &*state.records;
        if book.interval_ends.is_none() {
            book.begin_interval(now.saturating_add(self.outlier.interval));
            self.sweeping.store(true, Ordering::Relaxed);
        }
        let (total, out) = book.count(records);
        let known = records
            .iter()
            .any(|record| record.backend.id() == id && is_judged(record));
        if !self.are_too_many(failures_in_a_row)
            || !known
            || book.is_out(id)
            || !self.outlier.may_eject(total, out)
        {
            return false;
        }
        let Book { rng, seen, .. } = &mut *book;
        let Some(seen) = seen.get_mut(&id) else {
            return false;
        };
        let (times, until) = self.outlier.ejection(seen.times, now, rng);
        seen.times = times;
        seen.eject(until);
        true
    }

    /// Says of each of what are going to be the backends whether it is out: no more than may be.
    pub(super) fn uphold<T>(&self, records: &mut [Record<T>]) {
        let book = self.book.lock();
        let judged = records.iter().filter(|record| is_judged(record)).count();
        let ends = |record: &Record<T>| {
            let seen = book.seen.get(&record.backend.id());
            seen.filter(|seen| seen.is_of(record))
                .and_then(|seen| seen.until)
        };
        let mut out = Vec::new();
        for (index, record) in records.iter_mut().enumerate() {
            let until = ends(record);
            record.standing.ejected = until.is_some();
            if is_judged(record) {
                out.extend(until.map(|until| (until, index)));
            }
        }
        out.sort_unstable();
        let surplus = out
            .len()
            .saturating_sub(self.outlier.max_ejected.of(judged));
        for (_, index) in out.into_iter().take(surplus) {
            if let Some(record) = records.get_mut(index) {
                record.standing.ejected = false;
            }
        }
    }

    /// A check says that this backend is in order. Whether the set has changed.
    pub(super) fn pardon(&self, id: BackendId) -> bool {
        let mut book = self.book.lock();
        book.seen.get_mut(&id).is_some_and(Seen::bring_back)
    }

    /// Brings back whose time is over, and looks at the rates if the interval has ended. Whether the set has changed.
    pub(super) fn upkeep<T, Plan>(&self, cell: &Snapshot<State<T, Plan>>, now: Tick) -> bool {
        let (state, mut book) = self.open(cell);
        let records = &*state.records;
        let mut changed = false;
        for seen in book.seen.values_mut() {
            if seen.until.is_some_and(|until| until <= now) {
                changed |= seen.bring_back();
            }
        }
        if book.interval_ends.is_some_and(|ends| ends <= now) {
            changed |= self.sweep(&mut book, records, now);
        }
        changed
    }

    fn sweep<T>(&self, book: &mut Book, records: &[Record<T>], now: Tick) -> bool {
        let judged = records.iter().filter(|record| is_judged(record));
        let mut rows: Vec<_> = judged
            .filter_map(|record| {
                book.seen
                    .get(&record.backend.id())
                    .map(|seen| seen.row(record.backend.id()))
            })
            .collect();
        let failed = rows.iter().any(|row| row.failures > 0);
        let verdicts = self.outlier.sweep(&mut rows, now, &mut book.rng);
        for seen in book
            .seen
            .values_mut()
            .filter(|seen| seen.until.is_none() && !seen.was_out)
        {
            // Those that are not judged are forgiven as well.
            seen.times = seen.times.saturating_sub(1);
        }
        for row in &rows {
            if let Some(seen) = book.seen.get_mut(&BackendId::from_u64(row.id)) {
                seen.times = row.times;
            }
        }
        for verdict in &verdicts {
            let (Verdict::Eject { id, .. } | Verdict::Return { id }) = verdict;
            let Some(seen) = book.seen.get_mut(&BackendId::from_u64(*id)) else {
                continue;
            };
            match verdict {
                Verdict::Eject { until, .. } => {
                    seen.eject(*until);
                }
                Verdict::Return { .. } => {
                    seen.bring_back();
                }
            }
        }
        let unforgotten = book
            .seen
            .values()
            .any(|seen| seen.times > 0 || seen.until.is_some());
        if failed || unforgotten {
            book.begin_interval(now.saturating_add(self.outlier.interval));
        } else {
            book.interval_ends = None;
            self.sweeping.store(false, Ordering::Relaxed);
        }
        !verdicts.is_empty()
    }

    /// When to call [`upkeep`](Self::upkeep) next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let book = self.book.lock();
        let returns = book.seen.values().filter_map(|seen| seen.until);
        returns.chain(book.interval_ends).min()
    }
}

/// Whether its requests tell anything: it is meant to get some.
fn is_judged<T>(record: &Record<T>) -> bool {
    record.is_wanted() && record.standing.up
}

impl Book {
    /// Makes the book's backends those of the set.
    fn meet<T>(&mut self, records: &[Record<T>]) {
        let mut missing = records.len() != self.seen.len();
        for record in records {
            let known = self.seen.get(&record.backend.id());
            missing |= known.is_none_or(|seen| !seen.is_of(record));
        }
        if !missing {
            return;
        }
        let mut before = std::mem::take(&mut self.seen);
        for record in records {
            let id = record.backend.id();
            let known = before.remove(&id).filter(|seen| seen.is_of(record));
            self.seen.insert(
                id,
                known.unwrap_or_else(|| Seen::new(&record.backend.vitals)),
            );
        }
    }

    /// How many are judged, and how many of these are out.
    fn count<T>(&self, records: &[Record<T>]) -> (usize, usize) {
        let judged = records.iter().filter(|record| is_judged(record));
        judged.fold((0, 0), |(total, out), record| {
            (
                total + 1,
                out + usize::from(self.is_out(record.backend.id())),
            )
        })
    }

    fn begin_interval(&mut self, ends: Tick) {
        self.interval_ends = Some(ends);
        for seen in self.seen.values_mut() {
            seen.successes = seen.vitals.successes();
            seen.failures = seen.vitals.failures();
            seen.was_out = false;
        }
    }

    fn is_out(&self, id: BackendId) -> bool {
        self.seen.get(&id).is_some_and(|seen| seen.until.is_some())
    }
}

impl Seen {
    fn new(vitals: &Arc<Vitals>) -> Self {
        Self {
            vitals: vitals.clone(),
            successes: vitals.successes(),
            failures: vitals.failures(),
            times: 0,
            until: None,
            was_out: false,
        }
    }

    fn is_of<T>(&self, record: &Record<T>) -> bool {
        Arc::ptr_eq(&self.vitals, &record.backend.vitals)
    }

    fn row(&self, id: BackendId) -> Row {
        let failures = self.vitals.failures().saturating_sub(self.failures);
        // A row that ended before this interval is no news: whoever had it was kept then, because somebody had to stay.
        let consecutive = if failures == 0 {
            0
        } else {
            self.vitals.failures_in_a_row()
        };
        Row {
            id: id.as_u64(),
            successes: self.vitals.successes().saturating_sub(self.successes),
            failures,
            consecutive: u32::try_from(consecutive).unwrap_or(u32::MAX),
            times: self.times,
            until: self.until,
            was_out: self.was_out,
        }
    }

    fn eject(&mut self, until: Tick) {
        self.until = Some(until);
        self.vitals.house.count(Event::Ejection);
    }

    /// Whether it was out.
    fn bring_back(&mut self) -> bool {
        let was_out = self.until.take().is_some();
        if was_out {
            self.was_out = true;
            self.vitals.forget_failures();
        }
        was_out
    }
}
