//! Settings, and what is said of those that can't be.

use std::time::Duration;

use tenfold::pool::{Config, from_async_fn, from_fn};

use crate::pooling::*;

const LONG: Option<Duration> = Some(Duration::from_secs(366 * 86_400));

#[test]
fn what_a_builder_is_told_is_what_the_pool_has() {
    let clock = ManualClock::new();
    let some = |n| Some(n * SECOND);
    let pool = Pool::builder(Calls(Default::default()))
        .max_size(7)
        .min_idle(1)
        .max_idle(Some(3))
        .idle_timeout(some(2))
        .max_lifetime(some(4))
        .lifetime_jitter(0.5)
        .keepalive(some(5))
        .wait_timeout(some(6))
        .connect_timeout(some(7))
        .check_timeout(some(8))
        .close_timeout(some(9))
        .max_waiters(10)
        .max_connecting(11)
        .check(Check::Never)
        .order(Order::Fifo)
        .fairness(Fairness::Throughput)
        .patience(12 * SECOND)
        .leak_threshold(some(13))
        .on_panic(OnPanic::Keep)
        .backoff_base(14 * SECOND)
        .backoff_max(15 * SECOND)
        .fail_fast_after(16)
        .upkeep(Upkeep::Manual)
        .executor(Executor::Inline)
        .clock(clock)
        .build()
        .unwrap();
    let mut config = Config::default();
    config.max_size = 7;
    config.min_idle = 1;
    config.max_idle = Some(3);
    config.idle_timeout = some(2);
    config.max_lifetime = some(4);
    config.lifetime_jitter = 0.5;
    config.keepalive = some(5);
    config.wait_timeout = some(6);
    config.connect_timeout = some(7);
    config.check_timeout = some(8);
    config.close_timeout = some(9);
    config.max_waiters = 10;
    config.max_connecting = 11;
    config.check = Check::Never;
    config.order = Order::Fifo;
    config.fairness = Fairness::Throughput;
    config.patience = 12 * SECOND;
    config.leak_threshold = some(13);
    config.on_panic = OnPanic::Keep;
    config.backoff_base = 14 * SECOND;
    config.backoff_max = 15 * SECOND;
    config.fail_fast_after = 16;
    config.upkeep = Upkeep::Manual;
    assert_eq!(pool.config(), &config);
    let again = Pool::builder(Calls(Default::default())).config(config.clone());
    assert!(format!("{again:?}").contains("fail_fast_after: 16"));
    assert_eq!(again.build().unwrap().config(), &config);
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let config = Config::default();
    assert_eq!(
        (config.max_size, config.min_idle, config.max_idle),
        (10, 0, None)
    );
    assert_eq!(config.idle_timeout, Some(600 * SECOND));
    assert_eq!(config.max_lifetime, Some(1_800 * SECOND));
    assert_eq!(config.wait_timeout, Some(30 * SECOND));
    assert_eq!(config.connect_timeout, Some(10 * SECOND));
    assert_eq!(config.check_timeout, Some(5 * SECOND));
    assert_eq!(config.close_timeout, Some(5 * SECOND));
    assert_eq!(config.leak_threshold, Some(60 * SECOND));
    assert_eq!((config.max_waiters, config.max_connecting), (4096, 2));
    assert_eq!((config.keepalive, config.fail_fast_after), (None, 3));
    assert_eq!(config.check, Check::IfIdleFor(500 * MILLI));
    assert_eq!(
        (config.order, config.fairness),
        (Order::Affine, Fairness::Fifo)
    );
    assert_eq!(
        (config.on_panic, config.upkeep),
        (OnPanic::Discard, Upkeep::Automatic)
    );
    assert_eq!(config.patience, 10 * MILLI);
    assert!(config.validate().is_ok());
}

