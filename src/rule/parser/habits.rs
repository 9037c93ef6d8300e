//! What is told of queries as they are written elsewhere: one finding each, with what to write instead.

use super::tests::{codes_of, parse, term};
use super::*;

pub(super) fn only_finding(text: &str) -> Diagnostic {
    let [found]: [Diagnostic; 1] =
        parse(text).diagnostics.try_into().unwrap_or_else(|others| panic!("{text:?}: {others:#?}"));
    found
}

/// What people write who come from other products, other languages, word processors and other keyboards: the code, and
/// the text that is to be written instead, somewhere in the help.
#[test]
fn every_foreign_habit_is_told_what_to_write_instead() {
    let mut wrong = Vec::new();
    for (text, code, right) in [
        ("a NAER/3 b", "E134", "NEAR/3"),
        ("a NERA/3 b", "E134", "NEAR/3"),
        ("a ONAER/3 b", "E134", "ONEAR/3"),
        ("a ADN b", "E134", "AND"),
        ("(a NAD b) OR c", "E134", "AND"),
        ("a AND NTO b", "E134", "NOT"),
        ("a NTO b", "E134", "AND NOT"),
        ("a RO b", "E134", "OR"),
        ("a ANDNOT b", "E134", "AND NOT"),
        ("a BUT NOT b", "E134", "AND"),
        ("missile ANDrocket", "E134", "AND rocket"),
        ("a ＡＮＤ b", "E134", "AND"),
        ("a ОR b", "E134", "OR"),
        ("a И b", "E134", "AND"),
        ("a ИЛИ b", "E134", "OR"),
        ("a И НЕ b", "E134", "NOT"),
        ("a РЯДОМ/5 b", "E134", "NEAR/5"),
        ("a E b", "E134", "AND"),
        ("a O b", "E134", "OR"),
        ("a N5 b", "E134", "NEAR/5"),
        ("a W/SENT b", "E134", "W/S"),
        ("a 和 b", "E109", "a AND b"),
        ("a 或 b", "E109", "a OR b"),
        ("a أو b", "E109", "a OR b"),
        ("a и b и c", "E109", "a AND b AND c"),
        ("a near b", "E109", "a NEAR/5 b"),
        ("a WITHIN 5 b", "E113", "NEAR/5"),
        ("a /5 b", "E113", "NEAR/5"),
        ("a /s b", "E113", "W/S"),
        ("a NEAR /5 b", "E114", "NEAR/5"),
        ("a NEAR/ 5 b", "E114", "NEAR/5"),
        ("a NEAR:5 b", "E114", "NEAR/5"),
        ("a NEAR(5) b", "E114", "NEAR/5"),
        ("a NEAR/5b", "E114", "NEAR/5"),
        ("a ADJ b", "E114", "ONEAR/0"),
        ("a, b", "E123", "a OR b"),
        ("a，b", "E123", "a OR b"),
        ("a、b", "E123", "a AND b"),
        ("صاروخ، قنبلة", "E123", "صاروخ OR قنبلة"),
        ("2OF(a, b)", "E123", "2 OF"),
        ("2 OF a, b, c", "E123", "2 OF (a, b, c)"),
        ("2 OF (a，b)", "E112", ","),
        ("3,000", "E131", "\"3,000\""),
        ("a AND -b", "E113", "NOT b"),
        ("a AND ！b", "E112", "AND NOT"),
        ("a ｜ b", "E112", "OR"),
        ("《导弹》", "E111", "\"导弹\""),
        ("\"\"missile\"\"", "E111", "\"missile\""),
        ("\"a OR \"b\"", "E104", "\"a OR \""),
        ("\"missile'", "E104", "\"missile\""),
        ("wom!n", "E113", "wom?n"),
        ("missil%", "E113", "missil*"),
        ("missil.*", "E113", "missil*"),
        ("title(\"missile\")", "E120", "title:(…)"),
        ("@ russia", "E133", "@russia"),
        ("@\"russia\"", "E133", "@russia"),
        ("a // b", "E131", "#"),
        ("a -- b", "E131", "#"),
        ("роcсия", "W110", "россия"),
        ("mоscow", "W110", "moscow"),
    ] {
        let parsed = parse(text);
        let coded = parsed.diagnostics.iter().any(|found| found.code == code);
        let quoted = format!("`{right}`");
        let told = parsed.diagnostics.iter().flat_map(|found| &found.help).any(|help| help.contains(&quoted));
        if !coded || !told {
            wrong.push(format!("{text}: {:#?}", parsed.diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_that_look_like_operators_are_words_where_words_stand() {
    for text in [
        "ADN OR E OR \"O\"",
        "AN AND NAD",
        "title:ИЛИ OR (И)",
        "NOTAM OR ORBITER OR ANDROID",
        "year/5 OR W5 OR N5",
        "AT&T OR R&D OR F/A-18 OR AC/DC",
        "Яndex OR β-carotene OR βcarotene",
    ] {
        assert_eq!(codes_of(text), [] as [&str; 0], "{text}");
    }
}

/// One finding each, none that only follows from it; where it says what to write in its place, that is a query.
#[test]
fn a_number_asked_for_in_other_words_is_one_mistake() {
    let mut wrong = Vec::new();
    for (text, code, right) in [
        ("AT LEAST 3 OF (a, b, c)", "E123", "3 OF (a, b, c)"),
        ("at least 3 of (a, b, c)", "E123", "3 OF (a, b, c)"),
        ("AT LEAST TWO OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("AT LEAST 3 (a, b, c)", "E123", "3 OF (a, b, c)"),
        ("AT LEAST 3 (missile OR rocket)", "E122", "ATLEAST/3(missile OR rocket)"),
        ("AT LEAST 2 missile", "E122", "ATLEAST/2(missile)"),
        ("x AND AT LEAST/2 (missile)", "E122", "ATLEAST/2(missile)"),
        ("ATLEAST3(missile)", "E122", "ATLEAST/3(missile)"),
        ("ATLEAST 3 OF (a, b, c)", "E123", "3 OF (a, b, c)"),
        ("ATLEAST/2 OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("ATLEAST(3, missile)", "E122", "ATLEAST/3(missile)"),
        ("ATLEAST(2, a, b, c)", "E123", "2 OF (a, b, c)"),
        ("AT_LEAST/3(missile)", "E122", "ATLEAST/3(missile)"),
        ("AT_LEAST_3(missile)", "E122", "ATLEAST/3(missile)"),
        ("AT-LEAST 3 (missile)", "E122", "ATLEAST/3(missile)"),
        ("AT_LEAST(2, a, b, c)", "E123", "2 OF (a, b, c)"),
        ("MINIMUM 2 (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("MINIMUM 2 OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("MINIMUM2(missile)", "E122", "ATLEAST/2(missile)"),
        ("x AND MIN/2(missile) AND y", "E122", "ATLEAST/2(missile)"),
        ("x AND 2 of them", "E123", "2 OF (a, b, c)"),
        ("any of them", "E123", "\"any of them\""),
        ("ANY OF (a, b AND c)", "E123", "(a OR b AND c)"),
        ("ANY OF (a OR b)", "E123", "(a OR b)"),
        ("all of (a, b)", "E123", "(a AND b)"),
        ("TWO OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("ANY 2 OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("2 OR MORE OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("x AND NONE OF (a, b)", "E123", "missile AND NOT (a OR b)"),
        ("(a OR b OR c)~2", "E113", "2 OF (a, b, c)"),
        ("ALMENO 2 DI (missile, razzo, drone)", "E123", "2 OF (missile, razzo, drone)"),
        ("НЕ МЕНЕЕ 2 ИЗ (ракета, дрон, танк)", "E123", "2 OF (ракета, дрон, танк)"),
        ("x AND не менее 2 (ракета)", "E122", "ATLEAST/2(ракета)"),
        ("至少2 (导弹, 火箭, 无人机)", "E123", "2 OF (导弹, 火箭, 无人机)"),
        ("少なくとも 2 (ミサイル)", "E122", "ATLEAST/2(ミサイル)"),
        ("على الأقل 2 (صاروخ, مسيرة, قنبلة)", "E123", "2 OF (صاروخ, مسيرة, قنبلة)"),
    ] {
        let parsed = parse(text);
        let quoted = format!("`{right}`");
        let told = parsed.diagnostics.iter().flat_map(|found| &found.help).any(|help| help.contains(&quoted));
        let codes: Vec<_> = parsed.diagnostics.iter().map(|found| found.code).collect();
        if codes != [code] || !told {
            wrong.push(format!("{text}: {:#?}", parsed.diagnostics));
            continue;
        }
        if let Some(patch) = &parsed.diagnostics[0].patch {
            let mut mended = text.to_owned();
            mended.replace_range(parsed.diagnostics[0].labels[0].span.range(), patch);
            if codes_of(&mended) != [] as [&str; 0] {
                wrong.push(format!("{text}: `{mended}` is no query"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words that are no operators stay what they are.
#[test]
fn words_with_which_a_number_is_asked_for_are_words_where_words_stand() {
    for text in [
        "AT OR LEAST OR MINIMUM OR MIN OR them",
        "\"AT LEAST 3\" OR \"2 of them\"",
        "ANY AND ALL AND NONE AND TWO",
        "3 OR MORE OR (a AND b)",
        "2 OF (at, least, 3)",
        "至少3个 OR 少なくとも",
        "ATLEAST/2(minimum OR 2)",
    ] {
        assert_eq!(codes_of(text), [] as [&str; 0], "{text}");
    }
    // Lower case and no list: the words of a phrase that lacks its quotes.
    assert_eq!(codes_of("at least 2 missiles"), ["E109"]);
}

#[test]
fn a_list_as_of_a_database_and_operators_in_a_row_are_one_slip_each() {
    for (text, code, help) in [
        ("a IN (b, c)", "E123", "any one of several terms is `(b OR c)`; both that and the word, `a AND (b OR c)`"),
        ("title in (ракета, \"iron dome\") AND x", "E123", "write `title:(ракета OR \"iron dome\")`"),
        ("x AND TITLE IN (导弹, 火箭)", "E123", "write `title:(导弹 OR 火箭)`"),
        ("a OR AND", "E117", "delete `OR AND`, or write one operator and a term"),
        ("a OR AND b", "E117", "delete one of them"),
        ("a AND AND OR b", "E117", "delete all of them but one"),
        ("OR AND", "E117", "write the terms that it joins"),
        ("OR", "E117", "write the terms that it joins"),
        ("x AND (OR AND)", "E117", "write the terms that it joins"),
        ("x AND (a OR AND)", "E117", "delete `OR AND`, or write one operator and a term"),
        ("OR AND b", "E117", "delete `OR AND`, or write a term before it"),
    ] {
        let found = only_finding(text);
        assert_eq!((found.code, found.help.first().map(String::as_str)), (code, Some(help)), "{text}");
    }
    assert!(parse("\"made in\" AND (a OR b)").diagnostics.is_empty());
}

#[test]
fn hints_keep_fields_and_delete_what_is_too_much() {
    for (text, code, help) in [
        (
            "title:ракета,дрон",
            "E123",
            "for either of them write `title:(ракета OR дрон)`, for both `title:(ракета AND дрон)`; only `2 OF (a, b, c)` has a list",
        ),
        ("导弹 OR, 火箭", "E123", "delete it: `导弹 OR 火箭`"),
        ("missile AND, rocket", "E123", "delete it: `missile AND rocket`"),
        ("title:(missile) NEAR/5 title:rocket", "E124", "write `title:(missile NEAR/5 rocket)`"),
        ("title:missile NEAR/5 body:(a OR b)", "E124", "to ask for both write `title:missile AND body:(a OR b)`"),
        ("missile~0.8", "E113", "write `~missile` for inflected forms, or `missile*` for words that begin so"),
        ("https://x.ru/%D1%80%D0%B0%D0%BA/", "E131", "for articles under this link write `url:\"x.ru/рак\"`"),
        ("/* ракета */ missile", "E131", "put it on a line of its own above the query, after `#`, or into `note`"),
    ] {
        let found = only_finding(text);
        assert_eq!((found.code, found.help.first().map(String::as_str)), (code, Some(help)), "{text}");
    }
}

/// One finding each; where it says what to write in its place, that is a query.
#[test]
fn a_comma_that_parts_nothing_is_one_mistake() {
    for (text, help) in [
        ("a NEAR/5, b", "delete it: `a NEAR/5 b`"),
        ("ракета NEAR/5 ,, дрон", "delete it: `ракета NEAR/5 дрон`"),
        ("导弹 NOT W/S， 火箭", "delete it: `导弹 NOT W/S 火箭`"),
        ("صاروخ، AND قنبلة", "delete it: `صاروخ AND قنبلة`"),
        ("(a OR b) ONEAR/5, c", "delete it: `… ONEAR/5 c`"),
        ("a AND, NOT b", "delete it: `a AND NOT b`"),
        ("a, NOT b", "write `a AND NOT b`"),
        ("title:, ракета", "delete it: `title:ракета`"),
        ("a OR b,", "delete it"),
        ("(, a OR b)", "delete it"),
        ("a AND ,", "delete `AND`, or write a term after it"),
        ("a,, b", "for either of them write `a OR b`, for both `a AND b`; only `2 OF (a, b, c)` has a list"),
        (
            "導弾、 火箭, ракета",
            "for any of them write `導弾 OR 火箭 OR ракета`, for all `導弾 AND 火箭 AND ракета`; only `2 OF (a, b, c)` has a list",
        ),
        ("x NEAR/5 (a, b)", "for either of them write `a OR b`; only `2 OF (a, b, c)` has a list"),
        ("(a, b) NOT NEAR/5 x", "for either of them write `a OR b`; only `2 OF (a, b, c)` has a list"),
        ("x NEAR/5 a, b", "for either of them write `(a OR b)`; only `2 OF (a, b, c)` has a list"),
        ("a, b NEAR/5 x", "for either of them write `(a OR b)`; only `2 OF (a, b, c)` has a list"),
        ("ATLEAST/3(a, b)", "for 3 or more hits of them write `ATLEAST/3(a OR b)`, for different ones `2 OF (a, b)`"),
        ("a NEAR/5,b", "delete it: `a NEAR/5 b`"),
    ] {
        let found = only_finding(text);
        assert_eq!(found.help.first().map(String::as_str), Some(help), "{text}");
        if let Some(patch) = &found.patch {
            let mut mended = text.to_owned();
            mended.replace_range(found.labels[0].span.range(), patch);
            assert_eq!(codes_of(&mended), [] as [&str; 0], "{text}: {mended}");
        }
    }
    assert_eq!(codes_of("2 OF (a, b NEAR/5 c, d)"), [] as [&str; 0]);
}

#[test]
fn a_list_without_commas_is_one_mistake() {
    for (text, code, right) in [
        ("2 OF (a b)", "E123", "2 OF (a, b)"),
        ("x AND 2 OF (ракета \"iron dome\" @танк)", "E123", "2 OF (ракета, \"iron dome\", @танк)"),
        ("3 OF (导弹 火箭)", "E123", "2 OF (导弹, 火箭)"),
        ("2 OF (صاروخ OR قنبلة OR مسيرة)", "E123", "2 OF (صاروخ, قنبلة, مسيرة)"),
        ("2 OF (a | b | c)", "E123", "2 OF (a, b, c)"),
        ("AT LEAST 2 OF (a b c)", "E123", "2 OF (a, b, c)"),
        ("2 OF (a, iron dome)", "E109", "iron, dome"),
        ("OF 2 (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("2x OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("2+ OF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("2 OFF (a, b, c)", "E123", "2 OF (a, b, c)"),
        ("2 из (ракета, дрон, танк)", "E123", "2 OF (ракета, дрон, танк)"),
        (">=2 OF (a, b, c)", "E123", "2 OF (…)"),
        (">1 OF (a, b, c)", "E123", "2 OF (…)"),
        ("2 OF [a, b, c]", "E131", "2 OF (a, b, c)"),
    ] {
        let found = only_finding(text);
        let told = found.help.iter().any(|help| help.contains(&format!("`{right}`")));
        assert!(found.code == code && told, "{text}: {found:#?}");
    }
}

#[test]
fn a_range_and_a_list_in_brackets_are_one_mistake() {
    for (text, code, right) in [
        ("[a TO b]", "E113", "`(a OR b)`"),
        ("x AND {ракета TO танк} AND y", "E113", "`(ракета OR танк)`"),
        ("title:[导弹 TO 火箭]", "E113", "`(导弹 OR 火箭)`"),
        ("[2020 TO 2022]", "E113", "`(2020 OR 2021 OR 2022)`"),
        ("[20200101 TO *]", "E113", "`max_age = \"48h\"`"),
        ("date:[20200101 TO 20201231]", "E120", "`max_age = \"48h\"`"),
        ("pubdate:[NOW-7DAYS TO NOW]", "E120", "`max_age = \"48h\"`"),
        ("x AND [ракета, дрон]", "E131", "`(ракета OR дрон)`"),
        ("{导弹 火箭}", "E131", "`(导弹 OR 火箭)`"),
        ("[صاروخ، \"قنبلة ذكية\"]", "E131", "`(صاروخ OR \"قنبلة ذكية\")`"),
    ] {
        let found = only_finding(text);
        let told = found.help.iter().any(|help| help.contains(right));
        assert!(found.code == code && told, "{text}: {found:#?}");
    }
}

#[test]
fn the_escapes_of_a_pasted_link_are_told_with_their_letters() {
    for (text, code, right) in [
        ("url:\"news/%D1%80%D0%B0%D0%BA\"", "W113", "\"news/рак\""),
        ("url:(x OR 2 OF (\"a%20b\", c))", "W113", "\"a b\""),
        ("title:\"%E5%AF%BC%E5%BC%B9\"", "W113", "\"导弹\""),
        ("url:news/%D1%80%D0%B0%D0%BA", "E131", "\"news/рак\""),
        ("url:%E5%AF%BC%E5%BC%B9 OR x", "E131", "\"导弹\""),
        ("(iphone15%20pro)", "E131", "\"iphone15 pro\""),
        ("missil%", "E113", "missil*"),
        ("%ракет%", "E113", "*ракет*"),
    ] {
        let found = only_finding(text);
        let told = found.help.iter().any(|help| help.contains(&format!("`{right}`")));
        assert!(found.code == code && told, "{text}: {found:#?}");
    }
    // Links are read without escapes, other texts are not.
    assert!(only_finding("url:\"a%20b\"").title.ends_with("not found as they are here"));
    assert!(!only_finding("\"a%20b\"").title.contains("found"));
    for text in ["\"grew 10%50 more\"", "\"100% sure\"", "url:\"100%\"", "\"%F0%E0\""] {
        assert_eq!(codes_of(text), [] as [&str; 0], "{text}");
    }
    let codes = |text| term(text).diagnostics.iter().map(|found| found.code).collect::<Vec<_>>();
    assert_eq!((codes("air%20defence news"), codes("news/%D1%80")), (vec!["W113"], vec!["E131"]));
}

#[test]
fn letters_behind_a_number_are_a_unit_or_the_term() {
    for (text, code, right) in [
        ("ATLEAST/2x", "E122", "ATLEAST/2(…)"),
        ("ATLEAST/2x(missile)", "E122", "ATLEAST/2(missile)"),
        ("ATLEAST/3times (missile OR rocket)", "E122", "ATLEAST/3(missile OR rocket)"),
        ("ATLEAST/2раза(ракета)", "E122", "ATLEAST/2(ракета)"),
        ("ATLEAST/2次(导弹)", "E122", "ATLEAST/2(导弹)"),
        ("ATLEAST/２(导弹)", "E122", "ATLEAST/2(导弹)"),
        ("ATLEAST/two(missile)", "E122", "ATLEAST/2(missile)"),
        ("ATLEAST2x(missile)", "E122", "ATLEAST/2(missile)"),
        ("ATLEAST/2missile", "E122", "ATLEAST/2(missile)"),
        ("x AND ATLEAST/2ракета", "E122", "ATLEAST/2(ракета)"),
        ("ATLEAST/2导弹", "E122", "ATLEAST/2(导弹)"),
        ("a NEAR/5words b", "E114", "NEAR/5"),
        ("ракета ONEAR/5слов дрон", "E114", "ONEAR/5"),
        ("导弹 NEAR/5字 火箭", "E114", "NEAR/5"),
        ("a NEAR/5china", "E114", "NEAR/5"),
        ("a NEAR/5.china", "E114", "NEAR/5"),
        ("a NEAR,5 b", "E114", "NEAR/5"),
        ("a W/5words b", "E134", "NEAR/5"),
        ("a W/SENTENCE b", "E134", "W/S"),
        ("2xOF (a, b)", "E123", "2 OF"),
    ] {
        let found = only_finding(text);
        let told = found.help.iter().any(|help| help.contains(&format!("`{right}`")));
        assert!(found.code == code && told, "{text}: {found:#?}");
    }
}

#[test]
fn another_products_slash_stands_before_any_space() {
    for space in ["", " ", "\u{a0}", "\u{3000}", "\t\u{2003}"] {
        for (word, help) in [("5", "write `NEAR/5`"), ("s", "write `W/S`"), ("P", "write `W/P`")] {
            let text = format!("导弹 /{space}{word} 火箭");
            let found = only_finding(&text);
            assert_eq!(found.help.first().map(String::as_str), Some(help), "{text:?}");
        }
    }
}
