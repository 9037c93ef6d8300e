//! Where a large file can be cut so that its pieces mean what the whole means.
//!
//! Parsed TOML takes some twenty times as much memory as its text, and of a file with a hundred thousand tables no two are
//! needed at once. A file that goes on, after whatever stands first, as one list of tables with headers (`[[topic]]`) is cut
//! before some of these headers. Where they are only looks like one within a string of several lines, the piece before the
//! cut ends inside that string and is no TOML; so if each piece by itself is TOML, every cut is where a header is. And if
//! the list is all that the pieces after the first define, and the first has nothing of it, no name is given in two of them.
//! Everything else is left whole, and so are files with mistakes, of which all is to be reported.

use std::ops::Range;

use toml::de::DeTable;

/// Least length of a piece, in bytes. A guess: it takes 5 MB when it is parsed.
pub(super) const LEAST: usize = 256 * 1024;

/// The pieces of a text, in order: what stands before the list `key`, then the list, in pieces of at least so many bytes but for
/// the last. One piece where it can't be cut.
pub(super) fn pieces(text: &str, key: &str, least: usize) -> Vec<Range<usize>> {
    let cuts = cuts(text, key, least);
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(text.len()));
    let mut pieces: Vec<Range<usize>> = starts.zip(ends).map(|(start, end)| start..end).collect();
    let is_sound = |(number, piece): (usize, &Range<usize>)| {
        let (table, errors) = DeTable::parse_recoverable(&text[piece.clone()]);
        let table = table.get_ref();
        errors.is_empty()
            && if number == 0 { !table.contains_key(key) } else { table.keys().all(|name| name.get_ref() == key) }
    };
    // A text in two pieces is one of no more than twice that length.
    if pieces.len() < 3 || !pieces.iter().enumerate().all(is_sound) {
        pieces.clear();
        pieces.push(0..text.len());
    }
    pieces
}

/// Lines that look like the list's header.
fn cuts(text: &str, key: &str, least: usize) -> Vec<usize> {
    let line = format!("\n[[{key}]]");
    let first = if text.starts_with(&line[1..]) { Some(0) } else { text.find(&line).map(|at| at + 1) };
    let next = |at: &usize| {
        let from = text.ceil_char_boundary(at.saturating_add(least));
        text.get(from..)?.find(&line).map(|found| from + found + 1)
    };
    std::iter::successors(first, next).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Source, SourceId};
    use crate::settings::{Findings, Item, TableReader, TomlFile};

    /// All keys and values below a table with their places, whatever their kind.
    fn written_out(table: &mut TableReader<'_>) -> String {
        let of_item = |item: Item<'_>| match item {
            Item::Table(mut table) => format!("{:?} {{ {} }}", table.span(), written_out(&mut table)),
            Item::Array(items, span) => format!("{span:?} {:?}", items.into_iter().map(listed).collect::<Vec<_>>()),
            other => format!("{other:?}"),
        };
        table.take_rest().into_iter().map(|(key, item)| format!("{key:?} = {}, ", of_item(item))).collect()
    }

    fn listed(item: Item<'_>) -> String {
        match item {
            Item::Table(mut table) => written_out(&mut table),
            other => format!("{other:?}"),
        }
    }

    fn topics(root: &mut TableReader<'_>) -> Vec<String> {
        root.tables("topic").iter_mut().map(|topic| format!("{:?} {}", topic.span(), written_out(topic))).collect()
    }

    fn cut(text: &str) -> usize {
        pieces(text, "topic", 1).len()
    }

    #[test]
    fn a_list_is_cut_wherever_it_goes_on() {
        let text = "\u{feff}# правила\n[concept.a]\nany = ['x']\n[[topic]]\nid = '俄'\n[topic.where]\nb = 1\n[[topic]]\r\nid = 'c'\n\
                    [[topic.test]]\nd = 1\n[[topic]] # e\n[[topic]]";
        let found: Vec<&str> = pieces(text, "topic", 1).into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(found.concat(), text);
        assert!(found[0].ends_with("['x']\n") && found[1].contains("where") && found[2].contains("test"), "{found:?}");
        assert_eq!(found[3..], ["[[topic]] # e\n", "[[topic]]"]);
        assert_eq!(pieces(text, "topic", 45).len(), 3);
        assert_eq!(pieces("[[topic]]\na = 1\n[[topic]]\na = 2\n", "topic", 1), [0..0, 0..16, 16..32]);
    }

    #[test]
    fn what_would_mean_something_else_stays_whole() {
        let two = "[[topic]]\na = 1\n[[topic]]\na = 2\n";
        for text in [
            "",
            "[[topic]]\na = 1\n",
            &format!("topic = []\n{two}"),
            &format!("[topic]\n{two}"),
            &format!("topic.b = 1\n{two}"),
            &format!(" [[topic]]\n{two}"),
            &format!("{two}[concept.a]\nany = ['x']\n"),
            &format!("{two}[[topic]]\na = 1\na = 2\n"),
            &format!("{two}[[topic]]\na = \n"),
            "[[topic]]\na = '''\n[[topic]]\nb = 1\n[[topic]]\n'''\n",
            "[[topic]]\na = [\n[[topic]]\n]\n[[topic]]\n",
        ] {
            assert_eq!(cut(text), 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn in_pieces_a_text_says_what_it_says_as_a_whole(
            lines in prop::collection::vec(prop::sample::select(vec![
                "[[topic]]", "[[topic]]", "[[topic]]", "[[topic]]", "[[topic]] # a", "a = 1", "b = 'è'", "\"c d\" = \"\\u4e2d\"", "[topic.e]",
                "[[topic.f]]", "g = { h = 1, i = [2] }", "j = [", "]", "k = '''", "'''", "l = \"\"\"", "\"\"\"", "[concept.m]", "[[surge]]",
                "# n", "", "topic = 1", "\r",
            ]), 0..16),
        ) {
            let text = lines.join("\n");
            let source = Source::new(SourceId(3), "a.toml", text.as_str());
            let findings = Findings::new();
            let cut = pieces(&text, "topic", 1);
            prop_assert_eq!(cut.iter().map(|piece| &text[piece.clone()]).collect::<String>(), text.as_str());
            if cut.len() > 1 {
                let whole = TomlFile::parse(&source, &findings);
                let (mut root, mut in_pieces) = (whole.root(), Vec::new());
                let expected = topics(&mut root);
                let documents: Vec<TomlFile<'_>> =
                    cut.into_iter().map(|piece| TomlFile::read_piece(&source, piece, &findings, false)).collect();
                for document in &documents {
                    in_pieces.extend(topics(&mut document.root()));
                }
                prop_assert_eq!(in_pieces, expected);
                prop_assert_eq!(written_out(&mut root), written_out(&mut documents[0].root()));
                prop_assert_eq!(findings.into_diagnostics(), []);
            }
        }
    }
}
