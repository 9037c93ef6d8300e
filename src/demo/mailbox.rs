//! A mail server that keeps what it gets: for `vedetta demo` and the tests. It speaks the SMTP that a submission server
//! speaks (RFC 5321, AUTH PLAIN and LOGIN) on loopback, hands nothing on, and can be told to misbehave the way real
//! servers do. No TLS: the demo stays on loopback, and the tests prove TLS against a real mail server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Longest line read, in bytes; RFC 5321 §4.5.3.1.6 allows 1,000.
const MAX_LINE: u64 = 64 * 1024;
/// Largest message kept, in bytes: many times what vedetta sends.
const MAX_MESSAGE: usize = 4 << 20;
/// Most connections served at once.
const MAX_CONNECTIONS: usize = 64;

/// A message as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Header and body, dots unstuffed, lines ended by CRLF.
    pub data: Vec<u8>,
    /// Whether the client had signed in.
    pub authenticated: bool,
}

/// A way to misbehave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mischief {
    /// Answers `RCPT TO` for this address (any, when empty) with a code and text.
    RefuseRecipient {
        /// The address.
        address: String,
        /// The reply, such as `550 5.1.1 no such user`.
        reply: String,
    },
    /// Answers the message's end with this reply and does not keep the message.
    RefuseMessage(String),
    /// Greets with this reply (`421 …`, `554 …`) and hangs up.
    RefuseConnection(String),
    /// Keeps the message but hangs up before saying so: the sender cannot know.
    DropAfterMessage,
    /// Waits before it answers the message's end.
    DelayMessage(Duration),
    /// Never greets.
    Stall,
}

#[derive(Debug, Default)]
struct Shared {
    messages: Vec<Received>,
    mischief: Vec<(Mischief, u32)>,
    connections: u64,
}

#[derive(Debug)]
struct Server {
    shared: Mutex<Shared>,
    count: watch::Sender<usize>,
    credentials: Option<(String, String)>,
}

/// A running mail server; stops when dropped.
#[derive(Debug)]
pub struct Mailbox {
    server: Arc<Server>,
    task: JoinHandle<()>,
}

impl Mailbox {
    /// Starts a server that takes mail from anyone, on a free loopback port.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> io::Result<(Self, SocketAddr)> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await
    }

    /// Starts a server that takes mail only from who signs in with this name and password.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start_with_login(username: &str, password: &str) -> io::Result<(Self, SocketAddr)> {
        let credentials = Some((username.to_owned(), password.to_owned()));
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), credentials).await
    }

    /// Starts a server on an address of one's own, for instance one at which a server was stopped before.
    ///
    /// # Errors
    /// If the address can't be had.
    pub async fn start_on(
        address: SocketAddr,
        credentials: Option<(String, String)>,
    ) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let server = Arc::new(Server { shared: Mutex::default(), count: watch::Sender::new(0), credentials });
        let task = tokio::spawn(accept(listener, server.clone()));
        Ok((Self { server, task }, address))
    }

    /// All messages so far, in the order in which they came.
    #[must_use]
    pub fn messages(&self) -> Vec<Received> {
        self.server.with(|shared| shared.messages.clone())
    }

    /// Number of connections so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.server.with(|shared| shared.connections)
    }

    /// Waits until at least `count` messages are there or the time is up; returns what is there.
    pub async fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Received> {
        let mut watcher = self.server.count.subscribe();
        // Whether it came in time shows in what is returned.
        let _ = tokio::time::timeout(timeout, watcher.wait_for(|n| *n >= count)).await;
        self.messages()
    }

    /// Misbehaves the next `times` times that there is occasion.
    pub fn misbehave(&self, mischief: Mischief, times: u32) {
        self.server.with(|shared| shared.mischief.push((mischief, times)));
    }

    /// Behaves from now on.
    pub fn behave(&self) {
        self.server.with(|shared| shared.mischief.clear());
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    fn with<T>(&self, act: impl FnOnce(&mut Shared) -> T) -> T {
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes one occasion of the first mischief that fits.
    fn mischief<T>(&self, fits: impl Fn(&Mischief) -> Option<T>) -> Option<T> {
        self.with(|shared| {
            let (found, at) = shared.mischief.iter().enumerate().find_map(|(at, (one, _))| Some((fits(one)?, at)))?;
            shared.mischief[at].1 = shared.mischief[at].1.saturating_sub(1);
            if shared.mischief[at].1 == 0 {
                shared.mischief.remove(at);
            }
            Some(found)
        })
    }

    fn keep(&self, message: Received) {
        let count = self.with(|shared| {
            shared.messages.push(message);
            shared.messages.len()
        });
        self.count.send_replace(count);
    }
}

async fn accept(listener: TcpListener, server: Arc<Server>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        server.with(|shared| shared.connections += 1);
        while connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        let server = server.clone();
        connections.spawn(async move {
            // A client that hangs up in the middle is none of our business.
            let _ = Conversation { stream: BufReader::new(stream), server, authenticated: false }.run().await;
        });
    }
}

struct Conversation {
    stream: BufReader<TcpStream>,
    server: Arc<Server>,
    authenticated: bool,
}

