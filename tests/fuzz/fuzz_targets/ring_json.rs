//! A stored ring from an untrusted place: refused or usable, and stored again as the same ring.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenfold::ring::Ring;

fuzz_target!(|text: &str| {
    let Ok(ring) = serde_json::from_str::<Ring<String>>(text) else { return };
    let again = serde_json::to_string(&ring).expect("a ring can be stored");
    let again: Ring<String> = serde_json::from_str(&again).expect("and read");
    assert!([0, 1, 1 << 63, u64::MAX].iter().all(|hash| ring.locate_hash(*hash) == again.locate_hash(*hash)));
});
