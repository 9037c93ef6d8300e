//! What an article is recognised by: its link, its headline's words, and a MinHash sketch of its text.
//!
//! MinHash (Broder, “On the resemblance and containment of documents”, 1997): the share of equal minima estimates the
//! Jaccard resemblance of two sets; here sets of three-word shingles, or of character trigrams where a script has no
//! spaces. Republished wire copy shares most of its shingles, two reports of one event by two writers hardly any.
//! Joining wrongly would silence a story, so in doubt two articles are two stories.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Article, TextStatus, normalise_link};

/// Bumped whenever the bytes or their meaning change; signatures of another version resemble nothing.
const VERSION: u8 = 1;
/// Minima kept. The error of the estimate is about 1/√128 = 0.09.
const MINIMA: usize = 128;
/// Words of text looked at: a wire story is recognised by its beginning.
const MAX_WORDS: usize = 600;
/// Headline words kept.
const MAX_TITLE: usize = 40;

/// A compact likeness of an article.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Hash of the normalised link; 0: none.
    link: u64,
    /// Sorted hashes of the headline's words.
    title: Vec<u32>,
    /// Sorted hashes of the headline's numbers: “5 killed” and “9 killed” are two stories.
    numbers: Vec<u32>,
    /// Distinct shingles in the text.
    shingles: u32,
    /// Their minima; empty where there is no text.
    minima: Vec<u32>,
}

impl Signature {
    /// The signature of an article.
    #[must_use]
    pub fn of(article: &Article) -> Self {
        // A home page names no article.
        let link = article.url.as_deref().and_then(normalise_link).filter(|link| link.contains(['/', '?']));
        let link = link.map_or(0, |link| xxh3_64(link.as_bytes()));
        let title_words = words(&article.title, MAX_TITLE);
        let is_number = |word: &String| word.chars().any(char::is_numeric);
        let short = |word: &&String| word.chars().count() > 2 || !word.is_ascii() || is_number(word);
        let hash = |word: &String| low_half(xxh3_64(word.as_bytes()));
        let title: BTreeSet<u32> = title_words.iter().filter(short).map(hash).collect();
        let numbers: BTreeSet<u32> = title_words.iter().filter(|word| is_number(word)).map(hash).collect();
        // The menus of one site are alike on all its pages, whatever they tell.
        let is_rough = article.text_status == TextStatus::Rough;
        let has_longer_body = !is_rough && article.body.len() > article.summary.len();
        let text = if has_longer_body { &article.body } else { &article.summary };
        let text_words = words(text, MAX_WORDS);
        let mut shingles = BTreeSet::new();
        let mut joined = String::new();
        for shingle in text_words.windows(3) {
            joined.clear();
            for word in shingle {
                joined.push_str(word);
                joined.push('\u{1f}');
            }
            shingles.insert(xxh3_64(joined.as_bytes()));
        }
        Self {
            link,
            title: title.into_iter().collect(),
            numbers: numbers.into_iter().collect(),
            shingles: u32::try_from(shingles.len()).unwrap_or(u32::MAX),
            minima: minima(&shingles),
        }
    }

