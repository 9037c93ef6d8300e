//! Mail, as a mail server gets it: headers, alternatives, refusals, lost connections. The conversation is a real one over
//! loopback; what comes out is read by a parser that is not ours.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailparse::{MailHeaderMap, ParsedMail};
use vedetta::demo::{Mailbox, Mischief};
use vedetta::model::{ChannelName, Delivery, DeliveryId, DeliveryOutcome, Notice, Secret};
use vedetta::notify::{
    Channel, ChannelSettings, EmailSettings, FailureReason, Message, Receipt, RetrySchedule, SendError, SenderContext,
    SmtpServer, samples,
};

fn settings(address: SocketAddr) -> EmailSettings {
    EmailSettings {
        server: SmtpServer::parse(&format!("smtp://{address}")).expect("a server"),
        from: "Vedetta, la sentinella <vedetta@lookout.example>".into(),
        to: vec!["desk@example.org".into(), "anna@example.org".into()],
        username: None,
        password: None,
        timeout: Duration::from_secs(10),
    }
}

fn channel(settings: EmailSettings) -> Channel {
    let name = ChannelName::new("desk").expect("a name");
    let context = SenderContext { user_agent: "vedetta/test".into() };
    Channel::new(&name, &ChannelSettings::Email(settings), &context).expect("a channel")
}

async fn send(channel: &Channel, notice: &Notice, delivery: &Delivery) -> Result<Receipt, SendError> {
    channel.send(&Message { delivery, notice, maybe_sent_before: false, now: samples::now() }).await
}

async fn delivered(notice: &Notice) -> Vec<u8> {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    let delivery = samples::delivery(notice, "desk", "desk@example.org");
    send(&channel(settings(address)), notice, &delivery).await.expect("is taken");
    let messages = mailbox.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (&*messages[0].from, &*messages[0].to),
        ("vedetta@lookout.example", &["desk@example.org".to_owned()][..])
    );
    messages[0].data.clone()
}

fn header(mail: &ParsedMail<'_>, name: &str) -> String {
    let values = mail.headers.get_all_values(name);
    assert!(values.len() <= 1, "{name} is there {} times", values.len());
    values.into_iter().next().unwrap_or_default()
}

fn part(mail: &ParsedMail<'_>, kind: &str) -> String {
    let part = mail.subparts.iter().find(|part| part.ctype.mimetype == kind).expect(kind);
    assert_eq!(part.ctype.charset, "utf-8");
    part.get_body().expect("decodes").replace("\r\n", "\n")
}

