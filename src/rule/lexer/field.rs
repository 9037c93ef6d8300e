//! `title:` and what people write for it elsewhere.

use crate::model::{Diagnostic, Field};
use crate::settings::nearest;
use crate::text::reading::readable;

use super::super::ast::Scope;
use super::super::codes;
use super::{Lexer, Token, is_letter};

/// The field that is called so, in any case.
pub(super) fn scope(name: &str) -> Option<Scope> {
    SCOPES.iter().copied().find(|scope| scope.as_str().eq_ignore_ascii_case(name))
}

/// Whether a field is called so.
pub(in crate::rule) fn is_field(name: &str) -> bool {
    SCOPES.iter().any(|scope| scope.as_str() == name)
}

impl<'t> Lexer<'t, '_, '_> {
    /// `title:` and what is not a field.
    pub(super) fn field(&mut self, chunk: &'t str, start: usize, sign: char) {
        let colon = self.at;
        self.at += sign.len_utf8();
        let scope = SCOPES.iter().copied().find(|scope| scope.as_str() == chunk);
        if let Some(scope) = scope
            && sign == ':'
        {
            return self.push(Token::Scope(scope), start);
        }
        if let Some(scope) = scope
            && sign == '：'
        {
            let diagnostic = Diagnostic::error(codes::WRONG_CHARACTER, "`：` is a full-width character")
                .help(format!("write `{}:`", scope.as_str()));
            self.sink.report(diagnostic, colon..self.at, "");
            return self.push(Token::Scope(scope), start);
        }
        let rest = self.rest();
        if sign != '='
            && (rest.starts_with("//")
                || (chunk.ends_with(|c: char| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit())))
        {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(rest.len());
            self.at += end;
            let written = &self.text[start..self.at];
            let diagnostic =
                Diagnostic::error(codes::UNEXPECTED_CHARACTER, "`:` can't stand inside a term without quotes");
            let diagnostic = if rest.starts_with("//") {
                let place = rest.trim_start_matches('/').split(['?', '#']).next().unwrap_or("");
                let place = place.get(..end.saturating_sub(2)).unwrap_or(place);
                let place = readable(Field::Url, place.trim_end_matches('/'));
                diagnostic.help(format!("for articles under this link write `url:\"{place}\"`"))
            } else {
                diagnostic.help(format!("write `\"{written}\"`"))
            };
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        if let Some(scope) = scope {
            let title = format!("a field is followed by a colon: `{}:`", scope.as_str());
            let diagnostic =
                Diagnostic::error(codes::UNKNOWN_FIELD, title).help(format!("write `{}:`", scope.as_str()));
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Scope(scope), start);
        }
        // `url:example.org/a?b=c`
        if sign == '=' && chunk.contains(['/', '.', '?']) {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(rest.len());
            self.at += end;
            let right = format!("\"{}\"", &self.text[start..self.at]);
            let diagnostic =
                Diagnostic::error(codes::UNEXPECTED_CHARACTER, "`=` can't stand inside a term without quotes")
                    .help(format!("write `{right}`"))
                    .patch(right);
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, format!("there is no field `{chunk}`"));
        if let Some((_, meant)) = FIELD_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(chunk)) {
            diagnostic = diagnostic.help(*meant);
        } else if let Some(near) = nearest(chunk, SCOPES.iter().map(|scope| scope.as_str())) {
            diagnostic = diagnostic.help(format!("did you mean `{near}:`?")).patch(format!("{near}:"));
        } else {
            diagnostic = diagnostic
                .help("fields are title:, lede:, summary:, body:, author:, tag:, source: and url:")
                .help(format!("if the sign belongs to the term, quote it: `\"{chunk}{sign}…\"`"));
        }
        self.sink.report(diagnostic, start..colon + sign.len_utf8(), "");
        if !self.peek().is_some_and(|c| c == '(' || c == '"' || is_letter(c)) {
            self.push(Token::Bad, start);
        }
    }
}

const SCOPES: [Scope; 8] = [
    Scope::Field(Field::Title),
    Scope::Lede,
    Scope::Field(Field::Summary),
    Scope::Field(Field::Body),
    Scope::Field(Field::Author),
    Scope::Field(Field::Tag),
    Scope::Field(Field::Source),
    Scope::Field(Field::Url),
];

/// What other products call the fields, and where the thing is asked for here.
const FIELD_ALIASES: [(&str, &str); 48] = [
    ("allintitle", "write `title:`"),
    ("subject", "write `title:`"),
    ("allintext", "write `body:`"),
    ("allinurl", "write `url:`"),
    ("teaser", "write `summary:`"),
    ("from", "write `source:`"),
    ("headline", "write `title:`"),
    ("hd", "write `title:`"),
    ("hl", "write `title:`"),
    ("intitle", "write `title:`"),
    ("titolo", "write `title:`"),
    ("hlead", "write `lede:`"),
    ("lead", "write `lede:`"),
    ("lp", "write `lede:`"),
    ("ingress", "write `lede:`"),
    ("opening", "write `lede:`"),
    ("text", "write `body:`"),
    ("content", "write `body:`"),
    ("intext", "write `body:`"),
    ("te", "write `body:`"),
    ("description", "write `summary:`"),
    ("abstract", "write `summary:`"),
    ("subtitle", "write `summary:`"),
    ("by", "write `author:`"),
    ("byline", "write `author:`"),
    ("category", "write `tag:`"),
    ("tags", "write `tag:`"),
    ("keyword", "write `tag:`"),
    ("site", "write `source:`"),
    ("domain", "write `source:`"),
    ("host", "write `source:`"),
    ("publisher", "write `source:`"),
    ("sourcename", "write `source:`"),
    ("sn", "write `source:`"),
    ("link", "write `url:`"),
    ("inurl", "write `url:`"),
    ("lang", "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    ("language", "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    ("la", "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    ("date", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("pubdate", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("published", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("timestamp", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("time", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("since", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("year", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("country", "label the feeds and ask in `[topic.where]`: `feed_labels = { country = \"it\" }`"),
    ("region", "label the feeds and ask in `[topic.where]`: `feed_labels = { region = \"eu\" }`"),
];
