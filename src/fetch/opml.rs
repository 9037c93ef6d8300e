//! Lists of feeds, as feed readers exchange them: OPML 2.0 (<https://opml.org/spec2.opml>).
//!
//! In: a file that a reader exported. Out: its feeds, each with its folder as the label `folder = "World/Asia"`, and what
//! was left out with the reason. And the other way round.
//!
//! Markup is read as leniently as a feed's: exports with a bare `&` in an address are common. Damage that could hide
//! feeds is an error all the same: of a list that was cut off in the middle nobody would miss the second half.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use url::Url;

use super::markup::{Token, Tokens, attributes};
use crate::model::{Feed, Labels};
use crate::network::parse_target;
use crate::text::{charset, html, html_to_line};

/// Larger files are refused: room for [`MAX_OUTLINES`] with long addresses.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// More outlines are refused. A guess: ten times the largest public collection known.
const MAX_OUTLINES: usize = 100_000;
/// Deeper folders are refused. A guess; readers show two or three levels.
const MAX_DEPTH: usize = 64;
/// A name is cut to this many characters.
const MAX_NAME_CHARS: usize = 200;
/// The label that holds a feed's folder.
const FOLDER: &str = "folder";

/// What an OPML file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpmlFile {
    /// The feeds in the file's order, each address once.
    pub feeds: Vec<OpmlFeed>,
    /// Outlines that were meant as feeds and could not be taken, in the file's order.
    pub skipped: Vec<SkippedOutline>,
}

/// A feed in an OPML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpmlFeed {
    /// Its address.
    pub url: Url,
    /// Its name for people, on one line; absent where the file gives none.
    pub name: Option<String>,
    /// `folder`, if the feed is in one: the folders' names from the outside in, separated by `/`.
    pub labels: Labels,
    /// Where it stands, from 1.
    pub line: usize,
}

/// An outline that was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{name}` is left out: {reason}")]
pub struct SkippedOutline {
    /// Where it begins, from 1.
    pub line: usize,
    /// Its name; its address where it has none.
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

/// Why a file could not be read as OPML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Something else.
    #[error("this is {0}, not an OPML file: those begin with `<opml`")]
    NotOpml(String),
    /// A file that is too large.
    #[error("the file has {bytes} bytes; at most {MAX_BYTES} are read: split it")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Too many outlines.
    #[error("line {line}: more than {MAX_OUTLINES} outlines: split the file")]
    TooMany {
        /// Where the first surplus one begins, from 1.
        line: usize,
    },
    /// Folders in folders.
    #[error("line {line}: outlines are nested more than {MAX_DEPTH} deep, or not closed with `</outline>`")]
    TooDeep {
        /// Where the first too deep one begins, from 1.
        line: usize,
    },
    /// An outline without an end: which folder what follows is in can't be known, or the file is cut off.
    #[error(
        "line {line}: the outline `{name}` is never closed with `</outline>`; if the file is cut off, export it again"
    )]
    Unclosed {
        /// Where it begins, from 1.
        line: usize,
        /// Its name.
        name: String,
    },
    /// A list without any feed, and nothing that was meant as one.
    #[error("the list holds no feeds: no outline has an `xmlUrl`")]
    NoFeeds,
    /// The file ends before the list does.
    #[error("line {line}: the file ends before `</opml>`, feeds may be missing: export it again")]
    CutOff {
        /// Its last line, from 1.
        line: usize,
    },
}

impl OpmlError {
    /// The line that it is about, from 1.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::TooMany { line } | Self::TooDeep { line } | Self::Unclosed { line, .. } | Self::CutOff { line } => {
                Some(*line)
            }
            _ => None,
        }
    }
}

/// The text of an OPML file, as [`read_opml`] counts its lines.
#[must_use]
pub fn opml_text(bytes: &[u8]) -> String {
    charset::decode(bytes.get(..MAX_BYTES).unwrap_or(bytes), None).text
}

