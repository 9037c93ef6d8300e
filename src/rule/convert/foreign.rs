//! What looks like an operator or a field, and is none in the vendor's language: slips, and what came from another product.
//!
//! In: a term that stood outside quotes. Out: a remark, or that the query can't be converted. The vendor itself takes such a
//! thing for a word, so taking it for one is faithful, and hardly ever what was meant: `missile w/5 launch` in a Factiva
//! query copied from Lexis. Only a sign for NOT stops the conversion, since a word that is asked for is then the opposite.

use std::ops::Range;

use super::codes;
use super::notes::Notes;
use super::term::shown;

/// What to make of a term that stands outside quotes.
pub(super) fn remark(text: &str, product: &str, minus: bool, at: &Range<usize>, notes: &mut Notes) {
    let mut chars = text.chars();
    if let Some(sign @ ('-' | '−' | '!')) = chars.next()
        && !(minus && sign != '!')
        && chars.next().is_some_and(char::is_alphabetic)
    {
        let title = format!("`{sign}` before a term means nothing in {product}, and may stand for NOT");
        let help = "write NOT if the term is to be left out, or delete the sign";
        return notes.fail(codes::SYNTAX, title, help, at);
    }
    if is_operator(text) {
        let title = format!("`{}` is no operator in {product}: it is looked for as a word", shown(text));
        let help = "write the operator that is meant and convert again; quotes around it say that it is a word";
        return notes.warn(codes::FOREIGN, title, help, at);
    }
    if let Some(name) = field(text) {
        let title = format!("`{}` is no field in {product}: its name is looked for as a word", shown(name));
        let help = "write the field as it is called there and convert again, or put quotes around the term";
        notes.warn(codes::FOREIGN, title, help, at);
    }
}

/// The same for Lucene, whose operators are written in capitals; fields and signs are its reader's.
pub(super) fn remark_lucene(text: &str, at: &Range<usize>, notes: &mut Notes) {
    if matches!(&*text.to_ascii_lowercase(), "and" | "or" | "not") || is_operator(text) {
        let title = format!("`{}` is no operator in Lucene: it is looked for as a word", shown(text));
        let help = "operators are `AND`, `OR` and `NOT` in capitals; `\"a b\"~5` is nearness";
        notes.warn(codes::FOREIGN, title, help, at);
    }
}

/// A name right before a parenthesis: `hl(missile)`.
pub(super) fn remark_call(name: &str, product: &str, at: &Range<usize>, notes: &mut Notes) {
    if name.chars().all(|c| c.is_ascii_alphanumeric()) && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let title = format!("`{}(…)` is no command in {product}: its name is looked for as a word", shown(name));
        let help = "write the command that is meant and convert again, or a space before the parenthesis";
        notes.warn(codes::FOREIGN, title, help, at);
    }
}

/// Whether some product has such an operator.
fn is_operator(text: &str) -> bool {
    const ALONE: [&str; 20] = [
        "andnot", "and-not", "and_not", "butnot", "xor", "near", "onear", "w/s", "w/p", "w/sent", "w/para", "w/seg",
        "/s", "/p", "/seg", "/sent", "/para", "+s", "+p", "w/",
    ];
    const NUMBERED: [&str; 11] = ["", "w", "n", "p", "near", "onear", "pre", "adj", "within", "atleast", "atl"];
    let lower = text.to_ascii_lowercase();
    if ALONE.contains(&lower.as_str()) {
        return true;
    }
    let signed = lower.starts_with(['/', '+']);
    let inner = lower.trim_start_matches(['/', '+']).trim_end_matches('/');
    let letters = inner.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(letters);
    let digits = rest.trim_start_matches('/');
    // `near/5b`, `w/5w`: a letter of its own behind the number.
    let digits = match digits.strip_suffix(|c: char| c.is_ascii_alphabetic()) {
        Some(number) if rest.starts_with('/') => number,
        _ => digits,
    };
    // A single letter with a number is a name as well: `N1`, `P5`.
    let is_plain = rest.starts_with(|c: char| c.is_ascii_digit()) && name.len() < 2;
    NUMBERED.contains(&name)
        && !digits.is_empty()
        && digits.len() <= 4
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (signed || !is_plain || (name == "w" && digits.len() < 3))
        && (signed || !name.is_empty())
}

/// The name and the sign of what looks like a field: `headline:missile`, `title：导弹`.
fn field(text: &str) -> Option<&str> {
    let at = text.find([':', '：', '='])?;
    let (name, rest) = text.split_at(at);
    let sign = rest.chars().next().map_or(0, char::len_utf8);
    let is_name = name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !rest[sign..].starts_with("//")).then(|| &text[..at + sign])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_any_product_are_known() {
        for text in
            ["w/5", "W/5/", "/n5", "/near5/", "near5", "NEAR/5", "pre/3", "w5", "/5", "+5", "w/s", "andnot", "near/5b"]
        {
            assert!(is_operator(text), "{text}");
        }
        for text in ["S-400", "N1", "P5", "5", "F-16", "order", "pre", "A1", "2024", "W3C", "within", "m/v", "导弹"] {
            assert!(!is_operator(text), "{text}");
        }
    }

    #[test]
    fn fields_are_told_from_links_and_times() {
        assert_eq!(field("headline:missile"), Some("headline:"));
        assert_eq!(field("title：导弹"), Some("title："));
        for text in ["12:30", "https://example.org", "missile", ":x"] {
            assert_eq!(field(text), None, "{text}");
        }
    }
}
