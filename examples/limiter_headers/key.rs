//! Who a client is, for a limit.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The key of a request's client: the address that the outermost of our own proxies saw.
///
/// Each proxy appends the address it was called from to `X-Forwarded-For`, at the right. So with `trusted_hops` proxies of ours, what
/// counts is the entry of this number from the right; whatever stands to the left of it, the client may have written. A list
/// that is too short did not come through our proxies, and an entry that is no address was not written by them: then it is the caller
/// itself that counts.
pub(crate) fn client_key(peer: IpAddr, forwarded: &str, trusted_hops: usize) -> IpAddr {
    let seen = match trusted_hops.checked_sub(1) {
        None => None,
        Some(inner) => forwarded.rsplit(',').nth(inner).and_then(address),
    };
    network(seen.unwrap_or(peer))
}

/// With or without a port: proxies differ.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let socket = || entry.parse().map(|socket: SocketAddr| socket.ip());
    entry.parse().or_else(|_| socket()).ok()
}

/// An IPv4 address as it is, of an IPv6 address the first 64 bits: the rest is the client's own to choose, so a key for each
/// address would be as many limits as it likes.
fn network(address: IpAddr) -> IpAddr {
    const HOST: u128 = u64::MAX as u128;
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !HOST).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_what_the_outermost_trusted_proxy_saw() {
        let peer = "192.0.2.1";
        let cases = [
            // Without proxies, what a client says counts for nothing.
            ("198.51.100.7", 0, peer),
            ("198.51.100.7", 1, "198.51.100.7"),
            ("10.0.0.1, 198.51.100.7", 1, "198.51.100.7"),
            ("10.0.0.1,198.51.100.7 ,203.0.113.4", 2, "198.51.100.7"),
            ("198.51.100.7:4711", 1, "198.51.100.7"),
            ("[2001:db8:1:2:3:4:5:6]:443", 1, "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", 1, "2001:db8:1:2::"),
            ("::ffff:198.51.100.7", 1, "198.51.100.7"),
            // Not through our proxies.
            ("198.51.100.7", 2, peer),
            ("", 1, peer),
            ("unknown", 1, peer),
            ("198.51.100.7", usize::MAX, peer),
        ];
        for (forwarded, hops, key) in cases {
            let peer = peer.parse().unwrap();
            let expected: IpAddr = key.parse().unwrap();
            assert_eq!(client_key(peer, forwarded, hops), expected, "{forwarded}");
        }
    }
}
