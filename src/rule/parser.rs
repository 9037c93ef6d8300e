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

use std::ops::Range;

use crate::model::{Diagnostic, Span};

use super::ast::{Atom, Near, Node, NodeKind, PhrasePart, Reach, Scope};
use super::codes;
use super::lexer::{Lexeme, Sink, Token, is_field, is_hebrew, lex, phrase_parts};

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

/// Reads a query. `at` says where a range of its bytes stands in the file.
pub(crate) fn parse_query(text: &str, at: &dyn Fn(Range<usize>) -> Span) -> Parsed {
    let mut sink = Sink { at, diagnostics: Vec::new() };
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
    let mut parser = Parser { text, tokens: &tokens, at: 0, sink, depth: 0, gave_up: false, mixed: None };
    let node = parser.query(Level::Top).node;
    parser.report_mixed();
    finish(node, parser.sink, references)
}

/// Reads a term of a concept's list: an atom, or several words without quotes, which are a phrase.
pub(crate) fn parse_term(text: &str, at: &dyn Fn(Range<usize>) -> Span) -> Parsed {
    let mut sink = Sink { at, diagnostics: Vec::new() };
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let range = start..start + trimmed.len();
    if trimmed.is_empty() {
        let diagnostic = Diagnostic::error(codes::EMPTY_QUERY, "this term is empty").help("delete it, or write a term");
        sink.report(diagnostic, 0..text.len(), "");
        return Parsed { diagnostics: sink.diagnostics, ..Parsed::default() };
    }
    if too_long(text, &mut sink) {
        return Parsed { diagnostics: sink.diagnostics, ..Parsed::default() };
    }
    if let Some(node) = bare_phrase(trimmed, start, &mut sink) {
        return finish(node, sink, Vec::new());
    }
    let tokens = lex(text, &mut sink);
    let references = references(&tokens, at);
    let node = match tokens.as_slice() {
        [Lexeme { token: Token::Atom(Atom::Topic(id)), .. }] => {
            let diagnostic = Diagnostic::error(codes::NOT_A_TERM, "a topic is not a term: it has no words of its own")
                .help(format!("use it in a query: `@concept OR #{id}`"));
            sink.report(diagnostic, range, "");
            None
        }
        [Lexeme { token: Token::Atom(atom), range }] => {
            Some(Node { kind: NodeKind::Atom(atom.clone()), span: at(range.clone()) })
        }
        [Lexeme { token: Token::Bad, .. }] => None,
        _ => {
            if sink.diagnostics.iter().all(|diagnostic| !diagnostic.is_error()) {
                let diagnostic = Diagnostic::error(codes::NOT_A_TERM, "a concept lists terms, this is a query")
                    .help("write each term as an entry of its own: `[\"missile\", \"iron dome\", \"=IRBM\"]`")
                    .help("queries go into a topic's `match`, where concepts are combined: `@missile NEAR/5 @launch`");
                sink.report(diagnostic, range, "");
            }
            None
        }
    };
    finish(node, sink, references)
}

/// Several words without quotes: what people write in a list. `Some(None)`: reported.
fn bare_phrase(trimmed: &str, start: usize, sink: &mut Sink<'_>) -> Option<Option<Node>> {
    if !trimmed.contains(char::is_whitespace)
        || has_quote(trimmed)
        || trimmed.contains(['(', ')', '“', '”', '„', '«', '»', '「', '」'])
        || trimmed.starts_with(['/', '#', '\'', '‘'])
        || trimmed.split_whitespace().any(looks_like_query)
    {
        return None;
    }
    let before = sink.diagnostics.len();
    let parts = phrase_parts(trimmed, start, sink, None);
    if sink.diagnostics[before.min(sink.diagnostics.len())..].iter().any(Diagnostic::is_error) || parts.is_empty() {
        // Nothing but punctuation, say: the lexer finds words for it.
        return if parts.is_empty() && sink.diagnostics.len() == before { None } else { Some(None) };
    }
    let atom = match parts.as_slice() {
        [PhrasePart::Any] => return None,
        _ => Atom::Phrase(parts),
    };
    Some(Some(Node { kind: NodeKind::Atom(atom), span: (sink.at)(start..start + trimmed.len()) }))
}

/// Whether there is a quote that is not part of a Hebrew abbreviation.
fn has_quote(text: &str) -> bool {
    let hebrew = |c: Option<char>| c.is_some_and(is_hebrew);
    text.match_indices('"')
        .any(|(at, _)| !hebrew(text[..at].chars().next_back()) || !hebrew(text[at + 1..].chars().next()))
}

fn looks_like_query(word: &str) -> bool {
    if let Some((field, rest)) = word.split_once(':')
        && !rest.is_empty()
        && is_field(field)
    {
        return true;
    }
    matches!(word, "AND" | "OR" | "NOT" | "&&" | "||")
        || word.starts_with(['@', '#'])
        || ["NEAR/", "ONEAR/", "W/", "ATLEAST/"].iter().any(|operator| word.starts_with(operator))
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

fn finish(node: Option<Node>, mut sink: Sink<'_>, references: Vec<Reference>) -> Parsed {
    let sound = sink.diagnostics.iter().all(|diagnostic| !diagnostic.is_error());
    sink.diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span.start));
    Parsed { node: node.filter(|_| sound), diagnostics: sink.diagnostics, references }
}

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

