//! Lucene's classic query syntax, as Elasticsearch, OpenSearch, Solr and Kibana take it.
//!
//! Facts from the project's documentation and its documented behaviour: there is no precedence. Every clause of a level is
//! required, excluded or optional; AND makes the clauses on its two sides required, NOT, `-` and `!` exclude the next one; where
//! some clause is required, optional ones only rank. The reader here follows that rule by rule.

use std::ops::Range;

use super::dialect::{Binding, Dialect, MAX_DISTANCE, Operator, SideBySide, Target, Wild};
use super::notes::Notes;
use super::target;
use super::term::{self, Style, for_words, parts_of, shown};
use super::tree::{Kind, Tree};
use super::{CaseMatters, codes, foreign};
use crate::model::Field;
use crate::rule::ast::{Atom, PhrasePart, Reach, Scope, WordForm};

/// Only its wildcards and name are used.
const DIALECT: Dialect = Dialect {
    name: "Lucene",
    square_groups: false,
    braces_are_exact: false,
    field_signs: &[':'],
    functions: false,
    minus: true,
    inflects: false,
    side_by_side: SideBySide::And,
    binding: Binding::OrLoosest,
    binding_doubt: None,
    operator: |_| None::<Operator>,
    infix: |_| None,
    target: field,
    filter: |_| None,
    wildcards: Wild::same,
};

/// What joins two terms with nothing between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DefaultOperator {
    /// Lucene's own, and Elasticsearch's.
    #[default]
    Or,
    /// Kibana's, and many a Solr's.
    And,
}

fn field(name: &str, _: char) -> Option<Target> {
    let last = name.rsplit('.').next().unwrap_or(name);
    Some(match last.to_ascii_lowercase().as_str() {
        "title" | "headline" | "subject" | "name" => Target::Scope(Scope::Field(Field::Title), None),
        "body" | "text" | "content" | "fulltext" | "full_text" | "article" => {
            Target::Scope(Scope::Field(Field::Body), None)
        }
        "summary" | "description" | "abstract" | "snippet" | "teaser" => {
            Target::Scope(Scope::Field(Field::Summary), None)
        }
        "lead" | "lede" | "intro" => Target::Scope(Scope::Lede, Some("the headline and the first 60 words")),
        "author" | "authors" | "byline" | "creator" => Target::Scope(Scope::Field(Field::Author), None),
        "tag" | "tags" | "category" | "categories" | "keyword" | "keywords" | "topics" => {
            Target::Scope(Scope::Field(Field::Tag), None)
        }
        "source" | "source_name" | "sourcename" | "publisher" | "site" | "domain" | "host" | "outlet" => {
            Target::Scope(Scope::Field(Field::Source), Some("a feed's name or host"))
        }
        "url" | "link" | "uri" => Target::Scope(Scope::Field(Field::Url), None),
        "lang" | "language" => Target::Language,
        "date" | "published" | "published_at" | "pubdate" | "timestamp" | "created_at" | "updated_at"
        | "@timestamp" => {
            Target::Lost("a date", "rules judge what is new: `max_age` in [topic.where] leaves old articles out")
        }
        "country" | "region" => Target::Lost(
            "where a source is",
            "label your feeds, `labels = { country = \"it\" }`, and ask for it: `feed_labels = { country = \"it\" }` in [topic.where]",
        ),
        _ => return None,
    })
}

