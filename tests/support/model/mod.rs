//! Naive models: the same answers by the shortest way one can check by eye.
#![expect(
    clippy::indexing_slicing,
    reason = "a model that goes astray should panic"
)]

pub(crate) mod ring;
