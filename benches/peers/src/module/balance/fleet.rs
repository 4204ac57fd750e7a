//! The backends that every contestant chooses from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How many backends, and how many of them are down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fleet {
    pub(super) backends: usize,
    pub(super) weights: Weights,
    pub(super) down: Down,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Weights {
    Equal,
    /// 1 to 5.
    Mixed,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Down {
    Nobody,
    One,
    /// Every other one.
    Half,
}

/// The port of backend 0.
const FIRST_PORT: u16 = 8000;

impl Fleet {
    /// So many of the same weight, all up.
    pub(super) const fn of(backends: usize) -> Self {
        Self {
            backends,
            weights: Weights::Equal,
            down: Down::Nobody,
        }
    }

    /// So many of different weights, all up.
    pub(super) const fn weighted(backends: usize) -> Self {
        Self {
            weights: Weights::Mixed,
            ..Self::of(backends)
        }
    }

    pub(super) fn numbers(self) -> impl Iterator<Item = u64> {
        0..self.backends as u64
    }

    pub(super) const fn is_down(self, number: u64) -> bool {
        match self.down {
            Down::Nobody => false,
            Down::One => number == self.backends as u64 / 2,
            Down::Half => number % 2 == 1,
        }
    }

    pub(super) const fn weight(self, number: u64) -> u32 {
        match self.weights {
            Weights::Equal => 1,
            Weights::Mixed => 1 + (number * 7 % 5) as u32,
        }
    }
}

/// Where backend `number` is.
pub(super) fn address(number: u64) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    let ip = Ipv4Addr::new(10, 0, high, low);
    SocketAddr::new(IpAddr::V4(ip), FIRST_PORT + number as u16)
}

/// Who is there.
pub(super) fn number(address: &SocketAddr) -> u64 {
    u64::from(address.port().wrapping_sub(FIRST_PORT))
}
