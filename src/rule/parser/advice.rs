//! Whoever follows the advice gets a query that means what was meant: one finding for each slip, and what it says to write is
//! no mistake itself.

use super::habits::only_finding;
use super::tests::{codes_of, parse, term};
use super::*;

/// The text with what the finding's patch says in its place.
fn mended(text: &str, found: &Diagnostic) -> Option<String> {
    let mut mended = text.to_owned();
    mended.replace_range(found.labels[0].span.range(), found.patch.as_deref()?);
    Some(mended)
}

#[test]
fn what_is_put_in_the_place_of_a_slip_stays_apart_from_what_stands_beside_it() {
    for (text, right) in [
        ("a||b", "a OR b"),
        ("a||=b", "a OR =b"),
        ("(a)||(b)", "(a)OR(b)"),
        ("a&&b", "a AND b"),
        ("\"a\"&&\"b\"", "\"a\" AND \"b\""),
        ("a｜b", "a OR b"),
        ("a＋b", "a AND b"),
        ("＋a", "a"),
        ("a NEAR/5,b", "a NEAR/5 b"),
        ("a, AND b", "a AND b"),
        ("a,NOT b", "a AND NOT b"),
        ("a NEAR/5.5 b", "a NEAR/5 b"),
        ("a W/ S b", "a W/S b"),
        ("a W /P b", "a W/P b"),
        ("a W/ 5 b", "a NEAR/5 b"),
        ("a IN SAME SENTENCE b", "a W/S b"),
        ("a IN THE SAME PARAGRAPH AS b", "a W/P b"),
        ("HEADLINE(a)", "title:(a)"),
        ("x AND TITLE(a OR b)", "x AND title:(a OR b)"),
        ("AT&amp;T", "AT&T"),
        ("R&amp;D OR x", "R&D OR x"),
        ("missile&nbsp;defence", "\"missile defence\""),
        ("a &amp;&amp; b", "a AND b"),
        ("a&amp; b", "a AND b"),
        ("l'\"accordo quadro\" OR x", "\"l'accordo quadro\" OR x"),
        ("dell’\"esercito\"", "\"dell’esercito\""),
        ("ракета БЕЗ бомба", "ракета AND NOT бомба"),
        ("a＆＆b", "a AND b"),
        ("=“Mosca”", "=\"Mosca\""),
        ("dell'“esercito”", "\"dell'esercito\""),
    ] {
        let found = only_finding(text);
        assert_eq!(mended(text, &found).as_deref(), Some(right), "{text}: {found:#?}");
        assert_eq!(codes_of(right), [] as [&str; 0], "{right}");
    }
}

