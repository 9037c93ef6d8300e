//! `[[topic.test]]`.

use crate::model::{Diagnostic, Span};
use crate::settings::{TableReader, codes as file_codes};

use super::super::check::{Loaded, Use, User};
use super::super::codes;
use super::super::def::{ExpectDef, TestDef};
use super::super::parser::{Reference, ReferenceKind};
use super::score::{SCORES, SEVERITIES};
use super::topic::{ABOVE, TOPIC_KEYS, empty_list, read_language};
use super::{hints, usage};

pub(super) fn read_test(mut table: TableReader<'_>, index: usize, user: &User, loaded: &mut Loaded) -> Option<TestDef> {
    table.explain(usage::TEST);
    let span = table.span();
    let name = table.string("name").map(|name| name.value).filter(|name| !name.trim().is_empty());
    let lang = table.text("lang").and_then(|text| read_language(&table, &text));
    let mut string = |key| table.string(key).map(|text| text.value);
    let (title, summary, body) = (string("title"), string("summary"), string("body"));
    let (url, source) = (string("url"), string("source"));
    let has_expect = table.has("expect");
    let expect = table.table("expect").map(|expect| read_expect(expect, user, loaded));
    if table.holds_bool("match") {
        table.hint(
            &["match"],
            "it belongs into `expect`: write `expect = { match = true }` or `expect = { match = false }`",
        );
    }
    table.hint(TOPIC_KEYS, ABOVE);
    table.hint(&["text", "content", "article"], "did you mean `body`?");
    table.hint(&["headline", "heading"], "did you mean `title`?");
    table.hint(&["expects", "expected", "result"], "did you mean `expect`?");
    // Of a value of another type that was said.
    let texts = [("title", &title), ("summary", &summary), ("body", &body)];
    let is_blank = |(key, text): &(&str, &Option<String>)| {
        !table.has(key) || text.as_ref().is_some_and(|text| text.trim().is_empty())
    };
    if let Some(blank) = TEXTS.iter().find_map(|key| table.key_span(key))
        && texts.iter().all(is_blank)
        && !table.is_damaged()
        && !table.may_mean(&TEXTS)
    {
        table.report(
            Diagnostic::error(codes::BAD_TEST, "the text of this test is empty")
                .label(blank, "")
                .help("write what an article that must match says, or one that must not: none is without words"),
        );
    }
    // What is missing may be what nobody knows, which is reported too.
    if !TEXTS.iter().any(|key| table.has(key)) && !table.is_damaged() && !table.may_mean(&TEXTS) {
        table.report(
            Diagnostic::error(codes::BAD_TEST, "this test has no text")
                .label(span, "")
                .help("give it a `title`, a `summary` or a `body`"),
        );
    }
    if !has_expect && !table.is_damaged() && !table.may_mean(&["expect"]) {
        let title = format!("`{}` has no `expect`", table.name());
        table.report(
            Diagnostic::error(file_codes::MISSING_KEY, title)
                .label(span, "`expect` is missing here")
                .help("write `expect = { match = true }` or `expect = { match = false }`"),
        );
    }
    table.finish();
    Some(TestDef {
        name: name.unwrap_or_else(|| format!("test {}", index + 1)),
        lang,
        title: title.unwrap_or_default(),
        summary: summary.unwrap_or_default(),
        body: body.unwrap_or_default(),
        url,
        source,
        expect: expect?,
        span,
    })
}

/// One of them must be there.
const TEXTS: [&str; 3] = ["title", "summary", "body"];

/// What a test may expect.
const GIVEN: [&str; 5] = ["match", "severity", "min_score", "concepts", "failed"];

fn read_expect(mut table: TableReader<'_>, user: &User, loaded: &mut Loaded) -> ExpectDef {
    table.explain(usage::EXPECT);
    hints(&mut table, usage::EXPECT_NAMES);
    let matches = table.bool("match");
    let severity = table.one_of("severity", &SEVERITIES);
    let min_score = table.integer("min_score", SCORES);
    empty_list(&table, "concepts", "nothing is compared, as without it", "`concepts = [\"russia\"]`");
    let names = table.texts("concepts").unwrap_or_default();
    let failed = table.string("failed");
    if let Some(failed) = failed.as_ref().filter(|failed| failed.value.trim().is_empty()) {
        let help =
            "write the beginning of what fails, such as `failed = \"except\"` or `failed = \"NEAR/30\"`, or delete it";
        let title = "an empty `failed` holds whatever fails";
        table.report(Diagnostic::error(codes::BAD_TEST, title).label(failed.span, "").help(help));
    }
    let given = GIVEN.iter().any(|key| table.has(key));
    let bad = |title: &str, span: Span, help: &str| {
        table.report(Diagnostic::error(codes::BAD_TEST, title).label(span, "").help(help));
    };
    if !given && !table.is_damaged() && !table.may_mean(&GIVEN) {
        bad(
            "this test expects nothing",
            table.span(),
            "write `expect = { match = true }` or `expect = { match = false }`",
        );
    }
    match matches.map(|matches| matches.value) {
        Some(false) => {
            if let Some(severity) = &severity {
                bad("what doesn't match has no severity", severity.span, "delete `severity`, or expect `match = true`");
            }
        }
        Some(true) => {
            if let Some(failed) = &failed {
                bad(
                    "where `match = true` is expected nothing fails",
                    failed.span,
                    "delete `failed`, or expect `match = false`",
                );
            }
        }
        None => {
            if let (Some(failed), Some(_)) = (&failed, &severity) {
                bad("what fails has no severity", failed.span, "delete one of them");
            }
        }
    }
    let concepts = names
        .into_iter()
        .map(|text| {
            let name = text.text.strip_prefix('@').unwrap_or(&text.text).to_owned();
            loaded.uses.push(Use {
                reference: Reference { kind: ReferenceKind::Concept, name: name.clone(), span: text.content() },
                user: User::Test(Box::new(user.clone())),
                is_match: false,
            });
            name
        })
        .collect();
    table.finish();
    ExpectDef {
        matches: matches.map(|matches| matches.value),
        severity: severity.map(|severity| severity.value),
        min_score: min_score.map(|score| score.value),
        concepts,
        failed: failed.map(|failed| failed.value),
    }
}
