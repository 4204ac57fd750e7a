//! Which items a user's build contains.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// Configuration names that only builds of this repository set.
const OURS: [&str; 7] = [
    "doc",
    "test",
    "doctest",
    "fuzzing",
    "tenfold_loom",
    "tenfold_shuttle",
    "tenfold_docsrs",
];

/// Whether an item with these attributes is compiled only for unit tests.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    conditions(attributes).any(|condition| requires_test(&condition))
}

/// Whether an item with these attributes can be part of a user's build, with whatever features on whatever platform.
pub(crate) fn is_shipped(attributes: &[Attribute]) -> bool {
    conditions(attributes).all(|condition| evaluate(&condition) != Some(false))
}

/// The conditions of all `#[cfg(…)]` attributes.
pub(crate) fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = Meta> + '_ {
    attributes
        .iter()
        .filter(|a| a.path().is_ident("cfg"))
        .filter_map(|a| a.parse_args().ok())
}

fn requires_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(condition).iter().any(requires_test),
        _ => false,
    }
}

/// `None` where it depends on the user's features or platform.
fn evaluate(condition: &Meta) -> Option<bool> {
    let parts: Vec<_> = parts(condition).iter().map(evaluate).collect();
    let path = condition.path();
    if path.is_ident("not") {
        parts.first().copied().flatten().map(|value| !value)
    } else if path.is_ident("all") {
        if parts.contains(&Some(false)) {
            Some(false)
        } else {
            parts.into_iter().try_fold(true, |all, p| Some(all && p?))
        }
    } else if path.is_ident("any") {
        if parts.contains(&Some(true)) {
            Some(true)
        } else {
            parts.into_iter().try_fold(false, |any, p| Some(any || p?))
        }
    } else {
        OURS.iter().any(|name| path.is_ident(name)).then_some(false)
    }
}

fn parts(condition: &Meta) -> Vec<Meta> {
    let Meta::List(list) = condition else {
        return Vec::new();
    };
    let parsed = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    parsed
        .map(|parts| parts.into_iter().collect())
        .unwrap_or_default()
}
