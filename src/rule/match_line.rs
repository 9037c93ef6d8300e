//! A match as a line of JSON. Written by hand: there may be a hundred matches, and a thousand hits, for each article that is
//! read.

use super::collected::Settled;
use super::expr::needs_escape;
use super::position::Leaf;
use super::ruleset::Hit;
use super::scanner::MOST_KEPT;
use crate::model::{Field, Lang, Severity};
use crate::text::analyzed::FIELDS;

/// What the matches of one article have in common in the output.
pub(super) struct MatchLine<'w> {
    places: &'w mut WrittenHits,
    /// `{"article":"a1","topic":"`
    before: Vec<u8>,
    /// `,"lang":"it"`, or nothing.
    lang: String,
    /// Score and severity of the match written last, and what stood between its topic and its hits:
    /// `","score":0,"severity":"notice","lang":"it","hits":`. Most have the same.
    verdict: Option<(i64, Severity)>,
    middle: String,
}

impl<'w> MatchLine<'w> {
    pub(super) fn new(article: &str, lang: Option<Lang>, places: &'w mut WrittenHits) -> Self {
        places.forget();
        let mut before = b"{\"article\":".to_vec();
        write_text(&mut before, article.as_bytes());
        before.extend_from_slice(b",\"topic\":\"");
        let lang = lang.map(|lang| format!(",\"lang\":\"{lang}\"")).unwrap_or_default();
        Self { places, before, lang, verdict: None, middle: String::new() }
    }

    pub(super) fn write(&mut self, out: &mut Vec<u8>, hit: &Hit<'_>) {
        out.extend_from_slice(&self.before);
        // An id has nothing that must be escaped.
        hit.write_id(out);
        let verdict = (hit.score(), hit.severity());
        if self.verdict != Some(verdict) {
            self.verdict = Some(verdict);
            let (score, severity) = (verdict.0, verdict.1.as_str());
            self.middle = format!("\",\"score\":{score},\"severity\":\"{severity}\"{},\"hits\":", self.lang);
        }
        out.extend_from_slice(self.middle.as_bytes());
        let first = out.len();
        self.places.append(out, hit);
        // The comma before the first hit becomes the list's bracket.
        match out.get_mut(first) {
            Some(comma) => *comma = b'[',
            None => out.push(b'['),
        }
        out.extend_from_slice(b"]}\n");
    }
}

/// `,{"field":"body","start":12,"end":20,"atom":"missil*"}` for the hits of an article written last: many topics hit the
/// same few words.
pub(super) struct WrittenHits {
    /// By field, `,{"field":"body","start":` and its length.
    beginnings: Vec<([u8; 32], usize)>,
    /// By number of an occurrence, its part of the texts; (0, 0) if it isn't written.
    by_occurrence: Vec<(u32, u32)>,
    /// By a hash, other hits, and the same.
    slots: Vec<(Leaf, (u32, u32))>,
    /// The slots that are taken.
    taken: Vec<usize>,
    texts: Vec<u8>,
}

/// Bytes of hits that are remembered of one article.
const MOST_REMEMBERED: usize = 4 << 20;

impl Default for WrittenHits {
    fn default() -> Self {
        let beginning = |field: &Field| padded(&format!(",{{\"field\":\"{}\",\"start\":", field.as_str()));
        Self {
            beginnings: FIELDS.iter().map(beginning).collect(),
            by_occurrence: Vec::new(),
            slots: vec![Default::default(); 1 << Self::SLOT_BITS],
            taken: Vec::new(),
            texts: Vec::new(),
        }
    }
}

impl WrittenHits {
    /// There are few of them.
    const SLOT_BITS: u32 = 8;

    /// To be called for each article.
    fn forget(&mut self) {
        self.by_occurrence.clear();
        // A single huge article must not keep its memory for good.
        self.by_occurrence.shrink_to(MOST_KEPT);
        self.forget_others();
    }

    fn forget_others(&mut self) {
        for at in self.taken.drain(..) {
            self.slots[at] = Default::default();
        }
        self.texts.clear();
    }

