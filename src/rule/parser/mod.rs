//! Tokens → tree. After a mistake it goes on, so that one run reports all of them; the tree is given out only if there
//! were none.
//!
//! ```text
//! query     = proximity (AND [NOT] proximity)* | proximity (OR proximity)*      never both at one level
//! proximity = operand ([NOT] (NEAR/n | ONEAR/n | W/S | W/P) operand)*           several: all the same, read from the left
//! operand   = atom | "(" query ")" | field ":" operand | ATLEAST/n "(" query ")" | n OF "(" query ("," query)+ ")"
//! ```
//!
//! The decision a reader would question: a field binds to one operand, so `title:a NEAR/3 b` would be `(title:a) NEAR/3 b`.
//! Few people mean that, so it is an error that shows `title:(a NEAR/3 b)`.

mod comma;
mod level;
mod mixture;
mod operand;
mod proximity;
mod term;

#[cfg(test)]
mod advice;
#[cfg(test)]
mod habits;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::model::{Diagnostic, Span};

use super::ast::{Atom, Node};
use super::codes;
use super::lexer::{Lexeme, RegexBudget, Sink, Token, lex};

pub(super) use self::term::parse_term;

/// What came out of a query.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The tree; absent if there was an error.
    pub(crate) node: Option<Node>,
    /// What was found.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The concepts and topics named in it, also where there is no tree.
    pub(crate) references: Vec<Reference>,
}

/// A name used in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Concept or topic.
    pub(crate) kind: ReferenceKind,
    /// Its name, without its sign.
    pub(crate) name: String,
    /// Where it stands, sign included.
    pub(crate) span: Span,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ReferenceKind {
    /// `@name`.
    Concept,
    /// `#id`.
    Topic,
}

/// Longest query, in bytes: about 5,000 terms, ten times the limit of other products.
pub(crate) const MAX_QUERY_BYTES: usize = 100_000;
/// Deepest nesting: far beyond what a person can read, and within what every thread's stack can walk.
pub(crate) const MAX_DEPTH: usize = 64;

/// Reads a query. `at` says where a range of its bytes stands in the file; `regexes` is that of all rules.
pub(in crate::rule) fn parse_query(text: &str, at: &dyn Fn(Range<usize>) -> Span, regexes: &RegexBudget) -> Parsed {
    let mut sink = Sink { text, regexes, at, diagnostics: Vec::new() };
    if text.trim().is_empty() {
        let diagnostic = Diagnostic::error(codes::EMPTY_QUERY, "this query is empty")
            .help("write what to look for, such as `\"iron dome\" OR @missile-defence`, or leave the key out");
        sink.report(diagnostic, 0..text.len(), "");
        return Parsed { diagnostics: sink.diagnostics, ..Parsed::default() };
    }
    if too_long(text, &mut sink) {
        return Parsed { diagnostics: sink.diagnostics, ..Parsed::default() };
    }
    let tokens = lex(text, &mut sink);
    let references = references(&tokens, at);
    if tokens.is_empty() {
        if sink.diagnostics.is_empty() {
            let diagnostic = Diagnostic::error(codes::EMPTY_QUERY, "this query has nothing to look for");
            sink.report(diagnostic, 0..text.len(), "");
        }
        return Parsed { node: None, diagnostics: sink.diagnostics, references };
    }
    let mut parser = Parser { text, tokens: &tokens, at: 0, sink, depth: 0, gave_up: false, mixed: None, listed: 0 };
    let node = parser.query(Level::Top).node;
    parser.report_mixed();
    finish(node, parser.sink, references, 0..text.len())
}

fn too_long(text: &str, sink: &mut Sink<'_>) -> bool {
    if text.len() <= MAX_QUERY_BYTES {
        return false;
    }
    let title = format!("this query has {} bytes; the most is {MAX_QUERY_BYTES}", text.len());
    let diagnostic = Diagnostic::error(codes::TOO_LONG, title).help("move its lists into concepts and write `@name`");
    sink.report(diagnostic, 0..0, "");
    true
}

fn references(tokens: &[Lexeme], at: &dyn Fn(Range<usize>) -> Span) -> Vec<Reference> {
    let reference = |lexeme: &Lexeme| {
        let (kind, name) = match &lexeme.token {
            Token::Atom(Atom::Concept(name)) => (ReferenceKind::Concept, name),
            Token::Atom(Atom::Topic(id)) => (ReferenceKind::Topic, id),
            _ => return None,
        };
        Some(Reference { kind, name: name.clone(), span: at(lexeme.range.clone()) })
    };
    tokens.iter().filter_map(reference).collect()
}

