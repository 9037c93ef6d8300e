//! Webhooks, as an endpoint gets them: signatures, refusals, patience.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use vedetta::demo::{Answer, Hook};
use vedetta::model::{ChannelName, Delivery, DeliveryOutcome, ManualClock, Notice, Secret};
use vedetta::notify::{
    Channel, ChannelSettings, FailureReason, Message, Receipt, RetrySchedule, SendError, SenderContext, SigningKey,
    WebhookFormat, WebhookSettings, samples,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn settings(address: SocketAddr) -> WebhookSettings {
    WebhookSettings {
        url: Url::parse(&format!("http://{address}/hooks/s3cr3t-path")).expect("a URL"),
        format: WebhookFormat::Json,
        signing_keys: vec![SigningKey::parse(&Secret::new(SECRET)).expect("a key")],
        headers: vec![("x-desk".into(), Secret::new("esteri"))],
        token: None,
        timeout: Duration::from_secs(10),
    }
}

fn channel(settings: WebhookSettings) -> Channel {
    let name = ChannelName::new("soc").expect("a name");
    let context = SenderContext { user_agent: "vedetta/test (+https://lookout.example)".into() };
    Channel::new(&name, &ChannelSettings::Webhook(settings), &context).expect("a channel")
}

async fn hook() -> (Hook, SocketAddr) {
    Hook::start(Some(&Secret::new(SECRET)), Arc::new(ManualClock::new(samples::now()))).await.expect("starts")
}

async fn send(channel: &Channel, notice: &Notice, delivery: &Delivery) -> Result<Receipt, SendError> {
    channel.send(&Message { delivery, notice, maybe_sent_before: false, now: samples::now() }).await
}

fn notice() -> Notice {
    samples::single(samples::italian())
}

#[tokio::test]
async fn a_call_is_signed_and_carries_the_delivery_s_id_and_the_time_of_the_attempt() {
    let (hook, address) = hook().await;
    let (notice, channel) = (notice(), channel(settings(address)));
    let delivery = samples::delivery(&notice, "soc", "");
    let receipt = send(&channel, &notice, &delivery).await.expect("is taken");
    assert_eq!(receipt.0, "200 OK ok");
    let call = &hook.calls()[0];
    assert_eq!(call.signature, Some(Ok(())));
    assert_eq!(call.header("webhook-id"), delivery.id.to_string());
    assert_eq!(call.header("webhook-timestamp"), samples::now().as_seconds().to_string());
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("user-agent"), "vedetta/test (+https://lookout.example)");
    assert_eq!(call.header("x-desk"), "esteri");
    assert_eq!((call.method.as_str(), &*call.path), ("POST", "/hooks/s3cr3t-path"));
    assert_eq!(call.json()["data"]["alert"], notice.alerts[0].id.to_string());
}

#[tokio::test]
async fn every_attempt_has_the_same_bytes_and_id_and_a_signature_of_its_own_time() {
    let (hook, address) = hook().await;
    let (notice, channel) = (samples::digest(), channel(settings(address)));
    let mut delivery = samples::delivery(&notice, "soc", "");
    hook.answer([Answer::status(500)]);
    send(&channel, &notice, &delivery).await.expect_err("refused");
    delivery.attempt = 1;
    let now = samples::now() + Duration::from_secs(5);
    let message = Message { delivery: &delivery, notice: &notice, maybe_sent_before: true, now };
    channel.send(&message).await.expect("is taken");
    let calls = hook.calls();
    assert_eq!(calls[0].body, calls[1].body);
    assert_eq!(calls[0].header("webhook-id"), calls[1].header("webhook-id"));
    assert_ne!(calls[0].header("webhook-signature"), calls[1].header("webhook-signature"));
    assert!(calls.iter().all(|call| call.signature == Some(Ok(()))));
}

#[tokio::test]
async fn only_2xx_is_success_and_each_failure_says_what_follows() {
    let (hook, address) = hook().await;
    let (notice, channel) = (notice(), channel(settings(address)));
    let delivery = samples::delivery(&notice, "soc", "");
    for (status, reason) in [
        (400, FailureReason::Refused),
        (401, FailureReason::Refused),
        (404, FailureReason::Refused),
        (500, FailureReason::Server),
        (502, FailureReason::Server),
        (429, FailureReason::Busy),
        (503, FailureReason::Busy),
        (301, FailureReason::Redirect),
        (307, FailureReason::Redirect),
        (410, FailureReason::Gone),
    ] {
        let elsewhere = format!("http://{address}/elsewhere");
        hook.answer([Answer::status(status).header("location", &elsewhere).header("retry-after", "77")]);
        let before = hook.calls().len();
        let error = send(&channel, &notice, &delivery).await.expect_err("refused");
        assert_eq!(error.reason, reason, "{status}: {error}");
        assert_eq!(hook.calls().len(), before + 1, "a redirect is not followed");
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(77)), "{status}");
        match RetrySchedule::Webhook.after_failure(&delivery, &error, samples::now()) {
            DeliveryOutcome::Retry { at, .. } => {
                assert_ne!(status, 410);
                assert_eq!(at.since(samples::now()), Duration::from_secs(77));
            }
            DeliveryOutcome::Failed { disable_channel, .. } => assert_eq!((status, disable_channel), (410, true)),
            other => panic!("{other:?}"),
        }
    }
    for status in [200, 201, 202, 204] {
        hook.answer([Answer::status(status)]);
        send(&channel, &notice, &delivery).await.expect("is taken");
    }
}

