//! Tokens → tree, for the vendors that join terms with words. Each level of binding is one function; which stands on top says
//! the [`Dialect`].

use std::ops::Range;

use super::dialect::{Binding, Dialect, Nearness, Operator, SideBySide};
use super::notes::Notes;
use super::target;
use super::term::{self, Style, parts_of};
use super::token::{Lexeme, Token, lex};
use super::tree::{Kind, Tree};
use super::{CaseMatters, codes};
use crate::model::Field;
use crate::rule::ast::{Atom, PhrasePart, Reach, Scope, WordForm};

/// Reads a query; `None` where it can't be, which is reported.
pub(super) fn parse(text: &str, dialect: &Dialect, case: CaseMatters, notes: &mut Notes) -> Option<Tree> {
    let tokens = lex(text, dialect, notes)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, dialect, case, notes, depth: 0, failed: false };
    let tree = parser.query();
    if !parser.failed && parser.at < tokens.len() {
        let at = parser.range();
        parser.fail("this has nothing to do with what stands before it", "check the parentheses", at);
    }
    if parser.failed {
        return None;
    }
    let mut tree = tree;
    if dialect.inflects
        && let Some(tree) = &mut tree
    {
        inflected(tree, notes);
    }
    tree
}

/// Says once that words are compared by their stems.
fn inflected(tree: &mut Tree, notes: &mut Notes) {
    let mut first: Option<Range<usize>> = None;
    tree.map_atoms(&mut |atom, at| {
        term::for_words(atom, &mut |word| {
            if word.form == WordForm::Stem && first.is_none() {
                first = Some(at.clone());
            }
        });
    });
    if let Some(at) = first {
        let title = "plurals and possessives are found there; `~` finds all inflected forms";
        notes.warn(codes::FORMS, title, "write the word without `~` to find only that form", &at);
    }
}

/// Deepest nesting that is followed: what rules can hold.
const MAX_DEPTH: usize = 60;

struct Parser<'t, 'n> {
    text: &'t str,
    tokens: &'t [Lexeme],
    at: usize,
    dialect: &'t Dialect,
    case: CaseMatters,
    notes: &'n mut Notes,
    depth: usize,
    failed: bool,
}

