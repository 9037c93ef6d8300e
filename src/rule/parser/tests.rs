use super::*;
use crate::model::SourceId;

pub(super) fn parse(text: &str) -> Parsed {
    parse_query(text, &|range| Span::new(SourceId(0), range), &RegexBudget::default())
}

pub(super) fn term(text: &str) -> Parsed {
    parse_term(text, &|range| Span::new(SourceId(0), range), &RegexBudget::default())
}

pub(super) fn codes_of(text: &str) -> Vec<&'static str> {
    let parsed = parse(text);
    assert_eq!(parsed.node.is_some(), parsed.diagnostics.iter().all(|d| !d.is_error()), "{text}: {parsed:?}");
    parsed.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

fn printed(text: &str) -> String {
    let parsed = parse(text);
    assert!(parsed.diagnostics.is_empty(), "{text}: {:#?}", parsed.diagnostics);
    parsed.node.expect(text).to_string()
}

#[test]
fn queries_read_as_they_are_written() {
    for text in [
        "missile",
        "=Mosca",
        "~missile",
        "missil* OR *abwehr* OR defen?e",
        "\"missile defence\"",
        "\"=Iron * ~dome defen?e\"",
        "@russia AND @china AND NOT #football",
        "(a OR b) NEAR/5 (c OR d)",
        "a ONEAR/0 b",
        "a W/S b",
        "a NOT W/P b",
        "a NOT NEAR/3 b AND c",
        "ATLEAST/3(missile OR @launch)",
        "2 OF (a AND b, c OR d, \"e f\")",
        "title:(a AND b) OR lede:c OR NOT_A_KEYWORD",
        "url:\"example.org/news\" AND source:*ansa*",
        "/S-?[34]00\\/M/ OR x",
        "l'accordo OR dell’esercito OR S-400 OR U.S. OR AT&T OR F/A-18 OR po' OR .NET",
        "صواريخ OR ミサイル OR 俄罗斯 OR росси* OR ขีปนาวุธ OR צה\"ל OR मिसाइल",
        "(a NEAR/5 b) NEAR/3 c",
        "and OR or OR not",
        "a AND NOT (b OR c) AND d",
        "near OR w OR \"NEAR/5\" OR near-miss OR w/o",
    ] {
        assert_eq!(printed(text), text);
    }
}

#[test]
fn parentheses_that_change_nothing_are_not_printed() {
    assert_eq!(printed("((a) OR (b))"), "a OR b");
    assert_eq!(printed("(a NEAR/5 b) AND (c)"), "a NEAR/5 b AND c");
    assert_eq!(printed("title:(a)"), "title:a");
    assert_eq!(printed("'ndrangheta OR po' OR dell'"), "ndrangheta OR po' OR dell'");
    assert_eq!(printed("a NEAR/5 b NEAR/5 c"), "(a NEAR/5 b) NEAR/5 c");
    assert_eq!(printed("=\"Iron Dome\" OR ~\"missile launch\""), "\"=Iron =Dome\" OR \"~missile ~launch\"");
    assert_eq!(printed("\"missile – defence, (now)\""), "\"missile defence now\"");
}

#[test]
fn a_node_knows_where_it_stands() {
    let parsed = parse("россия OR (title:\"a b\" AND @c)");
    let text = "россия OR (title:\"a b\" AND @c)";
    let mut places = Vec::new();
    parsed.node.unwrap().walk(&mut |node| places.push(text[node.span.range()].to_owned()));
    assert_eq!(places, [text, "россия", "title:\"a b\" AND @c", "title:\"a b\"", "\"a b\"", "@c"]);
    let names: Vec<&str> = parsed.references.iter().map(|reference| reference.name.as_str()).collect();
    assert_eq!(names, ["c"]);
}

