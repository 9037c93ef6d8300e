//! A full poll of N local feeds of 20 entries by `vedetta run --once`: cold (all new), warm (all 304), one new entry each;
//! matching and durable commits included. Prints feeds per CPU-second of the vedetta process and its peak memory.
//!
//! `cargo bench --bench poll`, with `FEEDS` (1000) and `ROUNDS` (3) from the environment. Loopback only.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use vedetta::demo::{FeedServer, Hook};

const ENTRIES: usize = 20;
/// Clock ticks per second in `/proc/*/stat`; 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A feed of 20 entries; each revision adds one and drops the oldest.
fn feed(number: usize, revision: usize) -> String {
    const WORDS: [&str; 12] = [
        "mercato",
        "ministro",
        "bilancio",
        "tempesta",
        "lega",
        "tribunale",
        "banca",
        "vaccino",
        "sciopero",
        "raccolto",
        "lancio",
        "fusione",
    ];
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>Feed {number}</title>\
         <link>http://outlet{number}.example/</link><description>d</description>\n"
    );
    for entry in (revision..revision + ENTRIES).rev() {
        let mut seed = (number as u64)
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add((entry as u64).wrapping_mul(0x1405_7b7e_f767_814f));
        let mut word = || {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            WORDS[usize::try_from((seed >> 33) % 12).unwrap_or(0)]
        };
        let _ = writeln!(
            text,
            "<item><title>{} e {} dopo il {} {entry}</title><link>http://outlet{number}.example/{entry}</link>\
             <guid isPermaLink=\"false\">urn:feed:{number}:{entry}</guid><pubDate>{:02} Sep 2026 {:02}:00:00 GMT</pubDate>\
             <description>&lt;p&gt;Il {} ha detto lunedì che il {} seguirà il {} &amp;amp; il piano {}, numero {entry}. \
             Fonti della regione hanno confermato il {} e chiesto calma mentre il {} continua; altri particolari sono \
             attesi nei prossimi giorni.&lt;/p&gt;</description></item>",
            word(),
            word(),
            word(),
            1 + entry % 28,
            entry % 24,
            word(),
            word(),
            word(),
            word(),
            word(),
            word()
        );
    }
    text.push_str("</channel></rss>\n");
    text
}

/// User and system time of all children waited for so far, in seconds (proc(5): fields 16 and 17).
fn children_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit_once(')').expect("a name in parentheses").1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
    (ticks(13) + ticks(14)) / TICKS
}

fn peak_megabytes(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

/// Runs one round; returns CPU seconds and peak megabytes.
fn run_once(config: &Path) -> (f64, f64) {
    let before = children_cpu_seconds();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vedetta"))
        .args(["run", "--once", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak.max(peak_megabytes(child.id()).unwrap_or(0.0));
        if let Some(status) = child.try_wait().expect("our child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "vedetta run --once: {status}");
    (children_cpu_seconds() - before, peak)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (feeds, rounds) = (setting("FEEDS", 1000), setting("ROUNDS", 3));
    let server = FeedServer::start().await.expect("a server");
    let clock = std::sync::Arc::new(vedetta::model::SystemClock);
    let (_hook, endpoint) = Hook::start(None, clock).await.expect("an endpoint");
    let publish = |revision: usize| {
        for number in 0..feeds {
            server.put(&format!("/{number}"), "application/rss+xml; charset=utf-8", feed(number, revision));
        }
    };
    let mut table = [const { Vec::new() }; 3];
    let mut peaks = [0.0_f64; 3];
    for _ in 0..rounds {
        let folder = TempDir::new().expect("a folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let mut config = format!(
            "[store]\nurl = \"sqlite:{}/vedetta.db\"\n[rules]\npaths = [\"{}\"]\n[poll]\nfirst_poll = \"all\"\n[network]\n\
             allow = [\"{}\"]\nmax_per_host = 32\n[channel.soc]\ntype = \"webhook\"\nurl = \"http://{endpoint}/\"\n\
             [[route]]\nchannels = [\"soc\"]\n",
            folder.path().display(),
            rules.display(),
            server.address()
        );
        for number in 0..feeds {
            let _ = write!(config, "[[feed]]\nurl = \"{}\"\n", server.url(&format!("/{number}")));
        }
        let path = folder.path().join("vedetta.toml");
        std::fs::write(&path, config).expect("the folder can be written");
        publish(0);
        for step in 0..3 {
            if step == 2 {
                publish(1);
            }
            let path = path.clone();
            let (cpu, peak) = tokio::task::spawn_blocking(move || run_once(&path)).await.expect("it ran");
            table[step].push(cpu);
            peaks[step] = peaks[step].max(peak);
        }
    }
    println!("{feeds} feeds of {ENTRIES} entries, {rounds} rounds, median; start of the program included");
    for (step, name) in ["cold", "warm (304)", "one new"].iter().enumerate() {
        table[step].sort_by(f64::total_cmp);
        let cpu = table[step][table[step].len() / 2];
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let per_second = feeds as f64 / cpu.max(1.0 / TICKS);
        println!("{name:<12} {per_second:>8.0} feeds per CPU-second  {cpu:>6.2} CPU s  {:>6.0} MB peak", peaks[step]);
    }
}
