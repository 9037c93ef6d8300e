//! Words that stand where an operator should and are nearly one: `ADN`, `ＡＮＤ`, `ИЛИ`, `ANDNOT`. Between two operands only
//! an operator can stand, so nothing right is ever touched. They are reported, and taken for what they are meant to be.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::model::Diagnostic;
use crate::rule::ast::{Atom, Reach, Word, WordForm};
use crate::rule::codes;

use super::unit::is_unit;
use super::word::lookalike;
use super::{Lexeme, Sink, Token};

/// What a word is meant to be.
#[derive(Debug, Clone, PartialEq)]
enum Meant {
    And,
    Or,
    Not,
    AndNot,
    Near { ordered: bool, reach: Reach },
    NotNear { ordered: bool, reach: Reach },
}

impl Meant {
    fn written(&self) -> String {
        match self {
            Self::And => "AND".to_owned(),
            Self::Or => "OR".to_owned(),
            Self::Not => "NOT".to_owned(),
            Self::AndNot => "AND NOT".to_owned(),
            Self::Near { ordered, reach } => reach.operator(*ordered, false),
            Self::NotNear { ordered, reach } => reach.operator(*ordered, true),
        }
    }

    fn tokens(self) -> Vec<Token> {
        match self {
            Self::And => vec![Token::And],
            Self::Or => vec![Token::Or],
            Self::Not => vec![Token::Not],
            Self::AndNot => vec![Token::And, Token::Not],
            Self::Near { ordered, reach } => vec![Token::Near { ordered, reach }],
            Self::NotNear { ordered, reach } => vec![Token::Not, Token::Near { ordered, reach }],
        }
    }
}

/// Puts the operators that are meant in the place of words between two operands.
pub(super) fn mend(text: &str, tokens: Vec<Lexeme>, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    let mut mended: Vec<Lexeme> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(lexeme) = tokens.next() {
        let following = tokens.peek();
        let next = following.map(|next| &next.token);
        let before = mended.last().map(|last| &last.token);
        let written = &text[lexeme.range.clone()];
        let is_word = matches!(lexeme.token, Token::Atom(Atom::Word(_))) && !written.starts_with(['=', '~']);
        let after_operand = before.is_some_and(ends_operand);
        let before_operand = next.is_some_and(Token::begins_operand);
        if is_word && let Some((left, operator, meant)) = embedded(written, after_operand, before_operand) {
            apart(text, &lexeme, left..left + operator, meant, sink, &mut mended);
            continue;
        }
        if is_word
            && after_operand
            && let Some((meant, at)) = glued(written)
        {
            split(text, lexeme, meant, at, sink, &mut mended);
            continue;
        }
        if !is_word || !(before_operand || next == Some(&Token::Not)) {
            mended.push(lexeme);
            continue;
        }
        // `title("missile")`
        if next == Some(&Token::Open)
            && let Some(scope) = super::field::meant_scope(written)
            && following.is_some_and(|open| open.range.start == lexeme.range.end)
        {
            let field = scope.as_str();
            let diagnostic =
                Diagnostic::error(codes::UNKNOWN_FIELD, format!("a field is followed by a colon: `{field}:`"))
                    .help(format!("write `{field}:(…)`"))
                    .patch(format!("{field}:"));
            sink.report(diagnostic, lexeme.range.clone(), "");
            mended.push(Lexeme { token: Token::Scope(scope), range: lexeme.range });
            continue;
        }
        // `2OF(a, b, c)`, `2xOF(a, b, c)`
        if let Some(number) = written.strip_suffix("OF").filter(|_| next == Some(&Token::Open))
            && let Some(number) = number.strip_suffix(['x', 'X']).or(Some(number))
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            let diagnostic = Diagnostic::error(codes::BAD_OF, "a space is missing before `OF`")
                .help(format!("write `{number} OF`"))
                .patch(format!("{number} OF "));
            let middle = lexeme.range.start + number.len();
            let word = Word { text: number.to_owned(), form: WordForm::Folded };
            sink.report(diagnostic, lexeme.range.clone(), "");
            mended.push(Lexeme { token: Token::Atom(Atom::Word(word)), range: lexeme.range.start..middle });
            mended.push(Lexeme { token: Token::Of, range: middle..lexeme.range.end });
            continue;
        }
        if after_operand
            && let Some(help) = of_logic(written, shown(text, mended.last(), "a"), shown(text, following, "b"))
        {
            let diagnostic =
                Diagnostic::error(codes::MISSPELT_OPERATOR, format!("`{written}` is not an operator")).help(help);
            sink.report(diagnostic, lexeme.range.clone(), "");
            mended.push(Lexeme { token: Token::Bad, range: lexeme.range });
            continue;
        }
        let meant = match (after_operand, before) {
            (true, _) if next == Some(&Token::Not) => conjunction(written).then_some(Meant::And),
            (true, _) => meant(written),
            (false, Some(Token::And)) => meant(written).filter(|meant| *meant == Meant::AndNot).map(|_| Meant::Not),
            _ => None,
        };
        let Some(meant) = meant else {
            mended.push(lexeme);
            continue;
        };
        let right = meant.written();
        let mut diagnostic = Diagnostic::error(codes::MISSPELT_OPERATOR, format!("`{written}` is not an operator"))
            .help(format!("write `{right}`"));
        if let (Some(a), Some(b)) = (mended.last(), following)
            && let (Token::Atom(Atom::Word(_)), Token::Atom(Atom::Word(_))) = (&a.token, &b.token)
        {
            diagnostic = diagnostic.help(format!(
                "if the words are a phrase, quote them: `\"{}\"`",
                one_line(&text[a.range.start..b.range.end])
            ));
        }
        // What letters of two scripts in it mean is said by this.
        let span = (sink.at)(lexeme.range.clone());
        let mixed = |found: &Diagnostic| {
            found.code == codes::MIXED_SCRIPT && found.labels.first().is_some_and(|label| label.span == span)
        };
        sink.diagnostics.retain(|found| !mixed(found));
        sink.report(diagnostic.patch(right), lexeme.range.clone(), "");
        mended.extend(meant.tokens().into_iter().map(|token| Lexeme { token, range: lexeme.range.clone() }));
    }
    mended
}

