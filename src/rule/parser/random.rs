//! Random trees and random pieces of queries.

use proptest::prelude::*;

use super::super::ast::{Atom, Near, Node, NodeKind, PhrasePart, Reach, Scope, Word, WordForm};
use super::super::query::Query;
use super::tests::{parse, term};
use super::*;
use crate::model::{Field, SourceId};

fn word() -> impl Strategy<Value = Word> {
    let letters = prop_oneof![
        "[a-zA-Zàéßçñ]{1,6}",
        "[а-яё]{1,6}",
        "[α-ω]{1,4}",
        "[俄罗斯中国]{1,3}",
        "[أبتثج]{1,4}",
        "[a-z]{1,3}['’.&+/-][a-z0-9]{1,3}",
        "[0-9]{1,4}",
    ]
    .prop_filter("keywords", |text: &String| {
        !matches!(text.as_str(), "AND" | "OR" | "NOT" | "OF" | "NEAR" | "ONEAR" | "ATLEAST" | "ADJ")
    })
    .prop_filter("an operator in small letters, or nearly one", |text| {
        !["AND", "OR", "NOT"].iter().any(|operator| text.contains(operator))
            && !text.split_once('/').is_some_and(|(_, rest)| rest.bytes().all(|byte| byte.is_ascii_digit()))
    })
    .prop_filter("proximity", |text| {
        let upper = text.to_ascii_uppercase();
        !["W/", "N/", "PRE/", "ADJ/", "NEAR/", "ATL/"].iter().any(|start| upper.starts_with(start))
    });
    // In parentheses of its own, `?i` is what other products write to ignore case.
    let pattern = "[a-zа-я]{0,2}[*?][a-zа-я]{1,3}\\*?".prop_filter("a flag", |text: &String| text != "?i");
    prop_oneof![
        letters.clone().prop_map(|text| Word { text, form: WordForm::Folded }),
        letters.clone().prop_map(|text| Word { text, form: WordForm::Exact }),
        letters.prop_map(|text| Word { text, form: WordForm::Stem }),
        pattern.clone().prop_map(|text| Word { text, form: WordForm::Pattern }),
        pattern.prop_map(|text| Word { text, form: WordForm::Exact }),
    ]
}

fn node(kind: NodeKind) -> Node {
    Node { kind, span: Span::new(SourceId(0), 0..0) }
}

fn atom() -> impl Strategy<Value = Node> {
    let part = prop_oneof![4 => word().prop_map(PhrasePart::Word), 1 => Just(PhrasePart::Any)];
    prop_oneof![
        6 => word().prop_map(Atom::Word),
        3 => (word(), prop::collection::vec(part, 0..4)).prop_map(|(first, mut parts)| {
            parts.insert(0, PhrasePart::Word(first));
            Atom::Phrase(parts)
        }),
        2 => "[a-z][a-z0-9_-]{0,5}[a-z0-9]".prop_map(Atom::Concept),
        1 => "[a-z]{2,4}(\\\\/|[a-z]|[0-9]\\+)".prop_map(Atom::Regex),
    ]
    .prop_map(|atom| node(NodeKind::Atom(atom)))
}

fn reach() -> impl Strategy<Value = (Reach, bool)> {
    prop_oneof![
        (0..=1000_u32, any::<bool>()).prop_map(|(count, ordered)| (Reach::Words(count), ordered)),
        Just((Reach::Sentence, false)),
        Just((Reach::Paragraph, false)),
    ]
}

/// What has a place in the text.
fn placed() -> impl Strategy<Value = Node> {
    atom().prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| node(NodeKind::Or(parts))),
            (inner.clone(), inner, reach(), any::<bool>()).prop_map(|(left, right, (reach, ordered), negated)| {
                node(NodeKind::Near(Near { left: Box::new(left), right: Box::new(right), reach, ordered, negated }))
            }),
        ]
    })
}

fn tree() -> impl Strategy<Value = Node> {
    let topic = "[a-z]{2,5}".prop_map(|id| node(NodeKind::Atom(Atom::Topic(id))));
    let scope = prop_oneof![Just(Scope::Lede), Just(Scope::Field(Field::Title)), Just(Scope::Field(Field::Url))];
    let scoped = (scope, placed()).prop_map(|(scope, of)| node(NodeKind::Scope { scope, of: Box::new(of) }));
    let counted = (1..=1000_u32, placed()).prop_map(|(count, of)| node(NodeKind::AtLeast { count, of: Box::new(of) }));
    prop_oneof![6 => placed(), 1 => topic, 1 => scoped, 1 => counted].prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), prop::collection::vec((inner.clone(), any::<bool>()), 1..4)).prop_map(|(first, rest)| {
                let rest =
                    rest.into_iter().map(|(part, not)| if not { node(NodeKind::Not(Box::new(part))) } else { part });
                node(NodeKind::And(std::iter::once(first).chain(rest).collect()))
            }),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| node(NodeKind::Or(parts))),
            prop::collection::vec(inner, 2..4)
                .prop_map(|of| { node(NodeKind::SomeOf { count: u32::try_from(of.len()).unwrap() - 1, of }) }),
        ]
    })
}

