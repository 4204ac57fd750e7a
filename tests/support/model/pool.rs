//! A pool that one can check by eye: connections in a list, those that wait in a list, and a time.
//!
//! It knows who is to be granted what, and when. That a connection was made, it is told: when that is tried is a matter of chance after a
//! failure.

use std::collections::VecDeque;

/// A connection, and since when nobody has used it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conn {
    pub(crate) serial: u64,
    pub(crate) since: u64,
    /// It is closed when it comes back.
    pub(crate) doomed: bool,
}

/// Somebody who waits, by the number of the task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    task: usize,
    /// In the order of arrival.
    number: u64,
    due: u64,
}

/// What was handed over, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Granted {
    place: Place,
    conn: Conn,
    since: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) max: usize,
    /// The last to come back is the first to go out.
    pub(crate) lifo: bool,
    pub(crate) patience: u64,
    pub(crate) idle_timeout: Option<u64>,
    pub(crate) now: u64,
    pub(crate) paused: bool,
    pub(crate) closed: bool,
    pub(crate) idle: Vec<Conn>,
    pub(crate) leased: Vec<Conn>,
    pub(crate) waiting: VecDeque<Place>,
    pub(crate) granted: VecDeque<Granted>,
    pub(crate) asleep: Vec<Place>,
    pub(crate) joined: u64,
}

/// What somebody who asks is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    Lease(u64),
    Wait,
    TimedOut,
    Closed,
}

impl Model {
    pub(crate) fn total(&self) -> usize {
        self.idle.len() + self.in_use()
    }

