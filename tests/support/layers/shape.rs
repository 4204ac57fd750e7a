//! The shape of files: small ones, and a `mod.rs` that only shows what is in the room.

use std::collections::BTreeSet;

use proc_macro2::{LineColumn, TokenTree};
use syn::Item;
use syn::spanned::Spanned;

use crate::imports::PURE;
use crate::source::files::{self, File};
use crate::tokens;
use crate::{assert_clean, assert_finds};

/// Lines of code in a file, without comments and unit tests.
const LONGEST: usize = 300;

/// What a longer file says, with its reason, within its first lines.
const EXCUSE: &str = "This file is long because";
const FIRST_LINES: usize = 10;

#[test]
fn module_files_only_show_what_is_inside() {
    assert_clean(
        &files::library()
            .iter()
            .flat_map(furniture)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn files_are_short() {
    let sources = files::below("src", "rs");
    let tests = files::library().into_iter().filter(|file| file.test_only);
    let tests: BTreeSet<_> = tests.map(|file| file.path).collect();
    let code = sources.iter().filter(|(path, _)| !tests.contains(path));
    assert_clean(
        &code
            .filter_map(|(path, text)| length(path, text))
            .collect::<Vec<_>>(),
    );
}

/// Items of a `mod.rs` that are more than a declaration or a re-export. Where a directory holds one decision per file, its
/// `mod.rs` holds the trait that they share.
fn furniture(file: &File) -> Vec<String> {
    let shared_trait = file
        .module
        .iter()
        .skip(2)
        .any(|part| PURE.contains(&part.as_str()));
    if !file.path.ends_with("/mod.rs") || shared_trait {
        return Vec::new();
    }
    let allowed = |item: &Item| match item {
        Item::Use(_) => true,
        Item::Mod(module) => module.content.is_none(),
        _ => false,
    };
    let found = file.syntax.items.iter().filter(|item| !allowed(item));
    found
        .map(|item| {
            format!(
                "{}:{}: not a `mod` or a `use`",
                file.path,
                item.span().start().line
            )
        })
        .collect()
}

fn length(path: &str, text: &str) -> Option<String> {
    let excused = text
        .lines()
        .take(FIRST_LINES)
        .any(|line| line.contains(EXCUSE));
    let lines = code_lines(text);
    (lines > LONGEST && !excused)
        .then(|| format!("{path}:1: {lines} lines of code, at most {LONGEST}"))
}

fn code_lines(text: &str) -> usize {
    let source: Vec<&str> = text.lines().collect();
    let mut lines = BTreeSet::new();
    tokens::walk_all(&tokens::without_tests(tokens::of(text)), &mut |token, _| {
        if is_comment(&source, token.span().start()) {
            return;
        }
        match token {
            TokenTree::Group(group) => lines.extend([
                group.span_open().start().line,
                group.span_close().end().line,
            ]),
            _ => lines.extend(token.span().start().line..=token.span().end().line),
        }
    });
    lines.len()
}

/// A documentation comment arrives as the tokens of a `doc` attribute; the source tells the two apart.
fn is_comment(source: &[&str], at: LineColumn) -> bool {
    let line = source
        .get(at.line.saturating_sub(1))
        .copied()
        .unwrap_or_default();
    let rest: String = line.chars().skip(at.column).collect();
    rest.starts_with("//") || rest.starts_with("/*")
}

fn parsed(path: &str, text: &str) -> Vec<File> {
    files::parse(vec![(path.to_owned(), text.to_owned())])
}

#[test]
fn accepts_a_plain_module_file() {
    let text = "//! Guide.\nmod core;\n#[cfg(unix)]\npub use core::Core;";
    assert_clean(
        &parsed("src/cache/mod.rs", text)
            .iter()
            .flat_map(furniture)
            .collect::<Vec<_>>(),
    );
    assert_clean(
        &parsed("src/ring/placement/mod.rs", "pub trait Placement {}")
            .iter()
            .flat_map(furniture)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn finds_code_in_a_module_file() {
    let text = "mod core;\nfn f() {}\npub struct S;\nimpl S {}\nmod inner { fn g() {} }";
    let found: Vec<_> = parsed("src/cache/mod.rs", text)
        .iter()
        .flat_map(furniture)
        .collect();
    let expected: Vec<_> = (2..=5)
        .map(|line| format!("src/cache/mod.rs:{line}: not a `mod` or a `use`"))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn counts_code_and_nothing_else() {
    let text = "//! Doc.\n\n/// Doc.\nfn f() {\n    // Comment.\n    g(\"two\n lines\"); /* and */\n\n}\n/** Doc. */\n#[cfg(test)]\nmod tests {\n    fn h() {}\n}\n";
    assert_eq!(code_lines(text), 4);
    assert_eq!(
        code_lines("#![doc = \"x\"]\nstruct S {\n    field: u8, // Unit.\n}\n"),
        4
    );
}

#[test]
fn finds_a_long_file() {
    let body = "fn f() {}\n".repeat(LONGEST);
    let long = |head: &str| Vec::from_iter(length("src/ring/core.rs", &format!("{head}{body}")));
    assert_clean(&long("// Short enough.\n"));
    assert_clean(&long(
        "//! This file is long because of its table.\nfn g() {}\n",
    ));
    assert_finds(
        &long("fn g() {}\n"),
        &["src/ring/core.rs:1: 301 lines of code, at most 300"],
    );
    assert_clean(&long("#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n"));
}
