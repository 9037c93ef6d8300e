//! The policy, and the resolver that enforces it.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::{AddressKind, classify, embedded};

/// An exception that the operator makes: a target that feeds may reach although its address is not public.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AllowRule {
    /// `intranet.example:8080`, `127.0.0.1:8080`, `[::1]:8080`: this port of this host. An address counts whatever name
    /// led to it.
    HostPort(Host, u16),
    /// `intranet.example`: every port of this host.
    Host(Host),
    /// `10.1.0.0/16`: every port of these addresses.
    Net(IpNet),
}

/// A text that is no allow rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host, `host:port` or network: write `intranet.example:8080`, `10.1.0.0/16` or `[::1]:8080`")]
pub struct ParseAllowError(String);

impl FromStr for AllowRule {
    type Err = ParseAllowError;

    fn from_str(text: &str) -> Result<Self, ParseAllowError> {
        let bad = || ParseAllowError(text.to_owned());
        let text = text.trim();
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Self::Net(net.trunc()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Host(host_of(address)));
        }
        if text.is_empty() || text.contains(['/', '@', '?', '#', '\\']) || text.contains(char::is_whitespace) {
            return Err(bad());
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
                Ok(Self::HostPort(parse_host(host).ok_or_else(bad)?, port))
            }
            _ => Ok(Self::Host(parse_host(text).ok_or_else(bad)?)),
        }
    }
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostPort(host, port) => write!(f, "{host}:{port}"),
            Self::Host(host) => host.fmt(f),
            Self::Net(net) => net.fmt(f),
        }
    }
}

impl AllowRule {
    fn permits(&self, host: &str, port: Option<u16>, address: IpAddr, kind: AddressKind) -> bool {
        let is_host = |rule: &Host| match rule {
            // A name vouches for private addresses, not for the credentials of the machine that we run on.
            Host::Domain(name) => {
                name == host.trim_end_matches('.') && !matches!(kind, AddressKind::LinkLocal | AddressKind::Metadata)
            }
            Host::Ipv4(rule) => address == IpAddr::V4(*rule),
            Host::Ipv6(rule) => address == IpAddr::V6(*rule),
        };
        match self {
            Self::HostPort(rule, rule_port) => port == Some(*rule_port) && is_host(rule),
            Self::Host(rule) => is_host(rule),
            Self::Net(net) => net.contains(&address),
        }
    }
}

fn host_of(address: IpAddr) -> Host {
    match address {
        IpAddr::V4(address) => Host::Ipv4(address),
        IpAddr::V6(address) => Host::Ipv6(address),
    }
}

/// Reads a host as the URL standard does, so that rule and URL are spelled alike.
fn parse_host(text: &str) -> Option<Host> {
    let host = Host::parse(text).ok()?;
    Some(match host {
        Host::Domain(name) => Host::Domain(name.trim_end_matches('.').to_owned()),
        host => host,
    })
}

/// What may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardPolicy {
    /// Public addresses, and what the rules allow besides.
    Feeds(Vec<AllowRule>),
    /// Whatever the operator points at, except link-local, multicast and cloud metadata addresses.
    OperatorTarget,
}

/// A target that the policy refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The host as the URL has it.
    pub host: String,
    /// The port, where it is known.
    pub port: Option<u16>,
    /// The address that it leads to.
    pub address: IpAddr,
    /// What kind of address that is.
    pub kind: AddressKind,
    /// Whether an allow rule could change that.
    pub can_be_allowed: bool,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, address, kind, can_be_allowed } = self;
        let literal = host_of(*address).to_string();
        if *host == literal || *host == address.to_string() {
            write!(f, "`{host}` is {kind}")?;
        } else {
            write!(f, "`{host}` leads to {address}, {kind}")?;
        }
        if *kind == AddressKind::Metadata {
            f.write_str(", which no feed has business with: remove the feed, or tell its publisher where it leads")
        } else if *can_be_allowed {
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            write!(f, ", and those are not fetched; if it is meant, add \"{literal}{port}\" to `allow` in `[network]`")
        } else {
            f.write_str(", and those are never called")
        }
    }
}

impl std::error::Error for Refused {}

impl GuardPolicy {
    /// Whether `address`, to which `host` leads, may be connected to. Without a port no `host:port` rule applies.
    ///
    /// # Errors
    /// If it may not.
    pub fn permit(&self, host: &str, port: Option<u16>, address: IpAddr) -> Result<(), Refused> {
        let kind = classify(address);
        let permitted = match self {
            Self::Feeds(rules) => {
                kind == AddressKind::Public || rules.iter().any(|rule| rule.permits(host, port, address, kind))
            }
            Self::OperatorTarget => {
                let meant = match address {
                    IpAddr::V6(wrapped) if kind == AddressKind::Translated => {
                        embedded(wrapped).map_or(kind, |inner| classify(inner.into()))
                    }
                    _ => kind,
                };
                !matches!(meant, AddressKind::LinkLocal | AddressKind::Metadata | AddressKind::Multicast)
            }
        };
        if permitted {
            return Ok(());
        }
        let can_be_allowed = matches!(self, Self::Feeds(_));
        Err(Refused { host: host.to_owned(), port, address, kind, can_be_allowed })
    }

    /// Checks a URL whose host is a literal address; names are checked when they are resolved.
    ///
    /// # Errors
    /// If the address may not be connected to.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        self.permit(url.host_str().unwrap_or_default(), url.port_or_known_default(), address)
    }

    /// Keeps the addresses that may be connected to.
    ///
    /// # Errors
    /// If there were addresses and none may be; the first of them says why.
    fn filter(&self, host: &str, port: Option<u16>, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let mut refused = None;
        let mut permitted = Vec::with_capacity(found.len());
        for address in found {
            match self.permit(host, port, address.ip()) {
                Ok(()) => permitted.push(address),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(error) if permitted.is_empty() => Err(error),
            _ => Ok(permitted),
        }
    }
}