/// Reads an OPML file in any encoding. An address that is listed twice is taken once and reported.
///
/// # Errors
/// If the file is something else, exceeds a limit, or is damaged so that feeds could be lost unnoticed.
pub fn read_opml(bytes: &[u8]) -> Result<OpmlFile, OpmlError> {
    if bytes.len() > MAX_BYTES {
        return Err(OpmlError::TooLarge { bytes: bytes.len() });
    }
    let text = charset::decode(bytes, None).text;
    if text.trim().is_empty() {
        return Err(OpmlError::Empty);
    }
    let mut tokens = Tokens::of(&text);
    match tokens.find(|token| matches!(token, Token::Start { .. })) {
        Some(Token::Start { name, .. }) if is_root(name) => {}
        Some(Token::Start { name, .. }) => return Err(OpmlError::NotOpml(other_root(name))),
        _ => {
            let start = cut(html_to_line(html::cut(&text, 400)), 60);
            return Err(OpmlError::NotOpml(format!("plain text that begins with `{start}`")));
        }
    }
    let mut reader = Reader { lines: Lines { text: &text, at: 0, line: 1 }, ..Reader::default() };
    for token in tokens {
        match token {
            Token::Start { name, attributes, is_empty } if is_outline(name) => {
                reader.start(name, attributes, is_empty)?
            }
            Token::End { name } if is_outline(name) => {
                reader.open.pop();
            }
            Token::End { name } if is_root(name) || local(name).eq_ignore_ascii_case("body") => {
                reader.is_complete = true;
                break;
            }
            _ => {}
        }
    }
    reader.finish()
}

/// Writes feeds as OPML 2.0, folders as their label `folder` says; a feed without a name bears its address. Intervals,
/// schedules and other labels have no place in the format and are not written.
#[must_use]
pub fn write_opml(feeds: &[Feed]) -> String {
    let mut root = Folder::default();
    for feed in feeds {
        let path = feed.labels.get(FOLDER).map_or("", String::as_str);
        // One level of the limit stays free for the feed itself; what is deeper is joined to the last name.
        let names = path.splitn(MAX_DEPTH - 1, '/').map(str::trim).filter(|name| !name.is_empty());
        names.fold(&mut root, |folder, name| folder.folders.entry(name).or_default()).feeds.push(feed);
    }
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>vedetta feeds</title>\n  </head>\n  <body>\n",
    );
    root.write(&mut out, 2);
    out.push_str("  </body>\n</opml>\n");
    out
}

#[derive(Default)]
struct Reader<'a> {
    lines: Lines<'a>,
    file: OpmlFile,
    /// Line of the first mention of each address.
    seen: FxHashMap<Url, usize>,
    open: Vec<Open>,
    outlines: usize,
    is_complete: bool,
}

/// An outline whose end has not come.
struct Open {
    name: String,
    line: usize,
    /// Not a feed that other feeds stand in.
    is_folder: bool,
}

#[derive(Default)]
struct Outline {
    text: String,
    title: String,
    xml_url: Option<String>,
    /// It points somewhere, if not at a feed: a link, another list, a site.
    points: bool,
}

impl Outline {
    fn of(raw: &str) -> Self {
        let mut outline = Self::default();
        for (name, value) in attributes(raw) {
            match name.to_ascii_lowercase().as_str() {
                "text" => outline.text = line(&value),
                "title" => outline.title = line(&value),
                "xmlurl" => outline.xml_url = Some(value.trim().to_owned()),
                "url" | "htmlurl" => outline.points = true,
                _ => {}
            }
        }
        outline
    }

    fn name(&self) -> &str {
        if self.title.is_empty() { &self.text } else { &self.title }
    }
}

impl<'a> Reader<'a> {
    fn start(&mut self, tag: &'a str, raw: &str, is_empty: bool) -> Result<(), OpmlError> {
        let line = self.lines.of(tag);
        self.outlines += 1;
        if self.outlines > MAX_OUTLINES {
            return Err(OpmlError::TooMany { line });
        }
        let outline = Outline::of(raw);
        match &outline.xml_url {
            Some(address) => self.feed(&outline, address, line),
            None if is_empty && outline.points => self.skip(line, outline.name(), "it has no `xmlUrl`"),
            None => {}
        }
        if !is_empty {
            if self.open.len() >= MAX_DEPTH {
                return Err(OpmlError::TooDeep { line });
            }
            let is_folder = outline.xml_url.is_none();
            self.open.push(Open { name: outline.name().to_owned(), line, is_folder });
        }
        Ok(())
    }

