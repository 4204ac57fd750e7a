//! One line for each public item, and one for each of its public parts.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, Generics, Item, Meta, Path, Signature, Token, TraitItem};

use super::exports::{Exports, is_visible};
use super::print::Printer;
use crate::source::cfg::conditions;
use crate::source::names::{Names, attributes, identifier};

/// Adds the lines for the item defined at `target`, which users call `path`.
pub(super) fn describe(
    names: &Names<'_>,
    exports: &Exports,
    target: &[String],
    path: &str,
    lines: &mut BTreeSet<String>,
) {
    let Some((_, module)) = target.split_last() else {
        return;
    };
    let printer = Printer {
        names,
        exports,
        module,
    };
    for item in definitions(names, target) {
        let condition = conditions(attributes(item))
            .map(|c| format!(" #[cfg({})]", printer.print(&c)))
            .collect::<String>();
        let signature = Lines {
            printer,
            path,
            lines,
        }
        .item(item);
        let marks = marks(attributes(item));
        lines.insert(format!("{path}  {marks}{signature}{condition}"));
        derives(&printer, item, path, lines);
    }
}

/// Whether a struct, an enum or a union is defined at `target`.
pub(super) fn is_type(names: &Names<'_>, target: &[String]) -> bool {
    definitions(names, target)
        .any(|item| matches!(item, Item::Struct(_) | Item::Enum(_) | Item::Union(_)))
}

/// A function without its name.
pub(super) fn function(printer: &Printer<'_>, signature: &Signature) -> String {
    let text = printer.print(signature);
    text.replacen(&format!("fn {}", signature.ident), "fn", 1)
}

/// What an attribute promises or withholds.
fn marks(attributes: &[Attribute]) -> String {
    let kept = ["non_exhaustive", "deprecated"].into_iter();
    kept.filter(|mark| attributes.iter().any(|a| a.path().is_ident(mark)))
        .map(|mark| format!("#[{mark}] "))
        .collect()
}

fn definitions<'f>(names: &Names<'f>, target: &[String]) -> impl Iterator<Item = &'f Item> {
    let (name, module) = target.split_last().unzip();
    let found: Vec<_> = names.items(module.unwrap_or_default()).collect();
    found
        .into_iter()
        .filter(move |item| identifier(item).is_some_and(|ident| Some(&ident.to_string()) == name))
}

struct Lines<'a, 'n> {
    printer: Printer<'n>,
    path: &'a str,
    lines: &'a mut BTreeSet<String>,
}

impl Lines<'_, '_> {
    /// The signature of `item`; its parts get lines of their own.
    fn item(mut self, item: &Item) -> String {
        let print = self.printer;
        match item {
            Item::Struct(item) => {
                let shape = self.fields(&item.fields);
                format!(
                    "struct{}{shape}{}",
                    print.print(&item.generics),
                    self.bounds(&item.generics)
                )
            }
            Item::Enum(item) => {
                for variant in &item.variants {
                    let fields = print.print(&WithoutAttributes(&variant.fields));
                    let gap = if matches!(variant.fields, Fields::Named(_)) {
                        " "
                    } else {
                        ""
                    };
                    let marks = marks(&variant.attrs);
                    self.part(
                        &variant.ident.to_string(),
                        &format!("{marks}variant{gap}{fields}"),
                    );
                }
                format!(
                    "enum{}{}",
                    print.print(&item.generics),
                    self.bounds(&item.generics)
                )
            }
            Item::Trait(item) => {
                item.items.iter().for_each(|item| self.member(item));
                let unsafety = item.unsafety.map_or("", |_| "unsafe ");
                let supers = if item.supertraits.is_empty() {
                    String::new()
                } else {
                    format!(": {}", print.print(&item.supertraits))
                };
                format!(
                    "{unsafety}trait{}{supers}{}",
                    print.print(&item.generics),
                    self.bounds(&item.generics)
                )
            }
            Item::Fn(item) => function(&print, &item.sig),
            Item::Type(item) => format!(
                "type{} = {}",
                print.print(&item.generics),
                print.print(&item.ty)
            ),
            Item::Const(item) => format!("const: {}", print.print(&item.ty)),
            Item::Static(item) => format!("static: {}", print.print(&item.ty)),
            Item::Macro(_) => "macro".to_owned(),
            _ => "unknown kind of item".to_owned(),
        }
    }

