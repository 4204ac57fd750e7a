//! Features only add items: `cfg(feature)` stands where modules are declared, and nowhere else.

use proc_macro2::TokenTree;

use crate::source::files;
use crate::tokens::{self, content, is_punct, line};
use crate::{assert_clean, assert_finds};

/// Where items of a feature are declared.
const DECLARATIONS: [&str; 3] = ["src/lib.rs", "src/adapt/mod.rs", "src/kernel/mod.rs"];

#[test]
fn features_only_add_items() {
    let sources = files::below("src", "rs");
    assert!(!sources.is_empty(), "no source found below src");
    assert_clean(
        &sources
            .iter()
            .flat_map(|(path, text)| violations(path, text))
            .collect::<Vec<_>>(),
    );
}

fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if DECLARATIONS.contains(&path) {
        return found;
    }
    tokens::walk_all(&tokens::of(text), &mut |token, next| {
        let TokenTree::Ident(word) = token else {
            return;
        };
        let bang = is_punct(next.first(), '!');
        let Some(TokenTree::Group(group)) = next.get(usize::from(bang)) else {
            return;
        };
        let condition = content(group);
        let asks = word.to_string().starts_with("cfg") && asks_for_feature(&condition);
        if asks && !(word == "cfg_attr" && derives_serde(&condition)) {
            found.push(format!(
                "{path}:{}: `{word}` asks for a feature",
                line(token)
            ));
        }
    });
    found
}

fn asks_for_feature(condition: &[TokenTree]) -> bool {
    tokens::identifiers(condition)
        .iter()
        .any(|(word, _)| word == "feature")
}

/// `feature = "serde"`, then only `derive(…)` and `serde(…)`.
fn derives_serde(condition: &[TokenTree]) -> bool {
    let mut parts = condition.split(|token| is_punct(Some(token), ','));
    let feature = parts.next().unwrap_or_default();
    let serde = feature.iter().map(ToString::to_string).collect::<String>() == "feature=\"serde\"";
    serde
        && parts
            .filter(|part| !part.is_empty())
            .all(|part| match part {
                [TokenTree::Ident(name), TokenTree::Group(_)] => {
                    name == "derive" || name == "serde"
                }
                _ => false,
            })
}

#[test]
fn accepts_declarations_and_derives() {
    assert_clean(&violations(
        "src/lib.rs",
        "#[cfg(feature = \"tower\")] pub mod x;",
    ));
    let derive = "#[cfg_attr(feature = \"serde\", derive(serde::Serialize), serde(default))] #[cfg(unix)] struct S;";
    assert_clean(&violations("src/ring/stats.rs", derive));
}

#[test]
fn finds_a_feature_that_changes_code() {
    let source = "#[cfg(feature = \"serde\")]\nfn f() {}\nfn g() { if cfg!(not(feature = \"tokio\")) {} }\n\
                  #[cfg_attr(feature = \"serde\", inline)]\nfn h() {}\n#[cfg_attr(feature = \"tokio\", derive(Debug))]\nstruct S;\n\
                  macro_rules! m { () => { #[cfg(any(unix, feature = \"x\"))] fn i() {} } }";
    assert_finds(
        &violations("src/ring/stats.rs", source),
        &[
            "src/ring/stats.rs:1: `cfg` asks for a feature",
            "src/ring/stats.rs:3: `cfg` asks for a feature",
            "src/ring/stats.rs:4: `cfg_attr` asks for a feature",
            "src/ring/stats.rs:6: `cfg_attr` asks for a feature",
            "src/ring/stats.rs:8: `cfg` asks for a feature",
        ],
    );
}
