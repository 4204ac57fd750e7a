//! Every interleaving of two pools of different keys, with one budget: never more connections than that, no place of it is lost, and nobody is
//! forgotten who waits for one.

use std::time::Duration;

use loom::thread;
use tenfold::pool::{Check, Config, KeyedPool, OwnedLease, Pool, Upkeep};

use super::red::must_fail;
use super::{Arc, Hand, Manager, Ordering, Poll, Site, explore_large, poll_once};

/// The pools of the keys 0 to 2, and what they have in common.
struct World {
    group: KeyedPool<u32, Manager>,
    pools: [Pool<Manager>; 3],
    site: Arc<Site>,
}

impl World {
    fn new(budget: u32) -> Self {
        let site = Arc::new(Site::default());
        site.most.store(budget as usize, Ordering::SeqCst);
        let mut config = Config::default();
        config.max_size = 2;
        config.upkeep = Upkeep::Manual;
        config.check = Check::Never;
        config.wait_timeout = None;
        config.idle_timeout = None;
        config.max_lifetime = None;
        config.leak_threshold = None;
        config.connect_timeout = None;
        config.check_timeout = None;
        config.close_timeout = None;
        let theirs = site.clone();
        let manager = move |_: &u32| Manager {
            site: theirs.clone(),
            slow: false,
        };
        let group = KeyedPool::builder(manager)
            .pool(config)
            .max_total(budget)
            .turn(Duration::MAX)
            .key_idle_timeout(None)
            .clock(Hand::new())
            .build()
            .unwrap();
        let pools = [0, 1, 2].map(|key| group.pool(&key).unwrap());
        Self { group, pools, site }
    }

    fn take(&self, key: usize) -> OwnedLease<Manager> {
        self.pools[key].acquire_owned().unwrap()
    }

    /// Somebody who uses a connection of this key.
    fn user(&self, key: usize) -> thread::JoinHandle<()> {
        let pool = self.pools[key].clone();
        thread::spawn(move || _ = pool.acquire().unwrap().use_it())
    }

    /// Nobody is about any more: nobody starves, the budget is what there is, and all of it can be had by any key.
    fn end(self) {
        let status = self.group.status();
        assert_eq!((status.starving, status.pools.in_use), (0, 0));
        let (total, live) = (status.total as usize, self.site.live());
        assert_eq!(total, live, "{total} on the budget are {live}");
        for pool in &self.pools {
            let mut lease = pool.acquire().unwrap();
            lease.use_it();
        }
        let Self { group, pools, site } = self;
        drop((pools, group));
        assert_eq!(site.live(), 0, "connections are left");
    }
}

/// One key waits for the connection that another one puts down.
fn give_against_hunger() {
    let world = World::new(1);
    let mut lease = world.take(0);
    let waiter = world.user(1);
    lease.use_it();
    drop(lease);
    waiter.join().unwrap();
    world.end();
}

#[test]
fn what_another_key_puts_down_is_not_overlooked() {
    explore_large(2, 3, give_against_hunger);
}

/// One key waits for the connection that another one loses.
fn loss_against_hunger() {
    let world = World::new(1);
    let mut lease = world.take(0);
    let waiter = world.user(1);
    lease.use_it();
    OwnedLease::discard(lease);
    waiter.join().unwrap();
    world.end();
}

#[test]
fn what_another_key_loses_is_not_overlooked() {
    explore_large(2, 3, loss_against_hunger);
}

/// Two keys want the only connection that there may be.
fn two_keys() {
    let world = World::new(1);
    let other = world.user(0);
    world.take(1).use_it();
    other.join().unwrap();
    world.end();
}

#[test]
fn all_keys_together_have_no_more_than_there_may_be() {
    explore_large(1, 2, two_keys);
}

/// The first in the line of keys gives up while a connection comes back to another key: the second one must get it.
fn give_against_leave() {
    let world = World::new(1);
    let lease = world.take(0);
    let pool = world.pools[1].clone();
    let mut first = Box::pin(pool.acquire_owned_async());
    assert!(poll_once(first.as_mut()).is_pending());
    let pool = world.pools[2].clone();
    let mut second = Box::pin(pool.acquire_owned_async());
    assert!(poll_once(second.as_mut()).is_pending());
    let leaver = thread::spawn(move || drop(first));
    drop(lease);
    leaver.join().unwrap();
    let Poll::Ready(Ok(mut lease)) = poll_once(second.as_mut()) else {
        unreachable!("it was forgotten")
    };
    lease.use_it();
    drop((lease, second));
    world.end();
}

#[test]
fn a_turn_that_is_not_wanted_goes_on() {
    explore_large(2, 3, give_against_leave);
}

/// Two keys put down one each, and a third one waits for both.
fn two_givers() {
    let world = World::new(2);
    let leases = [world.take(0), world.take(1)];
    let mut waiting = [(); 2].map(|()| {
        let mut waiting = Box::pin(world.pools[2].acquire_owned_async());
        assert!(poll_once(waiting.as_mut()).is_pending());
        waiting
    });
    let [one, other] = leases;
    let giver = thread::spawn(move || drop(one));
    drop(other);
    giver.join().unwrap();
    let got = waiting
        .each_mut()
        .map(|waiting| poll_once(waiting.as_mut()));
    assert!(got.iter().all(Poll::is_ready), "it was forgotten");
    drop((got, waiting));
    world.end();
}

#[test]
fn two_that_come_back_at_once_serve_two() {
    explore_large(1, 2, two_givers);
}

red! {
    red_when_made_beyond_the_budget: "budget::all_keys_together_have_no_more_than_there_may_be" with "ReserveUnbudgeted", "are more than";
    red_when_what_is_gone_stays_on_the_budget: "budget::what_another_key_loses_is_not_overlooked" with "KeepBudget", "deadlock";
    red_when_a_turn_is_kept: "budget::a_turn_that_is_not_wanted_goes_on" with "KeepGrant", "it was forgotten";
    red_when_a_look_at_the_budget_is_forgotten: "budget::two_that_come_back_at_once_serve_two" with "ForgetPump", "it was forgotten";
    red_when_nobody_hears_of_who_starves: "budget::what_another_key_puts_down_is_not_overlooked" with "StarveUntold", "deadlock";
}