tokio::task_local! {
    static PORT: u16;
}

/// Runs a request towards a port, so that the resolver knows which `host:port` rules apply to it.
pub async fn towards<F: Future>(port: u16, request: F) -> F::Output {
    PORT.scope(port, request).await
}

/// A name that leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` has no address")]
pub struct NotResolved {
    /// The name.
    pub host: String,
    /// The resolver's words.
    pub source: std::io::Error,
}

/// The system's resolver, minus what the policy refuses.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver(pub(super) Arc<GuardPolicy>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.0);
        // Read here, inside the request's own task: the future below may be polled elsewhere.
        let port = PORT.try_with(|port| *port).ok();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = match tokio::net::lookup_host((host, 0)).await {
                Ok(found) => found.collect(),
                Err(source) => return Err(NotResolved { host: host.to_owned(), source }.into()),
            };
            let permitted = policy.filter(host, port, found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> GuardPolicy {
        GuardPolicy::Feeds(texts.iter().map(|text| text.parse().expect(text)).collect())
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn however_an_address_is_spelled_it_is_refused() {
        let policy = rules(&[]);
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://１２７.０.０.１/",
            "http://0/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[64:ff9b::7f00:1]/",
            "http://10.0.0.1:8080/",
        ] {
            assert!(policy.check(&url(text)).is_err(), "{text}");
        }
        assert_eq!(policy.check(&url("http://93.184.215.14/")), Ok(()));
    }

    #[test]
    fn an_exception_is_as_narrow_as_it_is_written() {
        let policy = rules(&["127.0.0.1:8080", "10.1.0.0/16", "[::1]:9000", "intranet.example:81", "wiki.example"]);
        for good in ["http://127.0.0.1:8080/", "http://10.1.2.3/", "https://10.1.255.255:444/", "http://[::1]:9000/"] {
            assert_eq!(policy.check(&url(good)), Ok(()), "{good}");
        }
        for bad in ["http://127.0.0.1/", "http://127.0.0.1:8081/", "http://10.2.0.1/", "http://[::1]/"] {
            assert!(policy.check(&url(bad)).is_err(), "{bad}");
        }
        let private = "192.168.1.7".parse().expect("an address");
        assert!(policy.permit("intranet.example", Some(81), private).is_ok());
        assert!(policy.permit("intranet.example.", Some(81), private).is_ok());
        assert!(policy.permit("intranet.example", Some(80), private).is_err());
        assert!(policy.permit("intranet.example", None, private).is_err(), "no port, no `host:port` rule");
        assert!(policy.permit("wiki.example", Some(1234), private).is_ok());
        assert!(policy.permit("not-wiki.example", Some(1234), private).is_err());
        let metadata = "169.254.169.254".parse().expect("an address");
        assert!(policy.permit("wiki.example", Some(80), metadata).is_err(), "a name can't vouch for that");
    }

    #[test]
    fn a_name_keeps_only_the_addresses_that_are_permitted() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().expect(text)).collect::<Vec<_>>();
        let policy = rules(&["127.0.0.1:8080"]);
        let found = addresses(&["127.0.0.1:0", "1.1.1.1:0", "10.0.0.1:0"]);
        assert_eq!(policy.filter("a.example", Some(80), found.clone()), Ok(addresses(&["1.1.1.1:0"])));
        assert_eq!(policy.filter("a.example", Some(8080), found), Ok(addresses(&["127.0.0.1:0", "1.1.1.1:0"])));
        let refused = policy.filter("a.example", Some(80), addresses(&["127.0.0.1:0"])).expect_err("refused");
        assert_eq!(
            refused.to_string(),
            "`a.example` leads to 127.0.0.1, a loopback address, and those are not fetched; if it is meant, add \
             \"127.0.0.1:80\" to `allow` in `[network]`"
        );
        assert_eq!(policy.filter("a.example", Some(80), Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn webhooks_reach_private_networks_but_no_metadata() {
        let policy = GuardPolicy::OperatorTarget;
        for good in ["http://127.0.0.1:9000/", "http://10.0.0.1/", "https://[fd00::1]/", "http://[::ffff:10.0.0.1]/"] {
            assert_eq!(policy.check(&url(good)), Ok(()), "{good}");
        }
        for bad in [
            "http://169.254.169.254/",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://224.0.0.1/",
        ] {
            assert!(policy.check(&url(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn allow_rules_are_read_and_printed_alike() {
        for text in ["127.0.0.1:8080", "10.1.0.0/16", "[::1]:9000", "intranet.example:81", "wiki.example", "fd00::/8"] {
            assert_eq!(text.parse::<AllowRule>().expect(text).to_string(), text);
        }
        assert_eq!("Intranet.Example.".parse::<AllowRule>().expect("a host").to_string(), "intranet.example");
        assert_eq!("10.1.2.3/16".parse::<AllowRule>().expect("a network").to_string(), "10.1.0.0/16");
        assert_eq!("::1".parse::<AllowRule>().expect("an address").to_string(), "[::1]");
        for text in ["", "a b", "http://a.example", "a.example:0", "a.example:99999", "10.0.0.0/33", "a:b:c", "u@h:1"] {
            assert!(text.parse::<AllowRule>().is_err(), "{text}");
        }
    }
}
