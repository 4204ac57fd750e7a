//! Who may import whom: a module reaches only lower floors.

use crate::source::files::{self, File, Name};
use crate::source::names::Names;
use crate::tokens;
use crate::{assert_clean, assert_finds};

/// Every room of the house with its floor.
const ROOMS: [(&str, u8); 20] = [
    ("kernel", 0),
    ("ring", 1),
    ("conflict", 1),
    ("balance", 2),
    ("health", 2),
    ("cache", 2),
    ("shard", 2),
    ("pool", 2),
    ("limit", 2),
    ("breaker", 2),
    ("retry", 2),
    ("concurrency", 2),
    ("task", 2),
    ("batch", 2),
    ("monitor", 2),
    ("autoscale", 2),
    ("multilevel", 3),
    ("replica", 3),
    ("geo", 3),
    ("adapt", 4),
];

/// Parts that stand on another floor than their room.
const RAISED: [(&str, &str, u8); 12] = [
    ("ring", "shared", 2),
    ("ring", "bounded", 2),
    ("autoscale", "actuators", 3),
    ("balance", "error", 1),
    ("balance", "id", 1),
    ("balance", "request", 1),
    // What shards share to decide, and what each gathers for it.
    ("cache", "policy::chooser", 2),
    ("cache", "policy::shard", 2),
    ("limit", "decision", 1),
    ("limit", "error", 1),
    ("limit", "headers", 1),
    ("limit", "quota", 1),
];

/// Modules of these names hold decisions only, and stand on the first floor whatever their room.
pub(crate) const PURE: [&str; 4] = ["policy", "algorithm", "placement", "strategy"];

/// Pairs on one floor of which the first may import the second.
/// A policy that goes by keys is a placement of backends: `balance` takes those of `ring`.
const NEIGHBOURS: [(&str, &str); 3] = [
    ("balance", "health"),
    ("balance", "ring"),
    ("concurrency", "limit"),
];

/// The umbrella error knows every module, so only the crate root and the adapters may know it.
const UMBRELLA: &str = "error";

/// Where a module or an item stands.
struct Place<'n> {
    room: &'n str,
    floor: u8,
    /// The floor of the room as a whole.
    base: u8,
}

#[test]
fn modules_import_only_from_lower_floors() {
    assert_clean(&violations(&files::library()));
}

/// The floor of a module of `src`; `None` for the root, the umbrella error and names that aren't on the table.
pub(crate) fn floor(module: &[String]) -> Option<u8> {
    place(module).map(|place| place.floor)
}

fn violations(files: &[File]) -> Vec<String> {
    let names = Names::new(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.test_only) {
        let room = file.module.get(1).map(String::as_str);
        if room.is_none_or(|room| room == UMBRELLA) {
            continue;
        }
        let Some(from) = place(&file.module) else {
            found.push(format!(
                "{}:1: no such room on the table of floors in tests/support/layers/imports.rs",
                file.path
            ));
            continue;
        };
        for reference in
            tokens::references(&tokens::without_tests(tokens::in_file(file)), &file.module)
        {
            for target in targets(&names, &reference) {
                let own_facade = file.path.ends_with("/mod.rs") && target.starts_with(&file.module);
                if !own_facade && !may_reach(&from, &target) {
                    let path = target.join("::");
                    found.push(format!(
                        "{}:{}: {} on floor {} reaches {path}",
                        file.path, reference.line, from.room, from.floor
                    ));
                }
            }
        }
    }
    found
}

/// What a reference into this crate means; nothing for one into another crate. A glob means all that its module imports,
/// besides the module itself.
fn targets(names: &Names<'_>, reference: &tokens::Reference) -> Vec<Name> {
    let (path, glob) = match reference.path.split_last() {
        Some((star, path)) if star == "*" => (path, true),
        _ => (reference.path.as_slice(), false),
    };
    let target = names
        .locate(&reference.module, path)
        .filter(|target| target.first().is_some_and(|head| head == "crate"));
    let mut found: Vec<_> = target.into_iter().collect();
    if let (true, Some(module)) = (glob, found.first().cloned()) {
        let imported = names.items(&module).flat_map(crate::source::names::imports);
        found.extend(
            imported
                .map(|import| names.locate_import(&module, &import.path))
                .filter(|name| starts_in_crate(name)),
        );
    }
    found
}