    fn feed(&mut self, outline: &Outline, address: &str, line: usize) {
        let name = if outline.name().is_empty() { address } else { outline.name() };
        if address.is_empty() {
            return self.skip(line, name, "its `xmlUrl` is empty");
        }
        let url = match parse_target(address, None) {
            Ok(url) => url,
            Err(bad) => return self.skip(line, name, &bad.to_string()),
        };
        if let Some(first) = self.seen.get(&url) {
            let reason = format!("its address is already listed at line {first}");
            return self.skip(line, name, &reason);
        }
        let folders = self.open.iter().filter(|open| open.is_folder && !open.name.is_empty());
        // A slash in a name would look like one more folder.
        let folders: Vec<String> = folders.map(|open| open.name.replace('/', "-")).collect();
        let mut labels = Labels::new();
        if !folders.is_empty() {
            labels.insert(FOLDER.to_owned(), folders.join("/"));
        }
        let name = (name != address).then(|| name.to_owned());
        self.seen.insert(url.clone(), line);
        self.file.feeds.push(OpmlFeed { url, name, labels, line });
    }

    fn skip(&mut self, line: usize, name: &str, reason: &str) {
        let name = cut(name.to_owned(), MAX_NAME_CHARS);
        self.file.skipped.push(SkippedOutline { line, name, reason: reason.to_owned() });
    }

    fn finish(mut self) -> Result<OpmlFile, OpmlError> {
        match self.open.pop() {
            Some(open) => Err(OpmlError::Unclosed { line: open.line, name: open.name }),
            None if !self.is_complete => Err(OpmlError::CutOff { line: self.lines.last() }),
            None if self.file.feeds.is_empty() && self.file.skipped.is_empty() => Err(OpmlError::NoFeeds),
            None => Ok(self.file),
        }
    }
}

/// Line numbers of places asked for in rising order; the text is walked once.
#[derive(Default)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// `piece` is a part of the text.
    fn of(&mut self, piece: &str) -> usize {
        let to = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        self.advance(to)
    }

    fn last(&mut self) -> usize {
        self.advance(self.text.trim_end().len())
    }

    fn advance(&mut self, to: usize) -> usize {
        let passed = self.text.as_bytes().get(self.at..to).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = self.at.max(to);
        self.line
    }
}

/// Feeds on their way out.
#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    feeds: Vec<&'a Feed>,
}

impl Folder<'_> {
    /// At most [`MAX_DEPTH`] levels.
    fn write(&self, out: &mut String, level: usize) {
        let indent = "  ".repeat(level);
        for feed in &self.feeds {
            let name = escaped(feed.name.as_deref().unwrap_or(feed.url.as_str()));
            let url = escaped(feed.url.as_str());
            // The standard asks for `text`; some readers look for `title`.
            out.push_str(&format!(
                "{indent}<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{url}\"/>\n"
            ));
        }
        for (name, folder) in &self.folders {
            out.push_str(&format!("{indent}<outline text=\"{}\">\n", escaped(name)));
            folder.write(out, level + 1);
            out.push_str(&format!("{indent}</outline>\n"));
        }
    }
}

/// Escaped for an attribute in double quotes. Characters that XML 1.0 has no way to write become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn is_outline(name: &str) -> bool {
    local(name).eq_ignore_ascii_case("outline")
}

/// OPML's forerunner in Radio UserLand called its root differently; some exports still do.
fn is_root(name: &str) -> bool {
    ["opml", "outlineDocument"].iter().any(|root| local(name).eq_ignore_ascii_case(root))
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn other_root(name: &str) -> String {
    match local(name).to_ascii_lowercase().as_str() {
        "html" | "head" | "body" | "div" | "p" => "an HTML page".to_owned(),
        "rss" | "feed" | "rdf" => "a feed (its own address belongs into the configuration)".to_owned(),
        "urlset" | "sitemapindex" => "a sitemap".to_owned(),
        _ => format!("XML with the root element `{}`", cut(name.to_owned(), 60)),
    }
}

/// A name on one line. Markup in it is kept: attributes hold plain text.
fn line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    cut(words.join(" "), MAX_NAME_CHARS)
}