/// The tree without its places.
fn bare(mut tree: Node) -> Node {
    fn clear(tree: &mut Node) {
        tree.span = Span::new(SourceId(0), 0..0);
        match &mut tree.kind {
            NodeKind::Atom(_) => {}
            NodeKind::And(parts) | NodeKind::Or(parts) | NodeKind::SomeOf { of: parts, .. } => {
                parts.iter_mut().for_each(clear)
            }
            NodeKind::Not(of) | NodeKind::AtLeast { of, .. } | NodeKind::Scope { of, .. } => clear(of),
            NodeKind::Near(near) => {
                clear(&mut near.left);
                clear(&mut near.right);
            }
        }
    }
    clear(&mut tree);
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn printing_and_parsing_a_tree_is_the_identity(tree in tree()) {
        let text = tree.to_string();
        let parsed = parse(&text);
        prop_assert!(parsed.diagnostics.iter().all(|d| !d.is_error()), "{text}\n{:#?}", parsed.diagnostics);
        prop_assert_eq!(bare(parsed.node.unwrap()), tree, "{}", text);
    }

    #[test]
    fn folding_and_unfolding_a_tree_is_the_identity(tree in tree(), before in 0..2_000_000_u32) {
        let text = tree.to_string();
        let at = |range: Range<usize>| Span::new(SourceId(7), range.start + before as usize..range.end + before as usize);
        let parsed = parse_query(&text, &at, &RegexBudget::default()).node.unwrap();
        let query = Query::new(&parsed);
        prop_assert_eq!(query.to_string(), text);
        prop_assert_eq!(query.tree(), parsed);
    }

    #[test]
    fn nothing_that_is_typed_makes_the_parser_panic(text in "\\PC{0,60}") {
        let (query, term) = (parse(&text), term(&text));
        for parsed in [query, term] {
            for label in parsed.diagnostics.iter().flat_map(|d| &d.labels) {
                prop_assert!(text.get(label.span.range()).is_some(), "{:?}", label);
            }
        }
    }

    #[test]
    fn pieces_of_queries_in_any_order_never_panic_and_end_on_letters(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "AND", "OR", "NOT", "and", "not", "or", "NEAR/5", "NEAR", "W/S", "w/5", "ATLEAST/3", "2", "OF", "(", ")", "\"", "“", "”",
            "'", "a", "россия", "俄", "=", "~", "*", "?", "@", "#", "@a", "#b", "title:", "foo:", ",", "/", "/a/", "!", "-", "+", "&",
            "|", "^2", "~2", "\n", " ", " ", " ", "（", "\u{200b}", "i?", "\\", "[", "צה\"ל", "https://", "0", "near",
            "）", "，", "、", "،", "：", "！", "｜", "«", "»", "『", "２", "ＯＦ",
            // What has spaces around it meets others more often.
            " a ", " b ", " AND ", " OR ", " NOT ", " NEAR/5 ", " W/P ", " NOT NEAR/5 ", " , ", " 2 OF (", " ) ", "]", "x ",
        ]), 0..24),
    ) {
        let text: String = pieces.concat();
        for parsed in [parse(&text), term(&text)] {
            let errors = parsed.diagnostics.iter().any(Diagnostic::is_error);
            prop_assert_eq!(parsed.node.is_none(), errors, "{} {:#?}", text, parsed.diagnostics);
            let unsaid = parsed.diagnostics.iter().any(|found| found.title == UNREADABLE);
            prop_assert!(!unsaid, "nobody says what is wrong with {}", text);
            for label in parsed.diagnostics.iter().flat_map(|d| &d.labels) {
                prop_assert!(text.get(label.span.range()).is_some(), "{:?}", label);
            }
            if let Some(node) = parsed.node {
                let printed = node.to_string();
                let again = parse(&printed);
                prop_assert_eq!(again.node.map(bare), Some(bare(node)), "{} → {} {:#?}", text, printed, again.diagnostics);
            }
        }
    }
}
