//! What a policy sees when another one wraps it: the same as without.

use tenfold::balance::{
    Adaptive, BackendId, Balancer, DynPolicy, Policy, Priority, Request, RoundRobin, Route, Spec,
    Sticky, Subset, View, When, ZoneAware,
};
use tenfold::clock::Tick;

use crate::plain::{Plain, Row, row};

/// Insists that it sees just what `Plain` would show.
#[derive(Clone, Debug)]
struct Looks;

fn shown(view: &impl View, index: usize) -> String {
    let profile = (
        view.id(index),
        view.key(index).to_owned(),
        view.zone(index).map(str::to_owned),
        view.priority(index),
        view.label(index, "pool").map(str::to_owned),
    );
    let weights = (view.weight(index), view.whole_weight(index));
    let costs = (
        view.cost(index),
        view.penalty(index),
        view.reported_load(index),
    );
    let now = (
        view.in_flight(index),
        view.is_usable(index),
        view.has_room(index),
        view.now(),
    );
    format!("{:?}", (profile, weights, costs, now))
}

impl Policy for Looks {
    type Plan = ();

    const TIMED: bool = true;

    fn plan<V: View>(&self, _: &V) {}

    fn pick<V: View>(&self, (): &(), view: &V, _: &Request<'_>) -> Option<usize> {
        let original = unlike();
        for index in 0..view.len() {
            let same = original
                .rows
                .iter()
                .position(|row| view.key(index) == row.key);
            assert_eq!(shown(view, index), shown(&original, same.unwrap()));
        }
        Some(view.below(view.len()))
    }
}

/// Backends of which nothing is as it would be by default.
fn unlike() -> Plain {
    let rows = (0..12_u8).map(|number| {
        let index = usize::from(number);
        let row = Row {
            zone: Some(["a", "b"][index % 2].into()),
            priority: number % 3,
            labels: vec![("pool".into(), ["x", "y"][index / 6].into())],
            cost: 100.0 + f32::from(number),
            penalty: 3.0 + f32::from(number),
            part: 1 + u32::from(number % 8),
            usable: number % 4 != 0,
            ..row(index, 5 + u32::from(number))
        };
        row.in_flight.set(7 + u64::from(number));
        row
    });
    let mut view = Plain::new(rows.collect());
    view.now = Tick::from_nanos(1_234_567);
    view
}

#[test]
fn nothing_is_lost_on_the_way() {
    fn sees<P: Policy>(policy: P) {
        let view = unlike();
        let plan = policy.plan(&view);
        for number in 0..50 {
            let path = ["/x", "/y"][number % 2];
            let request = Request::new().zone("a").path(path);
            assert!(policy.pick(&plan, &view, &request).is_some());
        }
    }
    let route = || Route::new(Looks).rule(When::any().path("/y"), "pool", "y");
    sees(Looks);
    sees(route());
    sees(Priority::new(Looks));
    sees(ZoneAware::new(Looks));
    sees(Subset::new(Looks, "web-1", 5).unwrap());
    sees(Sticky::new(Looks));
    sees(DynPolicy::new(Looks));
    sees(DynPolicy::new(Priority::new(ZoneAware::new(route()))));
}

/// Three of four have failed: `Adaptive` draws again when both that it has drawn have, and knows that by their penalty alone.
#[test]
fn failing_fast_attracts_nothing_in_a_group_either() {
    fn avoids<P: Policy>(policy: P) {
        let mut rows: Vec<_> = (0..4).map(|index| row(index, 1)).collect();
        for row in &mut rows[1..] {
            row.penalty = 9.0;
        }
        rows[0].cost = 0.5;
        let view = Plain::new(rows);
        let counts = view.counts(&policy, &Request::new(), 10_000);
        // One pair misses it with a probability of a half, five pairs with 1 / 32.
        assert!(counts[0] > 9_000, "{counts:?}");
    }
    avoids(Adaptive);
    avoids(Route::new(Adaptive));
    avoids(Priority::new(Adaptive));
    avoids(ZoneAware::new(Adaptive));
    avoids(Subset::new(Adaptive, "web-1", 4).unwrap());
    avoids(DynPolicy::new(Adaptive));
}

/// Groups, and groups of groups, have counters of their own, however requests for them alternate; and if there are too many for that each
/// backend has its turns even so.
#[test]
fn groups_do_not_take_turns_from_each_other() {
    const LEVELS: usize = 3;
    for (pools, counted) in [(2, true), (9, true), (40, false)] {
        let route = Route::new(Priority::new(RoundRobin));
        let route = (0..pools).fold(route, |route, pool| {
            let name = pool.to_string();
            route.rule(When::any().path(format!("/{name}")), "pool", &name)
        });
        let specs = (0..pools * LEVELS * 2).map(|number| {
            let (pool, level) = (number / 2 % pools, number / 2 / pools);
            Spec::new(number.to_string(), number)
                .label("pool", pool.to_string())
                .priority(level as u8)
        });
        let balancer = Balancer::builder(route)
            .backends(specs)
            .seed(1)
            .build()
            .unwrap();
        let mut picker = balancer.picker();
        // Each pool in turn, and in it twice the first level and once the second. Whom a request excludes has its turn even so.
        let mut counts = vec![0; pools * LEVELS * 2];
        let first: Vec<_> = (0..pools * 2)
            .map(|number| BackendId::of(&number.to_string()))
            .collect();
        for round in 0..120 {
            for pool in 0..pools {
                let path = format!("/{pool}");
                let request = Request::new().path(&path);
                let request = match round % 3 {
                    0 if counted => request.excluding(&first),
                    _ => request,
                };
                let picked = if round < 60 {
                    *balancer.pick_for(&request).unwrap().value()
                } else {
                    *picker.pick_for(&request).unwrap().value()
                };
                counts[picked] += 1;
            }
        }
        let reached = &counts[..pools * 2];
        if counted {
            assert!(reached.iter().all(|count| *count == 40), "{counts:?}");
            let next = &counts[pools * 2..][..pools * 2];
            assert!(next.iter().all(|count| *count == 20), "{counts:?}");
        } else {
            // 120 draws of two; 30 are five deviations fewer than 60.
            assert!(reached.iter().all(|count| *count >= 30), "{counts:?}");
        }
    }
}
