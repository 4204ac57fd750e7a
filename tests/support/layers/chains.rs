//! The library compiles with the oldest compiler that `Cargo.toml` promises: no condition goes on with a `let`, which came three versions
//! later and which no lint reports.

use proc_macro2::TokenTree;

use crate::source::files;
use crate::tokens;
use crate::{assert_clean, assert_finds};

#[test]
fn no_condition_goes_on_with_a_let() {
    let sources = files::below("src", "rs");
    let found = sources.iter().flat_map(|(path, text)| chains(path, text));
    assert_clean(&found.collect::<Vec<_>>());
}

fn chains(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    tokens::walk_all(&tokens::of(text), &mut |token, next| {
        let [TokenTree::Punct(second), TokenTree::Ident(word), ..] = next else {
            return;
        };
        let and = matches!(token, TokenTree::Punct(first) if first.as_char() == '&');
        if and && second.as_char() == '&' && word == "let" {
            let line = word.span().start().line;
            found.push(format!(
                "{path}:{line}: a condition that goes on with a `let`"
            ));
        }
    });
    found
}

#[test]
fn finds_a_condition_that_goes_on() {
    let text = "fn f() {\n    if a && let Some(b) = c {}\n    while let Some(a) = b\n        && let Some(c) = a\n    {}\n}";
    let found = chains("src/a.rs", text);
    assert_finds(
        &found,
        &[
            "src/a.rs:2: a condition that goes on with a `let`",
            "src/a.rs:4: a condition that goes on with a `let`",
        ],
    );
}
