//! A match as a line of JSON. Written by hand: there may be a hundred matches, and a thousand hits, for each article that is
//! read.

use super::position::Leaf;
use super::ruleset::Hit;
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
    /// `","score":0,"severity":"notice","lang":"it","hits":[`. Most have the same.
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
            self.middle = format!("\",\"score\":{score},\"severity\":\"{severity}\"{},\"hits\":[", self.lang);
        }
        out.extend_from_slice(self.middle.as_bytes());
        for (index, leaf) in hit.leaves().iter().enumerate() {
            let written = self.places.written(leaf, hit);
            out.extend_from_slice(&written[usize::from(index == 0)..]);
        }
        out.extend_from_slice(b"]}\n");
    }
}

/// `,{"field":"body","start":12,"end":20,"atom":"missil*"}` for the hits of an article written last: many topics hit the
/// same few words.
pub(super) struct WrittenHits {
    /// By field, `,{"field":"body","start":`.
    beginnings: Vec<String>,
    /// By a hash of the hit; their number is a power of two.
    slots: Vec<Option<WrittenHit>>,
    /// The slots that are taken.
    taken: Vec<u32>,
    texts: Vec<u8>,
}

#[derive(Clone, Copy)]
struct WrittenHit {
    of: Leaf,
    /// Its part of the texts.
    from: u32,
    to: u32,
}

/// Bytes of hits that are remembered of one article.
const MOST_REMEMBERED: usize = 4 << 20;

impl Default for WrittenHits {
    fn default() -> Self {
        let beginning = |field: &Field| format!(",{{\"field\":\"{}\",\"start\":", field.as_str());
        Self {
            beginnings: FIELDS.iter().map(beginning).collect(),
            slots: vec![None; Self::SLOTS],
            taken: Vec::new(),
            texts: Vec::new(),
        }
    }
}

impl WrittenHits {
    /// How many. Twice the words of a long article, which hold nearly all of its hits.
    const SLOTS: usize = 1 << 11;

    /// To be called for each article.
    fn forget(&mut self) {
        for at in self.taken.drain(..) {
            self.slots[at as usize] = None;
        }
        self.texts.clear();
    }

    #[inline]
    fn written(&mut self, leaf: &Leaf, hit: &Hit<'_>) -> &[u8] {
        let hash = (leaf.at.start() ^ leaf.atom.0.rotate_left(16)).wrapping_mul(0x9E37_79B1);
        let at = (hash >> (32 - Self::SLOTS.trailing_zeros())) as usize;
        let WrittenHit { from, to, .. } = match self.slots[at] {
            Some(written) if written.of == *leaf => written,
            _ => self.write(at, leaf, hit),
        };
        &self.texts[from as usize..to as usize]
    }

    #[cold]
    fn write(&mut self, at: usize, leaf: &Leaf, hit: &Hit<'_>) -> WrittenHit {
        let (atom, concept) = hit.parts(leaf);
        // An article made to hurt has hits without end.
        if self.texts.len() > MOST_REMEMBERED {
            self.forget();
        }
        let texts = &mut self.texts;
        let from = texts.len();
        texts.extend_from_slice(self.beginnings[leaf.at.field()].as_bytes());
        write_number(texts, leaf.at.start().into());
        texts.extend_from_slice(b",\"end\":");
        write_number(texts, leaf.at.end().into());
        texts.extend_from_slice(b",\"atom\":");
        write_text(texts, atom);
        if let Some(concept) = concept {
            texts.extend_from_slice(b",\"concept\":");
            write_text(texts, concept.as_bytes());
        }
        texts.push(b'}');
        let bound = |length: usize| u32::try_from(length).expect("what is written is forgotten long before that");
        let written = WrittenHit { of: *leaf, from: bound(from), to: bound(texts.len()) };
        if self.slots[at].replace(written).is_none() {
            self.taken.push(bound(at));
        }
        written
    }
}

/// Appends a JSON string. What is given must be text.
fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    if text.iter().any(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        let text = String::from_utf8_lossy(text);
        serde_json::to_writer(&mut *out, &text).expect("a text and a vector can't fail to serialise");
    } else {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
    }
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] += (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
