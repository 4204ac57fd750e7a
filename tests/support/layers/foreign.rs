//! Other people's technology lives on the top floor: a crate that a feature brings is named nowhere else, and no feature brings one unasked.

use proc_macro2::TokenTree;

use crate::source::files::{self, File};
use crate::tokens::{self, is_punct, line};
use crate::{assert_clean, assert_finds};

const MANIFEST: &str = include_str!("../../../Cargo.toml");

/// Brings derives, which stand with the types.
const DERIVES: &str = "serde";

#[test]
fn foreign_crates_are_named_by_adapters_only() {
    let foreign = optional(MANIFEST);
    assert!(foreign.iter().any(|name| name == "tokio_postgres"));
    let library = files::library();
    let found = library.iter().flat_map(|file| violations(file, &foreign));
    assert_clean(&found.collect::<Vec<_>>());
}

#[test]
fn no_adapter_is_there_unasked() {
    assert!(MANIFEST.contains("\ndefault = [\"serde\"]\n"));
}

/// Dependencies that a feature brings, as the source names them.
fn optional(manifest: &str) -> Vec<String> {
    let lines = manifest
        .lines()
        .filter(|line| line.contains("optional = true"));
    let names = lines.filter_map(|line| line.split_once(" = "));
    let names = names.map(|(name, _)| name.replace('-', "_"));
    names.filter(|name| name != DERIVES).collect()
}

fn violations(file: &File, foreign: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    if file.test_only || file.module.get(1).is_some_and(|room| room == "adapt") {
        return found;
    }
    let own = tokens::without_tests(tokens::in_file(file));
    tokens::walk_all(&own, &mut |token, next| {
        let TokenTree::Ident(word) = token else {
            return;
        };
        let leads = is_punct(next.first(), ':') && is_punct(next.get(1), ':');
        if leads && foreign.iter().any(|name| word == name) {
            found.push(format!(
                "{}:{}: `{word}` outside of adapt",
                file.path,
                line(token)
            ));
        }
    });
    found
}

#[test]
fn finds_a_foreign_crate() {
    let manifest = "a = { version = \"1\", optional = true }\nb-c = { optional = true }\nd = \"1\"\nserde = { optional = true }";
    let foreign = optional(manifest);
    assert_eq!(foreign, ["a", "b_c"]);
    let source = |path: &str, text: &str| {
        let sources = [("src/lib.rs", "mod pool; mod adapt;"), (path, text)];
        let sources = sources.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let files = files::parse(sources.to_vec());
        files
            .iter()
            .flat_map(|file| violations(file, &foreign))
            .collect::<Vec<_>>()
    };
    let text = "use d::X;\nfn f() { b_c::g(); let a = 1; }\n#[cfg(test)]\nmod tests { use a::Y; }";
    assert_finds(
        &source("src/pool/mod.rs", text),
        &["src/pool/mod.rs:2: `b_c` outside of adapt"],
    );
    assert_clean(&source("src/adapt/mod.rs", text));
}
