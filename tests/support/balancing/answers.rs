//! What a call is told when there is no backend, and what a set that can't be is refused with.

use std::time::Duration;

use tenfold::Refusal;
use tenfold::balance::{BackendId, Balancer, Config, Error, NoBackend, Request, RoundRobin, Spec};
use tenfold::health::{MaxEjected, Outlier, Panic};

use crate::{reachable, rotating, specs};

/// A pick, a lease and a picker's both: all are told the same.
fn refused<P: tenfold::balance::Policy>(
    balancer: &Balancer<u32, P, tenfold::clock::ManualClock>,
    request: &Request<'_>,
) -> NoBackend {
    let before = balancer.stats();
    let why = balancer.pick_for(request).map(|_| ()).unwrap_err();
    let mut picker = balancer.picker();
    assert_eq!(picker.pick_for(request).map(|_| ()), Err(why));
    assert_eq!(picker.lease(request).map(|_| ()), Err(why));
    assert_eq!(balancer.lease(request).map(|_| ()), Err(why));
    let since = balancer.stats().since(&before);
    assert_eq!((since.refused, since.picks, since.fallbacks), (4, 0, 0));
    assert_eq!(since.in_flight, before.in_flight);
    why
}

#[test]
fn nobody_is_there() {
    let balancer = rotating([]).build().unwrap();
    assert_eq!(refused(&balancer, &Request::new()), NoBackend::Empty);
    assert!(!NoBackend::Empty.is_overloaded());
    // The first and the last make no difference.
    balancer.replace_all(specs("a")).unwrap();
    assert_eq!(balancer.pick().unwrap().key(), "a");
    balancer.replace_all(specs("")).unwrap();
    assert_eq!(refused(&balancer, &Request::new()), NoBackend::Empty);
}

