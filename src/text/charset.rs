//! Bytes to text: which encoding a document is in.
//!
//! In: the bytes and what the server said of them. Out: text, always; what can't be decoded becomes U+FFFD.
//!
//! What is stated is believed in this order: byte order mark, HTTP header, the document's own declaration; a detector
//! fills the gap. One thing overrides statements: bytes that are valid UTF-8 with more than a stray multi-byte character
//! are UTF-8. Servers state `iso-8859-1` for everything, and text in another encoding is not valid UTF-8 by accident.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// A decoded document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodedText {
    /// The text, without byte order mark.
    pub(crate) text: String,
    /// The encoding's name (WHATWG).
    pub(crate) encoding: &'static str,
    /// Whether some bytes could not be decoded.
    pub(crate) is_damaged: bool,
}

/// Decodes a document. `content_type` is the HTTP header.
pub(crate) fn decode(bytes: &[u8], content_type: Option<&str>) -> DecodedText {
    if let Some(decoded) = utf32(bytes) {
        return decoded;
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return with(encoding, &bytes[length..]);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return with(encoding, bytes);
    }
    let stated = [content_type.and_then(header_charset), declared_charset(bytes)];
    // UTF-16 is excluded above: whoever states it without a NUL in sight is wrong.
    let stated: Vec<&'static Encoding> =
        stated.into_iter().flatten().filter(|encoding| ![UTF_16LE, UTF_16BE].contains(encoding)).collect();
    let sequences = Utf8Sequences::of(bytes);
    if sequences.bad == 0 && (sequences.good == 0 && !has_escapes(bytes) || stated.is_empty() || sequences.good >= 3) {
        return with(UTF_8, bytes);
    }
    // A UTF-8 document with a damaged byte or two is still one.
    if sequences.good > sequences.bad * 4 && sequences.good >= 8 {
        return with(UTF_8, bytes);
    }
    for encoding in &stated {
        let decoded = with(encoding, bytes);
        if !decoded.is_damaged {
            return decoded;
        }
    }
    match stated.first() {
        Some(encoding) if *encoding != UTF_8 => with(encoding, bytes),
        _ => {
            let decoded = with(detect(bytes), bytes);
            if decoded.is_damaged && sequences.good > sequences.bad { with(UTF_8, bytes) } else { decoded }
        }
    }
}

fn with(encoding: &'static Encoding, bytes: &[u8]) -> DecodedText {
    // GB2312 and GBK are subsets of GB18030, and feeds that state them use more.
    let encoding = if encoding == encoding_rs::GBK { GB18030 } else { encoding };
    let (text, is_damaged) = encoding.decode_without_bom_handling(bytes);
    DecodedText { text: text.into_owned(), encoding: encoding.name(), is_damaged }
}

fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    // Markup is the same in every encoding; the first 256 KiB say enough.
    detector.feed(&bytes[..bytes.len().min(256 * 1024)], true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The escape of ISO-2022-JP and the like: text without a byte over 127 that is not ASCII.
fn has_escapes(bytes: &[u8]) -> bool {
    bytes.contains(&0x1b)
}

/// How many multi-byte sequences are valid UTF-8, how many are not.
struct Utf8Sequences {
    good: usize,
    bad: usize,
}

impl Utf8Sequences {
    fn of(bytes: &[u8]) -> Self {
        let mut sequences = Self { good: 0, bad: 0 };
        let mut last: &[u8] = &[];
        for chunk in bytes.utf8_chunks() {
            sequences.good += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
            sequences.bad += usize::from(!chunk.invalid().is_empty());
            last = chunk.invalid();
        }
        // Cut off within the last character: no damage worth a name, where other characters were whole.
        let is_beginning = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
        sequences.bad -= usize::from(is_beginning && sequences.good > 0);
        sequences
    }
}

fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-32, which the web's encodings leave out; by mark or by the zeroes around `<`.
fn utf32(bytes: &[u8]) -> Option<DecodedText> {
    let (little, start) = match bytes {
        [0xff, 0xfe, 0, 0, ..] => (true, 4),
        [0, 0, 0xfe, 0xff, ..] => (false, 4),
        [b'<', 0, 0, 0, ..] => (true, 0),
        [0, 0, 0, b'<', ..] => (false, 0),
        _ => return None,
    };
    let mut text = String::with_capacity(bytes.len() / 4);
    let mut is_damaged = false;
    for unit in bytes[start..].chunks(4) {
        let code = match *unit {
            [a, b, c, d] if little => u32::from_le_bytes([a, b, c, d]),
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
            _ => u32::MAX,
        };
        let c = char::from_u32(code);
        is_damaged |= c.is_none();
        text.push(c.unwrap_or('\u{fffd}'));
    }
    Some(DecodedText { text, encoding: if little { "UTF-32LE" } else { "UTF-32BE" }, is_damaged })
}

/// `text/xml; charset="windows-1251"`.
fn header_charset(content_type: &str) -> Option<&'static Encoding> {
    let lower = content_type.to_ascii_lowercase();
    let (_, rest) = lower.split_once("charset")?;
    let value = rest.trim_start().strip_prefix('=')?.split([';', ',']).next()?;
    let label = value.trim().trim_matches(['"', '\'']);
    // The default of text/* in old standards: nobody's statement.
    if label == "us-ascii" { None } else { by_label(label) }
}