/// A proximity operator as it stands.
#[derive(Debug, Clone)]
struct Operator {
    ordered: bool,
    reach: Reach,
    negated: bool,
    written: String,
    range: Range<usize>,
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

    /// One level: operands joined by operators of one kind. Takes its closing token only if it is `Level::Top`'s stray one.
    fn query(&mut self, level: Level) -> Part {
        let start = self.range().start;
        let mut parts: Vec<Part> = Vec::new();
        let mut joins: Vec<(Join, Range<usize>)> = Vec::new();
        loop {
            if self.gave_up {
                self.at = self.tokens.len();
                break;
            }
            let negation = self.negation();
            let Some(mut part) = self.proximity() else {
                if self.missing(level, &parts, &joins, negation.as_ref()) {
                    continue;
                }
                break;
            };
            if let Some(not) = negation {
                part.negated = true;
                part.range.start = not.range.start;
                match joins.last_mut() {
                    Some((join @ Join::And, _)) => *join = Join::AndNot,
                    Some((Join::Or, range)) => {
                        let range = range.start..not.range.end;
                        let shown = self.shown(&part.range);
                        self.error(
                            codes::MISPLACED_NOT,
                            format!("`OR {shown}` would match almost every article"),
                            range,
                            &[&format!("to take something away write `AND {shown}`")],
                        );
                        if let Some((join, _)) = joins.last_mut() {
                            *join = Join::Unknown;
                        }
                    }
                    Some((join, _)) => *join = Join::AndNot,
                    None => {}
                }
            }
            parts.push(part);
            match self.join(level) {
                Some(join) => joins.push(join),
                None => break,
            }
        }
        let end = self.end().max(start);
        self.level(parts, joins, start..end)
    }