/// `missileAND` or `ANDmissile`: the operator and the word apart.
fn split(text: &str, lexeme: Lexeme, meant: Meant, at: usize, sink: &mut Sink<'_>, mended: &mut Vec<Lexeme>) {
    let range = lexeme.range.clone();
    let middle = range.start + at;
    let right = format!("{} {}", &text[range.start..middle], &text[middle..range.end]);
    let diagnostic =
        Diagnostic::error(codes::MISSPELT_OPERATOR, "a space is missing between the operator and its term")
            .help(format!("write `{right}`"))
            .patch(right);
    sink.report(diagnostic, range.clone(), "");
    let word = Lexeme { token: Token::Bad, range: middle..range.end };
    mended.extend(meant.tokens().into_iter().map(|token| Lexeme { token, range: range.start..middle }));
    mended.push(word);
}

/// `导弹AND俄罗斯`: what stands on both sides of the operator, which is `operator` in the word.
fn apart(
    text: &str,
    lexeme: &Lexeme,
    operator: Range<usize>,
    meant: Meant,
    sink: &mut Sink<'_>,
    mended: &mut Vec<Lexeme>,
) {
    let range = lexeme.range.clone();
    let operator = range.start + operator.start..range.start + operator.end;
    let right = [&text[range.start..operator.start], &meant.written(), &text[operator.end..range.end]];
    let right = right.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let diagnostic =
        Diagnostic::error(codes::MISSPELT_OPERATOR, "a space is missing between the operator and its term")
            .help(format!("write `{right}`"))
            .help(format!("if it is one word, put it in quotes: `\"{}\"`", &text[range.clone()]))
            .patch(right);
    sink.report(diagnostic, range.clone(), "");
    if operator.start > range.start {
        mended.push(Lexeme { token: Token::Bad, range: range.start..operator.start });
    }
    mended.extend(meant.tokens().into_iter().map(|token| Lexeme { token, range: operator.clone() }));
    if operator.end < range.end {
        mended.push(Lexeme { token: Token::Bad, range: operator.end..range.end });
    }
}