impl Conversation {
    async fn run(mut self) -> io::Result<()> {
        if self.server.mischief(|one| (*one == Mischief::Stall).then_some(())).is_some() {
            // Whatever the client says, until it gives up; it cannot say more than fits in a few buffers.
            return tokio::io::copy(&mut self.stream.take(MAX_LINE), &mut tokio::io::sink()).await.map(drop);
        }
        if let Some(reply) = self.server.mischief(|one| match one {
            Mischief::RefuseConnection(reply) => Some(reply.clone()),
            _ => None,
        }) {
            return self.say(&reply).await;
        }
        self.say("220 mailbox.vedetta.invalid ESMTP").await?;
        let mut from = None;
        let mut to = Vec::new();
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let upper = line.to_ascii_uppercase();
            let verb = upper.split(' ').next().unwrap_or("");
            match verb {
                "EHLO" => {
                    let auth = if self.server.credentials.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
                    self.say(&format!("250-mailbox\r\n{auth}250-8BITMIME\r\n250-PIPELINING\r\n250 SIZE {MAX_MESSAGE}"))
                        .await?;
                }
                "HELO" | "NOOP" => self.say("250 ok").await?,
                "RSET" => {
                    (from, to) = (None, Vec::new());
                    self.say("250 ok").await?;
                }
                "AUTH" => self.authenticate(&line).await?,
                "MAIL" if self.server.credentials.is_some() && !self.authenticated => {
                    self.say("530 5.7.0 authentication required").await?;
                }
                "MAIL" => {
                    from = Some(address(&line));
                    self.say("250 2.1.0 ok").await?;
                }
                "RCPT" if from.is_none() => self.say("503 5.5.1 MAIL first").await?,
                "RCPT" => {
                    let recipient = address(&line);
                    let refusal = self.server.mischief(|one| match one {
                        Mischief::RefuseRecipient { address, reply } if address.is_empty() || *address == recipient => {
                            Some(reply.clone())
                        }
                        _ => None,
                    });
                    match refusal {
                        Some(reply) => self.say(&reply).await?,
                        None => {
                            to.push(recipient);
                            self.say("250 2.1.5 ok").await?;
                        }
                    }
                }
                "DATA" if to.is_empty() => self.say("503 5.5.1 RCPT first").await?,
                "DATA" => {
                    self.say("354 go ahead").await?;
                    let Some(data) = self.data().await? else { return Ok(()) };
                    let message = Received {
                        from: from.take().unwrap_or_default(),
                        to: std::mem::take(&mut to),
                        data,
                        authenticated: self.authenticated,
                    };
                    if !self.take(message).await? {
                        return Ok(());
                    }
                }
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("502 5.5.2 unknown command").await?,
            }
        }
        Ok(())
    }

    /// Keeps a message, unless told otherwise. Returns whether the conversation goes on.
    async fn take(&mut self, message: Received) -> io::Result<bool> {
        if let Some(delay) = self.server.mischief(|one| match one {
            Mischief::DelayMessage(delay) => Some(*delay),
            _ => None,
        }) {
            tokio::time::sleep(delay).await;
        }
        if let Some(reply) = self.server.mischief(|one| match one {
            Mischief::RefuseMessage(reply) => Some(reply.clone()),
            _ => None,
        }) {
            self.say(&reply).await?;
            return Ok(true);
        }
        self.server.keep(message);
        if self.server.mischief(|one| (*one == Mischief::DropAfterMessage).then_some(())).is_some() {
            return Ok(false);
        }
        let count = self.server.with(|shared| shared.messages.len());
        self.say(&format!("250 2.0.0 kept as {count}")).await?;
        Ok(true)
    }

    async fn authenticate(&mut self, line: &str) -> io::Result<()> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or("").to_ascii_uppercase();
        let initial = words.next().map(str::to_owned);
        let given = match mechanism.as_str() {
            "PLAIN" => {
                let answer = match initial {
                    Some(answer) => answer,
                    None => self.ask("334 ").await?,
                };
                let decoded = decode(&answer);
                let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                let name = match initial {
                    Some(answer) => answer,
                    None => self.ask("334 VXNlcm5hbWU6").await?,
                };
                (decode(&name), decode(&self.ask("334 UGFzc3dvcmQ6").await?))
            }
            _ => return self.say("504 5.5.4 unknown mechanism").await,
        };
        self.authenticated = self.server.credentials.as_ref() == Some(&given);
        self.say(if self.authenticated { "235 2.7.0 welcome" } else { "535 5.7.8 wrong name or password" }).await
    }

    async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.say(question).await?;
        let line = self.line().await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    /// The message up to the lone dot; `None` if the client hangs up or says too much.
    async fn data(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut data = Vec::new();
        while let Some(line) = self.line().await? {
            if line == b".\r\n" {
                return Ok(Some(data));
            }
            data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if data.len() > MAX_MESSAGE {
                break;
            }
        }
        Ok(None)
    }

    /// A line with its end; `None` at the end of the conversation.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).await?;
        Ok(line.ends_with(b"\n").then_some(line))
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await
    }
}

fn address(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    let rest = &line[start..];
    rest[..rest.find('>').unwrap_or(rest.len())].to_owned()
}

fn decode(text: &str) -> String {
    STANDARD.decode(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
