//! The rules of the house, enforced on the source: floors, features, foreign crates, the shape of files, unsafe code.
//!
//! One file per rule below `support/layers`, each with the snippets that show that it would find a violation. They work on
//! tokens, so that what a macro writes is seen as well.

#![expect(clippy::panic, reason = "a test reports by panicking")]

#[path = "support/layers/chains.rs"]
mod chains;
#[path = "support/layers/features.rs"]
mod features;
#[path = "support/layers/finished.rs"]
mod finished;
#[path = "support/layers/foreign.rs"]
mod foreign;
#[path = "support/layers/imports.rs"]
mod imports;
#[path = "support/layers/machine.rs"]
mod machine;
#[path = "support/layers/purity.rs"]
mod purity;
#[path = "support/layers/shape.rs"]
mod shape;
#[path = "support/source/mod.rs"]
mod source;
#[path = "support/layers/tokens.rs"]
mod tokens;
#[path = "support/layers/unsafe_code.rs"]
mod unsafe_code;

/// Fails with the list of violations, one `file:line: what` per line.
fn assert_clean(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// Fails unless exactly the expected violations were found, in this order.
fn assert_finds(violations: &[String], expected: &[&str]) {
    assert_eq!(violations, expected);
}