#[tokio::test]
async fn a_slow_endpoint_ends_with_the_deadline_and_an_absent_one_at_once() {
    let (hook, address) = hook().await;
    let notice = notice();
    let delivery = samples::delivery(&notice, "soc", "");
    hook.answer([Answer { delay: Duration::from_secs(30), ..Answer::status(200) }]);
    let slow = channel(WebhookSettings { timeout: Duration::from_millis(300), ..settings(address) });
    let error = send(&slow, &notice, &delivery).await.expect_err("too slow");
    assert_eq!((error.reason, error.permanent), (FailureReason::Timeout, false), "{error}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let error = send(&channel(settings(free)), &notice, &delivery).await.expect_err("nobody there");
    assert_eq!((error.reason, error.permanent), (FailureReason::Connection, false), "{error}");
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
    assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
}

#[tokio::test]
async fn of_an_endless_answer_only_the_beginning_is_read() {
    let (hook, address) = hook().await;
    let (notice, channel) = (notice(), channel(settings(address)));
    let delivery = samples::delivery(&notice, "soc", "");
    hook.answer([Answer { body: "no\u{202e}\r\n".repeat(200_000), ..Answer::status(400) }]);
    let error = send(&channel, &notice, &delivery).await.expect_err("refused").to_string();
    assert!(error.len() < 600 && !error.contains(['\n', '\u{202e}']), "{error}");
}

#[tokio::test]
async fn ntfy_and_gotify_get_their_tokens_in_headers_and_their_bodies_where_they_listen() {
    let (hook, address) = hook().await;
    let notice = notice();
    let delivery = samples::delivery(&notice, "soc", "");
    for format in [WebhookFormat::Ntfy, WebhookFormat::Gotify] {
        let settings = WebhookSettings { format, token: Some(Secret::new("tk_abc")), ..settings(address) };
        send(&channel(settings), &notice, &delivery).await.expect("is taken");
    }
    let calls = hook.calls();
    assert_eq!((&*calls[0].path, calls[0].header("authorization")), ("/hooks/", "Bearer tk_abc"));
    assert_eq!(calls[0].json()["topic"], "s3cr3t-path");
    assert_eq!((&*calls[1].path, calls[1].header("x-gotify-key")), ("/hooks/s3cr3t-path/message", "tk_abc"));
}

#[tokio::test]
async fn a_check_posts_nothing() {
    let (hook, address) = hook().await;
    let line = channel(settings(address)).check().await.expect("answers");
    assert!(line.contains("nothing was posted") && !line.contains("s3cr3t"), "{line}");
    assert!(hook.calls().iter().all(|call| call.method.as_str() == "OPTIONS" && call.body.is_empty()));
}

#[test]
fn metadata_addresses_and_bad_headers_are_refused_and_secrets_are_never_printed() {
    let name = ChannelName::new("soc").expect("a name");
    let context = SenderContext { user_agent: "vedetta/test".into() };
    let good = settings(SocketAddr::from(([127, 0, 0, 1], 9)));
    let metadata = Url::parse("http://169.254.169.254/latest/meta-data").expect("a URL");
    for bad in [
        WebhookSettings { url: metadata, ..good.clone() },
        WebhookSettings { token: Some(Secret::new("a\nb")), ..good.clone() },
        WebhookSettings { headers: vec![("x y".into(), Secret::new("z"))], ..good.clone() },
    ] {
        let error = Channel::new(&name, &ChannelSettings::Webhook(bad), &context).expect_err("refused").to_string();
        assert!(error.contains("channel `soc`") && !error.contains('\n'), "{error}");
    }
    let printed = format!("{:?}", channel(WebhookSettings { token: Some(Secret::new("tk_abc")), ..good }));
    assert!(!printed.contains("tk_abc") && !printed.contains("esteri"), "{printed}");
}
