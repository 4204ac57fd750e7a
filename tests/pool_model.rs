//! A pool against a naive model, step by step, and ten thousand calls that are given up.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[path = "support/pooling/cancelling.rs"]
mod cancelling;
#[path = "support/model/pool.rs"]
mod model;
#[expect(dead_code, unused_imports, reason = "other tests need the rest")]
#[path = "support/pooling/mod.rs"]
mod pooling;
#[path = "support/pooling/script.rs"]
mod script;

use proptest::prelude::*;
use script::{Run, Settings, steps};

proptest! {
    #[test]
    fn a_pool_does_what_its_model_does(
        max in 1..5_u32,
        order in 0..3_u8,
        idles in any::<bool>(),
        short in any::<bool>(),
        steps in steps(),
    ) {
        Run::new(&Settings { max, order, idles, short }).go(&steps);
    }
}
