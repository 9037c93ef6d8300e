//! Patterns for hosts and feed names: `*.ansa.it`, `Reuters*`. Case is ignored; `*` is any text, also none, `?` is one
//! character; the whole name must fit, so `ansa.it` is not `www2.ansa.it`.

use std::fmt;

/// A pattern that is known to be well-formed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    written: String,
    pattern: Vec<char>,
}

/// Longest pattern; names are shorter.
const MAX_CHARS: usize = 200;

impl Glob {
    /// Checks and keeps a pattern.
    ///
    /// # Errors
    /// One line that says what is wrong and one that says what to write instead, for the writer.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(("the pattern is empty".into(), "write a host or feed name such as `*.ansa.it`".into()));
        }
        if trimmed.chars().count() > MAX_CHARS {
            return Err((format!("the pattern is longer than {MAX_CHARS} characters"), "shorten it with `*`".into()));
        }
        if let Some(name) = trimmed.strip_prefix(['!', '-']).filter(|name| !name.starts_with(char::is_whitespace)) {
            let name = name.trim();
            return Err((
                "a sign before a name excludes nothing".into(),
                format!(
                    "what is to be left out stands in `exclude_sources = [\"{name}\"]`, without it; a feed whose name begins \
                     with the sign is `?{name}`"
                ),
            ));
        }
        if let Some((_, rest)) = trimmed.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            return Err(("this is a link, not a host".into(), format!("write only the host: `{host}`")));
        }
        if let Some(c) = trimmed.chars().find(|c| matches!(c, '[' | ']' | '{' | '}' | '\\' | '|')) {
            return Err((
                format!("`{c}` has no meaning in a pattern"),
                "only `*` (any text) and `?` (one character) have one; write alternatives as several patterns".into(),
            ));
        }
        if !trimmed.contains(' ')
            && let Some((host, _)) = trimmed.split_once('/')
            && host.contains('.')
        {
            return Err((
                "a host has no path".into(),
                format!("write `{host}` here, and `url:` in the query for the path"),
            ));
        }
        Ok(Self { written: trimmed.to_owned(), pattern: trimmed.chars().flat_map(char::to_lowercase).collect() })
    }

    /// Whether the whole of `name` fits.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
        // Two fingers; after a mismatch the last star takes one character more (linear in pattern × name at worst).
        let (mut p, mut n, mut star) = (0, 0, None);
        while n < name.len() {
            match self.pattern.get(p) {
                Some('*') => {
                    star = Some((p, n));
                    p += 1;
                }
                Some(c) if *c == '?' || *c == name[n] => {
                    p += 1;
                    n += 1;
                }
                _ => match star {
                    Some((star_p, star_n)) => {
                        star = Some((star_p, star_n + 1));
                        p = star_p + 1;
                        n = star_n + 1;
                    }
                    None => return false,
                },
            }
        }
        self.pattern[p..].iter().all(|c| *c == '*')
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_must_fit_the_whole_name_whatever_its_case() {
        for (pattern, name, fits) in [
            ("ansa.it", "ansa.it", true),
            ("ANSA.it", "ansa.IT", true),
            ("ansa.it", "www.ansa.it", false),
            ("*.ansa.it", "www.ansa.it", true),
            ("*.ansa.it", "ansa.it", false),
            ("*ansa*", "Agenzia ANSA, esteri", true),
            ("b?c.*", "bbc.co.uk", true),
            ("*a*b*c", "aXbXbXc", true),
            ("*a*b*c", "aXcXb", false),
            ("*", "", true),
            ("新华*", "新华网", true),
            ("?Фонарь", "-Фонарь", true),
            ("?Faro", "!Faro", true),
            ("*Faro", "-Faro", true),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().fits(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_what_to_write() {
        for (text, hint) in [
            ("", "`*.ansa.it`"),
            ("https://www.ansa.it/mondo", "`www.ansa.it`"),
            ("ansa.it/mondo", "`ansa.it`"),
            ("[ab].it", "several patterns"),
        ] {
            assert!(Glob::parse(text).unwrap_err().1.contains(hint), "{text}");
        }
        assert!(Glob::parse("Reuters / AFP").is_ok());
    }

    #[test]
    fn a_pattern_of_many_stars_is_not_slow() {
        let glob = Glob::parse(&"*a".repeat(90)).unwrap();
        assert!(!glob.fits(&"a".repeat(80)));
    }
}