#[test]
fn one_slip_is_one_error_and_its_hint_can_be_written() {
    let one = |text: &str| {
        let mut found = parse(text).diagnostics;
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        found.remove(0)
    };
    for text in [
        "nave\u{200b}AND mare",
        "nave AND\u{200b}mare",
        "船\u{200b}AND 海",
        "корабль\u{feff}OR море",
        "سفينة\u{200f}AND بحر",
        "nave\u{200b}NEAR/5 mare",
        "a AND NOT\u{200b}b",
    ] {
        assert_eq!(one(text).code, "E112", "{text}");
    }
    // These are words.
    assert_eq!(one("nave\u{200b}ANDrea").code, "E112");
    assert_eq!(one("na\u{ad}ve").code, "E112");
    for (text, places) in [("+a", 1), ("+a +b", 2), ("+船 +海 +港", 3), ("a +b", 1), ("a OR b +c", 1), ("+a AND +b", 2)]
    {
        let found = one(text);
        assert_eq!((found.code, found.labels.len()), ("E113", places), "{text}");
    }
    assert_eq!(one(&"+a ".repeat(1000)).labels.len(), 5);
    assert_eq!(codes_of("+a b"), ["E113", "E109"], "what is not said by the sign is said");
    for (text, right) in [
        ("!a", "`… AND NOT a`"),
        ("!море", "`… AND NOT море`"),
        ("(-海)", "`… AND NOT 海`"),
        ("not صاروخ", "`… AND NOT صاروخ`"),
        ("-a b", "`b AND NOT a`"),
        ("-title:a AND b", "`b AND NOT title:a`"),
    ] {
        let found = one(text);
        assert_eq!(found.code, "E118", "{text}");
        assert!(found.help[0].ends_with(right), "{found:?}");
    }
}

