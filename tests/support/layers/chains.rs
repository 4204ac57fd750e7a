//! The library compiles with the oldest compiler that `Cargo.toml` promises: no condition goes on with a `let`, which came three versions
//! later and which no lint reports.

use proc_macro2::{Delimiter, TokenTree};

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
        if is_word(token, "if") || is_word(token, "while") {
            if let Some(line) = goes_on(next) {
                found.push(format!(
                    "{path}:{line}: a `let` that goes on with a condition"
                ));
            }
        }
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

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_ampersand(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '&')
}

/// The line of an `and` between a `let` and its block. What follows a `=` is a reference to a reference.
fn goes_on(condition: &[TokenTree]) -> Option<usize> {
    let (first, rest) = condition.split_first()?;
    let is_block = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let end = rest.iter().position(is_block)?;
    if !is_word(first, "let") {
        return None;
    }
    let and = rest.get(..end)?.windows(4).find(|four| {
        let [before, first, second, after] = four else {
            return false;
        };
        let is_value = matches!(
            before,
            TokenTree::Ident(_) | TokenTree::Group(_) | TokenTree::Literal(_)
        );
        // Another `let` is the other rule's.
        is_value && is_ampersand(first) && is_ampersand(second) && !is_word(after, "let")
    });
    and.and_then(|four| four.get(1))
        .map(|token| token.span().start().line)
}

#[test]
fn finds_a_let_that_goes_on() {
    let text = "fn f() {\n    if let Some(a) = b.c()\n        && a > 1\n    {}\n    if let A = &&b {}\n    if a && b { let c = d && e; }\n    while let x = y && z {}\n}";
    let found = chains("src/a.rs", text);
    let said = [3, 7].map(|line| format!("src/a.rs:{line}: a `let` that goes on with a condition"));
    assert_eq!(found, said);
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