/// What the document says of itself: `<?xml … encoding="…"?>`, or a page's `<meta charset>`.
fn declared_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if let Some(start) = head.find("<?xml")
        && let Some(end) = head[start..].find("?>")
        && let Some((_, rest)) = head[start..start + end].split_once("encoding")
    {
        let label = rest.trim_start().strip_prefix('=')?.trim();
        let label = label.trim_start_matches(['"', '\'']).split(['"', '\'', ' ', '?']).next()?;
        return by_label(label);
    }
    let mut rest = head.as_str();
    while let Some(at) = rest.find("<meta") {
        let tag = &rest[at..at + rest[at..].find('>').unwrap_or(rest.len() - at)];
        if let Some((_, value)) = tag.split_once("charset")
            && let Some(value) = value.trim_start().strip_prefix('=')
        {
            let label = value.trim().trim_start_matches(['"', '\'']).split(['"', '\'', ' ', '/', ';', '>']).next()?;
            return by_label(label);
        }
        rest = &rest[at + 5..];
    }
    None
}

fn by_label(label: &str) -> Option<&'static Encoding> {
    // Names that are in use and not in the standard's list.
    let label = match label {
        "cp936" | "gb18030-2000" | "hz-gb-2312" => "gbk",
        "cp949" | "ms949" => "euc-kr",
        "cp932" | "ms932" | "shift-jis2004" => "shift_jis",
        "cp950" => "big5",
        "win-1251" | "windows1251" | "win1251" => "windows-1251",
        "win-1252" | "windows1252" | "latin-1" => "windows-1252",
        "koi8r" => "koi8-r",
        "utf_8" | "utf-8-sig" => "utf-8",
        other => other,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, expected: &str) {
        let decoded = decode(bytes, content_type);
        assert_eq!(decoded.text, expected, "{}", decoded.encoding);
    }

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes()).expect("known").encode(text).0.into_owned()
    }

    #[test]
    fn a_text_cut_off_within_a_character_keeps_its_encoding() {
        let text = "<?xml version=\"1.0\" encoding=\"utf-8\"?><t>La città è più calma, perché piov";
        for (last, lengths) in [("é", 1..2), ("я", 1..2), ("舰", 1..3), ("🚢", 1..4)] {
            for length in lengths {
                let bytes = [text.as_bytes(), &last.as_bytes()[..length]].concat();
                check(&bytes, None, &format!("{text}\u{fffd}"));
                check(&bytes[38..], Some("application/rss+xml"), &format!("{}\u{fffd}", &text[38..]));
            }
        }
        let western = encoded("windows-1252", "<t>perché");
        check(&western, Some("text/xml; charset=iso-8859-1"), "<t>perché");
    }

    #[test]
    fn the_header_the_declaration_and_the_mark_are_read() {
        let russian = "<?xml version='1.0'?><t>Ракета</t>";
        check(&encoded("windows-1251", russian), Some("text/xml; charset=\"Windows-1251\""), russian);
        let declared = "<?xml version=\"1.0\" encoding=\"koi8-r\"?><t>Ракета</t>";
        check(&encoded("koi8-r", declared), Some("application/rss+xml"), declared);
        let mut marked = vec![0xfe, 0xff];
        marked.extend("<a>导弹</a>".encode_utf16().flat_map(u16::to_be_bytes));
        check(&marked, Some("text/xml; charset=utf-8"), "<a>导弹</a>");
        let unmarked: Vec<u8> = "<a>導彈</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&unmarked, None, "<a>導彈</a>");
        let wide: Vec<u8> = "<a>é</a>".chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        check(&wide, None, "<a>é</a>");
    }

    #[test]
    fn utf8_is_utf8_whatever_is_stated() {
        let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><t>così è già più</t>";
        check(text.as_bytes(), Some("text/xml; charset=iso-8859-1"), text);
    }

    #[test]
    fn a_damaged_byte_does_not_change_the_encoding() {
        let mut bytes = "Противоракетная оборона ".repeat(3).into_bytes();
        bytes.push(0xff);
        let decoded = decode(&bytes, Some("text/xml; charset=utf-8"));
        assert!(decoded.is_damaged && decoded.text.starts_with("Противо") && decoded.text.ends_with('\u{fffd}'));
    }

    #[test]
    fn undeclared_encodings_are_detected() {
        for (label, text) in [
            ("windows-1251", "Министр обороны встретился с руководителями предприятий"),
            ("shift_jis", "防衛大臣は新しいレーダーを製造する企業の代表と会談した"),
            ("big5", "國防部長會見生產新型雷達的企業負責人討論合作計劃"),
            ("gb18030", "国防部长会见了生产新型雷达的企业负责人讨论合作计划"),
            ("euc-kr", "국방장관은 화요일 새 레이더를 만드는 기업 대표들을 만났다"),
            ("windows-1252", "La città è già più sicura, così dicono i comandanti perché sì"),
        ] {
            check(&encoded(label, text), None, text);
        }
    }

    #[test]
    fn stated_chinese_is_read_with_all_of_gb18030() {
        let text = "<t>镕</t>";
        check(&encoded("gb18030", text), Some("text/xml; charset='gb2312'"), text);
    }

    #[test]
    fn nonsense_is_survived() {
        for (bytes, header) in [
            (&b""[..], None),
            (&[0xff; 7][..], Some("text/xml; charset=utf-7")),
            (&[0, 0, 0xfe, 0xff, 1][..], Some("charset=")),
            (&b"<?xml encoding='nonsense'?>"[..], Some("text/xml;charset")),
        ] {
            let _ = decode(bytes, header);
        }
    }
}
