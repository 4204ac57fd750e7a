//! What users may rely on besides behaviour, for adapters: auto traits and readable output. The public API itself is on record with that of
//! the other modules in `contracts.rs`, which runs without features too.

#![expect(clippy::panic, reason = "a test reports by panicking")]

#[path = "support/api/mod.rs"]
mod api;
#[path = "support/source/mod.rs"]
mod source;

use std::collections::BTreeSet;

use tenfold::adapt::{bb8, postgres, r2d2, redis, sqlite};

/// Asserts at compile time that each type has the traits named, and is `'static`.
macro_rules! types {
    ($($type:ty: $($bound:path),*;)*) => {
        const _: () = { $({
            const fn has<T: $($bound +)* 'static>() {}
            has::<$type>();
        })* };
        const TYPES: &[&str] = &[$(stringify!($type)),*];
    };
}

// Every public type of an adapter: the test below compares the list with the public API.
types! {
    bb8::Bb8Manager<Theirs>: Send, Sync, Unpin;
    postgres::PostgresManager: Send, Sync, Unpin;
    postgres::Reset: Send, Sync, Unpin, Copy;
    postgres::Session: Send, Sync, Unpin;
    postgres::TokioPostgresManager: Send, Sync, Unpin;
    r2d2::R2d2Manager<Theirs>: Send, Sync, Unpin;
    redis::RedisManager: Send, Sync, Unpin;
    redis::Session<String>: Send, Sync, Unpin;
    redis::TokioRedisManager: Send, Sync, Unpin;
    sqlite::SqliteManager: Send, Sync, Unpin;
}

/// A manager for either.
struct Theirs;

impl ::r2d2::ManageConnection for Theirs {
    type Connection = ();
    type Error = std::io::Error;

    fn connect(&self) -> Result<(), std::io::Error> {
        Ok(())
    }

    fn is_valid(&self, (): &mut ()) -> Result<(), std::io::Error> {
        Ok(())
    }

    fn has_broken(&self, (): &mut ()) -> bool {
        false
    }
}

impl ::bb8::ManageConnection for Theirs {
    type Connection = ();
    type Error = std::io::Error;

    async fn connect(&self) -> Result<(), std::io::Error> {
        Ok(())
    }

    async fn is_valid(&self, (): &mut ()) -> Result<(), std::io::Error> {
        Ok(())
    }

    fn has_broken(&self, (): &mut ()) -> bool {
        false
    }
}

#[test]
fn the_table_of_types_is_complete() {
    let listed: BTreeSet<_> = TYPES
        .iter()
        .map(|name| name.split('<').next().unwrap_or_default().replace(' ', ""))
        .map(|name| format!("adapt::{name}"))
        .collect();
    let api = api::read(&source::files::library());
    let adapters = api.types.into_iter();
    let adapters: BTreeSet<_> = adapters
        .filter(|name| name.starts_with("adapt::"))
        .collect();
    assert_eq!(listed, adapters);
    for name in adapters {
        let mut lines = api.lines.iter();
        let shows = |line: &String| {
            line.starts_with(&format!("{name}  impl")) && line.contains("Debug for")
        };
        assert!(lines.any(shows), "{name} shows nothing");
    }
}