    pub(crate) fn in_use(&self) -> usize {
        self.leased.len() + self.granted.len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Tasks that something was handed to.
    pub(crate) fn granted_to(&self) -> impl Iterator<Item = usize> {
        self.granted.iter().map(|granted| granted.place.task)
    }

    /// Tasks that wait and whose time is over.
    pub(crate) fn late(&self) -> Vec<usize> {
        let asleep = self.asleep.iter();
        let late = self
            .waiting
            .iter()
            .chain(asleep)
            .filter(|place| place.due <= self.now);
        late.map(|place| place.task).collect()
    }

    fn next_idle(&mut self) -> Option<Conn> {
        if self.idle.is_empty() || self.paused {
            None
        } else if self.lifo {
            self.idle.pop()
        } else {
            Some(self.idle.remove(0))
        }
    }

    /// Hands what is idle to those that wait.
    fn settle(&mut self) {
        while self.waiting.iter().any(|place| place.due > self.now) {
            let Some(conn) = self.next_idle() else { return };
            while let Some(place) = self.waiting.pop_front() {
                if place.due > self.now {
                    self.granted.push_back(Granted {
                        place,
                        conn,
                        since: self.now,
                    });
                    break;
                }
                // Its time is over: it is told when it comes.
                self.asleep.push(place);
            }
        }
    }

    fn lease(&mut self, conn: Conn) -> Told {
        self.leased.push(Conn {
            since: self.now,
            ..conn
        });
        Told::Lease(conn.serial)
    }

    /// Somebody asks who does not wait.
    pub(crate) fn try_acquire(&mut self) -> Told {
        if self.closed {
            return Told::Closed;
        }
        let conn = if self.waiting.is_empty() {
            self.next_idle()
        } else {
            None
        };
        conn.map_or(Told::Wait, |conn| self.lease(conn))
    }

    /// A task is polled for the first time.
    pub(crate) fn ask(&mut self, task: usize, due: u64) -> Told {
        if self.closed {
            return Told::Closed;
        }
        if self.waiting.is_empty()
            && let Some(conn) = self.next_idle()
        {
            return self.lease(conn);
        }
        let number = self.joined;
        self.joined += 1;
        self.waiting.push_back(Place { task, number, due });
        Told::Wait
    }

    /// A task is polled that was told to wait; also after connects that its poll led to.
    pub(crate) fn poll(&mut self, task: usize) -> Told {
        if self.closed {
            self.cancel(task);
            return Told::Closed;
        }
        if let Some(place) = self.asleep.iter().position(|place| place.task == task) {
            let place = self.asleep.remove(place);
            let before = self
                .waiting
                .iter()
                .take_while(|other| other.number < place.number)
                .count();
            self.waiting.insert(before, place);
        }
        self.settle();
        if let Some(place) = self
            .granted
            .iter()
            .position(|granted| granted.place.task == task)
            && let Some(granted) = self.granted.remove(place)
        {
            return self.lease(granted.conn);
        }
        if self.late().contains(&task) {
            self.cancel(task);
            return Told::TimedOut;
        }
        Told::Wait
    }

    /// A task is dropped.
    pub(crate) fn cancel(&mut self, task: usize) {
        self.waiting.retain(|place| place.task != task);
        self.asleep.retain(|place| place.task != task);
        if let Some(place) = self
            .granted
            .iter()
            .position(|granted| granted.place.task == task)
            && let Some(granted) = self.granted.remove(place)
            && !self.closed
        {
            self.idle.push(granted.conn);
        }
        self.settle();
    }

    /// A lease ends. Whether its connection is closed.
    pub(crate) fn give(&mut self, serial: u64, broken: bool) -> bool {
        let conn = self.leave(serial);
        let full = self.total() >= self.max;
        let closed = broken || conn.doomed || full || self.closed;
        if !closed {
            self.idle.push(Conn {
                since: self.now,
                ..conn
            });
            self.settle();
        }
        closed
    }

    /// A lease ends without its connection.
    pub(crate) fn leave(&mut self, serial: u64) -> Conn {
        let place = self.leased.iter().position(|conn| conn.serial == serial);
        self.leased.remove(place.unwrap())
    }

    /// A connection is there that was not.
    pub(crate) fn arrive(&mut self, serial: u64) {
        assert!(
            self.total() < self.max && !self.closed,
            "one too many: {self:?}"
        );
        let conn = Conn {
            serial,
            since: self.now,
            doomed: false,
        };
        while let Some(place) = self.waiting.pop_front() {
            if self.paused {
                self.waiting.push_front(place);
                break;
            }
            if place.due > self.now {
                self.granted.push_back(Granted {
                    place,
                    conn,
                    since: self.now,
                });
                return;
            }
            self.asleep.push(place);
        }
        self.idle.push(conn);
    }

    /// Time goes by. What is closed for being idle.
    pub(crate) fn advance(&mut self, time: u64) -> Vec<u64> {
        self.now += time;
        while let Some(granted) = self.granted.front().copied()
            && granted.since + self.patience <= self.now
            && !self.closed
        {
            self.granted.pop_front();
            self.asleep.push(granted.place);
            self.idle.push(granted.conn);
            self.settle();
        }
        let Some(timeout) = self.idle_timeout else {
            return Vec::new();
        };
        let now = self.now;
        let (gone, kept) = self
            .idle
            .iter()
            .partition(|conn| conn.since + timeout <= now);
        self.idle = kept;
        let gone: Vec<Conn> = gone;
        gone.into_iter().map(|conn| conn.serial).collect()
    }

    /// What there is goes, now or when it comes back.
    pub(crate) fn clear(&mut self) -> Vec<u64> {
        self.leased.iter_mut().for_each(|conn| conn.doomed = true);
        self.idle.drain(..).map(|conn| conn.serial).collect()
    }

    /// How many idle ones are closed for it.
    pub(crate) fn resize(&mut self, max: usize) -> usize {
        self.max = max;
        self.total().saturating_sub(max).min(self.idle.len())
    }

    pub(crate) fn resume(&mut self) {
        self.paused = false;
        self.settle();
    }

    /// How many are closed at once.
    pub(crate) fn close(&mut self) -> usize {
        self.closed = true;
        self.idle.drain(..).count()
    }

    /// Those that wait are told, and what was handed over is closed when they are: nobody has it any more.
    pub(crate) fn end(&mut self) -> usize {
        self.waiting.clear();
        self.granted.len()
    }

    /// The pool says that it was this connection: where the order is not known, two are taken for one another.
    pub(crate) fn rename(&mut self, believed: u64, true_one: u64) {
        if believed == true_one {
            return;
        }
        let idle = self.idle.iter_mut();
        let granted = self.granted.iter_mut().map(|granted| &mut granted.conn);
        let other = idle.chain(granted).find(|conn| conn.serial == true_one);
        let other = other.unwrap_or_else(|| panic!("{true_one} has two owners, or none"));
        let doomed = std::mem::replace(&mut other.serial, believed);
        let own = self
            .leased
            .iter_mut()
            .find(|conn| conn.serial == believed)
            .unwrap();
        own.serial = doomed;
    }

    /// Somebody waits who could be served.
    pub(crate) fn is_restless(&self) -> bool {
        let live = self.waiting.iter().any(|place| place.due > self.now);
        live && !self.paused && !self.closed && (!self.idle.is_empty() || self.total() < self.max)
    }
}
