//! A folder with a configuration, a feed server, a mail server and a webhook endpoint, and the real program.

pub(crate) mod diagnostics;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use vedetta::demo::{FeedServer, Hook, Mailbox};
use vedetta::model::{Secret, SystemClock};

/// The webhook's secret in tests.
pub(crate) const SECRET: &str = "whsec_dGVzdHMgbmVlZCBhIHNlY3JldCBvZiAyNCBieXRlcw==";

/// A topic whose hits no other text of the tests has.
pub(crate) const RULES: &str = r#"
[concept.lookout]
en = ["lookout"]
it = ["vedetta*"]
ru = ["дозор*"]
zh = ["瞭望"]
ar = ["مرقب"]

[[topic]]
id = "lookout"
name = "Lookout – vedetta"
match = "@lookout"
severity = "high"
labels = { desk = "test" }

[[topic.test]]
name = "an Italian hit"
lang = "it"
title = "La vedetta avvista una nave"
expect = { match = true }
"#;

/// Everything around one vedetta.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) server: FeedServer,
    pub(crate) mailbox: Mailbox,
    pub(crate) hook: Hook,
    smtp: std::net::SocketAddr,
    endpoint: std::net::SocketAddr,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (mailbox, smtp) = Mailbox::start().await.expect("a mail server");
        let secret = Secret::new(SECRET);
        let (hook, endpoint) = Hook::start(Some(&secret), Arc::new(SystemClock)).await.expect("an endpoint");
        let server = FeedServer::start().await.expect("a feed server");
        let folder = TempDir::new().expect("a folder");
        std::fs::create_dir(folder.path().join("rules")).expect("a folder");
        let world = Self { folder, server, mailbox, hook, smtp, endpoint };
        world.write("rules/lookout.toml", RULES);
        world
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, path: &str, text: &str) {
        std::fs::write(self.folder.path().join(path), text).expect("the folder can be written");
    }

    /// A configuration with mail and webhook; `more` is added at the end.
    pub(crate) fn configure(&self, more: &str) {
        let (allow, smtp, endpoint) = (self.server.address(), self.smtp, self.endpoint);
        let folder = self.folder.path().display();
        self.write(
            "vedetta.toml",
            &format!(
                r#"
[store]
url = "sqlite:{folder}/var/vedetta.db"

[rules]
paths = ["{folder}/rules"]

[poll]
interval = "1s"
first_poll = "all"

[network]
allow = ["{allow}"]
user_agent = "vedetta-test/1.0 (+https://example.org/bot)"

[channel.desk]
type = "email"
smtp = "smtp://{smtp}"
from = "vedetta <vedetta@example.org>"
to = ["desk@example.org"]

[channel.soc]
type = "webhook"
url = "http://{endpoint}/hook"
secret_file = "{folder}/secret"

[[route]]
channels = ["desk", "soc"]
{more}"#
            ),
        );
        self.write("secret", SECRET);
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.folder.path().join("secret"), private).expect("a mode");
    }

    /// The address of the webhook endpoint.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.endpoint)
    }

    /// A `[[feed]]` table for a path on the feed server.
    pub(crate) fn feed(&self, path: &str) -> String {
        format!("\n[[feed]]\nurl = \"{}\"\n", self.server.url(path))
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("vedetta.toml")
    }

    /// The program, in the folder, with its configuration.
    pub(crate) fn vedetta(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).current_dir(self.folder.path()).env("VEDETTA_CONFIG", self.config());
        command
    }

    /// The daemon, running; killed when dropped.
    pub(crate) fn daemon(&self) -> Running {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("the folder can be written");
        let child = self.vedetta(&["run"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        Running(child.expect("the program starts"))
    }

    /// What the daemons have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// A running daemon.
pub(crate) struct Running(pub(crate) std::process::Child);

impl Running {
    /// Sends a signal by name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.expect("kill runs").success(), "kill -{name}");
    }

    /// Waits for its end, at most so long; its exit code.
    pub(crate) async fn end(&mut self, limit: Duration) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.0.try_wait().expect("our child") {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(limit, ended).await.unwrap_or_else(|_| panic!("still running after {limit:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.env_remove("VEDETTA_CONFIG").env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM").env("NO_COLOR", "1");
    command
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An RSS document with these items: (guid, title, description).
pub(crate) fn rss(items: &[(String, String, String)]) -> String {
    use std::fmt::Write as _;
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>Test</title>\
        <link>https://outlet.example/</link><description>d</description>\n"
        .to_owned();
    for (guid, title, description) in items {
        let _ = writeln!(
            text,
            "<item><guid isPermaLink=\"false\">{guid}</guid><link>https://outlet.example/{guid}</link><title>{title}</title>\
             <description>{description}</description></item>"
        );
    }
    text.push_str("</channel></rss>\n");
    text
}

/// One item of [`rss`].
pub(crate) fn item(guid: &str, title: &str, description: &str) -> (String, String, String) {
    (guid.to_owned(), title.to_owned(), description.to_owned())
}

/// Waits until a condition holds, at most so long.
pub(crate) async fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(limit, wait).await.is_ok(), "not within {limit:?}: {what}");
}

/// A header of a mail, decoded.
pub(crate) fn header(mail: &[u8], name: &str) -> Option<String> {
    use mailparse::MailHeaderMap;
    mailparse::parse_mail(mail).expect("a mail").get_headers().get_first_value(name)
}

/// A part of a mail by its type, decoded.
pub(crate) fn body(mail: &[u8], kind: &str) -> String {
    let mail = mailparse::parse_mail(mail).expect("a mail");
    let part = mail.parts().find(|part| part.ctype.mimetype == kind).expect("the part is there");
    part.get_body().expect("the part can be decoded")
}
