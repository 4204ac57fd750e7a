//! Every interleaving of small models of a pool: two or three threads, one or two connections, the whole pool as it is.
//!
//! Time stands still, so nothing repairs itself: who is forgotten waits for ever, which the checker calls a deadlock. Each model
//! survives as it is, and fails with each of some faults.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom_pool --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(unsafe_code, reason = "a probe that loom watches has to be shared")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use std::io::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::atomic as model;
use loom::thread;
use tenfold::clock::{Clock, Tick, Timers};
use tenfold::pool::{AcquireError, Check, Connect, Fairness, Lease, Manage, Order, Pool, Upkeep};

#[path = "support/explore.rs"]
mod explore;
#[path = "support/red.rs"]
mod red;

use explore::{explore, explore_only};
use red::must_fail;

/// A connection: loom sees every use of it, its making and its end.
struct Probe {
    number: usize,
    cell: UnsafeCell<()>,
    site: Arc<Site>,
}

// SAFETY: the model checks that the accesses to the cell are ordered.
unsafe impl Send for Probe {}
// SAFETY: as above.
unsafe impl Sync for Probe {}

impl Probe {
    fn new(site: &Arc<Site>) -> Self {
        let number = site.made.fetch_add(1, Ordering::Relaxed) + 1;
        let live = site.live.fetch_add(1, Ordering::Relaxed) + 1;
        let most = site.most.load(Ordering::SeqCst);
        assert!(live <= most, "{live} connections are more than {most}");
        Self {
            number,
            cell: UnsafeCell::new(()),
            site: site.clone(),
        }
    }

    fn use_it(&mut self) -> usize {
        self.cell.with_mut(|_| ());
        self.number
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.cell.with_mut(|_| ());
        self.site.live.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The other side. Its counts are steps of the model, so that they are looked at in every order; they order nothing themselves.
#[derive(Default)]
struct Site {
    live: model::AtomicUsize,
    made: model::AtomicUsize,
    most: AtomicUsize,
}

impl Site {
    fn live(&self) -> usize {
        self.live.fetch_add(0, Ordering::Relaxed)
    }

    fn made(&self) -> usize {
        self.made.fetch_add(0, Ordering::Relaxed)
    }
}

struct Manager {
    site: Arc<Site>,
    /// A connect takes a while.
    slow: bool,
}

impl Manage for Manager {
    type Connection = Probe;
    type Error = Error;
}

impl Connect for Manager {
    fn connect(&self) -> Result<Probe, Error> {
        let probe = Probe::new(&self.site);
        if self.slow {
            thread::yield_now();
        }
        Ok(probe)
    }
}

/// A clock whose reading is no step of the model.
#[derive(Clone, Debug)]
struct Hand(Arc<(AtomicU64, Timers)>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new((AtomicU64::new(0), Timers::manual())))
    }

    fn advance(&self, nanos: u64) {
        self.0.0.fetch_add(nanos, Ordering::SeqCst);
        self.0.1.run_due(self.now());
    }
}

impl Clock for Hand {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.0.0.load(Ordering::SeqCst))
    }

    fn timers(&self) -> &Timers {
        &self.0.1
    }
}

/// Explores a larger model, with more pre-emptions in the deep run.
fn explore_large(usually: usize, deep: usize, model: impl Fn() + Sync + Send + 'static) {
    let is_deep = std::env::var_os("TENFOLD_PREEMPTIONS").is_some();
    explore_only(if is_deep { deep } else { usually }, model);
}

#[derive(Clone)]
struct World {
    pool: Pool<Manager>,
    site: Arc<Site>,
    clock: Hand,
}

#[derive(Clone, Copy, Default)]
struct Kind {
    order: Order,
    fairness: Fairness,
    patience: Option<Duration>,
    slow: bool,
}

impl World {
    fn new(max: u32) -> Self {
        Self::of(max, Kind::default())
    }

