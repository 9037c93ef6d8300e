//! One alert through a mail server that was not written for these tests: Debian's Postfix, on loopback ports of its own,
//! with throw-away configuration, queue, certificate and mailboxes. Proves TLS, which our own mailbox does not speak.
//!
//! Needs root (Postfix's master does), `postfix` and `openssl`. Where one is missing the test says so and passes; with
//! `VEDETTA_REQUIRE_POSTFIX=1` it fails instead.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use mailparse::MailHeaderMap;
use vedetta::model::{ChannelName, Notice};
use vedetta::notify::{
    Channel, ChannelSettings, EmailSettings, FailureReason, Message, Receipt, SendError, SenderContext, SmtpServer,
    samples,
};

/// Whoever owns the mailboxes: `nobody`.
const MAIL_USER: u32 = 65_534;
/// How long Postfix may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

struct Postfix {
    home: tempfile::TempDir,
    starttls_port: u16,
    implicit_port: u16,
}

impl Postfix {
    /// Starts one; `Err` says why it can't be done here.
    fn start() -> Result<Self, String> {
        let postfix_user = id("postfix").ok_or("there is no user `postfix`: is Postfix installed?")?;
        if fs::metadata("/proc/self").map(|me| me.uid()).unwrap_or(1) != 0 {
            return Err("Postfix starts only as root".into());
        }
        for program in ["postfix", "openssl"] {
            run(Command::new("sh").args(["-c", &format!("command -v {program}")]))
                .map_err(|_| format!("`{program}` is not installed"))?;
        }
        let home = tempfile::tempdir().map_err(|error| error.to_string())?;
        let root = home.path();
        for (folder, owner) in [("", 0), ("etc", 0), ("queue", 0), ("data", postfix_user), ("mail", MAIL_USER)] {
            let folder = root.join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
            chown(&folder, Some(owner), None).unwrap();
        }
        certificate(root)?;
        let [starttls_port, implicit_port] = free_ports();
        let at = root.display();
        fs::write(
            root.join("etc/main.cf"),
            format!(
                "compatibility_level = 3.6\n\
                 queue_directory = {at}/queue\n\
                 data_directory = {at}/data\n\
                 maillog_file = {at}/postfix.log\n\
                 maillog_file_prefixes = {at}\n\
                 inet_interfaces = 127.0.0.1\n\
                 inet_protocols = ipv4\n\
                 myhostname = mail.lookout.example\n\
                 mydestination =\n\
                 alias_maps =\n\
                 alias_database =\n\
                 virtual_mailbox_domains = example.org\n\
                 virtual_mailbox_base = {at}/mail\n\
                 virtual_mailbox_maps = inline:{{ desk@example.org=desk/, anna@example.org=anna/ }}\n\
                 virtual_uid_maps = static:{MAIL_USER}\n\
                 virtual_gid_maps = static:{MAIL_USER}\n\
                 smtpd_relay_restrictions = reject_unauth_destination\n\
                 smtpd_tls_cert_file = {at}/server.pem\n\
                 smtpd_tls_key_file = {at}/server.key\n\
                 smtpd_tls_security_level = encrypt\n\
                 smtpd_tls_received_header = yes\n"
            ),
        )
        .unwrap();
        fs::write(
            root.join("etc/master.cf"),
            format!(
                "127.0.0.1:{starttls_port} inet n - n - - smtpd\n\
                 127.0.0.1:{implicit_port} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n\
                 pickup unix n - n 60 1 pickup\n\
                 cleanup unix n - n - 0 cleanup\n\
                 qmgr unix n - n 300 1 qmgr\n\
                 tlsmgr unix - - n 1000? 1 tlsmgr\n\
                 rewrite unix - - n - - trivial-rewrite\n\
                 bounce unix - - n - 0 bounce\n\
                 defer unix - - n - 0 bounce\n\
                 trace unix - - n - 0 bounce\n\
                 proxymap unix - - n - - proxymap\n\
                 error unix - - n - - error\n\
                 retry unix - - n - - error\n\
                 virtual unix - n n - - virtual\n\
                 anvil unix - - n - 1 anvil\n\
                 postlog unix-dgram n - n - 1 postlogd\n"
            ),
        )
        .unwrap();
        let server = Self { home, starttls_port, implicit_port };
        run(&mut server.command("start"))?;
        Ok(server)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new("postfix");
        command.arg("-c").arg(self.home.path().join("etc")).arg(what);
        command
    }

    fn url(&self, scheme: &str) -> String {
        let port = if scheme == "smtps" { self.implicit_port } else { self.starttls_port };
        format!("{scheme}://127.0.0.1:{port}")
    }

