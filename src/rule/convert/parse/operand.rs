//! What stands between operators: terms, phrases, groups, fields, and what follows them.

use std::ops::Range;

use super::super::dialect::{Binding, MAX_DISTANCE, Operator, SideBySide};
use super::super::term::{self, Style, parts_of};
use super::super::token::Token;
use super::super::tree::{Kind, Tree};
use super::super::{CaseMatters, codes, foreign, target};
use super::{MAX_DEPTH, Parser};
use crate::model::Field;
use crate::rule::ast::{Atom, PhrasePart, Reach, Scope};

impl Parser<'_, '_> {
    /// Terms side by side, where that is a phrase.
    pub(super) fn adjacent(&mut self) -> Option<Tree> {
        let mut left = self.operand()?;
        while self.dialect.side_by_side == SideBySide::Phrase && self.begins_operand() {
            if let Some(Token::Word(text)) = self.peek()
                && (self.dialect.wildcards)(text).text == "*"
                && let Kind::Atom(atom) = &left.kind
                && let Some(mut parts) = parts_of(atom)
            {
                // Exactly one word, whichever.
                let at = left.at.start..self.range().end;
                self.at += 1;
                parts.push(PhrasePart::Any);
                left = Tree::new(Kind::Atom(Atom::Phrase(parts)), at);
                continue;
            }
            // A field or filter beside something else belongs to the level above.
            if matches!(self.peek(), Some(Token::Field { .. } | Token::Filter(_) | Token::Operator(_)))
                || !is_text(&left)
            {
                let at = self.range();
                let title = format!("no operator stands before `{}`: read as AND", self.shown(&at));
                self.notes.warn(codes::BINDING, title, "", &at);
                let right = self.operand()?;
                left = Tree::all(vec![left, right])?;
                continue;
            }
            let right = self.operand()?;
            left = beside(left, right);
        }
        if let Kind::Atom(Atom::Phrase(parts)) = &mut left.kind
            && parts.last() == Some(&PhrasePart::Any)
        {
            while parts.last() == Some(&PhrasePart::Any) {
                parts.pop();
            }
            let title = "a wildcard for a whole word at the end of a phrase is left out";
            self.notes.warn(
                codes::FORMS,
                title,
                "in a phrase, a lone `*` is exactly one word between two others",
                &left.at,
            );
        }
        Some(left)
    }

