//! A feed gains an item; a mail and a signed webhook call come out, once.

use std::time::Duration;

use crate::support::{World, body, header, item, rss, until};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_new_item_becomes_one_mail_and_one_signed_call() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    let old = item("1", "Il mare è calmo", "Nessuna nave in vista.");
    world.server.put("/feed.xml", "application/rss+xml", rss(std::slice::from_ref(&old)));
    let mut daemon = world.daemon();
    until("the feed is polled", LIMIT, || world.server.hits("/feed.xml") > 0).await;
    let new =
        item("2", "La vedetta &lt;b&gt;avvista&lt;/b&gt; una nave", "Дозорный увидел корабль. 瞭望塔发现一艘船。");
    world.server.put("/feed.xml", "application/rss+xml", rss(&[new, old]));

    let mails = world.mailbox.wait_for(1, LIMIT).await;
    let calls = world.hook.wait_for(1, LIMIT).await;
    assert_eq!((mails.len(), calls.len()), (1, 1), "{}", world.log());
    let mail = &mails[0].data;
    assert_eq!(mails[0].to, ["desk@example.org"]);
    assert!(header(mail, "Subject").expect("a subject").contains("La vedetta avvista una nave"));
    assert_eq!(header(mail, "X-Vedetta-Topic").as_deref(), Some("lookout"));
    assert_eq!(header(mail, "X-Vedetta-Severity").as_deref(), Some("high"));
    assert_eq!(header(mail, "Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(body(mail, "text/plain").contains("https://outlet.example/2"));
    assert!(body(mail, "text/html").contains("https://outlet.example/2"));

    let call = &calls[0];
    assert!(matches!(call.signature, Some(Ok(()))), "{:?}", call.signature);
    let json = call.json();
    assert_eq!(json["type"], "alert");
    assert_eq!(json["data"]["topic"]["id"], "lookout");
    assert_eq!(json["data"]["reason"], "new_story");
    assert_eq!(json["data"]["article"]["title"], "La vedetta avvista una nave");
    assert_eq!(json["data"]["article"]["matched"][0]["text"], "vedetta");
    assert!(call.header("webhook-id").len() >= 32);

    // It stays one, over further polls and a restart.
    let polls = world.server.hits("/feed.xml");
    until("two more polls", LIMIT, || world.server.hits("/feed.xml") >= polls + 2).await;
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
    let _daemon = world.daemon();
    let polls = world.server.hits("/feed.xml");
    until("polls after the restart", LIMIT, || world.server.hits("/feed.xml") >= polls + 2).await;
    assert_eq!((world.mailbox.messages().len(), world.hook.calls().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wire_story_in_four_outlets_is_told_once_and_counted() {
    let world = World::new().await;
    let feeds: String = (1..=4).map(|n| world.feed(&format!("/{n}.xml"))).collect();
    world.configure(&feeds);
    let wire = "La vedetta del porto ha avvistato all'alba una nave da carico alla deriva davanti alla costa. La capitaneria \
        ha inviato due motovedette e un rimorchiatore; l'equipaggio, undici persone, sta bene. Le cause del guasto ai \
        motori non sono note.";
    for n in 1..=4 {
        let title =
            format!("{}Nave alla deriva, salvo l'equipaggio", ["", "Porto, ", "Cronaca: ", "Alba di paura: "][n - 1]);
        world.server.put(&format!("/{n}.xml"), "application/rss+xml", rss(&[item(&format!("{n}-a"), &title, wire)]));
    }
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((world.mailbox.messages().len(), world.hook.calls().len()), (1, 1));
    let ledger = world.vedetta(&["alerts", "--format", "json"]).output().expect("it runs");
    let alert: serde_json::Value = serde_json::from_slice(&ledger.stdout).expect("one JSON line");
    assert_eq!(alert["story_size"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_down_delays_the_mail_and_nothing_else() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.mailbox.misbehave(vedetta::demo::Mischief::RefuseConnection("421 4.3.2 come back later".into()), 1);
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((world.mailbox.messages().len(), world.hook.calls().len()), (0, 1));
    let waiting = world.vedetta(&["deliveries", "--state", "due", "--format", "json"]).output().expect("it runs");
    let delivery: serde_json::Value = serde_json::from_slice(&waiting.stdout).expect("one JSON line");
    assert_eq!(delivery["channel"], "desk");
    assert!(delivery["message"].as_str().is_some_and(|message| message.contains("421")), "{delivery}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_linked_page_is_matched_where_full_text_is_on_and_its_absence_is_told() {
    let world = World::new().await;
    let feed = format!("{}full_text = true\n", world.feed("/feed.xml"));
    world.configure(&feed);
    let page = "<html lang=it><head><title>Porto</title></head><body><nav>menu vedetta</nav><article><h1>Notizie dal porto</h1>\
        <p>Questa mattina il traffico nel porto è stato regolare, con otto arrivi e sei partenze secondo la capitaneria.</p>\
        <p>Nel pomeriggio una torre di guardia, la storica vedetta del molo, è stata riaperta al pubblico dopo i restauri.</p>\
        <p>La cerimonia si è svolta alla presenza del sindaco e di molti cittadini, con la banda e una mostra fotografica.</p>\
        </article></body></html>";
    world.server.put("/page", "text/html; charset=utf-8", page);
    let wall = "<html lang=it><head><script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"isAccessibleForFree\":false}</script></head>\
        <body><article><h1>Porto</h1><p>Questa mattina il traffico nel porto è stato regolare, con otto arrivi e sei partenze secondo la capitaneria, \
        e nel pomeriggio il molo è stato riaperto al pubblico.</p><p>Abbonati alla vedetta per continuare a leggere.</p></article></body></html>";
    world.server.put("/wall/1", "text/html; charset=utf-8", wall);
    world.server.put("/wall/2", "text/html; charset=utf-8", wall);
    // More elements than are read before the article begins.
    let flood = page.replace("<article>", &format!("{}<article>", "<i>.</i>".repeat(31_000)));
    world.server.put("/flood", "text/html; charset=utf-8", flood);
    let link = |guid: &str, path: &str, title: &str| {
        format!(
            "<item><guid>{guid}</guid><link>{}</link><title>{title}</title><description>Breve.</description></item>",
            world.server.url(path)
        )
    };
    let items = link("1", "/page", "Notizie dal porto")
        + &link("2", "/gone", "Una vedetta senza pagina")
        + &link("3", "/wall/1", "Una vedetta a pagamento")
        + &link("4", "/wall/2", "Il porto a pagamento")
        + &link("5", "/flood", "Tutto il resto del giorno");
    let feed = format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>");
    world.server.put("/feed.xml", "application/rss+xml", feed);
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mails = world.mailbox.messages();
    assert_eq!(mails.len(), 4, "{}", String::from_utf8_lossy(&output.stderr));
    let texts: Vec<_> = mails.iter().map(|mail| body(&mail.data, "text/plain")).collect();
    assert!(texts.iter().any(|text| text.contains("la storica *vedetta* del molo")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("Una vedetta senza pagina") && text.contains("404")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("Una vedetta a pagamento") && text.contains("paywall")), "{texts:?}");
    let rough = texts.iter().find(|text| text.contains("Tutto il resto del giorno")).expect("the flooded page alerts");
    assert!(rough.contains("menus and teasers included") && rough.contains("more elements"), "{rough}");
    let texts: Vec<_> = world.hook.calls().iter().map(|call| call.json()["data"]["article"]["text"].clone()).collect();
    assert!(texts.iter().any(|text| text == "rough"), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_article_that_newly_matches_alerts_once() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    for (title, mails) in [("Il porto", 0), ("La vedetta del porto", 1), ("La vedetta del porto, aggiornamento", 1)] {
        world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", title, "")]));
        let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(world.mailbox.messages().len(), mails, "{title}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_recorded_and_told_to_a_topic_that_asks_for_it() {
    let world = World::new().await;
    let rules = format!("{}\n[topic.story]\nalert_on = [\"first\", \"changed\"]\n", crate::support::RULES);
    world.write("rules/lookout.toml", &rules);
    world.configure(&world.feed("/feed.xml"));
    let told = [
        ("La vedetta segnala 5 navi", "Дозорный видел пять кораблей.", 1),
        ("La vedetta segnala 5 navi", "Дозорный видел пять кораблей.", 1),
        ("La vedetta segnala 9 navi", "Дозорный видел девять кораблей.", 2),
        ("La vedetta segnala 9 navi", "Дозорный  видел девять\nкораблей.", 2),
    ];
    for (title, text, mails) in told {
        world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", title, text)]));
        let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(world.mailbox.messages().len(), mails, "{title}: {text}");
    }
    let mails = world.mailbox.messages();
    let text = body(&mails[1].data, "text/plain");
    assert!(
        text.contains("was: La vedetta segnala 5 navi") && text.contains("now: La vedetta segnala 9 navi"),
        "{text}"
    );
    assert!(text.contains("Дозорный видел девять кораблей."), "{text}");
    assert_eq!(header(&mails[1].data, "In-Reply-To"), header(&mails[0].data, "Message-ID"));
    let json = world.hook.calls()[1].json();
    assert_eq!(json["data"]["reason"], "changed");
    assert_eq!(json["data"]["change"]["title_before"], "La vedetta segnala 5 navi");
    assert_eq!(json["data"]["change"]["passages"][0]["removed"], "5 ");
    let history = world.vedetta(&["article", "history", "https://outlet.example/1"]).output().expect("it runs");
    let history = String::from_utf8_lossy(&history.stdout).into_owned();
    assert!(history.contains("- title: La vedetta segnala 5 navi\n  + title: La vedetta segnala 9 navi"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_an_article_whose_page_is_read_compares_the_pages() {
    let world = World::new().await;
    let rules = format!("{}\n[topic.story]\nalert_on = [\"first\", \"changed\"]\n", crate::support::RULES);
    world.write("rules/lookout.toml", &rules);
    world.configure(&format!("{}full_text = true\n", world.feed("/feed.xml")));
    for (round, ships) in ["cinque", "nove"].into_iter().enumerate() {
        let page = format!(
            "<html lang=it><head><title>Porto</title></head><body><article><h1>Notizie dal porto</h1>\
            <p>Questa mattina la vedetta del molo ha contato {ships} navi in rada, in attesa dei rimorchiatori della sera.</p>\
            <p>Il traffico è stato regolare per tutta la giornata, secondo la capitaneria, che ha lodato i piloti del porto.</p>\
            </article></body></html>"
        );
        world.server.put("/page", "text/html; charset=utf-8", page);
        let entry = format!(
            "<item><guid>1</guid><link>{}</link><title>Notizie dal porto ({round})</title></item>",
            world.server.url("/page")
        );
        let feed = format!("<rss version=\"2.0\"><channel><title>T</title>{entry}</channel></rss>");
        world.server.put("/feed.xml", "application/rss+xml", feed);
        let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let calls = world.hook.calls();
    assert_eq!(calls.len(), 2);
    let passages = &calls[1].json()["data"]["change"]["passages"];
    let body = passages.as_array().expect("passages").iter().find(|passage| passage["field"] == "body");
    let body = body.unwrap_or_else(|| panic!("no passage of the body in {passages}"));
    assert_eq!((&body["removed"], &body["added"]), (&"cinque ".into(), &"nove ".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_an_edited_entry_is_only_asked_whether_it_changed() {
    let world = World::new().await;
    let rules = format!("{}\n[topic.story]\nalert_on = [\"first\", \"changed\"]\n", crate::support::RULES);
    world.write("rules/lookout.toml", &rules);
    world.configure(&format!("{}full_text = true\n", world.feed("/feed.xml")));
    let page = "<html lang=it><head><title>Porto</title></head><body><article><h1>Notizie dal porto</h1>\
        <p>Questa mattina la vedetta del molo ha contato nove navi in rada, in attesa dei rimorchiatori della sera.</p>\
        <p>Il traffico è stato regolare per tutta la giornata, secondo la capitaneria, che ha lodato i piloti.</p>\
        </article></body></html>";
    world.server.put("/page", "text/html; charset=utf-8", page);
    world.server.move_to("/link", &world.server.url("/page"));
    for title in ["Notizie dal porto", "Notizie dal porto: aggiornamento", "Notizie dal porto: rettifica"] {
        let entry =
            format!("<item><guid>1</guid><link>{}</link><title>{title}</title></item>", world.server.url("/link"));
        let feed = format!("<rss version=\"2.0\"><channel><title>T</title>{entry}</channel></rss>");
        world.server.put("/feed.xml", "application/rss+xml", feed);
        let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!((world.server.hits("/page"), world.server.unchanged("/page")), (3, 2));
    let calls = world.hook.calls();
    assert_eq!(calls.len(), 3, "the text that was not sent again still matches");
    for call in &calls[1..] {
        let json = call.json();
        let passages = json["data"]["change"]["passages"].as_array().expect("passages").clone();
        assert!(passages.iter().all(|passage| passage["field"] == "title"), "{passages:?}");
        assert_eq!(json["data"]["article"]["text"], "page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reached_by_a_redirect_to_another_host_is_the_publishers() {
    let world = World::new().await;
    world.configure(&format!("{}full_text = true\n", world.feed("/feed.xml")));
    // The same server under another name: another site.
    let publisher = world.server.url("/page").replace("127.0.0.1", "localhost");
    let page = "<html lang=it><head><title>Porto</title></head><body><article><h1>Notizie dal porto</h1>\
        <p>Questa mattina la vedetta del molo ha contato nove navi in rada, in attesa dei rimorchiatori della sera.</p>\
        <p>Il traffico è stato regolare per tutta la giornata, secondo la capitaneria, che ha lodato i piloti.</p>\
        </article></body></html>";
    world.server.put("/page", "text/html; charset=utf-8", page);
    world.server.put_status("/r/1", 302, "text/plain", "");
    world.server.move_to("/r/1", &publisher);
    let entry = format!("<item><guid>1</guid><link>{}</link><title>Porto</title></item>", world.server.url("/r/1"));
    let feed = format!("<rss version=\"2.0\"><channel><title>T</title>{entry}</channel></rss>");
    world.server.put("/feed.xml", "application/rss+xml", feed);
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = world.hook.calls();
    assert_eq!(calls.len(), 1, "{}", String::from_utf8_lossy(&output.stderr));
    let article = &calls[0].json()["data"]["article"];
    assert_eq!((&article["url"], &article["source"]), (&publisher.as_str().into(), &"localhost".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_for_sources_fits_the_host_that_a_link_shows_also_its_www() {
    let world = World::new().await;
    let filter =
        "\n[[topic]]\nid = \"filtered\"\nmatch = '@lookout'\n[topic.where]\nsources = [\"*.outlet.example\"]\n";
    world.write("rules/filtered.toml", filter);
    world.configure(&world.feed("/feed.xml"));
    let text = rss(&[item("1", "La vedetta avvista una nave", "")]);
    world.server.put(
        "/feed.xml",
        "application/rss+xml",
        text.replace("https://outlet.example/1", "https://www.outlet.example/1"),
    );
    let mut command = world.vedetta(&["run", "--once"]);
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("joined");
    let alerts =
        world.hook.calls().iter().map(|call| call.json()["data"]["topic"]["id"].to_string()).collect::<Vec<_>>();
    assert!(
        alerts.iter().any(|topic| topic.contains("filtered")),
        "{alerts:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
