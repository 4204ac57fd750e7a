//! What a path means: follows modules, imports and re-exports through the crate, without compiling it.
//!
//! Items that macros generate are unknown here, and so is whatever a glob brings in from another crate.

use std::collections::BTreeMap;

use syn::{Attribute, Item, UseTree};

use super::cfg::is_shipped;
use super::files::{File, Name};

/// Re-exports of re-exports are followed this far, which also ends circular ones.
const FUEL: u32 = 12;

/// The modules of the crate with the items that a user's build can contain.
pub(crate) struct Names<'f> {
    pub(crate) modules: BTreeMap<Name, Vec<&'f Item>>,
}

/// One name that a `use` brings into scope.
pub(crate) struct Import {
    pub(crate) path: Name,
    /// `None` for a glob.
    pub(crate) name: Option<String>,
}

impl<'f> Names<'f> {
    pub(crate) fn new(files: &'f [File]) -> Self {
        let mut names = Self {
            modules: BTreeMap::new(),
        };
        for file in files.iter().filter(|file| !file.test_only) {
            names.add(file.module.clone(), &file.syntax.items);
        }
        names
    }

    /// The items written in `module`; none if there is no such module.
    pub(crate) fn items(&self, module: &[String]) -> impl Iterator<Item = &'f Item> + '_ {
        self.modules.get(module).into_iter().flatten().copied()
    }

    pub(crate) fn is_module(&self, name: &[String]) -> bool {
        self.modules.contains_key(name)
    }

    /// Where the thing that `path`, written in `module`, refers to is defined. `None` if its first segment is nothing
    /// the module declares or imports: a generic parameter, the prelude, another crate.
    pub(crate) fn locate(&self, module: &[String], path: &[String]) -> Option<Name> {
        self.locate_within(module, path, FUEL)
    }

    /// As [`Names::locate`] for the path of a `use`, whose first segment may be another crate.
    pub(crate) fn locate_import(&self, module: &[String], path: &[String]) -> Name {
        self.locate(module, path).unwrap_or_else(|| path.to_vec())
    }

    fn add(&mut self, module: Name, items: &'f [Item]) {
        let shipped: Vec<_> = items
            .iter()
            .filter(|item| is_shipped(attributes(item)))
            .collect();
        for item in &shipped {
            if let Item::Mod(inner) = item {
                if let Some((_, items)) = &inner.content {
                    self.add(child(&module, &inner.ident.to_string()), items);
                }
            }
        }
        self.modules.entry(module).or_default().extend(shipped);
    }

    fn locate_within(&self, module: &[String], path: &[String], fuel: u32) -> Option<Name> {
        let (head, rest) = path.split_first()?;
        let mut at = match head.as_str() {
            "crate" | "tenfold" => vec!["crate".to_owned()],
            "self" => module.to_vec(),
            "super" => parent(module),
            name => self.step(module, name, fuel)?,
        };
        for name in rest {
            at = match name.as_str() {
                "self" => at,
                "super" => parent(&at),
                name => self
                    .step(&at, name, fuel)
                    .unwrap_or_else(|| child(&at, name)),
            };
        }
        Some(at)
    }

    /// What `name` is in the scope of `module`.
    fn step(&self, module: &[String], name: &str, fuel: u32) -> Option<Name> {
        let here = child(module, name);
        if self.is_module(&here)
            || self
                .items(module)
                .any(|item| identifier(item).is_some_and(|own| own == name))
        {
            return Some(here);
        }
        let fuel = fuel.checked_sub(1)?;
        let imports: Vec<_> = self.items(module).flat_map(imports).collect();
        if let Some(import) = imports
            .iter()
            .find(|import| import.name.as_deref() == Some(name))
        {
            let found = self.locate_within(module, &import.path, fuel);
            return Some(found.unwrap_or_else(|| import.path.clone()));
        }
        imports
            .iter()
            .filter(|import| import.name.is_none())
            .find_map(|glob| {
                let from = self.locate_within(module, &glob.path, fuel)?;
                if from == module {
                    None
                } else {
                    self.step(&from, name, fuel)
                }
            })
    }
}

/// The names that `item` imports; none unless it is a `use`.
pub(crate) fn imports(item: &Item) -> Vec<Import> {
    let mut found = Vec::new();
    if let Item::Use(item) = item {
        leaves(&item.tree, &mut Vec::new(), &mut found);
    }
    found
}

fn leaves(tree: &UseTree, prefix: &mut Name, found: &mut Vec<Import>) {
    let mut leaf = |name: String, rename: String| {
        let mut path = prefix.clone();
        let name = if name == "self" {
            path.last().cloned().unwrap_or(name)
        } else {
            path.push(name.clone());
            name
        };
        found.push(Import {
            path,
            name: Some(if rename.is_empty() { name } else { rename }),
        });
    };
    match tree {
        UseTree::Name(tree) => leaf(tree.ident.to_string(), String::new()),
        UseTree::Rename(tree) => leaf(tree.ident.to_string(), tree.rename.to_string()),
        UseTree::Glob(_) => found.push(Import {
            path: prefix.clone(),
            name: None,
        }),
        UseTree::Group(tree) => tree
            .items
            .iter()
            .for_each(|tree| leaves(tree, prefix, found)),
        UseTree::Path(tree) => {
            prefix.push(tree.ident.to_string());
            leaves(&tree.tree, prefix, found);
            prefix.pop();
        }
    }
}

pub(crate) fn child(module: &[String], name: &str) -> Name {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn parent(module: &[String]) -> Name {
    module
        .split_last()
        .map_or_else(Vec::new, |(_, parent)| parent.to_vec())
}

/// The name under which `item` is declared, if it has one of its own.
pub(crate) fn identifier(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Mod(item) => Some(&item.ident),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

/// The attributes of any item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
