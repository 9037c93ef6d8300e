//! Foreign text made fit to be shown: headlines, excerpts and links come from feeds, and feeds can be hostile. Every
//! channel takes its words from here, so that none of them has to remember what an override character can do.

use icu_segmenter::GraphemeClusterSegmenter;
use unicode_normalization::char::is_combining_mark;
use url::Url;

/// Longest run of combining marks that is kept; no living script stacks more. A guess on the generous side.
const MAX_MARKS: usize = 6;
/// Longest link that becomes one, in bytes: what browsers and mail clients agree on.
const MAX_URL: usize = 2_048;

/// What becomes of a character.
enum Fate {
    Keep,
    Space,
    Drop,
}

/// Controls (C0, C1), line and paragraph separators, bidirectional controls (UAX #9 §2), invisible fillers, tags,
/// annotations and noncharacters never reach a reader. Zero-width joiners stay: emoji and Indic scripts need them.
fn fate(c: char) -> Fate {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Fate::Space,
        c if c.is_control() => Fate::Drop,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' => Fate::Drop,
        '\u{ad}' | '\u{180e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => Fate::Drop,
        '\u{e0000}'..='\u{e0fff}' | '\u{fdd0}'..='\u{fdef}' => Fate::Drop,
        c if u32::from(c) & 0xfffe == 0xfffe => Fate::Drop,
        c if c.is_whitespace() => Fate::Space,
        _ => Fate::Keep,
    }
}

/// A character as it may be shown: white space and line breaks as a blank, what can harm or deceive not at all.
#[must_use]
pub(crate) fn shown(c: char) -> Option<char> {
    match fate(c) {
        Fate::Keep => Some(c),
        Fate::Space => Some(' '),
        Fate::Drop => None,
    }
}

/// One line: white space runs become one blank, what can harm or deceive is left out.
#[must_use]
pub(super) fn line(text: &str) -> String {
    clean(text, true)
}

/// A part of a line, such as the words before a hit: like [`line`], but a blank at either end stays.
#[must_use]
pub(super) fn piece(text: &str) -> String {
    clean(text, false)
}

fn clean(text: &str, trim: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    let mut marks = 0;
    for c in text.chars() {
        match fate(c) {
            Fate::Drop => continue,
            Fate::Space => {
                blank = true;
                marks = 0;
                continue;
            }
            Fate::Keep => {}
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            continue;
        }
        if blank && !(trim && out.is_empty()) {
            out.push(' ');
        }
        blank = false;
        out.push(c);
    }
    if blank && !trim {
        out.push(' ');
    }
    out
}

/// Several lines: each cleaned as [`line`] does, runs of empty ones become one, none at either end.
#[must_use]
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for one in text.lines().map(line) {
        if !one.is_empty() || out.last().is_some_and(|last| !last.is_empty()) {
            out.push(one);
        }
    }
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    out
}

/// At most `max` characters, never cutting what a reader sees as one; what was cut ends in `…`.
#[must_use]
pub(super) fn shorten(text: &str, max: usize) -> String {
    cut(text, max, |part| part.chars().count())
}

/// At most `max` bytes of UTF-8, in the same way.
#[must_use]
pub(super) fn shorten_bytes(text: &str, max: usize) -> String {
    cut(text, max, str::len)
}

/// At most `max` UTF-16 units, as JavaScript counts, in the same way.
#[must_use]
pub(super) fn shorten_utf16(text: &str, max: usize) -> String {
    cut(text, max, |part| part.encode_utf16().count())
}

fn cut(text: &str, max: usize, measure: impl Fn(&str) -> usize) -> String {
    // The cheap way out first: a measure never exceeds the number of bytes.
    if text.len() <= max || measure(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(measure("…"));
    let (mut end, mut used) = (0, 0);
    let mut start = 0;
    for next in GraphemeClusterSegmenter::new().segment_str(text).skip(1) {
        used += measure(&text[start..next]);
        if used > room {
            break;
        }
        (start, end) = (next, next);
    }
    format!("{}…", text[..end].trim_end())
}

/// A link that may be followed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Link {
    /// The address, ASCII only: the host in punycode, everything else percent-encoded.
    pub(super) href: String,
    /// Where it leads, for the eye: the host in punycode without `www.`, with user name and port where there are any.
    pub(super) place: String,
}