    pub(super) fn operand(&mut self) -> Option<Tree> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let at = self.range();
            self.fail(&format!("this is nested more than {MAX_DEPTH} deep"), "split it into several queries", at);
            return None;
        }
        let tree = self.operand_inside();
        self.depth -= 1;
        let mut tree = tree?;
        loop {
            let at = self.range();
            match self.peek() {
                Some(Token::Boost) => {
                    let title = format!("`{}` only ranks results: left out", self.shown(&at));
                    self.notes.warn(codes::RANKING, title, "what counts more goes into the topic's `score`", &at);
                }
                Some(&Token::Slop(count)) => tree = self.slop(tree, count, &at),
                Some(Token::Operator(Operator::First)) => {
                    let title = format!("`{}` became `lede:`, the headline and the first 60 words", self.shown(&at));
                    self.notes.warn(codes::FIELD, title, "", &at);
                    let whole = tree.at.start..at.end;
                    tree = Tree::new(Kind::Scoped { scope: Scope::Lede, of: Box::new(tree) }, whole);
                }
                _ => return Some(tree),
            }
            self.at += 1;
        }
    }

    /// `"a b"~5`, `(a AND b)~5`: near each other, in any order.
    fn slop(&mut self, tree: Tree, count: u32, at: &Range<usize>) -> Tree {
        let whole = tree.at.start..at.end;
        let parts = match &tree.kind {
            Kind::Atom(atom @ Atom::Phrase(_)) => parts_of(atom)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|part| match part {
                    PhrasePart::Word(word) => Some(Tree::new(Kind::Atom(term::alone(word)), tree.at.clone())),
                    PhrasePart::Any => None,
                })
                .collect(),
            Kind::And(parts) => parts.clone(),
            _ => vec![tree],
        };
        if parts.len() > 1 {
            let title = format!("`{}` became NEAR/{count} between the words, in any order", self.shown(at));
            self.notes.warn(codes::DISTANCE, title, "", at);
        } else {
            let title = format!("`{}`, words spelt alike, is left out: rules find no misspellings", self.shown(at));
            self.notes.warn(codes::FORMS, title, "`~word` finds inflected forms, `wor*` what begins so", at);
        }
        parts
            .into_iter()
            .reduce(|left, right| {
                let reach = Reach::Words(count.min(MAX_DISTANCE));
                let kind =
                    Kind::Near { left: Box::new(left), right: Box::new(right), reach, ordered: false, negated: false };
                Tree::new(kind, whole.clone())
            })
            .unwrap_or_else(|| Tree::lost("a phrase without words", "leave it out", whole.clone()))
    }

    fn operand_inside(&mut self) -> Option<Tree> {
        let at = self.range();
        let Some(token) = self.peek().cloned() else {
            self.missing();
            return None;
        };
        match token {
            Token::Open => self.group(),
            Token::Word(text) => {
                self.at += 1;
                if self.peek() == Some(&Token::Open) && self.range().start == at.end {
                    foreign::remark_call(&text, self.dialect.name, &at, self.notes);
                } else {
                    foreign::remark(&text, self.dialect.name, self.dialect.minus, &at, self.notes);
                }
                Some(self.hashtag(&text, &at).unwrap_or_else(|| {
                    let style = if self.case == CaseMatters::Everywhere { Style::Exact } else { Style::Plain };
                    term::read(&text, style, &at, self.dialect, self.notes)
                }))
            }
            Token::Phrase { text, exact } => {
                self.at += 1;
                let style = if exact || self.case != CaseMatters::Nowhere { Style::Exact } else { Style::Quoted };
                if exact {
                    let title = format!("`{}` became `=`: case and accents as written", self.shown(&at));
                    self.notes.warn_once(codes::CASE, &title, "", &at);
                }
                if text.trim().is_empty() {
                    self.fail("this phrase has no word in it", "write one, or delete the quotes", at);
                    return None;
                }
                Some(term::read(&text, style, &at, self.dialect, self.notes))
            }
            Token::Filter(what) => {
                self.at += 1;
                Some(Tree::lost(
                    what,
                    "rules judge what is new: `max_age` in [topic.where] leaves old articles out",
                    at,
                ))
            }
            Token::Field { name, sign } => {
                self.at += 1;
                let Some(target) = (self.dialect.target)(&name, sign) else {
                    let title = format!("{} field `{name}` is not known here", self.dialect.name);
                    self.fail(&title, "if the sign belongs to the term, put quotes around it", at);
                    return None;
                };
                let of = match sign {
                    // `date:` and `date>` may be followed by what is no operand for us.
                    '(' => self.group()?,
                    ':' => self.operand()?,
                    _ if self.dialect.binding == Binding::OrLoosest => self.proximity()?,
                    _ => self.operand()?,
                };
                let whole = at.start..self.end_of_last();
                Some(target::apply(target, &name, sign, of, whole, self.text, self.notes))
            }
            Token::Operator(Operator::AtLeast(Some(count))) if count > 0 => {
                self.at += 1;
                let of = self.adjacent()?;
                let whole = at.start..of.at.end;
                Some(Tree::new(Kind::AtLeast { count, of: Box::new(of) }, whole))
            }
            Token::Operator(Operator::AtLeast(_)) => {
                let title = format!("`{}` needs a number of at least 1", self.shown(&at));
                self.fail(&title, "write how often, such as `atleast3`", at);
                None
            }
            Token::Minus | Token::Operator(Operator::Not) if self.dialect.binding == Binding::OrLoosest => {
                self.at += 1;
                let of = self.operand()?;
                let whole = at.start..of.at.end;
                Some(Tree::new(Kind::Not(Box::new(of)), whole))
            }
            Token::Close | Token::Operator(_) | Token::Slop(_) | Token::Boost | Token::Minus => {
                self.missing();
                None
            }
        }
    }

    /// `#word`: the tag of a post. Articles have categories, and the word in their text.
    fn hashtag(&mut self, text: &str, at: &Range<usize>) -> Option<Tree> {
        let word = text.strip_prefix('#').filter(|word| word.starts_with(char::is_alphanumeric))?;
        let title = format!("the hashtag `{}` became the word, in text or categories", term::shown(text));
        self.notes.warn(codes::FIELD, title, "", at);
        let atom = term::read(word, Style::Quoted, at, self.dialect, self.notes);
        let scope = Scope::Field(Field::Tag);
        let tag = Tree::new(Kind::Scoped { scope, of: Box::new(atom.clone()) }, at.clone());
        Tree::any(vec![atom, tag])
    }

    fn group(&mut self) -> Option<Tree> {
        let open = self.range();
        if self.peek() != Some(&Token::Open) {
            self.missing();
            return None;
        }
        self.at += 1;
        self.depth += 1;
        let tree = self.query()?;
        self.depth -= 1;
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            return Some(tree);
        }
        if self.at >= self.tokens.len() {
            self.fail("this parenthesis is not closed", "add `)`", open);
        } else {
            let at = self.range();
            let title = format!("`{}` can't stand here", self.shown(&at));
            self.fail(&title, "check what stands before it", at);
        }
        None
    }
}

/// Whether a tree is words of the text, which may stand side by side.
fn is_text(tree: &Tree) -> bool {
    match &tree.kind {
        Kind::Atom(_) => true,
        Kind::Or(parts) => parts.iter().all(is_text),
        Kind::Near { negated, .. } => !negated,
        _ => false,
    }
}

/// Two terms one after the other: one phrase of words, side by side otherwise.
fn beside(left: Tree, right: Tree) -> Tree {
    let at = left.at.start..right.at.end;
    if let (Kind::Atom(a), Kind::Atom(b)) = (&left.kind, &right.kind)
        && let (Some(mut parts), Some(more)) = (parts_of(a), parts_of(b))
    {
        parts.extend(more);
        return Tree::new(Kind::Atom(Atom::Phrase(parts)), at);
    }
    let reach = Reach::Words(0);
    let (left, right) = (Box::new(left), Box::new(right));
    Tree::new(Kind::Near { left, right, reach, ordered: true, negated: false }, at)
}
