//! Feeds of every format, encoding and kind of damage: what is read from them, and that it is known again.

use std::collections::HashSet;

use url::Url;
use vedetta::fetch::{EntryIdentity, FeedKind, ParseError, ParsedFeed, identify, parse_feed};

fn read(file: &str) -> Vec<u8> {
    std::fs::read(format!("tests/feeds/{file}")).unwrap()
}

fn base() -> Url {
    Url::parse("https://feeds.example/feed.xml").unwrap()
}

fn parse(bytes: &[u8]) -> ParsedFeed {
    parse_feed(bytes, None, &base()).unwrap()
}

fn titles(feed: &ParsedFeed) -> Vec<&str> {
    feed.entries.iter().map(|entry| entry.title.as_deref().unwrap_or("")).collect()
}

#[test]
fn an_rss_feed_is_read_whole() {
    let feed = parse(&read("rss20.xml"));
    insta::assert_json_snapshot!(feed, { ".warnings" => insta::dynamic_redaction(|value, _| value) });
    assert_eq!(feed.poll_hint, Some(std::time::Duration::from_secs(30 * 60)));
}

#[test]
fn an_atom_feed_is_read_whole() {
    insta::assert_json_snapshot!(parse(&read("atom10.xml")));
}

#[test]
fn a_json_feed_is_read_whole() {
    insta::assert_json_snapshot!(parse(&read("feed.json")));
}

#[test]
fn every_format_is_read() {
    for (file, kind, count, first, language) in [
        ("rss20.xml", FeedKind::Rss, 2, "Difesa aerea, l'Italia ordina nuovi radar", "it-IT"),
        ("rss091.xml", FeedKind::Rss, 2, "Interceptor test succeeds", "en"),
        ("rss090.rdf", FeedKind::Rdf, 1, "First item", ""),
        ("rss10.rdf", FeedKind::Rdf, 1, "ミサイル防衛の新レーダー、来春に配備へ", "ja"),
        ("atom10.xml", FeedKind::Atom, 2, "Россия и Китай провели учения ПРО", "ru"),
        ("atom03.xml", FeedKind::Atom, 1, "Flugabwehr übt im Norden", "de"),
        ("feed.json", FeedKind::Json, 2, "俄中举行联合反导演习", "zh-CN"),
        ("cdf.xml", FeedKind::Cdf, 1, "An item", ""),
        ("arabic.xml", FeedKind::Rss, 1, "اختبار منظومة جديدة للدفاع الصاروخي", "ar"),
    ] {
        let feed = parse(&read(file));
        assert_eq!((feed.kind, feed.entries.len()), (kind, count), "{file}");
        assert_eq!(titles(&feed)[0], first, "{file}");
        assert!(feed.language.as_deref().unwrap_or("").eq_ignore_ascii_case(language), "{file}");
        assert!(feed.link.is_some() && feed.entries[0].link.is_some(), "{file}");
        assert!(feed.warnings.is_empty(), "{file}: {:?}", feed.warnings);
    }
    let rdf = parse(&read("rss10.rdf"));
    assert_eq!(rdf.entries[0].id.as_deref(), Some("https://news.example.jp/1"));
    assert_eq!(rdf.entries[0].published.unwrap().to_string(), "2026-11-22T08:30:00Z");
    assert_eq!(rdf.poll_hint, Some(std::time::Duration::from_secs(30 * 60)));
    let arabic = parse(&read("arabic.xml"));
    assert_eq!(arabic.entries[0].published.unwrap().to_string(), "2026-11-22T07:00:00Z");
}

#[test]
fn every_encoding_is_read() {
    for (file, title, summary) in [
        ("windows-1251.xml", "Испытана новая система ПРО", "Пуск прошёл успешно, сообщили в министерстве."),
        (
            "koi8-r-undeclared.xml",
            "Испытана новая система ПРО",
            "Пуск прошёл успешно, сообщили в министерстве обороны страны.",
        ),
        ("big5.xml", "國防部公布飛彈防禦演習", "演習為期三天。"),
        ("gb2312.xml", "朱镕基谈话后举行反导演习", "演习为期三天。"),
        ("shift_jis.xml", "新型レーダーの配備が始まる", "来月まで続く。"),
        ("euc-kr.xml", "미사일 방어 훈련 시작", "사흘 동안 이어진다."),
        (
            "latin1-undeclared.xml",
            "La città è più sicura, così il generale",
            "Perché l'esercitazione è già finita, e andrà ripetuta.",
        ),
        ("utf16.xml", "Νέο σύστημα αντιπυραυλικής άμυνας", "Η δοκιμή πέτυχε."),
    ] {
        let feed = parse(&read(file));
        assert_eq!(titles(&feed), [title], "{file}");
        assert_eq!(feed.entries[0].summary.as_deref(), Some(summary), "{file}");
    }
}

