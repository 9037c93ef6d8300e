//! Numbers of hits and of expressions, asked for as other products and people do: `AT LEAST 3 OF (a, b, c)`, `MINIMUM 2`,
//! `AT_LEAST/2(…)`, `any of (a, b)`, `2 of them`, `(a OR b OR c)~2`. Each of them puts two operands side by side, or an OF
//! without its number, so nothing right is ever touched. They are reported, and taken for what they are meant to be.

use std::ops::Range;

use crate::model::{Diagnostic, Label};
use crate::rule::ast::{Atom, Word, WordForm};
use crate::rule::codes;

use super::list::list;
use super::number::{OF, PREFIXES, counted, digits, number_word};
use super::operator::MAX_COUNT;
use super::{Lexeme, Sink, Token};

/// Puts the operators that are meant in the place of what asks for a number.
pub(super) fn mend(text: &str, tokens: Vec<Lexeme>, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    // A list is walked for each of them, and of more the reader is told nothing.
    const MOST: usize = 20;
    let reader = Reader { text, tokens: &tokens };
    let mut mended = Vec::new();
    // How many tokens are done with.
    let mut done = 0;
    let mut found = 0;
    for at in 0..tokens.len() {
        if at < done || found == MOST || !reader.is_odd(at) {
            continue;
        }
        let Some(habit) = reader.habit(at) else { continue };
        found += 1;
        mended.extend_from_slice(&tokens[done..habit.tokens.start]);
        mended.extend(habit.meant.into_iter().map(|token| Lexeme { token, range: habit.range.clone() }));
        done = habit.tokens.end;
        // What was said of a part of it is said better now.
        let whole = (sink.at)(habit.range.clone());
        let within = |label: &Label| label.span.start >= whole.start && label.span.end <= whole.end;
        let is_part = |found: &Diagnostic| matches!(found.code, codes::BAD_ATLEAST | codes::UNHEARD);
        sink.diagnostics.retain(|found| !is_part(found) || !found.labels.first().is_some_and(within));
        sink.report(habit.diagnostic, habit.range, "");
    }
    if found == 0 {
        return tokens;
    }
    mended.extend_from_slice(&tokens[done..]);
    mended
}

/// A way of asking for a number that is not the language's.
struct Habit {
    diagnostic: Diagnostic,
    /// The tokens that are wrong.
    tokens: Range<usize>,
    /// The bytes of the query that they take.
    range: Range<usize>,
    /// What should stand in their place.
    meant: Vec<Token>,
}

struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Lexeme],
}

/// A number that was asked for, and the token behind it.
struct Asked {
    number: Option<u32>,
    next: usize,
    /// In capitals, which nobody uses for words of a phrase.
    shouted: bool,
}