#[tokio::test]
async fn a_mail_has_the_documented_headers_and_both_alternatives() {
    let notice = samples::single(samples::italian());
    let bytes = delivered(&notice).await;
    let mail = mailparse::parse_mail(&bytes).expect("parses");
    let alert = notice.alerts[0].id;
    let delivery = DeliveryId::derive(&["desk", "desk@example.org", &alert.to_string()]);
    assert_eq!(
        header(&mail, "Subject"),
        "[Missile defence] HIGH: Difesa missilistica, via libera di Roma alla batteria comune con Parigi"
    );
    let from = mail.headers.get_first_header("From").map(mailparse::addrparse_header).expect("there").expect("parses");
    let from = from.extract_single_info().expect("one sender");
    assert_eq!(
        (from.display_name.as_deref(), &*from.addr),
        (Some("Vedetta, la sentinella"), "vedetta@lookout.example")
    );
    assert_eq!(header(&mail, "To"), "desk@example.org");
    assert_eq!(header(&mail, "Date"), "Sun, 22 Nov 2026 14:05:30 +0000");
    assert_eq!(header(&mail, "Message-ID"), format!("<{delivery}@lookout.example>"));
    assert_eq!(header(&mail, "X-Vedetta-Alert"), alert.to_string());
    assert_eq!(header(&mail, "X-Vedetta-Topic"), "missile-defence");
    assert_eq!(header(&mail, "X-Vedetta-Severity"), "high");
    assert_eq!(header(&mail, "List-Id"), "<missile-defence.vedetta.lookout.example>");
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    for absent in ["In-Reply-To", "References", "X-Vedetta-Retry", "Bcc"] {
        assert_eq!(header(&mail, absent), "", "{absent}");
    }
    assert_eq!(mail.ctype.mimetype, "multipart/alternative");
    let kinds: Vec<_> = mail.subparts.iter().map(|part| part.ctype.mimetype.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    let (text, html) = (part(&mail, "text/plain"), part(&mail, "text/html"));
    for expected in [
        "corrieredellosservatore.example",
        "13:54 UTC",
        "Italian",
        "https://www.corrieredellosservatore.example/esteri/difesa-missilistica-roma-parigi",
        "interceptor",
        "lavocedellalaguna.example",
    ] {
        assert!(text.contains(expected) && html.contains(expected), "{expected}");
    }
    assert!(text.contains("*Difesa missilistica*, via libera di *Roma* alla"), "{text}");
}

#[tokio::test]
async fn every_script_arrives_as_it_was_written() {
    for alert in [samples::chinese(), samples::arabic(), samples::russian()] {
        let title = alert.article.title.clone();
        let bytes = delivered(&samples::single(alert)).await;
        assert!(bytes.is_ascii(), "nothing depends on 8BITMIME");
        let mail = mailparse::parse_mail(&bytes).expect("parses");
        assert!(header(&mail, "Subject").ends_with(&title), "{}", header(&mail, "Subject"));
        assert!(part(&mail, "text/html").contains(&title));
    }
}

#[tokio::test]
async fn a_hostile_feed_injects_neither_headers_nor_recipients_nor_markup_nor_commands() {
    let bytes = delivered(&samples::single(samples::hostile())).await;
    let mail = mailparse::parse_mail(&bytes).expect("parses");
    let known = [
        "mime-version",
        "from",
        "to",
        "date",
        "subject",
        "message-id",
        "list-id",
        "auto-submitted",
        "x-auto-response-suppress",
        "x-vedetta-alert",
        "x-vedetta-topic",
        "x-vedetta-severity",
        "importance",
        "content-type",
    ];
    for one in &mail.headers {
        assert!(known.contains(&&*one.get_key().to_ascii_lowercase()), "{}", one.get_key());
    }
    let subject = header(&mail, "Subject");
    assert!(subject.contains("<!channel>") && !subject.contains(['\r', '\n', '\u{202e}']), "{subject}");
    let html = part(&mail, "text/html");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"), "{html}");
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or_else(|| if line.is_empty() { line } else { panic!("a bare LF") });
        assert!(line.len() <= 998 && !line.starts_with(b".") && !line.contains(&b'\r'));
    }
    assert!(bytes.len() < 100_000);
}

#[tokio::test]
async fn a_later_message_answers_the_first_one_to_the_same_reader() {
    let first = samples::italian();
    let notice = samples::single(samples::follow_up());
    let bytes = delivered(&notice).await;
    let mail = mailparse::parse_mail(&bytes).expect("parses");
    let told = DeliveryId::derive(&["desk", "desk@example.org", &first.id.to_string()]);
    assert_eq!(header(&mail, "In-Reply-To"), format!("<{told}@lookout.example>"));
    assert_eq!(header(&mail, "References"), format!("<{told}@lookout.example>"));
}

#[tokio::test]
async fn a_second_attempt_has_the_same_id_and_words_and_says_that_it_is_one() {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    let channel = channel(settings(address));
    let notice = samples::single(samples::italian());
    let mut delivery = samples::delivery(&notice, "desk", "desk@example.org");
    mailbox.misbehave(Mischief::DropAfterMessage, 1);
    let error = send(&channel, &notice, &delivery).await.expect_err("was not acknowledged");
    assert_eq!((error.reason, error.permanent), (FailureReason::Connection, false), "{error}");
    delivery.attempt = 1;
    send(&channel, &notice, &delivery).await.expect("is taken");
    let messages = mailbox.messages();
    let mails: Vec<_> = messages.iter().map(|one| mailparse::parse_mail(&one.data).expect("parses")).collect();
    assert_eq!(mails.len(), 2);
    assert_eq!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
    assert_eq!(
        (header(&mails[0], "X-Vedetta-Retry"), header(&mails[1], "X-Vedetta-Retry")),
        (String::new(), "1".into())
    );
    assert_eq!(part(&mails[0], "text/html"), part(&mails[1], "text/html"));
}

#[tokio::test]
async fn an_attempt_after_a_crash_says_that_it_may_be_a_copy() {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    let notice = samples::single(samples::italian());
    let delivery = samples::delivery(&notice, "desk", "desk@example.org");
    let message = Message { delivery: &delivery, notice: &notice, maybe_sent_before: true, now: samples::now() };
    channel(settings(address)).send(&message).await.expect("is taken");
    let messages = mailbox.messages();
    let mail = mailparse::parse_mail(&messages[0].data).expect("parses");
    assert_eq!(header(&mail, "X-Vedetta-Retry"), "1");
}