    /// Takes NOT, in either case, before an operand. Several are one, and reported.
    fn negation(&mut self) -> Option<Lexeme> {
        let mut first: Option<Lexeme> = None;
        loop {
            let Some(lexeme) = self.tokens.get(self.at) else { return first };
            let lower = !matches!(lexeme.token, Token::Not);
            if lower && !(self.is_word("not") && self.begins_operand_at(1)) {
                return first;
            }
            if !lower && matches!(self.peek_at(1), Some(Token::Near { .. })) {
                return first;
            }
            self.at += 1;
            if lower {
                let written = self.text[lexeme.range.clone()].to_owned();
                self.error(
                    codes::LOWER_CASE_OPERATOR,
                    format!("`{written}` is an ordinary word: operators are written in upper case"),
                    lexeme.range.clone(),
                    &["write `NOT`", &format!("to look for the word write `\"{written}\"`")],
                );
            }
            match &mut first {
                None => first = Some(lexeme.clone()),
                Some(first) => {
                    first.range.end = lexeme.range.end;
                    let range = first.range.clone();
                    self.error(
                        codes::MISPLACED_NOT,
                        "NOT twice is nothing",
                        range,
                        &["leave both out, or write one `NOT`"],
                    );
                }
            }
        }
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

    /// Reports that an operand is missing here. Whether there is something to go on with.
    fn missing(
        &mut self,
        level: Level,
        parts: &[Part],
        joins: &[(Join, Range<usize>)],
        negation: Option<&Lexeme>,
    ) -> bool {
        let range = self.range();
        let before = negation.map(|not| not.range.clone()).or_else(|| joins.last().map(|(_, range)| range.clone()));
        match self.peek() {
            Some(Token::And | Token::Or) => {
                self.at += 1;
                let written = &self.text[range.clone()];
                if let Some(before) = before {
                    let title =
                        format!("between `{}` and `{written}` something is missing", &self.text[before.clone()]);
                    self.error(codes::MISSING_OPERAND, title, before.start..range.end, &["delete one of them"]);
                } else {
                    let title = format!("`{written}` has nothing before it");
                    self.error(
                        codes::MISSING_OPERAND,
                        title,
                        range,
                        &[&format!("delete `{written}`, or write a term before it")],
                    );
                }
                true
            }
            Some(Token::Near { .. } | Token::Not) => {
                self.at += 1;
                if matches!(self.peek(), Some(Token::Near { .. })) {
                    self.at += 1;
                }
                let range = range.start..self.end();
                let title = format!("`{}` has nothing before it", &self.text[range.clone()]);
                self.error(codes::MISSING_OPERAND, title, range, &["write the term that is to be near"]);
                true
            }
            Some(Token::Of) => {
                self.at += 1;
                let help = [
                    "write for example `2 OF (a, b, c)`",
                    "to look for the word `of` write it in lower case or in quotes",
                ];
                self.error(codes::BAD_OF, "`OF` needs a number before it", range, &help);
                true
            }
            Some(Token::Close) if level == Level::Top => {
                self.at += 1;
                self.error(codes::UNOPENED_PARENTHESIS, "this parenthesis closes nothing", range, &["delete it"]);
                true
            }
            Some(Token::Comma) if level != Level::List => {
                self.at += 1;
                self.comma(range);
                true
            }
            _ => {
                if let Some(before) = before {
                    let written = &self.text[before.clone()];
                    let title = format!("`{written}` has nothing after it");
                    self.error(
                        codes::MISSING_OPERAND,
                        title,
                        before,
                        &[&format!("delete `{written}`, or write a term after it")],
                    );
                } else if parts.is_empty() && level == Level::List {
                    let range = range.start..range.start + usize::from(range.start < self.text.len());
                    self.error(codes::BAD_OF, "an expression is missing in this list", range, &["delete the comma"]);
                }
                false
            }
        }
    }

    fn comma(&mut self, range: Range<usize>) {
        let help = ["join terms with `OR` or `AND`; only `2 OF (a, b, c)` has a list"];
        self.error(codes::BAD_OF, "a comma can't stand here", range, &help);
    }

    /// What joins the operand just read with the next one; `None` where the level ends.
    fn join(&mut self, level: Level) -> Option<(Join, Range<usize>)> {
        loop {
            let range = self.range();
            let token = self.peek()?;
            match token {
                Token::And | Token::Or => {
                    self.at += 1;
                    return Some((if *token == Token::And { Join::And } else { Join::Or }, range));
                }
                Token::Not => {
                    let (a, b) = (self.shown_before(), self.shown_after(1));
                    let help = format!("write `{a} AND NOT {b}`");
                    self.error(codes::MISPLACED_NOT, "NOT must follow AND", range.clone(), &[&help]);
                    return Some((Join::And, range));
                }
                Token::Close if level == Level::Top => {
                    self.at += 1;
                    let title = "this parenthesis closes nothing";
                    self.error(codes::UNOPENED_PARENTHESIS, title, range.clone(), &["delete it"]);
                    if self.peek()?.begins_operand() {
                        return Some((Join::Unknown, range));
                    }
                }
                Token::Comma if level != Level::List => {
                    self.at += 1;
                    self.comma(range.clone());
                    return Some((Join::Unknown, range));
                }
                Token::Close | Token::Comma => return None,
                // Only after a NOT that was taken already.
                Token::Near { .. } => {
                    self.at += 1;
                    return Some((Join::Unknown, range));
                }
                Token::Of => {
                    self.at += 1;
                    let help = ["write for example `2 OF (a, b, c)`", "if the words are a name, put them in quotes"];
                    let title = "`OF` needs a number before it and a list after it";
                    self.error(codes::BAD_OF, title, range.clone(), &help);
                    if !self.skip_list() {
                        return Some((Join::Unknown, range));
                    }
                }
                _ => return Some(self.side_by_side(range)),
            }
        }
    }

    /// Takes a list that belongs to no number, so that its commas are not reported too.
    fn skip_list(&mut self) -> bool {
        let mut open = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Open => open += 1,
                Token::Close if open > 0 => open -= 1,
                _ => {}
            }
            if open == 0 && *token != Token::Close {
                return false;
            }
            self.at += 1;
            if open == 0 {
                return true;
            }
        }
        true
    }

    /// Two operands with nothing between; or a lower-case operator, which is one.
    fn side_by_side(&mut self, range: Range<usize>) -> (Join, Range<usize>) {
        for (word, join) in [("and", Join::And), ("or", Join::Or)] {
            if self.is_word(word) && self.begins_operand_at(1) {
                let not = join == Join::And
                    && (self.is_word_at(1, "not") || self.peek_at(1) == Some(&Token::Not))
                    && self.begins_operand_at(2);
                let end =
                    if not { self.tokens.get(self.at + 1).map_or(range.end, |next| next.range.end) } else { range.end };
                let written = self.text[range.start..end].to_owned();
                let right = written.split_whitespace().map(str::to_uppercase).collect::<Vec<_>>().join(" ");
                let word = &self.text[range.clone()];
                self.error(
                    codes::LOWER_CASE_OPERATOR,
                    format!("`{word}` is an ordinary word: operators are written in upper case"),
                    range.start..end,
                    &[&format!("write `{right}`"), &format!("to look for the word write `\"{word}\"`")],
                );
                self.at += 1;
                if not && self.is_word("not") {
                    // Reported with `and`.
                    self.at += 1;
                    return (Join::AndNot, range.start..end);
                }
                return (join, range);
            }
        }
        if self.is_word("not") && self.begins_operand_at(1) {
            let (a, b) = (self.shown_before(), self.shown_after(1));
            let written = self.text[range.clone()].to_owned();
            self.error(
                codes::LOWER_CASE_OPERATOR,
                format!("`{written}` is an ordinary word: operators are written in upper case"),
                range.clone(),
                &[&format!("write `{a} AND NOT {b}`")],
            );
            self.at += 1;
            return (Join::AndNot, range);
        }
        (Join::Side, range.start..range.start)
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

    /// Makes one node of a level's operands, and says what is wrong with how they are joined.
    fn level(&mut self, mut parts: Vec<Part>, joins: Vec<(Join, Range<usize>)>, range: Range<usize>) -> Part {
        let joins = &joins[..joins.len().min(parts.len().saturating_sub(1))];
        self.missing_operators(&parts, joins);
        let is_and = |join: &Join| matches!(join, Join::And | Join::AndNot);
        let and = joins.iter().position(|(join, _)| is_and(join));
        let or = joins.iter().position(|(join, _)| *join == Join::Or);
        if let (Some(and), Some(or)) = (and, or) {
            self.mixed = Some(self.mixture(&parts, joins, and, or));
        } else {
            self.mixed = None;
        }
        if let Some(first) = parts.first()
            && first.negated
        {
            self.lone_not(&parts);
        }
        let height = parts.iter().map(|part| part.height).max().unwrap_or(0) + usize::from(parts.len() > 1);
        let fail = Part { node: None, range: range.clone(), negated: false, height };
        if height > MAX_DEPTH {
            self.too_deep(range);
            return fail;
        }
        if parts.len() == 1 {
            // Parentheses around it are the caller's.
            let mut part = parts.remove(0);
            if part.negated {
                part.node = None;
            }
            return Part { range, negated: false, ..part };
        }
        let Some(nodes) = parts
            .into_iter()
            .map(|part| part.node.map(|node| (node, part.negated, part.range)))
            .collect::<Option<Vec<_>>>()
        else {
            return fail;
        };
        if nodes.is_empty() {
            return fail;
        }
        let nodes =
            nodes
                .into_iter()
                .map(|(node, negated, range)| {
                    if negated {
                        Node { kind: NodeKind::Not(Box::new(node)), span: (self.sink.at)(range) }
                    } else {
                        node
                    }
                })
                .collect();
        let kind = if or.is_some() { NodeKind::Or(nodes) } else { NodeKind::And(nodes) };
        let node = Node { kind, span: (self.sink.at)(range.clone()) };
        Part { node: Some(node), range, negated: false, height }
    }

    fn missing_operators(&mut self, parts: &[Part], joins: &[(Join, Range<usize>)]) {
        let mut index = 0;
        while index < joins.len() {
            let run = joins[index..].iter().take_while(|(join, _)| *join == Join::Side).count();
            if run > 0 {
                self.missing_operator(&parts[index..=index + run]);
            }
            index += run.max(1);
        }
    }

    fn missing_operator(&mut self, run: &[Part]) {
        let (Some(first), Some(second), Some(last)) = (run.first(), run.get(1), run.last()) else { return };
        // What was reported already may well be the operator.
        if run.iter().any(|part| part.node.is_none()) {
            return;
        }
        let texts: Vec<String> = run.iter().take(6).map(|part| self.shown(&part.range)).collect();
        let dots = if run.len() > 6 { " …" } else { "" };
        let words = run
            .iter()
            .take(6)
            .all(|part| part.node.as_ref().is_some_and(|node| matches!(&node.kind, NodeKind::Atom(Atom::Word(_)))));
        let title = if run.len() == 2 {
            "there is no operator between these two".to_owned()
        } else {
            format!("there are no operators between these {}", run.len())
        };
        let mut diagnostic = Diagnostic::error(codes::MISSING_OPERATOR, title);
        if let [a, between, b] = texts.as_slice()
            && let Some((_, operator)) = JOINING_WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(between))
        {
            diagnostic = diagnostic.help(format!("if `{between}` is meant as an operator write `{a} {operator} {b}`"));
        }
        if words {
            diagnostic = diagnostic.help(format!("for the phrase write `\"{}{dots}\"`", texts.join(" ")));
        }
        diagnostic = diagnostic.help(format!(
            "for all of them write `{}{dots}`, for any of them `{}{dots}`",
            texts.join(" AND "),
            texts.join(" OR ")
        ));
        let span = (self.sink.at)(first.range.start..last.range.end.max(second.range.end));
        self.sink.push(diagnostic.label(span, ""));
    }

    fn mixture(&self, parts: &[Part], joins: &[(Join, Range<usize>)], and: usize, or: usize) -> Diagnostic {
        let (earlier, later) = if and < or { (and, or) } else { (or, and) };
        let name = |at: usize| if matches!(joins[at].0, Join::Or) { "OR" } else { "AND" };
        let mut diagnostic = Diagnostic::error(codes::MIXED_OPERATORS, "AND and OR are mixed without parentheses");
        // Which of the two binds tighter is what other products disagree on: so both readings.
        let tight_and = self.reading(parts, joins, |join| join != Join::Or);
        let tight_or = self.reading(parts, joins, |join| join == Join::Or);
        diagnostic = diagnostic.help(format!("write `{tight_and}`")).help(format!("or write `{tight_or}`"));
        let later_span = (self.sink.at)(joins[later].1.clone());
        let earlier_span = (self.sink.at)(joins[earlier].1.clone());
        diagnostic
            .label(later_span, format!("`{}` here", name(later)))
            .label(earlier_span, format!("`{}` here", name(earlier)))
    }

    /// The level with parentheses around the runs of operands that `tight` operators join.
    fn reading(&self, parts: &[Part], joins: &[(Join, Range<usize>)], tight: impl Fn(Join) -> bool) -> String {
        const MOST: usize = 12;
        let word = |join: Join| if join == Join::Or { " OR " } else { " AND " };
        let mut text = String::new();
        let mut run: Vec<usize> = Vec::new();
        let count = parts.len().min(MOST);
        for index in 0..count {
            run.push(index);
            let next = joins.get(index).map(|(join, _)| *join).filter(|_| index + 1 < count);
            if next.is_some_and(&tight) {
                continue;
            }
            let several = run.len() > 1;
            let mut group = String::new();
            for (at, part) in run.iter().enumerate() {
                if at > 0 {
                    group.push_str(word(joins[part - 1].0));
                }
                group.push_str(&self.shown(&parts[*part].range));
            }
            // A NOT in front would take the whole group away.
            text.push_str(&if several { format!("({group})") } else { group });
            if let Some(join) = next {
                text.push_str(word(join));
            }
            run.clear();
        }
        if parts.len() > count {
            text.push_str(" …");
        }
        text
    }

    fn lone_not(&mut self, parts: &[Part]) {
        let Some(first) = parts.first() else { return };
        let not = self.shown(&first.range);
        let range = first.range.clone();
        match parts.iter().find(|part| !part.negated) {
            Some(other) => {
                let other = self.shown(&other.range);
                let help = format!("put it behind what it takes away from: `{other} AND {not}`");
                self.error(codes::LONE_NOT, "NOT can't come first", range, &[&help]);
            }
            None => {
                let help =
                    format!("say first what to look for, outside the parentheses if there are any: `… AND {not}`");
                self.error(codes::LONE_NOT, "NOT alone would match almost every article", range, &[&help]);
            }
        }
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

    /// Operands joined by proximity operators; `None` where no operand begins here.
    fn proximity(&mut self) -> Option<Part> {
        let mut left = self.operand()?;
        let mut used: Option<Operator> = None;
        let mut chained = 0;
        let mut mixed = false;
        loop {
            let start = self.at;
            let range = self.range();
            let lower = self.is_word("not") && matches!(self.peek_at(1), Some(Token::Near { .. }));
            let negated = lower || self.peek() == Some(&Token::Not);
            if negated && !matches!(self.peek_at(1), Some(Token::Near { .. })) {
                break;
            }
            if lower {
                let title = format!("`{}` must be written in upper case", &self.text[range.clone()]);
                self.error(codes::LOWER_CASE_OPERATOR, title, range.clone(), &["write `NOT`"]);
            }
            self.at += usize::from(negated);
            let Some(&Token::Near { ordered, reach }) = self.peek() else {
                self.at = start;
                break;
            };
            self.at += 1;
            let operator = range.start..self.end();
            let written = self.text[operator.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
            let not_right = self.peek() == Some(&Token::Not) || (self.is_word("not") && self.begins_operand_at(1));
            if not_right {
                let range = self.range();
                self.at += 1;
                let (a, b) = (self.shown(&left.range), self.shown_after(0));
                let help = format!("write `{a} NOT {written} {b}`: {a} with no {b} around it");
                self.error(
                    codes::MISPLACED_NOT,
                    format!("NOT stands before `{written}`, not after it"),
                    range,
                    &[&help],
                );
            }
            let Some(right) = self.operand() else {
                if !matches!(self.peek(), Some(Token::Near { .. })) || not_right {
                    let help = format!("delete `{written}`, or write a term after it");
                    self.error(codes::MISSING_OPERAND, format!("`{written}` has nothing after it"), operator, &[&help]);
                }
                left.node = None;
                continue;
            };
            chained += 1;
            let operator = Operator { ordered, reach, negated, written, range: operator };
            if let Some(first) = &used
                && !mixed
                && (first.reach != reach || first.ordered != ordered || negated || first.negated)
            {
                mixed = true;
                self.mixed_proximity(&left, &right, &first.clone(), &operator);
            }
            let range = left.range.start..right.range.end;
            let height = left.height.max(right.height) + 1;
            for (side, other) in [(&left, &right), (&right, &left)] {
                let left_first = std::ptr::eq(side, &raw const left);
                self.positions(side, &operator.written, other, left_first);
            }
            let node = match (left.node, right.node) {
                (Some(left), Some(right)) if !mixed => {
                    let near = Near { left: Box::new(left), right: Box::new(right), reach, ordered, negated };
                    Some(Node { kind: NodeKind::Near(near), span: (self.sink.at)(range.clone()) })
                }
                _ => None,
            };
            left = Part { node, range, negated: false, height };
            used.get_or_insert(operator);
            if left.height > MAX_DEPTH || chained > MAX_DEPTH {
                self.too_deep(left.range.clone());
                break;
            }
        }
        Some(left)
    }

    fn mixed_proximity(&mut self, left: &Part, right: &Part, first: &Operator, second: &Operator) {
        let a = self.shown(&(left.range.start..first.range.start));
        let b = self.shown(&(first.range.end..left.range.end));
        let c = self.shown(&right.range);
        let (one, two) = (&first.written, &second.written);
        let diagnostic =
            Diagnostic::error(codes::MIXED_PROXIMITY, "two different proximity operators in a row need parentheses")
                .label((self.sink.at)(second.range.clone()), format!("`{two}` here"))
                .label((self.sink.at)(first.range.clone()), format!("`{one}` here"))
                .help(format!("write `({a} {one} {b}) {two} {c}`"))
                .help(format!("or write `{a} {one} ({b} {two} {c})`"));
        self.sink.push(diagnostic);
    }

    /// Reports an operand of a proximity that has no place in the text.
    fn positions(&mut self, part: &Part, operator: &str, other: &Part, is_left: bool) {
        let Some(node) = &part.node else { return };
        let Some(culprit) = without_position(node) else { return };
        let order =
            |a: &str, b: &str| if is_left { format!("{a} {operator} {b}") } else { format!("{b} {operator} {a}") };
        let there = self.shown(&other.range);
        let (what, help) = match &culprit.kind {
            NodeKind::And(parts)
                if std::ptr::eq(culprit, node) && parts.iter().all(|part| !matches!(part.kind, NodeKind::Not(_))) =>
            {
                let each: Vec<String> = parts
                    .iter()
                    .take(4)
                    .map(|part| {
                        let text = part.to_string();
                        let text = if matches!(part.kind, NodeKind::Atom(_)) { text } else { format!("({text})") };
                        format!("({})", order(&text, &there))
                    })
                    .collect();
                let dots = if parts.len() > 4 { " …" } else { "" };
                ("an AND has no place in the text".to_owned(), format!("write `{}{dots}`", each.join(" AND ")))
            }
            NodeKind::And(_) => (
                "an AND has no place in the text".to_owned(),
                format!("join near words with OR, or write the AND outside: `({}) AND …`", order("a", &there)),
            ),
            NodeKind::Not(_) => (
                "a NOT has no place in the text".to_owned(),
                format!("write `a NOT {operator} b`: an `a` that has no `b` around it"),
            ),
            NodeKind::Scope { scope, of } => {
                let inner = of.to_string();
                let inner = if matches!(of.kind, NodeKind::Atom(_)) { inner } else { format!("({inner})") };
                (
                    format!("`{}:` must stand around the whole of `{operator}`", scope.as_str()),
                    format!("write `{}:({})`", scope.as_str(), order(&inner, &there)),
                )
            }
            NodeKind::Atom(_) => (
                format!("`{culprit}` is a topic and has no place in the text"),
                "use a concept here: `@name`".to_owned(),
            ),
            _ => (
                "a number of hits has no place in the text".to_owned(),
                format!("join it with AND: `({}) AND {}`", order("a", &there), shorten(&culprit.to_string())),
            ),
        };
        let title = format!("`{operator}` needs words on both sides: {what}");
        let diagnostic = Diagnostic::error(codes::NO_POSITION, title).help(help).label(culprit.span, "");
        self.sink.push(diagnostic);
    }

    /// An operand; `None` where none begins here.
    fn operand(&mut self) -> Option<Part> {
        let lexeme = self.tokens.get(self.at)?;
        if !lexeme.token.begins_operand() {
            return None;
        }
        let start = lexeme.range.start;
        if self.depth >= MAX_DEPTH {
            self.too_deep(lexeme.range.clone());
            self.at = self.tokens.len();
            return Some(Part { node: None, range: start..self.text.len(), negated: false, height: 0 });
        }
        self.depth += 1;
        let part = self.operand_inside(lexeme, start);
        self.depth -= 1;
        Some(part)
    }

    fn operand_inside(&mut self, lexeme: &'t Lexeme, start: usize) -> Part {
        let fail = |range| Part { node: None, range, negated: false, height: 0 };
        match &lexeme.token {
            Token::Atom(Atom::Word(word))
                if word.text.bytes().all(|b| b.is_ascii_digit())
                    && (self.peek_at(1) == Some(&Token::Of)
                        || (self.is_word_at(1, "of") && self.peek_at(2) == Some(&Token::Open))) =>
            {
                self.some_of(start)
            }
            Token::Atom(atom) => {
                self.at += 1;
                let range = lexeme.range.clone();
                let node = Node { kind: NodeKind::Atom(atom.clone()), span: (self.sink.at)(range.clone()) };
                Part { node: Some(node), range, negated: false, height: 1 }
            }
            Token::Open => self.group(),
            Token::AtLeast(count) => {
                self.at += 1;
                if self.peek() != Some(&Token::Open) {
                    let term = self.shown_after(0);
                    let help = format!("write `ATLEAST/{count}({term})`");
                    self.error(codes::BAD_ATLEAST, "ATLEAST needs parentheses", lexeme.range.clone(), &[&help]);
                    let part = self.operand();
                    return fail(start..part.map_or(self.end(), |part| part.range.end));
                }
                let inner = self.group();
                let range = start..inner.range.end;
                if let Some(node) = &inner.node
                    && let Some(culprit) = without_hits(node)
                {
                    let title = "ATLEAST counts hits, and this has none of its own";
                    let diagnostic =
                        Diagnostic::error(codes::NO_POSITION, title).label(culprit.span, "").help(format!(
                            "count words or concepts: `ATLEAST/{count}(a OR b)`, and join the rest with AND outside"
                        ));
                    self.sink.push(diagnostic);
                }
                let height = inner.height + 1;
                let node = inner.node.map(|of| Node {
                    kind: NodeKind::AtLeast { count: *count, of: Box::new(of) },
                    span: (self.sink.at)(range.clone()),
                });
                Part { node, range, negated: false, height }
            }
            Token::Scope(scope) => self.scope(*scope, lexeme, start),
            _ => {
                self.at += 1;
                fail(lexeme.range.clone())
            }
        }
    }

    /// `( … )`.
    fn group(&mut self) -> Part {
        let open = self.range();
        self.at += 1;
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            let range = open.start..self.end();
            self.error(
                codes::EMPTY_PARENTHESES,
                "there is nothing in these parentheses",
                range.clone(),
                &["delete them, or fill them"],
            );
            return Part { node: None, range, negated: false, height: 0 };
        }
        let mut part = self.query(Level::Group);
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            self.report_mixed();
        } else {
            self.unclosed(open.clone());
        }
        part.range = open.start..self.end().max(open.end);
        part
    }

    fn report_mixed(&mut self) {
        let unsure = |diagnostic: &Diagnostic| matches!(diagnostic.code, codes::UNCLOSED_QUOTE | codes::UNCLOSED_REGEX);
        if let Some(diagnostic) = self.mixed.take()
            && !self.sink.diagnostics.iter().any(unsure)
        {
            self.sink.push(diagnostic);
        }
    }

    fn unclosed(&mut self, open: Range<usize>) {
        // After a quote that never closes, the parenthesis may be in it.
        let unsure = self.sink.diagnostics.iter().any(|diagnostic| {
            matches!(
                diagnostic.code,
                codes::UNCLOSED_QUOTE | codes::UNCLOSED_REGEX | codes::TOO_DEEP | codes::UNCLOSED_PARENTHESIS
            )
        });
        if !unsure {
            self.error(codes::UNCLOSED_PARENTHESIS, "this parenthesis is never closed", open, &["add the missing `)`"]);
        }
    }

    /// `2 OF (a, b, c)`.
    fn some_of(&mut self, start: usize) -> Part {
        let number = self.range();
        let written = self.text[number.clone()].to_owned();
        self.at += 1;
        let of = self.range();
        let lower = self.peek() != Some(&Token::Of);
        self.at += 1;
        if lower {
            let right = format!("write `{written} OF (…)`");
            self.error(codes::LOWER_CASE_OPERATOR, "operators are written in upper case: `OF`", of.clone(), &[&right]);
        }
        let open = self.range();
        if self.peek() != Some(&Token::Open) {
            let title = format!("`{written} OF` needs a list in parentheses");
            let help = [&*format!("write `{written} OF (a, b, c)`"), "if the words are a name, put them in quotes"];
            self.error(codes::BAD_OF, title, number.start..of.end, &help);
            let part = self.operand();
            return Part {
                node: None,
                range: start..part.map_or(of.end, |part| part.range.end),
                negated: false,
                height: 0,
            };
        }
        self.at += 1;
        let mut parts = Vec::new();
        if self.peek() == Some(&Token::Close) {
            self.error(
                codes::EMPTY_PARENTHESES,
                "there is nothing in these parentheses",
                open.start..open.end + 1,
                &["list expressions: `2 OF (a, b, c)`"],
            );
        } else {
            loop {
                parts.push(self.query(Level::List));
                if matches!(self.peek(), Some(Token::Comma | Token::Close)) {
                    self.report_mixed();
                }
                if self.peek() != Some(&Token::Comma) {
                    break;
                }
                self.at += 1;
            }
        }
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
        } else {
            self.unclosed(open);
        }
        let range = start..self.end();
        let height = parts.iter().map(|part| part.height).max().unwrap_or(0) + 1;
        let total = parts.len();
        let count = written.parse::<u32>().ok().filter(|count| *count > 0 && *count as usize <= total);
        if total > 0 && (count.is_none() || total == 1) {
            let title = if total == 1 {
                "this list has only one expression".to_owned()
            } else if written.bytes().all(|b| b == b'0') {
                "`0 OF` always holds".to_owned()
            } else {
                format!("`{written} OF` a list of {total} can never hold")
            };
            let help = if total == 1 {
                "separate the expressions by commas: `2 OF (a, b, c)`".to_owned()
            } else {
                format!("write a number from 1 to {total}")
            };
            self.error(codes::BAD_OF, title, number.start..of.end, &[&help]);
        }
        let nodes = parts.into_iter().map(|part| part.node).collect::<Option<Vec<_>>>();
        let node = nodes
            .zip(count)
            .map(|(of, count)| Node { kind: NodeKind::SomeOf { count, of }, span: (self.sink.at)(range.clone()) });
        Part { node, range, negated: false, height }
    }

    /// `title:…`.
    fn scope(&mut self, scope: Scope, lexeme: &'t Lexeme, start: usize) -> Part {
        self.at += 1;
        let name = scope.as_str();
        let not = self.peek() == Some(&Token::Not);
        let part = if not { None } else { self.operand() };
        let Some(part) = part else {
            if not {
                let term = self.shown_after(1);
                let help = format!("write `NOT {name}:{term}`");
                self.error(
                    codes::MISPLACED_NOT,
                    format!("NOT stands before `{name}:`, not after it"),
                    lexeme.range.clone(),
                    &[&help],
                );
                self.at += 1;
                let part = self.operand();
                return Part {
                    node: None,
                    range: start..part.map_or(self.end(), |part| part.range.end),
                    negated: false,
                    height: 0,
                };
            }
            let help = format!("write what to look for in it: `{name}:missile`, `{name}:(missile OR rocket)`");
            self.error(codes::BAD_SCOPE, format!("`{name}:` has nothing behind it"), lexeme.range.clone(), &[&help]);
            return Part { node: None, range: lexeme.range.clone(), negated: false, height: 0 };
        };
        if let Some(node) = &part.node {
            let mut inner = None;
            node.walk(&mut |node| {
                if let NodeKind::Scope { scope, .. } = &node.kind {
                    inner = inner.or(Some((*scope, node.span)));
                }
            });
            if let Some((inner, span)) = inner {
                let title = format!("`{}:` stands inside `{name}:`, and a text is never in both", inner.as_str());
                let title = if inner == scope { format!("`{name}:` stands inside `{name}:`") } else { title };
                let diagnostic = Diagnostic::error(codes::BAD_SCOPE, title)
                    .label(span, "")
                    .help("close the one before the other begins, and join them with AND or OR");
                self.sink.push(diagnostic);
            }
        }
        let range = start..part.range.end;
        let height = part.height + 1;
        let node = part
            .node
            .map(|of| Node { kind: NodeKind::Scope { scope, of: Box::new(of) }, span: (self.sink.at)(range.clone()) });
        Part { node, range, negated: false, height }
    }
}

