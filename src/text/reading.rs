//! How a field is read: which parts of it stand for themselves, and what a link's escapes say.
//!
//! Rules see the letters of a link, `ракета` and not `%D1%80…`, but a hit is told by its bytes in the link as stored: whoever
//! gets it has no other text. So each part knows which stored byte each of its own comes from. A link without escapes, and
//! every text, is read as it stands, at no price.

use std::borrow::Cow;

use crate::model::Field;

/// A part of a field that is read by itself: a tag, a name of a source; of all other fields the whole.
#[derive(Debug, Clone)]
pub struct Part<'t> {
    /// As a person reads it.
    pub text: Cow<'t, str>,
    /// Where it begins in the field, in bytes.
    pub start: usize,
    /// Behind each escape, the place in `text` and that in the part as stored, in bytes; rising.
    jumps: Vec<(usize, usize)>,
}

impl Part<'_> {
    /// Whether every byte of it has the same place in the field as stored.
    #[must_use]
    pub fn is_as_stored(&self) -> bool {
        self.start == 0 && self.jumps.is_empty()
    }

    /// Where a place in `text`, on a character boundary, is in the field as stored; both in bytes. Rises strictly.
    #[must_use]
    pub fn stored(&self, at: usize) -> usize {
        let before = self.jumps.partition_point(|&(read, _)| read <= at);
        let (read, stored) = before.checked_sub(1).map_or((0, 0), |last| self.jumps[last]);
        self.start + stored + (at - read)
    }
}

/// The parts of a field, in order; together they are the whole, apart from the line ends between the parts.
pub fn parts(field: Field, text: &str) -> impl Iterator<Item = Part<'_>> {
    let is_list = matches!(field, Field::Tag | Field::Source);
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let end = if is_list { text[start..].find('\n').map(|length| start + length) } else { None };
        next = end.map(|end| end + 1);
        let text = &text[start..end.unwrap_or(text.len())];
        let (text, jumps) = if field == Field::Url { unescape(text) } else { (Cow::Borrowed(text), Vec::new()) };
        Some(Part { text, start, jumps })
    })
}

/// Where the sentences or paragraphs of a field begin, in bytes of the field as stored; `of` tells it of a text. None runs from
/// one part into the next, whatever stands between them: of three tags, the second may be empty.
pub fn beginnings(field: Field, text: &str, of: impl Fn(&str) -> Vec<usize>) -> Vec<usize> {
    let of_part = |part: Part<'_>| {
        let starts = of(&text[part.start..part.stored(part.text.len())]);
        starts.into_iter().map(move |start| part.start + start)
    };
    parts(field, text).flat_map(of_part).collect()
}

/// A stretch of a field, cut between escapes, as a person reads it.
#[must_use]
pub fn readable(field: Field, text: &str) -> Cow<'_, str> {
    if field == Field::Url { unescape(text).0 } else { Cow::Borrowed(text) }
}

/// The letters that the escapes of a link stand for (RFC 3986 §2.1, RFC 3987 §3.2), and where. What is not UTF-8 stays as it
/// is, and so do control characters, which nobody reads.
fn unescape(text: &str) -> (Cow<'_, str>, Vec<(usize, usize)>) {
    let escape_at = |at: usize| match text.as_bytes().get(at..at + 3) {
        Some(&[b'%', high, low]) => Some((hex(high)? << 4) | hex(low)?),
        _ => None,
    };
    let (mut read, mut jumps) = (String::new(), Vec::new());
    let (mut done, mut from) = (0, 0);
    while let Some(sign) = text[from..].find('%') {
        let start = from + sign;
        let bytes: Vec<u8> = (start..).step_by(3).map_while(escape_at).collect();
        from = start + (3 * bytes.len()).max(1);
        let mut at = start;
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                let end = at + 3 * c.len_utf8();
                if !c.is_control() {
                    read.push_str(&text[done..at]);
                    read.push(c);
                    jumps.push((read.len(), end));
                    done = end;
                }
                at = end;
            }
            at += 3 * chunk.invalid().len();
        }
    }
    if jumps.is_empty() {
        return (Cow::Borrowed(text), jumps);
    }
    read.push_str(&text[done..]);
    (Cow::Owned(read), jumps)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(text: &str) -> Part<'_> {
        parts(Field::Url, text).next().unwrap()
    }

    #[test]
    fn escapes_are_letters_and_know_their_bytes() {
        let text = "https://x.ru/%D1%80%D0%B0%D0%BA/%e4%b8%ad%E4%BF%84?q=a%20b";
        let part = link(text);
        assert_eq!(part.text, "https://x.ru/рак/中俄?q=a b");
        let stored = |word: &str| {
            let at = part.text.find(word).unwrap();
            &text[part.stored(at)..part.stored(at + word.len())]
        };
        assert_eq!(stored("рак"), "%D1%80%D0%B0%D0%BA");
        assert_eq!(stored("а"), "%D0%B0");
        assert_eq!(stored("俄"), "%E4%BF%84");
        assert_eq!((stored("x.ru"), stored("q"), stored("b")), ("x.ru", "q", "b"));
        assert_eq!(part.stored(part.text.len()), text.len());
    }

    #[test]
    fn what_is_no_escape_of_a_letter_stays() {
        for text in ["100%", "%", "%%", "%D", "%zz%D1", "%F0%E0%EA", "a%00b%0A%7F", "%D1", "100%ab"] {
            assert_eq!(link(text).text, text);
            assert!(link(text).is_as_stored());
        }
        assert_eq!(link("%F0%D1%80%D1%").text, "%F0р%D1%");
        assert_eq!(link("%2541").text, "%41", "once, not twice");
        assert_eq!(parts(Field::Body, "%D1%80\nb").map(|part| part.text).collect::<Vec<_>>(), ["%D1%80\nb"]);
    }

    #[test]
    fn tags_are_parts() {
        let tags = "missile\ndefence policy\n\n俄";
        let found: Vec<(usize, String)> =
            parts(Field::Tag, tags).map(|part| (part.start, part.text.into_owned())).collect();
        let expected = [(0, "missile"), (8, "defence policy"), (23, ""), (24, "俄")];
        assert_eq!(found, expected.map(|(start, text)| (start, text.to_owned())));
        assert_eq!(parts(Field::Source, "").count(), 1);
    }

    proptest! {
        #[test]
        fn every_place_is_on_a_boundary_and_reads_the_same(text in "([a/%]|%[0-9A-F]{2}|%D1%8[0-9]|%E4%B8%AD|é|中){0,12}") {
            let part = link(&text);
            let mut before = None;
            for (at, c) in part.text.char_indices() {
                let (start, end) = (part.stored(at), part.stored(at + c.len_utf8()));
                prop_assert!(before.is_none_or(|before| before == start) && start < end);
                let read = readable(Field::Url, text.get(start..end).unwrap()).into_owned();
                // A `%` of its own may have become the beginning of an escape.
                prop_assert_eq!(read, c.to_string());
                before = Some(end);
            }
            prop_assert_eq!(part.stored(part.text.len()), text.len());
        }
    }
}