#[tokio::test]
async fn one_refused_recipient_does_not_stop_the_others() {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    let channel = channel(settings(address));
    let notice = samples::single(samples::italian());
    let refuse =
        Mischief::RefuseRecipient { address: "desk@example.org".into(), reply: "550 5.1.1 no such user".into() };
    mailbox.misbehave(refuse, u32::MAX);
    let mut results = Vec::new();
    for recipient in channel.recipients() {
        let delivery = samples::delivery(&notice, "desk", &recipient);
        let result = send(&channel, &notice, &delivery).await;
        results.push(result.map_err(|error| RetrySchedule::Mail.after_failure(&delivery, &error, samples::now())));
    }
    assert!(
        matches!(&results[0], Err(DeliveryOutcome::Failed { error, disable_channel: false }) if error.contains("550"))
    );
    assert!(results[1].is_ok());
    assert_eq!(mailbox.messages().iter().map(|one| one.to.join(",")).collect::<Vec<_>>(), ["anna@example.org"]);
}

#[tokio::test]
async fn a_server_s_mood_decides_whether_there_is_another_attempt() {
    let recipient = |reply: &str| Mischief::RefuseRecipient { address: String::new(), reply: reply.into() };
    for (mischief, reason, permanent) in [
        (recipient("450 4.2.0 greylisted"), FailureReason::Busy, false),
        (recipient("550 5.1.1 no such user"), FailureReason::Recipient, true),
        (Mischief::RefuseMessage("451 4.3.0 disk full".into()), FailureReason::Busy, false),
        (Mischief::RefuseMessage("554 5.7.1 policy".into()), FailureReason::Refused, true),
        (Mischief::RefuseConnection("421 4.3.2 closing".into()), FailureReason::Busy, false),
        (Mischief::RefuseConnection("554 5.3.2 not today".into()), FailureReason::Connection, false),
        (Mischief::DropAfterMessage, FailureReason::Connection, false),
    ] {
        let (mailbox, address) = Mailbox::start().await.expect("starts");
        mailbox.misbehave(mischief.clone(), 1);
        let notice = samples::single(samples::italian());
        let delivery = samples::delivery(&notice, "desk", "desk@example.org");
        let channel = channel(settings(address));
        let error = send(&channel, &notice, &delivery).await.expect_err("refused");
        assert_eq!((error.reason, error.permanent), (reason, permanent), "{mischief:?}: {error}");
        send(&channel, &notice, &delivery).await.expect("the next attempt is taken");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_ends_with_the_deadline() {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    mailbox.misbehave(Mischief::Stall, 1);
    let channel = channel(EmailSettings { timeout: Duration::from_millis(300), ..settings(address) });
    let notice = samples::single(samples::italian());
    let delivery = samples::delivery(&notice, "desk", "desk@example.org");
    let error = send(&channel, &notice, &delivery).await.expect_err("stalled");
    assert_eq!((error.reason, error.permanent), (FailureReason::Timeout, false), "{error}");
}

#[tokio::test]
async fn a_reply_that_comes_after_the_deadline_is_never_taken_for_the_next_message_s() {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    let channel = channel(EmailSettings { timeout: Duration::from_millis(400), ..settings(address) });
    let notice = samples::single(samples::italian());
    let delivery = samples::delivery(&notice, "desk", "desk@example.org");
    send(&channel, &notice, &delivery).await.expect("is taken");
    mailbox.misbehave(Mischief::DelayMessage(Duration::from_millis(600)), 1);
    send(&channel, &notice, &delivery).await.expect_err("too late");
    mailbox.misbehave(Mischief::RefuseMessage("451 4.3.0 disk full".into()), 1);
    let error = send(&channel, &notice, &delivery).await.expect_err("refused, whatever the late reply says");
    assert_eq!(error.reason, FailureReason::Busy, "{error}");
}

#[tokio::test]
async fn several_messages_share_a_connection_and_a_restarted_server_is_found_again() {
    let (mailbox, address) = Mailbox::start().await.expect("starts");
    let channel = channel(settings(address));
    let notice = samples::single(samples::italian());
    let delivery = samples::delivery(&notice, "desk", "desk@example.org");
    for _ in 0..5 {
        send(&channel, &notice, &delivery).await.expect("is taken");
    }
    assert_eq!((mailbox.messages().len(), mailbox.connections()), (5, 1));
    drop(mailbox);
    send(&channel, &notice, &delivery).await.expect_err("nobody there");
    let (mailbox, _) = restarted(address).await;
    send(&channel, &notice, &delivery).await.expect("is taken");
    assert_eq!(mailbox.messages().len(), 1);
}

/// The port is free as soon as the old server's task is gone, which takes a moment.
async fn restarted(address: SocketAddr) -> (Mailbox, SocketAddr) {
    for _ in 0..1_000 {
        match Mailbox::start_on(address, None).await {
            Ok(started) => return started,
            Err(_) => tokio::task::yield_now().await,
        }
    }
    panic!("{address} stays taken");
}

#[tokio::test]
async fn a_login_is_used_and_a_wrong_one_is_worth_another_attempt() {
    let (mailbox, address) = Mailbox::start_with_login("vedetta", "segretissimo").await.expect("starts");
    let with = |password: &str| EmailSettings {
        username: Some("vedetta".into()),
        password: Some(Secret::new(password)),
        ..settings(address)
    };
    let notice = samples::single(samples::italian());
    let delivery = samples::delivery(&notice, "desk", "desk@example.org");
    send(&channel(with("segretissimo")), &notice, &delivery).await.expect("is taken");
    assert!(mailbox.messages()[0].authenticated);
    let error = send(&channel(with("sbagliato")), &notice, &delivery).await.expect_err("refused");
    assert_eq!((error.reason, error.permanent), (FailureReason::Login, false), "{error}");
    assert!(!format!("{error:?}").contains("sbagliato"));
    assert!(!format!("{:?}", channel(with("sbagliato"))).contains("sbagliato"));
    let line = channel(with("segretissimo")).check().await.expect("answers");
    assert!(line.contains("signed in"), "{line}");
    assert_eq!(mailbox.messages().len(), 1, "a check sends nothing");
}

#[tokio::test]
async fn a_password_reaches_no_log_at_any_level() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (mailbox, address) = Mailbox::start_with_login("vedetta", "segretissimo").await.unwrap();
    let channel = channel(EmailSettings {
        username: Some("vedetta".into()),
        password: Some(Secret::new("segretissimo")),
        ..settings(address)
    });
    let notice = samples::single(samples::italian());
    send(&channel, &notice, &samples::delivery(&notice, "desk", "desk@example.org")).await.unwrap();
    assert!(mailbox.messages()[0].authenticated);
    tracing::info!("the log is on");
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("the log is on"));
    // As it is, and as AUTH PLAIN sends it.
    for secret in ["segretissimo", "AHZlZGV0dGEAc2VncmV0aXNzaW1v"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn where_tls_is_required_nothing_is_said_without_it() {
    let (mailbox, address) = Mailbox::start_with_login("vedetta", "segretissimo").await.expect("starts");
    let channel = channel(EmailSettings {
        server: SmtpServer::parse(&format!("smtp+starttls://{address}")).expect("a server"),
        username: Some("vedetta".into()),
        password: Some(Secret::new("segretissimo")),
        ..settings(address)
    });
    let notice = samples::single(samples::italian());
    let delivery = samples::delivery(&notice, "desk", "desk@example.org");
    let error = send(&channel, &notice, &delivery).await.expect_err("refused by us");
    assert_eq!((error.reason, error.permanent), (FailureReason::Tls, false), "{error}");
    assert!(error.to_string().contains("offers no STARTTLS"), "{error}");
    assert!(mailbox.messages().is_empty());
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let name = ChannelName::new("desk").expect("a name");
    let context = SenderContext { user_agent: "vedetta/test".into() };
    let good = settings(SocketAddr::from(([127, 0, 0, 1], 25)));
    for (bad, what) in [
        (EmailSettings { from: "nobody".into(), ..good.clone() }, "`from`"),
        (EmailSettings { to: vec!["a@example.org\r\nBcc: b@example.org".into()], ..good.clone() }, "`to`"),
    ] {
        let error = Channel::new(&name, &ChannelSettings::Email(bad), &context).expect_err("refused").to_string();
        assert!(error.contains(what) && error.contains("channel `desk`") && !error.contains('\n'), "{error}");
    }
}
