//! Sequences of calls to a pool, beside the model.

use std::collections::BTreeMap;
use std::task::Poll;

use proptest::prelude::*;

use crate::model::{Model, Told};
use crate::pooling::*;

type Outcome = Result<OwnedLease<Calls>, AcquireError<Down>>;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) max: u32,
    /// Affine, the last first, or the first first.
    pub(crate) order: u8,
    /// Whether idle connections are closed.
    pub(crate) idles: bool,
    /// Whether callers wait for a second, or for ever.
    pub(crate) short: bool,
}

/// Numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Ask,
    Try,
    Poll(usize),
    Cancel(usize),
    Give(usize),
    Break(usize),
    Discard(usize),
    Detach(usize),
    Attach,
    Evict(usize),
    /// Milliseconds.
    Advance(u16),
    Backend(bool),
    Clear,
    Resize(u32),
    Pause(bool),
    Close,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = 0..8_usize;
    let step = prop_oneof![
        8 => Just(Step::Ask),
        2 => Just(Step::Try),
        8 => number.clone().prop_map(Step::Poll),
        3 => number.clone().prop_map(Step::Cancel),
        8 => number.clone().prop_map(Step::Give),
        1 => number.clone().prop_map(Step::Break),
        1 => number.clone().prop_map(Step::Discard),
        1 => number.clone().prop_map(Step::Detach),
        2 => Just(Step::Attach),
        1 => number.prop_map(Step::Evict),
        4 => (1..700_u16).prop_map(Step::Advance),
        2 => any::<bool>().prop_map(Step::Backend),
        1 => Just(Step::Clear),
        2 => (1..6_u32).prop_map(Step::Resize),
        2 => any::<bool>().prop_map(Step::Pause),
        1 => prop_oneof![9 => Just(Step::Try), 1 => Just(Step::Close)],
    ];
    prop::collection::vec(step, 1..80)
}

pub(crate) struct Run {
    world: World<Calls>,
    model: Model,
    exact: bool,
    short: bool,
    tasks: BTreeMap<usize, Task<'static, Outcome>>,
    asked: usize,
    leases: Vec<OwnedLease<Calls>>,
    detached: Vec<Conn>,
    /// Connections and closes that the model knows of.
    made: usize,
    closed: usize,
    /// The backend fails, and since when it is not asked again.
    down: bool,
    failed: Option<u64>,
}

impl Run {
    pub(crate) fn new(settings: &Settings) -> Self {
        let order = [Order::Affine, Order::Lifo, Order::Fifo][usize::from(settings.order)];
        let exact = order != Order::Affine;
        let idle_timeout = (settings.idles && exact).then_some(2 * SECOND);
        let world = calls(|builder| {
            builder
                .max_size(settings.max)
                .order(order)
                .check(Check::Never)
                .idle_timeout(idle_timeout)
                .max_lifetime(None)
                .leak_threshold(None)
                .wait_timeout(settings.short.then_some(SECOND))
                .patience(300 * MILLI)
                .fail_fast_after(u32::MAX)
                .backoff_base(MILLI)
                .backoff_max(MILLI)
        });
        let model = Model {
            max: settings.max as usize,
            lifo: order == Order::Lifo,
            patience: 300,
            idle_timeout: idle_timeout.map(|_| 2_000),
            ..Model::default()
        };
        Self {
            world,
            model,
            exact,
            short: settings.short,
            tasks: BTreeMap::new(),
            asked: 0,
            leases: Vec::new(),
            detached: Vec::new(),
            made: 0,
            closed: 0,
            down: false,
            failed: None,
        }
    }

