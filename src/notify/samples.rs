//! Sample notices in several scripts, with invented news: what test messages, pictures and golden files show. Ids are
//! derived from fixed words and times stand still, so the same sample always gives the same bytes.

use std::time::Duration;

use crate::model::{
    AlertId, AlertNotice, AlertReason, ArticleId, ArticleNotice, Change, ChannelName, Delivery, DeliveryId, Excerpt,
    Field, Labels, Lang, Notice, NoticeKind, OtherArticle, Passage, Severity, StoryId, StoryNotice, TextStatus,
    Timestamp, TopicId, TopicNotice,
};

/// Sunday 22 November 2026, 14:05:30 UTC.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_795_356_330_000)
}

/// A delivery of `notice` to `recipient` over `channel`, not tried yet.
#[must_use]
pub fn delivery(notice: &Notice, channel: &str, recipient: &str) -> Delivery {
    let alert = notice.alerts.first().map(|alert| alert.id.to_string()).unwrap_or_default();
    Delivery {
        id: DeliveryId::derive(&[channel, recipient, &alert]),
        channel: ChannelName::new(channel).unwrap_or_else(|_| sample_channel()),
        recipient: recipient.to_owned(),
        attempt: 0,
        created_at: now(),
        due_at: now(),
    }
}

/// One alert as a notice of its own.
#[must_use]
pub fn single(alert: AlertNotice) -> Notice {
    Notice { kind: NoticeKind::Alert, alerts: vec![alert] }
}

/// A story in Italian that five outlets carry.
#[must_use]
pub fn italian() -> AlertNotice {
    let mut alert =
        alert("missile-defence", "Missile defence", Severity::High, "it", "corrieredellosservatore.example");
    alert.article.title = "Difesa missilistica, via libera di Roma alla batteria comune con Parigi".into();
    alert.article.summary = "Il governo ha approvato l’acquisto di due nuove batterie antiaeree a lungo raggio. \
        Il contratto, atteso da mesi, vale 1,3 miliardi e prevede la consegna entro il 2029. I radar saranno \
        costruiti in Campania; l’opposizione chiede che il Parlamento discuta prima i costi di esercizio."
        .into();
    alert.article.url =
        Some("https://www.corrieredellosservatore.example/esteri/difesa-missilistica-roma-parigi".into());
    alert.article.matched = vec![
        hit(
            Field::Title,
            "",
            "Difesa missilistica",
            ", via libera di Roma alla batteria comune con",
            Some("missile defence"),
        ),
        hit(
            Field::Title,
            "Difesa missilistica, via libera di ",
            "Roma",
            " alla batteria comune con Parigi",
            Some("Italy"),
        ),
        hit(
            Field::Summary,
            "governo ha approvato l’acquisto di due nuove ",
            "batterie antiaeree",
            " a lungo raggio. Il contratto, atteso da mesi, vale 1,3",
            Some("air defence system"),
        ),
        hit(
            Field::Body,
            "entrerà in servizio accanto ai sistemi già schierati. Il ",
            "missile intercettore",
            " ha una portata dichiarata di oltre cento chilometri e",
            Some("interceptor"),
        ),
    ];
    alert.others = vec![
        other("agenziasettentrione.example", "it", "Approvate due batterie antimissile, consegna entro il 2029"),
        other("lavocedellalaguna.example", "it", "Batterie antimissile con Parigi, il governo dice sì"),
        other("gazzettadellevante.example", "it", "Difesa, due batterie italo-francesi: costeranno 1,3 miliardi"),
        other("ticinooggi.example", "it", "Italia e Francia comprano insieme due batterie antiaeree"),
    ];
    if let Some(story) = &mut alert.story {
        story.size = 7;
        story.sources =
            std::iter::once(&alert.article.source).chain(alert.others.iter().map(|one| &one.source)).cloned().collect();
        story.languages = ["it"].into_iter().filter_map(Lang::parse).collect();
    }
    alert
}

/// An urgent alert in Chinese.
#[must_use]
pub fn chinese() -> AlertNotice {
    let mut alert =
        alert("russia-china-military", "Russia–China military", Severity::Urgent, "zh", "haixiaribao.example");
    alert.article.title = "中俄海军在日本海举行联合演习，首次演练导弹防御".into();
    alert.article.summary =
        "双方共出动十二艘舰艇和数架预警机。演习为期五天，重点是联合防空和反导。发言人表示，演习不针对第三方。".into();
    alert.article.matched = vec![
        hit(Field::Title, "", "中俄", "海军在日本海举行联合演习，首次演练导弹防御", Some("Russia, China")),
        hit(Field::Title, "中俄海军在日本海举行", "联合演习", "，首次演练导弹防御", Some("joint exercise")),
        hit(
            Field::Body,
            "为期五天，重点是联合防空和",
            "反导",
            "。发言人表示，演习不针对第三方",
            Some("missile defence"),
        ),
    ];
    alert
}

