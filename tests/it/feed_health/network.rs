//! Trouble of our own network, and what only looks like it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use vedetta::demo::FeedServer;
use vedetta::model::Clock as _;

use super::{HOUR, Watch, quiet_feed};
use crate::support::World;

async fn servers(count: usize) -> Vec<FeedServer> {
    let mut servers = Vec::new();
    for _ in 0..count {
        servers.push(FeedServer::start().await.expect("a server"));
    }
    servers
}

fn one_feed_each(servers: &[FeedServer]) -> String {
    servers.iter().map(|server| format!("\n[[feed]]\nurl = \"{}\"\n", server.url("/f.xml"))).collect()
}

/// All of it, besides the server of the world.
fn allow_loopback(world: &World) {
    let config = std::fs::read_to_string(world.config()).expect("written");
    world.write("vedetta.toml", &config.replace("allow = [", "allow = [\"127.0.0.0/8\", "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_down_is_one_trouble_and_not_one_for_each_feed() {
    let mut world = World::new().await;
    let mut servers = servers(4).await;
    let addresses: Vec<SocketAddr> = servers.iter().map(FeedServer::address).collect();
    let mut feeds = String::new();
    for server in &servers {
        for path in 0..5 {
            let _ = write!(feeds, "\n[[feed]]\nurl = \"{}\"\n", server.url(&format!("/{path}.xml")));
        }
    }
    let serve = |servers: &[FeedServer]| {
        for server in servers {
            for path in 0..5 {
                server.put(&format!("/{path}.xml"), "application/rss+xml", quiet_feed());
            }
        }
    };
    serve(&servers);
    world.configure(&feeds);
    allow_loopback(&world);
    world.server = FeedServer::start().await.expect("a server");
    let mut watch = Watch::new(world).await;
    assert_eq!(watch.round().await.polled, 20);
    servers.clear();
    watch.hours(5).await;
    watch.restart().await;
    watch.hours(10).await;
    assert_eq!(watch.subjects(), ["[vedetta] HIGH: No feed answers: is this machine's network down?"]);
    for address in addresses {
        servers.push(FeedServer::start_at(address).await.expect("the port is free again"));
    }
    serve(&servers);
    watch.hours(2).await;
    assert_eq!(watch.subjects()[1..], ["[vedetta] Feeds answer again"]);
    // One host alone is no network.
    servers.truncate(3);
    watch.hours(10).await;
    assert_eq!(watch.subjects()[2..], ["[vedetta] HIGH: 127.0.0.1 does not answer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_before_the_network_is_one_trouble_and_parked_sites_are_not() {
    let mut world = World::new().await;
    let mut servers = servers(5).await;
    world.configure(&one_feed_each(&servers));
    allow_loopback(&world);
    world.server = FeedServer::start().await.expect("a server");
    let portal = FeedServer::start().await.expect("a server");
    portal.put("/", "text/html", "<html><title>Wi-Fi</title><h1>Benvenuti · 欢迎</h1></html>");
    let serve = |servers: &[FeedServer]| {
        for server in servers {
            server.put("/f.xml", "application/rss+xml", quiet_feed());
        }
    };
    // The same words, with a token that differs.
    let login = |server: &FeedServer| {
        let page = format!("<html><h1>Войдите в сеть</h1><a href='/?to={}'>OK</a></html>", server.address());
        server.put("/f.xml", "text/html", page);
    };
    serve(&servers);
    let mut watch = Watch::new(world).await;
    watch.round().await;
    servers.iter().for_each(login);
    watch.hours(3).await;
    watch.restart().await;
    watch.hours(10).await;
    let title = "[vedetta] HIGH: No feed answers as itself: is this machine's network behind a login page?";
    assert_eq!(watch.subjects(), [title]);
    assert!(watch.last_mail().contains("5 feeds on 5 hosts the same web page"), "{}", watch.last_mail());
    // When it is over, the feeds are not left waiting for a day.
    let soon = watch.clock.now() + 2 * HOUR;
    let rows = watch.line.store.feeds().await.expect("readable");
    assert!(rows.iter().all(|row| row.state.next_poll_at <= soon), "{rows:?}");
    serve(&servers);
    watch.hours(2).await;
    assert_eq!(watch.subjects()[1..], ["[vedetta] Feeds answer again"]);
    // A redirect to one place is as good.
    for server in &servers {
        server.move_to("/f.xml", &portal.url("/"));
    }
    watch.hours(10).await;
    assert_eq!(watch.subjects()[2..], [title]);
    assert!(watch.last_mail().contains(&portal.address().to_string()), "{}", watch.last_mail());
    serve(&servers);
    watch.hours(2).await;
    assert_eq!(watch.subjects().len(), 4);
    // Three sites that show one page while the others answer are each their own trouble.
    servers[..3].iter().for_each(login);
    watch.hours(10).await;
    let told = watch.subjects();
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told[4..].iter().all(|told| told.contains("is a web page now, not a feed")), "{told:?}");
    // Nor are they a login page when the rest is down too for a while.
    let addresses: Vec<SocketAddr> = servers[3..].iter().map(FeedServer::address).collect();
    servers.truncate(3);
    watch.hours(1).await;
    for address in addresses {
        servers.push(FeedServer::start_at(address).await.expect("the port is free again"));
    }
    serve(&servers[3..]);
    watch.hours(2).await;
    assert_eq!(watch.subjects().len(), 7, "{:?}", watch.subjects());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_login_page_or_an_outage_of_ours_a_feeds_own_trouble_counts_from_then_on() {
    for is_login_page in [true, false] {
        let mut world = World::new().await;
        let mut servers = servers(4).await;
        let addresses: Vec<SocketAddr> = servers.iter().map(FeedServer::address).collect();
        world.configure(&one_feed_each(&servers));
        allow_loopback(&world);
        world.server = FeedServer::start().await.expect("a server");
        let serve = |servers: &[FeedServer]| {
            for server in servers {
                server.put("/f.xml", "application/rss+xml", quiet_feed());
            }
        };
        serve(&servers);
        let mut watch = Watch::new(world).await;
        watch.round().await;
        if is_login_page {
            servers.iter().for_each(|server| server.put("/f.xml", "text/html", "<html><h1>ログイン</h1></html>"));
        } else {
            servers.clear();
        }
        watch.hours(10).await;
        watch.restart().await;
        watch.hours(1).await;
        let told = watch.subjects();
        assert_eq!(told.len(), 1, "one message about our own network: {told:?}");
        if !is_login_page {
            for address in addresses {
                servers.push(FeedServer::start_at(address).await.expect("the port is free again"));
            }
        }
        // The network is back; one server of them has a trouble of its own now.
        serve(&servers[1..]);
        servers[0].put_status("/f.xml", 503, "text/plain", "busy");
        watch.hours(4).await;
        let told = watch.subjects();
        assert_eq!(told.len(), 2, "own network back, and nothing of the feed: {told:?}");
        assert!(told[1].ends_with("Feeds answer again"), "{told:?}");
        watch.hours(8).await;
        let told = watch.subjects();
        assert!(told.len() == 3 && told[2].ends_with("127.0.0.1 answers with errors"), "{told:?}");
        let mail = watch.last_mail();
        // What is told of it begins where the network's trouble ended, eleven hours after the first poll. Who came first
        // after the restart failed alone in that hour.
        let begins = ["since 2026-11-23T18:00:00Z", "since 2026-11-23T19:00:00Z"];
        assert!(begins.iter().any(|begin| mail.contains(begin)), "{mail}");
    }
}
