//! Source as tokens: what is written, also inside macros, where a syntax tree ends.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Attribute;
use syn::parse::Parser;

use crate::source::files::{File, Name};

/// A path that starts at a fixed point: `crate::…`, `super::…`, `self::…`, `std::…`.
pub(crate) struct Reference {
    /// The module it is written in, inline modules included.
    pub(crate) module: Name,
    /// Its segments as written; a glob ends in `*`.
    pub(crate) path: Name,
    pub(crate) line: usize,
}

const STARTS: [&str; 7] = ["crate", "super", "self", "tenfold", "std", "core", "alloc"];

/// What can stand between an attribute and the body of an item; anything else is a field, an arm or an expression.
const ITEMS: [&str; 14] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// The tokens of a parsed file.
pub(crate) fn in_file(file: &File) -> Vec<TokenTree> {
    file.syntax.to_token_stream().into_iter().collect()
}

/// The tokens of `source`; none if they don't balance, which the compiler reports better.
pub(crate) fn of(source: &str) -> Vec<TokenTree> {
    source
        .parse::<TokenStream>()
        .map(|stream| stream.into_iter().collect())
        .unwrap_or_default()
}

/// `tokens` without whatever stands under `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        match (&token, rest.peek()) {
            (TokenTree::Punct(hash), Some(TokenTree::Group(body)))
                if hash.as_char() == '#' && is_test(body) =>
            {
                skip_item(&mut rest);
            }
            (TokenTree::Group(group), _) => kept.push(TokenTree::Group(inner_without_tests(group))),
            _ => kept.push(token),
        }
    }
    kept
}

/// Every token with the tokens that follow it in the same group.
pub(crate) fn walk<'t>(
    tokens: &'t [TokenTree],
    visit: &mut impl FnMut(&'t TokenTree, &'t [TokenTree]),
) {
    let mut rest = tokens;
    while let Some((token, next)) = rest.split_first() {
        visit(token, next);
        rest = next;
    }
}

/// As [`walk`], also inside groups; a group is visited before its content.
pub(crate) fn walk_all(tokens: &[TokenTree], visit: &mut impl FnMut(&TokenTree, &[TokenTree])) {
    walk(tokens, &mut |token, next| {
        visit(token, next);
        if let TokenTree::Group(group) = token {
            walk_all(&content(group), visit);
        }
    });
}

/// Every identifier with its line.
pub(crate) fn identifiers(tokens: &[TokenTree]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    walk_all(tokens, &mut |token, _| {
        if let TokenTree::Ident(ident) = token {
            found.push((ident.to_string(), line(token)));
        }
    });
    found
}

/// All references in `tokens`, which are the source of `module`. Grouped imports count once per leaf.
pub(crate) fn references(tokens: &[TokenTree], module: &[String]) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(tokens, module, &mut found);
    found
}

pub(crate) fn content(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

pub(crate) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_test(body: &Group) -> bool {
    let attribute = body.delimiter() == Delimiter::Bracket;
    let parsed = Attribute::parse_outer.parse_str(&format!("#{body}"));
    attribute && parsed.is_ok_and(|attributes| crate::source::cfg::is_test(&attributes))
}

fn inner_without_tests(group: &Group) -> Group {
    let kept = without_tests(content(group)).into_iter().collect();
    let mut inner = Group::new(group.delimiter(), kept);
    inner.set_span(group.span());
    inner
}

/// Takes what an attribute applies to: an item up to its body or semicolon, anything else up to its comma as well.
fn skip_item(rest: &mut impl Iterator<Item = TokenTree>) {
    let mut item = false;
    for token in rest {
        match &token {
            TokenTree::Ident(ident) if ITEMS.iter().any(|item| ident == item) => item = true,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(end) if end.as_char() == ';' || (end.as_char() == ',' && !item) => {
                return;
            }
            _ => {}
        }
    }
}

fn collect(tokens: &[TokenTree], module: &[String], found: &mut Vec<Reference>) {
    let mut rest = tokens;
    let mut colons = 0;
    while let Some((token, next)) = rest.split_first() {
        rest = next;
        match (token, next) {
            (TokenTree::Ident(ident), _) if colons < 2 && is_start(ident, next) => {
                rest = path(token, next, module, &mut Vec::new(), found);
            }
            (TokenTree::Ident(keyword), [TokenTree::Ident(name), TokenTree::Group(body), ..])
                if keyword == "mod" =>
            {
                let inner: Name = module.iter().cloned().chain([name.to_string()]).collect();
                collect(&content(body), &inner, found);
                rest = next.get(2..).unwrap_or_default();
            }
            (TokenTree::Group(group), _) => collect(&content(group), module, found),
            _ => {}
        }
        // After two, an identifier is a later segment; after one, it begins a type.
        colons = if is_punct(Some(token), ':') {
            colons + 1
        } else {
            0
        };
    }
}

fn is_start(ident: &Ident, next: &[TokenTree]) -> bool {
    let renamed =
        ident == "crate" && matches!(next.first(), Some(TokenTree::Ident(r#as)) if r#as == "as");
    STARTS.iter().any(|start| ident == start) && (separator(next).is_some() || renamed)
}

/// What follows a leading `::`.
fn separator(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    (is_punct(tokens.first(), ':') && is_punct(tokens.get(1), ':'))
        .then(|| tokens.get(2..).unwrap_or_default())
}

/// Follows a path from its segment `token` and returns the tokens behind it.
fn path<'t>(
    token: &TokenTree,
    next: &'t [TokenTree],
    module: &[String],
    prefix: &mut Name,
    found: &mut Vec<Reference>,
) -> &'t [TokenTree] {
    prefix.push(token.to_string());
    let behind = match separator(next) {
        Some([segment @ TokenTree::Ident(_), next @ ..]) => {
            path(segment, next, module, prefix, found)
        }
        Some([TokenTree::Group(group), next @ ..]) if group.delimiter() == Delimiter::Brace => {
            let inner = content(group);
            for leaf in inner.split(|token| is_punct(Some(token), ',')) {
                if let Some((segment, next)) = leaf.split_first() {
                    path(segment, next, module, prefix, found);
                }
            }
            next
        }
        Some([star, next @ ..]) if is_punct(Some(star), '*') => {
            let path = prefix.iter().cloned().chain(["*".to_owned()]).collect();
            found.push(Reference {
                module: module.to_vec(),
                path,
                line: line(star),
            });
            next
        }
        // The end, or the generic arguments of the last segment, which may hold further paths.
        other => {
            found.push(Reference {
                module: module.to_vec(),
                path: prefix.clone(),
                line: line(token),
            });
            other.unwrap_or(next)
        }
    };
    prefix.pop();
    behind
}
