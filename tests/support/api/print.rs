//! Tokens as text that doesn't depend on how the source was laid out, nor on anybody's pretty-printer.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

use super::exports::Exports;
use crate::source::names::Names;

/// Writes the source of one module.
#[derive(Clone, Copy)]
pub(super) struct Printer<'n> {
    pub(super) names: &'n Names<'n>,
    pub(super) exports: &'n Exports,
    pub(super) module: &'n [String],
}

impl Printer<'_> {
    /// `tokens` with the names of this crate as users write them.
    pub(super) fn print(&self, tokens: &impl ToTokens) -> String {
        let mut words = Vec::new();
        split(tokens.to_token_stream(), &mut words);
        join(&self.resolve(&words))
    }

    /// How a user writes the path to what `path` refers to here.
    pub(super) fn name(&self, path: &[String]) -> String {
        let Some(target) = self.names.locate(self.module, path) else {
            return standard(path);
        };
        if target.first().is_some_and(|head| head == "crate") {
            return (1..=target.len())
                .rev()
                .find_map(|length| {
                    let (item, rest) = target.split_at_checked(length)?;
                    let public = self.exports.path(item)?;
                    Some([&[public], rest].concat().join("::"))
                })
                .unwrap_or_else(|| target.join("::"));
        }
        standard(&target)
    }

    /// Replaces every path in `words`; a name in front of a colon, or of the equals sign of an argument, binds something.
    fn resolve(&self, words: &[String]) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let before = out.last().map_or("", String::as_str);
            let next = |at: usize| words.get(at).map_or("", String::as_str);
            at += 1;
            let list = ["(", ",", "<"].contains(&before);
            if word == "mut" && list {
                continue;
            }
            if !is_name(word) || ["::", ".", "fn"].contains(&before) {
                out.push(word.clone());
                continue;
            }
            let mut path = vec![word.clone()];
            while next(at) == "::" && is_name(next(at + 1)) {
                path.push(next(at + 1).to_owned());
                at += 2;
            }
            let binds =
                path.len() == 1 && (word == "self" || next(at) == ":" || (list && next(at) == "="));
            out.push(if binds {
                path.join("::")
            } else {
                self.name(&path)
            });
        }
        out
    }
}

/// Names of the standard library by their last segment, and by two where one says too little.
fn standard(name: &[String]) -> String {
    match name {
        [root, .., parent, last] if ["std", "core", "alloc"].contains(&root.as_str()) => {
            let vague = ["Error", "Result"].contains(&last.as_str())
                || last.starts_with(char::is_lowercase);
            if vague {
                format!("{parent}::{last}")
            } else {
                last.clone()
            }
        }
        _ => name.join("::"),
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Signs of more than one character, with their beginnings.
const SIGNS: [&str; 9] = ["::", ":", "->", "-", "=>", "=", "..", ".", "..="];

/// Words and signs, each by itself.
fn split(tokens: TokenStream, words: &mut Vec<String>) {
    // A sign that the next character may continue, or the quote of a lifetime.
    let mut pending = String::new();
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => {
                let longer = format!("{pending}{}", punct.as_char());
                if !pending.is_empty() && !SIGNS.contains(&longer.as_str()) {
                    words.push(std::mem::take(&mut pending));
                }
                pending.push(punct.as_char());
                if punct.spacing() == Spacing::Alone {
                    words.push(std::mem::take(&mut pending));
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                words.extend([std::mem::take(&mut pending), open.to_owned()]);
                split(group.stream(), words);
                words.push(close.to_owned());
            }
            TokenTree::Ident(ident) if pending == "'" => {
                words.push(std::mem::take(&mut pending) + &ident.to_string());
            }
            other => words.extend([std::mem::take(&mut pending), other.to_string()]),
        }
    }
    words.push(pending);
    words.retain(|word| !word.is_empty());
}

fn join(words: &[String]) -> String {
    let mut out = String::new();
    for (i, word) in words.iter().enumerate() {
        let before = i
            .checked_sub(1)
            .and_then(|i| words.get(i))
            .map_or("", String::as_str);
        let closes = words
            .get(i + 1)
            .is_none_or(|next| [")", "]", "}", ">"].contains(&next.as_str()));
        if word == "," && closes && !is_one_tuple(&out) {
            continue;
        }
        if i > 0 && spaced(before, word) {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether the comma that comes next makes a tuple of a parenthesis: `(T,)`.
fn is_one_tuple(written: &str) -> bool {
    let open = written.rfind('(').unwrap_or_default();
    let before = written
        .get(..open)
        .and_then(|before| before.chars().next_back());
    let inside = written.get(open..).unwrap_or_default();
    let call = before.is_some_and(|before| before.is_alphanumeric() || before == '>');
    written.contains('(') && !call && !inside.contains([',', ')'])
}

fn spaced(before: &str, word: &str) -> bool {
    let glued = [",", ";", ")", "]", ">", ":", "::", "."].contains(&word);
    let gluing = ["(", "[", "<", "&", "::", "!", "#", ".", "*", "?"].contains(&before);
    let opens = match word {
        "<" => is_name(before) || before == ">",
        "(" => {
            (is_name(before) && !["dyn", "in", "mut", "where"].contains(&before)) || before == ">"
        }
        "!" => is_name(before),
        "::" => true,
        _ => false,
    };
    !(glued || gluing || opens)
}