fn starts_in_crate(name: &[String]) -> bool {
    name.first().is_some_and(|head| head == "crate")
}

fn may_reach(from: &Place<'_>, target: &[String]) -> bool {
    let Some(to) = place(target) else {
        let umbrella = target.get(1).is_some_and(|room| room == UMBRELLA);
        return umbrella && from.floor == 4;
    };
    if from.room == to.room {
        return to.floor <= from.floor;
    }
    let below = to.floor < from.floor && to.base < from.floor;
    below || (to.floor <= from.floor && NEIGHBOURS.contains(&(from.room, to.room)))
}

fn place(name: &[String]) -> Option<Place<'_>> {
    let room = name.get(1)?;
    let &(_, base) = ROOMS.iter().find(|(known, _)| known == room)?;
    let parts = name.get(2..).unwrap_or_default();
    let raised = RAISED.iter().find(|(known, raised, _)| {
        let raised = raised.split("::").collect::<Vec<_>>();
        known == room && parts.iter().take(raised.len()).eq(&raised)
    });
    let pure = base > 0
        && name
            .iter()
            .skip(2)
            .any(|part| PURE.contains(&part.as_str()));
    let floor = raised.map_or(if pure { 1 } else { base }, |(_, _, floor)| *floor);
    Some(Place { room, floor, base })
}

/// A small house that keeps the rules, with one more file.
fn with(path: &str, text: &str) -> Vec<String> {
    let house = [
        (
            "src/lib.rs",
            "pub mod ring; mod kernel; mod cache; mod balance; mod health; mod adapt; pub use kernel::{clock, hash}; pub use error::Error;",
        ),
        ("src/error.rs", "pub struct Error(crate::ring::Error);"),
        ("src/kernel/mod.rs", "pub mod clock; pub mod hash;"),
        ("src/kernel/clock.rs", "pub struct Tick;"),
        ("src/kernel/hash.rs", "pub struct StableHash;"),
        (
            "src/ring/mod.rs",
            "mod shared; mod placement; pub use shared::SharedRing; pub use self::placement::Native;",
        ),
        (
            "src/ring/shared.rs",
            "pub struct SharedRing; use super::placement::Native; use crate::kernel::clock::Tick;",
        ),
        (
            "src/ring/placement/mod.rs",
            "pub struct Native; #[cfg(test)] mod tests { use crate::adapt::X; }",
        ),
        (
            "src/cache/mod.rs",
            "pub(crate) mod core; pub(crate) mod policy;",
        ),
        (
            "src/cache/core.rs",
            "use crate::ring::Native; use super::policy::Lru; use crate::hash;",
        ),
        ("src/cache/policy/mod.rs", "pub struct Lru;"),
        ("src/balance/mod.rs", "mod core;"),
        ("src/balance/core.rs", "use crate::health::State;"),
        ("src/health/mod.rs", "pub struct State;"),
        ("src/adapt/mod.rs", "use crate::{Error, cache::core, ring};"),
    ];
    let mut sources: Vec<_> = house
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    sources.push((path.to_owned(), text.to_owned()));
    violations(&files::parse(sources))
}

#[test]
fn accepts_what_the_floors_allow() {
    assert_clean(&with(
        "src/kernel/rng.rs",
        "use std::fmt; use super::hash; fn f() { crate::hash::StableHash; }",
    ));
    assert_clean(&with(
        "src/cache/stats.rs",
        "#[cfg(test)] mod tests { use crate::pool::Pool; use super::*; }",
    ));
}

