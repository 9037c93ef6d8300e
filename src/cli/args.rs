//! What can be typed.

use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser as _;
use clap::{Parser, Subcommand, ValueEnum};

use crate::model::{DeliveryId, DeliveryState};

use super::feed_table::ListOptions;

/// Watches news feeds and alerts you to the stories that matter.
#[derive(Debug, Parser)]
#[command(name = "vedetta", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub(super) struct Args {
    /// Configuration file [default: $VEDETTA_CONFIG, /etc/vedetta/vedetta.toml, config/vedetta.toml]
    #[arg(long, global = true, value_name = "FILE", env = "VEDETTA_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For scripts
    Json,
}

/// How log lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people; under systemd, with journal priorities
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs the daemon in the foreground, until SIGTERM; SIGHUP reloads
    Run {
        /// Poll every feed once, judge, deliver what is due (digests not), and exit; 1 if a poll failed
        #[arg(long)]
        once: bool,
        /// How log lines are printed
        #[arg(long, value_enum, default_value_t = LogFormat::Text)]
        log_format: LogFormat,
    },
    /// Shows the whole line on bundled sample feeds; needs no network and no set-up
    Demo {
        /// Keep the demo's folder (database, configuration, messages) and say where it is
        #[arg(long)]
        keep: bool,
    },
    /// Checks the configuration and its rules, or only the rule files and folders named
    Check {
        /// Rule files and folders
        paths: Vec<PathBuf>,
        /// Also measure which topics are slow and which are wide: on these articles (JSONL), else on the newest stored ones, else on
        /// the rules' own tests
        #[arg(long, value_name = "ARTICLES.jsonl")]
        profile: Option<Option<PathBuf>>,
    },
    /// Copies the database, which may be in use, to a file that can be put in its place
    Backup {
        /// The copy
        file: PathBuf,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Runs the tests in the rule files; the last line is `N passed, N failed`
    Test {
        /// Rule files and folders [default: those of the configuration]
        paths: Vec<PathBuf>,
    },
    /// Matches articles (JSONL) against rules, without daemon or database
    Match(MatchOptions),
    /// Says which articles (JSONL, by time) tell the same story, whatever their topic
    Stories {
        /// Articles, one JSON object a line; `-` is stdin
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Says why a topic does or does not match an article
    Explain(ExplainOptions),
    /// Rewrites another product's queries as rules, and says what changed in meaning
    Convert(ConvertOptions),
    /// Replays the stored articles through rules: alerts gained and lost, against what was alerted or against other rules
    Backtest(BacktestOptions),
    /// Prints the JSON Schema of rule files or of the configuration, for editors
    Schema {
        /// Of which files
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Feeds: discover, list, poll, parse, import, export
    Feed {
        #[command(subcommand)]
        command: FeedCommand,
    },
    /// Articles: the text in a page, the edits of a stored one
    Article {
        #[command(subcommand)]
        command: ArticleCommand,
    },
    /// Lists the alerts raised, the newest first
    Alerts(AlertsOptions),
    /// Lists deliveries, or sends failed ones again
    Deliveries(DeliveriesOptions),
    /// Routes: whom an alert would be told to
    Route {
        #[command(subcommand)]
        command: RouteCommand,
    },
    /// Checks configuration, rules, database, mail login, webhooks and feeds, without sending an alert
    Doctor {
        /// Leave the feeds out
        #[arg(long)]
        no_feeds: bool,
    },
    /// Prints a completion script for a shell
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    #[command(hide = true)]
    Man,
}

#[derive(Debug, clap::Args)]
pub(super) struct MatchOptions {
    /// Rule file or folder; may be given several times
    #[arg(long, value_name = "PATH", required = true)]
    pub(super) rules: Vec<PathBuf>,
    /// Print one JSON object of statistics on stderr at the end
    #[arg(long)]
    pub(super) stats: bool,
    /// Matching threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: u16,
    /// Articles, one JSON object a line; `-` is stdin
    #[arg(default_value = "-")]
    pub(super) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExplainOptions {
    /// Rule file or folder [default: those of the configuration]
    #[arg(long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,
    /// The topic's id; of an alert, its own if not given
    #[arg(long, value_name = "ID")]
    pub(super) topic: Option<String>,
    /// Every alternative and every word of every list, whether it says anything or not
    #[arg(long)]
    pub(super) full: bool,
    /// One article as JSON, an HTML page, a URL, or the id of a stored article or of an alert (in each mail's last line; its
    /// beginning will do)
    #[arg(value_name = "FILE|URL|ARTICLE-ID|ALERT-ID")]
    pub(super) article: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct ConvertOptions {
    /// Whose syntax the queries are in
    #[arg(long, value_enum, value_name = "PRODUCT")]
    pub(super) from: VendorName,
    /// The topic's id; several queries get -1, -2, … behind it [default: the file's name]
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,
    /// The topic's name
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Every line is a query; otherwise blank lines stand between queries
    #[arg(long)]
    pub(super) lines: bool,
    /// Where case counts, which is a setting in other products
    #[arg(long, value_enum, default_value_t = CaseOption::None)]
    pub(super) case: CaseOption,
    /// What joins two terms with nothing between them, in Lucene's syntax
    #[arg(long, value_enum, default_value_t = Joining::Or)]
    pub(super) default_operator: Joining,
    /// The queries; `-` is stdin
    #[arg(default_value = "-")]
    pub(super) file: PathBuf,
}

/// Of which files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// Rule files
    Rules,
    /// The configuration
    Config,
}

/// Whose syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VendorName {
    /// Meltwater, advanced search
    Meltwater,
    /// Factiva, traditional search statements
    Factiva,
    /// LexisNexis and Nexis, terms and connectors
    Lexis,
    /// Cision Communications Cloud and CisionOne; Brandwatch
    Cision,
    /// Lucene: Elasticsearch, OpenSearch, Solr, Kibana
    Lucene,
}

/// Where case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CaseOption {
    /// Nowhere
    None,
    /// Inside quotes
    Quoted,
    /// Everywhere
    All,
}

/// What joins terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Joining {
    /// Either: Lucene's own default
    Or,
    /// Both: Kibana's default
    And,
}

