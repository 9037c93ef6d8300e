//! The archive replayed: it gives what the daemon gave, and says what an edit would change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use vedetta::backtest::{self, Plan, Progress, Report};
use vedetta::model::{Article, Labels, Lang, Source, SourceId, TextStatus, Timestamp, TopicId};
use vedetta::rule::{Ruleset, Scratch, load_sources};
use vedetta::store::sqlite::{OpenOptions, SqliteStore};
use vedetta::store::{PolledArticle, Store as _, Verdict, Views as _};
use vedetta::story::Signature;

use crate::contract::{DAY, HOUR, World as StoreWorld, article, desk, start};
use crate::support::{RULES, World, item, rss};

struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _of: u64) {}
    fn reached(&self, _done: u64) {}
}

fn rules(text: &str) -> Arc<Ruleset> {
    let files = load_sources(vec![Source::new(SourceId(0), "rules.toml", text)]);
    let (rules, report) = Ruleset::compile(files);
    Arc::new(rules.unwrap_or_else(|| panic!("{:?}", report.diagnostics)))
}

fn plan(rules: &Arc<Ruleset>, other: Option<&Arc<Ruleset>>, since: Timestamp, until: Timestamp) -> Plan {
    Plan {
        rules: Arc::clone(rules),
        other: other.cloned(),
        topics: Vec::new(),
        since,
        until,
        labels: HashMap::new(),
        retention: None,
        samples: 5,
        threads: 2,
    }
}

/// Takes articles in as the daemon does, one poll each.
async fn live(world: &StoreWorld, rules: &Ruleset, articles: &[Article]) {
    let mut scratch = Scratch::default();
    for article in articles {
        let now = article.fetched_at;
        let mut article = article.clone();
        let judgement = rules.judge(&mut scratch, &article, &Labels::new(), now);
        article.lang = judgement.lang;
        let signature = (!judgement.matches.is_empty()).then(|| Signature::of(&article));
        let verdict = Verdict { revision: rules.revision().to_owned(), matches: judgement.matches, signature };
        world.poll(&desk(), vec![PolledArticle { article, verdict: Some(verdict), change: None }], now).await;
    }
}

async fn run(world: &StoreWorld, plan: &Plan) -> Report {
    let reading = OpenOptions { create: false, read_only: true, exclusive: false };
    let store = SqliteStore::open(&world.url(), reading).await.unwrap();
    let report = backtest::run(plan, &*store, &Quiet).await.unwrap();
    store.close().await;
    report
}

const PORT: &str = r#"
[[topic]]
id = "porto"
match = "nave OR navi OR корабл* OR 船 OR سفينة"
story = { window = "48h" }

[[topic]]
id = "ogni-nave"
match = "nave"
story = { alert_on = ["every"] }
"#;