/// The part of an operand that has no place in the text, if any.
fn without_position(node: &Node) -> Option<&Node> {
    match &node.kind {
        NodeKind::Atom(Atom::Topic(_)) => Some(node),
        NodeKind::Atom(_) | NodeKind::Near(_) => None,
        NodeKind::Or(parts) => parts.iter().find_map(without_position),
        _ => Some(node),
    }
}

/// The part of what ATLEAST counts that has no hits of its own, if any.
fn without_hits(node: &Node) -> Option<&Node> {
    match &node.kind {
        NodeKind::Scope { of, .. } => without_hits(of),
        NodeKind::Or(parts) => parts.iter().find_map(without_hits),
        _ => without_position(node),
    }
}

fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 2).chain(" …".chars()).collect()
}

/// What joins in other languages, for whoever writes it out of habit.
const JOINING_WORDS: [(&str, &str); 16] = [
    ("und", "AND"),
    ("oder", "OR"),
    ("nicht", "AND NOT"),
    ("et", "AND"),
    ("ou", "OR"),
    ("sauf", "AND NOT"),
    ("e", "AND"),
    ("ed", "AND"),
    ("o", "OR"),
    ("non", "AND NOT"),
    ("y", "AND"),
    ("i", "AND"),
    ("и", "AND"),
    ("или", "OR"),
    ("xor", "OR"),
    ("plus", "AND"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ast::{Word, WordForm};
    use super::*;
    use crate::model::{Field, SourceId};

    fn parse(text: &str) -> Parsed {
        parse_query(text, &|range| Span::new(SourceId(0), range))
    }

    fn term(text: &str) -> Parsed {
        parse_term(text, &|range| Span::new(SourceId(0), range))
    }

    fn codes_of(text: &str) -> Vec<&'static str> {
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
            "l'accordo OR dell’esercito OR S-400 OR U.S. OR AT&T OR C++ OR F/A-18 OR po' OR .NET",
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
            ("[a OR b]", vec!["E131", "E131"]),
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
    fn a_broken_query_still_tells_its_names() {
        let parsed = parse("(@russia OR \"x AND y) AND @china OR #topc");
        assert!(parsed.node.is_none());
        assert_eq!(parsed.references.len(), 1);
        let parsed = parse("@a @b OR #c AND (d");
        assert_eq!(parsed.references.len(), 3);
    }

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
        .prop_filter("proximity", |text| {
            let upper = text.to_ascii_uppercase();
            !["W/", "N/", "PRE/", "ADJ/", "NEAR/", "ATL/"].iter().any(|start| upper.starts_with(start))
        });
        let pattern = "[a-zа-я]{0,2}[*?][a-zа-я]{1,3}\\*?";
        prop_oneof![
            letters.clone().prop_map(|text| Word { text, form: WordForm::Folded }),
            letters.clone().prop_map(|text| Word { text, form: WordForm::Exact }),
            letters.prop_map(|text| Word { text, form: WordForm::Stem }),
            pattern.prop_map(|text| Word { text, form: WordForm::Pattern }),
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
        let counted =
            (1..=1000_u32, placed()).prop_map(|(count, of)| node(NodeKind::AtLeast { count, of: Box::new(of) }));
        prop_oneof![6 => placed(), 1 => topic, 1 => scoped, 1 => counted].prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                (inner.clone(), prop::collection::vec((inner.clone(), any::<bool>()), 1..4)).prop_map(
                    |(first, rest)| {
                        let rest = rest
                            .into_iter()
                            .map(|(part, not)| if not { node(NodeKind::Not(Box::new(part))) } else { part });
                        node(NodeKind::And(std::iter::once(first).chain(rest).collect()))
                    }
                ),
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
            ]), 0..24),
        ) {
            let text: String = pieces.concat();
            for parsed in [parse(&text), term(&text)] {
                let errors = parsed.diagnostics.iter().any(Diagnostic::is_error);
                prop_assert_eq!(parsed.node.is_none(), errors, "{} {:#?}", text, parsed.diagnostics);
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
}