#[test]
fn broken_feeds_lose_nothing_but_what_is_broken() {
    for (file, second_title, second_summary) in [
        ("broken-ampersand.xml", "Radar & sonar 2 <3", "Testo 2"),
        ("broken-unclosed.xml", "Radar 2", "Testo 2 grosso\ne vivo"),
        ("broken-truncated.xml", "Radar 2", "Testo 2"),
        ("broken-before.xml", "Radar 2", "Testo 2"),
        ("broken-bytes.xml", "Radar 2", "Tesÿto 2"),
        ("broken-version.xml", "Radar 2", "Testo 2"),
        ("broken-entities.xml", "Radar 2", "Caffè &nosuch; 2"),
        ("broken-attributes.xml", "Radar 2", "Testo 2"),
    ] {
        let feed = parse(&read(file));
        assert_eq!(feed.entries.len(), 3, "{file}: {:?}", titles(&feed));
        let second = &feed.entries[1];
        assert_eq!(second.title.as_deref(), Some(second_title), "{file}");
        assert_eq!(second.summary.as_deref(), Some(second_summary), "{file}");
        for (entry, n) in feed.entries.iter().zip(1..) {
            assert_eq!(entry.id.as_deref(), Some(format!("https://broken.example/{n}").as_str()), "{file}");
            assert_eq!(entry.link, entry.id, "{file}");
            // The last entry of the truncated feed ends before its date.
            let date = (file != "broken-truncated.xml" || n < 3).then(|| format!("2026-11-22T0{n}:00:00Z"));
            assert_eq!(entry.published.map(|date| date.to_string()), date, "{file}");
        }
        let is_told = ["ampersand", "unclosed", "truncated", "before"].iter().any(|kind| file.contains(kind));
        assert_eq!(is_told, !feed.warnings.is_empty(), "{file}: {:?}", feed.warnings);
    }
    let damaged = parse(&read("broken-ampersand.xml"));
    assert!(damaged.warnings[0].starts_with("not well-formed at line 4, column "), "{:?}", damaged.warnings);
}

#[test]
fn an_entry_cut_off_before_its_identity_is_left_for_the_next_poll() {
    let whole = "<rss version=\"2.0\"><channel><title>t</title><item><title>One</title><link>https://a.example/1</link></item><item><title>Two</title><link>https://a.exa";
    let feed = parse(whole.as_bytes());
    assert_eq!(titles(&feed), ["One"]);
    assert_eq!(feed.warnings.last().map(String::as_str), Some("the document ends in the middle of an entry"));
}

#[test]
fn a_feed_cut_anywhere_is_told_from_a_whole_one_and_what_came_whole_is_as_it_was() {
    for file in [
        "arabic.xml",
        "atom03.xml",
        "atom10.xml",
        "big5.xml",
        "broken-ampersand.xml",
        "cdf.xml",
        "euc-kr.xml",
        "gb2312.xml",
        "rss10.rdf",
        "rss20.xml",
        "shift_jis.xml",
        "utf16.xml",
        "windows-1251.xml",
        "feed.json",
    ] {
        let bytes = read(file);
        let whole = parse(&bytes);
        let identities = identify(&whole);
        assert!(!whole.ends_early, "{file}");
        let mut ends = 0;
        for length in 1..bytes.len() {
            let Ok(cut) = parse_feed(&bytes[..length], None, &base()) else { continue };
            let is_blank = bytes[length..].iter().all(|byte| matches!(byte, b'\n' | b'\r' | b' ' | 0));
            // RSS has said all that it has with the end of its channel.
            let tail = if file == "utf16.xml" { 24 } else { 12 };
            assert!(cut.ends_early || is_blank || bytes.len() - length <= tail, "{file} cut to {length}");
            let cut = cut.whole_entries();
            assert_eq!(titles(&cut), titles(&whole)[..cut.entries.len()], "{file} cut to {length}");
            assert_eq!(identify(&cut), identities[..cut.entries.len()], "{file} cut to {length}");
            ends += usize::from(cut.ends_early && !cut.entries.is_empty());
        }
        assert!(ends > 0, "{file}");
    }
}