/// Reads a link. Only http and https lead anywhere; anything else, and what is too long, is none.
#[must_use]
pub(super) fn link(text: &str) -> Option<Link> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?;
    // The `url` crate leaves a few characters as they are that end a link in one place or another.
    let mut href = String::with_capacity(url.as_str().len());
    for c in url.as_str().chars() {
        match c {
            '\'' => href.push_str("%27"),
            '(' => href.push_str("%28"),
            ')' => href.push_str("%29"),
            '|' => href.push_str("%7C"),
            '*' => href.push_str("%2A"),
            '`' => href.push_str("%60"),
            '\\' => href.push_str("%5C"),
            '<' | '>' | '"' | ' ' => return None,
            c if c.is_ascii_graphic() => href.push(c),
            _ => return None,
        }
    }
    if href.len() > MAX_URL {
        return None;
    }
    let mut place = host.strip_prefix("www.").unwrap_or(host).to_owned();
    if let Some(port) = url.port() {
        place = format!("{place}:{port}");
    }
    if !url.username().is_empty() || url.password().is_some() {
        place = format!("{}@{host}", shorten(url.username(), 40));
    }
    Some(Link { href, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_or_breaks_lines_is_gone_and_real_scripts_stay() {
        assert_eq!(line("a\r\nBcc: x@example.org\u{0}\u{85}b\u{2028}c"), "a Bcc: x@example.org b c");
        assert_eq!(line("moc.\u{202e}gpj\u{2066}.exe\u{200f}"), "moc.gpj.exe");
        for text in ["Россия и Китай", "中俄联合演习", "مناورات مشتركة", "मिसाइल रक्षा", "👩‍🚀 già", "می‌خواهم"]
        {
            assert_eq!(line(text), text);
        }
        let zalgo = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(line(&zalgo).chars().count(), 1 + MAX_MARKS);
    }

    #[test]
    fn a_piece_keeps_the_blank_that_parts_it_from_its_neighbour() {
        assert_eq!(piece("the \n"), "the ");
        assert_eq!(piece("\n and"), " and");
        assert_eq!(lines("a\n\n\n b \u{7}\n\n"), ["a", "", "b"]);
    }

    #[test]
    fn shortening_cuts_between_what_a_reader_sees_as_characters() {
        assert_eq!(shorten("missile", 7), "missile");
        assert_eq!(shorten("missiles", 7), "missil…");
        assert_eq!(shorten("👩‍🚀👩‍🚀👩‍🚀", 7), "👩‍🚀👩‍🚀…");
        assert_eq!(shorten("क्षेपणास्त्र", 4), "क्षे…".chars().take(5).collect::<String>().replace("क्षे…", "…").as_str());
        assert_eq!(shorten_bytes("导弹防御", 9), "导弹…");
        assert_eq!(shorten_utf16("🚀🚀🚀", 5), "🚀🚀…");
    }

    #[test]
    fn only_http_links_are_links_and_their_place_hides_nothing() {
        for bad in ["javascript:alert(1)", "data:text/html,x", "//example.org", "ftp://example.org/", "http://", "x"] {
            assert_eq!(link(bad), None, "{bad}");
        }
        assert_eq!(link(&format!("https://example.org/{}", "a".repeat(3000))), None);
        let shown = |text| link(text).map(|link| link.place).unwrap_or_default();
        assert_eq!(shown("https://www.example.org/a"), "example.org");
        assert_eq!(shown("https://bank.example@evil.example/"), "bank.example@evil.example");
        assert_eq!(shown("https://gооgle.example/"), "xn--ggle-55da.example");
        let href = link("https://example.org/a(b)?q='\"<è>|").map(|link| link.href).unwrap_or_default();
        assert_eq!(href, "https://example.org/a%28b%29?q=%27%22%3C%C3%A8%3E%7C");
    }
}