/// Of each: the code, and what is said to write, which is a query where it has no dots.
#[test]
fn advice_for_one_slip_is_given_once_and_is_a_query() {
    let mut wrong = Vec::new();
    for (text, code, rights) in [
        ("a AND NOT b OR c", "E108", &["(a AND NOT b) OR c", "a AND NOT (b OR c)"][..]),
        ("a OR b AND NOT c", "E108", &["a OR (b AND NOT c)", "(a OR b) AND NOT c"]),
        ("a XOR b", "E134", &["(a AND NOT b) OR (b AND NOT a)"]),
        ("ракета NOR бомба", "E134", &["… AND NOT (ракета OR бомба)"]),
        ("a NAND b", "E134", &["… AND NOT (a AND b)"]),
        ("NEAR(a b, 5)", "E113", &["a NEAR/5 b"]),
        ("NEAR(iron dome, missile, 5)", "E113", &["\"iron dome\" NEAR/5 missile"]),
        ("NEAR/5(a, b)", "E113", &["(a NEAR/5 b)"]),
        ("x AND ONEAR/5(导弹, 火箭)", "E113", &["(导弹 ONEAR/5 火箭)"]),
        ("OR(a, b, \"c d\")", "E113", &["(a OR b OR \"c d\")"]),
        ("x AND NOT OR(a, b)", "E113", &["(a OR b)"]),
        ("AND(OR(a, b), c)", "E113", &["(a AND b)"]),
        ("a {BP} b", "E113", &["=BP"]),
        ("{\"Iron Dome\"}", "E113", &["=\"Iron Dome\""]),
        ("missile\" AND b", "E104", &["\"missile\""]),
        ("iron dome\" AND b", "E104", &["\"iron dome\""]),
        ("\"missile»", "E111", &["\"missile\""]),
        ("title/body:x", "E120", &["(title:x OR body:x)"]),
        ("headline/lead:\"a b\"", "E120", &["(title:\"a b\" OR lede:\"a b\")"]),
        ("a AND NOT b c", "E109", &["NOT (b OR c)", "NOT b AND c", "NOT \"b c\""]),
        ("a AND b c", "E109", &["\"b c\"", "b AND c", "(b OR c)"]),
        ("a OR b c", "E109", &["\"b c\"", "(b AND c)", "b OR c"]),
        ("\"missile OR \"rocket", "E109", &[]),
        ("a) OR b", "E106", &[]),
        ("a OR b）", "E106", &[]),
        ("(a OR) b", "E117", &[]),
        ("^a$", "E113", &[]),
        ("^a AND b$", "E113", &[]),
        ("a\\*", "E131", &[]),
        ("tank$3", "E113", &["tank*", "tank?"]),
        ("a +5 b", "E113", &["ONEAR/5"]),
        ("a +s b", "E113", &["W/S"]),
        ("صاروخ؛ قنبلة", "E131", &["OR"]),
        ("a！b", "E112", &[]),
        ("a NEAR b c", "E114", &["NEAR/5"]),
        ("x AND a, b", "E123", &["(a OR b)", "a AND b"]),
        ("x OR a, b", "E123", &["a OR b", "(a AND b)"]),
        ("x AND NOT a, b", "E123", &["(a OR b)", "(a AND b)"]),
        ("a, b OR x", "E123", &["a OR b", "(a AND b)"]),
        ("заголовок:ракета", "E120", &["title:"]),
        ("标题：导弹", "E120", &["title:"]),
        ("عنوان:صاروخ", "E120", &["title:"]),
        ("missile senza nucleare", "E109", &["missile AND NOT nucleare"]),
        ("导弹 ｏｒ 火箭", "E109", &["导弹 OR 火箭"]),
        ("ракета рядом/7 бомба", "E109", &["ракета NEAR/7 бомба"]),
        ("ракета и не бомба", "E109", &["ракета AND NOT бомба"]),
    ] {
        let parsed = parse(text);
        let help: Vec<&str> = parsed.diagnostics.iter().flat_map(|found| &found.help).map(String::as_str).collect();
        let told = rights.iter().all(|right| help.iter().any(|help| help.contains(&format!("`{right}`"))));
        let codes: Vec<_> = parsed.diagnostics.iter().map(|found| found.code).collect();
        if codes != [code] || !told {
            wrong.push(format!("{text}: {:#?}", parsed.diagnostics));
        }
        for right in rights.iter().filter(|right| right.contains(' ') && !right.starts_with(['…', 'N'])) {
            assert_eq!(codes_of(right), [] as [&str; 0], "{text}: {right}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where it ends is not known, so neither is what is mixed in it.
#[test]
fn readings_of_what_has_a_parenthesis_too_many_are_not_offered() {
    assert_eq!(codes_of("a OR b) AND (c"), ["E106", "E105"]);
}

#[test]
fn no_reading_that_is_offered_begins_with_not() {
    for text in ["NOT a OR b AND c", "a AND NOT b OR c", "x AND (a AND NOT b OR c OR d)"] {
        let help: Vec<String> = parse(text).diagnostics.into_iter().flat_map(|found| found.help).collect();
        assert!(help.iter().all(|help| !help.contains("(NOT") && !help.contains("write `NOT")), "{text}: {help:?}");
    }
}

#[test]
fn what_is_right_is_left_alone() {
    for text in [
        "AT&T OR R&D OR \"a & b\"",
        "a AND (OR_ OR b)",
        "same OR SAME OR sentence",
        "\"in the SAME sentence\"",
        "covid-19 OR \"+5\"",
        "\"Federal Bureau (FBI)\"",
        "\"(ANSA)\"",
        "a NEAR/5 (b OR c)",
        "a NOT NEAR/5 (b)",
        "text OR headline OR заголовок",
    ] {
        assert_eq!(codes_of(text), [] as [&str; 0], "{text}");
    }
}

#[test]
fn an_entry_of_a_list_needs_no_quotes_and_excludes_nothing() {
    for (text, code, right) in [
        ("「导弹」", "E111", "导弹"),
        ("«iron dome»", "E111", "iron dome"),
        ("-x", "E132", "except = 'x'"),
        ("NOT missile", "E132", "@concept AND NOT missile"),
    ] {
        let found = term(text).diagnostics;
        let told = found.iter().flat_map(|found| &found.help).any(|help| help.contains(&format!("`{right}`")));
        assert!(found.len() == 1 && found[0].code == code && told, "{text}: {found:#?}");
    }
    assert!(term("«iron dome» «b»").diagnostics.iter().any(|found| found.code == "E111"));
}