    fn of(max: u32, kind: Kind) -> Self {
        let site = Arc::new(Site::default());
        site.most.store(max as usize, Ordering::SeqCst);
        let clock = Hand::new();
        let manager = Manager {
            site: site.clone(),
            slow: kind.slow,
        };
        let pool = Pool::builder(manager)
            .max_size(max)
            .clock(clock.clone())
            .upkeep(Upkeep::Manual)
            .check(Check::Never)
            .order(kind.order)
            .fairness(kind.fairness)
            .wait_timeout(kind.patience)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_timeout(None)
            .check_timeout(None)
            .close_timeout(None)
            .build()
            .unwrap();
        Self { pool, site, clock }
    }

    /// With so many connections, all idle.
    fn filled(self, connections: u32) -> Self {
        let all: Vec<_> = (0..connections)
            .map(|_| self.pool.acquire().unwrap())
            .collect();
        drop(all);
        self
    }

    fn spawn<T: 'static>(
        &self,
        party: impl FnOnce(&World) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        let world = self.clone();
        thread::spawn(move || party(&world))
    }

    fn use_one(&self) -> usize {
        self.pool.acquire().unwrap().use_it()
    }

    /// Nobody is about any more: nothing is lost, and when the pool is gone nothing is left.
    fn end(self) {
        let status = self.pool.status();
        assert_eq!(
            (status.waiting, status.in_use, status.connecting),
            (0, 0, 0)
        );
        assert_eq!(status.total as usize, self.site.live());
        if !status.closed {
            self.site
                .most
                .store(status.max_size.max(status.total) as usize, Ordering::SeqCst);
            let all: Vec<_> = (0..status.max_size)
                .map(|_| self.pool.acquire().unwrap())
                .collect();
            drop(all);
        }
        let Self { pool, site, .. } = self;
        drop(pool);
        assert_eq!(site.live(), 0, "connections are left");
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
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

#[path = "support/pool_keyed/models.rs"]
mod budget;

/// One waits for the connection that another one puts down.
fn give_against_wait(kind: Kind) {
    let world = World::of(1, kind).filled(1);
    let mut lease = world.pool.acquire().unwrap();
    let waiter = world.spawn(World::use_one);
    lease.use_it();
    drop(lease);
    assert_eq!(waiter.join().unwrap(), 1);
    world.end();
}

#[test]
fn what_comes_back_is_not_overlooked() {
    explore(3, || give_against_wait(Kind::default()));
}

#[test]
fn what_comes_back_is_not_overlooked_in_order() {
    explore(2, || {
        give_against_wait(Kind {
            order: Order::Lifo,
            ..Kind::default()
        });
    });
}

#[test]
fn what_comes_back_is_not_overlooked_when_anybody_may_have_it() {
    explore(2, || {
        give_against_wait(Kind {
            fairness: Fairness::Throughput,
            ..Kind::default()
        });
    });
}

red! {
    red_when_a_giver_does_not_look_behind: "what_comes_back_is_not_overlooked" with "SkipLookBehind", "deadlock";
    red_when_a_giver_does_not_look_behind_for_anybody: "what_comes_back_is_not_overlooked_when_anybody_may_have_it" with "SkipLookBehind", "deadlock";
    red_when_a_waiter_does_not_look_again: "what_comes_back_is_not_overlooked" with "SkipRecheck", "deadlock";
    red_when_a_closer_looks_too_early: "a_closed_pool_has_nothing_idle" with "SkipBarrier", "a closed pool has a connection";
    red_when_put_down_without_releasing: "what_comes_back_is_not_overlooked" with "PublishRelaxed", "Causality violation";
    red_when_listed_too_early: "what_comes_back_is_not_overlooked_in_order" with "ListEarly", "deadlock";
}

/// Two take the only connection, without waiting.
fn two_takers(order: Order) {
    let world = World::of(
        1,
        Kind {
            order,
            ..Kind::default()
        },
    )
    .filled(1);
    let take = |world: &World| match world.pool.try_acquire() {
        Ok(mut lease) => _ = lease.use_it(),
        Err(error) => assert!(matches!(error, AcquireError::Exhausted { .. }), "{error}"),
    };
    let other = world.spawn(take);
    take(&world);
    other.join().unwrap();
    assert_eq!(world.site.made(), 1);
    world.end();
}

#[test]
fn a_connection_has_one_owner() {
    explore(3, || two_takers(Order::Affine));
}

#[test]
fn a_connection_in_order_has_one_owner() {
    explore(2, || two_takers(Order::Fifo));
}

red! {
    red_when_taken_unasked: "a_connection_has_one_owner" with "ClaimUnasked", "Causality violation";
}

/// The first in line gives up while a connection comes; the second one must get it.
fn give_against_cancel() {
    let world = World::new(1).filled(1);
    let lease = world.pool.acquire().unwrap();
    let mut first = Box::pin(world.pool.acquire_owned_async());
    assert!(poll_once(first.as_mut()).is_pending());
    let leaver = thread::spawn(move || drop(first));
    let waiter = world.spawn(World::use_one);
    drop(lease);
    leaver.join().unwrap();
    waiter.join().unwrap();
    world.end();
}

#[test]
fn who_leaves_passes_on_what_it_was_granted() {
    explore_large(1, 3, give_against_cancel);
}

red! {
    red_when_a_grant_is_swallowed: "who_leaves_passes_on_what_it_was_granted" with "SwallowGrant", "deadlock";
}

/// The time of the first in line is over, and nobody polls it: what comes goes to the second.
fn give_against_lapse() {
    let world = World::of(
        1,
        Kind {
            patience: Some(Duration::from_nanos(5)),
            ..Kind::default()
        },
    )
    .filled(1);
    let lease = world.pool.acquire().unwrap();
    let mut late = Box::pin(world.pool.acquire_owned_async());
    assert!(poll_once(late.as_mut()).is_pending());
    world.clock.advance(5);
    let second = world.spawn(|world| {
        let lease = world.pool.acquire_timeout(Duration::MAX);
        lease.unwrap().use_it();
    });
    drop(lease);
    second.join().unwrap();
    let Poll::Ready(Err(AcquireError::TimedOut { .. })) = poll_once(late.as_mut()) else {
        unreachable!("it was late");
    };
    drop(late);
    world.end();
}

#[test]
fn nothing_is_granted_to_who_is_late() {
    explore_large(2, 3, give_against_lapse);
}

/// The same while the first one is about to notice.
#[test]
fn who_is_late_stands_in_nobodys_way() {
    explore_large(1, 2, || {
        let world = World::of(
            1,
            Kind {
                patience: Some(Duration::from_nanos(5)),
                ..Kind::default()
            },
        )
        .filled(1);
        let lease = world.pool.acquire().unwrap();
        let late = world.spawn(|world| match world.pool.acquire() {
            Ok(mut lease) => _ = lease.use_it(),
            Err(error) => assert!(matches!(error, AcquireError::TimedOut { .. }), "{error}"),
        });
        let second = world.spawn(|world| {
            let lease = world.pool.acquire_timeout(Duration::MAX);
            lease.unwrap().use_it();
        });
        world.clock.advance(5);
        drop(lease);
        late.join().unwrap();
        second.join().unwrap();
        world.end();
    });
}

red! {
    red_when_granted_to_who_is_late: "nothing_is_granted_to_who_is_late" with "GrantLate", "deadlock";
}

/// Two make a connection each, in a pool that was made smaller: one as somebody who waits, the other brings it along.
fn two_makers() {
    let world = World::new(2);
    world.pool.resize(1).unwrap();
    let other = world.spawn(|world| {
        let probe = Probe::new(&world.site);
        let _ = world.pool.attach(probe);
    });
    world.site.most.store(3, Ordering::SeqCst);
    world.use_one();
    other.join().unwrap();
    let total = world.pool.status().total;
    assert_eq!(total, 1, "{total} connections are more than 1");
    world.end();
}

#[test]
fn there_are_never_more_than_there_may_be() {
    explore_large(2, 3, two_makers);
}

/// One makes a second connection while there may be one only from now on.
#[test]
fn a_smaller_pool_comes_down() {
    explore_large(2, 3, || {
        let world = World::new(2).filled(1);
        let mut lease = world.pool.acquire().unwrap();
        let other = world.spawn(World::use_one);
        world.pool.resize(1).unwrap();
        lease.use_it();
        drop(lease);
        other.join().unwrap();
        assert_eq!(world.pool.status().total, 1, "the pool did not come down");
        world.end();
    });
}

/// A connection comes back while there are too many from now on. Another one stays in use.
fn give_against_shrink() {
    let world = World::new(2).filled(2);
    let mut lease = world.pool.acquire_owned().unwrap();
    let other = world.pool.acquire().unwrap();
    let giver = thread::spawn(move || _ = lease.use_it());
    world.pool.resize(1).unwrap();
    giver.join().unwrap();
    let total = world.pool.status().total;
    assert_eq!(total, 1, "the pool did not come down");
    drop(other);
    world.end();
}

#[test]
fn what_is_too_much_is_closed_when_it_comes_back() {
    explore_large(2, 4, give_against_shrink);
}

/// One is idle and one comes back: one of the two is closed.
#[test]
fn no_more_is_closed_than_is_too_much() {
    explore_large(2, 3, || {
        let world = World::new(2).filled(2);
        let mut lease = world.pool.acquire_owned().unwrap();
        let giver = thread::spawn(move || _ = lease.use_it());
        world.pool.resize(1).unwrap();
        giver.join().unwrap();
        assert_eq!(world.pool.status().total, 1);
        world.end();
    });
}

/// Two disagree about how many there may be, and both connections are in use.
fn shrink_against_grow() {
    let world = World::new(2).filled(2);
    let leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    let other = world.spawn(|world| world.pool.resize(1).unwrap());
    world.pool.resize(2).unwrap();
    other.join().unwrap();
    drop(leases);
    let status = world.pool.status();
    assert!(
        status.total <= status.max_size,
        "the pool did not come down"
    );
    world.end();
}

#[test]
fn who_resizes_last_is_right() {
    explore(3, shrink_against_grow);
}

red! {
    red_when_reserved_unasked: "there_are_never_more_than_there_may_be" with "ReserveUnasked", "are more than";
    red_when_what_is_too_much_is_kept: "what_is_too_much_is_closed_when_it_comes_back" with "SkipGate", "did not come down";
    red_when_a_giver_does_not_look_behind_for_a_smaller_pool: "what_is_too_much_is_closed_when_it_comes_back" with "SkipLookBehind", "did not come down";
    red_when_who_resizes_does_not_look_again: "who_resizes_last_is_right" with "SettleOnce", "did not come down";
}

/// A connection comes back while the pool is closed.
fn give_against_close() {
    let world = World::new(1).filled(1);
    let mut lease = world.pool.acquire_owned().unwrap();
    let giver = thread::spawn(move || _ = lease.use_it());
    world.pool.close();
    giver.join().unwrap();
    assert_eq!(world.site.live(), 0, "a closed pool has a connection");
    world.end();
}

#[test]
fn a_closed_pool_has_nothing_idle() {
    explore(3, give_against_close);
}

/// One waits, or is about to, while the pool is closed.
fn close_against_wait() {
    let world = World::new(1).filled(1);
    let lease = world.pool.acquire().unwrap();
    let waiter = world.spawn(|world| match world.pool.acquire() {
        Err(AcquireError::Closed) => {}
        other => unreachable!("the pool is closed: {:?}", other.map(|_| ())),
    });
    world.pool.close();
    waiter.join().unwrap();
    drop(lease);
    assert_eq!(world.site.live(), 0, "a closed pool has a connection");
    world.end();
}

#[test]
fn who_waits_is_told_that_the_pool_is_closed() {
    explore(3, close_against_wait);
}

/// One makes a connection while the pool is closed.
#[test]
fn what_is_made_for_a_closed_pool_is_closed() {
    explore(2, || {
        let world = World::of(
            1,
            Kind {
                slow: true,
                ..Kind::default()
            },
        );
        let caller = world.spawn(|world| match world.pool.acquire() {
            Ok(mut lease) => _ = lease.use_it(),
            Err(error) => assert!(matches!(error, AcquireError::Closed), "{error}"),
        });
        world.pool.close();
        caller.join().unwrap();
        assert_eq!(world.site.live(), 0, "a closed pool has a connection");
        world.end();
    });
}

red! {
    red_when_a_closed_pool_keeps_what_comes_back: "a_closed_pool_has_nothing_idle" with "SkipGate", "a closed pool has a connection";
    red_when_who_closes_does_not_look: "a_closed_pool_has_nothing_idle" with "SkipSweep", "a closed pool has a connection";
    red_when_a_giver_does_not_look_behind_for_a_closed_pool: "a_closed_pool_has_nothing_idle" with "SkipLookBehind", "a closed pool has a connection";
    red_when_a_closed_pool_tells_nobody: "who_waits_is_told_that_the_pool_is_closed" with "CloseSilently", "deadlock";
    red_when_a_waiter_does_not_ask_whether_it_is_closed: "who_waits_is_told_that_the_pool_is_closed" with "JoinUnasked", "deadlock";
}

/// One uses the connection, or waits for it, while all that there are become old.
fn clear_against_use(world: World) {
    let other = world.spawn(World::use_one);
    let made = world.site.made();
    world.pool.clear();
    let mut lease = world.pool.acquire().unwrap();
    let number = lease.use_it();
    assert!(number > made, "{number} is of an earlier generation");
    drop(lease);
    other.join().unwrap();
    world.end();
}

/// A connection comes back while all that there are become old.
fn clear_against_give() {
    let world = World::new(1).filled(1);
    let mut lease = world.pool.acquire_owned().unwrap();
    let giver = thread::spawn(move || _ = lease.use_it());
    world.pool.clear();
    let number = world.use_one();
    assert_eq!(number, 2, "{number} is of an earlier generation");
    giver.join().unwrap();
    world.end();
}

#[test]
fn nothing_old_is_handed_out() {
    explore_large(1, 2, clear_against_give);
}

/// A connection is taken while all that there are become old.
#[test]
fn nothing_old_is_taken() {
    explore_large(2, 3, || {
        let world = World::new(1).filled(1);
        let cleared = Arc::new(model::AtomicBool::new(false));
        let taker = {
            let cleared = cleared.clone();
            world.spawn(move |world| {
                let cleared = cleared.load(Ordering::Relaxed);
                let number = world.use_one();
                assert!(
                    !cleared || number == 2,
                    "{number} is of an earlier generation"
                );
            })
        };
        world.pool.clear();
        cleared.store(true, Ordering::Relaxed);
        taker.join().unwrap();
        world.end();
    });
}

#[test]
fn nothing_that_was_begun_before_is_handed_out() {
    explore_large(1, 3, || {
        clear_against_use(World::of(
            1,
            Kind {
                slow: true,
                ..Kind::default()
            },
        ));
    });
}

/// What was granted to the one that waits becomes old before it comes for it.
fn clear_against_grant() {
    let world = World::new(1).filled(1);
    let mut lease = world.pool.acquire().unwrap();
    let mut waiter = Box::pin(world.pool.acquire_owned_async());
    assert!(poll_once(waiter.as_mut()).is_pending());
    let other = world.spawn(|world| {
        let made = world.site.made();
        world.pool.clear();
        let number = world.use_one();
        assert!(number > made, "{number} is of an earlier generation");
    });
    lease.use_it();
    drop(lease);
    let mut got = None;
    while got.is_none() {
        if let Poll::Ready(lease) = poll_once(waiter.as_mut()) {
            got = Some(lease.unwrap());
        } else {
            thread::yield_now();
        }
    }
    drop((got, waiter));
    other.join().unwrap();
    world.end();
}

#[test]
fn nothing_old_is_handed_to_who_waits() {
    explore_large(1, 2, clear_against_grant);
}

/// What was granted becomes old before it is fetched, and nobody else looks at it.
fn clear_against_fetch() {
    let world = World::new(1).filled(1);
    let mut lease = world.pool.acquire_owned().unwrap();
    let mut waiter = Box::pin(world.pool.acquire_owned_async());
    assert!(poll_once(waiter.as_mut()).is_pending());
    let giver = thread::spawn(move || _ = lease.use_it());
    world.pool.clear();
    giver.join().unwrap();
    let Poll::Ready(Ok(mut lease)) = poll_once(waiter.as_mut()) else {
        unreachable!("there is room for another one");
    };
    assert_eq!(lease.use_it(), 2, "it is of an earlier generation");
    drop((lease, waiter));
    world.end();
}

#[test]
fn a_grant_that_became_old_is_of_no_use() {
    explore_large(2, 3, clear_against_fetch);
}

red! {
    red_when_what_is_old_is_handed_out: "nothing_old_is_handed_out" with "SkipGate", "earlier generation";
    red_when_as_young_as_its_end: "nothing_that_was_begun_before_is_handed_out" with "NoteLate", "earlier generation";
    red_when_a_grant_is_not_looked_at: "a_grant_that_became_old_is_of_no_use" with "AcceptUnasked", "earlier generation";
}

/// Two want a connection each, and there may be two. One keeps its own until the other has been served.
fn two_at_a_time() {
    let world = World::new(2);
    let other = world.spawn(World::use_one);
    let mut lease = world.pool.acquire().unwrap();
    other.join().unwrap();
    lease.use_it();
    drop(lease);
    world.end();
}

#[test]
fn a_connection_is_made_for_each_that_waits() {
    explore_large(2, 3, two_at_a_time);
}

/// One waits, and the only connection leaves the pool: another one is made.
fn leave_against_wait(leave: fn(Lease<'_, Manager>)) {
    let world = World::new(1).filled(1);
    let mut lease = world.pool.acquire().unwrap();
    let waiter = world.spawn(World::use_one);
    lease.use_it();
    leave(lease);
    assert_eq!(waiter.join().unwrap(), 2);
    world.end();
}

#[test]
fn a_place_that_becomes_free_is_not_overlooked() {
    explore_large(2, 3, || {
        leave_against_wait(|lease| {
            // What has left the pool is not counted.
            let site = lease.site.clone();
            site.most.fetch_add(1, Ordering::SeqCst);
            drop(Lease::detach(lease));
        });
    });
}

#[test]
fn the_place_of_one_that_is_closed_is_not_overlooked() {
    explore_large(2, 3, || leave_against_wait(|lease| Lease::discard(lease)));
}

/// One waits, and there may be another connection from now on.
#[test]
fn more_room_is_not_overlooked() {
    explore_large(2, 3, || {
        let world = World::new(1).filled(1);
        let lease = world.pool.acquire().unwrap();
        let waiter = world.spawn(World::use_one);
        world.site.most.store(2, Ordering::SeqCst);
        world.pool.resize(2).unwrap();
        assert_eq!(waiter.join().unwrap(), 2);
        drop(lease);
        world.end();
    });
}

red! {
    red_when_a_look_is_forgotten: "a_connection_is_made_for_each_that_waits" with "ForgetStir", "deadlock";
    red_when_a_place_is_not_given_back: "a_place_that_becomes_free_is_not_overlooked" with "KeepReserved", "deadlock";
    red_when_free_before_it_is: "a_place_that_becomes_free_is_not_overlooked" with "VacateLate", "deadlock";
    red_when_nobody_is_told_of_a_place: "the_place_of_one_that_is_closed_is_not_overlooked" with "VacateSilently", "deadlock";
}

/// One finds the pool paused while it is resumed.
fn resume_against_take() {
    let world = World::new(1).filled(1);
    world.pool.pause();
    let waiter = world.spawn(World::use_one);
    world.pool.resume();
    waiter.join().unwrap();
    world.end();
}

#[test]
fn who_waits_in_a_pause_is_not_overlooked() {
    explore(3, resume_against_take);
}

red! {
    red_when_who_resumes_does_not_look: "who_waits_in_a_pause_is_not_overlooked" with "ResumeSilently", "deadlock";
    red_when_put_back_without_a_look_behind: "who_waits_in_a_pause_is_not_overlooked" with "SkipLookBehind", "deadlock";
}

/// One waits until the last connection is closed.
fn drain_against_give() {
    let world = World::new(1).filled(1);
    let mut lease = world.pool.acquire_owned().unwrap();
    let giver = thread::spawn(move || _ = lease.use_it());
    let report = world.pool.drain(Duration::MAX);
    assert!(report.is_complete(), "{report:?}");
    giver.join().unwrap();
    world.end();
}

#[test]
fn a_drain_ends_with_the_last_connection() {
    explore(3, drain_against_give);
}

red! {
    red_when_who_drains_looks_too_early: "a_drain_ends_with_the_last_connection" with "WatchLate", "deadlock";
}
