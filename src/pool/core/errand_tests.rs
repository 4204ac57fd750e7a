//! Errands that end while it is being found out that they take too long.

use std::time::Duration;

use super::super::time::Time;
use super::super::verbs::{Blocking, Runner, Verbs};
use super::super::wait::Wait;
use super::*;
use crate::kernel::clock::ManualClock;
use crate::kernel::workers::Workers;
use crate::pool::{Config, FromFn, from_fn};

type Manager = FromFn<fn() -> Result<u32, String>>;

#[test]
fn a_thread_is_lent_for_as_long_as_an_errand_takes() {
    for ends_first in [false, true] {
        let workers = Workers::new(2, 8, Duration::from_millis(1));
        let verbs = Verbs::Blocking(Blocking::new(), Runner::Crew(workers));
        let time = Time::new(Arc::new(ManualClock::new()), false);
        let manager: Manager = from_fn(|| Ok(1));
        let core = Core::new(manager, verbs, Config::default(), Default::default(), time);
        let errand = Errand::begin(&core, Kind::Connect);
        let watched = errand.0.clone();
        watched.state.store(ABANDONED, Ordering::SeqCst);
        core.counts.give_up(Kind::Connect);
        core.counts.lingering.fetch_add(1, Ordering::SeqCst);
        if ends_first {
            drop(errand);
            watched.after_giving_up();
        } else {
            watched.after_giving_up();
            assert_eq!(core.verbs.lent(), 1);
            drop(errand);
        }
        assert_eq!(core.verbs.lent(), 0, "it ends first: {ends_first}");
        assert_eq!(core.counts.lingering(), 0);
    }
}

/// Between being put into its slot and being counted no more.
#[test]
fn what_is_in_its_slot_already_is_expected_until_it_has_ended() {
    for kind in [Kind::Connect, Kind::Check] {
        let verbs = Verbs::Blocking(Blocking::new(), Runner::Inline);
        let time = Time::new(Arc::new(ManualClock::new()), false);
        let manager: Manager = from_fn(|| Ok(1));
        let core = Core::new(manager, verbs, Config::default(), Default::default(), time);
        let errand = Errand::begin(&core, kind);
        let mut wait = Wait::new(std::panic::Location::caller(), None);
        assert!(wait.poll(&core, Waker::noop()).is_pending(), "{kind:?}");
        drop(errand);
        core.stir();
        assert!(wait.poll(&core, Waker::noop()).is_ready(), "{kind:?}");
    }
}

/// Another close that hangs gave its place back only when it ended, if it looked at that moment.
#[test]
fn what_ends_before_it_is_counted_as_lingering_does_not_look_like_many() {
    let verbs = Verbs::Blocking(Blocking::new(), Runner::Inline);
    let time = Time::new(Arc::new(ManualClock::new()), false);
    let manager: Manager = from_fn(|| Ok(1));
    let core = Core::new(manager, verbs, Config::default(), Default::default(), time);
    let errand = Errand::begin(&core, Kind::Close);
    errand.0.state.store(ABANDONED, Ordering::SeqCst);
    drop(errand);
    assert_eq!(core.counts.lingering(), 0);
    core.counts.lingering.fetch_add(1, Ordering::SeqCst);
    assert_eq!(core.counts.lingering(), 0);
}