/// Twelve days at a port: wire copies, long stories, five languages.
fn archive() -> Vec<Article> {
    let wire = "La nave portacontainer è rimasta incagliata all'imbocco del canale con ventidue marinai a bordo; \
        due rimorchiatori sono partiti nella notte e la capitaneria ha chiuso il traffico fino a nuovo ordine.";
    let copy = format!("{wire} Lo scrive l'agenzia.");
    let texts: &[(u32, &str, &str)] = &[
        (1, "Nave incagliata nel canale", wire),
        (3, "Il canale resta chiuso alle navi", &copy),
        (30, "Canale chiuso, la nave non si muove", &copy),
        (60, "Ancora ferma la nave del canale", &copy),
        (70, "Partita vinta dal Porto per tre a zero", "Una serata di calcio senza storia."),
        (75, "Корабль сел на мель у входа в залив", "Двадцать два моряка остаются на борту, буксиры уже в пути."),
        (80, "货船在海峡搁浅", "二十二名船员仍在船上，两艘拖船连夜出发，港务局暂停通航。"),
        (90, "سفينة شحن تجنح عند مدخل القناة", "لا يزال اثنان وعشرون بحارا على متنها وتوقفت الملاحة في القناة."),
        (200, "Nave incagliata, riapre il canale", &copy),
        (250, "Varata a Palermo una nave da ricerca", "Studierà le correnti profonde del Tirreno per cinque anni."),
    ];
    texts
        .iter()
        .enumerate()
        .map(|(number, (hours, title, body))| Article {
            lang: None,
            ..article(&number.to_string(), title, body, start() + *hours * HOUR)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_the_same_rules_gives_exactly_what_was_alerted() {
    let world = StoreWorld::with_feeds(1).await;
    let rules = rules(PORT);
    live(&world, &rules, &archive()).await;
    let until = start() + 12 * DAY;
    // From the beginning, from the middle of a story, and from its last article.
    for since in [start(), start() + 2 * HOUR, start() + 40 * HOUR, start() + 59 * HOUR, start() + 100 * HOUR] {
        let report = run(&world, &plan(&rules, None, since, until)).await;
        let (total, expected) = (&report.total, world.store.alerts(None, Some(since), 100).await.unwrap());
        assert_eq!(total.after.alerts, expected.len() as u64, "since {since}");
        assert_eq!((total.before.alerts, total.kept), (total.after.alerts, total.after.alerts), "since {since}");
        assert_eq!(
            (total.gained, total.lost, total.regrouped),
            (0, 0, backtest::Regrouped::default()),
            "since {since}"
        );
        assert_eq!(total.before, total.after);
    }
    let report = run(&world, &plan(&rules, None, start(), until)).await;
    assert_eq!((report.articles, report.earlier_articles, report.days), (10, 0, 11.9583), "{report:?}");
    let port = report.topics.iter().find(|topic| topic.topic == Some(TopicId::new("porto").unwrap())).unwrap();
    // Four reports of one story, three languages, the story told again after its window, and the launch.
    assert_eq!((port.after.matches, port.after.stories, port.after.alerts), (9, 6, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_and_a_narrower_rule_name_what_they_gain_and_lose() {
    let world = StoreWorld::with_feeds(1).await;
    let old = rules(PORT);
    live(&world, &old, &archive()).await;
    let new = rules(
        "[[topic]]\nid = \"porto\"\nmatch = \"nave OR navi OR porto OR корабл* OR 船\"\nexcept = \"ricerca\"\n\
         story = { window = \"48h\" }\n[[topic]]\nid = \"calcio\"\nmatch = \"calcio\"\n",
    );
    let until = start() + 12 * DAY;
    for other in [None, Some(&old)] {
        let report = run(&world, &plan(&new, other, start(), until)).await;
        assert_eq!(report.other.is_some(), other.is_some());
        let topic = |id: &str| report.topics.iter().find(|topic| topic.topic.as_ref().unwrap().as_str() == id).unwrap();
        let port = topic("porto");
        assert_eq!((port.before.alerts, port.after.alerts), (6, 5));
        assert_eq!((port.kept, port.gained, port.lost), (4, 1, 2));
        let gained = &port.gained_samples[0];
        assert_eq!(
            (gained.title.as_str(), gained.matched.as_slice()),
            ("Partita vinta dal Porto per tre a zero", &["porto".to_owned()][..])
        );
        assert_eq!(gained.because.is_some(), other.is_some(), "{gained:?}");
        let lost: Vec<_> =
            port.lost_samples.iter().map(|lost| (lost.lang.unwrap().to_string(), lost.title.as_str())).collect();
        assert_eq!(
            lost,
            [
                ("it".to_owned(), "Varata a Palermo una nave da ricerca"),
                ("ar".to_owned(), "سفينة شحن تجنح عند مدخل القناة"),
            ]
        );
        let because: Vec<_> = port.lost_samples.iter().map(|lost| lost.because.clone().unwrap()).collect();
        assert!(because[0].starts_with("except holds") && because[1].starts_with("match"), "{because:?}");
        assert_eq!((topic("calcio").gained, topic("calcio").before.alerts), (1, 0));
        let gone = topic("ogni-nave");
        assert_eq!((gone.after.alerts, gone.lost), (0, gone.before.alerts));
        assert_eq!(gone.lost_samples[0].because.as_deref(), Some("these rules have no such topic"));
        assert_eq!(report.total.gained, 2);
        assert!(report.topics[0].gained + report.topics[0].lost >= report.topics[1].gained + report.topics[1].lost);
    }
    let only = Plan { topics: vec![TopicId::new("calcio").unwrap()], samples: 0, ..plan(&new, None, start(), until) };
    let report = run(&world, &only).await;
    assert_eq!((report.topics.len(), report.total.gained, report.total.lost), (1, 1, 0));
    assert!(report.topics[0].gained_samples.is_empty());
}

/// A month of made-up reports in five languages; every third is a copy of an earlier one under another headline.
fn made_up(seed: u64, count: u32) -> Vec<Article> {
    const WORDS: [&str; 5] = [
        "nave faro molo porto marinai canale rimorchiatore equipaggio notte traffico ponte deriva secca corvetta",
        "корабль маяк причал порт моряки канал буксир экипаж ночь движение мост дрейф мель корвет",
        "船舶 灯塔 码头 港口 海员 运河 拖船 船员 夜间 交通 大桥 漂流 搁浅 护卫舰",
        "سفينة منارة رصيف ميناء بحارة قناة قاطرة طاقم ليل حركة جسر انجراف شاطئ فرقاطة",
        "船舶 灯台 埠頭 港湾 船員 運河 曳船 乗組員 夜間 交通 大橋 漂流 座礁 護衛艦",
    ];
    let mut state = seed;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    let mut made: Vec<(usize, String)> = Vec::new();
    let mut now = start();
    (0..count)
        .map(|number| {
            let (language, body) = if number % 3 == 2 {
                made[made.len() - 1 - below(made.len().min(9))].clone()
            } else {
                let language = below(WORDS.len());
                let words: Vec<&str> = WORDS[language].split(' ').collect();
                (language, (0..25).map(|_| words[below(words.len())]).collect::<Vec<_>>().join(" "))
            };
            let words: Vec<&str> = WORDS[language].split(' ').collect();
            let title = (0..6).map(|_| words[below(words.len())]).collect::<Vec<_>>().join(" ");
            made.push((language, body.clone()));
            now = now + Duration::from_secs(3600 + 60 * below(400) as u64);
            Article { lang: None, ..article(&number.to_string(), &title, &body, now) }
        })
        .collect()
}

const MADE_UP: &str = r##"
[concept.ship]
any = ["nave", "船舶"]
ru = ["корабл*"]
ar = ["سفينة"]

[[topic]]
id = "concept"
match = "@ship NEAR/6 (secca OR мель OR 座礁 OR شاطئ)"

[[topic]]
id = "plain"
match = "faro OR маяк OR 灯塔 OR منارة OR 灯台"
story = { window = "48h" }

[[topic]]
id = "every"
match = "ponte OR 大桥 OR мост"
story = { alert_on = ["every"] }

[[topic]]
id = "score"
match = "porto OR порт OR 港口 OR 港湾"
score = [{ when = "title:(notte OR 夜間 OR ночь)", add = 10 }]
severity = { info = 0, urgent = 10 }

[[topic]]
id = "reference"
match = "#plain AND (molo OR причал OR 码头 OR رصيف OR 埠頭)"

[[topic]]
id = "gone"
match = "deriva OR дрейф OR 漂流"
"##;

/// What was alerted, by the ledger, is what the rules of then give: both comparisons say the same.
#[tokio::test(flavor = "multi_thread")]
async fn other_rules_and_the_ledger_that_they_made_compare_alike() {
    let edits: [(&str, &str); 8] = [
        ("any = [\"nave\", \"船舶\"]", "any = [\"nave\", \"船舶\", \"molo\"]"),
        ("match = \"faro OR ", "match = \"notte OR "),
        ("window = \"48h\"", "window = \"5h\""),
        ("alert_on = [\"every\"]", "alert_on = [\"first\"]"),
        ("urgent = 10", "urgent = 100"),
        ("[[topic]]\nid = \"gone\"\n", "[[topic]]\nid = \"new\"\n"),
        ("id = \"gone\"\n", "id = \"gone\"\nexcept = \"notte\"\n"),
        ("id = \"gone\"\n", "id = \"gone\"\nenabled = false\n"),
    ];
    let mut changed = 0;
    for (seed, (from, to)) in (1..).zip(edits) {
        let world = StoreWorld::with_feeds(1).await;
        let (old, new) = (rules(MADE_UP), rules(&MADE_UP.replace(from, to)));
        assert_ne!(old.revision(), new.revision(), "{from}");
        live(&world, &old, &made_up(seed, 150)).await;
        let until = start() + 60 * DAY;
        let ledger = run(&world, &plan(&new, None, start(), until)).await;
        let replayed = run(&world, &plan(&new, Some(&old), start(), until)).await;
        let bare = |report: &Report| -> Vec<backtest::TopicReport> {
            let mut topics = report.topics.clone();
            // Only other rules can say why they have no alert.
            topics.iter_mut().flat_map(|topic| &mut topic.gained_samples).for_each(|sample| sample.because = None);
            topics.push(report.total.clone());
            topics
        };
        assert_eq!(bare(&replayed), bare(&ledger), "{from} → {to}");
        assert!(replayed.total.before.alerts > 50 && replayed.articles == 150, "{:?}", replayed.total);
        changed += replayed.total.gained + replayed.total.lost + replayed.total.regrouped.after;
        let swapped = run(&world, &plan(&old, Some(&new), start(), until)).await;
        assert_eq!((swapped.total.before, swapped.total.after), (replayed.total.after, replayed.total.before));
    }
    assert!(changed > 100, "{changed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_gives_back_every_article_as_it_came() {
    let world = StoreWorld::with_feeds(1).await;
    let odd = "\u{0}\u{1}\t\r\n\"\\/\u{7f}\u{2028}\u{feff}\u{fffd}🛰\u{10ffff}' || char(10) --";
    let texts =
        [odd, "", "{\"a\": [1, null]}", "корвет у причала", "货船在海峡搁浅", "سفينة شحن", "座礁した船", "l'è «ferma»"];
    let mut articles = Vec::new();
    for (number, text) in (0_u32..).zip(texts) {
        let whole = |absent: bool| (!absent).then(|| text.to_owned());
        articles.push(Article {
            feed_name: text.to_owned(),
            summary: text.to_owned(),
            url: whole(number == 3),
            author: whole(number == 4),
            tags: vec![text.to_owned(), odd.to_owned()],
            lang: Lang::parse(["it", "zh-Hant", "nonsense"][number as usize % 3]),
            declared_lang: (number % 2 == 0).then(|| Lang::parse("sr-Latn")).flatten(),
            text_status: TextStatus::Failed,
            text_error: whole(number == 5),
            published: (number != 6).then(|| start().before(number * DAY)),
            updated: (number == 6).then(start),
            content_hash: i64::MIN + i64::from(number),
            ..article(&number.to_string(), text, &text.repeat(3), start() + number * HOUR)
        });
    }
    let rules = rules("[[topic]]\nid = \"t\"\nmatch = \"корвет OR 货船 OR سفينة\"\n");
    let polled = articles.iter().map(|article| {
        let judgement = rules.judge(&mut Scratch::default(), article, &Labels::new(), article.fetched_at);
        let signature = (!judgement.matches.is_empty()).then(|| Signature::of(article));
        let verdict = Verdict { revision: "r".to_owned(), matches: judgement.matches, signature };
        PolledArticle { article: article.clone(), verdict: Some(verdict), change: None }
    });
    world.poll(&desk(), polled.collect(), start()).await;
    let span = world.store.archive_span(start()).await.unwrap().unwrap();
    let mut read = Vec::new();
    let mut after = span.after;
    loop {
        let page = world.store.archive_page(after, span.to, 3, true).await.unwrap();
        let Some(last) = page.articles.last() else { break };
        after = last.number;
        let bare = world.store.archive_page(page.articles[0].number - 1, last.number, 3, false).await.unwrap();
        assert_eq!((&bare.articles, bare.matches.len(), bare.alerts.len()), (&page.articles, 0, 0));
        assert_eq!(page.matches.len(), page.alerts.len());
        for archived in &page.articles {
            let matches = page.matches.iter().filter(|matched| matched.article == archived.number).count();
            assert_eq!(archived.signature, (matches > 0).then(|| Signature::of(&archived.article)));
        }
        read.extend(page.articles);
    }
    assert_eq!(read.iter().map(|read| &read.article).collect::<Vec<_>>(), articles.iter().collect::<Vec<_>>());
    assert_eq!(read.iter().filter(|read| read.signature.is_some()).count(), 3);
    let numbers: Vec<i64> = read.iter().map(|read| read.number).collect();
    let mut singly = world.store.archived_articles(&numbers).await.unwrap();
    singly.sort_by_key(|read| read.number);
    assert!(singly.iter().map(|read| &read.article).eq(&articles));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_several_pages_is_read_whole_while_the_daemon_writes() {
    let world = StoreWorld::with_feeds(1).await;
    let rules = rules("[[topic]]\nid = \"t\"\nmatch = \"faro\"\n");
    let articles: Vec<PolledArticle> = (0..700_u32)
        .map(|number| {
            let title =
                if number % 100 == 7 { format!("Faro {number} spento") } else { format!("Molo {number} aperto") };
            let article = article(&number.to_string(), &title, "", start() + number * Duration::from_secs(60));
            let verdict = Verdict { revision: "r".to_owned(), matches: Vec::new(), signature: None };
            PolledArticle { article, verdict: Some(verdict), change: None }
        })
        .collect();
    world.poll(&desk(), articles, start()).await;
    let reading = OpenOptions { create: false, read_only: true, exclusive: false };
    let store = SqliteStore::open(&world.url(), reading).await.unwrap();
    // A writer that would be refused if a reader held the file, or would wait for it.
    let writing = async {
        for minute in 0..50_u32 {
            world.store.ping(start() + minute * Duration::from_secs(60)).await.unwrap();
        }
    };
    let plan = plan(&rules, None, start() + 350 * Duration::from_secs(60), start() + DAY);
    let (report, ()) = tokio::join!(backtest::run(&plan, &*store, &Quiet), writing);
    let report = report.unwrap();
    assert_eq!((report.articles, report.earlier_articles), (350, 350));
    assert_eq!((report.total.after.matches, report.total.gained), (3, 3));
    assert!(store.ping(start()).await.is_err(), "the backtest's own connection can write");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_without_articles_is_named_as_such() {
    let world = StoreWorld::with_feeds(1).await;
    let rules = rules(PORT);
    for other in [None, Some(&rules)] {
        let report = run(&world, &plan(&rules, other, start(), start() + DAY)).await;
        assert_eq!((report.articles, report.topics.len(), report.archive_since), (0, 0, None));
        assert_eq!(report.notes[0], "the archive has no articles");
        assert_eq!(report.notes.len(), 1 + usize::from(other.is_some()), "{:?}", report.notes);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyst_sees_what_an_edit_would_have_changed() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put(
        "/feed.xml",
        "application/rss+xml",
        rss(&[
            item("1", "La vedetta avvista una nave", "Al tramonto, dal molo nord."),
            item("2", "Una torre sul molo", "Il restauro è finito dopo due anni di lavori."),
            item("3", "瞭望塔上的灯光", ""),
        ]),
    );
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    let database = world.folder.path().join("var/vedetta.db");
    let before = std::fs::read(&database).expect("a database");

    let same = world.vedetta(&["backtest"]).output().expect("it runs");
    assert!(same.status.success(), "{}", text(&same.stderr));
    assert!(text(&same.stdout).contains("changed nothing: 2 alerts"), "{}", text(&same.stdout));

    world.write("edited.toml", &RULES.replace("\"vedetta*\"", "\"torre\"").replace("La vedetta", "La torre"));
    let earlier = ["backtest", "--since", "2025-11-01", "--until", "2025-11-02"];
    let none = world.vedetta(&earlier).output().expect("it runs");
    assert!(text(&none.stdout).contains("nothing was compared"), "{}", text(&none.stdout));
    assert!(text(&none.stderr).contains("no articles between 2025-11-01T00:00:00Z and"), "{}", text(&none.stderr));
    let edited = world.vedetta(&["backtest", "--rules", "edited.toml", "--since", "12h"]).output().expect("it runs");
    let said = text(&edited.stdout);
    assert!(edited.status.success(), "{}", text(&edited.stderr));
    for wanted in [
        "gained by lookout: 1",
        "Una torre sul molo",
        "https://outlet.example/2",
        "matched: torre (@lookout)",
        "lost by lookout: 1",
        "La vedetta avvista una nave",
        "other side: match",
        "1 alert more",
        "2 instead of 2",
    ] {
        assert!(said.contains(wanted), "{wanted} is missing:\n{said}");
    }
    let json = world
        .vedetta(&["--format", "json", "backtest", "--rules", "edited.toml", "--diff", "rules", "--max-lost", "0"])
        .output()
        .expect("it runs");
    assert_eq!(json.status.code(), Some(1), "{}", text(&json.stderr));
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("one JSON object");
    assert_eq!((report["total"]["gained"].as_u64(), report["total"]["lost"].as_u64()), (Some(1), Some(1)));
    assert_eq!(report["topics"][0]["gained_samples"][0]["lang"], "it");
    assert!(report["other"]["revision"].is_string() && report["articles"] == 3, "{report}");

    let code = |arguments: &[&str]| world.vedetta(arguments).output().expect("it runs").status.code();
    assert_eq!(code(&["backtest", "--since", "yesterday"]), Some(2));
    assert_eq!(code(&["backtest", "--since", "1h", "--until", "2h"]), Some(2));
    assert_eq!(code(&["backtest", "--topic", "lokout"]), Some(2));
    world.write("bad.toml", "[[topic]]\nid = \"t\"\nmatch = \"(\"\n");
    assert_eq!(code(&["backtest", "--rules", "bad.toml"]), Some(2));
    assert_eq!(code(&["backtest", "--diff", "bad.toml"]), Some(2));
    assert_eq!(code(&["backtest", "--diff", "absent"]), Some(2));
    assert_eq!(code(&["backtest", "--database", "absent.db"]), Some(3));
    std::fs::create_dir(world.folder.path().join("empty")).expect("a folder");
    let empty = world.vedetta(&["backtest", "--diff", "empty"]).output().expect("it runs");
    let said = text(&empty.stderr);
    assert!(empty.status.success() && said.contains("the other rules have no enabled topic"), "{said}");
    let bare = ["--config", "absent.toml", "backtest", "--rules", "rules", "--database", "var/vedetta.db"];
    let bare = world.vedetta(&bare).output().expect("it runs");
    let said = text(&bare.stderr);
    assert!(bare.status.success() && said.contains("warning: cannot read `absent.toml`"), "{said}");
    assert_eq!(std::fs::read(&database).expect("a database"), before, "a backtest changes nothing");
    std::fs::write(&database, vec![7; 40_000]).expect("written");
    assert_eq!(code(&["backtest"]), Some(4));
}