/// An alert in Arabic whose page could not be fetched.
#[must_use]
pub fn arabic() -> AlertNotice {
    let mut alert = alert("missile-defence", "Missile defence", Severity::Notice, "ar", "alrasid.example");
    alert.article.title = "الدفاع الجوي يعترض صاروخين باليستيين شمال البلاد".into();
    alert.article.summary =
        "قالت وزارة الدفاع إن منظومة الدفاع الصاروخي اعترضت صاروخين قبل وصولهما إلى المدينة. ولم ترد \
        تقارير عن إصابات، وأعيد فتح المطار بعد ساعتين."
            .into();
    alert.article.text_status = TextStatus::Failed;
    alert.article.text_error = Some("the page answered 403 Forbidden".into());
    alert.article.matched = vec![
        hit(Field::Title, "", "الدفاع الجوي", " يعترض صاروخين باليستيين شمال البلاد", Some("air defence system")),
        hit(Field::Title, "الدفاع الجوي يعترض ", "صاروخين باليستيين", " شمال البلاد", Some("ballistic missile")),
    ];
    alert
}

/// An article in Russian that was published long before it was seen.
#[must_use]
pub fn russian() -> AlertNotice {
    let mut alert =
        alert("russia-china-military", "Russia–China military", Severity::Notice, "ru", "vestnikpobezhya.example");
    alert.article.title = "Россия и Китай договорились о совместном патрулировании".into();
    alert.article.summary = "Стороны подписали план военного сотрудничества на пять лет.".into();
    alert.article.published = Some(now().before(Duration::from_hours(50)));
    alert.delayed = true;
    alert.article.matched = vec![
        hit(Field::Title, "", "Россия", " и Китай договорились о совместном патрулировании", Some("Russia")),
        hit(Field::Title, "Россия и ", "Китай", " договорились о совместном патрулировании", Some("China")),
        hit(Field::Title, "Россия и Китай договорились о ", "совместном патрулировании", "", Some("joint exercise")),
    ];
    alert
}

/// A later message on the story of [`italian`].
#[must_use]
pub fn follow_up() -> AlertNotice {
    let first = italian();
    let mut alert = alert("missile-defence", "Missile defence", Severity::Notice, "en", "thelondonlookout.example");
    alert.id = AlertId::derive(&["sample", "follow-up"]);
    alert.article.title = "Italy and France to buy two joint missile-defence batteries".into();
    alert.reason = AlertReason::Every;
    alert.follows = Some(first.id);
    alert.story = first.story;
    alert
}

/// An edit of the article of [`italian`].
#[must_use]
pub fn edited() -> AlertNotice {
    let mut alert = italian();
    alert.follows = Some(alert.id);
    alert.id = AlertId::derive(&["sample", "edited"]);
    alert.reason = AlertReason::Changed;
    let passage = |field, before: &str, removed: &str, added: &str, after: &str| Passage {
        field,
        before: before.to_owned(),
        removed: removed.to_owned(),
        added: added.to_owned(),
        after: after.to_owned(),
    };
    alert.change = Some(Change {
        at: now(),
        title_before: Some("Difesa missilistica, no di Roma alla batteria comune con Parigi".into()),
        passages: vec![
            passage(
                Field::Title,
                "Difesa missilistica, ",
                "no ",
                "via libera ",
                "di Roma alla batteria comune con Parigi",
            ),
            passage(
                Field::Summary,
                "Il governo ha ",
                "respinto ",
                "approvato ",
                "l’acquisto di due nuove batterie antiaeree",
            ),
            passage(
                Field::Body,
                "I radar saranno costruiti in Campania; ",
                "",
                "secondo il ministro già dal 2027; ",
                "l’opposizione chiede",
            ),
        ],
        more: 0,
    });
    alert
}

/// vedetta's own trouble.
#[must_use]
pub fn health() -> AlertNotice {
    let mut alert = alert(TopicId::health().as_str(), "vedetta: health", Severity::High, "en", "vedetta");
    alert.reason = AlertReason::Health;
    alert.story = None;
    alert.article.id = None;
    alert.article.url = None;
    alert.article.lang = None;
    alert.article.published = None;
    alert.article.title = "feed `Agenzia Settentrione` has failed since 08:00".into();
    alert.article.summary = "https://agenziasettentrione.example/rss.xml answers 404 Not Found.\n\n\
        hint: look whether the site moved its feed: `vedetta feed discover https://agenziasettentrione.example/`"
        .into();
    alert
}