#[test]
fn every_slip_has_its_own_code() {
    let mut wrong = Vec::new();
    for (text, codes) in [
        ("", vec!["E101"]),
        (" \n ", vec!["E101"]),
        ("\"\"", vec!["E102"]),
        ("\"* *\" OR x", vec!["E102"]),
        ("a OR ()", vec!["E103"]),
        ("\"iron dome", vec!["E104"]),
        ("(\"iron dome AND x)", vec!["E104"]),
        ("(a OR b", vec!["E105"]),
        ("((a OR b", vec!["E105"]),
        ("a OR b)", vec!["E106"]),
        ("a) OR b", vec!["E106"]),
        ("/abc", vec!["E107"]),
        ("a AND b OR c", vec!["E108"]),
        ("a OR b AND NOT c", vec!["E108"]),
        ("(a AND b OR c) AND (d OR e AND f)", vec!["E108", "E108"]),
        ("missile defence", vec!["E109"]),
        ("surface to air missile", vec!["E109"]),
        ("a b AND c d", vec!["E109", "E109"]),
        ("a and b", vec!["E110"]),
        ("a And not b", vec!["E110"]),
        ("a and b or c", vec!["E108", "E110", "E110"]),
        ("a AND not b", vec!["E110"]),
        ("a not b", vec!["E110"]),
        ("a near/5 b", vec!["E110"]),
        ("a not NEAR/5 b", vec!["E110"]),
        ("a not near/5 b", vec!["E110", "E110"]),
        ("a w/s b", vec!["E110"]),
        ("2 of (a, b, c)", vec!["E110"]),
        ("“iron dome” OR x", vec!["E111"]),
        ("«iron dome» OR „iron dome“", vec!["E111", "E111"]),
        ("'iron dome'", vec!["E111"]),
        ("\"iron dome” OR x", vec!["E111"]),
        ("（a OR b）", vec!["E112", "E112"]),
        ("mis\u{ad}sile", vec!["E112"]),
        ("\u{feff}missile", vec!["E112"]),
        ("a w/5 b", vec!["E113"]),
        ("a NEAR5 b", vec!["E113"]),
        ("a near5 b", vec!["E113"]),
        ("a ADJ3 b", vec!["E113"]),
        ("a PRE/3 b", vec!["E113"]),
        ("a && b", vec!["E113"]),
        ("a || b", vec!["E113"]),
        ("a AND !b", vec!["E113"]),
        ("a -b", vec!["E113"]),
        ("+a AND b", vec!["E113"]),
        ("\"a b\"~5", vec!["E113"]),
        ("roam~2", vec!["E113"]),
        ("roam^2 OR x", vec!["E113"]),
        ("missile! OR x", vec!["E113"]),
        ("a NEAR b", vec!["E114"]),
        ("a NEAR 5 b", vec!["E113"]),
        ("a NEAR/ b", vec!["E114"]),
        ("a NEAR/x b", vec!["E114"]),
        ("a NEAR/1001 b", vec!["E114"]),
        ("a NEAR/99999999999 b", vec!["E114"]),
        ("(i?)patriot", vec!["E115"]),
        ("/(i?)patriot/", vec!["E115"]),
        ("*", vec!["E116"]),
        ("a OR ?*", vec!["E116"]),
        ("\"a ** b\"", vec!["E116"]),
        ("a AND", vec!["E117"]),
        ("OR a", vec!["E117"]),
        ("a AND OR b", vec!["E117"]),
        ("a NEAR/5", vec!["E117"]),
        ("NEAR/5 a", vec!["E117"]),
        ("a NEAR/5 NEAR/5 b", vec!["E117"]),
        ("ракета NEAR/5 W/S NOT W/P дрон", vec!["E117"]),
        ("导弹 NEAR/5 ONEAR/5", vec!["E117"]),
        ("(a OR)", vec!["E117"]),
        ("NOT a", vec!["E118"]),
        ("NOT a AND b", vec!["E118"]),
        ("a AND (NOT b AND NOT c)", vec!["E118"]),
        ("a NOT b", vec!["E119"]),
        ("a OR NOT b", vec!["E119"]),
        ("a AND NOT NOT b", vec!["E119"]),
        ("a NEAR/5 NOT b", vec!["E119"]),
        ("title:NOT a", vec!["E119"]),
        ("titel:a", vec!["E120"]),
        ("headline:(a OR b)", vec!["E120"]),
        ("hd=a", vec!["E120"]),
        ("title: OR a", vec!["E121"]),
        ("title:(body:a)", vec!["E121"]),
        ("ATLEAST3(a)", vec!["E122"]),
        ("ATLEAST/3 a", vec!["E122"]),
        ("ATLEAST/0(a)", vec!["E122"]),
        ("atleast/3(a)", vec!["E122"]),
        ("a OF (b, c)", vec!["E123"]),
        ("4 OF (a, b, c)", vec!["E123"]),
        ("0 OF (a, b)", vec!["E123"]),
        ("2 OF a", vec!["E123"]),
        ("2 OF (a)", vec!["E123"]),
        ("a, b", vec!["E123"]),
        ("(a AND b) NEAR/5 c", vec!["E124"]),
        ("title:a NEAR/5 b", vec!["E124"]),
        ("#t NEAR/5 b", vec!["E124"]),
        ("(a OR ATLEAST/2(b)) NEAR/5 c", vec!["E124"]),
        ("ATLEAST/2(a AND b)", vec!["E124"]),
        ("a NEAR/5 b NEAR/3 c", vec!["E125"]),
        ("a NEAR/5 b W/S c", vec!["E125"]),
        ("a NOT NEAR/5 b NOT NEAR/5 c", vec!["E125"]),
        ("=~a", vec!["E126"]),
        ("~missil*", vec!["E126"]),
        ("= a", vec!["E126"]),
        ("=(a OR b)", vec!["E126"]),
        ("=@c", vec!["E126"]),
        ("/a(/", vec!["E127"]),
        ("/a{1000}{1000}/", vec!["E127"]),
        ("/(?=a)b/", vec!["E127"]),
        ("/a/i", vec!["E127"]),
        ("/a*/", vec!["E128"]),
        ("a OR $ OR b", vec!["E131"]),
        ("[a OR b]", vec!["E131"]),
        ("[a] OR [b]", vec!["E131"]),
        ("C++ OR C#", vec!["W113", "W113"]),
        ("\"a OR b\" AND \"NEAR/5\" AND \"AND\"", vec!["W113"]),
        ("導弾AND海", vec!["E134"]),
        ("AND回路 OR R&D", vec![]),
        ("https://example.org/x OR b", vec!["E131"]),
        ("@ a", vec!["E133"]),
        ("# comment", vec!["E133"]),
        ("a – b", vec!["E131"]),
        ("a; b", vec!["E131"]),
        ("a” OR b", vec!["E111"]),
        ("mоscow", vec!["W110"]),
    ] {
        let mut found = codes_of(text);
        let mut codes = codes;
        found.sort_unstable();
        codes.sort_unstable();
        if found != codes {
            let titles: Vec<String> =
                parse(text).diagnostics.iter().map(|d| format!("{} {} {:?}", d.code, d.title, d.help)).collect();
            wrong.push(format!("{text}: expected {codes:?}, found {titles:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn help_shows_the_corrected_text_and_the_corrected_text_is_right() {
    for (text, right) in [
        ("a AND b OR c", "(a AND b) OR c"),
        ("a AND b OR c", "a AND (b OR c)"),
        ("a OR b AND NOT c AND d", "a OR (b AND NOT c AND d)"),
        ("a OR b AND NOT c AND d", "(a OR b) AND NOT c AND d"),
        ("missile defence", "\"missile defence\""),
        ("missile defence", "missile AND defence"),
        ("a not b", "a AND NOT b"),
        ("a w/5 b", "NEAR/5"),
        ("a NEAR 5 b", "NEAR/5"),
        ("a near/5 b", "NEAR/5"),
        ("“iron dome”", "\"iron dome\""),
        ("\"iron dome AND x", "\"iron dome\""),
        ("(a AND b) NEAR/5 c", "(a NEAR/5 c) AND (b NEAR/5 c)"),
        ("title:a NEAR/5 b", "title:(a NEAR/5 b)"),
        ("a NEAR/5 b W/S c", "(a NEAR/5 b) W/S c"),
        ("a NEAR/5 b W/S c", "a NEAR/5 (b W/S c)"),
        ("NOT a AND b", "b AND NOT a"),
        ("a NEAR/5 NOT b", "a NOT NEAR/5 b"),
        ("гроза и ракета", "гроза AND ракета"),
        ("~missil*", "missil*"),
        ("/(i?)patriot/", "/(?i)patriot/"),
        ("/patriot/i", "/(?i)patriot/"),
        ("\"iron dome\"~5", "iron NEAR/5 dome"),
        ("missile!", "missile*"),
        ("ATLEAST/3 a", "ATLEAST/3(a)"),
        ("title:NOT a", "NOT title:a"),
    ] {
        let parsed = parse(text);
        let help = parsed.diagnostics.iter().flat_map(|d| &d.help).any(|help| help.contains(&format!("`{right}`")));
        assert!(help, "{text}: {:#?}", parsed.diagnostics);
        if !right.starts_with("NEAR") && !right.starts_with("NOT") {
            printed(right);
        }
    }
}

#[test]
fn a_term_of_several_words_is_a_phrase() {
    for (text, atom) in [
        ("surface to air missile", "\"surface to air missile\""),
        ("missile", "missile"),
        ("\"iron dome\"", "\"iron dome\""),
        ("ministère de la =Défense", "\"ministère de la =Défense\""),
        ("missile* de croisière", "\"missile* de croisière\""),
        ("Smith & Wesson", "\"Smith Wesson\""),
        ("and", "and"),
        ("sword and shield", "\"sword and shield\""),
        ("the 2 of us", "\"the 2 of us\""),
        ("=РФ", "=РФ"),
        ("~missile", "~missile"),
        ("@nato", "@nato"),
        ("/S-?400/", "/S-?400/"),
        ("中俄", "中俄"),
        (" missile ", "missile"),
        ("מערכת צה\"ל", "\"מערכת צה\"ל\""),
        ("missile –", "\"missile\""),
    ] {
        let parsed = term(text);
        assert!(parsed.diagnostics.is_empty(), "{text}: {:#?}", parsed.diagnostics);
        assert_eq!(parsed.node.unwrap().to_string(), atom);
    }
    for (text, code) in [
        ("", "E101"),
        ("a OR b", "E132"),
        ("(a)", "E132"),
        ("title:a", "E132"),
        ("#topic", "E132"),
        ("@a @b", "E132"),
        ("title:iron dome", "E132"),
        ("*", "E116"),
        ("“iron dome”", "E111"),
        ("~missil*", "E126"),
        ("a ** b", "E116"),
        ("~", "E126"),
        ("…", "E131"),
    ] {
        let parsed = term(text);
        let codes: Vec<&str> = parsed.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [code], "{text}: {:#?}", parsed.diagnostics);
    }
    // Signs alone are an error, whatever a list of them looks like.
    let codes: Vec<&str> = term("! ,!").diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E131", "E131"]);
}

#[test]
fn brackets_of_several_bytes_group_like_others() {
    assert_eq!(codes_of("【a 】 b]"), ["E131", "E131"]);
    assert_eq!(codes_of("【a OR b】"), ["E131"]);
}

#[test]
fn ten_thousand_parentheses_are_an_error_and_no_crash() {
    for text in [
        "(".repeat(10_000) + "a" + &")".repeat(10_000),
        "(".repeat(90_000),
        ")".repeat(90_000),
        "title:".repeat(10_000) + "a",
        "ATLEAST/2(".repeat(9_000),
        "2 OF (".repeat(9_000),
        "NOT ".repeat(20_000),
        "a NEAR/1 ".repeat(9_000) + "b",
        "a AND (b OR ".repeat(8_000),
        "a".to_owned() + &")".repeat(90_000),
        "a".to_owned() + &" OF (b)".repeat(9_000),
        "a".to_owned() + &" OF".repeat(30_000),
        "a".to_owned() + &" NOT".repeat(20_000),
        "a ".repeat(45_000),
        "'".repeat(50_000),
        "\"".repeat(50_001),
        "“".repeat(30_000),
    ] {
        let parsed = parse(&text);
        assert!(parsed.node.is_none());
        assert!(parsed.diagnostics.len() <= 21, "{}", parsed.diagnostics.len());
    }
    assert_eq!(codes_of(&("(".repeat(10_000) + "a" + &")".repeat(10_000))), ["E129"]);
    assert_eq!(codes_of(&"a OR ".repeat(30_000)), ["E130"]);
    assert!(parse(&("a OR ".repeat(15_000) + "b")).node.is_some());
}

#[test]
fn warnings_without_number_hide_no_error() {
    for many in ["aaaa/bbbb OR ", "C++ OR ", "\"@japan\" OR ", "ракeта OR "] {
        let many = many.repeat(50);
        for (end, code) in [
            ("a b", "E109"),
            ("a AND b", "E108"),
            ("foo:a", "E120"),
            ("NOT a", "E119"),
            ("\"= US\"", "E126"),
            ("(a", "E105"),
        ] {
            let codes = codes_of(&format!("{many}{end}"));
            assert!(codes.contains(&code), "{end}: {codes:?}");
            assert!(codes.len() <= 20);
        }
    }
}

#[test]
fn a_broken_query_still_tells_its_names() {
    let parsed = parse("(@russia OR \"x AND y) AND @china OR #topc");
    assert!(parsed.node.is_none());
    assert_eq!(parsed.references.len(), 1);
    let parsed = parse("@a @b OR #c AND (d");
    assert_eq!(parsed.references.len(), 3);
}

#[test]
fn what_is_missing_in_a_list_has_a_place_whatever_the_comma() {
    for (text, place) in [
        ("2 OF (a,, b)", ","),
        ("2 OF (a,，b)", "，"),
        ("2 OF (a,、b)", "、"),
        ("2 OF (a,،b)", "،"),
        ("2 OF (a,）", "）"),
        ("2 OF (a,", ""),
        ("2 OF ()", "()"),
        ("2 OF (）", "(）"),
        ("2 OF （）", "（）"),
        ("2 OF ( )", "( )"),
    ] {
        let parsed = parse(text);
        let mut places = parsed.diagnostics.iter().flat_map(|d| &d.labels).map(|label| text.get(label.span.range()));
        assert!(places.clone().all(|place| place.is_some()), "{text}: {:?}", parsed.diagnostics);
        assert!(places.any(|found| found == Some(place)), "{text}: {:?}", parsed.diagnostics);
    }
}
