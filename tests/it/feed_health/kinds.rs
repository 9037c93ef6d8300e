//! Silence against a feed's own rhythm, another language, a certificate that ran out.

use std::process::Command;
use std::time::Duration;

use vedetta::model::{Clock as _, Timestamp};

use super::{HOUR, Watch, dated};
use crate::support::{World, body, header, item, rss, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_falls_silent_against_its_own_rhythm_is_told_and_so_is_its_next_word() {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Маяк\"\n", world.feed("/feed.xml")));
    let watch = Watch::new(world).await;
    let mut items: Vec<(u32, Timestamp)> = Vec::new();
    let mut number = 0;
    let mut put = |watch: &Watch| {
        number += 1;
        items.insert(0, (number, watch.clock.now()));
        watch.world.server.put("/feed.xml", "application/rss+xml", dated(items.iter().take(20).copied(), None));
    };
    put(&watch);
    watch.round().await;
    // One every three hours, over two days.
    for _ in 0..16 {
        watch.hours(2).await;
        watch.clock.advance(HOUR);
        put(&watch);
        watch.round().await;
    }
    // Three times that is not yet over …
    watch.hours(8).await;
    assert_eq!(watch.subjects(), [] as [&str; 0]);
    watch.hours(4).await;
    let told = watch.subjects();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Маяк has nothing new for"), "{told:?}");
    watch.hours(5).await;
    assert_eq!(watch.subjects().len(), 1, "once");
    put(&watch);
    watch.hours(1).await;
    assert_eq!(watch.subjects()[1..], ["[vedetta] Маяк brings new entries again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_changes_its_language_is_told_once() {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Porto\"\n", world.feed("/feed.xml")));
    let watch = Watch::new(world).await;
    let italian = "Il porto ha accolto questa mattina otto navi da carico e due traghetti, secondo la capitaneria, che prevede bel tempo.";
    let russian = "Порт принял сегодня утром восемь грузовых судов и два парома, сообщает администрация, которая ожидает хорошую погоду.";
    let mut items = Vec::new();
    let mut more = |count: u32, text: &str| {
        for _ in 0..count {
            let number = items.len();
            let title = format!("{} {number}", text.split(' ').next().unwrap_or_default());
            items.insert(0, item(&number.to_string(), &title, text));
        }
        watch.world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    };
    more(40, italian);
    watch.hours(1).await;
    // A guest or two change nothing.
    more(9, russian);
    watch.hours(1).await;
    more(1, italian);
    watch.hours(1).await;
    assert_eq!(watch.subjects(), [] as [&str; 0]);
    more(12, russian);
    watch.hours(1).await;
    more(12, russian);
    watch.hours(1).await;
    assert_eq!(watch.subjects(), ["[vedetta] Porto has changed its language from it to ru"]);
}

/// A web server whose certificate ran out years ago, by an authority that is trusted; ended when dropped.
struct Expired {
    home: tempfile::TempDir,
    port: u16,
    server: std::process::Child,
}

impl Expired {
    /// `Err`: why it can't be done here.
    fn start() -> Result<Self, String> {
        let home = tempfile::tempdir().map_err(|error| error.to_string())?;
        let root = home.path();
        let openssl = |args: &str| {
            let output = Command::new("openssl").args(args.split(' ')).current_dir(root).output();
            let output = output.map_err(|error| format!("`openssl` can't be run: {error}"))?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() { Ok(()) } else { Err(format!("openssl {args}: {said}")) }
        };
        let write = |name: &str, text: &str| std::fs::write(root.join(name), text).map_err(|error| error.to_string());
        write("names", "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n")?;
        write("index", "")?;
        write(
            "authority",
            "[ca]\ndefault_ca=this\n[this]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\ncertificate=ca.pem\n\
             private_key=ca.key\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n",
        )?;
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!("req -x509 {key} -days 2 -subj /CN=Throw-away -keyout ca.key -out ca.pem"))?;
        openssl(&format!("req {key} -subj /CN=outlet.example -keyout server.key -out server.csr"))?;
        openssl(
            "ca -batch -config authority -in server.csr -out server.pem -startdate 20200101000000Z -enddate 20200201000000Z \
             -extfile names -notext",
        )?;
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| error.to_string())?.port();
        let server = Command::new("openssl")
            .args(["s_server", "-quiet", "-www", "-key", "server.key", "-cert", "server.pem"])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .current_dir(root)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        Ok(Self { home, port, server })
    }
}

impl Drop for Expired {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
async fn a_certificate_that_ran_out_is_told_as_one() {
    let outlet = match Expired::start() {
        Ok(outlet) => outlet,
        Err(why) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED: no certificate could be made: {why}");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    let world = World::new().await;
    let address = format!("127.0.0.1:{}", outlet.port);
    world.configure(&format!("\n[[feed]]\nurl = \"https://{address}/\"\nname = \"Порт\"\n"));
    let config = std::fs::read_to_string(world.config()).expect("written");
    world.write("vedetta.toml", &config.replace("allow = [", &format!("allow = [\"{address}\", ")));
    let up = || std::net::TcpStream::connect(&address).is_ok();
    until("the outlet answers", Duration::from_secs(20), up).await;
    for round in 1..=4 {
        let mut once = world.vedetta(&["run", "--once"]);
        let output = once.env("SSL_CERT_FILE", outlet.home.path().join("ca.pem")).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(world.mailbox.messages().len(), usize::from(round >= 3), "round {round}: {said}");
    }
    let mail = world.mailbox.messages().remove(0).data;
    assert_eq!(header(&mail, "Subject").as_deref(), Some("[vedetta] HIGH: Порт has a bad certificate"));
    let text = body(&mail, "text/plain");
    assert!(text.contains("expired") && text.contains("clock"), "{text}");
    let list = world.vedetta(&["feed", "list", "--format", "json"]).output().expect("it runs");
    let line: serde_json::Value = serde_json::from_slice(&list.stdout).expect("one line");
    assert_eq!((&line["state"], &line["trouble"]), (&"failing".into(), &"certificate".into()));
}