    /// The one mail in a mailbox; waits for it, as a real server delivers when it pleases.
    fn mail(&self, mailbox: &str) -> Vec<u8> {
        let folder = self.home.path().join("mail").join(mailbox).join("new");
        let begin = Instant::now();
        loop {
            let mails: Vec<PathBuf> =
                fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            match &*mails {
                [mail] => return fs::read(mail).unwrap(),
                [] if begin.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
                _ => panic!("{} mails in {}:\n{}", mails.len(), folder.display(), self.log()),
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("postfix.log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // What can't be stopped here shows in the process list; there is nobody to tell.
        let _ = run(&mut self.command("stop"));
    }
}

/// An authority and a certificate by it for 127.0.0.1.
fn certificate(root: &Path) -> Result<(), String> {
    let openssl = |args: &[&str]| run(Command::new("openssl").args(args).current_dir(root)).map(drop);
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let authority = ["req", "-x509", "-subj", "/CN=Throw-away authority", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(&[&authority[..], &key].concat())?;
    let server = ["req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=mail.lookout.example"];
    let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
    openssl(&[&server[..], &names, &["-keyout", "server.key", "-out", "server.pem"], &key].concat())
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

fn id(user: &str) -> Option<u32> {
    let output = run(Command::new("id").args(["-u", user])).ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Two ports that were free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn channel(server: &str) -> Channel {
    let settings = EmailSettings {
        server: SmtpServer::parse(server).unwrap(),
        from: "Vedetta <vedetta@lookout.example>".into(),
        to: vec!["desk@example.org".into()],
        username: None,
        password: None,
        timeout: PATIENCE,
    };
    let context = SenderContext { user_agent: "vedetta/test".into() };
    Channel::new(&ChannelName::new("desk").unwrap(), &ChannelSettings::Email(settings), &context).unwrap()
}

async fn send(channel: &Channel, notice: &Notice, to: &str) -> Result<Receipt, SendError> {
    let delivery = samples::delivery(notice, "desk", to);
    channel.send(&Message { delivery: &delivery, notice, maybe_sent_before: false, now: samples::now() }).await
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
async fn an_alert_reaches_a_mailbox_behind_postfix_over_tls() {
    let postfix = match Postfix::start() {
        Ok(postfix) => postfix,
        Err(why) if std::env::var_os("VEDETTA_REQUIRE_POSTFIX").is_none() => {
            println!("SKIPPED: no real mail server was tried: {why}");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    let notice = samples::single(samples::chinese());

    // Nobody vouches for the certificate yet.
    let error = send(&channel(&postfix.url("smtps")), &notice, "desk@example.org").await.unwrap_err();
    assert_eq!((error.reason, error.permanent), (FailureReason::Tls, false), "{error}\n{}", postfix.log());
    let error = send(&channel(&postfix.url("smtp+starttls")), &notice, "desk@example.org").await.unwrap_err();
    assert_eq!((error.reason, error.permanent), (FailureReason::Tls, false), "{error}\n{}", postfix.log());

    // Roots are read from the environment, which a process can't safely change for itself: this program again.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "real_smtp::with_a_trusted_certificate", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", postfix.home.path().join("ca.pem"))
        .env("VEDETTA_TEST_STARTTLS", postfix.url("smtp+starttls"))
        .env("VEDETTA_TEST_SMTPS", postfix.url("smtps"))
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && said.contains("1 passed"), "{said}\n{}", postfix.log());

    for mailbox in ["desk", "anna"] {
        let bytes = postfix.mail(mailbox);
        let mail = mailparse::parse_mail(&bytes).unwrap();
        let value = |name| mail.headers.get_first_value(name).unwrap_or_default();
        let recipient = format!("{mailbox}@example.org");
        let delivery = samples::delivery(&notice, "desk", &recipient);
        assert_eq!(value("Message-ID"), format!("<{}@lookout.example>", delivery.id));
        assert_eq!(value("To"), recipient);
        assert_eq!(value("Subject"), format!("[Russia–China military] URGENT: {}", notice.alerts[0].article.title));
        assert!(value("Received").contains("TLSv1.3"), "{}", value("Received"));
        let html = mail.subparts[1].get_body().unwrap();
        assert!(html.contains("导弹防御") && html.trim_end().ends_with("</html>"), "{html}");
    }
}

#[tokio::test]
#[ignore = "the test above starts it, with a certificate in its environment"]
async fn with_a_trusted_certificate() {
    let starttls = channel(&std::env::var("VEDETTA_TEST_STARTTLS").unwrap());
    let implicit = channel(&std::env::var("VEDETTA_TEST_SMTPS").unwrap());
    let notice = samples::single(samples::chinese());
    for channel in [&starttls, &implicit] {
        assert!(channel.check().await.unwrap().contains("with TLS"));
    }
    let refused = send(&starttls, &notice, "nobody@example.org").await.unwrap_err();
    assert_eq!((refused.reason, refused.permanent), (FailureReason::Recipient, true), "{refused}");
    assert!(send(&starttls, &notice, "desk@example.org").await.unwrap().0.contains("queued"));
    assert!(send(&implicit, &notice, "anna@example.org").await.unwrap().0.contains("queued"));
}
