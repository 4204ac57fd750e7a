//! Methods, and the traits that public types implement.

use std::collections::BTreeSet;
use std::slice;

use proc_macro2::{TokenStream, TokenTree};
use syn::{ImplItem, Item, ItemImpl, ItemMacro, Path, Type};

use super::exports::{Exports, is_visible};
use super::items::function;
use super::print::Printer;
use crate::source::names::Names;

/// Adds the lines for what `module` implements for types and traits that users can name.
pub(super) fn describe(
    names: &Names<'_>,
    exports: &Exports,
    module: &[String],
    lines: &mut BTreeSet<String>,
) {
    let printer = Printer {
        names,
        exports,
        module,
    };
    for item in names.items(module) {
        match item {
            Item::Impl(item) => match &item.trait_ {
                Some((_, of, _)) => trait_impl(&printer, item, of, lines),
                None => methods(&printer, item, lines),
            },
            Item::Macro(item) => invocation(&printer, item, lines),
            _ => {}
        }
    }
}

fn methods(printer: &Printer<'_>, item: &ItemImpl, lines: &mut BTreeSet<String>) {
    let Some(Owner::Public(path)) = owner(printer, &item.self_ty) else {
        return;
    };
    let bounds = printer.print(&item.generics.where_clause);
    let header = format!(
        "impl{} {} {bounds}",
        printer.print(&item.generics),
        printer.print(&item.self_ty)
    );
    let within = if item.generics.params.is_empty() {
        String::new()
    } else {
        format!(" in {}", header.trim_end())
    };
    for member in &item.items {
        let (name, signature) = match member {
            ImplItem::Fn(member) if is_visible(&member.vis, &member.attrs) => {
                (&member.sig.ident, function(printer, &member.sig))
            }
            ImplItem::Const(member) if is_visible(&member.vis, &member.attrs) => (
                &member.ident,
                format!("const: {}", printer.print(&member.ty)),
            ),
            _ => continue,
        };
        lines.insert(format!("{path}::{name}  {signature}{within}"));
    }
}

/// A line below the type if users can name it, else below the trait.
fn trait_impl(printer: &Printer<'_>, item: &ItemImpl, of: &Path, lines: &mut BTreeSet<String>) {
    let role = located(printer, of);
    let path = match (owner(printer, &item.self_ty), role) {
        (_, Owner::Private) | (Some(Owner::Private), _) => return,
        (Some(Owner::Public(path)), _) | (_, Owner::Public(path)) => path,
        _ => return,
    };
    let types = item.items.iter().filter_map(|member| match member {
        ImplItem::Type(member) => Some(format!(
            "type {} = {}",
            member.ident,
            printer.print(&member.ty)
        )),
        _ => None,
    });
    let types = types.collect::<Vec<_>>().join("; ");
    let types = if types.is_empty() {
        types
    } else {
        format!("{{ {types} }}")
    };
    let unsafety = item.unsafety.map_or("", |_| "unsafe ");
    let not = if matches!(item.trait_, Some((Some(_), ..))) {
        "!"
    } else {
        ""
    };
    let [generics, of, own] = [
        printer.print(&item.generics),
        printer.print(of),
        printer.print(&item.self_ty),
    ];
    let bounds = printer.print(&item.generics.where_clause);
    let words = [
        format!("{path}  {unsafety}impl{generics} {not}{of} for {own}"),
        bounds,
        types,
    ];
    lines.insert(
        words
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    );
}

/// What a macro implements can't be seen from here, so the line shows for what it is called. Only macros of the same module
/// that implement something, and mention something public, count.
fn invocation(printer: &Printer<'_>, item: &ItemMacro, lines: &mut BTreeSet<String>) {
    let called = item.mac.path.get_ident().filter(|_| item.ident.is_none());
    let definition = printer
        .names
        .items(printer.module)
        .find_map(|other| match other {
            Item::Macro(other) if called.is_some() && other.ident.as_ref() == called => Some(other),
            _ => None,
        });
    let (Some(name), Some(definition)) = (called, definition) else {
        return;
    };
    let mut words = Vec::new();
    collect(definition.mac.tokens.clone(), &mut words);
    let implements = words.iter().any(|word| word == "impl");
    collect(item.mac.tokens.clone(), &mut words);
    let public = words
        .iter()
        .any(|word| matches!(owned(printer, slice::from_ref(word)), Owner::Public(_)));
    if implements && public {
        let module = printer.module.get(1..).unwrap_or_default().join("::");
        lines.insert(format!(
            "[{module}]  {name}!({})",
            printer.print(&item.mac.tokens)
        ));
    }
}

fn collect(tokens: TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Group(group) => collect(group.stream(), words),
            _ => {}
        }
    }
}

enum Owner {
    Public(String),
    Private,
    Foreign,
}

/// To whom a type belongs, looking through references; `None` for what has no name, such as a slice.
fn owner(printer: &Printer<'_>, own: &Type) -> Option<Owner> {
    match own {
        Type::Reference(inner) => owner(printer, &inner.elem),
        Type::Paren(inner) => owner(printer, &inner.elem),
        Type::Group(inner) => owner(printer, &inner.elem),
        Type::Path(path) => Some(located(printer, &path.path)),
        _ => None,
    }
}

fn located(printer: &Printer<'_>, path: &Path) -> Owner {
    let path: Vec<_> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    owned(printer, &path)
}

fn owned(printer: &Printer<'_>, path: &[String]) -> Owner {
    match printer.names.locate(printer.module, path) {
        Some(target) if target.first().is_some_and(|head| head == "crate") => printer
            .exports
            .path(&target)
            .map_or(Owner::Private, Owner::Public),
        _ => Owner::Foreign,
    }
}
