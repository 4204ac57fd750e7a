//! Rules: which request is for whom.

use tenfold::balance::{
    Balancer, NoBackend, Policy, Random, Request, RoundRobin, Route, Spec, View, When,
};

use crate::plain::{Plain, Row, row};

fn holds(when: &When, path: &str) -> bool {
    when.holds(&Request::new().path(path))
}

#[test]
fn paths_are_compared_by_segments() {
    let api = When::any().path("/api");
    for path in ["/api", "/api/", "/api/users", "/api?x=1", "/api#top"] {
        assert!(holds(&api, path), "{path}");
    }
    for path in ["/apiary", "/ap", "/", "", "/v1/api", "/API"] {
        assert!(!holds(&api, path), "{path}");
    }
    assert!(!api.holds(&Request::new()));
    let below = When::any().path("/api/");
    assert!(holds(&below, "/api/users") && !holds(&below, "/api"));
    assert!(holds(&When::any().path(""), "/x") && holds(&When::any().path("/"), "/x"));
}

#[test]
fn fields_and_cookies() {
    let fields = [
        ("X-Canary", "1"),
        ("cookie", "a=1; beta=\"yes\"; b==; beta=no;broken"),
    ];
    let request = Request::new().fields(&fields);
    for (when, expected) in [
        (When::any(), true),
        (When::any().field("x-canary", "1"), true),
        (When::any().field("x-canary", "2"), false),
        (When::any().has_field("X-CANARY"), true),
        (When::any().has_field("x-other"), false),
        (When::any().cookie("beta", "yes"), true),
        (When::any().cookie("beta", "no"), false),
        (When::any().cookie("Beta", "yes"), false),
        (When::any().cookie("b", "="), true),
        (When::any().cookie("broken", ""), false),
        (When::any().cookie("a", "1").has_field("x-canary"), true),
        (When::any().cookie("a", "1").path("/"), false),
    ] {
        assert_eq!(when.holds(&request), expected, "{when:?}");
        assert!(!when.holds(&Request::new()) || when == When::any());
    }
}

fn pools() -> Plain {
    let rows = ["api", "web", "api", "beta", "web", "none"]
        .iter()
        .enumerate();
    let rows = rows.map(|(index, pool)| Row {
        labels: vec![("pool".into(), (*pool).into())],
        ..row(index, 1)
    });
    Plain::new(rows.collect())
}

fn rules() -> Route<RoundRobin> {
    Route::new(RoundRobin)
        .rule(
            When::any().path("/api").cookie("beta", "yes"),
            "pool",
            "beta",
        )
        .rule(When::any().path("/api"), "pool", "api")
        .rule(When::any().path("/empty"), "pool", "nobody has this")
}

/// All that a request may be sent to, whatever it excludes.
fn reached(policy: &Route<RoundRobin>, request: &Request<'_>) -> Vec<usize> {
    let view = pools();
    let plan = policy.plan(&view);
    let mut tried = Vec::new();
    let mut reached = Vec::new();
    while let Some(index) = view.choose(policy, &plan, &request.excluding(&tried)) {
        tried.push(view.id(index));
        reached.push(index);
    }
    reached.sort_unstable();
    reached
}

#[test]
fn a_request_never_leaves_its_rule() {
    let fields = [("Cookie", "beta=yes")];
    let api = Request::new().path("/api/users");
    let policy = rules();
    assert_eq!(reached(&policy, &api), [0, 2]);
    assert_eq!(reached(&policy, &api.fields(&fields)), [3]);
    assert_eq!(reached(&policy, &Request::new().path("/empty")), []);
    assert_eq!(reached(&policy, &Request::new()), [0, 1, 2, 3, 4, 5]);
    let policy = policy.otherwise("pool", "web");
    assert_eq!(
        reached(&policy, &Request::new().path("/x").fields(&fields)),
        [1, 4]
    );
    assert_eq!(reached(&policy.otherwise_none(), &Request::new()), []);
}

#[test]
fn the_balancers_own_choice_keeps_to_the_rule() {
    let policy = Route::new(Random)
        .rule(When::any().path("/api"), "pool", "api")
        .otherwise_none();
    let specs = [("a", "api"), ("b", "api"), ("c", "web")];
    let specs = specs.map(|(key, pool)| Spec::new(key, ()).label("pool", pool).max_in_flight(1));
    let balancer = Balancer::builder(policy).backends(specs).build().unwrap();
    let request = Request::new().path("/api");
    let leases = [
        balancer.lease(&request).unwrap(),
        balancer.lease(&request).unwrap(),
    ];
    assert!(leases.iter().all(|lease| lease.key() != "c"));
    assert_eq!(
        balancer.lease(&request).map(|_| ()),
        Err(NoBackend::Overloaded)
    );
    assert_eq!(balancer.pick().map(|_| ()), Err(NoBackend::AllExcluded));
}
