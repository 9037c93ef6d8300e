//! `title:` and what people write for it elsewhere.

use crate::model::{Diagnostic, Field};
use crate::settings::nearest;
use crate::text::reading::readable;

use super::super::ast::Scope;
use super::super::codes;
use super::symbol::shown_operand;
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
        let folded = chunk.to_lowercase();
        if let Some(scopes) = several_scopes(chunk) {
            let term = shown_operand(self.rest().trim_start());
            let each: Vec<String> = scopes.iter().map(|scope| format!("{}:{term}", scope.as_str())).collect();
            diagnostic = diagnostic.help(format!("name each field by itself: `({})`", each.join(" OR ")));
            self.sink.report(diagnostic, start..colon + sign.len_utf8(), "");
            return self.push(Token::Scope(scopes[0]), start);
        }
        if let Some(scope) = other_name(chunk) {
            diagnostic = diagnostic.help(format!("write `{}:`", scope.as_str()));
        } else if let Some((_, help)) = ELSEWHERE.iter().find(|(names, _)| names.contains(&folded.as_str())) {
            diagnostic = diagnostic.help(*help);
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

/// The field that is meant by a name of other products and languages, or by its own in any case.
pub(super) fn meant_scope(name: &str) -> Option<Scope> {
    scope(name).or_else(|| other_name(name))
}

/// The field that has another name in other products and languages.
fn other_name(name: &str) -> Option<Scope> {
    let name = name.to_lowercase();
    OTHER_NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(scope, _)| *scope)
}

/// The fields that are named together: `title/body`.
fn several_scopes(name: &str) -> Option<Vec<Scope>> {
    const MOST: usize = 4;
    let scopes: Vec<Scope> =
        name.split(|c: char| !c.is_alphanumeric()).take(MOST + 1).map(meant_scope).collect::<Option<_>>()?;
    (2..=MOST).contains(&scopes.len()).then_some(scopes)
}

/// What other products and languages call the fields.
#[rustfmt::skip]
const OTHER_NAMES: [(Scope, &[&str]); 8] = [
    (Scope::Field(Field::Title), &["allintitle", "subject", "headline", "hd", "hl", "intitle", "titolo", "título", "titulo",
        "überschrift", "tytuł", "başlık", "τίτλος", "заголовок", "заглавие", "назва", "标题", "標題", "题目", "題目", "タイトル",
        "見出し", "제목", "عنوان", "العنوان", "تیتر", "כותרת", "शीर्षक"]),
    (Scope::Lede, &["hlead", "lead", "lp", "ingress", "opening", "лид", "导语", "導語"]),
    (Scope::Field(Field::Summary), &["teaser", "description", "abstract", "subtitle", "sommario", "resumen", "résumé",
        "аннотация", "摘要", "要約", "요약", "ملخص", "خلاصه"]),
    (Scope::Field(Field::Body), &["allintext", "text", "content", "intext", "te", "testo", "texto", "texte", "tekst", "metin",
        "текст", "正文", "内容", "內容", "本文", "본문", "نص", "النص", "متن", "טקסט"]),
    (Scope::Field(Field::Author), &["by", "byline", "autore", "автор", "作者", "記者", "记者", "著者", "저자", "기자", "كاتب",
        "الكاتب", "نویسنده"]),
    (Scope::Field(Field::Tag), &["category", "tags", "keyword", "etichetta", "тег", "метка", "标签", "標籤", "タグ", "태그",
        "وسم"]),
    (Scope::Field(Field::Source), &["from", "site", "domain", "host", "publisher", "sourcename", "sn", "fonte", "fuente",
        "quelle", "źródło", "kaynak", "источник", "джерело", "来源", "來源", "出典", "출처", "مصدر", "المصدر", "منبع"]),
    (Scope::Field(Field::Url), &["allinurl", "link", "inurl", "ссылка", "посилання", "链接", "網址", "网址", "링크", "رابط"]),
];

/// What is asked for as a field elsewhere, and how it is here.
#[rustfmt::skip]
const ELSEWHERE: [(&[&str], &str); 4] = [
    (&["lang", "language", "la", "lingua", "sprache", "idioma", "язык", "мова", "语言", "語言", "言語", "언어", "لغة", "زبان"],
        "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    (&["date", "pubdate", "published", "timestamp", "time", "since", "year", "data", "datum", "fecha", "дата", "日期", "日付",
        "날짜", "تاريخ"],
        "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    (&["country", "страна", "国家", "國家", "국가", "دولة"],
        "label the feeds and ask in `[topic.where]`: `feed_labels = { country = \"it\" }`"),
    (&["region"], "label the feeds and ask in `[topic.where]`: `feed_labels = { region = \"eu\" }`"),
];
