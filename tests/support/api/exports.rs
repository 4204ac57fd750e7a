//! Which items a user can name, and how.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Item, Visibility};

use crate::source::cfg::is_shipped;
use crate::source::files::Name;
use crate::source::names::{Names, attributes, child, identifier, imports};

/// The public items and modules, by where they are defined.
pub(crate) struct Exports {
    /// All public paths of an item, the preferred one first.
    items: BTreeMap<Name, Vec<Name>>,
    modules: BTreeMap<Name, Vec<Name>>,
    /// What comes from other crates: the path here, the path there.
    foreign: BTreeSet<(Name, Name)>,
}

impl Exports {
    pub(crate) fn new(names: &Names<'_>) -> Self {
        let mut exports = Self {
            items: BTreeMap::new(),
            modules: BTreeMap::new(),
            foreign: BTreeSet::new(),
        };
        exports.module(names, &["crate".to_owned()], &[]);
        for paths in exports.items.values_mut() {
            // A short path, but rather the one inside its module than the one at the root.
            paths.sort_by_key(|path| (path.len() == 1, path.len(), path.clone()));
            paths.dedup();
        }
        exports
    }

    /// How users write the item defined at `target`.
    pub(crate) fn path(&self, target: &[String]) -> Option<String> {
        self.items.get(target)?.first().map(|path| path.join("::"))
    }

    /// Every public item: where it is defined, and its path.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&Name, String)> {
        self.items
            .iter()
            .filter_map(|(target, paths)| Some((target, paths.first()?.join("::"))))
    }

    /// The lines for modules, for further paths of the same item, and for items of other crates.
    pub(crate) fn lines(&self) -> BTreeSet<String> {
        let modules = self
            .modules
            .values()
            .flatten()
            .filter(|path| !path.is_empty());
        let modules = modules.map(|path| format!("{}  mod", path.join("::")));
        let aliases = self
            .items
            .values()
            .filter_map(|paths| paths.split_first())
            .flat_map(|(first, rest)| {
                rest.iter()
                    .map(move |path| format!("{}  use {}", path.join("::"), first.join("::")))
            });
        let foreign = self
            .foreign
            .iter()
            .map(|(path, target)| format!("{}  use {}", path.join("::"), target.join("::")));
        modules.chain(aliases).chain(foreign).collect()
    }

    fn module(&mut self, names: &Names<'_>, module: &[String], path: &[String]) {
        let known = self.modules.entry(module.to_vec()).or_default();
        if known.iter().any(|known| known == path) {
            return;
        }
        known.push(path.to_vec());
        self.contents(names, module, path);
    }

    fn contents(&mut self, names: &Names<'_>, module: &[String], path: &[String]) {
        for item in names.items(module) {
            if !is_public(item) {
                continue;
            }
            for import in imports(item) {
                let target = names.locate_import(module, &import.path);
                match import.name {
                    Some(name) => self.export(names, target, child(path, &name)),
                    None if target == module => {}
                    None if names.is_module(&target) => self.contents(names, &target, path),
                    None => {
                        self.foreign.insert((child(path, "*"), target));
                    }
                }
            }
            if let Some(name) = identifier(item).map(ToString::to_string) {
                self.export(names, child(module, &name), child(path, &name));
            }
        }
    }

    fn export(&mut self, names: &Names<'_>, target: Name, path: Name) {
        if names.is_module(&target) {
            self.module(names, &target, &path);
        } else if target.first().is_some_and(|head| head == "crate") {
            self.items.entry(target).or_default().push(path);
        } else {
            self.foreign.insert((path, target));
        }
    }
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Union(item) => &item.vis,
        Item::Use(item) => &item.vis,
        Item::Macro(item) => return item.attrs.iter().any(|a| a.path().is_ident("macro_export")),
        _ => return false,
    };
    is_visible(visibility, attributes(item))
}

/// Whether something with this visibility and these attributes is meant for users.
pub(super) fn is_visible(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    let hidden = attributes.iter().any(|attribute| {
        let content = attribute.parse_args::<syn::Path>();
        attribute.path().is_ident("doc") && content.is_ok_and(|content| content.is_ident("hidden"))
    });
    matches!(visibility, Visibility::Public(_)) && !hidden && is_shipped(attributes)
}