impl<'t> Reader<'t> {
    fn token(&self, at: usize) -> Option<&'t Token> {
        self.tokens.get(at).map(|lexeme| &lexeme.token)
    }

    fn is(&self, at: usize, token: &Token) -> bool {
        self.token(at) == Some(token)
    }

    /// Whether something may be wrong here: an operand or ATLEAST before another, before OF, or before `OR MORE OF`.
    fn is_odd(&self, at: usize) -> bool {
        let next = self.token(at + 1);
        if self.is(at, &Token::Of) {
            return self.is(at + 2, &Token::Open);
        }
        matches!(self.token(at), Some(Token::Atom(Atom::Word(_)) | Token::AtLeast(_) | Token::Close))
            && next.is_some_and(|next| match next {
                Token::Or => self.word(at).and_then(digits).is_some(),
                next => next.begins_operand() || *next == Token::Of,
            })
    }

    /// A word without modifier, as written.
    fn word(&self, at: usize) -> Option<&'t str> {
        let lexeme = self.tokens.get(at)?;
        let Token::Atom(Atom::Word(Word { form: WordForm::Folded, .. })) = &lexeme.token else { return None };
        self.text.get(lexeme.range.clone())
    }

    fn number(&self, at: usize) -> Option<u32> {
        let word = self.word(at)?;
        number_word(word).or_else(|| counted(word))
    }

    /// `OF`, or what people write for it.
    fn is_of(&self, at: usize) -> bool {
        self.is(at, &Token::Of)
            || self.word(at).is_some_and(|word| OF.contains(&word.to_uppercase().as_str()))
                && self.is(at + 1, &Token::Open)
    }

    fn written(&self, tokens: &Range<usize>) -> (Range<usize>, String) {
        let range = self.tokens[tokens.start].range.start..self.tokens[tokens.end - 1].range.end;
        let text = self.text[range.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        (range, text)
    }

    /// The expressions of the list that this parenthesis opens, and whether commas part them.
    fn list(&self, open: usize) -> Option<Vec<&'t str>> {
        list(self.text, self.tokens, open).map(|(items, _)| items)
    }

    /// A short list joined by a sign, else three letters in its place.
    fn joined(&self, open: usize, sign: &str) -> String {
        const LONGEST: usize = 60;
        let shown = self.list(open).map(|items| items.join(sign)).filter(|shown| !shown.contains('\n'));
        shown.filter(|shown| shown.len() <= LONGEST).unwrap_or_else(|| ["a", "b", "c"].join(sign))
    }

    /// The same with commas, also where words stand side by side.
    fn separated(&self, open: usize) -> String {
        let joined = self.joined(open, ", ");
        let tokens =
            self.tokens[open + 1..].iter().take_while(|lexeme| matches!(lexeme.token, Token::Atom(Atom::Word(_))));
        let words: Vec<&str> = tokens.map(|lexeme| &self.text[lexeme.range.clone()]).collect();
        if words.len() > 1 && words.join(" ") == joined { words.join(", ") } else { joined }
    }

    fn habit(&self, at: usize) -> Option<Habit> {
        match self.token(at)? {
            Token::Close => self.quorum(at),
            // `OF 2 (a, b)`
            Token::Of => Some(self.some_of(at..at + 2, self.number(at + 1)?, at + 2)),
            Token::AtLeast(count) => self.at_least_of(at, *count),
            _ => {
                if let Some(habit) = self.member(at) {
                    return Some(habit);
                }
                let asked = self.prefix(at);
                asked.and_then(|asked| self.at_least(at, &asked)).or_else(|| self.quantity(at))
            }
        }
    }

    /// `title IN (a, b)`: one of a list, as databases ask for it.
    fn member(&self, at: usize) -> Option<Habit> {
        let is_in = self.word(at + 1).is_some_and(|word| word.eq_ignore_ascii_case("in"));
        let name = self.word(at).filter(|_| is_in && self.is(at + 2, &Token::Open))?;
        if self.list(at + 2)?.len() < 2 {
            return None;
        }
        let (range, written) = self.written(&(at..at + 2));
        let list = self.joined(at + 2, " OR ");
        let help = match super::field::scope(name) {
            Some(_) => format!("write `{}:({list})`", name.to_lowercase()),
            None => format!("any one of several terms is `({list})`; both that and the word, `{name} AND ({list})`"),
        };
        let diagnostic = Diagnostic::error(codes::BAD_OF, format!("`{written}` is not how a list is asked for"));
        // The list is still read for its own mistakes.
        Some(Habit { diagnostic: diagnostic.help(help), tokens: at..at + 2, range, meant: vec![word(1), Token::Of] })
    }

    /// `AT LEAST`, `MINIMUM`, `almeno`, with the number that is glued to it or follows it.
    fn prefix(&self, at: usize) -> Option<Asked> {
        let mut joined = String::new();
        for end in at..at + 3 {
            let word = self.word(end)?;
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(word);
            let split = joined.find(|c: char| c.is_ascii_digit()).unwrap_or(joined.len());
            let (name, glued) = joined.split_at(split);
            let name = name.trim_end_matches(['/', '_', '-']);
            if PREFIXES.contains(&name.to_uppercase().replace(['_', '-'], " ").as_str()) {
                let shouted = name.contains(char::is_uppercase) && !name.contains(char::is_lowercase);
                return match counted(glued) {
                    Some(number) => Some(Asked { number: Some(number), next: end + 1, shouted }),
                    None if !glued.is_empty() => None,
                    None => {
                        let number = self.number(end + 1);
                        Some(Asked { number, next: end + 1 + usize::from(number.is_some()), shouted })
                    }
                };
            }
        }
        None
    }

    fn at_least(&self, at: usize, asked: &Asked) -> Option<Habit> {
        let next = asked.next;
        let Some(number) = asked.number else { return self.call(at, next) };
        if self.is_of(next) && self.is(next + 1, &Token::Open) {
            return Some(self.some_of(at..next + 1, number, next + 1));
        }
        if self.is(next, &Token::Open) {
            return Some(match self.list(next).map_or(1, |items| items.len()) {
                1 => self.hits(at..next, number, next),
                _ => self.some_of(at..next, number, next),
            });
        }
        if asked.shouted
            && let Some(Token::Atom(atom)) = self.token(next)
        {
            let (range, written) = self.written(&(at..next + 1));
            let count = number.clamp(1, MAX_COUNT);
            let right = format!("ATLEAST/{count}({})", &self.text[self.tokens[next].range.clone()]);
            let diagnostic = Diagnostic::error(codes::BAD_ATLEAST, format!("`{written}` is not how hits are counted"))
                .help(format!("write `{right}`"))
                .patch(right);
            let meant = vec![Token::AtLeast(count), Token::Open, Token::Atom(atom.clone()), Token::Close];
            return Some(Habit { diagnostic, tokens: at..next + 1, range, meant });
        }
        None
    }

    /// `AT_LEAST(3, a, b, c)`, `ATLEAST(3, a)`: the number inside, as of a function.
    fn call(&self, at: usize, open: usize) -> Option<Habit> {
        let number = self.number(open + 1).filter(|_| self.is(open, &Token::Open))?;
        if !self.is(open + 2, &Token::Comma) {
            return None;
        }
        let items = self.list(open)?;
        let tokens = at..open + 3;
        let (range, _) = self.written(&tokens);
        let (name, _) = self.text[range.clone()].split_once('(')?;
        let title = format!("`{}` does not take its number inside the parentheses", name.trim());
        if items.len() == 2 {
            let count = number.clamp(1, MAX_COUNT);
            let diagnostic = Diagnostic::error(codes::BAD_ATLEAST, title)
                .help(format!("write `ATLEAST/{count}({})`: {count} or more hits of it", items[1]))
                .patch(format!("ATLEAST/{count}("));
            return Some(Habit { diagnostic, tokens, range, meant: vec![Token::AtLeast(count), Token::Open] });
        }
        let diagnostic = Diagnostic::error(codes::BAD_OF, title)
            .help(format!("write `{number} OF ({})`", items[1..].join(", ")))
            .patch(format!("{number} OF ("));
        let meant = vec![word(number), Token::Of, Token::Open];
        Some(Habit { diagnostic, tokens, range, meant })
    }

    /// So many of the expressions in a list.
    fn some_of(&self, tokens: Range<usize>, number: u32, open: usize) -> Habit {
        let (range, written) = self.written(&tokens);
        let right = format!("{number} OF");
        let diagnostic =
            Diagnostic::error(codes::BAD_OF, format!("`{written}` is not how a number of expressions is asked for"))
                .help(format!("write `{right} ({})`: at least {number} of them", self.separated(open)))
                .patch(right);
        Habit { diagnostic, tokens, range, meant: vec![word(number), Token::Of] }
    }

    /// So many hits of what stands in parentheses.
    fn hits(&self, tokens: Range<usize>, number: u32, open: usize) -> Habit {
        let (range, written) = self.written(&tokens);
        let count = number.clamp(1, MAX_COUNT);
        let right = format!("ATLEAST/{count}");
        let inside = self.joined(open, ", ");
        let mut diagnostic = Diagnostic::error(codes::BAD_ATLEAST, format!("`{written}` is not how hits are counted"))
            .help(format!("write `{right}({inside})`: {count} or more hits of it"))
            .patch(right);
        if inside.contains(" OR ") {
            let list = inside.split(" OR ").collect::<Vec<_>>().join(", ");
            diagnostic = diagnostic.help(format!("for {count} different ones of them write `{count} OF ({list})`"));
        }
        Habit { diagnostic, tokens, range, meant: vec![Token::AtLeast(count)] }
    }

    /// `ATLEAST 3 OF (a, b, c)`, `ATLEAST/2 OF (…)`, `ATLEAST(3, a)`.
    fn at_least_of(&self, at: usize, count: u32) -> Option<Habit> {
        let alone = self.text[self.tokens[at].range.clone()].eq_ignore_ascii_case("atleast");
        if alone {
            return self.call(at, at + 1);
        }
        (self.is_of(at + 1) && self.is(at + 2, &Token::Open)).then(|| self.some_of(at..at + 2, count, at + 2))
    }

    /// `any of (…)`, `TWO OF (…)`, `ANY 2 OF (…)`, `3 OR MORE OF (…)`, `2 of them`.
    fn quantity(&self, at: usize) -> Option<Habit> {
        let quantity = self.word(at)?.to_ascii_uppercase();
        let is_any = matches!(&*quantity, "ANY" | "SOME");
        let number = self.number(at);
        if is_any
            && let Some(number) = self.number(at + 1)
            && self.is_of(at + 2)
            && self.is(at + 3, &Token::Open)
        {
            return Some(self.some_of(at..at + 3, number, at + 3));
        }
        if let Some(number) = number
            && self.is(at + 1, &Token::Or)
            && self.word(at + 2).is_some_and(|word| word.eq_ignore_ascii_case("more"))
            && self.is_of(at + 3)
            && self.is(at + 4, &Token::Open)
        {
            return Some(self.some_of(at..at + 4, number, at + 4));
        }
        let is_all = matches!(&*quantity, "ALL" | "EACH" | "EVERY" | "BOTH");
        let is_none = matches!(&*quantity, "NONE" | "NEITHER");
        if number.is_none() && !is_any && !is_all && !is_none {
            return None;
        }
        let of = self.is(at + 1, &Token::Of) || self.word(at + 1).is_some_and(|word| word.eq_ignore_ascii_case("of"));
        if of && self.word(at + 2).is_some_and(|word| word.eq_ignore_ascii_case("them")) {
            let example = match number {
                Some(number) => format!("{number} OF (a, b, c)"),
                None => ["a", "b", "c"].join(if is_all { " AND " } else { " OR " }),
            };
            return Some(self.them(at..at + 3, &example));
        }
        if let Some(number) = number
            && !of
            && self.is_of(at + 1)
        {
            return Some(self.some_of(at..at + 2, number, at + 2));
        }
        // `2 of (a, b)` is the parser's.
        if !of || !self.is(at + 2, &Token::Open) || self.word(at).and_then(digits).is_some() {
            return None;
        }
        if let Some(number) = number {
            return Some(self.some_of(at..at + 2, number, at + 2));
        }
        let tokens = at..at + 2;
        let (range, written) = self.written(&tokens);
        let diagnostic = Diagnostic::error(codes::BAD_OF, format!("`{written}` is not an operator here"));
        let items = self.list(at + 2).map_or(1, |items| items.len());
        let (help, meant) = if is_none {
            let list = self.joined(at + 2, " OR ");
            (
                format!("take them away from what you look for: `missile AND NOT ({list})`"),
                vec![Token::Bad, Token::And, Token::Not],
            )
        } else {
            let sign = if is_all { " AND " } else { " OR " };
            let number = if is_all { items } else { 1 };
            let list = vec![word(u32::try_from(number).unwrap_or(u32::MAX)), Token::Of];
            (format!("write `({})`", self.joined(at + 2, sign)), if items > 1 { list } else { Vec::new() })
        };
        // The list of NONE is still read for its own mistakes.
        let meant =
            if is_none && items > 1 { vec![Token::Bad, Token::And, Token::Not, word(1), Token::Of] } else { meant };
        Some(Habit { diagnostic: diagnostic.help(help), tokens, range, meant })
    }

    /// `2 of them`: in other products, of the lists declared elsewhere.
    fn them(&self, tokens: Range<usize>, example: &str) -> Habit {
        let (range, written) = self.written(&tokens);
        let diagnostic = Diagnostic::error(codes::BAD_OF, format!("`{written}` does not say of what"))
            .help(format!("write the expressions: `{example}`"))
            .help(format!("if the words are a phrase, quote them: `\"{written}\"`"));
        Habit { diagnostic, tokens, range, meant: vec![Token::Bad] }
    }

    /// `(a OR b OR c)~2`: how many of them must hold.
    fn quorum(&self, at: usize) -> Option<Habit> {
        let sign = self.tokens.get(at + 1)?;
        let Token::Atom(Atom::Word(Word { text, form: WordForm::Stem })) = &sign.token else { return None };
        let number = digits(text).filter(|_| self.tokens[at].range.end == sign.range.start)?;
        let diagnostic =
            Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`~{text}` after a list has no meaning here"))
                .help(format!("for at least {number} of the expressions write `{number} OF (a, b, c)`"));
        Some(Habit { diagnostic, tokens: at + 1..at + 2, range: sign.range.clone(), meant: Vec::new() })
    }
}

fn word(number: u32) -> Token {
    Token::Atom(Atom::Word(Word { text: number.to_string(), form: WordForm::Folded }))
}
