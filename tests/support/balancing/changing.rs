//! The set changes as a whole or not at all, and whoever stays is who it was.

use std::time::Duration;

use tenfold::balance::{Error, FailureKind, Outcome, Request, Spec};

use crate::{FAULT, Spied, lease_of, reachable, rotating, specs, spied};

#[test]
fn a_list_of_changes_is_made_in_its_order() {
    let balancer = rotating(specs("a b")).build().unwrap();
    let change = balancer.update(|changes| {
        changes.add(Spec::new("c", 2)).remove("a");
        changes.add(Spec::new("a", 7)).set_value("b", 8);
        changes.put(Spec::new("d", 3)).put(Spec::new("c", 9));
        changes.remove("d").add(Spec::new("d", 4)).remove("d");
    });
    let change = change.unwrap();
    assert_eq!((change.added, change.removed, change.changed), (4, 3, 2));
    assert_eq!(reachable(&balancer), ["a", "b", "c"]);
    let mut values: Vec<_> = (0..9).map(|_| *balancer.pick().unwrap().value()).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values, [7, 8, 9]);
}

#[test]
fn nothing_is_a_change_too() {
    let balancer = rotating(specs("a")).build().unwrap();
    let before = balancer.stats();
    assert_eq!(balancer.update(|_| {}).unwrap(), Default::default());
    assert_eq!(balancer.stats().since(&before).updates, 1);
    assert_eq!(reachable(&balancer), ["a"]);
}

/// Whatever is listed before what is wrong leaves no trace.
#[test]
fn if_one_change_cannot_be_made_none_is() {
    let (balancer, spy, _) = spied(&["a", "b"]);
    let held = lease_of(&balancer, "a");
    let before = balancer.stats();
    let refused = |change: &dyn Fn(&mut tenfold::balance::Changes<u32>)| {
        let refused = balancer.update(|changes| {
            change(changes);
            changes.remove("nobody");
        });
        assert_eq!(
            refused,
            Err(Error::UnknownKey {
                key: "nobody".into()
            })
        );
        for (key, value) in [("a", 0), ("b", 1)] {
            let lease = lease_of(&balancer, key);
            assert_eq!((*lease.value(), lease.weight()), (value, 1));
        }
        assert_eq!(spy.shown().len(), 2);
    };
    refused(&|changes| {
        changes.set_weight("a", 9);
    });
    refused(&|changes| {
        changes.set_value("a", 9);
    });
    refused(&|changes| {
        changes.set_enabled("a", false);
    });
    refused(&|changes| {
        changes.remove("a");
    });
    refused(&|changes| {
        changes.put(Spec::new("a", 9).weight(3).zone("z"));
    });
    refused(&|changes| {
        changes.add(Spec::new("c", 9));
    });
    refused(&|changes| {
        changes.replace_all(specs("x y").collect());
    });
    refused(&|changes| {
        changes.remove("a").add(Spec::new("a", 9));
    });
    let after = balancer.stats().since(&before);
    assert_eq!((after.updates, after.backends, after.in_flight), (0, 2, 1));
    drop(held);
}

/// A drain that was refused closes nothing, and one that was put back only in a refused list goes on.
#[test]
fn a_refused_change_neither_drains_nor_resumes() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let refused = balancer.update(|changes| {
        changes.set_draining("a", true).remove("nobody");
    });
    assert!(refused.is_err());
    drop(lease_of(&balancer, "a"));

    let held = lease_of(&balancer, "a");
    let drain = balancer.drain("a").unwrap();
    let refused = balancer.update(|changes| {
        changes.set_draining("a", false).remove("nobody");
    });
    assert!(refused.is_err());
    let drain = drain.wait_timeout(Duration::ZERO).unwrap_err();
    // Nor does one that would bring it back.
    balancer
        .update(|changes| {
            changes.remove("a");
        })
        .unwrap();
    let refused = balancer.update(|changes| {
        changes.add(Spec::new("a", 5)).remove("nobody");
    });
    assert!(refused.is_err());
    let drain = drain.wait_timeout(Duration::ZERO).unwrap_err();
    drop(held);
    assert_eq!(drain.wait(), tenfold::balance::Drained::Finished);
}

