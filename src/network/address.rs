//! What kind of address an IP address is, after the IANA special-purpose registries (RFC 6890 and its updates).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Reachable from everywhere.
    Public,
    /// `0.0.0.0/8`, `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918 and `fc00::/7`.
    Private,
    /// `100.64.0.0/10`, between a carrier and its customers (RFC 6598).
    CarrierNat,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// Where a cloud tells its machines their credentials.
    Metadata,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// An IPv4 address in an IPv6 one: v4-mapped, v4-compatible, NAT64, 6to4, Teredo.
    Translated,
    /// Documentation, benchmarks, protocol assignments, and whatever was given to nobody.
    Reserved,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::CarrierNat => "a carrier's shared address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::Multicast => "a multicast address",
            Self::Translated => "an IPv4 address wrapped in IPv6",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Says what an address is for. Whatever is not known to be public is not.
#[must_use]
pub fn classify(address: IpAddr) -> AddressKind {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

/// The IPv4 address that an IPv6 address stands for, where it stands for one.
pub(super) fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // v4-compatible (RFC 4291 §2.5.5.1), v4-mapped (§2.5.5.2), v4-translated (RFC 2765).
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => Some(v4(s[6], s[7])),
        // NAT64, well-known prefix (RFC 6052) and local use (RFC 8215; the address at the end is the usual /96 form).
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 1, ..] => Some(v4(s[6], s[7])),
        // Teredo: the client's address, inverted (RFC 4380 §4).
        [0x2001, 0, ..] => Some(v4(!s[6], !s[7])),
        // 6to4 (RFC 3056).
        [0x2002, ..] => Some(v4(s[1], s[2])),
        _ => None,
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressKind {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        // Amazon, Google, Azure and most others; ECS tasks; EKS pods; Alibaba; Oracle; Azure's host agent.
        (169, 254, 169, 254)
        | (169, 254, 170, 2 | 23)
        | (100, 100, 100, 200)
        | (192, 0, 0, 192)
        | (168, 63, 129, 16) => AddressKind::Metadata,
        (0, ..) => AddressKind::Unspecified,
        (127, ..) => AddressKind::Loopback,
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => AddressKind::Private,
        (100, 64..=127, ..) => AddressKind::CarrierNat,
        (169, 254, ..) => AddressKind::LinkLocal,
        (224..=239, ..) => AddressKind::Multicast,
        // Protocol assignments, three documentation blocks, the 6to4 relay, AMT, AS112, benchmarks, class E, broadcast.
        (192, 0, 0 | 2, _)
        | (198, 51, 100, _)
        | (203, 0, 113, _)
        | (192, 88, 99, _)
        | (192, 52, 193, _)
        | (192, 31, 196, _)
        | (192, 175, 48, _)
        | (198, 18 | 19, ..)
        | (240..=255, ..) => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressKind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // Amazon's and Google's metadata over IPv6.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254] => AddressKind::Metadata,
        _ if embedded(address).is_some() => AddressKind::Translated,
        [0xfc00..=0xfdff, ..] => AddressKind::Private,
        // fe80::/10, and the site-local block that preceded unique local addresses.
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        // Inside global unicast: protocol assignments 2001::/23, documentation 2001:db8::/32 and 3fff::/20.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressKind::Reserved,
        // Global unicast, the only block that addresses of the public Internet come from.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> AddressKind {
        classify(text.parse().expect(text))
    }

    #[test]
    fn every_special_block_is_known_to_its_edges() {
        use AddressKind::*;
        for (addresses, expected) in [
            (&["0.0.0.0", "0.255.255.255", "::"][..], Unspecified),
            (&["127.0.0.1", "127.255.255.255", "::1"], Loopback),
            (
                &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "192.168.255.255"],
                Private,
            ),
            (&["fc00::", "fdff:ffff::1", "fec0::1"], Private),
            (&["100.64.0.0", "100.127.255.255"], CarrierNat),
            (&["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"], LinkLocal),
            (&["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"], Metadata),
            (&["224.0.0.1", "239.255.255.255", "ff02::1"], Multicast),
            (&["::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1"], Translated),
            (&["2002:7f00:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"], Translated),
            (&["192.0.0.8", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9"], Reserved),
            (&["240.0.0.1", "255.255.255.255", "2001:db8::1", "2001:10::1", "3fff::1", "4000::1", "100::1"], Reserved),
            (&["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"], Public),
            (&["128.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "198.17.255.255", "198.20.0.0"], Public),
            (&["223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:200::1"], Public),
        ] {
            for address in addresses {
                assert_eq!(kind(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn an_ipv4_address_is_found_inside_an_ipv6_one() {
        for text in [
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "2001:0:1:2:3:4:5601:5601",
        ] {
            assert_eq!(embedded(text.parse().expect(text)), Some(Ipv4Addr::new(169, 254, 169, 254)), "{text}");
        }
        assert_eq!(embedded(Ipv6Addr::LOCALHOST), None);
    }
}