#[test]
fn finds_an_import_from_a_higher_floor() {
    assert_finds(
        &with(
            "src/kernel/rng.rs",
            "use crate::{\n    hash::StableHash,\n    ring::{Native, SharedRing as Other},\n};",
        ),
        &[
            "src/kernel/rng.rs:3: kernel on floor 0 reaches crate::ring::placement::Native",
            "src/kernel/rng.rs:3: kernel on floor 0 reaches crate::ring::shared::SharedRing",
        ],
    );
    assert_finds(
        &with("src/cache/memory.rs", "use crate::adapt;"),
        &["src/cache/memory.rs:1: cache on floor 2 reaches crate::adapt"],
    );
}

#[test]
fn finds_paths_outside_of_imports() {
    let source = "fn f(x: super::super::adapt::X) {\n vec![crate::adapt::Y];\n}\nmod inner { type Z = super::super::super::adapt::Z; }";
    assert_finds(
        &with("src/cache/memory.rs", source),
        &[
            "src/cache/memory.rs:1: cache on floor 2 reaches crate::adapt::X",
            "src/cache/memory.rs:2: cache on floor 2 reaches crate::adapt::Y",
            "src/cache/memory.rs:4: cache on floor 2 reaches crate::adapt::Z",
        ],
    );
    let nested = "fn f(x: crate::kernel::hash::Map<crate::adapt::X>) { crate::kernel::f::<crate::adapt::Y>() }";
    assert_finds(
        &with("src/cache/memory.rs", nested),
        &[
            "src/cache/memory.rs:1: cache on floor 2 reaches crate::adapt::X",
            "src/cache/memory.rs:1: cache on floor 2 reaches crate::adapt::Y",
        ],
    );
}

#[test]
fn finds_a_sibling() {
    let policy = "src/cache/memory.rs:1: cache on floor 2 reaches crate::health::State";
    assert_finds(
        &with("src/cache/memory.rs", "use crate::health::State;"),
        &[policy],
    );
    let reverse = "src/health/check.rs:1: health on floor 2 reaches crate::balance::policy::P";
    assert_finds(
        &with("src/health/check.rs", "use crate::balance::policy::P;"),
        &[reverse],
    );
}

#[test]
fn finds_a_policy_that_reaches_its_own_mechanism() {
    let expected = "src/cache/policy/lru.rs:1: cache on floor 1 reaches crate::cache::core::Core";
    assert_finds(
        &with("src/cache/policy/lru.rs", "use super::super::core::Core;"),
        &[expected],
    );
}

#[test]
fn a_part_of_a_pure_room_may_be_raised_alone() {
    let reaches = "use super::super::core::Core;";
    assert_clean(&with("src/cache/policy/chooser.rs", reaches));
    let pure = "use super::chooser::Chooser;";
    let expected = "src/cache/policy/lru.rs:1: cache on floor 1 reaches crate::cache::policy::chooser::Chooser";
    assert_finds(&with("src/cache/policy/lru.rs", pure), &[expected]);
}

#[test]
fn finds_what_a_facade_or_a_glob_hides() {
    let expected = "src/ring/plan.rs:1: ring on floor 1 reaches crate::ring::shared::SharedRing";
    assert_finds(
        &with("src/ring/plan.rs", "use super::SharedRing;"),
        &[expected],
    );
    assert_finds(
        &with("src/ring/plan.rs", "use crate::ring::*;"),
        &[expected],
    );
    let root = "src/cache/memory.rs:1: cache on floor 2 reaches crate";
    assert_finds(&with("src/cache/memory.rs", "use crate as root;"), &[root]);
}

#[test]
fn finds_the_umbrella_error_and_an_unknown_room() {
    let umbrella = "src/cache/memory.rs:1: cache on floor 2 reaches crate::error::Error";
    assert_finds(
        &with("src/cache/memory.rs", "use crate::Error;"),
        &[umbrella],
    );
    let unknown = "src/attic/mod.rs:1: no such room on the table of floors in tests/support/layers/imports.rs";
    assert_finds(&with("src/attic/mod.rs", ""), &[unknown]);
}