#[test]
fn replacing_all_compares_by_key() {
    let (balancer, spy, _) = spied(&["a", "b", "c"]);
    let leases = ["a", "b", "c"].map(|key| lease_of(&balancer, key));
    let change = balancer.replace_all([
        Spec::new("d", 10),
        Spec::new("c", 11).weight(4),
        Spec::new("a", 12),
    ]);
    let change = change.unwrap();
    assert_eq!((change.added, change.removed, change.changed), (1, 1, 2));
    assert_eq!(reachable(&balancer), ["a", "c", "d"]);
    assert_eq!(balancer.stats().in_flight, 2);
    let now: Vec<_> = spy
        .shown()
        .iter()
        .map(|seen| (seen.key.clone(), seen.weight, seen.in_flight))
        .collect();
    let expected = [("a", 1, 1), ("c", 4, 1), ("d", 1, 0)];
    assert_eq!(
        now,
        expected.map(|(key, weight, leases)| (key.to_owned(), weight, leases))
    );
    drop(leases);
    assert_eq!(balancer.stats().in_flight, 0);
}

fn shown(balancer: &Spied, spy: &crate::Spy, key: &str) -> crate::Seen {
    drop(balancer.pick());
    spy.shown_of(key)
}

#[test]
fn whatever_changes_of_a_backend_its_load_and_latency_go_on() {
    let (balancer, spy, clock) = spied(&["a", "b"]);
    let unknown = shown(&balancer, &spy, "a").cost;
    let lease = lease_of(&balancer, "a");
    clock.advance(Duration::from_millis(700));
    lease.report(Outcome::success().server_load(0.5));
    lease_of(&balancer, "b").failure(FAULT);
    let held = [lease_of(&balancer, "a"), lease_of(&balancer, "a")];
    let before = shown(&balancer, &spy, "a");
    let failed = shown(&balancer, &spy, "b").cost;
    assert_eq!((before.in_flight, before.reported_load), (2, Some(0.5)));
    assert!(before.cost > unknown && failed > before.cost);

    let steps: [&dyn Fn(&mut tenfold::balance::Changes<u32>); 6] = [
        &|changes| {
            changes.set_weight("a", 5);
        },
        &|changes| {
            changes.set_value("a", 77);
        },
        &|changes| {
            changes.put(Spec::new("a", 78).weight(5).zone("eu").priority(2));
        },
        &|changes| {
            changes.set_enabled("a", false);
        },
        &|changes| {
            changes.set_enabled("a", true);
        },
        &|changes| {
            changes.replace_all(vec![Spec::new("b", 1), Spec::new("a", 78).zone("us")]);
        },
    ];
    for (step, number) in steps.iter().zip(0..) {
        balancer.update(|changes| step(changes)).unwrap();
        if number == 3 {
            continue;
        }
        let now = shown(&balancer, &spy, "a");
        let same = (now.in_flight, now.cost, now.reported_load);
        assert_eq!(same, (2, before.cost, Some(0.5)), "step {number}");
        assert_eq!(shown(&balancer, &spy, "b").cost, failed);
    }
    let now = shown(&balancer, &spy, "a");
    assert_eq!(
        (now.weight, now.zone.as_deref(), now.priority),
        (1, Some("us"), 0)
    );
    assert_eq!(held[0].zone(), None);
    drop(held);
    assert_eq!(shown(&balancer, &spy, "a").in_flight, 0);
}

#[test]
fn a_new_value_reaches_new_picks_and_old_leases_keep_theirs() {
    let (balancer, _, _) = spied(&["a"]);
    let (old, share) = (lease_of(&balancer, "a"), balancer.pick().unwrap().share());
    let mut picker = balancer.picker();
    assert_eq!(*picker.pick().unwrap().value(), 0);
    balancer
        .update(|changes| {
            changes.set_value("a", 5);
        })
        .unwrap();
    assert_eq!(*picker.pick().unwrap().value(), 5);
    assert_eq!(
        (
            *lease_of(&balancer, "a").value(),
            *old.value(),
            *share.value()
        ),
        (5, 0, 0)
    );
    // What goes on at it is always up to date.
    assert_eq!((share.in_flight(), old.in_flight()), (1, 1));
    drop(old);
    assert_eq!(share.in_flight(), 0);
}