/// A feed's worst: markup of every kind, mentions, header lines, overrides, and no end.
#[must_use]
pub fn hostile() -> AlertNotice {
    let mut alert =
        alert("missile-defence", "Missile <b>defence</b> & *more* @here", Severity::Urgent, "en", "evil.example");
    let title = "<!channel> @everyone <script>alert(1)</script> [x](javascript:alert(1)) **b** `c` ~~d~~ ||e|| \
        \u{202e}gpj.exe\u{2066}\r\nBcc: victim@example.org\r\n\r\n.\r\nMAIL FROM:<a@b> =?utf-8?q?x=0D=0ASubject:_evil?= \
        {{ 7*7 }} {% raw %} <https://evil.example|here> <@U123> <#C1> @all :bomb: # h1\u{2028}> quote\u{0}\u{9b}31m";
    alert.article.title = format!("{title} {}", "A".repeat(10_000));
    alert.article.summary = format!("<img src=x onerror=alert(1)>\n.\nFrom here {title}");
    alert.article.url = Some("javascript:alert(1)".into());
    alert.article.source = "evil.example\r\nX-Evil: 1 <b>".into();
    alert.article.matched = vec![
        hit(Field::Title, "<!channel> @everyone ", "<script>", "alert(1)</script>", Some("</td><h1>")),
        hit(Field::Body, "a](javascript:b) ", "\u{202e}missile*_`", " <@U1>", None),
    ];
    alert.others = vec![OtherArticle {
        url: Some("https://bank.example@evil.example/'\"><script>(x)|y".into()),
        ..other("evil.example\u{202e}", "en", "</a><h1>big</h1> @channel <!here>")
    }];
    alert
}

/// What gathered until a scheduled hour: five alerts on two topics and of vedetta itself.
#[must_use]
pub fn digest() -> Notice {
    let mut alerts = vec![italian(), chinese(), arabic(), russian()];
    let mut more = alert("missile-defence", "Missile defence", Severity::Info, "ja", "minatoshimbun.example");
    more.id = AlertId::derive(&["sample", "japanese"]);
    more.article.title = "防衛省、新型迎撃ミサイルの試験に成功と発表".into();
    more.article.summary = "試験は太平洋上で行われ、目標を正確に捉えたという。".into();
    more.article.matched =
        vec![hit(Field::Title, "防衛省、新型", "迎撃ミサイル", "の試験に成功と発表", Some("interceptor"))];
    alerts.push(more);
    Notice { kind: NoticeKind::Digest, alerts }
}

/// What a topic raised beyond the limit: as many alerts as a chat message lists, with headlines in five scripts.
#[must_use]
pub fn flood() -> Notice {
    let of_each = [italian(), chinese(), arabic(), russian(), digest().alerts.remove(4)];
    let topic = of_each[0].topic.clone();
    let alerts = (0..20_u32).map(|n| {
        let mut alert = of_each[n as usize % of_each.len()].clone();
        alert.id = AlertId::derive(&["sample", "flood", &n.to_string()]);
        alert.topic = topic.clone();
        alert.severity = if n == 7 { Severity::High } else { Severity::Notice };
        alert.raised_at = now().before(Duration::from_secs(600)) + Duration::from_secs(30) * n;
        alert.article.title = format!("{} ({n})", alert.article.title);
        alert.others.clear();
        alert
    });
    Notice { kind: NoticeKind::Flood, alerts: alerts.collect() }
}

fn alert(topic: &str, topic_name: &str, severity: Severity, lang: &str, source: &str) -> AlertNotice {
    let key = [topic, lang, source];
    let lang = Lang::parse(lang);
    AlertNotice {
        id: AlertId::derive(&key),
        raised_at: now().before(Duration::from_secs(25)),
        reason: AlertReason::NewStory,
        severity,
        topic: TopicNotice {
            id: TopicId::new(topic).unwrap_or_else(|_| TopicId::health()),
            name: topic_name.to_owned(),
            labels: Labels::from_iter([("desk".to_owned(), "security".to_owned())]),
        },
        story: Some(StoryNotice {
            id: StoryId::derive(&key),
            size: 1,
            sources: vec![source.to_owned()],
            languages: lang.into_iter().collect(),
            first_seen: now().before(Duration::from_secs(26)),
        }),
        article: ArticleNotice {
            id: Some(ArticleId::derive(&key)),
            url: Some(format!("https://{source}/2026/11/22/articolo")),
            title: String::new(),
            summary: String::new(),
            lang,
            source: source.to_owned(),
            published: Some(now().before(Duration::from_mins(11))),
            seen: now().before(Duration::from_secs(26)),
            text_status: TextStatus::Page,
            text_error: None,
            matched: Vec::new(),
        },
        others: Vec::new(),
        follows: None,
        delayed: false,
        change: None,
    }
}

fn hit(field: Field, before: &str, text: &str, after: &str, concept: Option<&str>) -> Excerpt {
    Excerpt {
        field,
        text: text.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        atom: text.to_lowercase(),
        concept: concept.map(str::to_owned),
    }
}

fn other(source: &str, lang: &str, title: &str) -> OtherArticle {
    OtherArticle {
        id: ArticleId::derive(&[source, title]),
        url: Some(format!("https://{source}/article/2026-11-22")),
        title: title.to_owned(),
        source: source.to_owned(),
        lang: Lang::parse(lang),
        published: Some(now().before(Duration::from_mins(9))),
    }
}

fn sample_channel() -> ChannelName {
    ChannelName::new("sample").expect("letters only")
}