    fn part(&mut self, name: &str, signature: &str) {
        self.lines
            .insert(format!("{}::{name}  {signature}", self.path));
    }

    /// Lines for the public fields; returns how the type looks from outside.
    fn fields(&mut self, fields: &Fields) -> String {
        let mut visible = Vec::new();
        for (i, field) in fields
            .iter()
            .enumerate()
            .filter(|(_, field)| is_visible(&field.vis, &field.attrs))
        {
            let name = field
                .ident
                .as_ref()
                .map_or_else(|| i.to_string(), ToString::to_string);
            self.lines.insert(format!(
                "{}.{name}  {}",
                self.path,
                self.printer.print(&field.ty)
            ));
            visible.push(name);
        }
        if visible.len() < fields.len() {
            visible.push("..".to_owned());
        }
        let visible = visible.join(", ");
        match fields {
            Fields::Named(_) => format!(" {{ {visible} }}"),
            Fields::Unnamed(_) => format!("({visible})"),
            Fields::Unit => visible,
        }
    }

    fn member(&mut self, item: &TraitItem) {
        let print = self.printer;
        let provided = |is: bool| if is { " (provided)" } else { "" };
        match item {
            TraitItem::Fn(item) => {
                let signature = function(&print, &item.sig);
                self.part(
                    &item.sig.ident.to_string(),
                    &(signature + provided(item.default.is_some())),
                );
            }
            TraitItem::Const(item) => {
                let signature = format!(
                    "const: {}{}",
                    print.print(&item.ty),
                    provided(item.default.is_some())
                );
                self.part(&item.ident.to_string(), &signature);
            }
            TraitItem::Type(item) => {
                let bounds = if item.bounds.is_empty() {
                    String::new()
                } else {
                    format!(": {}", print.print(&item.bounds))
                };
                let signature = format!(
                    "type{}{bounds}{}",
                    print.print(&item.generics),
                    self.bounds(&item.generics)
                );
                self.part(&item.ident.to_string(), &signature);
            }
            _ => self.part("?", "unknown kind of member"),
        }
    }

    fn bounds(&self, generics: &Generics) -> String {
        let bounds = self.printer.print(&generics.where_clause);
        if bounds.is_empty() {
            bounds
        } else {
            format!(" {bounds}")
        }
    }
}

/// Fields as a user sees them: without documentation and the attributes of derives.
struct WithoutAttributes<'f>(&'f Fields);

impl quote::ToTokens for WithoutAttributes<'_> {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        let mut fields = self.0.clone();
        fields.iter_mut().for_each(|field| field.attrs.clear());
        fields.to_tokens(tokens);
    }
}

/// Lines for the traits that `item` derives, also for those that only a feature brings.
fn derives(printer: &Printer<'_>, item: &Item, path: &str, lines: &mut BTreeSet<String>) {
    let mut add = |list: &Meta, when: &str| {
        let Meta::List(list) = list else { return };
        let traits = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
        for derived in traits
            .into_iter()
            .flatten()
            .filter(|_| list.path.is_ident("derive"))
        {
            lines.insert(format!(
                "{path}  impl {} for {path} (derived{when})",
                printer.print(&derived)
            ));
        }
    };
    for attribute in attributes(item) {
        add(&attribute.meta, "");
        if attribute.path().is_ident("cfg_attr") {
            let parts = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            let mut parts = parts.into_iter().flatten();
            let when = parts
                .next()
                .map(|condition| format!(", {}", printer.print(&condition)))
                .unwrap_or_default();
            parts.for_each(|part| add(&part, &when));
        }
    }
    if let Item::Enum(item) = item {
        for field in item.variants.iter().flat_map(|variant| &variant.fields) {
            if field
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("from"))
            {
                lines.insert(format!(
                    "{path}  impl From<{}> for {path} (derived)",
                    printer.print(&field.ty)
                ));
            }
        }
    }
}
