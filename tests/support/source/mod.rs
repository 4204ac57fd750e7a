//! This crate's own source, parsed, for the tests that check it.

pub(crate) mod cfg;
pub(crate) mod files;
pub(crate) mod names;
