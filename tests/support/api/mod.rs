//! The public API of the crate, one line per item.
//!
//! Read from the source instead of a compiler's output, so that every toolchain sees the same. Names of this crate are
//! written as a user writes them, names of the standard library by their last segment.

mod exports;
mod impls;
mod items;
mod print;

use std::collections::BTreeSet;

use exports::Exports;

use crate::source::files::File;
use crate::source::names::Names;

/// The public items of a crate.
pub(crate) struct Api {
    /// `path  signature`, sorted by path.
    pub(crate) lines: BTreeSet<String>,
    /// Public structs and enums, in the same writing.
    pub(crate) types: BTreeSet<String>,
}

pub(crate) fn read(files: &[File]) -> Api {
    let names = Names::new(files);
    let exports = Exports::new(&names);
    let mut lines = exports.lines();
    let mut types = BTreeSet::new();
    for (target, path) in exports.items() {
        items::describe(&names, &exports, target, &path, &mut lines);
        if items::is_type(&names, target) {
            types.insert(path);
        }
    }
    for module in names.modules.keys() {
        impls::describe(&names, &exports, module, &mut lines);
    }
    Api { lines, types }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::source::files::parse;

    fn lines(sources: &[(&str, &str)]) -> Vec<String> {
        let sources = sources
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        read(&parse(sources.collect())).lines.into_iter().collect()
    }

    #[test]
    fn follows_re_exports_and_skips_what_is_private() {
        let found = lines(&[
            (
                "src/lib.rs",
                "mod kernel; pub mod ring; pub use kernel::clock; pub use ring::Ring as Circle; #[cfg(test)] pub mod x {}",
            ),
            ("src/kernel/mod.rs", "pub mod clock; pub mod sync;"),
            ("src/kernel/sync.rs", "pub struct Lock;"),
            (
                "src/kernel/clock.rs",
                "pub struct Tick(u64); pub(crate) fn now() -> Tick {} #[doc(hidden)] pub struct H;",
            ),
            ("src/ring/mod.rs", "mod core; pub use core::*;"),
            (
                "src/ring/core.rs",
                "use std::time::Duration; use crate::kernel::clock::Tick; pub struct Ring; \
              pub fn age(tick: Tick, duration: Duration) -> Result<Tick, std::fmt::Error> {} struct Private;",
            ),
        ]);
        let expected = [
            "Circle  use ring::Ring",
            "clock  mod",
            "clock::Tick  struct(..)",
            "ring  mod",
            "ring::Ring  struct",
            "ring::age  fn(tick: clock::Tick, duration: Duration) -> Result<clock::Tick, fmt::Error>",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn describes_types_and_traits() {
        let found = lines(&[(
            "src/lib.rs",
            "use std::fmt; #[non_exhaustive] #[derive(Clone, thiserror::Error)] pub enum Error { Full, Other { size: u32 }, Io(#[from] std::io::Error) }
             pub struct Stats { pub count: u64, total: u64 }
             #[cfg_attr(feature = \"serde\", derive(serde::Serialize))] pub struct Pair<T: ?Sized = str>(pub Box<T>,);
             pub trait Role: fmt::Debug { const N: usize; type Out: Send; fn run<'a>(&'a mut self, x: &'a [u8],) -> Self::Out; fn twice(&self) {} }
             pub type Alias<T> = Vec<(T, Error)>; pub const LIMIT: usize = 3;",
        )]);
        let expected = [
            "Alias  type<T> = Vec<(T, Error)>",
            "Error  #[non_exhaustive] enum",
            "Error  impl Clone for Error (derived)",
            "Error  impl From<io::Error> for Error (derived)",
            "Error  impl thiserror::Error for Error (derived)",
            "Error::Full  variant",
            "Error::Io  variant(io::Error)",
            "Error::Other  variant { size: u32 }",
            "LIMIT  const: usize",
            "Pair  impl serde::Serialize for Pair (derived, feature = \"serde\")",
            "Pair  struct<T: ?Sized = str>(0)",
            "Pair.0  Box<T>",
            "Role  trait: Debug",
            "Role::N  const: usize",
            "Role::Out  type: Send",
            "Role::run  fn<'a>(&'a mut self, x: &'a [u8]) -> Self::Out",
            "Role::twice  fn(&self) (provided)",
            "Stats  struct { count, .. }",
            "Stats.count  u64",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn describes_implementations() {
        let found = lines(&[
            ("src/lib.rs", "mod a; pub use a::{Ring, Key}; mod b;"),
            ("src/a.rs", "pub struct Ring<N>(N); pub trait Key {} struct Hidden; trait Inner {} impl Inner for Ring<u8> {} impl Key for Hidden {}"),
            ("src/b.rs", "use crate::a::{Key, Ring};
              impl<N: Key> Ring<N> { #[must_use] pub const fn get(&self) -> &N {} fn secret() {} pub(crate) fn inside() {} pub const X: u8 = 1; }
              impl<'r, N> IntoIterator for &'r Ring<N> where N: Clone { type Item = &'r N; fn into_iter(self) {} }
              unsafe impl Send for Ring<u8> {}
              impl Key for u8 {}
              macro_rules! keys { ($($t:ty)*) => { $(impl Key for $t {})* } } keys!(u16 u32); macro_rules! other { () => {} } other!();"),
        ]);
        let expected = [
            "Key  impl Key for u8",
            "Key  trait",
            "Ring  impl<'r, N> IntoIterator for &'r Ring<N> where N: Clone { type Item = &'r N }",
            "Ring  struct<N>(..)",
            "Ring  unsafe impl Send for Ring<u8>",
            "Ring::X  const: u8 in impl<N: Key> Ring<N>",
            "Ring::get  const fn(&self) -> &N in impl<N: Key> Ring<N>",
            "[b]  keys!(u16 u32)",
        ];
        assert_eq!(found, expected);
    }
}
