//! Lists under a language that is not written as their terms are: `kr`, which is Kanuri, for Korean.
//!
//! Codes of countries that are languages, too, can't be told by themselves. Latin letters say little, since names and
//! abbreviations have them in every language; only of `se` they do.

use crate::model::{Diagnostic, Lang};
use crate::rule::ast::Node;
use crate::rule::codes;
use crate::rule::def::ConceptDef;
use crate::settings::Findings;
use crate::text::{detect_language, may_be_written};

/// Warns of a list whose terms are written in letters that its language does not have.
pub(super) fn other_language(lang: Lang, list: &[Node], concept: &ConceptDef, findings: &Findings) {
    let Some(first) = list.first() else { return };
    let terms = list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let (title, help) = if !may_be_written(lang, &terms) {
        let meant = detect_language(None, &terms, "").lang.filter(|meant| may_be_written(*meant, &terms));
        (
            format!("the terms of the list `{lang}` are not in letters of that language"),
            match meant {
                Some(meant) => format!("name the language that they are in: `{meant}`, if that is it"),
                None => "name the language that they are in".to_owned(),
            },
        )
    } else if may_be_swedish(lang, &terms, concept) {
        (
            "the list `se` is for Northern Sami, and has none of its letters".to_owned(),
            "for Swedish write `sv`".to_owned(),
        )
    } else {
        return;
    };
    findings.add(Diagnostic::warning(codes::OTHER_LANGUAGE, title).label(first.span, "").help(help));
}

/// Whether a list for Northern Sami has none of its letters, which are in most of its words.
fn may_be_swedish(lang: Lang, terms: &str, concept: &ConceptDef) -> bool {
    lang.as_str() == "se"
        && !concept.lists.keys().any(|lang| lang.as_str() == "sv")
        && !terms.to_lowercase().contains(['á', 'č', 'đ', 'ŋ', 'š', 'ŧ', 'ž'])
        && terms.contains(char::is_alphabetic)
}