#[test]
fn what_is_out_of_range_is_named() {
    type Change = fn(&mut Config);
    let wrong: [(&str, Change); 26] = [
        ("max_size", |config| config.max_size = 0),
        ("max_size", |config| config.max_size = 100_001),
        ("max_waiters", |config| config.max_waiters = 0),
        ("min_idle", |config| config.min_idle = 11),
        ("max_idle", |config| {
            (config.min_idle, config.max_idle) = (2, Some(1));
        }),
        ("idle_timeout", |config| {
            config.idle_timeout = Some(Duration::ZERO);
        }),
        ("idle_timeout", |config| config.idle_timeout = LONG),
        ("max_lifetime", |config| {
            config.max_lifetime = Some(Duration::ZERO);
        }),
        ("max_lifetime", |config| config.max_lifetime = LONG),
        ("keepalive", |config| {
            config.keepalive = Some(Duration::ZERO);
        }),
        ("keepalive", |config| config.keepalive = LONG),
        ("connect_timeout", |config| {
            config.connect_timeout = Some(Duration::ZERO);
        }),
        ("check_timeout", |config| {
            config.check_timeout = Some(Duration::ZERO);
        }),
        ("close_timeout", |config| config.close_timeout = LONG),
        ("leak_threshold", |config| {
            config.leak_threshold = Some(Duration::ZERO);
        }),
        ("lifetime_jitter", |config| config.lifetime_jitter = -0.1),
        ("lifetime_jitter", |config| config.lifetime_jitter = 1.1),
        ("lifetime_jitter", |config| {
            config.lifetime_jitter = f64::NAN;
        }),
        ("max_connecting", |config| config.max_connecting = 0),
        ("max_connecting", |config| config.max_connecting = u32::MAX),
        ("backoff_base", |config| {
            config.backoff_base = Duration::ZERO;
        }),
        ("backoff_max", |config| config.backoff_max = MILLI),
        ("backoff_max", |config| config.backoff_max = Duration::MAX),
        ("fail_fast_after", |config| config.fail_fast_after = 0),
        ("patience", |config| config.patience = Duration::ZERO),
        ("max_size", |config| config.max_size = u32::MAX),
    ];
    for (name, change) in wrong {
        let mut config = Config::default();
        change(&mut config);
        let built = Pool::builder(Calls(Default::default()))
            .config(config.clone())
            .build();
        let Err(error) = built else {
            panic!("{name}: {config:?}")
        };
        assert!(
            matches!(error, Error::BadSetting { rule } if rule.starts_with(name)),
            "{name}: {error}"
        );
        let built = Pool::builder(Tasks(Default::default()))
            .config(config)
            .build_async();
        assert_eq!(built.err(), Some(error));
    }
}

#[test]
fn the_edges_of_the_ranges_are_within() {
    let year = Some(Duration::from_secs(365 * 86_400));
    for time in [Some(MILLI), year, None] {
        let world = calls(|builder| {
            builder
                .max_size(1)
                .idle_timeout(time)
                .max_lifetime(time)
                .keepalive(time)
                .connect_timeout(time)
                .check_timeout(time)
                .close_timeout(time)
                .leak_threshold(time)
                .wait_timeout(time)
                .lifetime_jitter(1.0)
                .max_connecting(100_000)
                .max_waiters(usize::MAX)
                .patience(Duration::MAX)
                .fail_fast_after(u32::MAX)
        });
        let lease = world.pool.acquire().unwrap();
        world.clock.advance(MILLI);
        drop(lease);
        world.clock.set(Tick::from_nanos(u64::MAX / 2));
        assert!(world.pool.acquire().is_ok());
    }
}

#[test]
fn a_pool_as_large_as_may_be_works() {
    let world = calls(|builder| builder.max_size(100_000));
    drop(world.pool.acquire().unwrap());
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    assert!(world.pool.resize(100_001).is_err() && world.pool.resize(0).is_err());
    assert_eq!(world.pool.status().max_size, 100_000);
}

#[test]
fn what_futures_need_in_the_background_needs_somebody_to_run_it() {
    let build = |config: &Config| {
        let builder = Pool::builder(Tasks(Default::default())).config(config.clone());
        builder.build_async().err()
    };
    let mut config = Config::default();
    assert_eq!(build(&config), None);
    config.min_idle = 1;
    assert_eq!(
        build(&config),
        Some(Error::NoSpawner {
            setting: "min_idle"
        })
    );
    config.min_idle = 0;
    config.keepalive = Some(SECOND);
    let error = build(&config).unwrap();
    assert_eq!(
        error,
        Error::NoSpawner {
            setting: "keepalive"
        }
    );
    assert!(error.to_string().starts_with("keepalive needs"), "{error}");
    let spawned = Pool::builder(Tasks(Default::default()))
        .config(config)
        .spawner(drop);
    assert!(spawned.build_async().is_ok());
}

#[test]
fn a_closure_is_a_manager() {
    let clock = ManualClock::new();
    let pool = Pool::builder(from_fn(|| Ok::<_, Down>(7)))
        .clock(clock.clone())
        .build()
        .unwrap();
    assert_eq!(*pool.acquire().unwrap(), 7);
    let pool = Pool::builder(from_async_fn(|| async { Ok::<_, Down>(8) }))
        .clock(clock)
        .build_async()
        .unwrap();
    assert_eq!(*pool.acquire().unwrap(), 8, "whoever waits runs it");
    assert!(
        Pool::new(from_fn(|| Err::<(), _>(Down))).is_ok(),
        "it connects when somebody needs it"
    );
    assert!(Pool::new_async(from_async_fn(|| async { Err::<(), _>(Down) })).is_ok());
}

#[test]
fn building_connects_nothing_in_the_caller() {
    let world = spawned(|builder| builder.max_size(3).min_idle(2));
    assert_eq!(world.backend.connects(), 0);
    world.jobs.run();
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
}

#[cfg(feature = "serde")]
#[test]
fn settings_can_be_read_from_a_file() {
    let config: Config = serde_json::from_str(r#"{"max_size": 3, "order": "Lifo"}"#).unwrap();
    let mut expected = Config::default();
    expected.max_size = 3;
    expected.order = Order::Lifo;
    assert_eq!(config, expected);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert!(serde_json::from_str::<Config>(r#"{"max_sise": 3}"#).is_err());
}
