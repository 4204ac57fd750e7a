//! Nothing is left for later: no ignored test, no hole in a function.

use proc_macro2::TokenTree;

use crate::source::files;
use crate::tokens::{self, content, is_punct, line};
use crate::{assert_clean, assert_finds};

const HOLES: [&str; 2] = ["todo", "unimplemented"];

#[test]
fn nothing_is_left_for_later() {
    let sources: Vec<_> = ["src", "tests", "benches", "examples"]
        .iter()
        .flat_map(|top| files::below(top, "rs"))
        .collect();
    assert!(
        sources.iter().any(|(path, _)| path == "tests/layers.rs"),
        "this test doesn't see itself"
    );
    assert_clean(
        &sources
            .iter()
            .flat_map(|(path, text)| violations(path, text))
            .collect::<Vec<_>>(),
    );
}

fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    tokens::walk_all(
        &tokens::of(text),
        &mut |token, next| match (token, next.first()) {
            (TokenTree::Ident(word), bang)
                if HOLES.iter().any(|hole| word == hole) && is_punct(bang, '!') =>
            {
                found.push(format!("{path}:{}: `{word}!`", line(token)));
            }
            (TokenTree::Punct(hash), Some(TokenTree::Group(attribute)))
                if hash.as_char() == '#' && ignores(&content(attribute)) =>
            {
                found.push(format!("{path}:{}: an ignored test", line(token)));
            }
            _ => {}
        },
    );
    found
}

fn ignores(attribute: &[TokenTree]) -> bool {
    let conditional =
        matches!(attribute.first(), Some(TokenTree::Ident(name)) if name == "cfg_attr");
    let words = tokens::identifiers(attribute);
    words
        .iter()
        .take(if conditional { usize::MAX } else { 1 })
        .any(|(word, _)| word == "ignore")
}

#[test]
fn accepts_words_that_only_look_like_it() {
    assert_clean(&violations(
        "src/a.rs",
        "/// todo!\n#[doc(alias = \"ignore\")]\nfn todo() { ignore(); }",
    ));
}

#[test]
fn finds_holes_and_ignored_tests() {
    let source = "fn f() { todo!() }\nmacro_rules! m { () => { unimplemented!(\"x\") } }\n#[test]\n#[ignore = \"slow\"]\nfn g() {}\n\
                  #[cfg_attr(windows, ignore)]\nfn h() {}";
    assert_finds(
        &violations("src/a.rs", source),
        &[
            "src/a.rs:1: `todo!`",
            "src/a.rs:2: `unimplemented!`",
            "src/a.rs:4: an ignored test",
            "src/a.rs:6: an ignored test",
        ],
    );
}