#[test]
fn a_key_that_comes_back_while_leased_is_who_it_was() {
    let (balancer, spy, _) = spied(&["a", "b"]);
    let first = lease_of(&balancer, "a");
    for round in 0..5 {
        balancer
            .update(|changes| {
                changes.remove("a");
            })
            .unwrap();
        assert_eq!(balancer.stats().in_flight, 0);
        // Others come and go meanwhile.
        for _ in 0..round {
            balancer
                .update(|changes| {
                    changes.set_weight("b", 2);
                })
                .unwrap();
        }
        balancer
            .update(|changes| {
                changes.add(Spec::new("a", 7));
            })
            .unwrap();
        assert_eq!(shown(&balancer, &spy, "a").in_flight, 1);
    }
    let second = lease_of(&balancer, "a");
    assert_eq!(
        (
            first.in_flight(),
            second.in_flight(),
            *first.value(),
            *second.value()
        ),
        (2, 2, 0, 7)
    );
    drop(first);
    assert_eq!(balancer.stats().in_flight, 1);
    drop(second);
    assert_eq!(
        (
            balancer.stats().in_flight,
            shown(&balancer, &spy, "a").in_flight
        ),
        (0, 0)
    );
}

#[test]
fn a_key_that_comes_back_without_leases_is_new() {
    let (balancer, spy, _) = spied(&["a", "b"]);
    let update = |change: &dyn Fn(&mut tenfold::balance::Changes<u32>)| {
        balancer.update(|changes| change(changes)).unwrap();
    };
    let usual = shown(&balancer, &spy, "b").cost;
    for comes_back_meanwhile in [false, true] {
        let held = lease_of(&balancer, "a");
        lease_of(&balancer, "a").failure(FailureKind::TimedOut);
        assert!(shown(&balancer, &spy, "a").cost > usual);
        update(&|changes| {
            changes.remove("a");
        });
        if comes_back_meanwhile {
            update(&|changes| {
                changes.add(Spec::new("a", 6));
            });
            assert!(shown(&balancer, &spy, "a").cost > usual);
            update(&|changes| {
                changes.remove("a");
            });
        }
        drop(held);
        // Forgotten by the second change after it left, unless a reader of any other set is about to enter it just then.
        let is_new = (0..1_000).any(|_| {
            update(&|_| {});
            update(&|changes| {
                changes.put(Spec::new("a", 7));
            });
            let is_new = shown(&balancer, &spy, "a").cost == usual;
            if !is_new {
                update(&|changes| {
                    changes.remove("a");
                });
            }
            is_new
        });
        assert!(is_new, "{comes_back_meanwhile}");
    }
}

#[test]
fn an_idle_picker_keeps_what_it_saw_and_its_next_call_does_not() {
    let balancer = rotating(specs("a")).build().unwrap();
    let mut picker = balancer.picker();
    assert_eq!(picker.pick().unwrap().key(), "a");
    let share = balancer.pick().unwrap().share();
    balancer.replace_all(specs("b")).unwrap();
    assert_eq!(picker.pick().unwrap().key(), "b");
    assert_eq!(picker.lease(&Request::new()).unwrap().key(), "b");
    assert_eq!((share.key(), share.in_flight()), ("a", 0));
}

/// Values are dropped when nobody has them any more: the set they were replaced in, leases, and idle pickers.
#[test]
fn values_go_when_nobody_has_them() {
    let value = std::sync::Arc::new(());
    let held = || std::sync::Arc::strong_count(&value) - 1;
    let balancer = tenfold::balance::Balancer::new([Spec::new("a", value.clone())]).unwrap();
    let mut picker = balancer.picker();
    let lease = balancer.lease(&Request::new()).unwrap();
    balancer
        .update(|changes| {
            changes.remove("a");
        })
        .unwrap();
    // At once, unless a reader of any other set is about to enter it just then.
    let settles = |count| {
        (0..1_000).any(|_| {
            balancer.update(|_| {}).unwrap();
            std::thread::yield_now();
            held() == count
        })
    };
    assert!(settles(1), "the lease's and the picker's are one");
    drop(lease);
    assert!(settles(1), "the picker's");
    assert!(picker.pick().is_err());
    assert!(settles(0));
}
