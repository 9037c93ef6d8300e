//! Article texts: every word has its place, and folding is done in one pass. A check panics where it doesn't hold.

use vedetta::model::Field;
use vedetta::text::analyzed::AnalyzedField;
use vedetta::text::normalize::{exact, fold};
use vedetta::text::segment::{paragraphs, sentences};
use vedetta::text::{detect_language, html_to_line, html_to_text, sanitise_html};

/// Larger inputs find nothing that smaller ones don't, and take longer.
const MOST_BYTES: usize = 4096;

/// The input as an article's text.
pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(MOST_BYTES)]);
    let field = AnalyzedField::new(Field::Body, &text);
    let mut end = 0;
    for token in &field.tokens {
        assert!(token.span.start >= end && token.span.end > token.span.start, "{token:?}");
        end = token.span.end;
        assert!(text.get(token.span.clone()).is_some(), "{token:?}");
        assert_eq!(fold(&token.folded), token.folded, "folding twice changes {token:?}");
    }
    let written = exact(&text);
    assert_eq!(exact(&written), written);
    for borders in [sentences(&text), paragraphs(&text)] {
        assert!(borders.is_sorted() && borders.iter().all(|&at| text.is_char_boundary(at)), "{borders:?}");
    }
    let _ = detect_language(None, &text, &text);
    let _ = html_to_text(&text);
    assert!(!html_to_line(&text).contains('\n'));
    let _ = sanitise_html(&text);
}
