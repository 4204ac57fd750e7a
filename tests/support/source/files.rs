//! The files below `src`, each with the module it is.

use std::path::{Path, PathBuf};

use syn::{Expr, Item, Lit, Meta};

use super::cfg::is_test;

/// The path of a module or an item: `["crate", "ring", "Ring"]`, or `["std", "time", "Duration"]`.
pub(crate) type Name = Vec<String>;

/// One parsed file.
pub(crate) struct File {
    /// Relative to the repository, with forward slashes.
    pub(crate) path: String,
    pub(crate) syntax: syn::File,
    /// `["crate", "ring", "shared"]` for `src/ring/shared.rs`.
    pub(crate) module: Name,
    /// Declared under `#[cfg(test)]`, here or further up.
    pub(crate) test_only: bool,
}

/// Reads and parses everything below `src`.
pub(crate) fn library() -> Vec<File> {
    let sources = below("src", "rs");
    assert!(!sources.is_empty(), "no source found below src");
    parse(sources)
}

/// Files as [`library`] would have read them.
pub(crate) fn parse(sources: Vec<(String, String)>) -> Vec<File> {
    let mut files: Vec<_> = sources
        .into_iter()
        .map(|(path, text)| {
            let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            File {
                module: module_of(&path),
                test_only: false,
                path,
                syntax,
            }
        })
        .collect();
    let tests: Vec<_> = files.iter().flat_map(test_files).collect();
    for file in &mut files {
        file.test_only = tests.iter().any(|test| {
            file.path == *test || file.path.starts_with(test.trim_end_matches("mod.rs"))
        });
    }
    files
}

/// All files below a directory of the repository whose names end in `.extension`, or all if that is empty; sorted by path.
/// Build output and whatever isn't UTF-8 is left out.
pub(crate) fn below(directory: &str, extension: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pending = vec![root.join(directory)];
    let mut found = Vec::new();
    while let Some(next) = pending.pop() {
        if next.is_dir() {
            let entries = next.read_dir().into_iter().flatten().flatten();
            pending.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| !is_output(path)),
            );
        } else if extension.is_empty() || next.extension().is_some_and(|e| e == extension) {
            if let Ok(text) = std::fs::read_to_string(&next) {
                found.push((relative(root, &next), text));
            }
        }
    }
    found.sort();
    found
}

fn is_output(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        ["target", "corpus", "artifacts"]
            .iter()
            .any(|output| name == *output)
    })
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

fn module_of(path: &str) -> Name {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut module = vec!["crate".to_owned()];
    module.extend(inside.split('/').map(str::to_owned));
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// The files of the `#[cfg(test)] mod x;` declarations in `file`, under every name that they may have.
fn test_files(file: &File) -> Vec<String> {
    let here = Path::new(&file.path)
        .parent()
        .unwrap_or_else(|| Path::new(""));
    let below: PathBuf = file
        .module
        .iter()
        .skip(1)
        .fold("src".into(), |path, part| path.join(part));
    let mut found = Vec::new();
    for item in &file.syntax.items {
        let Item::Mod(module) = item else { continue };
        if module.content.is_some() || !is_test(&module.attrs) {
            continue;
        }
        let explicit = module
            .attrs
            .iter()
            .find_map(|attribute| match &attribute.meta {
                Meta::NameValue(pair) if pair.path.is_ident("path") => Some(&pair.value),
                _ => None,
            });
        match explicit {
            Some(Expr::Lit(path)) => {
                if let Lit::Str(path) = &path.lit {
                    found.push(here.join(path.value()));
                }
            }
            _ => found.extend([
                below.join(format!("{}.rs", module.ident)),
                below.join(module.ident.to_string()).join("mod.rs"),
            ]),
        }
    }
    found
        .iter()
        .map(|path| relative(Path::new(""), path))
        .collect()
}
