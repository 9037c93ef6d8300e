//! Pages without a feed, from the configuration to the mail, and as tried out from the shell.

use crate::support::{World, body, item, rss};

fn page(items: &[(&str, &str)]) -> String {
    let list: String = items
        .iter()
        .map(|(path, title)| {
            format!("<div class='card'><h3><a href='{path}'>{title}</a></h3><span class=d>22.11.2026</span></div>")
        })
        .collect();
    format!(
        "<!doctype html><html lang=it><head><title>Sala stampa</title></head><body><nav><a href=/>casa</a></nav>{list}</body></html>"
    )
}

fn once(world: &World) -> std::process::Output {
    world.vedetta(&["run", "--once"]).output().expect("it runs")
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_watched_by_its_selectors_and_a_rebuilt_one_is_told() {
    let world = World::new().await;
    let url = world.server.url("/press");
    world.configure(&format!(
        "\n[[page]]\nurl = \"{url}\"\nitem = \"div.card\"\ntitle = \"h3\"\ndate = \"span.d\"\ndate_format = \"%d.%m.%Y\"\nlabels = {{ desk = \"море\" }}\n"
    ));
    let html = "text/html; charset=utf-8";
    world.server.put("/press", html, page(&[("/1", "Calma piatta")]));
    let output = once(&world);
    assert!(output.status.success(), "{}", said(&output));
    world.server.put("/press", html, page(&[("/2", "瞭望塔发现一艘船"), ("/1", "Calma piatta")]));
    once(&world);
    once(&world);
    let mails = world.mailbox.messages();
    assert_eq!(mails.len(), 1);
    assert_eq!((world.server.hits("/press"), world.server.unchanged("/press")), (3, 1), "asked whether it changed");
    assert!(body(&mails[0].data, "text/plain").contains(&world.server.url("/2")));
    // The site is built anew.
    world.server.put("/press", html, page(&[("/3", "La vedetta")]).replace("card", "tile"));
    let output = once(&world);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("`div.card` finds nothing"), "{}", said(&output));
    let list = world.vedetta(&["feed", "list"]).output().expect("it runs");
    assert!(said(&list).contains("finds nothing on the page"), "{}", said(&list));
    // The person looks for new selectors, and writes them down: the page is read again although it is the same.
    let found = world.vedetta(&["feed", "try", &url, "--item", "div.tile"]).output().expect("it runs");
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).expect("one JSON line");
    assert_eq!((&found["kind"], &found["entries"][0]["title"]), (&"page".into(), &"La vedetta".into()));
    let config = std::fs::read_to_string(world.config()).expect("the configuration");
    world.write("vedetta.toml", &config.replace("div.card", "div.tile"));
    assert!(once(&world).status.success());
    assert_eq!(world.mailbox.messages().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn selectors_are_tried_on_files_and_configured_pages_need_none() {
    let world = World::new().await;
    let url = world.server.url("/press");
    world.configure(&format!("\n[[page]]\nurl = \"{url}\"\nitem = \"div.card\"\n"));
    world.server.put("/press", "text/html; charset=utf-8", page(&[("/1", "Дозор")]));
    let found = world.vedetta(&["feed", "poll", &url]).output().expect("it runs");
    assert!(said(&found).contains("\"title\":\"Дозор\""), "{}", said(&found));
    world.write("page.html", &page(&[("/1", "Дозор")]));
    let parse = |selectors: &[&str]| {
        let arguments = [&["feed", "parse", "page.html", "--url", "https://a.example/"], selectors].concat();
        world.vedetta(&arguments).output().expect("it runs")
    };
    let found = parse(&["--item", ".card", "--date", ".d", "--date-format", "%d.%m.%Y"]);
    assert!(
        said(&found).contains("2026-11-22T00:00:00Z") && said(&found).contains("https://a.example/1"),
        "{}",
        said(&found)
    );
    assert_eq!(parse(&["--item", ".nothing"]).status.code(), Some(1));
    assert_eq!(parse(&["--item", "li["]).status.code(), Some(2));
    assert_eq!(parse(&[]).status.code(), Some(1));
    // A feed stays a feed.
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Маяк", "")]));
    let found = world.vedetta(&["feed", "try", &world.server.url("/feed.xml")]).output().expect("it runs");
    assert!(said(&found).contains("\"kind\":\"rss\""), "{}", said(&found));
}