    /// As stored: a version byte, then little-endian fields.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + 4 * (self.title.len() + self.numbers.len() + self.minima.len()));
        bytes.push(VERSION);
        bytes.extend(self.link.to_le_bytes());
        bytes.extend(self.shingles.to_le_bytes());
        for list in [&self.title, &self.numbers, &self.minima] {
            bytes.push(u8::try_from(list.len()).unwrap_or(u8::MAX));
            bytes.extend(list.iter().flat_map(|hash| hash.to_le_bytes()));
        }
        bytes
    }

    /// From stored bytes; anything unreadable or of another version is a signature that resembles nothing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::read(bytes).unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
            let (head, tail) = bytes.split_first_chunk::<N>()?;
            *bytes = tail;
            Some(*head)
        }
        let rest = &mut &bytes[..];
        let [version] = take::<1>(rest)?;
        if version != VERSION {
            return None;
        }
        let link = u64::from_le_bytes(take(rest)?);
        let shingles = u32::from_le_bytes(take(rest)?);
        let mut lists = [const { Vec::new() }; 3];
        for list in &mut lists {
            let [length] = take::<1>(rest)?;
            for _ in 0..length {
                list.push(u32::from_le_bytes(take(rest)?));
            }
        }
        let [title, numbers, minima] = lists;
        Some(Self { link, title, numbers, shingles, minima })
    }

    /// How alike the two are, in 0 … 1, if they tell the same story; `None` if they don't.
    ///
    /// The same link over anything alike is the same article. Else the text decides (one contains most of the other), or a near-equal
    /// headline, or a similar headline over similar text; headlines with different numbers need near-equal text.
    #[must_use]
    pub fn same_story(&self, other: &Self) -> Option<f64> {
        let same_link = self.link != 0 && self.link == other.link;
        let (resemblance, containment) = self.text_likeness(other);
        // So it is with nearly all pairs of a board: then only a near-equal headline tells, and counting is soon over.
        if resemblance == 0.0 && !same_link && !may_be_near_equal(&self.title, &other.title) {
            return None;
        }
        let shared = common(&self.title, &other.title);
        let title = jaccard(&self.title, &other.title, shared);
        // Some feeds give all their items one address: the link alone proves nothing.
        let untitled = self.title.is_empty() || other.title.is_empty();
        if same_link && (untitled || title >= 0.2 || containment >= 0.3) {
            return Some(1.0);
        }
        let numbers_agree = self.numbers == other.numbers || self.numbers.is_empty() || other.numbers.is_empty();
        let enough_title = shared >= ENOUGH_TITLE;
        let same = if numbers_agree {
            resemblance >= 0.4
                || containment >= 0.65
                || (enough_title && title >= NEAR_EQUAL)
                || (enough_title && title >= 0.4 && containment >= 0.3)
        } else {
            resemblance >= 0.7 || (containment >= 0.9 && title >= 0.5)
        };
        same.then(|| resemblance.max(containment).max(title).min(0.99))
    }

    /// Estimated Jaccard resemblance of the two texts, and which share of the shorter one stands in the longer one.
    /// Zero for texts too short to tell.
    fn text_likeness(&self, other: &Self) -> (f64, f64) {
        let (short, long) = (self.shingles.min(other.shingles), self.shingles.max(other.shingles));
        if short < MIN_SHINGLES || self.minima.len() != other.minima.len() {
            return (0.0, 0.0);
        }
        // Wrapping, so that four are compared at a time: a checked sum takes them one by one.
        let pairs = self.minima.iter().zip(&other.minima);
        let equal = pairs.fold(0_u32, |equal, (a, b)| equal.wrapping_add(u32::from(a == b)));
        #[expect(clippy::cast_precision_loss, reason = "128")]
        let resemblance = f64::from(equal) / MINIMA as f64;
        let shared = resemblance / (1.0 + resemblance) * (f64::from(short) + f64::from(long));
        (resemblance, (shared / f64::from(short)).min(1.0))
    }
}

/// Below this a text is a teaser that tells nothing by itself. A guess: two sentences.
const MIN_SHINGLES: u32 = 12;

/// Words that two headlines must share to tell anything.
const ENOUGH_TITLE: usize = 4;
/// Resemblance of headlines that decides alone.
const NEAR_EQUAL: f64 = 0.75;

/// Whether two sorted headlines can share [`ENOUGH_TITLE`] words and resemble each other [`NEAR_EQUAL`]; mostly told by
/// their first few words. `false` is sure.
fn may_be_near_equal(a: &[u32], b: &[u32]) -> bool {
    // 3/4 of all words shared means 3/7 of the sum of both.
    let needed = ((a.len() + b.len()) * 3).div_ceil(7).max(ENOUGH_TITLE);
    let (Some(mut spare_a), Some(mut spare_b)) = (a.len().checked_sub(needed), b.len().checked_sub(needed)) else {
        return false;
    };
    let (mut at_a, mut at_b) = (0, 0);
    while let (Some(one), Some(other)) = (a.get(at_a), b.get(at_b)) {
        // A word of the one that the other lacks.
        let (a_lacks, b_lacks) = (other < one, one < other);
        if (a_lacks && spare_b == 0) || (b_lacks && spare_a == 0) {
            return false;
        }
        spare_a -= usize::from(b_lacks);
        spare_b -= usize::from(a_lacks);
        at_a += usize::from(!a_lacks);
        at_b += usize::from(!b_lacks);
    }
    true
}

fn low_half(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
}

