//! The first floor decides and does nothing else: no lock, clock call, thread or I/O.

use crate::imports::floor;
use crate::source::files::{self, File};
use crate::source::names::Names;
use crate::tokens;
use crate::{assert_clean, assert_finds};

/// Names that give away a lock, a clock, a thread or I/O, wherever they stand.
const WORDS: [&str; 17] = [
    "Barrier",
    "Condvar",
    "Instant",
    "LazyLock",
    "Mutex",
    "Once",
    "OnceLock",
    "RwLock",
    "SystemTime",
    "parking_lot",
    "thread",
    "thread_local",
    "dbg",
    "eprint",
    "eprintln",
    "print",
    "println",
];

/// Parts of the standard library, besides what [`WORDS`] covers.
const STD: [&str; 5] = ["env", "fs", "io", "net", "process"];

/// Addresses are keys and node names; using one does no I/O.
const ADDRESSES: [&str; 2] = ["IpAddr", "SocketAddr"];

/// Kernel rooms that hold state shared between threads, or ask for the time.
const KERNEL: [&str; 13] = [
    "asymmetric",
    "clock",
    "counters",
    "dice",
    "flight",
    "permits",
    "pins",
    "snapshot",
    "sync",
    "threads",
    "upkeep",
    "wait",
    "workers",
];

/// A point in time that the caller passed in is a number like any other.
const TICK: &str = "Tick";

#[test]
fn the_first_floor_is_pure() {
    assert_clean(&violations(&files::library()));
}

fn violations(files: &[File]) -> Vec<String> {
    let names = Names::new(files);
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| !file.test_only && floor(&file.module) == Some(1))
    {
        // The module of a room shows all its floors to the outside.
        if file.module.len() == 2 && file.path.ends_with("/mod.rs") {
            continue;
        }
        let code = tokens::without_tests(tokens::in_file(file));
        for (word, line) in tokens::identifiers(&code) {
            let atomic = word
                .strip_prefix("Atomic")
                .is_some_and(|rest| rest.starts_with(char::is_uppercase));
            if atomic || WORDS.contains(&word.as_str()) {
                found.push(format!("{}:{line}: `{word}` on the first floor", file.path));
            }
        }
        for reference in tokens::references(&code, &file.module) {
            let target = names.locate_import(&reference.module, &reference.path);
            if is_impure(&target) {
                found.push(format!(
                    "{}:{}: `{}` on the first floor",
                    file.path,
                    reference.line,
                    target.join("::")
                ));
            }
        }
    }
    found
}

fn is_impure(target: &[String]) -> bool {
    let parts: Vec<_> = target.iter().map(String::as_str).collect();
    match *parts.as_slice() {
        ["std" | "core", "net", ref rest @ ..] => {
            !rest.first().is_some_and(|name| ADDRESSES.contains(name))
        }
        ["std" | "core" | "alloc", part, ..] => STD.contains(&part),
        ["crate", "kernel", "clock", .., TICK] => false,
        ["crate", "kernel", part, ..] => KERNEL.contains(&part),
        _ => false,
    }
}

fn ring(text: &str) -> Vec<String> {
    let house = [
        ("src/lib.rs", "pub use kernel::clock;"),
        ("src/kernel/mod.rs", "pub mod clock; pub mod sync;"),
        (
            "src/kernel/clock/mod.rs",
            "mod tick; pub use tick::{Clock, Tick};",
        ),
        (
            "src/kernel/clock/tick.rs",
            "pub struct Tick; pub trait Clock {}",
        ),
        ("src/kernel/sync.rs", "pub use parking_lot::Mutex as Lock;"),
        ("src/ring/mod.rs", "pub use shared::SharedRing;"),
        (
            "src/ring/shared.rs",
            "use std::sync::Mutex; use crate::kernel::sync::Lock;",
        ),
        ("src/ring/core.rs", text),
    ];
    violations(&files::parse(
        house
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    ))
}

#[test]
fn accepts_numbers_addresses_and_tests() {
    assert_clean(&ring(
        "use std::{net::{IpAddr, SocketAddr}, sync::Arc}; fn f(now: crate::clock::Tick) {}",
    ));
    assert_clean(&ring(
        "fn f() {} #[cfg(test)] mod tests { use std::thread; fn g() { println!() } }",
    ));
    assert_clean(&ring("/// A `Mutex` in a comment.\nfn f() { \"Mutex\"; }"));
}

#[test]
fn finds_locks_clocks_threads_and_io() {
    let source = "use std::{\n    sync::Mutex,\n    fs::File,\n    net::{IpAddr, TcpStream},\n};\nfn f() { std::thread::yield_now() }\nstatic N: AtomicU64;\nstd::io!();";
    assert_finds(
        &ring(source),
        &[
            "src/ring/core.rs:2: `Mutex` on the first floor",
            "src/ring/core.rs:6: `thread` on the first floor",
            "src/ring/core.rs:7: `AtomicU64` on the first floor",
            "src/ring/core.rs:3: `std::fs::File` on the first floor",
            "src/ring/core.rs:4: `std::net::TcpStream` on the first floor",
            "src/ring/core.rs:8: `std::io` on the first floor",
        ],
    );
}

#[test]
fn finds_a_clock_or_a_lock_of_the_kernel() {
    assert_finds(
        &ring("use crate::clock::{Clock, Tick};\nuse crate::kernel::sync;"),
        &[
            "src/ring/core.rs:1: `crate::kernel::clock::tick::Clock` on the first floor",
            "src/ring/core.rs:2: `crate::kernel::sync` on the first floor",
        ],
    );
}
