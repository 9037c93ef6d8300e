//! Topics as the rest of the product sees them; what they match is the business of `rule`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Labels;

/// A text that can't be a name, as it is shown in a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: use letters, digits, `-`, `_` and `.`, at most 100 of them, the first a letter or digit")]
pub struct InvalidName(pub String);

fn check_name(text: &str) -> Result<Arc<str>, InvalidName> {
    let good = !text.is_empty()
        && text.chars().count() <= 100
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && text.chars().next().is_some_and(char::is_alphanumeric);
    if good { Ok(text.into()) } else { Err(InvalidName(shown(text))) }
}

/// A text as it is shown in a message: its beginning, control characters made visible.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (number, c) in text.chars().enumerate() {
        match c {
            _ if number == MOST_SHOWN => return shown + "…",
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

/// Characters of what is no name that a message repeats.
const MOST_SHOWN: usize = 120;

macro_rules! name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps a name.
            ///
            /// # Errors
            /// If the text is empty, too long or holds other characters.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                check_name(text).map(Self)
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }
    )*};
}

name! {
    /// A topic's id: letters and digits of any script, `-`, `_`, `.`; at most 100 characters.
    TopicId;
    /// A channel's name in the configuration, with the same rules.
    ChannelName;
}

impl TopicId {
    /// The id under which vedetta reports its own troubles.
    #[must_use]
    pub fn health() -> Self {
        Self("vedetta-health".into())
    }
}

/// How much an alert matters, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nice to know.
    Info,
    /// The usual.
    #[default]
    Notice,
    /// Needs attention today.
    High,
    /// Needs attention now.
    Urgent,
}

impl Severity {
    /// All of them, in rising order.
    pub const ALL: [Self; 4] = [Self::Info, Self::Notice, Self::High, Self::Urgent];

    /// The word used in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the rest of the product needs to know of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its id, unique over all rule files.
    pub id: TopicId,
    /// Its name for people; the id where none was given.
    pub name: String,
    /// Labels, which routes can ask for.
    pub labels: Labels,
    /// How long after its last article a story can still grow.
    pub story_window: Duration,
    /// Whether every article of a story gets a message of its own (`alert_on = ["every"]`), not only the first.
    pub alert_on_every: bool,
    /// Whether edits of an article that matches get a message (`alert_on = ["changed"]`).
    pub alert_on_changed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_shown_on_one_line_and_not_whole() {
        let refusal = |text: &str| TopicId::new(text).expect_err("no name").to_string();
        assert!(refusal("razzi\ne \u{1b}[31mdroni").starts_with("`razzi\\ne \\u{1b}[31mdroni` is not a name"));
        assert!(refusal(&"导 ".repeat(100_000)).chars().count() < 300);
    }
}
