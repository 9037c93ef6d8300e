//! A notice as mail: subject, plain text and HTML, from templates that are compiled in. Their names end in `.html` where
//! they must escape; a variable that does not exist is an error, never an empty place; fuel ends what runs too long.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, context, escape_formatter};

use crate::model::{ChannelName, Delivery, Notice};

use super::view::NoticeView;

/// Instructions that one rendering may take; a digest of 1,000 alerts takes under 200,000 (measured with minijinja 3.1).
const FUEL: u64 = 5_000_000;
/// Alerts that a digest shows in full; the rest is listed, headline and link, so that mail clients don't clip the message
/// (Gmail does so after 102 KB).
const SHOWN: usize = 25;

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Subject, one line, not encoded.
    pub subject: String,
    /// The plain text alternative; lines end in LF.
    pub text: String,
    /// The HTML alternative.
    pub html: String,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(write);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    for (name, source) in [
        ("mail.html", include_str!("templates/mail.html")),
        ("alert.html", include_str!("templates/alert.html")),
        ("digest.html", include_str!("templates/digest.html")),
        ("mail.txt", include_str!("templates/mail.txt")),
    ] {
        environment.add_template(name, source).expect("the templates are compiled in, and a test renders each of them");
    }
    environment
});

/// Renders a notice as mail. The same notice gives the same words, whatever the attempt.
///
/// # Errors
/// If a template fails: it names what does not exist, or the fuel is used up.
pub fn render(notice: &Notice, delivery: &Delivery, channel: &ChannelName) -> Result<Rendered, minijinja::Error> {
    let view = NoticeView::new(notice);
    let subject = view.subject();
    let preview = preview(&view);
    let context = context! {
        notice => Value::from(Serde(&view)),
        alert => Value::from(Serde(view.alerts().next())),
        subject => subject.as_str(),
        preview,
        channel => channel.as_str(),
        delivery => delivery.id.to_string(),
        shown => SHOWN,
    };
    let text = TEMPLATES.get_template("mail.txt")?.render(&context)?;
    let html = TEMPLATES.get_template("mail.html")?.render(&context)?;
    Ok(Rendered { subject, text, html })
}

/// Escapes as minijinja does, but leaves `/` alone: some mail clients rewrite links without reading entities in them.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let text = value.as_str().filter(|_| state.auto_escape() == &AutoEscape::Html && !value.is_safe());
    let Some(text) = text else { return escape_formatter(out, state, value) };
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)?;
    Ok(())
}

/// What a mail client shows beside the subject: where the story stands and the words that matched.
fn preview(view: &NoticeView) -> String {
    let mut preview = String::new();
    for alert in view.alerts().take(3) {
        if !preview.is_empty() {
            preview.push_str(" · ");
        }
        if view.gathered {
            preview.push_str(&alert.title);
        } else {
            preview.push_str(&alert.source);
            let excerpt = alert.excerpts.iter().find(|excerpt| excerpt.place != "headline");
            let words = match excerpt {
                Some(excerpt) => excerpt.parts.iter().map(|part| part.text.as_str()).collect::<String>(),
                None => alert.summary.first().cloned().unwrap_or_default(),
            };
            if !words.is_empty() {
                preview.push_str(": ");
                preview.push_str(&words);
            }
        }
    }
    super::clean::shorten(&preview, 160)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NoticeKind;
    use crate::notify::samples;

    fn rendered(notice: &Notice) -> Rendered {
        let delivery = samples::delivery(notice, "desk", "desk@example.org");
        render(notice, &delivery, &delivery.channel).expect("renders")
    }

    fn golden() -> Vec<(&'static str, Notice)> {
        vec![
            ("italian", samples::single(samples::italian())),
            ("chinese", samples::single(samples::chinese())),
            ("arabic", samples::single(samples::arabic())),
            ("russian", samples::single(samples::russian())),
            ("edited", samples::single(samples::edited())),
            ("health", samples::single(samples::health())),
            ("hostile", samples::single(samples::hostile())),
            ("digest", samples::digest()),
            ("flood", samples::flood()),
        ]
    }

    #[test]
    fn mails_are_as_the_golden_files_have_them() {
        for (name, notice) in golden() {
            let mail = rendered(&notice);
            insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("mail-{name}.txt"), format!("{}\n\n{}", mail.subject, mail.text));
                insta::assert_snapshot!(format!("mail-{name}.html"), mail.html);
            });
        }
    }

    #[test]
    fn a_hostile_feed_brings_no_markup_into_a_mail() {
        let Rendered { html, subject, text } = rendered(&samples::single(samples::hostile()));
        let tags: Vec<_> =
            html.match_indices('<').filter_map(|(at, _)| html[at + 1..].split([' ', '>', '/']).next()).collect();
        assert!(!tags.iter().any(|tag| ["script", "img", "h1", "iframe", "form"].contains(tag)), "{tags:?}");
        for link in html.split("href=\"").skip(1) {
            assert!(link.starts_with("https://") || link.starts_with("http://"), "{}", &link[..40]);
        }
        assert!(subject.chars().count() <= 180 && !subject.contains(['\r', '\n']));
        assert!(text.len() < 20_000 && html.len() < 60_000);
    }

    #[test]
    fn every_alert_of_a_large_digest_is_in_it() {
        let mut notice = samples::digest();
        notice.kind = NoticeKind::QuietHours;
        let one = notice.alerts[0].clone();
        notice.alerts = (0..crate::alert::ROOM)
            .map(|n| {
                let mut alert = one.clone();
                alert.article.title = format!("Titolo numero {n}, con una virgola");
                alert
            })
            .collect();
        let mail = rendered(&notice);
        // Mail servers take more, but nobody should have to.
        assert!(mail.html.len() < 300_000, "{}", mail.html.len());
        for n in 0..crate::alert::ROOM {
            let title = format!("Titolo numero {n},");
            assert!(mail.html.contains(&title) && mail.text.contains(&title), "{n}");
        }
        assert!(mail.subject.starts_with("[vedetta] 500 alerts from the quiet hours, 500 high: "), "{}", mail.subject);
    }
}
