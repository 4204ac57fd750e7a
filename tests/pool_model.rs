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

/// It was handed to one after the other, and nobody came: all that time nobody used it.
#[test]
fn what_nobody_came_for_is_closed_when_its_idle_time_is_over() {
    use script::Step::{Advance, Ask, Give, Try};
    let (max, order, idles, short) = (1, 1, true, false);
    let times = |times: &[u16]| {
        times
            .iter()
            .map(|millis| Advance(*millis))
            .collect::<Vec<_>>()
    };
    let steps = [
        vec![
            Ask,
            Ask,
            Advance(224),
            Ask,
            Ask,
            Give(0),
            Ask,
            Advance(495),
            Ask,
            Try,
        ],
        times(&[568, 327, 386, 300]),
    ];
    Run::new(&Settings {
        max,
        order,
        idles,
        short,
    })
    .go(&steps.concat());
}