#[test]
fn nobody_is_in_order() {
    let balancer = rotating(specs("a b c").map(|spec| spec.weight(0)))
        .build()
        .unwrap();
    let all = NoBackend::AllUnavailable { total: 3 };
    assert_eq!(refused(&balancer, &Request::new()), all);
    assert!(all.is_overloaded());
    assert_eq!(all.to_string(), "none of 3 backends is available");
    let change = balancer.update(|changes| {
        changes.set_weight("a", 1).set_enabled("a", false);
        changes.set_weight("b", 1).set_draining("b", true);
    });
    assert_eq!(change.unwrap().changed, 4);
    assert_eq!(refused(&balancer, &Request::new()), all);
    assert_eq!((balancer.stats().backends, balancer.stats().usable), (3, 0));
    balancer
        .update(|changes| {
            changes.set_enabled("a", true);
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["a"]);
    balancer
        .update(|changes| {
            changes.set_draining("b", false);
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["a", "b"]);
    assert_eq!(balancer.stats().usable, 2);
}

#[test]
fn one_backend_is_always_it() {
    let balancer = rotating(specs("a")).build().unwrap();
    assert!((0..50).all(|_| balancer.pick().unwrap().key() == "a"));
    let a = [BackendId::of("a")];
    let retry = Request::new().excluding(&a);
    assert_eq!(refused(&balancer, &retry), NoBackend::AllExcluded);
}

#[test]
fn everybody_was_tried() {
    let balancer = rotating(specs("a b c")).build().unwrap();
    let ids = ["a", "b", "c", "stranger"].map(BackendId::of);
    assert_eq!(
        refused(&balancer, &Request::new().excluding(&ids)),
        NoBackend::AllExcluded
    );
    // One that is left is found, wherever the turn is.
    let retry = Request::new().excluding(&ids[..2]);
    assert!((0..50).all(|_| balancer.pick_for(&retry).unwrap().key() == "c"));
    assert!((0..50).all(|_| balancer.lease(&retry).unwrap().key() == "c"));
    // And is no longer left when it is out of service.
    balancer
        .update(|changes| {
            changes.set_enabled("c", false);
        })
        .unwrap();
    assert_eq!(refused(&balancer, &retry), NoBackend::AllExcluded);
}

#[test]
fn everybody_has_enough_to_do() {
    let balancer = rotating(specs("a b").map(|spec| spec.max_in_flight(1)))
        .build()
        .unwrap();
    let leases: Vec<_> = (0..2)
        .map(|_| balancer.lease(&Request::new()).unwrap())
        .collect();
    assert_ne!(leases[0].key(), leases[1].key());
    assert_eq!(refused(&balancer, &Request::new()), NoBackend::Overloaded);
    // Also when others are excluded, but not when those with too much to do are.
    let one = [leases[0].id()];
    let (other, both) = ([leases[1].id()], [leases[0].id(), leases[1].id()]);
    assert_eq!(
        refused(&balancer, &Request::new().excluding(&one)),
        NoBackend::Overloaded
    );
    assert_eq!(
        refused(&balancer, &Request::new().excluding(&other)),
        NoBackend::Overloaded
    );
    assert_eq!(
        refused(&balancer, &Request::new().excluding(&both)),
        NoBackend::AllExcluded
    );
    drop(leases);
    assert_eq!(reachable(&balancer), ["a", "b"]);
}

#[test]
fn a_limit_of_none_admits_nobody() {
    let balancer = rotating(specs("a").map(|spec| spec.max_in_flight(0)))
        .build()
        .unwrap();
    assert_eq!(refused(&balancer, &Request::new()), NoBackend::Overloaded);
    balancer
        .update(|changes| {
            changes.put(Spec::new("a", 0));
        })
        .unwrap();
    assert!(balancer.lease(&Request::new()).is_ok());
}

#[test]
fn panic_mode_counts_only_who_is_wanted() {
    // Nobody is wanted: that is not for panic mode to mend.
    for panic in [Panic::Spray { below: 100 }, Panic::FailFast { below: 100 }] {
        let balancer = rotating(specs("a b").map(|spec| spec.weight(0)))
            .panic(panic)
            .build()
            .unwrap();
        assert_eq!(
            refused(&balancer, &Request::new()),
            NoBackend::AllUnavailable { total: 2 }
        );
        assert!(!balancer.stats().panic);
        // And who is not wanted does not count as down.
        balancer
            .update(|changes| {
                changes.set_weight("b", 7);
            })
            .unwrap();
        let picked = balancer.pick().unwrap();
        assert_eq!((picked.key(), picked.is_panic()), ("b", false));
    }
}

/// Two of three fail until they are out.
fn with_few_in_order(panic: Panic) -> Balancer<u32, RoundRobin, tenfold::clock::ManualClock> {
    let mut outlier = Outlier::default();
    outlier.max_ejected = MaxEjected::Percent(100);
    let balancer = rotating(specs("a b c"))
        .outlier(outlier)
        .panic(panic)
        .build()
        .unwrap();
    let others = ["b", "c", "a"].map(BackendId::of);
    for tried in [&others[..2], &others[1..]] {
        for _ in 0..5 {
            let lease = balancer.lease(&Request::new().excluding(tried)).unwrap();
            lease.failure(crate::FAULT);
        }
    }
    assert_eq!((balancer.stats().usable, balancer.stats().backends), (1, 3));
    balancer
}

#[test]
fn panic_mode_sprays_and_says_so() {
    let balancer = with_few_in_order(Panic::Spray { below: 50 });
    let (before, mut picker) = (balancer.stats(), balancer.picker());
    assert!(before.panic);
    assert_eq!(reachable(&balancer), ["a", "b", "c"]);
    assert!(balancer.pick().unwrap().is_panic());
    assert!(balancer.lease(&Request::new()).unwrap().is_panic());
    assert!(picker.lease(&Request::new()).unwrap().is_panic());
    let since = balancer.stats().since(&before);
    assert_eq!(
        (since.picks, since.panicked, since.fallbacks),
        (203, 203, 0)
    );
    // Who is not wanted gets nothing even so.
    balancer
        .update(|changes| {
            changes.set_enabled("c", false);
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["a", "b"]);
    // One of two is half of them, and not below.
    balancer
        .update(|changes| {
            changes.set_enabled("c", true).set_enabled("b", false);
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["c"]);
    assert!(!balancer.pick().unwrap().is_panic());
}

#[test]
fn panic_mode_refuses_and_says_how_many_there_are() {
    let balancer = with_few_in_order(Panic::FailFast { below: 50 });
    let few = NoBackend::Panic {
        usable: 1,
        total: 3,
    };
    assert_eq!(refused(&balancer, &Request::new()), few);
    let said = "only 1 of 3 backends are available, fewer than panic mode allows";
    assert_eq!(few.to_string(), said);
    assert!(few.is_overloaded() && balancer.stats().panic);
    // A third is enough if a third is asked for.
    let balancer = with_few_in_order(Panic::FailFast { below: 33 });
    assert_eq!(reachable(&balancer).len(), 1);
    assert!(!balancer.stats().panic);
}

#[test]
fn weight_zero_gets_nothing_new() {
    let balancer = rotating([
        Spec::new("a", 0).weight(0),
        Spec::new("b", 1).weight(u32::MAX),
    ])
    .build()
    .unwrap();
    assert_eq!(reachable(&balancer), ["b"]);
    balancer
        .update(|changes| {
            changes.set_weight("a", 1);
        })
        .unwrap();
    let lease = {
        let b = [BackendId::of("b")];
        balancer.lease(&Request::new().excluding(&b)).unwrap()
    };
    balancer
        .update(|changes| {
            changes.set_weight("a", 0);
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["b"]);
    assert_eq!(
        (lease.key(), lease.in_flight(), lease.weight()),
        ("a", 1, 1)
    );
    assert_eq!(balancer.stats().in_flight, 1);
}

#[test]
fn two_of_one_key_are_refused() {
    let duplicate = Error::DuplicateKey { key: "a".into() };
    assert_eq!(rotating(specs("a b a")).build().unwrap_err(), duplicate);
    assert_eq!(duplicate.to_string(), "there already is a backend \"a\"");
    let balancer = rotating(specs("a")).build().unwrap();
    let twice = balancer.update(|changes| {
        changes.add(Spec::new("a", 2));
    });
    assert_eq!(twice.unwrap_err(), duplicate);
    let twice = balancer.update(|changes| {
        changes.add(Spec::new("b", 2)).add(Spec::new("b", 3));
    });
    assert_eq!(twice, Err(Error::DuplicateKey { key: "b".into() }));
    assert_eq!(*balancer.pick().unwrap().value(), 0);
    // A key is a name and no more: any string will do.
    let odd = ["", " ", "a\0", "Ä", "🦀", "A"];
    balancer
        .update(|changes| {
            odd.iter().for_each(|key| {
                changes.add(Spec::new(key, 9));
            });
        })
        .unwrap();
    assert_eq!(reachable(&balancer).len(), 7);
}

#[test]
fn unknown_keys_are_refused() {
    let balancer = rotating(specs("a")).build().unwrap();
    let unknown = Err(Error::UnknownKey { key: "b".into() });
    assert_eq!(
        balancer.update(|changes| {
            changes.remove("b");
        }),
        unknown
    );
    assert_eq!(
        balancer.update(|changes| {
            changes.set_weight("b", 2);
        }),
        unknown
    );
    assert_eq!(
        balancer.update(|changes| {
            changes.set_value("b", 2);
        }),
        unknown
    );
    assert_eq!(
        balancer.update(|changes| {
            changes.set_enabled("b", true);
        }),
        unknown
    );
    assert_eq!(
        balancer.update(|changes| {
            changes.set_draining("b", true);
        }),
        unknown
    );
    assert_eq!(balancer.drain("b").map(|_| ()).map_err(Err), Err(unknown));
    let twice = balancer.update(|changes| {
        changes.remove("a").remove("a");
    });
    assert_eq!(twice, Err(Error::UnknownKey { key: "a".into() }));
    assert_eq!(reachable(&balancer), ["a"]);
}

#[test]
fn too_many_are_refused() {
    let many = rotating(specs("a b c")).max_backends(2).build();
    let error = Error::TooMany { count: 3, limit: 2 };
    assert_eq!(many.unwrap_err(), error);
    assert_eq!(
        error.to_string(),
        "3 backends are too many: at most 2 are possible"
    );
    let balancer = rotating(specs("a b")).max_backends(2).build().unwrap();
    assert_eq!(balancer.replace_all(specs("d e f")), Err(error.clone()));
    assert_eq!(
        balancer.update(|changes| {
            changes.add(Spec::new("c", 2));
        }),
        Err(error)
    );
    // What counts is how many there are in the end.
    balancer
        .update(|changes| {
            changes.add(Spec::new("c", 2)).remove("a");
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["b", "c"]);
}

#[test]
fn colliding_ids_are_named() {
    // No two keys of the same stable hash are known, so only the words are tried.
    let error = Error::SameId {
        keys: Box::new(("one".into(), "two".into())),
    };
    let said = "the keys \"one\" and \"two\" have the same stable hash: rename one";
    assert_eq!(error.to_string(), said);
    assert!(!error.is_overloaded());
}

#[test]
fn settings_have_ranges() {
    let refused = |change: &dyn Fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        match rotating(specs("a")).config(config).build() {
            Err(Error::BadSetting { rule }) => rule.split(' ').next(),
            Err(other) => panic!("{other}"),
            Ok(balancer) => {
                assert_eq!(*balancer.config(), config);
                None
            }
        }
    };
    let (nano, milli, hour) = (
        Duration::from_nanos(1),
        Duration::from_millis(1),
        Duration::from_secs(3600),
    );
    for good in [milli, hour] {
        assert_eq!(refused(&|config| config.decay = good), None);
        assert_eq!(refused(&|config| config.initial_latency = good), None);
    }
    for bad in [milli - nano, hour + nano, Duration::ZERO, Duration::MAX] {
        assert_eq!(refused(&|config| config.decay = bad), Some("decay"));
    }
    assert_eq!(refused(&|config| config.initial_latency = nano), None);
    for bad in [Duration::ZERO, hour + nano] {
        assert_eq!(
            refused(&|config| config.initial_latency = bad),
            Some("initial_latency")
        );
    }
    for good in [1.0, 1e6] {
        assert_eq!(refused(&|config| config.failure_factor = good), None);
    }
    for bad in [0.99, 1.1e6, f32::NAN, f32::INFINITY, -1.0] {
        assert_eq!(
            refused(&|config| config.failure_factor = bad),
            Some("failure_factor")
        );
    }
    for good in [1, 1 << 16] {
        assert_eq!(refused(&|config| config.max_backends = good), None);
    }
    for bad in [0, (1 << 16) + 1] {
        assert_eq!(
            refused(&|config| config.max_backends = bad),
            Some("max_backends")
        );
    }
    for (below, ok) in [(0, false), (1, true), (100, true), (101, false)] {
        let expected = (!ok).then_some("panic");
        assert_eq!(
            refused(&|config| config.panic = Panic::Spray { below }),
            expected
        );
        assert_eq!(
            refused(&|config| config.panic = Panic::FailFast { below }),
            expected
        );
    }
    let said = rotating([])
        .max_backends(0)
        .build()
        .unwrap_err()
        .to_string();
    assert_eq!(said, "max_backends must be 1 to 65 536");
}

#[test]
fn each_setting_of_a_builder_is_one_of_the_config() {
    let balancer = Balancer::builder(RoundRobin)
        .backends(specs("a"))
        .decay(Duration::from_secs(3))
        .failure_factor(7.0)
        .initial_latency(Duration::from_millis(4))
        .panic(Panic::Spray { below: 50 })
        .max_backends(9)
        .seed(11)
        .build()
        .unwrap();
    let mut config = Config::default();
    config.decay = Duration::from_secs(3);
    config.failure_factor = 7.0;
    config.initial_latency = Duration::from_millis(4);
    config.panic = Panic::Spray { below: 50 };
    config.max_backends = 9;
    config.seed = Some(11);
    assert_eq!(*balancer.config(), config);
    #[cfg(feature = "serde")]
    {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
        // What is left out is as by default; what is not known is refused.
        let some: Config = serde_json::from_str(r#"{"seed":3}"#).unwrap();
        assert_eq!(some.decay, Config::default().decay);
        assert!(serde_json::from_str::<Config>(r#"{"speed":3}"#).is_err());
    }
}