    /// Appends a topic's hits, a comma before each.
    fn append(&mut self, out: &mut Vec<u8>, hit: &Hit<'_>) {
        match hit.settled() {
            Settled::Occurrences(numbers) => {
                if self.by_occurrence.len() < hit.occurrences() {
                    self.by_occurrence.resize(hit.occurrences(), (0, 0));
                }
                for &number in numbers {
                    let mut place = self.by_occurrence[number as usize];
                    if place.1 == 0 {
                        place = self.write(hit.leaf_of(number), hit);
                        self.by_occurrence[number as usize] = place;
                    }
                    out.extend_from_slice(&self.texts[place.0 as usize..place.1 as usize]);
                }
            }
            Settled::Leaves(leaves) => {
                for &leaf in leaves {
                    let hash = (leaf.at.start() ^ leaf.atom().0.rotate_left(16)).wrapping_mul(0x9E37_79B1);
                    let at = (hash >> (u32::BITS - Self::SLOT_BITS)) as usize;
                    let (of, mut place) = self.slots[at];
                    if of != leaf || place.1 == 0 {
                        place = self.write(leaf, hit);
                        if std::mem::replace(&mut self.slots[at], (leaf, place)).1.1 == 0 {
                            self.taken.push(at);
                        }
                    }
                    out.extend_from_slice(&self.texts[place.0 as usize..place.1 as usize]);
                }
            }
        }
    }

    /// Writes a hit and tells where it stands in the texts.
    #[inline(never)]
    fn write(&mut self, leaf: Leaf, hit: &Hit<'_>) -> (u32, u32) {
        // An article made to hurt has hits without end.
        if self.texts.len() > MOST_REMEMBERED {
            self.by_occurrence.fill((0, 0));
            self.forget_others();
        }
        let (beginning, length) = &self.beginnings[leaf.at.field()];
        let mut line = Line::default();
        line.put(beginning, *length);
        line.put_number(leaf.at.start());
        line.put(b",\"end\":\0", 7);
        line.put_number(leaf.at.end());
        line.put(b",\"atom\":", 8);
        let (atom, concept) = hit.parts(leaf);
        let from = self.texts.len();
        if let (Some((atom, length)), None) = (atom.as_short_plain(), concept) {
            line.put(b"\"", 1);
            line.put(atom, length);
            line.put(b"\"}", 2);
            self.texts.extend_from_slice(line.bytes());
        } else {
            let texts = &mut self.texts;
            texts.extend_from_slice(line.bytes());
            write_text(texts, atom.bytes());
            if let Some(concept) = concept {
                texts.extend_from_slice(b",\"concept\":");
                write_text(texts, concept.as_bytes());
            }
            texts.push(b'}');
        }
        let bound = |length: usize| u32::try_from(length).expect("what is written is forgotten long before that");
        (bound(from), bound(self.texts.len()))
    }
}

/// The beginning of a hit. Its parts are copied with what lies behind them, so that their lengths are known to the compiler;
/// the next part overwrites that.
struct Line {
    bytes: [u8; 128],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { bytes: [0; 128], length: 0 }
    }
}

impl Line {
    /// Appends the first `length` of these bytes. All parts of a hit together are shorter than the line.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        self.bytes[self.length..self.length + N].copy_from_slice(bytes);
        self.length += length;
    }

    /// Four digits at a time.
    fn put_number(&mut self, number: u32) {
        let (before, number) = (number / 10_000, number % 10_000);
        let (high, low) = (number / 100, number % 100);
        let ([a, b], [c, d]) = (DIGITS[high as usize], DIGITS[low as usize]);
        let digits = u32::from_le_bytes([a, b, c, d]);
        if before > 0 {
            self.put_number(before);
            return self.put(&digits.to_le_bytes(), 4);
        }
        let zeros = usize::from(number < 1_000) + usize::from(number < 100) + usize::from(number < 10);
        self.put(&(digits >> (8 * zeros)).to_le_bytes(), 4 - zeros);
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The numbers up to 99 as two digits.
static DIGITS: [[u8; 2]; 100] = {
    let mut digits = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        digits[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    digits
};

/// A short text with room behind it, and its length.
fn padded(text: &str) -> ([u8; 32], usize) {
    let mut room = [0; 32];
    room[..text.len()].copy_from_slice(text.as_bytes());
    (room, text.len())
}

/// Appends a JSON string. What is given must be text.
fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    if needs_escape(text) {
        let text = String::from_utf8_lossy(text);
        serde_json::to_writer(&mut *out, &text).expect("a text and a vector can't fail to serialise");
    } else {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
    }
}
