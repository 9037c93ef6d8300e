//! `vedetta feed discover`: what a site offers, found, fetched, read and added.

use serde_json::Value;

use crate::support::{World, item, rss};

fn lines(output: &std::process::Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn run(world: &World, arguments: &[&str]) -> std::process::Output {
    world.vedetta(&[&["feed", "discover"], arguments].concat()).output().expect("it runs")
}

/// A site with a declared feed, one for comments, a linked one, a news sitemap named by an index in `robots.txt`, and a
/// feed at a usual place.
fn build(world: &World) {
    let server = &world.server;
    let xml = "application/xml";
    // The path as the server gets it.
    server.put(
        "/%D0%BC%D0%B8%D1%80/",
        "text/html; charset=utf-8",
        "<html><head><link rel=alternate type='application/rss+xml' href='/comments/feed'>\
         <link rel=alternate type='application/rss+xml' title='Лента' href='/main.rss'>\
         <link rel=alternate type='application/atom+xml' href='/gone.atom'></head>\
         <body><a href='/asia'>亚洲 RSS</a><a href='/login.rss'>RSS</a></body></html>",
    );
    let dated = |title: &str| {
        rss(&[item("1", title, "")])
            .replace("<title>Test</title>", &format!("<title>{title}</title>"))
            .replace("</item>", "<pubDate>Sun, 22 Nov 2026 10:00:00 +0300</pubDate></item>")
    };
    server.put("/main.rss", "application/rss+xml", dated("Маяк: главное"));
    server.put("/comments/feed", "application/rss+xml", dated("Comments on Маяк"));
    server.put("/asia", "application/rss+xml", dated("亚洲新闻"));
    server.put("/login.rss", "text/html", "<html><title>Вход</title></html>");
    // The same feed at a usual place is no second one.
    server.put("/rss.xml", "application/rss+xml", dated("Маяк: главное"));
    server.put("/atom.xml", "application/rss+xml", dated("منارة"));
    server.put("/robots.txt", "text/plain", format!("User-agent: *\nSitemap: {}\n", server.url("/карты.xml")));
    let sitemap = |path: &str| format!("<sitemap><loc>{}</loc></sitemap>", server.url(path));
    server.put(
        "/%D0%BA%D0%B0%D1%80%D1%82%D1%8B.xml",
        xml,
        format!("<sitemapindex>{}{}</sitemapindex>", sitemap("/pages.xml"), sitemap("/news-1.xml")),
    );
    server.put(
        "/news-1.xml",
        xml,
        "<urlset xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\"><url><loc>https://a.example/1</loc><news:news>\
         <news:title>灯塔</news:title><news:publication_date>2026-11-22T10:00:00Z</news:publication_date></news:news></url></urlset>",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_gives_up_its_feeds_and_sitemaps_and_the_best_is_added() {
    let world = World::new().await;
    world.configure("\n[feeds]\npaths = [\"feeds.toml\"]\n");
    world.write("feeds.toml", "# Моря и маяки\n");
    build(&world);
    let site = world.server.url("/мир/");
    let output = run(&world, &[&site, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let found = lines(&output);
    let short: Vec<_> = found
        .iter()
        .map(|source| {
            let url = source["url"].as_str().unwrap();
            let path = url.strip_prefix(&world.server.url("")).unwrap();
            (path.to_owned(), source["found"].as_str().unwrap().to_owned())
        })
        .collect();
    let expect = [
        ("/main.rss", "link"),
        ("/news-1.xml", "robots"),
        ("/asia", "anchor"),
        ("/atom.xml", "well_known"),
        ("/%D0%BA%D0%B0%D1%80%D1%82%D1%8B.xml", "robots"),
        ("/comments/feed", "link"),
    ];
    assert_eq!(short, expect.map(|(path, found)| (path.to_owned(), found.to_owned())));
    assert_eq!(found[0]["kind"], "rss");
    assert_eq!((&found[0]["title"], &found[0]["entries"]), (&Value::from("Маяк: главное"), &Value::from(1)));
    assert_eq!(found[0]["latest"], "2026-11-22T07:00:00Z");
    assert_eq!((&found[4]["index"], &found[5]["comments"]), (&Value::from(true), &Value::from(true)));

    let output = run(&world, &[&site, "--add"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let list = || std::fs::read_to_string(world.folder.path().join("feeds.toml")).unwrap();
    assert!(list().starts_with("# Моря и маяки\n") && list().contains("name = \"Маяк: главное\""), "{}", list());
    let output = run(&world, &[&site, "--add-all"]);
    assert!(said(&output).contains("a feed already"), "{}", said(&output));
    assert_eq!(list().matches("[[feed]]").count(), 4, "{}", list());
    let check = world.vedetta(&["check"]).output().expect("it runs");
    assert_eq!(check.status.code(), Some(0), "{}", said(&check));
    // A feed's own address is the answer.
    let output = run(&world, &[&world.server.url("/asia")]);
    assert_eq!((lines(&output).len(), &lines(&output)[0]["found"]), (1, &Value::from("itself")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_feeds_an_unreachable_one_and_a_private_one_are_told_apart() {
    let world = World::new().await;
    world.configure("");
    world.server.put("/", "text/html", "<html><title>Пусто</title></html>");
    let output = run(&world, &[&world.server.url("/")]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("no feed and no sitemap"), "{}", said(&output));
    let output = run(&world, &["http://127.0.0.1:9/"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("allow"), "{}", said(&output));
    let output = run(&world, &["http://"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_a_secure_connection_is_found_by_its_name_alone() {
    let world = World::new().await;
    world.configure("");
    build(&world);
    let output = run(&world, &[&format!("{}/%D0%BC%D0%B8%D1%80/", world.server.address())]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(lines(&output).iter().any(|source| source["title"] == "Маяк: главное"), "{}", said(&output));
}
