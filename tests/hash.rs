//! The hash that places data: published vectors, and what keys of each type hash to, frozen.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tenfold::hash::{DefaultHashBuilder, Hashed, StableHash, StableKey};

/// The test buffer of the xxHash project: the high bytes of a multiplicative sequence.
fn sanity_buffer(length: usize) -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(11_400_714_785_074_694_797));
    std::iter::successors(Some(2_654_435_761_u64), next)
        .take(length)
        .map(|state| (state >> 56) as u8)
        .collect()
}

/// XXH3-64 without a seed, from `cli/xsum_sanity_check.c` of the xxHash project: every code path for short and long input.
#[test]
fn published_vectors() {
    let vectors = [
        (0, 0x2D06_8005_38D3_94C2),
        (1, 0xC44B_DFF4_074E_ECDB),
        (6, 0x27B5_6A84_CD2D_7325),
        (12, 0xA713_DAF0_DFBB_77E7),
        (24, 0xA3FE_70BF_9D35_10EB),
        (48, 0x397D_A259_ECBA_1F11),
        (80, 0xBCDE_FBBB_2C47_C90A),
        (195, 0xCD94_217E_E362_EC3A),
        (403, 0xCDEB_804D_65C6_DEA4),
        (512, 0x617E_4959_9013_CB6B),
        (2048, 0xDD59_E2C3_A5F0_38E0),
        (2099, 0xC6B9_D9B3_FC9A_C765),
        (2240, 0x6E73_A905_39CF_2948),
        (2367, 0xCB37_AEB9_E5D3_61ED),
    ];
    for (length, hash) in vectors {
        assert_eq!(
            StableHash::bytes(&sanity_buffer(length)),
            hash,
            "{length} bytes"
        );
    }
}

#[test]
fn integers_hash_as_eight_little_endian_bytes() {
    let seven = StableHash::bytes(&[7, 0, 0, 0, 0, 0, 0, 0]);
    let hashes = [
        7_u8.stable_hash(),
        7_u16.stable_hash(),
        7_u32.stable_hash(),
        7_u64.stable_hash(),
        7_usize.stable_hash(),
    ];
    assert_eq!(hashes, [seven; 5]);
    assert_eq!(
        [7_i8.stable_hash(), 7_i64.stable_hash(), StableHash::u64(7)],
        [seven; 3]
    );
    assert_eq!((-1_i8).stable_hash(), u64::MAX.stable_hash());
    assert_eq!(7_u128.stable_hash(), StableHash::pair(7, 0));
    assert_eq!((-1_i128).stable_hash(), StableHash::bytes(&[0xFF; 16]));
    assert_eq!(
        StableHash::pair(1, 2),
        StableHash::bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    );
}

#[test]
fn text_and_bytes_hash_as_they_are() {
    let hash = StableHash::bytes(b"user:42");
    let text = [
        "user:42".stable_hash(),
        String::from("user:42").stable_hash(),
        Box::<str>::from("user:42").stable_hash(),
        Arc::<str>::from("user:42").stable_hash(),
        Cow::Borrowed("user:42").stable_hash(),
        Hashed::new("user:42").stable_hash(),
    ];
    assert_eq!(text, [hash; 6]);
    let bytes = [
        b"user:42".stable_hash(),
        b"user:42"[..].stable_hash(),
        b"user:42".to_vec().stable_hash(),
    ];
    assert_eq!(bytes, [hash; 3]);
}

#[test]
fn addresses_hash_by_their_bytes() {
    let v4: IpAddr = "10.0.0.1".parse().unwrap();
    assert_eq!(v4.stable_hash(), StableHash::bytes(&[10, 0, 0, 1]));
    let v6: IpAddr = "::1".parse().unwrap();
    assert_eq!(
        v6.stable_hash(),
        StableHash::bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    );
    let socket: SocketAddr = "10.0.0.1:80".parse().unwrap();
    assert_eq!(socket.stable_hash(), StableHash::pair(v4.stable_hash(), 80));
}

#[test]
fn a_hashed_key_hands_on_what_it_knows() {
    let key = Hashed::new(42_u64);
    assert_eq!(
        (*key.key(), key.stable_hash(), key.into_key()),
        (42, 42_u64.stable_hash(), 42)
    );
    struct Recorder(Vec<u64>);
    impl Hasher for Recorder {
        fn write(&mut self, _: &[u8]) {
            unreachable!("only the number is written")
        }
        fn write_u64(&mut self, number: u64) {
            self.0.push(number);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut recorder = Recorder(Vec::new());
    Hash::hash(&key, &mut recorder);
    assert_eq!(recorder.0, [42_u64.stable_hash()]);
}

#[test]
fn the_hash_of_tables_is_seeded() {
    let seeded = [1, 1, 2].map(|seed| DefaultHashBuilder::seeded(seed).hash_one("key"));
    assert!(seeded[0] == seeded[1] && seeded[0] != seeded[2]);
    let random = [DefaultHashBuilder::new(), DefaultHashBuilder::default()]
        .map(|builder| builder.hash_one("key"));
    assert_ne!(random[0], random[1]);
}
