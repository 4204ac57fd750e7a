//! What a run shows: a table as it goes, and files at the end.

mod cached;
mod fleet;
mod json;
mod output;
mod pooled;
mod row;
mod spike;
mod summary;
mod svg;
mod table;

pub(crate) use output::print;
pub(crate) use row::Row;
pub(crate) use summary::Report;