#[test]
fn broken_feeds_that_have_their_end_are_not_called_cut_off() {
    for file in std::fs::read_dir("tests/feeds").expect("there").map(|file| file.expect("readable")) {
        let name = file.file_name().to_string_lossy().into_owned();
        let feed = parse(&std::fs::read(file.path()).expect("readable"));
        assert_eq!(feed.ends_early, name == "broken-truncated.xml", "{name}");
        assert!(feed.ends_early || !feed.last_is_part, "{name}");
    }
    // No `</rss>`, an end in capitals, remarks behind the end, an item, a text and an attribute that never end.
    let item = "<item><guid>1</guid><title>Учения</title></item>";
    for text in [
        format!("<rss><channel><title>t</title>{item}</channel>"),
        format!("<rss><channel><title>t</title>{item}</CHANNEL></RSS>\n\0"),
        format!("<rss><channel><title>t</title>{item}</channel></rss><!-- <b>31 queries</b> --> <!-- cached -->"),
        format!("<rss><channel><title>t</title>{item}</channel></rss><br/><b>Warning</b>: nothing"),
        "<rss><channel><title>t</title><item><guid>1</guid><title>演习</channel></rss>".to_owned(),
        format!(
            "<rss><channel><title>t</title>{item}<item><guid>2</guid><title><![CDATA[演习</title></item></channel></rss>"
        ),
        format!("<rss><channel><title>t</title>{item}<item><guid>2</guid><a b=\"演习></item></channel></rss>"),
        "<feed/>".to_owned(),
        "<rss version=\"2.0\"/>".to_owned(),
        format!("<x:rdf xmlns:x=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><channel/>{item}</x:rdf>"),
    ] {
        assert!(!parse(text.as_bytes()).ends_early, "{text}");
    }
    for text in [
        format!("<rss><channel><title>t</title>{item}"),
        format!("<rss><channel><title>t</title>{item}<br />\n<b>Fatal error</b>: out of memory"),
        format!("<rdf:RDF><channel><title>t</title></channel>{item}<it"),
        "<feed><title>t</title><entry><id>1</id><title>演".to_owned(),
    ] {
        assert!(parse(text.as_bytes()).ends_early, "{text}");
    }
}

/// The same document with one bare `&` in it, so that the strict reader refuses it.
fn damaged(text: &str) -> Option<String> {
    let end = ["</channel>", "</feed>", "</rdf:RDF>"].iter().filter_map(|tag| text.rfind(tag)).min()?;
    Some(format!("{}<generator>a & b</generator>{}", &text[..end], &text[end..]))
}

/// Both readers must agree on everything that an entry is known by.
fn assert_same_when_damaged(name: &str, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(damaged) = damaged(text) else { return };
    let (Ok(strict), Ok(lenient)) = (parse_feed(bytes, None, &base()), parse_feed(damaged.as_bytes(), None, &base()))
    else {
        return;
    };
    let (before, after) = (identify(&strict), identify(&lenient));
    assert_eq!(before.len(), after.len(), "{name}");
    for (index, (before, after)) in before.iter().zip(&after).enumerate() {
        let known: HashSet<i64> = before.keys.iter().copied().collect();
        assert!(
            after.keys.iter().any(|key| known.contains(key)),
            "{name}[{index}]: {:?} is not {:?}",
            strict.entries[index],
            lenient.entries[index]
        );
    }
}

#[test]
fn a_feed_that_breaks_for_a_day_is_known_again() {
    for file in ["rss20.xml", "rss091.xml", "rss10.rdf", "atom10.xml", "atom03.xml", "arabic.xml", "no-guids.xml"] {
        assert_same_when_damaged(file, &read(file));
    }
}

#[test]
fn entries_without_guids_are_new_once() {
    let feed = parse(&read("no-guids.xml"));
    let identities = identify(&feed);
    assert_eq!(identities.len(), 3);
    let naturals: HashSet<&str> = identities.iter().map(|identity| identity.natural.as_str()).collect();
    assert_eq!(naturals.len(), 3);
    assert_eq!(identify(&parse(&read("no-guids.xml"))), identities);
}