#[derive(Debug, clap::Args)]
pub(super) struct BacktestOptions {
    /// Rule file or folder to try; may be given several times [default: those of the configuration]
    #[arg(long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,
    /// Compare with these rules instead of with what was really alerted; may be given several times
    #[arg(long, value_name = "OTHER_RULES")]
    pub(super) diff: Vec<PathBuf>,
    /// Articles taken in since then: `30d`, `12h`, `2026-11-01` [default: 30d]
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// And until then [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    /// Only this topic; may be given several times
    #[arg(long, value_name = "ID")]
    pub(super) topic: Vec<String>,
    /// Headlines shown of what each topic gains, and of what it loses
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u16).range(..=10_000).map(usize::from))]
    pub(super) samples: usize,
    /// Exit with 1 if more alerts are gained, over all topics
    #[arg(long, value_name = "NUMBER")]
    pub(super) max_gained: Option<u64>,
    /// Exit with 1 if more alerts are lost, over all topics
    #[arg(long, value_name = "NUMBER")]
    pub(super) max_lost: Option<u64>,
    /// Another database than the configured one: a backup, a copy
    #[arg(long, value_name = "FILE")]
    pub(super) database: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum FeedCommand {
    /// Prints what the feed parser makes of a document
    Parse {
        /// The document; `-` is stdin
        file: PathBuf,
        /// Where it came from, for relative links
        #[arg(long, value_name = "BASE")]
        url: Option<String>,
        /// The content type that its server stated
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Lists the configured feeds: state, rhythm, delays, errors
    List(ListOptions),
    /// Fetches and parses a feed as the daemon would, without recording anything
    ///
    /// With `--item` the address is a page without a feed, read by CSS selectors; a configured `[[page]]` needs none.
    #[command(visible_alias = "try")]
    Poll {
        /// The feed or page
        url: String,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Finds the feeds and sitemaps that a site offers, the best first; each was fetched and read
    Discover {
        /// A page of the site
        url: String,
        /// Add the best one to the first TOML list of `[feeds] paths`, else to the configuration file
        #[arg(long)]
        add: bool,
        /// Add all of them, except comments and sitemaps without headlines
        #[arg(long, conflicts_with = "add")]
        add_all: bool,
        /// Add to this TOML file instead
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Adds the feeds of an OPML file to the first TOML list of `[feeds] paths`, else to the configuration file
    Import {
        /// The OPML file; `-` is stdin
        file: PathBuf,
        /// Print the `[[feed]]` tables instead of adding them
        #[arg(long)]
        print: bool,
        /// Do not try each feed first
        #[arg(long)]
        no_check: bool,
        /// Add them to this TOML file instead
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Prints all feeds, those of the lists included, as OPML; the label `folder` becomes folders
    Export,
}

/// The keys of `[[page]]`, to try them out.
#[derive(Debug, clap::Args)]
pub(super) struct PageOptions {
    /// The elements that are entries
    #[arg(long, value_name = "SELECTOR")]
    pub(super) item: Option<String>,
    /// Their link [default: the first link in each]
    #[arg(long, value_name = "SELECTOR", requires = "item")]
    pub(super) link: Option<String>,
    /// Their title [default: the link's text]
    #[arg(long, value_name = "SELECTOR", requires = "item")]
    pub(super) title: Option<String>,
    /// Their date; `time@datetime` takes an attribute
    #[arg(long, value_name = "SELECTOR", requires = "item")]
    pub(super) date: Option<String>,
    /// How the date is written, such as `%d.%m.%Y`
    #[arg(long, value_name = "FORMAT", requires = "date")]
    pub(super) date_format: Option<String>,
    /// Their summary
    #[arg(long, value_name = "SELECTOR", requires = "item")]
    pub(super) summary: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ArticleCommand {
    /// Takes the article out of an HTML page and prints it
    Extract {
        /// The page
        #[arg(value_name = "FILE|URL")]
        page: String,
        /// Where it came from, for relative links
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Shows what outlets altered in a stored article after it was first seen
    History {
        /// The article's id, as `alerts --format json` prints it, or its link
        #[arg(value_name = "ARTICLE-ID|URL")]
        article: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct AlertsOptions {
    /// Only this topic
    #[arg(long, value_name = "ID")]
    pub(super) topic: Option<String>,
    /// Only those since then: `24h`, `7d`, `2026-11-01`
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct DeliveriesOptions {
    /// Only those in this state
    #[arg(long, value_parser = parse_state)]
    pub(super) state: Option<DeliveryState>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
    #[command(subcommand)]
    pub(super) command: Option<DeliveriesCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeliveriesCommand {
    /// Makes a failed delivery due again; a running daemon sends it within seconds
    Retry {
        /// The delivery's id or the beginning of it, or `all`
        #[arg(value_parser = parse_retry)]
        id: Retry,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RouteCommand {
    /// Says which routes an alert with these labels takes, who gets it, and when; nothing is sent
    Test(RouteTestOptions),
}

#[derive(Debug, clap::Args)]
pub(super) struct RouteTestOptions {
    /// What the alert has: `topic=ID` (its labels come from the rules), `severity=high`, `reason=health`, labels such as `desk=asia`
    #[arg(required = true, value_name = "LABEL=VALUE", value_parser = parse_pair)]
    pub(super) labels: Vec<(String, String)>,
    /// When it is raised, such as `2026-11-22T23:30:00Z`, for digests and quiet hours [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected LABEL=VALUE, such as desk=asia")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// Which deliveries to retry.
#[derive(Debug, Clone)]
pub(super) enum Retry {
    All,
    One(DeliveryId),
    /// The one whose id begins so.
    Like(String),
}

fn parse_state(text: &str) -> Result<DeliveryState, String> {
    DeliveryState::parse(text).ok_or_else(|| "expected due, sent or failed".to_owned())
}

fn parse_retry(text: &str) -> Result<Retry, String> {
    if text == "all" {
        return Ok(Retry::All);
    }
    if (4..32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Retry::Like(text.to_ascii_lowercase()));
    }
    text.parse().map(Retry::One).map_err(|error: crate::model::ParseIdError| error.to_string())
}

impl Args {
    /// The configuration file: as given, else the first of the usual places that exists, else the last of them.
    pub(super) fn config_path(&self) -> PathBuf {
        let usual = ["/etc/vedetta/vedetta.toml", "config/vedetta.toml"].map(Path::new);
        let found = || usual.into_iter().find(|path| path.exists()).unwrap_or(usual[1]).to_path_buf();
        self.config.clone().unwrap_or_else(found)
    }
}
