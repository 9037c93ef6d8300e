//! Words and the parts of phrases, and the letters in them that nobody sees or takes for others.

use std::ops::Range;

use crate::model::Diagnostic;

use super::super::ast::{PhrasePart, Word, WordForm};
use super::super::codes;
use super::{Sink, is_letter, is_wildcard};

/// The parts of a phrase: `text` stands at byte `base` of the query, without its quotes. Says what is wrong with them,
/// but not that there are none.
pub(in crate::rule) fn phrase_parts(
    text: &str,
    base: usize,
    sink: &mut Sink<'_>,
    all: Option<WordForm>,
) -> Vec<PhrasePart> {
    let mut parts = Vec::new();
    let mut at = 0;
    for chunk in text.split(char::is_whitespace) {
        let start = base + at;
        at += chunk.len() + text.get(at + chunk.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        if let Some(part) = phrase_part(chunk, start, sink, all) {
            parts.push(part);
        }
    }
    parts
}

fn phrase_part(chunk: &str, start: usize, sink: &mut Sink<'_>, all: Option<WordForm>) -> Option<PhrasePart> {
    if matches!(chunk, "=" | "~") {
        let title = format!("`{chunk}` stands directly before its word, without a space");
        let diagnostic =
            Diagnostic::error(codes::BAD_MODIFIER, title).help(format!("write `{chunk}word`, or leave it out"));
        sink.report(diagnostic, start..start + 1, "");
        return None;
    }
    // Punctuation around a word doesn't matter; the modifiers stand before it.
    let lead = chunk.find(|c: char| is_letter(c) || is_wildcard(c) || matches!(c, '=' | '~'))?;
    let end = chunk.rfind(|c: char| is_letter(c) || is_wildcard(c)).map(|at| at + char_len(chunk, at))?;
    let core = chunk.get(lead..end)?;
    let modifiers = core.find(|c| !matches!(c, '=' | '~')).unwrap_or(core.len());
    let (modifier, word) = core.split_at(modifiers);
    let range = start + lead..start + end;
    if !word.contains(is_letter) {
        if word == "*" && modifier.is_empty() {
            return Some(PhrasePart::Any);
        }
        if word.is_empty() {
            return None;
        }
        let diagnostic = Diagnostic::error(codes::BARE_WILDCARD, format!("`{core}` has no letter to hold on to"))
            .help("in a phrase, a lone `*` is exactly one word; write one `*` for each word");
        sink.report(diagnostic, range, "");
        return None;
    }
    let form = match (modifier, all) {
        ("", None) => None,
        ("", Some(form)) => Some(form),
        ("=", _) => Some(WordForm::Exact),
        ("~", _) => Some(WordForm::Stem),
        _ => {
            bad_modifiers(modifier, word, range, sink);
            return None;
        }
    };
    make_word(word, form, range, sink).map(PhrasePart::Word)
}

fn char_len(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

pub(super) fn bad_modifiers(modifier: &str, word: &str, range: Range<usize>, sink: &mut Sink<'_>) {
    let diagnostic = Diagnostic::error(codes::BAD_MODIFIER, format!("`{modifier}` is not a modifier"))
        .help(format!("write `={word}` for the word exactly as it stands, or `~{word}` for its inflected forms"));
    sink.report(diagnostic, range, "one modifier per word");
}

/// A word of known form, or, without one, folded or a pattern as its letters say. Invisible characters are reported and
/// left out.
pub(super) fn make_word(
    written: &str,
    form: Option<WordForm>,
    range: Range<usize>,
    sink: &mut Sink<'_>,
) -> Option<Word> {
    let mut text = written.to_owned();
    if let Some((at, c)) = written.char_indices().find(|(_, c)| is_invisible(*c)) {
        text.retain(|c| !is_invisible(c));
        // The word may stand behind its modifier.
        let start = range.end.saturating_sub(written.len()) + at;
        invisible(c, start..start + c.len_utf8(), sink);
    }
    let wild = text.contains(is_wildcard);
    if !text.contains(is_letter) {
        let diagnostic = Diagnostic::error(codes::BARE_WILDCARD, format!("`{text}` alone would match every article"))
            .help("put letters before or after it: `missil*`, `*abwehr*`");
        sink.report(diagnostic, range, "");
        return None;
    }
    if let Some(at) = text.find(".*").or_else(|| text.find(".+")) {
        let right = format!("{}*{}", &text[..at], text[at + 2..].trim_matches('*'));
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, "`.*` belongs to regular expressions")
            .help(format!("write `{right}`: `*` stands for any letters, also none"))
            .patch(right);
        sink.report(diagnostic, range, "");
        return None;
    }
    if form == Some(WordForm::Stem) && wild {
        let stem: String = text.chars().filter(|c| !is_wildcard(*c)).collect();
        let diagnostic = Diagnostic::error(codes::BAD_MODIFIER, "`~` and wildcards don't go together").help(format!(
            "write `{text}` for words spelt like this, or `~{stem}` for the inflected forms of one word"
        ));
        sink.report(diagnostic, range, "");
        return None;
    }
    if text.ends_with(['+', '#']) {
        let plain = text.trim_end_matches(['+', '#']);
        let signs = &text[plain.len()..];
        let diagnostic =
            Diagnostic::warning(codes::UNHEARD, format!("`{signs}` does not count: this finds every `{plain}`"))
                .help(format!(
                    "signs are not looked for; a regular expression sees them: `/{plain}{}/`",
                    signs.replace('+', "\\+")
                ))
                .help(format!("if every `{plain}` is meant, leave `{signs}` out"));
        sink.report(diagnostic, range.clone(), "");
    }
    mixed_script(&text, range, sink);
    let form = form.unwrap_or(if wild { WordForm::Pattern } else { WordForm::Folded });
    Some(Word { text, form })
}

/// Warns of a letter of another script that looks like one of those around it.
fn mixed_script(text: &str, range: Range<usize>, sink: &mut Sink<'_>) {
    if text.is_ascii() {
        return;
    }
    for part in text.split(|c: char| !c.is_alphabetic()) {
        let mut counts = [0_usize; 3];
        for script in part.chars().filter_map(script_of) {
            counts[script] += 1;
        }
        if counts.iter().filter(|count| **count > 0).count() < 2 {
            continue;
        }
        // The script of most letters; but one in which all of them can be written is surely meant.
        let whole = |script: usize| part.chars().all(|c| !is_foreign(c, script) || twin(c, script).is_some());
        let most = (0..3)
            .filter(|script| counts[*script] > 0)
            .max_by_key(|script| (whole(*script), counts[*script], 3 - script))
            .unwrap_or(0);
        if !whole(most) {
            continue;
        }
        let Some(odd) = part.chars().find(|c| is_foreign(*c, most)) else { continue };
        let name = script_of(odd).map_or("", |script| SCRIPTS[script]);
        let around = SCRIPTS[most];
        let title = format!("`{odd}` (U+{:04X}) in `{part}` is a {name} letter among {around} ones", odd as u32);
        let right: String =
            text.chars().map(|c| if is_foreign(c, most) { twin(c, most).unwrap_or(c) } else { c }).collect();
        let diagnostic = Diagnostic::warning(codes::MIXED_SCRIPT, title)
            .help(format!("write `{right}`, typed on a {around} keyboard; if the mixture is meant, leave it"));
        sink.report(diagnostic, range, "");
        return;
    }
}

/// Whether a letter belongs to another script.
fn is_foreign(c: char, script: usize) -> bool {
    script_of(c).is_some_and(|other| other != script)
}

/// The letter of a script that looks like this one.
fn twin(c: char, script: usize) -> Option<char> {
    let latin = if c.is_ascii() { Some(c) } else { lookalike(c) }?;
    let (_, twins) = LOOKALIKES.iter().find(|(own, _)| *own == latin)?;
    if script == 0 { Some(latin) } else { twins[script - 1] }
}

const SCRIPTS: [&str; 3] = ["Latin", "Cyrillic", "Greek"];

/// Index into [`SCRIPTS`]: the scripts whose letters are mistaken for one another. Block ranges of the Unicode Standard.
fn script_of(c: char) -> Option<usize> {
    match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Some(0),
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' => Some(1),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(2),
        _ => None,
    }
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fffc}')
}