#[test]
fn names_in_angle_brackets_stay_in_titles_and_unclosed_frames_hide_nothing() {
    let rss = parse(
        "<rss version='2.0'><channel><title>뉴스</title><item><title>&lt;BTS&gt; 공연 매진</title>\
         <description>Il radar &lt;iframe src='x'&gt; al confine</description></item></channel></rss>"
            .as_bytes(),
    );
    assert_eq!(titles(&rss), ["<BTS> 공연 매진"]);
    assert_eq!(rss.entries[0].summary.as_deref(), Some("Il radar\n\nal confine"));
    let atom = parse(
        b"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>urn:1</id><title type='text'>A &lt;dialog> box</title>\
          <summary>List&lt;String> in Java</summary><content type='text'>Fig. 1 &lt;x> y</content></entry>\
          <entry><id>urn:2</id><title type='application/x-custom'>test</title><summary mode='base64'>PHA+ZHVlPC9wPg==</summary></entry></feed>",
    );
    assert_eq!(titles(&atom), ["A <dialog> box", "test"]);
    assert_eq!(atom.entries[0].summary.as_deref(), Some("List<String> in Java"));
    let content = atom.entries[0].content.as_ref().unwrap();
    assert_eq!(
        (content.to_text().as_str(), content.to_sanitised_html().as_str()),
        ("Fig. 1 <x> y", "<p>Fig. 1 &lt;x&gt; y</p>")
    );
    assert_eq!(atom.entries[1].summary.as_deref(), Some("due"));
}

#[test]
fn a_recording_stands_in_for_a_missing_link_and_a_picture_does_not() {
    let feed = parse(
        b"<rss version='2.0'><channel><title>t</title>\
          <item><guid isPermaLink='false'>1</guid><enclosure url=' '/><enclosure url='/1.mp3' type='audio/mpeg'/></item>\
          <item><guid isPermaLink='false'>2</guid><enclosure url='/2.jpg' type='image/jpeg'/></item>\
          <item><link>/3</link><enclosure url='/3.mp3' type='audio/mpeg'/></item></channel></rss>",
    );
    let links: Vec<Option<&str>> = feed.entries.iter().map(|entry| entry.link.as_deref()).collect();
    assert_eq!(links, [Some("https://feeds.example/1.mp3"), None, Some("https://feeds.example/3")]);
}

#[test]
fn a_relative_id_is_resolved_by_a_stated_base_only() {
    let entry =
        "<entry><id>uno/1</id><title>t</title><link href='uno/1'/><updated>2026-11-22T10:00:00Z</updated></entry>";
    let stated = format!(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://a.example/x/' lang='pt_BR'><title>t</title>{entry}</feed>"
    );
    let feed = parse(stated.as_bytes());
    assert_eq!(feed.entries[0].id.as_deref(), Some("https://a.example/x/uno/1"));
    assert_eq!(feed.entries[0].link.as_deref(), Some("https://a.example/x/uno/1"));
    assert_eq!(feed.language.as_deref(), Some("pt-BR"));
    // The address of the feed may change from http to https, and nothing must be new then.
    let unstated = format!("<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>{entry}</feed>");
    assert_eq!(parse(unstated.as_bytes()).entries[0].id.as_deref(), Some("uno/1"));
}

