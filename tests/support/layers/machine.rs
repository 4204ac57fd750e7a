//! Nothing names a place that exists on one machine only: a home or a work directory.

use crate::source::files;
use crate::{assert_clean, assert_finds};

const DIRECTORIES: [&str; 5] = ["src", "tests", "docs", "examples", "benches"];

/// Top-level directories under which people's files lie, and whether naming the directory alone is already too much.
const PLACES: [(&str, bool); 4] = [
    ("home", false),
    ("Users", false),
    ("root", true),
    ("work", true),
];

#[test]
fn no_path_of_one_machine_is_named() {
    let hidden = std::fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .into_iter()
        .flatten()
        .flatten();
    let hidden = hidden.filter_map(|entry| entry.file_name().into_string().ok());
    let hidden: Vec<_> = hidden
        .filter(|name| name.starts_with('.') && name != ".git")
        .collect();
    let places = DIRECTORIES
        .into_iter()
        .chain(hidden.iter().map(String::as_str));
    let texts: Vec<_> = places.flat_map(|place| files::below(place, "")).collect();
    assert!(
        texts.iter().any(|(path, _)| path == "tests/layers.rs"),
        "this test doesn't see itself"
    );
    assert_clean(
        &texts
            .iter()
            .flat_map(|(path, text)| violations(path, text))
            .collect::<Vec<_>>(),
    );
}

fn violations(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| names_place(line))
        .map(|(i, line)| format!("{path}:{}: {}", i + 1, line.trim()))
        .collect()
}

fn names_place(line: &str) -> bool {
    PLACES.iter().any(|(place, alone)| {
        let directory = format!("/{place}");
        line.match_indices(&directory).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let mut after = line.get(at + directory.len()..).unwrap_or_default().chars();
            let ends = match after.next() {
                Some('/') => *alone || after.next().is_some_and(is_part),
                next => *alone && !next.is_some_and(is_part),
            };
            // In front of a path stands a quote, a space or nothing; otherwise this is the middle of another path. A
            // drive letter is fine too.
            ends && !before.is_some_and(|before| is_part(before) || "/.~})$>".contains(before))
        })
    })
}

fn is_part(character: char) -> bool {
    character.is_alphanumeric() || "_-".contains(character)
}

#[test]
fn accepts_other_paths() {
    for line in [
        "https://example.org/home/x",
        "src/work/x.rs",
        "GET /home",
        "$HOME/work/x",
        "/workers",
        "//root",
        "and/root",
    ] {
        assert_clean(&violations("a.md", line));
    }
}

#[test]
fn finds_homes_and_work_directories() {
    for (place, rest) in [
        ("home", "/me/x"),
        ("Users", "/me"),
        ("root", ""),
        ("root", "/.cargo"),
        ("work", "/x"),
    ] {
        let line = format!("see \"/{place}{rest}\"");
        let text = format!("fine\n{line}\n");
        assert_finds(
            &violations("docs/a.md", &text),
            &[&format!("docs/a.md:2: {line}")],
        );
        assert_finds(
            &violations("docs/a.md", &format!("C:/{place}/me")),
            &[&format!("docs/a.md:1: C:/{place}/me")],
        );
    }
}