/// Reads a query; `None` where it can't be, which is reported.
pub(super) fn parse(text: &str, default: DefaultOperator, case: CaseMatters, notes: &mut Notes) -> Option<Tree> {
    let mut reader = Reader { text, at: 0, default, case, notes, depth: 0, failed: false };
    let tree = reader.level();
    if !reader.failed && reader.at < text.len() {
        let at = reader.at;
        reader.fail("this parenthesis closes nothing", "delete it", at..at + 1);
    }
    if reader.failed {
        return None;
    }
    if tree.is_none() && !reader.notes.has_errors() {
        reader.notes.fail(codes::SYNTAX, "there is nothing to look for", "", &(0..text.len()));
    }
    tree
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occur {
    Must,
    MustNot,
    Should,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conjunction {
    None,
    And,
    Or,
}

const MAX_DEPTH: usize = 60;

struct Reader<'t, 'n> {
    text: &'t str,
    at: usize,
    default: DefaultOperator,
    case: CaseMatters,
    notes: &'n mut Notes,
    depth: usize,
    failed: bool,
}

impl<'t> Reader<'t, '_> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fail(&mut self, title: impl Into<String>, help: &str, at: Range<usize>) {
        if !self.failed {
            self.notes.fail(codes::SYNTAX, title, help, &at);
        }
        self.failed = true;
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.rest().strip_prefix(word).is_some_and(|after| {
            after.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '"' | ')' | '+' | '-' | '!'))
        });
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// One level: clauses until its end.
    fn level(&mut self) -> Option<Tree> {
        let mut clauses: Vec<(Occur, Tree)> = Vec::new();
        let (mut has_and, mut has_or) = (false, false);
        let from = self.at;
        loop {
            self.blanks();
            if self.failed || self.rest().is_empty() || self.rest().starts_with(')') {
                break;
            }
            let start = self.at;
            let mut conjunction = Conjunction::None;
            if self.word("AND") || self.take("&&") {
                conjunction = Conjunction::And;
            } else if self.word("OR") || self.take("||") {
                conjunction = Conjunction::Or;
            }
            has_and |= conjunction == Conjunction::And;
            has_or |= conjunction == Conjunction::Or;
            if conjunction != Conjunction::None && clauses.is_empty() {
                self.fail(
                    "this operator has nothing before it",
                    "write a term before it, or delete it",
                    start..self.at,
                );
                return None;
            }
            self.blanks();
            let mut modifier = None;
            loop {
                if self.word("NOT") || self.take("-") || self.take("!") {
                    modifier = Some(Occur::MustNot);
                } else if self.take("+") {
                    modifier = Some(Occur::Must);
                } else {
                    break;
                }
                self.blanks();
            }
            let clause = self.clause(start)?;
            self.add(&mut clauses, conjunction, modifier, clause);
        }
        // Where some are left out, that is said; where none is, `a AND b OR c AND d` looks like something else than it is.
        if has_and && has_or && clauses.iter().all(|(occur, _)| *occur != Occur::Should) {
            let at = from..self.at.max(from);
            self.notes.warn(
                codes::BINDING,
                "there is no precedence in Lucene: all of these are asked for",
                "if it was meant otherwise, add parentheses and convert again",
                &at,
            );
        }
        self.join(clauses)
    }

    /// What the classic parser does when a clause is added.
    fn add(&self, clauses: &mut Vec<(Occur, Tree)>, conjunction: Conjunction, modifier: Option<Occur>, clause: Tree) {
        if let Some((before, _)) = clauses.last_mut()
            && *before != Occur::MustNot
        {
            match (conjunction, self.default) {
                (Conjunction::And, _) => *before = Occur::Must,
                (Conjunction::Or, DefaultOperator::And) => *before = Occur::Should,
                _ => {}
            }
        }
        let occur = match (modifier, self.default) {
            (Some(Occur::MustNot), _) => Occur::MustNot,
            (Some(Occur::Must), _) => Occur::Must,
            (_, DefaultOperator::Or) if conjunction == Conjunction::And => Occur::Must,
            (_, DefaultOperator::And) if conjunction != Conjunction::Or => Occur::Must,
            _ => Occur::Should,
        };
        clauses.push((occur, clause));
    }

    fn join(&mut self, clauses: Vec<(Occur, Tree)>) -> Option<Tree> {
        let (mut must, mut not, mut should) = (Vec::new(), Vec::new(), Vec::new());
        for (occur, tree) in clauses {
            match occur {
                Occur::Must => must.push(tree),
                Occur::Should => should.push(tree),
                Occur::MustNot => {
                    let at = tree.at.clone();
                    not.push(Tree::new(Kind::Not(Box::new(tree)), at));
                }
            }
        }
        if must.is_empty() {
            must.extend(Tree::any(should));
        } else {
            for optional in should {
                let title = format!(
                    "`{}` is optional beside what is required, and only ranks: left out",
                    shown(self.text.get(optional.at.clone()).unwrap_or(""))
                );
                let help = "there is no precedence in Lucene: `a AND b OR c` asks for a and b; if you meant otherwise, add parentheses";
                self.notes.warn(codes::RANKING, title, help, &optional.at);
            }
        }
        must.extend(not);
        Tree::all(must)
    }

    fn clause(&mut self, start: usize) -> Option<Tree> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let at = self.at;
            self.fail(
                format!("this is nested more than {MAX_DEPTH} deep"),
                "split it into several queries",
                start..at.max(start + 1),
            );
            return None;
        }
        let tree = self.clause_inside(start);
        self.depth -= 1;
        tree
    }

    fn clause_inside(&mut self, start: usize) -> Option<Tree> {
        let from = self.at;
        if let Some((name, length)) = self.field_name() {
            self.at += length;
            self.blanks();
            let Some(target) = field(&name, ':') else {
                let at = from..from + name.len();
                if name == "*" || name.eq_ignore_ascii_case("_exists_") {
                    let of = self.clause(from)?;
                    return Some(Tree::lost(
                        format!("`{}`, whether a field is there", shown(self.text.get(from..of.at.end).unwrap_or(""))),
                        "leave it out",
                        from..of.at.end,
                    ));
                }
                self.fail(
                    format!("the field `{name}` means nothing to rules"),
                    "fields are title, summary, body, lead, author, tags, source, url and language; escape a colon that belongs to the term: `\\:`",
                    at,
                );
                return None;
            };
            let of = self.clause(from)?;
            return Some(target::apply(target, &name, ':', of, from..self.at, self.text, self.notes));
        }
        let rest = self.rest();
        let tree = match rest.chars().next() {
            Some('(') => self.group(from)?,
            Some('"' | '“' | '”') => self.phrase(from)?,
            Some('/') => self.regex(from)?,
            Some('[' | '{') => self.range(from)?,
            Some(c) if c != ')' && !matches!(c, '~' | '^' | ':') => self.term(from)?,
            _ => {
                let at = start..self.at.max(start + 1).min(self.text.len().max(start));
                self.fail("something is missing here", "write a term, or delete the operator", at);
                return None;
            }
        };
        Some(self.suffixes(tree))
    }

    /// `name:`, escapes aside; its length with the colon.
    fn field_name(&self) -> Option<(String, usize)> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '*')))?;
        let name = &rest[..end];
        let is_link = rest[end..].starts_with("://");
        (end > 0 && rest[end..].starts_with(':') && !is_link).then(|| (name.to_owned(), end + 1))
    }

    fn group(&mut self, from: usize) -> Option<Tree> {
        self.at += 1;
        let tree = self.level();
        if self.failed {
            return None;
        }
        if !self.take(")") {
            self.fail("this parenthesis is not closed", "add `)`", from..from + 1);
            return None;
        }
        if tree.is_none() {
            self.fail("nothing stands between these parentheses", "delete them", from..self.at);
        }
        tree
    }

    fn phrase(&mut self, from: usize) -> Option<Tree> {
        let quote = self.rest().chars().next().map_or(1, char::len_utf8);
        self.at += quote;
        let (text, closed) = self.unescaped(|c| matches!(c, '"' | '“' | '”'));
        if !closed {
            self.fail("this quote is not closed", "close the phrase with `\"`", from..from + quote);
            return None;
        }
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        // In a phrase, wildcards are letters of no meaning.
        let plain: String = text.chars().map(|c| if matches!(c, '*' | '?') { ' ' } else { c }).collect();
        if plain != text {
            let title = format!("`*` and `?` mean nothing inside a phrase in Lucene: left out of `{}`", shown(&text));
            self.notes.warn(codes::FORMS, title, "here they would: `\"missil* defen?e\"`", &(from..self.at));
        }
        let style = if self.case == CaseMatters::Nowhere { Style::Quoted } else { Style::Exact };
        Some(term::read(&plain, style, &(from..self.at), &DIALECT, self.notes))
    }

    /// Text up to a character that ends it, without its escapes.
    fn unescaped(&mut self, ends: impl Fn(char) -> bool) -> (String, bool) {
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                text.extend(chars.next().map(|(_, escaped)| escaped));
            } else if ends(c) {
                self.at += at;
                return (text, true);
            } else {
                text.push(c);
            }
        }
        self.at = self.text.len();
        (text, false)
    }

    fn term(&mut self, from: usize) -> Option<Tree> {
        let (text, _) = self.unescaped(|c| {
            c.is_whitespace() || matches!(c, '(' | ')' | '"' | '“' | '”' | '^' | '~' | '[' | ']' | '{' | '}')
        });
        if self.at == from {
            self.fail("this can't stand here", "escape it with `\\` if it is to be looked for", from..from + 1);
            return None;
        }
        if text == "*" {
            return Some(Tree::lost("`*`, every article", "leave it out", from..self.at));
        }
        if matches!(text.chars().next(), Some('>' | '<')) {
            return Some(Tree::lost(format!("`{}`, a range", shown(&text)), "leave it out", from..self.at));
        }
        if self.text[from..self.at] == text {
            foreign::remark_lucene(&text, &(from..self.at), self.notes);
        }
        let style = if self.case == CaseMatters::Everywhere { Style::Exact } else { Style::Quoted };
        Some(term::read(&text, style, &(from..self.at), &DIALECT, self.notes))
    }

    fn regex(&mut self, from: usize) -> Option<Tree> {
        self.at += 1;
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().find(|(_, c)| {
            let ends = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            self.fail("this regular expression is not closed", "end it with `/`", from..from + 1);
            return None;
        };
        let pattern = &rest[..end];
        self.at += end + 1;
        let at = from..self.at;
        let whole = format!("(?i)\\b(?:{pattern})\\b");
        if pattern.contains('\n') || regex::Regex::new(&whole.replace("\\/", "/")).is_err() {
            self.fail("this regular expression can't be read", "rules take the syntax of the Rust crate `regex`", at);
            return None;
        }
        let title = "a regular expression fits a whole word in Lucene: word borders were added, and case left aside";
        self.notes.warn(
            codes::FORMS,
            title,
            "Lucene's own `~`, `&`, `@`, `<1-9>` and `#` mean something else here",
            &at,
        );
        Some(Tree::new(Kind::Atom(Atom::Regex(whole)), at))
    }

    fn range(&mut self, from: usize) -> Option<Tree> {
        let Some(end) = self.rest().find([']', '}']) else {
            self.fail("this range is not closed", "end it with `]`", from..from + 1);
            return None;
        };
        self.at += end + 1;
        let what = format!("`{}`, a range", shown(self.text.get(from..self.at).unwrap_or("")));
        Some(Tree::lost(what, "for dates, `max_age` in [topic.where] leaves old articles out", from..self.at))
    }

    /// `~2` and `^3` behind a term.
    fn suffixes(&mut self, mut tree: Tree) -> Tree {
        loop {
            let from = self.at;
            let rest = self.rest();
            let number = |rest: &str| rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            if let Some(after) = rest.strip_prefix('^') {
                self.at += 1 + number(after);
                let title = format!("`{}` only ranks results: left out", shown(&self.text[from..self.at]));
                self.notes.warn(
                    codes::RANKING,
                    title,
                    "what counts more goes into the topic's `score`",
                    &(from..self.at),
                );
            } else if let Some(after) = rest.strip_prefix('~') {
                let digits = number(after);
                let count: Option<u32> = after[..digits].parse::<f32>().ok().map(|n| n as u32);
                self.at += 1 + digits;
                tree = self.tilde(tree, count, from);
            } else {
                return tree;
            }
        }
    }

    fn tilde(&mut self, mut tree: Tree, count: Option<u32>, from: usize) -> Tree {
        let sign = from..self.at;
        let whole = tree.at.start..self.at;
        match &mut tree.kind {
            Kind::Atom(atom @ Atom::Word(_)) => {
                for_words(atom, &mut |word| {
                    if word.form == WordForm::Folded {
                        word.form = WordForm::Stem;
                    }
                });
                let title = "words spelt alike became inflected forms: rules find no misspellings";
                self.notes.warn(codes::FORMS, title, "write the misspellings that you expect, joined with OR", &sign);
            }
            Kind::Atom(atom @ Atom::Phrase(_)) => {
                let words: Vec<Atom> = parts_of(atom)
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|part| if let PhrasePart::Word(word) = part { Some(term::alone(word)) } else { None })
                    .collect();
                let count = count.unwrap_or(0).min(MAX_DISTANCE);
                if count == 0 || words.len() < 2 {
                    return tree;
                }
                let title = format!("moves of words became NEAR/{count} between each and the next, in any order");
                self.notes.warn(codes::DISTANCE, title, "where the order counts, write ONEAR", &sign);
                let near =
                    words.into_iter().map(|atom| Tree::new(Kind::Atom(atom), whole.clone())).reduce(|left, right| {
                        let (left, right) = (Box::new(left), Box::new(right));
                        let kind =
                            Kind::Near { left, right, reach: Reach::Words(count), ordered: false, negated: false };
                        Tree::new(kind, whole.clone())
                    });
                return near.unwrap_or(tree);
            }
            _ => {
                let title = format!("`{}` means nothing here: left out", shown(&self.text[sign.clone()]));
                self.notes.warn(codes::RANKING, title, "", &sign);
            }
        }
        tree
    }
}