#[test]
fn what_is_no_feed_is_called_by_its_name() {
    let error = |bytes: &[u8]| parse_feed(bytes, None, &base()).unwrap_err();
    assert_eq!(error(b""), ParseError::Empty);
    assert_eq!(error(b"\xef\xbb\xbf  \n"), ParseError::Empty);
    assert_eq!(error(b"<opml version='2.0'><body/></opml>"), ParseError::Opml);
    assert_eq!(error(b"{\"error\":\"not found\"}"), ParseError::Json);
    assert_eq!(error(b"\x89PNG\r\n\x1a\n"), ParseError::Binary { what: "a PNG image" });
    assert_eq!(error(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ParseError::OtherXml { root: "svg".into() });
    assert_eq!(
        error(b"Service temporarily unavailable"),
        ParseError::PlainText { start: "Service temporarily unavailable".into() }
    );
    assert!(matches!(
        error(b"{\"version\": \"https://jsonfeed.org/version/1\", \"items\": ["),
        ParseError::EndsEarly { line: 1, .. }
    ));
    assert!(matches!(error(b"<rss version='2.0'><channel><a></b>"), ParseError::EndsEarly { line: 1, .. }));
    assert!(matches!(error(b"<rss version='2.0'><channel><a></b></rss>"), ParseError::Broken { line: 1, .. }));
    assert!(matches!(error(b"{\"version\": nothing, \"items\": []}"), ParseError::Broken { line: 1, .. }));
    for page in [
        "<!DOCTYPE html><html><head><title>Accedi &amp; leggi</title></head><body><form></form></body></html>",
        "<html><HEAD><TITLE>\n Accedi &amp; leggi </TITLE></HEAD></html>",
        "<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x'><html><head><title>Accedi &amp; leggi</title></head></html>",
    ] {
        assert_eq!(error(page.as_bytes()), ParseError::Html { title: Some("Accedi & leggi".into()) });
    }
    assert_eq!(error(b"<html><title>Login</title>").to_string(), "this is an HTML page titled `Login`, not a feed");
}

#[test]
fn limits_hold_and_cut_on_characters() {
    let long = "я".repeat(300_000);
    let items: String =
        (0..2_001).map(|n| format!("<item><title>{n}</title><link>https://a.example/{n}</link></item>")).collect();
    let text = format!(
        "<rss version=\"2.0\"><channel><title>{long}</title><item><title>{long}</title><link>https://a.example/{}</link><guid>{long}</guid><description>{long}</description></item>{items}</channel></rss>",
        "x".repeat(5_000)
    );
    let feed = parse(text.as_bytes());
    assert_eq!(feed.entries.len(), 2_000);
    assert_eq!(feed.title.as_ref().unwrap().chars().count(), 1_000);
    let entry = &feed.entries[0];
    assert_eq!(entry.title.as_ref().unwrap().chars().count(), 1_000);
    assert_eq!(entry.summary.as_ref().unwrap().len(), 200_000);
    assert!(entry.id.as_ref().unwrap().len() <= 4_096);
    assert_eq!(entry.link, None);
    assert!(feed.warnings.iter().any(|warning| warning.contains("2000")));
}

#[test]
fn hostile_documents_are_survived() {
    let documents = [
        format!("<rss version=\"2.0\"><channel>{}", "<item>".repeat(100_000)),
        format!("<rss version=\"2.0\"><channel>{}", "<a>".repeat(300_000)),
        format!("<rss version=\"2.0\"><channel><item {}><title>x</title></item>", "a='1' ".repeat(100_000)),
        format!("<rss version=\"2.0\" {}>", (0..50_000).map(|n| format!("xmlns:a{n}='b' ")).collect::<String>()),
        format!("<rss version=\"2.0\"><channel><title>{}", "&".repeat(500_000)),
        format!("<rss version=\"2.0\"><channel>{}", "<!--".repeat(300_000)),
        format!("<rss version=\"2.0\"><channel>{}", "<!-- > ".repeat(200_000)),
        format!("<rss version=\"2.0\"><channel>{}", "<item ".repeat(200_000)),
        format!("<rss version=\"2.0\"><channel>{}", "<title>".repeat(200_000)),
        format!("<rss version=\"2.0\"><channel>{}", "</x>".repeat(300_000)),
        format!("<rss version=\"2.0\"><channel>{}", "<![CDATA[".repeat(200_000)),
        "<!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;\">]><rss version=\"2.0\"><channel><title>&c;</title></channel></rss>".to_owned(),
        format!("{{\"items\":{}", "[".repeat(500_000)),
        format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content type=\"xhtml\">{}", "<div>".repeat(200_000)),
        "\u{0}".repeat(100_000),
    ];
    for document in &documents {
        let _ = parse_feed(document.as_bytes(), None, &base());
    }
    let file = std::fs::read("/etc/hostname").unwrap_or_default();
    let xxe = "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><rss version=\"2.0\"><channel><title>[&x;]</title><item><title>t</title></item></channel></rss>";
    let title = parse(xxe.as_bytes()).title.unwrap();
    assert!(file.trim_ascii().is_empty() || !title.contains(&*String::from_utf8_lossy(file.trim_ascii())), "{title}");
}

fn sample(path: &str) -> Option<Vec<u8>> {
    let path = format!("../shared/data/real-feeds/{path}");
    std::path::Path::new(&path)
        .exists()
        .then(|| std::process::Command::new("gzip").args(["-dc", &path]).output().unwrap().stdout)
}

fn sample_lines(name: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(format!("../shared/data/real-feeds/{name}")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn real_feeds_that_break_for_a_day_are_known_again() {
    for case in sample_lines("expect.jsonl") {
        let file = case["file"].as_str().unwrap();
        assert_same_when_damaged(file, &sample(file).unwrap());
    }
}

#[test]
fn of_two_states_of_a_real_feed_only_what_is_new_is_new() {
    for pair in sample_lines("snapshots.jsonl") {
        let [earlier, later] = ["earlier", "later"].map(|key| parse(&sample(pair[key].as_str().unwrap()).unwrap()));
        let known: HashSet<i64> = identify(&earlier).into_iter().flat_map(|identity| identity.keys).collect();
        let is_new = |identity: &EntryIdentity| !identity.keys.iter().any(|key| known.contains(key));
        // The reference lists the first 60 entries of each; one that moved up into them counts as new there, not here.
        let new = identify(&later).iter().take(60).filter(|identity| is_new(identity)).count() as u64;
        let expected = pair["new"].as_u64().unwrap();
        assert!(new <= expected && (new > 0) == (expected > 0), "{}: {new} of {expected}", pair["feed_title"]);
    }
}
