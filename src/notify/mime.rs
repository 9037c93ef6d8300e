//! The parts of Internet messages that we encode ourselves, because a library that decides by looking at the text can
//! be talked out of it: encoded words in headers (RFC 2047) and bodies without long lines or lines that start with a dot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Body;
use lettre::message::header::{ContentTransferEncoding, HeaderName, HeaderValue};

/// Bytes of text in one encoded word: 45 bytes are 60 characters of base64, 72 with what stands around them; RFC 2047 §2
/// allows 75.
const WORD_BYTES: usize = 45;
/// Longest line, in bytes, without its end (RFC 5322 §2.1.1 recommends 78; quoted-printable allows 76).
const LINE: usize = 76;

/// A header of free text. Printable ASCII that fits on a line and does not look like an encoded word stays as it is;
/// everything else is encoded whole.
pub(super) fn text_header(name: &'static str, text: &str) -> HeaderValue {
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b))
        && !text.contains("=?")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && name.len() + 2 + text.len() <= 2 * LINE;
    let encoded = if plain { text.to_owned() } else { encoded_words(name, text) };
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), text.to_owned(), encoded)
}

/// A header of words that are safe by construction (ids, addresses between angle brackets), folded between them.
pub(super) fn words_header(name: &'static str, words: &[String]) -> HeaderValue {
    let encoded = words.join("\r\n ");
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), words.join(" "), encoded)
}

fn encoded_words(name: &str, text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // The first shares its line with the header's name; no character is longer than 4 bytes, no name than 40.
        let taken = if words.is_empty() { (name.len() + 2).div_ceil(4) * 3 } else { 0 };
        let mut end = rest.len().min(WORD_BYTES.saturating_sub(taken).max(4));
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(&rest[..end])));
        rest = &rest[end..];
    }
    words.join("\r\n ")
}

/// A body in quoted-printable, or in base64 where that is shorter.
pub(super) fn body(text: &str) -> Body {
    let quoted = quoted_printable(text);
    if quoted.len() <= text.len() / 3 * 4 + text.len() / 27 {
        return Body::dangerous_pre_encoded(quoted.into_bytes(), ContentTransferEncoding::QuotedPrintable);
    }
    let encoded = STANDARD.encode(text.replace("\r\n", "\n").replace('\n', "\r\n"));
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 38);
    for at in (0..encoded.len()).step_by(LINE) {
        lines.push_str(&encoded[at..encoded.len().min(at + LINE)]);
        lines.push_str("\r\n");
    }
    Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::Base64)
}

/// RFC 2045 §6.7. A dot or `From ` at the beginning of a line is encoded too, so that nothing on the way has to mend it.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line).as_bytes();
        let mut column = 0;
        for (at, &byte) in line.iter().enumerate() {
            let last = at + 1 == line.len();
            let literal = match byte {
                b'=' => false,
                b' ' | b'\t' => !last,
                b'.' => column > 0,
                b'F' => column > 0 || !line[at..].starts_with(b"From "),
                byte => (b'!'..=b'~').contains(&byte),
            };
            let width = if literal { 1 } else { 3 };
            // One column is kept for the soft line break's `=`. The next line's first byte is judged anew.
            if column + width > LINE - 1 {
                out.push_str("=\r\n");
                column = 0;
            }
            if literal && !(column == 0 && byte == b'.') {
                out.push(char::from(byte));
                column += 1;
            } else {
                out.push_str(&format!("={byte:02X}"));
                column += 3;
            }
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> String {
        let mail = format!(
            "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}"
        );
        mailparse::parse_mail(mail.as_bytes()).expect("parses").get_body().expect("decodes")
    }

    #[test]
    fn quoted_printable_comes_back_and_has_no_long_or_dotted_lines() {
        for text in [
            ".\n..\nFrom here\n= equals =3D\ntrailing blank \n\ttab\t".to_owned(),
            "è così: Россия, 导弹, صاروخ".repeat(20),
            "a.".repeat(200),
            format!("{}.{}", "a".repeat(74), ".b".repeat(50)),
            format!("{}.", "a".repeat(75)),
            "=".repeat(300),
        ] {
            let encoded = quoted_printable(&text);
            assert!(encoded.is_ascii());
            for line in encoded.split("\r\n") {
                assert!(line.len() <= LINE && !line.starts_with('.') && !line.contains(['\r', '\n']), "{line}");
            }
            assert_eq!(decode(&encoded).replace("\r\n", "\n").trim_end_matches('\n'), text);
        }
    }

    #[test]
    fn a_header_that_looks_encoded_is_encoded_and_decodes_to_itself() {
        for text in ["=?utf-8?q?x=0d=0aBcc:_evil?=", "Россия и Китай проводят учения ".repeat(9).trim(), "中", "plain"]
        {
            let mut headers = lettre::message::header::Headers::new();
            headers.insert_raw(text_header("Subject", text));
            let printed = headers.to_string();
            assert!(printed.lines().all(|line| line.len() <= LINE), "{printed}");
            let (parsed, _) = mailparse::parse_headers(printed.as_bytes()).expect("parses");
            assert_eq!(parsed.len(), 1, "{printed}");
            assert_eq!(parsed[0].get_value(), text);
        }
    }
}