pub(super) fn invisible(c: char, range: Range<usize>, sink: &mut Sink<'_>) {
    let name = match c {
        '\u{00ad}' => "soft hyphen",
        '\u{200b}' => "zero-width space",
        '\u{feff}' => "byte order mark",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "direction mark",
        _ => "invisible",
    };
    let diagnostic = Diagnostic::error(
        codes::WRONG_CHARACTER,
        format!("an invisible character stands here: U+{:04X}, {name}", c as u32),
    )
    .help("delete it; it came with text that was pasted");
    sink.report(diagnostic, range, "");
}

/// The Latin letter that a Cyrillic or Greek one looks like.
pub(super) fn lookalike(c: char) -> Option<char> {
    LOOKALIKES.iter().find(|(_, twins)| twins.contains(&Some(c))).map(|(latin, _)| *latin)
}

/// Latin letters and those of Cyrillic and Greek that look the same in print (from Unicode's confusables, UTS #39).
#[rustfmt::skip]
const LOOKALIKES: [(char, [Option<char>; 2]); 34] = [
    ('a', [Some('а'), Some('α')]), ('c', [Some('с'), None]), ('e', [Some('е'), None]), ('o', [Some('о'), Some('ο')]),
    ('p', [Some('р'), Some('ρ')]), ('x', [Some('х'), None]), ('y', [Some('у'), None]), ('i', [Some('і'), Some('ι')]),
    ('j', [Some('ј'), None]), ('s', [Some('ѕ'), None]), ('h', [Some('һ'), None]), ('d', [Some('ԁ'), None]),
    ('k', [Some('к'), Some('κ')]), ('m', [Some('м'), None]), ('t', [Some('т'), Some('τ')]), ('v', [None, Some('ν')]),
    ('u', [None, Some('υ')]), 
    ('A', [Some('А'), Some('Α')]), ('B', [Some('В'), Some('Β')]), ('C', [Some('С'), None]), ('E', [Some('Е'), Some('Ε')]),
    ('H', [Some('Н'), Some('Η')]), ('I', [Some('І'), Some('Ι')]), ('J', [Some('Ј'), None]), ('K', [Some('К'), Some('Κ')]),
    ('M', [Some('М'), Some('Μ')]), ('N', [None, Some('Ν')]), ('O', [Some('О'), Some('Ο')]), ('P', [Some('Р'), Some('Ρ')]),
    ('S', [Some('Ѕ'), None]), ('T', [Some('Т'), Some('Τ')]), ('X', [Some('Х'), Some('Χ')]), ('Y', [Some('У'), Some('Υ')]),
    ('Z', [None, Some('Ζ')]),
];
