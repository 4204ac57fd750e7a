//! A stored ring from an untrusted place: refused or usable, and stored again as the same ring.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, NginxConsistent};
use tenfold::ring::{Anchor, Jump, Maglev, MultiProbe, Native, Placement, Rendezvous, Ring, SlotTable};

fn stored<P>(text: &str)
where
    P: Placement + Clone + serde::Serialize + serde::de::DeserializeOwned,
{
    let Ok(ring) = serde_json::from_str::<Ring<String, P>>(text) else { return };
    let again = serde_json::to_string(&ring).expect("a ring can be stored");
    let again: Ring<String, P> = serde_json::from_str(&again).expect("and read");
    assert!([0, 1, 1 << 63, u64::MAX].iter().all(|hash| ring.locate_hash(*hash) == again.locate_hash(*hash)));
}

fuzz_target!(|text: &str| {
    stored::<Native>(text);
    stored::<Maglev>(text);
    stored::<Jump>(text);
    stored::<SlotTable>(text);
    stored::<Anchor>(text);
    stored::<Rendezvous>(text);
    stored::<MultiProbe>(text);
    stored::<Ketama>(text);
    stored::<NginxConsistent>(text);
    stored::<EnvoyRing>(text);
    stored::<EnvoyMaglev>(text);
});