impl Parser<'_, '_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|lexeme| &lexeme.token)
    }

    fn operator(&self) -> Option<&Operator> {
        match self.peek() {
            Some(Token::Operator(operator)) => Some(operator),
            _ => None,
        }
    }

    fn is_next(&self, ahead: usize, operator: &Operator) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Lexeme { token: Token::Operator(found), .. }) if found == operator)
    }

    fn range(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |lexeme| lexeme.at.clone())
    }

    /// Where what was read last ends.
    fn end_of_last(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |lexeme| lexeme.at.end)
    }

    fn shown(&self, at: &Range<usize>) -> String {
        term::shown(self.text.get(at.clone()).unwrap_or(""))
    }

    fn fail(&mut self, title: &str, help: &str, at: Range<usize>) {
        // What follows the first mistake is often only its consequence.
        if !self.failed {
            self.notes.fail(codes::SYNTAX, title, help, &at);
        }
        self.failed = true;
    }

    fn begins_operand(&self) -> bool {
        matches!(
            self.peek(),
            Some(
                Token::Open
                    | Token::Word(_)
                    | Token::Phrase { .. }
                    | Token::Field { .. }
                    | Token::Filter(_)
                    | Token::Operator(Operator::AtLeast(_))
            )
        )
    }

    fn query(&mut self) -> Option<Tree> {
        match self.dialect.binding {
            Binding::OrLoosest => self.or_loosest(),
            Binding::OrTightest => self.and_not_loosest(),
        }
    }

    /// Whatever stands here is no operand: says so.
    fn missing(&mut self) {
        let at = self.range();
        let (title, help) = match self.peek() {
            None if self.tokens.is_empty() => ("there is nothing to look for".to_owned(), ""),
            None => ("something is missing at the end".to_owned(), "write what the last operator joins, or delete it"),
            Some(Token::Close) => ("nothing stands before this parenthesis".to_owned(), "write a term, or delete it"),
            Some(_) => (format!("`{}` has nothing before it", self.shown(&at)), "write a term before it, or delete it"),
        };
        self.fail(&title, help, at);
    }

    /// `a OR b AND c NOT d`: OR joins what AND and NOT have joined.
    fn or_loosest(&mut self) -> Option<Tree> {
        let start = self.range().start;
        let mut parts = vec![self.and_level()?];
        while self.is_next(0, &Operator::Or) {
            self.at += 1;
            parts.push(self.and_level()?);
        }
        if let Some(doubt) = self.dialect.binding_doubt
            && parts.len() > 1
            && let Some(both) =
                parts.iter().find(|part| matches!(&part.kind, Kind::And(_)) && !self.in_parentheses(part))
        {
            let at = start..both.at.end.max(start);
            self.notes.warn_once(
                codes::BINDING,
                doubt,
                "if it was meant otherwise, add parentheses and convert again",
                &at,
            );
        }
        Tree::any(parts)
    }

    fn in_parentheses(&self, tree: &Tree) -> bool {
        let before = self.text.get(..tree.at.start).unwrap_or("").trim_end();
        let after = self.text.get(tree.at.end..).unwrap_or("").trim_start();
        before.ends_with(['(', '[', '（']) && after.starts_with([')', ']', '）'])
    }

    fn and_level(&mut self) -> Option<Tree> {
        let mut parts = vec![self.negatable()?];
        loop {
            match self.operator() {
                Some(Operator::And) => {
                    self.at += 1;
                    parts.push(self.negatable()?);
                }
                Some(Operator::Not)
                    if !matches!(
                        self.tokens.get(self.at + 1),
                        Some(Lexeme { token: Token::Operator(Operator::Near(_)), .. })
                    ) =>
                {
                    parts.push(self.negatable()?);
                }
                _ if self.peek() == Some(&Token::Minus) => parts.push(self.negatable()?),
                _ if self.begins_operand() => {
                    let at = self.range();
                    let title = format!("no operator stands before `{}`: read as AND", self.shown(&at));
                    self.notes.warn(codes::BINDING, title, "for a phrase, put quotes around its words", &at);
                    parts.push(self.negatable()?);
                }
                _ => return Tree::all(parts),
            }
        }
    }

    fn negatable(&mut self) -> Option<Tree> {
        let start = self.range().start;
        let mut negated = false;
        while self.is_next(0, &Operator::Not) || self.peek() == Some(&Token::Minus) {
            self.at += 1;
            negated = !negated;
        }
        let of = self.proximity()?;
        let end = of.at.end;
        Some(if negated { Tree::new(Kind::Not(Box::new(of)), start..end) } else { of })
    }

    /// Lexis: `a and not b` on top, then AND, then proximity, then OR.
    fn and_not_loosest(&mut self) -> Option<Tree> {
        let first = self.and_tight()?;
        let mut parts = vec![first];
        loop {
            let words = match self.operator() {
                Some(Operator::Not) => 1,
                Some(Operator::And) if self.is_next(1, &Operator::Not) => 2,
                _ => return Tree::all(parts),
            };
            let start = self.range().start;
            self.at += words;
            let of = self.and_tight()?;
            let at = start..of.at.end;
            parts.push(Tree::new(Kind::Not(Box::new(of)), at));
        }
    }

    fn and_tight(&mut self) -> Option<Tree> {
        let start = self.range().start;
        let negated = self.is_next(0, &Operator::Not);
        self.at += usize::from(negated);
        let first = self.proximity()?;
        let first = if negated {
            let at = start..first.at.end;
            Tree::new(Kind::Not(Box::new(first)), at)
        } else {
            first
        };
        let mut parts = vec![first];
        while self.is_next(0, &Operator::And) && !self.is_next(1, &Operator::Not) {
            self.at += 1;
            parts.push(self.proximity()?);
        }
        if let Some(doubt) = self.dialect.binding_doubt
            && parts.len() > 1
            && let Some(either) =
                parts.iter().find(|part| matches!(&part.kind, Kind::Or(_)) && !self.in_parentheses(part))
        {
            let at = either.at.clone();
            self.notes.warn_once(
                codes::BINDING,
                doubt,
                "if it was meant otherwise, add parentheses and convert again",
                &at,
            );
        }
        Tree::all(parts)
    }

    fn below_proximity(&mut self) -> Option<Tree> {
        match self.dialect.binding {
            Binding::OrLoosest => self.adjacent(),
            Binding::OrTightest => {
                let mut parts = vec![self.adjacent()?];
                while self.is_next(0, &Operator::Or) {
                    self.at += 1;
                    parts.push(self.adjacent()?);
                }
                Tree::any(parts)
            }
        }
    }

    /// A run of proximities. The nearest bind first where OR binds tightest, else they are read from the left.
    fn proximity(&mut self) -> Option<Tree> {
        let mut operands = vec![self.below_proximity()?];
        let mut operators: Vec<(Near, Range<usize>)> = Vec::new();
        loop {
            let negated = self.is_next(0, &Operator::Not)
                && matches!(
                    self.tokens.get(self.at + 1),
                    Some(Lexeme { token: Token::Operator(Operator::Near(_) | Operator::Segment), .. })
                );
            let start = self.range().start;
            let operator = match self.tokens.get(self.at + usize::from(negated)).map(|lexeme| &lexeme.token) {
                Some(Token::Operator(Operator::Near(near))) => Near::Near(near.clone(), negated),
                Some(Token::Operator(Operator::Segment)) => Near::Segment(negated),
                _ => break,
            };
            self.at += usize::from(negated);
            let at = start..self.range().end;
            self.at += 1;
            if let Near::Near(Nearness { note: Some(note), .. }, _) = &operator {
                let title = format!("`{}`: {note}", self.shown(&at));
                self.notes.warn(codes::DISTANCE, title, "", &at);
            }
            operators.push((operator, at));
            operands.push(self.below_proximity()?);
        }
        if let Some(doubt) = self.dialect.binding_doubt
            && self.dialect.binding == Binding::OrTightest
            && !operators.is_empty()
            && let Some(either) =
                operands.iter().find(|part| matches!(&part.kind, Kind::Or(_)) && !self.in_parentheses(part))
        {
            let help = "if it was meant otherwise, add parentheses and convert again";
            self.notes.warn_once(codes::BINDING, doubt, help, &either.at.clone());
        }
        let different = operators.windows(2).find(|pair| matches!(pair, [a, b] if a.0 != b.0));
        if let Some([_, (_, at)]) = different {
            let order = match self.dialect.binding {
                Binding::OrLoosest => "from the left",
                Binding::OrTightest => "the nearest first",
            };
            let title = format!("different proximities in a row: read {order}");
            self.notes.warn_once(
                codes::BINDING,
                &title,
                "if it was meant otherwise, add parentheses and convert again",
                at,
            );
        }
        while !operators.is_empty() {
            let next = match self.dialect.binding {
                Binding::OrLoosest => 0,
                Binding::OrTightest => (0..operators.len()).min_by_key(|&at| operators[at].0.rank()).unwrap_or(0),
            };
            let (operator, at) = operators.remove(next);
            let right = operands.remove(next + 1);
            let left = std::mem::replace(&mut operands[next], Tree::new(Kind::And(Vec::new()), 0..0));
            operands[next] = self.near(left, right, operator, &at);
        }
        operands.pop()
    }

    fn near(&mut self, left: Tree, right: Tree, operator: Near, at: &Range<usize>) -> Tree {
        let whole = left.at.start..right.at.end.max(left.at.start);
        match operator {
            Near::Near(near, negated) => Tree::new(
                Kind::Near {
                    left: Box::new(left),
                    right: Box::new(right),
                    reach: near.reach,
                    ordered: near.ordered,
                    negated,
                },
                whole,
            ),
            Near::Segment(negated) => {
                let title = format!("`{}` became AND: rules know no segments", self.shown(at));
                self.notes.warn(codes::LEFT_OUT, title, "W/P asks for one paragraph", at);
                let right = if negated {
                    let at = right.at.clone();
                    Tree::new(Kind::Not(Box::new(right)), at)
                } else {
                    right
                };
                Tree::new(Kind::And(vec![left, right]), whole)
            }
        }
    }

    /// Terms side by side, where that is a phrase.
    fn adjacent(&mut self) -> Option<Tree> {
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

    fn operand(&mut self) -> Option<Tree> {
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
                let reach = Reach::Words(count.min(super::dialect::MAX_DISTANCE));
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

/// A proximity as the parser keeps it until its operands are known.
#[derive(Debug, Clone, PartialEq)]
enum Near {
    Near(Nearness, bool),
    Segment(bool),
}

impl Near {
    fn rank(&self) -> u32 {
        match self {
            Self::Near(near, _) => near.rank(),
            Self::Segment(_) => u32::MAX,
        }
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
