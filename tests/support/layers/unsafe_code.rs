//! Unsafe code stands in named files, each with a row in the table of `docs/design/unsafe.md`.

use syn::{AttrStyle, Meta};

use crate::source::files::{self, File};
use crate::tokens;
use crate::{assert_clean, assert_finds};

const TABLE: &str = "docs/design/unsafe.md";

#[test]
fn unsafe_code_is_declared_and_listed() {
    let table = files::below("docs/design", "md")
        .into_iter()
        .find(|(path, _)| path == TABLE);
    assert_clean(&violations(
        &files::library(),
        &table.map(|(_, text)| text).unwrap_or_default(),
    ));
}

fn violations(files: &[File], table: &str) -> Vec<String> {
    let rows = rows(table);
    let mut found = Vec::new();
    let mut used = Vec::new();
    for file in files {
        let words = tokens::identifiers(&tokens::in_file(file));
        // `allow` could hide what `expect` declares, and an attribute further down is easily overlooked.
        let declared = file.syntax.attrs.iter().any(|attribute| {
            let expects = attribute.path().is_ident("expect")
                && matches!(attribute.style, AttrStyle::Inner(_));
            let Meta::List(list) = &attribute.meta else {
                return false;
            };
            let words: Vec<_> =
                tokens::identifiers(&list.tokens.clone().into_iter().collect::<Vec<_>>());
            expects
                && ["unsafe_code", "reason"]
                    .iter()
                    .all(|word| words.iter().any(|(known, _)| known == word))
        });
        let name = file.path.trim_start_matches("src/");
        let listed = rows.iter().any(|(row, _)| row == name);
        let mentions = words
            .iter()
            .filter(|(word, _)| word == "unsafe_code")
            .skip(usize::from(declared));
        found.extend(mentions.map(|(_, line)| {
            format!(
                "{}:{line}: `unsafe_code` outside the first lines",
                file.path
            )
        }));
        let Some((_, line)) = words.iter().find(|(word, _)| word == "unsafe") else {
            continue;
        };
        used.push(name);
        if !declared {
            found.push(format!(
                "{}:{line}: `unsafe` without `#![expect(unsafe_code, reason = \"…\")]`",
                file.path
            ));
        }
        if !listed {
            found.push(format!(
                "{}:{line}: `unsafe` without a row in {TABLE}",
                file.path
            ));
        }
    }
    let stale = rows.iter().filter(|(row, _)| !used.contains(&row.as_str()));
    found.extend(stale.map(|(row, line)| format!("{TABLE}:{line}: {row} has no unsafe code")));
    found
}

/// The files named in the first column, without `src/`, each with its line.
fn rows(table: &str) -> Vec<(String, usize)> {
    let cells = table
        .lines()
        .enumerate()
        .filter_map(|(i, line)| Some((line.strip_prefix('|')?.split('|').next()?, i + 1)));
    let names = cells.map(|(cell, line)| {
        (
            cell.trim()
                .trim_matches('`')
                .trim_start_matches("src/")
                .to_owned(),
            line,
        )
    });
    names.filter(|(name, _)| name.ends_with(".rs")).collect()
}

fn check(text: &str, table: &str) -> Vec<String> {
    violations(
        &files::parse(vec![("src/kernel/pins.rs".to_owned(), text.to_owned())]),
        table,
    )
}

const ROW: &str = "| file | buys |\n|---|---|\n| `kernel/pins.rs` | much |\n";

#[test]
fn accepts_what_is_declared_and_listed() {
    assert_clean(&check(
        "#![expect(unsafe_code, reason = \"x\")]\nfn f() { unsafe {} }",
        ROW,
    ));
    assert_clean(&check("fn f() {}", ""));
}

#[test]
fn finds_what_is_not() {
    let undeclared =
        "src/kernel/pins.rs:2: `unsafe` without `#![expect(unsafe_code, reason = \"…\")]`";
    assert_finds(&check("fn f() {\n    unsafe {}\n}", ROW), &[undeclared]);
    let deeper = "src/kernel/pins.rs:1: `unsafe_code` outside the first lines";
    assert_finds(
        &check(
            "#[expect(unsafe_code, reason = \"x\")]\nunsafe fn f() {}",
            ROW,
        ),
        &[deeper, undeclared],
    );
    let without_reason = [
        "src/kernel/pins.rs:1: `unsafe_code` outside the first lines",
        undeclared,
    ];
    assert_finds(
        &check("#![expect(unsafe_code)]\nunsafe fn f() {}", ROW),
        &without_reason,
    );
    let unlisted = "src/kernel/pins.rs:2: `unsafe` without a row in docs/design/unsafe.md";
    assert_finds(
        &check(
            "#![expect(unsafe_code, reason = \"x\")]\nm! { unsafe {} }",
            "kernel/pins.rs",
        ),
        &[unlisted],
    );
    assert_finds(
        &check("fn f() {}", ROW),
        &["docs/design/unsafe.md:3: kernel/pins.rs has no unsafe code"],
    );
}