/// `whole` is what was read.
fn finish(node: Option<Node>, mut sink: Sink<'_>, references: Vec<Reference>, whole: Range<usize>) -> Parsed {
    // That there are too many regular expressions is said once for all rules.
    if node.is_none() && !sink.diagnostics.iter().any(Diagnostic::is_error) && !sink.regexes.is_spent() {
        // Every way here should have said why; should one not, a topic must not run without what it asks for.
        let diagnostic = Diagnostic::error(codes::MISSING_OPERAND, UNREADABLE)
            .help("write it anew, piece by piece: one operator between two terms, parentheses around those that mix");
        sink.report(diagnostic, whole, "");
    }
    let sound = sink.diagnostics.iter().all(|diagnostic| !diagnostic.is_error());
    sink.diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span.start));
    Parsed { node: node.filter(|_| sound), diagnostics: sink.diagnostics, references }
}

/// Said where nothing better was.
const UNREADABLE: &str = "this query can't be read";

/// What ends a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The end of the text.
    Top,
    /// A closing parenthesis.
    Group,
    /// A comma or closing parenthesis.
    List,
}

/// An operand with what is needed to show it again.
struct Part {
    node: Option<Node>,
    /// Bytes in the query, parentheses included.
    range: Range<usize>,
    /// NOT stood before it.
    negated: bool,
    /// Height of its tree.
    height: usize,
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    And,
    AndNot,
    Or,
    /// Nothing between; reported together.
    Side,
    /// Something that was reported.
    Unknown,
}

struct Parser<'t, 's> {
    text: &'t str,
    tokens: &'t [Lexeme],
    at: usize,
    sink: Sink<'s>,
    depth: usize,
    gave_up: bool,
    /// What is wrong with the operators of the level just read; reported if the level ends where it should, since with a
    /// parenthesis or quote missing nobody knows what was mixed with what.
    mixed: Option<Diagnostic>,
    /// The commas before this token were told.
    listed: usize,
}

impl<'t> Parser<'t, '_> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at).map(|lexeme| &lexeme.token)
    }

    fn peek_at(&self, ahead: usize) -> Option<&'t Token> {
        self.tokens.get(self.at + ahead).map(|lexeme| &lexeme.token)
    }

    fn range(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |lexeme| lexeme.range.clone())
    }

    /// Where the last token taken ends.
    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |lexeme| lexeme.range.end)
    }

    fn error(&mut self, code: &'static str, title: impl Into<String>, range: Range<usize>, help: &[&str]) {
        let mut diagnostic = Diagnostic::error(code, title);
        diagnostic.help = help.iter().map(|&line| line.to_owned()).collect();
        self.sink.report(diagnostic, range, "");
    }

    fn begins_operand_at(&self, ahead: usize) -> bool {
        match self.peek_at(ahead) {
            Some(Token::Not) => true,
            Some(token) => token.begins_operand(),
            None => false,
        }
    }

    /// Whether the next token is this word in lower or mixed case, without quotes and modifiers.
    fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|lexeme| {
            matches!(lexeme.token, Token::Atom(Atom::Word(_)))
                && self.text[lexeme.range.clone()].eq_ignore_ascii_case(word)
        })
    }

    fn shown_before(&self) -> String {
        let range = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|lexeme| lexeme.range.clone());
        match range {
            Some(range) if &self.text[range.clone()] != ")" => self.shown(&range),
            _ => "…".to_owned(),
        }
    }

    fn shown_after(&self, ahead: usize) -> String {
        match self.tokens.get(self.at + ahead) {
            Some(lexeme) if matches!(lexeme.token, Token::Atom(_)) => self.shown(&lexeme.range),
            _ => "…".to_owned(),
        }
    }

    /// A piece of the query, on one line and short.
    fn shown(&self, range: &Range<usize>) -> String {
        const MOST: usize = 40;
        let text = self.text.get(range.clone()).unwrap_or("");
        let mut shown = String::new();
        for word in text.split_whitespace() {
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(word);
            if shown.len() > 8 * MOST {
                break;
            }
        }
        if shown.chars().count() <= MOST {
            return shown;
        }
        let bracketed = shown.starts_with('(') && text.trim_end().ends_with(')');
        let cut: String = shown.chars().take(MOST - 2).collect();
        let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
        format!("{cut} …{}", if bracketed { ")" } else { "" })
    }

    fn too_deep(&mut self, range: Range<usize>) {
        if !self.gave_up {
            self.gave_up = true;
            let start = range.start;
            let end = start + self.text[start..].chars().next().map_or(0, char::len_utf8);
            let title = format!("the query is nested more than {MAX_DEPTH} levels deep");
            self.error(codes::TOO_DEEP, title, start..end, &["move its parts into concepts or topics of their own"]);
        }
    }

    fn report_mixed(&mut self) {
        let unsure = |diagnostic: &Diagnostic| {
            matches!(
                diagnostic.code,
                codes::UNCLOSED_QUOTE
                    | codes::UNCLOSED_REGEX
                    | codes::UNCLOSED_PARENTHESIS
                    | codes::UNOPENED_PARENTHESIS
            )
        };
        if let Some(diagnostic) = self.mixed.take()
            && !self.sink.diagnostics.iter().any(unsure)
        {
            self.sink.push(diagnostic);
        }
    }
}
