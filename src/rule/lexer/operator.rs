//! Keywords, and what other products use for them.

use crate::model::Diagnostic;

use super::super::ast::Reach;
use super::super::codes;
use super::unit::unit;
use super::word::invisible;
use super::{Lexer, Token, is_letter};

impl<'t> Lexer<'t, '_, '_> {
    /// Keywords, and what other products use for them.
    pub(super) fn operator(&mut self, chunk: &'t str, start: usize) -> bool {
        let keyword = match chunk {
            "AND" => Some(Token::And),
            "OR" => Some(Token::Or),
            "NOT" => Some(Token::Not),
            "OF" => Some(Token::Of),
            _ => None,
        };
        if let Some(token) = keyword {
            self.push(token, start);
            return true;
        }
        let letters = chunk.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(chunk.len());
        let (name, mut tail) = chunk.split_at(letters);
        if let Some(right) = misspelt(name, tail) {
            return self.misspelt_proximity(right, tail, start);
        }
        if !matches!(
            name.to_ascii_lowercase().as_str(),
            "near" | "onear" | "w" | "pre" | "adj" | "n" | "within" | "atleast" | "atl" | "same"
        ) {
            return false;
        }
        if matches!(name, "NEAR" | "ONEAR") && self.odd_number(name, tail, start) {
            return true;
        }
        if tail.is_empty() && name == "W" && self.spaced_reach(start) {
            return true;
        }
        // A slash that no letter follows was not taken as part of the word.
        if tail.is_empty() && matches!(name, "NEAR" | "ONEAR" | "ATLEAST" | "W") && self.rest().starts_with('/') {
            let rest = self.rest();
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len());
            tail = &rest[..end];
            self.at += end;
        }
        self.proximity(name, tail, start)
    }

    fn proximity(&mut self, name: &str, tail: &str, start: usize) -> bool {
        let lower = name.to_ascii_lowercase();
        let slash = tail.starts_with('/');
        let amount = tail.strip_prefix('/').unwrap_or(tail);
        if !tail.is_empty() && !slash && !tail.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        let number = (!amount.is_empty() && amount.bytes().all(|b| b.is_ascii_digit())).then(|| amount.parse::<u32>());
        let unit = match amount.to_ascii_uppercase().as_str() {
            "S" if slash => Some(Reach::Sentence),
            "P" if slash => Some(Reach::Paragraph),
            _ => None,
        };
        if matches!(lower.as_str(), "atleast" | "atl") {
            return self.at_least(name, tail, number.map(|number| number.unwrap_or(u32::MAX)), start);
        }
        match (name, unit, &number) {
            ("W", Some(reach), _) if amount == "S" || amount == "P" => {
                self.push(Token::Near { ordered: false, reach }, start);
                return true;
            }
            ("NEAR" | "ONEAR", None, Some(count)) if slash => {
                let ordered = name == "ONEAR";
                let count = count.as_ref().ok().copied().filter(|count| *count <= MAX_DISTANCE);
                if count.is_none() {
                    let title = format!("`{name}/{amount}` reaches too far: the number is at most {MAX_DISTANCE}");
                    let diagnostic = Diagnostic::error(codes::BAD_DISTANCE, title)
                        .help("for words anywhere in the text write `AND`; for the same paragraph write `W/P`");
                    self.sink.report(diagnostic, start..self.at, "");
                }
                self.push(Token::Near { ordered, reach: Reach::Words(count.unwrap_or(MAX_DISTANCE)) }, start);
                return true;
            }
            _ => {}
        }
        let known = match lower.as_str() {
            "near" | "onear" => unit.is_some() || number.is_some() || slash || matches!(name, "NEAR" | "ONEAR"),
            "adj" => number.is_some() || (slash && amount.is_empty()) || name == "ADJ",
            "w" | "n" => slash && (unit.is_some() || number.is_some()),
            "within" if name == "WITHIN" && self.rest().trim_start().starts_with(|c: char| c.is_ascii_digit()) => true,
            "pre" | "within" => slash && (unit.is_some() || number.is_some()),
            _ => false,
        };
        if !known {
            return false;
        }
        self.foreign_proximity(name, tail, number.and_then(Result::ok), unit, start);
        true
    }

    /// `NAER/3`, `NERA/3`.
    fn misspelt_proximity(&mut self, name: &str, tail: &str, start: usize) -> bool {
        let count = tail[1..].parse().unwrap_or(MAX_DISTANCE).min(MAX_DISTANCE);
        let right = format!("{name}/{count}");
        let title = format!("`{}` is not an operator", &self.text[start..self.at]);
        let diagnostic =
            Diagnostic::error(codes::MISSPELT_OPERATOR, title).help(format!("write `{right}`")).patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        let token = match name {
            "ATLEAST" => Token::AtLeast(count.max(1)),
            _ => Token::Near { ordered: name == "ONEAR", reach: Reach::Words(count) },
        };
        self.push(token, start);
        true
    }

    /// `NEAR /5`, `NEAR/ 5`, `NEAR:5`, `NEAR(5)`, `NEAR-5`, `NEAR/3china`: a number that does not stand directly behind one
    /// slash.
    fn odd_number(&mut self, name: &str, tail: &str, start: usize) -> bool {
        let from = start + name.len();
        let line = self.text[from..].split('\n').next().unwrap_or("");
        let signs = line.len()
            - line
                .trim_start_matches([
                    ' ', '\t', '/', '\\', ':', '-', '_', '=', '<', '(', '~', '+', ',', '.', '\u{200b}',
                ])
                .len();
        if let Some(at) = line[..signs].find('\u{200b}') {
            invisible('\u{200b}', from + at..from + at + '\u{200b}'.len_utf8(), self.sink);
            let digits = line[signs..].bytes().take_while(u8::is_ascii_digit).count();
            let count = line[signs..signs + digits].parse().unwrap_or(MAX_DISTANCE).min(MAX_DISTANCE);
            self.at = from + signs + digits;
            self.push(Token::Near { ordered: name == "ONEAR", reach: Reach::Words(count) }, start);
            return true;
        }
        let sign = line[..signs].trim();
        let digits = line[signs..].bytes().take_while(u8::is_ascii_digit).count();
        let after = &line[signs + digits..];
        // `NEAR/3china`, `NEAR/3/china`, `NEAR/3.china`
        let fraction = if sign == "/" { fraction(after) } else { 0 };
        let slash = usize::from(after.starts_with(['/', '.']) && after[1..].starts_with(is_letter));
        // `a NEAR/3words b`
        let unit = if slash == 0 { unit(after) } else { 0 };
        let glued = sign == "/" && signs == 1 && (fraction > 0 || after[slash..].starts_with(is_letter));
        let odd = glued || (!sign.is_empty() && (sign != "/" || signs != 1) && !after.starts_with(is_letter));
        // A minus would be a number below 0, an opening parenthesis a group: only what is plainly a number is one.
        let closes = sign.ends_with('(');
        if digits == 0
            || !odd
            || sign.len() > 2
            || (closes && !after.trim_start().starts_with(')'))
            || tail.starts_with("/-")
        {
            return false;
        }
        let end = signs
            + digits
            + if fraction > 0 {
                fraction
            } else if glued {
                slash + unit
            } else if closes {
                after.find(')').map_or(0, |at| at + 1)
            } else {
                0
            };
        self.at = from + end;
        let count = line[signs..signs + digits].parse().unwrap_or(MAX_DISTANCE).min(MAX_DISTANCE);
        let right = format!("{name}/{count}");
        let spaced = glued && unit == 0 && fraction == 0;
        let shown = if spaced { format!("{right} ") } else { right.clone() };
        let diagnostic = Diagnostic::error(
            codes::BAD_DISTANCE,
            format!("`{}` is not how a distance is written", &self.text[start..self.at]),
        )
        .help(if spaced { format!("write `{right}` and a space") } else { format!("write `{right}`") })
        .patch(shown);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Near { ordered: name == "ONEAR", reach: Reach::Words(count) }, start);
        true
    }

    /// `W/ S`, `W /P`, `W/ 5`.
    fn spaced_reach(&mut self, start: usize) -> bool {
        let line = self.line();
        if !self.is_after_operand() || !line.trim_start().starts_with('/') {
            return false;
        }
        let slash = line.len() - line.trim_start().len();
        let (word, end) = behind_slash(&line[slash..]);
        let (right, reach) = match word {
            "S" | "s" => ("W/S".to_owned(), Reach::Sentence),
            "P" | "p" => ("W/P".to_owned(), Reach::Paragraph),
            number => {
                let count = number.parse::<u32>().ok().filter(|count| *count <= MAX_DISTANCE);
                let Some(count) = count else { return false };
                (format!("NEAR/{count}"), Reach::Words(count))
            }
        };
        self.at += slash + end;
        let title = format!("`{}` is not how a distance is written", &self.text[start..self.at]);
        let diagnostic = Diagnostic::error(codes::BAD_DISTANCE, title).help(format!("write `{right}`")).patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Near { ordered: false, reach }, start);
        true
    }

    /// Whether a slash here begins another product's operator or a comment: `a /5 b`, `a /s b`, `a // b`.
    pub(super) fn is_foreign_slash(&self) -> bool {
        let line = self.line();
        if let Some(rest) = line.strip_prefix("//") {
            return rest.is_empty() || rest.starts_with([' ', '\t']);
        }
        let after_operand = self.is_after_operand();
        // A regular expression can't begin so.
        if line.starts_with("/*") {
            return true;
        }
        let (word, end) = behind_slash(line);
        let known = matches!(word, "s" | "S" | "p" | "P")
            || (!word.is_empty() && word.len() <= 4 && word.bytes().all(|b| b.is_ascii_digit()));
        after_operand && known && !line[end..].contains('/')
    }

    pub(super) fn slash_operator(&mut self) {
        let start = self.at;
        let line = self.line();
        if line.starts_with("//") || line.starts_with("/*") {
            return self.comment(start);
        }
        let (word, end) = behind_slash(line);
        self.at += end;
        let (right, reach) = match word {
            "s" | "S" => ("W/S".to_owned(), Reach::Sentence),
            "p" | "P" => ("W/P".to_owned(), Reach::Paragraph),
            number => {
                let count = number.parse().unwrap_or(MAX_DISTANCE).min(MAX_DISTANCE);
                (format!("NEAR/{count}"), Reach::Words(count))
            }
        };
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`/{word}` is not an operator here"))
            .help(format!("write `{right}`"))
            .patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Near { ordered: false, reach }, start);
    }

    /// A proximity operator that is not written as it should be.
    fn foreign_proximity(&mut self, name: &str, tail: &str, number: Option<u32>, unit: Option<Reach>, start: usize) {
        let lower = name.to_ascii_lowercase();
        let ordered = matches!(lower.as_str(), "onear" | "pre" | "adj");
        let ours = if ordered { "ONEAR" } else { "NEAR" };
        let mut number = number;
        if number.is_none() && unit.is_none() && tail.is_empty() {
            // `NEAR 5`
            let rest = self.line();
            let gap = rest.len() - rest.trim_start().len();
            let digits = rest[gap..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && !rest[gap + digits..].starts_with(is_letter) {
                number = rest[gap..gap + digits].parse().ok();
                self.at += gap + digits;
            }
        }
        let written = self.text[start..self.at].to_owned();
        let right = match unit {
            Some(Reach::Sentence) => "W/S".to_owned(),
            Some(_) => "W/P".to_owned(),
            // Without a number, `ADJ` asks for neighbours.
            None => format!("{ours}/{}", number.unwrap_or(if lower == "adj" { 0 } else { 5 }).min(MAX_DISTANCE)),
        };
        let small = written.to_ascii_uppercase() == right;
        let diagnostic = if small {
            Diagnostic::error(codes::LOWER_CASE_OPERATOR, format!("`{written}` must be written in upper case"))
        } else if number.is_none() && unit.is_none() {
            Diagnostic::error(
                codes::BAD_DISTANCE,
                format!("`{written}` needs a number: how many words may stand between"),
            )
        } else {
            Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{written}` is not an operator here"))
        };
        let mut diagnostic = diagnostic.help(format!("write `{right}`")).patch(&*right);
        if !small && unit.is_none() && number.is_some() {
            if lower == "w" {
                let ordered = right.replace("NEAR", "ONEAR");
                diagnostic =
                    diagnostic.help(format!("where the order counts, as in Factiva's `w/N`, write `{ordered}`"));
            }
            diagnostic =
                diagnostic.help("the number counts the words between the two; other products may count one more");
        }
        let reach = unit.unwrap_or(Reach::Words(number.unwrap_or(5).min(MAX_DISTANCE)));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Near { ordered: ordered && unit.is_none(), reach }, start);
    }
}

/// Bytes of `.5` in `NEAR/5.5`; 0 where there is no such thing.
fn fraction(behind: &str) -> usize {
    let Some(rest) = behind.strip_prefix(['.', ',']) else { return 0 };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && !rest[digits..].starts_with(is_letter) { 1 + digits } else { 0 }
}

/// The word behind the slash that a line begins with, whatever spaces stand between (`/　5` has a wide one), and where it
/// ends. A longer word is no operator, and need not be looked at to its end.
fn behind_slash(line: &str) -> (&str, usize) {
    let near = &line[1..line.floor_char_boundary(16)];
    let word = near.split_whitespace().next().unwrap_or("");
    (word, 1 + near.len() - near.trim_start().len() + word.len())
}

/// Widest proximity, in words between: longer than most articles' sections; beyond it AND is what is meant.
pub(super) const MAX_DISTANCE: u32 = 1000;
const _: () =
    assert!(crate::text::analyzed::APART > 2 * MAX_DISTANCE, "no proximity may reach from one tag into the next");

/// Most hits that can be asked for.
pub(super) const MAX_COUNT: u32 = 1000;

/// The operator that a word before a slash and a number is meant to be. `YEAR/5` may be a term.
fn misspelt(name: &str, tail: &str) -> Option<&'static str> {
    let number = tail.strip_prefix('/')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) || !(3..=9).contains(&name.len()) {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    if matches!(
        upper.as_str(),
        "NEAR" | "ONEAR" | "ATLEAST" | "YEAR" | "GEAR" | "BEAR" | "FEAR" | "WEAR" | "HEAR" | "TEAR" | "DEAR"
    ) {
        return None;
    }
    ["NEAR", "ONEAR", "ATLEAST"].into_iter().find(|operator| {
        let letters = |word: &str| {
            let mut letters: Vec<char> = word.chars().collect();
            letters.sort_unstable();
            letters
        };
        strsim::osa_distance(&upper, operator) == 1 || letters(&upper) == letters(operator)
    })
}