/// An operator inside a word that is written in other letters, or in small ones: where it begins, its bytes and what it is.
/// At an end of the word only where an operand stands on that side.
fn embedded(word: &str, after_operand: bool, before_operand: bool) -> Option<(usize, usize, Meant)> {
    // Wide letters have three bytes in UTF-8, as the ideographs around them.
    let plain = |c: char| match c {
        'Ａ'..='Ｚ' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    if !word.contains(|c| plain(c).is_ascii_uppercase()) {
        return None;
    }
    let mut from = 0;
    while let Some(start) = word[from..].find(|c| plain(c).is_ascii_uppercase()).map(|at| from + at) {
        let end = word[start..].find(|c| !plain(c).is_ascii_uppercase()).map_or(word.len(), |at| start + at);
        let run: String = word[start..end].chars().map(plain).collect();
        let number = word[end..].strip_prefix('/').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        let (meant, end) = match (run.as_str(), number) {
            ("AND", None) => (Some(Meant::And), end),
            ("OR", None) => (Some(Meant::Or), end),
            ("NOT" | "ANDNOT", None) => (Some(Meant::AndNot), end),
            ("NEAR" | "ONEAR", Some(digits @ 1..=4)) => {
                let count = word[end + 1..end + 1 + digits].parse().unwrap_or(0);
                let reach = Reach::Words(u32::min(count, super::operator::MAX_DISTANCE));
                (Some(Meant::Near { ordered: run == "ONEAR", reach }), end + 1 + digits)
            }
            _ => (None, end),
        };
        from = end;
        let Some(meant) = meant else { continue };
        let (left, right) = (word[..start].chars().next_back(), word[end..].chars().next());
        let is_other = |c: char| c.is_alphanumeric() && !c.is_ascii() && !is_latin(c);
        let is_small = |c: char| c.is_lowercase();
        let fits = |is_side: &dyn Fn(char) -> bool| {
            left.map_or(after_operand, is_side)
                && right.map_or(before_operand, is_side)
                && (left.is_some() || right.is_some())
        };
        // What begins in capitals is told by others; of a few letters on a side, a name may be made.
        let is_word = |side: &str| side.chars().count() > 2 && side.chars().all(is_small);
        let small = is_word(&word[..start]) && (end == word.len() || is_word(&word[end..])) && fits(&is_small);
        if fits(&is_other) || small {
            return Some((start, end - start, meant));
        }
    }
    None
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')
}

/// What to write for an operator of logic that there is not here.
fn of_logic(word: &str, a: &str, b: &str) -> Option<String> {
    match word {
        "XOR" | "xor" | "EOR" => {
            Some(format!("for one of the two without the other write `({a} AND NOT {b}) OR ({b} AND NOT {a})`"))
        }
        "NOR" => Some(format!("to exclude each of them write `… AND NOT ({a} OR {b})`")),
        "NAND" | "nand" => Some(format!("to exclude articles that have both write `… AND NOT ({a} AND {b})`")),
        _ => None,
    }
}

/// A term as written, or a letter in its place.
fn shown<'t>(text: &'t str, lexeme: Option<&Lexeme>, letter: &'t str) -> &'t str {
    const LONGEST: usize = 30;
    lexeme
        .filter(|lexeme| matches!(lexeme.token, Token::Atom(_)) && lexeme.range.len() <= LONGEST)
        .map_or(letter, |lexeme| &text[lexeme.range.clone()])
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an operand can end with it.
fn ends_operand(token: &Token) -> bool {
    matches!(token, Token::Close | Token::Atom(_) | Token::Bad)
}

/// `but not`, `e NOT`.
fn conjunction(word: &str) -> bool {
    word.eq_ignore_ascii_case("but")
        || matches!(meant(word), Some(Meant::And))
        || matches!(word, "e" | "и" | "und" | "et" | "y")
}

/// `ANDmissile`: where the operator ends. Only before lower-case letters: `ORBITER` and `NOTAM` are words.
fn glued(word: &str) -> Option<(Meant, usize)> {
    let (meant, length) = [("AND", Meant::And), ("OR", Meant::Or)]
        .into_iter()
        .find_map(|(operator, meant)| word.starts_with(operator).then_some((meant, operator.len())))?;
    word[length..].starts_with(char::is_lowercase).then_some((meant, length))
}

/// The operator that a word in the place of one is meant to be. Lower case is no guess: `e` may belong to a phrase.
fn meant(word: &str) -> Option<Meant> {
    let plain: String =
        word.nfkc().map(|c| if c.is_ascii() { c } else { lookalike(c).filter(char::is_ascii).unwrap_or(c) }).collect();
    if let Some((_, meant)) = WORDS.iter().find(|(known, _)| *known == word || *known == plain) {
        return Some(meant.clone());
    }
    if let Some(reach) = counted(word).or_else(|| counted(&plain)) {
        return Some(reach);
    }
    let shouted = plain.len() >= 2 && plain.len() <= 5 && plain.bytes().all(|byte| byte.is_ascii_uppercase());
    if !shouted {
        return None;
    }
    let near =
        |operator: &str| strsim::osa_distance(&plain, operator) == 1 && plain.len().abs_diff(operator.len()) <= 1;
    // Two letters are too few to guess from, unless they are those of the operator.
    let sure = |operator: &str| near(operator) && (plain.len() > 2 || plain.chars().all(|c| operator.contains(c)));
    [("AND", Meant::And), ("NOT", Meant::AndNot), ("OR", Meant::Or)]
        .into_iter()
        .find(|(operator, _)| sure(operator))
        .map(|(_, meant)| meant)
}

/// `N5`, `W5`, `РЯДОМ/5`.
fn counted(word: &str) -> Option<Meant> {
    // `NOTNEAR/5`, `NOT-W/S`
    if let Some(rest) = word.strip_prefix("NOT").map(|rest| rest.trim_start_matches(['-', '_', '/'])) {
        let reach = match rest {
            "W/S" => Some((false, Reach::Sentence)),
            "W/P" => Some((false, Reach::Paragraph)),
            near => near.split_once('/').and_then(|(name, number)| {
                let count = number.parse().ok().filter(|count| *count <= super::operator::MAX_DISTANCE)?;
                matches!(name, "NEAR" | "ONEAR").then_some((name == "ONEAR", Reach::Words(count)))
            }),
        };
        return reach.map(|(ordered, reach)| Meant::NotNear { ordered, reach });
    }
    if let Some(rest) = word.strip_prefix("W/").or_else(|| word.strip_prefix("w/")) {
        let reach = match rest.to_ascii_uppercase().as_str() {
            "SS" | "SENT" | "SENTENCE" | "SENTENCES" => Some(Reach::Sentence),
            "PP" | "PAR" | "PARA" | "PARAGRAPH" | "PARAGRAPHS" => Some(Reach::Paragraph),
            words => words.find(|c: char| !c.is_ascii_digit()).and_then(|end| {
                let count = words[..end].parse().ok().filter(|count| *count <= super::operator::MAX_DISTANCE)?;
                (is_unit(&words[end..]) && !matches!(&words[end..], "S" | "P")).then_some(Reach::Words(count))
            }),
        };
        if let Some(reach) = reach {
            return Some(Meant::Near { ordered: false, reach });
        }
    }
    // `W/3S`: that many sentences
    if let Some(rest) = word.strip_prefix("W/").or_else(|| word.strip_prefix("w/")) {
        let number = rest.trim_end_matches(['S', 's', 'P', 'p']);
        let reach = match rest[number.len()..].to_ascii_uppercase().as_str() {
            "S" => Some(Reach::Sentence),
            "P" => Some(Reach::Paragraph),
            _ => None,
        };
        if let Some(reach) = reach.filter(|_| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())) {
            return Some(Meant::Near { ordered: false, reach });
        }
    }
    let digits = word.find(|c: char| c.is_ascii_digit())?;
    let (name, number) = word.split_at(digits);
    let count = number.parse().ok().filter(|count| *count <= super::operator::MAX_DISTANCE)?;
    let name = name.trim_end_matches('/');
    let ordered = matches!(name, "P" | "PRE" | "ADJ");
    let known =
        ordered || matches!(name, "N" | "W" | "NEXT" | "VICINO" | "NAHE" | "РЯДОМ" | "PROX" | "NR" | "CERCA" | "附近");
    known.then_some(Meant::Near { ordered, reach: Reach::Words(count) })
}

/// Operators in other products and languages.
const WORDS: [(&str, Meant); 48] = [
    ("AND", Meant::And),
    ("OR", Meant::Or),
    ("E", Meant::And),
    ("ED", Meant::And),
    ("O", Meant::Or),
    ("OPPURE", Meant::Or),
    ("NON", Meant::AndNot),
    ("И", Meant::And),
    ("ИЛИ", Meant::Or),
    ("НЕ", Meant::AndNot),
    ("UND", Meant::And),
    ("ODER", Meant::Or),
    ("NICHT", Meant::AndNot),
    ("OHNE", Meant::AndNot),
    ("ET", Meant::And),
    ("OU", Meant::Or),
    ("SAUF", Meant::AndNot),
    ("PAS", Meant::AndNot),
    ("Y", Meant::And),
    ("I", Meant::And),
    ("LUB", Meant::Or),
    ("TAI", Meant::Or),
    ("JA", Meant::And),
    ("VE", Meant::And),
    ("VEYA", Meant::Or),
    ("PLUS", Meant::And),
    ("ANDNOT", Meant::AndNot),
    ("AND-NOT", Meant::AndNot),
    ("AND_NOT", Meant::AndNot),
    ("ANDN'T", Meant::AndNot),
    ("BUTNOT", Meant::AndNot),
    ("BUT-NOT", Meant::AndNot),
    ("EXCEPT", Meant::AndNot),
    ("WITHOUT", Meant::AndNot),
    ("MINUS", Meant::AndNot),
    ("БЕЗ", Meant::AndNot),
    ("КРОМЕ", Meant::AndNot),
    ("SENZA", Meant::AndNot),
    ("SANS", Meant::AndNot),
    ("SIN", Meant::AndNot),
    ("SEM", Meant::AndNot),
    ("BEZ", Meant::AndNot),
    ("SENTENCE", Meant::Near { ordered: false, reach: Reach::Sentence }),
    ("W/SENT", Meant::Near { ordered: false, reach: Reach::Sentence }),
    ("PARA", Meant::Near { ordered: false, reach: Reach::Paragraph }),
    ("PARAGRAPH", Meant::Near { ordered: false, reach: Reach::Paragraph }),
    ("W/PARA", Meant::Near { ordered: false, reach: Reach::Paragraph }),
    ("SAME", Meant::Near { ordered: false, reach: Reach::Paragraph }),
];
