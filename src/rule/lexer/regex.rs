//! `/re/`.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use rustc_hash::FxHashSet;

use crate::model::Diagnostic;

use super::super::ast::Atom;
use super::super::codes;
use super::{Lexer, Token};

impl Lexer<'_, '_, '_> {
    pub(super) fn regex(&mut self) {
        let start = self.at;
        let line = self.line();
        let mut escaped = false;
        let end = line.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((end, _)) = end else {
            self.at += line.len();
            let diagnostic =
                Diagnostic::error(codes::UNCLOSED_REGEX, "this regular expression is not closed on its line")
                    .help("end it with `/`; a slash inside it is written `\\/`")
                    .help("if no regular expression is meant, put the term in quotes");
            self.sink.report(diagnostic, start..start + 1, "");
            return self.push(Token::Bad, start);
        };
        let pattern = &line[1..end];
        self.at += end + 1;
        let token = if self.check_regex(pattern, start + 1) {
            Token::Atom(Atom::Regex(pattern.to_owned()))
        } else {
            Token::Bad
        };
        self.push(token, start);
        let flags = self.rest().chars().take_while(char::is_ascii_alphabetic).count();
        if flags > 0 {
            let flag_start = self.at;
            self.at += flags;
            let diagnostic = Diagnostic::error(codes::BAD_REGEX, "flags stand inside the regular expression")
                .help(format!("write `/(?{}){pattern}/`", &self.text[flag_start..self.at]));
            self.sink.report(diagnostic, flag_start..self.at, "");
        }
    }

    fn check_regex(&mut self, pattern: &str, start: usize) -> bool {
        let range = start..start + pattern.len();
        if let Some(at) = pattern.find("(i?)") {
            let right = pattern.replacen("(i?)", "(?i)", 1);
            let diagnostic = Diagnostic::error(codes::CASE_FLAG, "`(i?)` means an `i` that may be missing")
                .help(format!("to ignore case write `/{right}/`"));
            self.sink.report(diagnostic, start + at..start + at + 4, "");
            return false;
        }
        if self.sink.regexes.knows(pattern) {
            return true;
        }
        match compile_regex(pattern, self.sink.regexes) {
            Ok(regex) if regex.is_match("") => {
                let diagnostic =
                    Diagnostic::error(codes::EMPTY_REGEX, "this regular expression fits the empty text, so always")
                        .help("ask for at least one letter: `+` instead of `*`");
                self.sink.report(diagnostic, range, "");
                false
            }
            Ok(_) => {
                self.sink.regexes.keep(pattern);
                true
            }
            Err(Unfit::TooMany { told }) => {
                if !told {
                    let title = "these rules have more regular expressions than can be kept in memory";
                    let diagnostic = Diagnostic::error(codes::BAD_REGEX, title)
                        .help("write words, wildcards and phrases; large ones such as `\\w{8}` count many times over");
                    self.sink.report(diagnostic, range, "");
                }
                false
            }
            Err(Unfit::Wrong(place, why)) => {
                let range = place.map_or(range, |place| {
                    let clip = |at: usize| start + at.min(pattern.len());
                    clip(place.start)..clip(place.end)
                });
                let diagnostic =
                    Diagnostic::error(codes::BAD_REGEX, format!("cannot read the regular expression: {why}"))
                        .help("the syntax is that of the Rust crate `regex`: no look-around, no backreferences");
                self.sink.report(diagnostic, range, "");
                false
            }
        }
    }
}

/// The regular expressions of all rules that are read together: each takes memory for as long as the rules run, and time to
/// compile, and a file may hold a hundred thousand.
#[derive(Debug, Default)]
pub(in crate::rule) struct RegexBudget {
    /// Those that were found right, each once.
    known: RefCell<FxHashSet<String>>,
    /// What compiling has cost, in small ones.
    spent: Cell<u32>,
    /// Whether it was said that there are too many.
    told: Cell<bool>,
}

/// What reading rules has spent, for those that are read beside them later.
#[derive(Debug, Clone, Default)]
pub(in crate::rule) struct SpentRegexes {
    known: FxHashSet<String>,
    spent: u32,
}

impl From<&SpentRegexes> for RegexBudget {
    fn from(before: &SpentRegexes) -> Self {
        let SpentRegexes { known, spent } = before.clone();
        Self { known: RefCell::new(known), spent: Cell::new(spent), told: Cell::new(false) }
    }
}

impl From<RegexBudget> for SpentRegexes {
    fn from(budget: RegexBudget) -> Self {
        Self { known: budget.known.into_inner(), spent: budget.spent.get() }
    }
}

impl RegexBudget {
    /// Whether it was said that there are too many.
    pub(in crate::rule) fn is_spent(&self) -> bool {
        self.told.get()
    }

    fn knows(&self, pattern: &str) -> bool {
        self.known.borrow().contains(pattern)
    }

    fn keep(&self, pattern: &str) {
        self.known.borrow_mut().insert(pattern.to_owned());
    }

    fn spend(&self, units: u32) -> Result<(), Unfit> {
        let spent = self.spent.get().saturating_add(units);
        self.spent.set(spent);
        if spent <= MOST_UNITS { Ok(()) } else { Err(Unfit::TooMany { told: self.told.replace(true) }) }
    }
}

/// Why a regular expression can't be had.
enum Unfit {
    /// The place in the pattern, if known, and what is wrong.
    Wrong(Option<Range<usize>>, String),
    /// There are too many; whether that was said already.
    TooMany { told: bool },
}

/// Compiles a regular expression within bounds.
fn compile_regex(pattern: &str, budget: &RegexBudget) -> Result<regex::Regex, Unfit> {
    let build = |size: usize| regex::RegexBuilder::new(pattern).size_limit(size).nest_limit(REGEX_NEST).build();
    budget.spend(1)?;
    let built = match build(SMALL_REGEX) {
        Err(regex::Error::CompiledTooBig(_)) => {
            budget.spend(LARGE_UNITS)?;
            build(REGEX_SIZE)
        }
        built => built,
    };
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            Unfit::Wrong(None, "it is too large when compiled; shorten its repetitions".to_owned())
        }
        regex::Error::Syntax(text) => {
            // The crate draws the place itself: a line of carets, indented by four, under the pattern; then `error: …`.
            let caret =
                text.lines().find(|line| line.trim_start().starts_with('^') && line.trim().bytes().all(|b| b == b'^'));
            let place = caret.and_then(|line| {
                let column = line.find('^')?.checked_sub(4)?;
                let start = pattern.char_indices().nth(column).map_or(pattern.len(), |(at, _)| at);
                let end = pattern.char_indices().nth(column + line.trim().len()).map_or(pattern.len(), |(at, _)| at);
                Some(start..end)
            });
            let why = text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("syntax error");
            Unfit::Wrong(place, why.to_owned())
        }
        other => Unfit::Wrong(None, other.to_string()),
    })
}

/// Compiled size of one regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// Compiled size of what counts as a small one.
const SMALL_REGEX: usize = 1 << 16;

/// A large one counts as so many small ones: it may take as much more memory.
const LARGE_UNITS: u32 = 16;

/// Small ones, all rules together. They take 64 KiB each at most, so 512 MB in all; written by people they take a tenth of it.
const MOST_UNITS: u32 = 8_000;

/// Nesting of one regular expression.
const REGEX_NEST: u32 = 50;