/// Folded words in order; in scripts without spaces every character is one.
fn words(text: &str, limit: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if is_unspaced(c) {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            words.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.push(c);
        } else if !word.is_empty() && !matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{640}') {
            words.push(std::mem::take(&mut word));
        }
        if words.len() >= limit {
            return words;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Han, Kana, Thai, Lao, Burmese, Khmer.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' | '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// One minimum per hash function of the family (a·x + b) mod 2⁶⁴, upper half.
fn minima(shingles: &BTreeSet<u64>) -> Vec<u32> {
    if shingles.is_empty() {
        return Vec::new();
    }
    (0..MINIMA as u64)
        .map(|index| {
            let a = xxh3_64(&index.to_le_bytes()) | 1;
            let b = xxh3_64(&(index + 1_000_003).to_le_bytes());
            let value = |shingle: &u64| low_half((shingle.wrapping_mul(a).wrapping_add(b)) >> 32);
            shingles.iter().map(value).min().unwrap_or(u32::MAX)
        })
        .collect()
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().filter(|hash| b.binary_search(hash).is_ok()).count()
}

#[expect(clippy::cast_precision_loss, reason = "at most 40 words")]
fn jaccard(a: &[u32], b: &[u32], shared: usize) -> f64 {
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ArticleId, FeedId, Timestamp};

    fn article(url: &str, title: &str, body: &str) -> Article {
        Article {
            id: ArticleId::derive(&[url, title]),
            feed: FeedId::derive(&["f"]),
            feed_name: "Lanterna".into(),
            url: (!url.is_empty()).then(|| url.to_owned()),
            title: title.into(),
            summary: String::new(),
            body: body.into(),
            text_status: TextStatus::Feed,
            text_error: None,
            lang: None,
            declared_lang: None,
            source: "lanterna.example".into(),
            author: None,
            tags: vec![],
            published: None,
            updated: None,
            fetched_at: Timestamp::EPOCH,
            content_hash: 0,
        }
    }

    fn same(a: (&str, &str, &str), b: (&str, &str, &str)) -> bool {
        let (a, b) = (Signature::of(&article(a.0, a.1, a.2)), Signature::of(&article(b.0, b.1, b.2)));
        assert_eq!(Signature::from_bytes(&a.to_bytes()), a, "stored and read again");
        assert_eq!(a.same_story(&b).is_some(), b.same_story(&a).is_some(), "order must not matter");
        a.same_story(&b).is_some()
    }

    const WIRE: &str = "Le marine di Russia e Cina hanno avviato oggi una serie di esercitazioni congiunte nel Mar del \
        Giappone. Lo ha reso noto il ministero della Difesa di Mosca, precisando che alle manovre partecipano otto \
        unità di superficie e due sottomarini. Le attività dureranno quattro giorni e comprendono tiri con artiglieria.";

    #[test]
    fn a_wire_story_under_another_headline_is_the_same_story() {
        let edited = WIRE.replace("otto unità", "8 unità") + " La Nato osserva con attenzione.";
        assert!(same(
            ("https://a.example/1", "Russia-Cina, al via manovre navali congiunte", WIRE),
            ("https://b.example/x", "Navi russe e cinesi insieme nel Pacifico", &edited)
        ));
        let zh = "俄罗斯与中国海军今天在日本海开始联合演习。俄国防部表示，八艘水面舰艇和两艘潜艇参加演习，为期四天。";
        assert!(same(("", "中俄海军联合演习开始", zh), ("", "日本海举行海上联演", &format!("{zh}北约表示关注。"))));
        let ru = "Военно-морские силы России и Китая начали сегодня совместные учения в Японском море. Об этом сообщило \
            Министерство обороны в Москве, уточнив, что в манёврах участвуют восемь надводных кораблей.";
        assert!(same(("", "Россия и Китай начали учения", ru), ("", "В Японском море стартовали манёвры", ru)));
        let ar = "بدأت القوات البحرية الروسية والصينية اليوم سلسلة من التدريبات المشتركة في بحر اليابان. وقالت وزارة الدفاع في موسكو إن ثماني سفن وغواصتين تشارك في المناورات.";
        assert!(same(("", "مناورات روسية صينية", ar), ("", "تدريبات بحرية في المحيط الهادئ", ar)));
    }

    #[test]
    fn the_same_link_in_two_feeds_is_the_same_story() {
        assert!(same(
            ("https://www.a.example/1?utm_source=rss", "Uno", ""),
            ("https://a.example/1#top", "Uno, aggiornamento", "")
        ));
    }

    #[test]
    fn one_address_for_all_items_does_not_make_them_one_story() {
        for link in ["https://a.example/", "https://a.example/bollettini"] {
            assert!(!same(
                (link, "Nave alla deriva davanti al porto", "L'equipaggio, undici persone, sta bene."),
                (link, "Sottomarino avvistato nello stretto", "La marina ha inviato due fregate sul posto.")
            ));
        }
    }

    #[test]
    fn another_story_with_a_similar_headline_is_another_story() {
        assert!(!same(
            (
                "",
                "Missile strike on Kharkiv kills 5",
                "Five people died when a missile hit a block of flats in Kharkiv on Monday night."
            ),
            (
                "",
                "Missile strike on Kharkiv kills 9",
                "Nine people died on Thursday when two missiles fell on a market in the city of Kharkiv."
            )
        ));
        assert!(!same(
            (
                "",
                "Russia and China sign gas deal",
                "The two countries agreed on prices for a pipeline through Mongolia after years of talks."
            ),
            (
                "",
                "Russia and China hold naval drill",
                "Warships of both countries left Vladivostok on Monday for four days of joint exercises."
            )
        ));
        assert!(!same(("", "Breaking news", ""), ("", "Breaking news", "")));
    }

    #[test]
    fn unreadable_bytes_resemble_nothing() {
        for bytes in [&[][..], &[9, 9, 9], &[VERSION], &[VERSION; 20]] {
            assert_eq!(Signature::from_bytes(bytes).same_story(&Signature::from_bytes(bytes)), None);
        }
    }

    /// [`Signature::same_story`] as its rules read, without a way around anything.
    fn same_story_plainly(a: &Signature, b: &Signature) -> Option<f64> {
        let shared = a.title.iter().filter(|word| b.title.contains(word)).count();
        let title = jaccard(&a.title, &b.title, shared);
        let (short, long) = (f64::from(a.shingles.min(b.shingles)), f64::from(a.shingles.max(b.shingles)));
        let (mut resemblance, mut containment) = (0.0, 0.0);
        if a.shingles.min(b.shingles) >= 12 && a.minima.len() == b.minima.len() {
            resemblance =
                a.minima.iter().zip(&b.minima).map(|(a, b)| if a == b { 1.0 } else { 0.0 }).sum::<f64>() / 128.0;
            containment = (resemblance / (1.0 + resemblance) * (short + long) / short).min(1.0);
        }
        let untitled = a.title.is_empty() || b.title.is_empty();
        if a.link != 0 && a.link == b.link && (untitled || title >= 0.2 || containment >= 0.3) {
            return Some(1.0);
        }
        let same = if a.numbers == b.numbers || a.numbers.is_empty() || b.numbers.is_empty() {
            let by_title = title >= 0.75 || (title >= 0.4 && containment >= 0.3);
            resemblance >= 0.4 || containment >= 0.65 || (shared >= 4 && by_title)
        } else {
            resemblance >= 0.7 || (containment >= 0.9 && title >= 0.5)
        };
        same.then(|| resemblance.max(containment).max(title).min(0.99))
    }

    /// Signatures of which two often share something: few words, few links, minima that are equal in one place of `odds`.
    fn signature() -> impl Strategy<Value = Signature> {
        let minima = (1_u32..300, prop::collection::vec(any::<u32>(), MINIMA)).prop_map(|(odds, mut minima)| {
            minima.iter_mut().for_each(|minimum| *minimum %= odds);
            minima
        });
        let words = |most: u32, size: usize| prop::collection::btree_set(0..most, 0..size);
        (0_u64..4, words(12, 12), words(3, 2), 0_u32..700, prop_oneof![Just(Vec::new()), minima]).prop_map(
            |(link, title, numbers, shingles, minima)| Signature {
                link,
                title: title.into_iter().collect(),
                numbers: numbers.into_iter().collect(),
                shingles,
                minima,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn the_short_way_finds_what_the_plain_rules_say(a in signature(), b in signature()) {
            let (found, plain) = (a.same_story(&b), same_story_plainly(&a, &b));
            prop_assert_eq!(found.is_some(), plain.is_some(), "{:?}", plain);
            prop_assert!((found.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-12, "{:?} {:?}", found, plain);
        }
    }

    #[test]
    fn headlines_of_any_length_are_near_equal_where_counting_says_so() {
        let titles: Vec<Vec<u32>> = (0..2048_u32)
            .map(|set| (0..11).filter(|word| set >> word & 1 == 1).collect())
            .chain([(0..40).collect(), (0..31).collect(), (3..40).collect()])
            .collect();
        let mut near = 0;
        for a in &titles {
            for b in &titles {
                let shared = common(a, b);
                let is_near = shared >= ENOUGH_TITLE && jaccard(a, b, shared) >= NEAR_EQUAL;
                near += u32::from(is_near);
                assert!(!is_near || may_be_near_equal(a, b), "{a:?} {b:?}");
            }
        }
        assert!(near > 1000, "{near}");
    }
}