fn cut(mut text: String, max_chars: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(max_chars) {
        text.truncate(at);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn feed(url: &str, name: Option<&str>, folder: Option<&str>) -> Feed {
        Feed {
            name: name.map(str::to_owned),
            labels: folder.map(|folder| (FOLDER.to_owned(), folder.to_owned())).into_iter().collect(),
            ..Feed::new(Url::parse(url).unwrap())
        }
    }

    fn wrapped(outlines: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<opml version=\"1.0\"><head><title>x</title></head>\n<body>\n{outlines}\n</body></opml>"
        )
    }

    fn lines(skipped: &[SkippedOutline]) -> Vec<String> {
        skipped.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_written_is_read_again_in_every_script() {
        let feeds = [
            feed("https://a.example/rss", Some("Perché no? Più \"difesa\" & <Sicurezza>"), None),
            feed("https://b.example/rss?x=1&copy=2", None, Some("Europa")),
            feed("https://c.example/лента", Some("Военное обозрение"), Some("Мир/Россия & соседи")),
            feed("https://d.example/rss", Some("国防新闻"), Some("Мир/中国")),
            feed("https://e.example/rss", Some("أخبار الدفاع"), Some("العالم")),
        ];
        let text = write_opml(&feeds);
        let file = read_opml(text.as_bytes()).unwrap();
        assert!(file.skipped.is_empty(), "{:?}", file.skipped);
        for feed in &feeds {
            let read = file.feeds.iter().find(|read| read.url == feed.url).unwrap();
            assert_eq!((&read.name, &read.labels), (&feed.name, &feed.labels), "{text}");
        }
        assert_eq!(file.feeds.len(), feeds.len());
    }

    #[test]
    fn what_is_written_is_well_formed() {
        let name = "tab\tnull\0line\nquote' \u{ffff}& < > \"";
        let text = write_opml(&[feed("https://a.example/?a=1&b=2", Some(name), Some("<&>/\"'"))]);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut names = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                    names.extend(tag.attributes().map(|a| a.unwrap().value.into_owned()));
                }
                _ => {}
            }
        }
        assert!(names.contains(&"https://a.example/?a=1&amp;b=2".to_owned()), "{names:?}");
        assert!(!text.contains(['\0', '\t', '\u{ffff}']));
    }

    #[test]
    fn exports_with_bare_ampersands_and_odd_letter_case_are_read() {
        let text = wrapped(
            "<outline TEXT='Mondo' >\n<outline title='Asia &amp; Pacifico'><OUTLINE type=rss text=\"R&D\" XMLURL='https://a.example/?a=1&b=2'></OUTLINE></outline>\n\
             <outline text='ignored' title='Il titolo' xmlurl=\" http://b.example/feed \"/></outline>",
        );
        let file = read_opml(text.as_bytes()).unwrap();
        let read: Vec<_> = file
            .feeds
            .iter()
            .map(|feed| (feed.url.as_str(), feed.name.as_deref(), feed.labels.get("folder").map(String::as_str)))
            .collect();
        assert_eq!(
            read,
            [
                ("https://a.example/?a=1&b=2", Some("R&D"), Some("Mondo/Asia & Pacifico")),
                ("http://b.example/feed", Some("Il titolo"), Some("Mondo")),
            ]
        );
        assert!(file.skipped.is_empty());
    }

    #[test]
    fn a_slash_in_a_folder_is_no_folder_and_neither_is_a_feed() {
        let text = "<outlineDocument><body><outline text='AI/ML'><outline text='a' xmlUrl='https://a.example/'><outline text='b' xmlUrl='https://b.example/'/></outline></outline></body></outlineDocument>";
        let file = read_opml(text.as_bytes()).unwrap();
        let folders: Vec<_> = file.feeds.iter().map(|feed| feed.labels["folder"].as_str()).collect();
        assert_eq!(folders, ["AI-ML", "AI-ML"]);
    }

    #[test]
    fn a_file_in_another_encoding_is_read() {
        let text = "<?xml version=\"1.0\" encoding=\"windows-1251\"?><opml><body><outline text=\"Армия\"><outline text=\"Новости обороны\" xmlUrl=\"https://a.example/\"/></outline></body></opml>";
        let file = read_opml(&encoding_rs::WINDOWS_1251.encode(text).0).unwrap();
        assert_eq!(file.feeds[0].name.as_deref(), Some("Новости обороны"));
        assert_eq!(file.feeds[0].labels["folder"], "Армия");
        let mut wide = vec![0xff, 0xfe];
        wide.extend(
            wrapped("<outline text='防卫' xmlUrl='https://b.example/'/>").encode_utf16().flat_map(u16::to_le_bytes),
        );
        assert_eq!(read_opml(&wide).unwrap().feeds[0].name.as_deref(), Some("防卫"));
    }

    #[test]
    fn nothing_is_left_out_in_silence() {
        let text = wrapped(
            "<outline text='Good' xmlUrl='https://a.example/'/>\n\
             <outline text='Again' xmlUrl='https://a.example/'/>\n\
             <outline text='Local' xmlUrl='file:///etc/passwd'/>\n\
             <outline text='Relative' xmlUrl='/feed.xml'/>\n\
             <outline text='Private' xmlUrl='https://anna:secret@b.example/'/>\n\
             <outline text='Nothing' xmlUrl=''/>\n\
             <outline text='Site' htmlUrl='https://c.example/'/>\n\
             <outline text='Empty folder'/>",
        );
        let file = read_opml(text.as_bytes()).unwrap();
        assert_eq!(file.feeds.len(), 1);
        let skipped = lines(&file.skipped);
        assert_eq!(skipped.len(), 6, "{skipped:#?}");
        for (line, words) in [
            (0, "line 5: `Again` is left out: its address is already listed at line 4"),
            (1, "neither http nor https"),
            (2, "line 7: `Relative`"),
            (3, "user name or password"),
            (4, "its `xmlUrl` is empty"),
            (5, "it has no `xmlUrl`"),
        ] {
            assert!(skipped[line].contains(words), "{skipped:#?}");
        }
        assert!(!skipped.concat().contains("secret"), "{skipped:#?}");
    }

    #[test]
    fn a_list_that_is_cut_off_is_refused() {
        let text = wrapped("<outline text='Mondo'>\n<outline text='a' xmlUrl='https://a.example/'/>\n</outline>");
        let inside = &text[..text.find("</outline>").unwrap()];
        assert_eq!(read_opml(inside.as_bytes()), Err(OpmlError::Unclosed { line: 4, name: "Mondo".to_owned() }));
        let after = &text[..text.find("</body>").unwrap()];
        assert_eq!(read_opml(after.as_bytes()), Err(OpmlError::CutOff { line: 6 }));
        assert!(read_opml(text.as_bytes()).is_ok());
        // A file may lack the last line only.
        assert!(read_opml(text.strip_suffix("</opml>").unwrap().as_bytes()).is_ok());
    }

    #[test]
    fn other_documents_are_named() {
        for (bytes, words) in [
            (&b" \n"[..], "empty"),
            (b"<!DOCTYPE html><html><title>x</title></html>", "an HTML page"),
            (b"<?xml version='1.0'?><rss version='2.0'/>", "a feed"),
            (b"<config/>", "root element `config`"),
            (b"https://a.example/", "plain text that begins with `https://a.example/`"),
        ] {
            let error = read_opml(bytes).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn entities_that_the_file_defines_are_not_expanded() {
        let text = "<!DOCTYPE opml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><opml><body><outline text=\"&b;&b;\" xmlUrl=\"https://a.example/\"/></body></opml>";
        let file = read_opml(text.as_bytes()).unwrap();
        assert_eq!(file.feeds[0].name.as_deref(), Some("&b;&b;"));
    }

    #[test]
    fn hostile_files_end_quickly() {
        let start = Instant::now();
        let nested = format!("<opml><body>{}", "<outline text='x'>".repeat(600_000));
        assert_eq!(read_opml(nested.as_bytes()), Err(OpmlError::TooDeep { line: 1 }));
        let many = wrapped(&"<outline text='x' xmlUrl='ftp://a.example/'/>\n".repeat(100_001));
        assert_eq!(read_opml(many.as_bytes()), Err(OpmlError::TooMany { line: 100_004 }));
        let quotes = format!("<opml><body>{}", "<outline text=\"".repeat(200_000));
        assert!(read_opml(quotes.as_bytes()).is_err());
        let flooded = wrapped(&format!("<outline {}/>", "a='1' ".repeat(500_000)));
        assert_eq!(read_opml(flooded.as_bytes()), Err(OpmlError::NoFeeds));
        assert!(matches!(read_opml(&vec![b' '; MAX_BYTES + 1]), Err(OpmlError::TooLarge { .. })));
        let elapsed = start.elapsed();
        assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
    }

    #[test]
    fn a_very_deep_folder_is_written_so_that_it_can_be_read() {
        let path = vec!["x"; 120].join("/");
        let text = write_opml(&[feed("https://a.example/", None, Some(&path))]);
        let file = read_opml(text.as_bytes()).unwrap();
        assert!(file.feeds[0].labels["folder"].starts_with("x/x/x/x/"));
    }
}