    pub(crate) fn go(mut self, steps: &[Step]) {
        for step in steps {
            self.step(*step);
            self.compare();
        }
        // In the end nothing is lost.
        self.step(Step::Backend(true));
        self.step(Step::Pause(false));
        self.tasks
            .keys()
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|task| self.cancel(task));
        while !self.leases.is_empty() {
            self.step(Step::Give(0));
        }
        self.compare();
        if !self.model.closed {
            let max = self.model.max;
            self.world.clock.advance(60 * SECOND);
            let leases: Vec<_> = (0..max)
                .map(|_| self.world.pool.acquire().unwrap())
                .collect();
            assert_eq!(leases.len(), max);
        }
    }

    /// Tells the model which connections were made since, and which of them were closed.
    fn observe(&mut self) {
        let made = self.world.backend.made();
        for serial in made.iter().skip(self.made) {
            self.model.arrive(*serial);
        }
        self.made = made.len();
        if self.world.pool.status().failures > 0 {
            self.failed = Some(self.model.now);
        }
    }

    /// Closed since the last time.
    fn closes(&mut self) -> Vec<u64> {
        let closes = self.world.backend.closes();
        let new = closes.iter().skip(self.closed).copied().collect();
        self.closed = closes.len();
        new
    }

    fn expect_closed(&mut self, mut expected: Vec<u64>) {
        let mut closed = self.closes();
        closed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(closed, expected);
    }

    fn pick(&self, n: usize) -> Option<usize> {
        n.checked_rem(self.leases.len())
    }

    fn task(&self, n: usize) -> Option<usize> {
        let n = n.checked_rem(self.tasks.len())?;
        self.tasks.keys().nth(n).copied()
    }

    /// Everybody comes for what was handed to them.
    fn collect(&mut self) {
        let granted: Vec<_> = self.model.granted_to().collect();
        granted.into_iter().for_each(|task| self.poll(task));
    }

    fn received(&mut self, told: Told, outcome: Outcome) {
        match (told, outcome) {
            (Told::Lease(serial), Ok(lease)) => {
                if self.exact {
                    assert_eq!(lease.serial, serial);
                }
                self.model.rename(serial, lease.serial);
                self.leases.push(lease);
            }
            (Told::TimedOut, Err(AcquireError::TimedOut { .. }))
            | (Told::Closed, Err(AcquireError::Closed)) => {}
            (told, outcome) => panic!("{told:?}, but {outcome:?}"),
        }
    }

    fn poll(&mut self, number: usize) {
        let Some(task) = self.tasks.get_mut(&number) else {
            return;
        };
        let polled = task.poll();
        let mut told = self.model.poll(number);
        self.observe();
        if told == Told::Wait {
            // By what was made on its behalf.
            if self.model.granted_to().any(|granted| granted == number) {
                let task = self.tasks.get_mut(&number).unwrap();
                let polled = if polled.is_pending() {
                    task.poll()
                } else {
                    polled
                };
                told = self.model.poll(number);
                return self.polled(number, told, polled);
            }
        }
        self.polled(number, told, polled);
    }

    fn polled(&mut self, number: usize, told: Told, polled: Poll<Outcome>) {
        match polled {
            Poll::Ready(outcome) => {
                self.tasks.remove(&number);
                self.received(told, outcome);
            }
            Poll::Pending => assert_eq!(told, Told::Wait),
        }
    }

    fn cancel(&mut self, number: usize) {
        let closed = self.model.closed;
        let granted = self.model.granted_to().any(|granted| granted == number);
        self.tasks.remove(&number);
        self.model.cancel(number);
        if closed && granted {
            assert_eq!(self.closes().len(), 1);
        }
        self.observe();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Ask => {
                let due = if self.short {
                    self.model.now + 1_000
                } else {
                    u64::MAX
                };
                let mut task = Task::new(self.world.pool.acquire_owned_async());
                let polled = task.poll();
                let number = self.asked;
                self.asked += 1;
                self.tasks.insert(number, task);
                let mut told = self.model.ask(number, due);
                self.observe();
                if told == Told::Wait {
                    told = self.model.poll(number);
                }
                self.polled(number, told, polled);
            }
            Step::Try => {
                let told = self.model.try_acquire();
                let outcome = self.world.pool.try_acquire_owned();
                if told == Told::Wait {
                    assert!(matches!(outcome, Err(AcquireError::Exhausted { .. })));
                } else {
                    self.received(told, outcome);
                }
            }
            Step::Poll(n) => {
                if let Some(task) = self.task(n) {
                    self.poll(task);
                }
            }
            Step::Cancel(n) => {
                if let Some(task) = self.task(n) {
                    self.cancel(task);
                }
            }
            Step::Give(n) | Step::Break(n) | Step::Discard(n) => {
                let Some(n) = self.pick(n) else { return };
                let mut lease = self.leases.swap_remove(n);
                let serial = lease.serial;
                lease.broken = matches!(step, Step::Break(_));
                let bad = !matches!(step, Step::Give(_));
                if matches!(step, Step::Discard(_)) {
                    OwnedLease::discard(lease);
                } else {
                    drop(lease);
                }
                let closed = self.model.give(serial, bad);
                self.expect_closed(closed.then_some(serial).into_iter().collect());
            }
            Step::Detach(n) => {
                let Some(n) = self.pick(n) else { return };
                let connection = OwnedLease::detach(self.leases.swap_remove(n));
                self.model.leave(connection.serial);
                self.detached.push(connection);
            }
            Step::Attach => {
                let Some(connection) = self.detached.pop() else {
                    return;
                };
                let serial = connection.serial;
                let full = self.model.total() >= self.model.max;
                match self.world.pool.attach(connection) {
                    Ok(()) => self.model.arrive(serial),
                    Err(AttachError::Full(connection)) if full => self.detached.push(connection),
                    Err(AttachError::Closed(connection)) if self.model.closed => {
                        self.detached.push(connection);
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            Step::Evict(n) => {
                let Some(n) = self.pick(n) else { return };
                let lease = &self.leases[n];
                assert!(self.world.pool.evict(OwnedLease::info(lease).id));
                let evicted = self
                    .model
                    .leased
                    .iter_mut()
                    .find(|conn| conn.serial == lease.serial);
                evicted.unwrap().doomed = true;
            }
            Step::Advance(millis) => {
                self.world.clock.advance(MILLI * u32::from(millis));
                let gone = self.model.advance(u64::from(millis));
                self.observe();
                self.expect_closed(gone);
                for late in self.model.late() {
                    self.poll(late);
                }
            }
            Step::Backend(up) => {
                self.down = !up;
                let mood = if up { Mood::Good } else { Mood::Fails };
                self.world.backend.set(Call::Connect, mood);
            }
            Step::Clear => {
                self.collect();
                self.world.pool.clear();
                let gone = self.model.clear();
                self.expect_closed(gone);
            }
            Step::Resize(max) => {
                self.collect();
                self.world.pool.resize(max).unwrap();
                let gone = self.model.resize(max as usize);
                let closed = self.closes();
                assert_eq!(closed.len(), gone);
                self.model
                    .idle
                    .retain(|conn| !closed.contains(&conn.serial));
                assert_eq!(
                    self.model.idle.len() + self.model.in_use(),
                    self.model.total()
                );
            }
            Step::Pause(pause) if !self.exact || !pause => {
                if pause {
                    self.collect();
                    self.world.pool.pause();
                    self.model.paused = true;
                } else {
                    self.world.pool.resume();
                    self.model.resume();
                }
            }
            Step::Pause(_) => {}
            Step::Close => {
                self.collect();
                let idle = self.model.close();
                self.world.pool.close();
                assert_eq!((self.closes().len(), self.model.end()), (idle, 0));
            }
        }
        self.observe();
    }

    fn compare(&mut self) {
        let status = self.world.pool.status();
        let model = &self.model;
        let counts = (
            status.idle as usize,
            status.in_use as usize,
            status.total as usize,
        );
        assert_eq!(
            counts,
            (model.idle.len(), model.in_use(), model.total()),
            "{model:?}"
        );
        assert_eq!(status.waiting as usize, model.waiting(), "{model:?}");
        assert_eq!((status.paused, status.closed), (model.paused, model.closed));
        let mut held: Vec<_> = self.leases.iter().map(|lease| lease.serial).collect();
        held.sort_unstable();
        held.dedup();
        assert_eq!(held.len(), model.leased.len(), "one owner each");
        assert_eq!(
            self.world.backend.live().len(),
            model.total() + self.detached.len()
        );
        for granted in model.granted_to() {
            assert!(
                self.tasks[&granted].is_woken(),
                "task {granted} was not told"
            );
        }
        // A failure puts off the next attempt, for a millisecond at most.
        let puts_off = self.down || self.failed == Some(model.now);
        assert!(
            !model.is_restless() || (puts_off && model.idle.is_empty()),
            "{model:?}"
        );
        if !self.down && self.failed != Some(model.now) {
            self.failed = None;
        }
    }
}
