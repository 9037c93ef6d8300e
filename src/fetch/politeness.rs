//! How many fetches run at once: over all, and per host.
//!
//! A fetch takes its host's place first and a place over all only then, so that a queue in front of one slow host holds
//! nothing that others wait for. Both queues are first come, first served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// The gates before every fetch.
#[derive(Debug)]
pub(super) struct Gates {
    overall: Arc<Semaphore>,
    per_host: usize,
    /// Hosts that someone fetches from or waits for; others take no memory.
    hosts: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
}

/// A place among the running fetches; given back when dropped. The order of the fields is the order of giving back.
#[derive(Debug)]
pub(super) struct Pass {
    _overall: OwnedSemaphorePermit,
    _host: OwnedSemaphorePermit,
    turn: Turn,
}

impl Gates {
    pub(super) fn new(overall: usize, per_host: usize) -> Arc<Self> {
        Arc::new(Self {
            overall: Arc::new(Semaphore::new(overall.clamp(1, Semaphore::MAX_PERMITS))),
            per_host: per_host.clamp(1, Semaphore::MAX_PERMITS),
            hosts: Mutex::default(),
        })
    }

    /// Waits for a place. Dropping the future leaves the queue.
    pub(super) async fn enter(self: &Arc<Self>, url: &Url) -> Pass {
        let (turn, host) = self.turn(host_key(url));
        let host = host.acquire_owned().await.expect("never closed");
        let overall = Arc::clone(&self.overall).acquire_owned().await.expect("never closed");
        Pass { _overall: overall, _host: host, turn }
    }

    fn turn(self: &Arc<Self>, key: Arc<str>) -> (Turn, Arc<Semaphore>) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(Arc::clone(&key)).or_insert_with(|| Arc::new(Semaphore::new(self.per_host)));
        let host = Arc::clone(host);
        (Turn { gates: Arc::clone(self), key }, host)
    }
}

impl Pass {
    /// Whether it is good for this URL too.
    pub(super) fn is_for(&self, url: &Url) -> bool {
        self.turn.key == host_key(url)
    }
}

/// Someone at a host's gate, waiting or inside. The last to leave removes the gate.
#[derive(Debug)]
struct Turn {
    gates: Arc<Gates>,
    key: Arc<str>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut hosts = self.gates.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        // Clones are made under this lock only, so nobody can come in between.
        if hosts.get(&self.key).is_some_and(|host| Arc::strong_count(host) == 1) {
            hosts.remove(&self.key);
        }
    }
}

/// What counts as one host: the name, and the port where it is not that of http or https. Services on other ports of one
/// machine are different services.
fn host_key(url: &Url) -> Arc<str> {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        None | Some(80 | 443) => host.into(),
        Some(port) => format!("{host}:{port}").into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    async fn is_full(gates: &Arc<Gates>, text: &str) -> bool {
        tokio::time::timeout(Duration::ZERO, gates.enter(&url(text))).await.is_err()
    }

    #[tokio::test]
    async fn two_per_host_and_a_slow_host_holds_up_nobody_else() {
        let gates = Gates::new(3, 2);
        let first = gates.enter(&url("https://slow.example/1")).await;
        let _second = gates.enter(&url("http://slow.example/2")).await;
        assert!(is_full(&gates, "https://slow.example/3").await);
        // A hundred more in front of the slow host leave the third place over all free.
        let mut queue: Vec<_> =
            (0..100).map(|_| Box::pin(async { gates.enter(&url("https://slow.example/")).await })).collect();
        for waiting in &mut queue {
            assert!(tokio::time::timeout(Duration::ZERO, waiting).await.is_err());
        }
        let other = gates.enter(&url("https://other.example/")).await;
        assert!(is_full(&gates, "https://third.example/").await, "three over all");
        drop((first, other));
        assert!(tokio::time::timeout(Duration::ZERO, &mut queue[0]).await.is_ok(), "first come, first served");
        drop(queue);
        assert!(!is_full(&gates, "https://third.example/").await);
    }

    #[tokio::test]
    async fn hosts_that_nobody_waits_for_are_forgotten() {
        let gates = Gates::new(64, 2);
        for number in 0..100 {
            drop(gates.enter(&url(&format!("https://{number}.example/"))).await);
        }
        assert_eq!(gates.hosts.lock().expect("no panics").len(), 0);
        let passes = (gates.enter(&url("https://a.example/")).await, gates.enter(&url("https://a.example/")).await);
        assert!(is_full(&gates, "https://a.example/").await);
        assert_eq!(gates.hosts.lock().expect("no panics").len(), 1, "given up waiting, others still inside");
        drop(passes);
        assert_eq!(gates.hosts.lock().expect("no panics").len(), 0);
    }
}
