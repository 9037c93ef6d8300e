//! Secrets: where they come from, and how they stay unseen.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::model::{Diagnostic, Secret, Source, SourceId, Span};
use crate::settings::{Item, TableReader, TextValue};

use super::environment::variable_name;
use super::{Reading, codes};

/// The largest file that is taken for a secret.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// The keys under which one secret of a channel is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretKeys {
    /// `password`.
    pub(super) inline: &'static str,
    /// `password_file`.
    pub(super) file: &'static str,
    /// Whether there may be several.
    pub(super) many: bool,
}

pub(super) const PASSWORD: SecretKeys = SecretKeys { inline: "password", file: "password_file", many: false };
pub(super) const SECRET: SecretKeys = SecretKeys { inline: "secret", file: "secret_file", many: true };
pub(super) const TOKEN: SecretKeys = SecretKeys { inline: "token", file: "token_file", many: false };

/// A secret and the place to blame if it is no good.
pub(super) struct Found {
    pub(super) secret: Secret,
    pub(super) blame: Span,
}

impl Reading<'_> {
    /// Finds a channel's secrets; reports what stands in the way. Empty where none is configured, or where one is that
    /// can't be had.
    pub(super) fn secret(&mut self, table: &mut TableReader<'_>, channel: &str, keys: SecretKeys) -> Vec<Found> {
        let inline = table.value(keys.inline);
        if let Some(inline) = &inline {
            self.secrets.push(inline.span());
        }
        let file = table.text(keys.file);
        match (inline, file) {
            (Some(inline), Some(file)) => {
                let title = format!("`{}` and `{}` exclude each other", keys.inline, keys.file);
                let place = table.key_span(keys.inline).unwrap_or_else(|| inline.span());
                table.report(
                    Diagnostic::error(codes::KEYS, title)
                        .label(place, "one secret")
                        .label(file.span, "and another")
                        .help(format!("keep `{}`", keys.file)),
                );
                Vec::new()
            }
            (Some(inline), None) => inline_secrets(table, keys, inline),
            (None, Some(file)) => self.secret_file(table, keys, &file),
            (None, None) if table.has(keys.file) => Vec::new(),
            (None, None) => self.environment.secret(channel, keys.inline).map_or_else(Vec::new, |secret| {
                lines_of(secret.expose(), keys.many)
                    .map(|secret| Found { secret: Secret::new(secret), blame: table.span() })
                    .collect()
            }),
        }
    }

    /// What to write to have a secret, for help lines.
    pub(super) fn secret_help(channel: &str, keys: SecretKeys) -> String {
        format!("set `{}`, or the environment variable {}", keys.file, variable_name(channel, keys.inline))
    }

    fn secret_file(&self, table: &TableReader<'_>, keys: SecretKeys, written: &TextValue) -> Vec<Found> {
        let place = written.content();
        let refuse = |title: String, help: &str| {
            table.report(Diagnostic::error(codes::SECRET, title).label(place, "").help(help));
            Vec::new()
        };
        if written.text.trim().is_empty() {
            return refuse(format!("`{}` is empty", keys.file), "write the path of a file that holds the secret");
        }
        let path = self.secret_path(&written.text);
        let shown = path.display();
        let (text, mode) = match read_secret(&path) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let title = format!("there is no file `{shown}` to read the {} from", keys.inline);
                let help = match (&self.environment.credentials, is_bare(&written.text)) {
                    (Some(folder), true) => {
                        format!("nor is it in $CREDENTIALS_DIRECTORY ({}): add a `LoadCredential=`", folder.display())
                    }
                    (None, true) => "a bare name is also looked for in $CREDENTIALS_DIRECTORY, which systemd sets for \
                                     `LoadCredential=`; it is not set here"
                        .to_owned(),
                    _ => "create it, readable for the user that vedetta runs as only".to_owned(),
                };
                return refuse(title, &help);
            }
            Err(error) => {
                let title = format!("the file `{shown}` with the {} can't be read: {error}", keys.inline);
                return refuse(title, "it must be a text file that the user that vedetta runs as may read");
            }
        };
        if mode & 0o004 != 0 {
            table.report(
                Diagnostic::warning(codes::OPEN_SECRET, format!("everyone on this machine can read `{shown}`"))
                    .label(place, "")
                    .help(format!("chmod o-rwx {shown}")),
            );
        }
        let found: Vec<Found> =
            lines_of(&text, keys.many).map(|secret| Found { secret: Secret::new(secret), blame: place }).collect();
        if found.is_empty() {
            return refuse(format!("the file `{shown}` is empty"), "put the secret into it, and nothing else");
        }
        found
    }

    /// A bare name is a systemd credential if there is one of that name.
    fn secret_path(&self, written: &str) -> PathBuf {
        match &self.environment.credentials {
            Some(folder) if is_bare(written) && folder.join(written).exists() => folder.join(written),
            // Where `make install` puts what systemd loads from: for `check` and `doctor`, run by hand.
            None if is_bare(written) && !self.base.join(written).exists() && self.base.join("credentials").is_dir() => {
                self.base.join("credentials").join(written)
            }
            _ => self.path(written),
        }
    }
}

fn is_bare(written: &str) -> bool {
    Path::new(written).components().count() == 1 && !written.contains('/') && written != ".."
}

fn read_secret(path: &Path) -> std::io::Result<(String, u32)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MAX_SECRET_BYTES} bytes")));
    }
    Ok((text, metadata.permissions().mode()))
}

/// The secrets in a text: one a line where there may be many, else all of it without its last line end.
fn lines_of(text: &str, many: bool) -> impl Iterator<Item = &str> {
    let whole = text.trim_end_matches(['\n', '\r']);
    let lines: Vec<&str> = if many { whole.lines().map(str::trim).collect() } else { vec![whole] };
    lines.into_iter().filter(|line| !line.is_empty())
}

fn inline_secrets(table: &TableReader<'_>, keys: SecretKeys, inline: Item<'_>) -> Vec<Found> {
    let key = table.key_span(keys.inline).unwrap_or_else(|| inline.span());
    let mut found = Vec::new();
    let mut good = true;
    let items = match inline {
        Item::Array(items, _) if keys.many => items,
        other => vec![other],
    };
    for item in items {
        match item {
            Item::Text(text) if !text.text.is_empty() => {
                found.push(Found { secret: Secret::new(text.text), blame: key });
            }
            Item::Text(_) => {
                good = false;
                let title = format!("`{}` is empty", keys.inline);
                table.report(Diagnostic::error(codes::SECRET, title).label(key, "").help("leave the key out"));
            }
            other => {
                good = false;
                // Nothing here may repeat what is written: it is a secret all the same.
                let title = format!("`{}` must be a string, found {}", keys.inline, other.kind());
                table.report(Diagnostic::error(crate::settings::codes::WRONG_TYPE, title).label(key, ""));
            }
        }
    }
    if good {
        table.report(
            Diagnostic::warning(codes::INLINE_SECRET, format!("`{}` stands in the configuration file", keys.inline))
                .label(key, "")
                .help(format!("move it to a file of its own and name that in `{}`", keys.file)),
        );
    }
    if good { found } else { Vec::new() }
}

/// A copy of the file in which no secret can be read, and what was made unreadable. Every byte stays in its place.
///
/// Besides the places known to hold secrets, whatever follows a key that sounds like one is taken for one, since a
/// misspelt key or a missing quote must not show it either; so are user names and passwords in addresses.
pub(super) fn concealed(source: &Source, known: &[Span]) -> (Source, Vec<Range<usize>>) {
    static SUSPECT: LazyLock<Regex> = LazyLock::new(|| {
        let words = "passw|pwd|passphrase|secret|token|auth|credential|api[-_]?key";
        let pattern = format!(
            r#"(?im)^[^\n#=]*?(?:[^\n#]*[{{,][ \t]*)?["']?[\w.-]*(?:{words})[\w-]*["']?[ \t]*=[ \t]*(?P<value>[^\n\r]+)|://(?P<user>[^\n\r/@"']*)@|(?P<key>whsec_[\w+/=]+)"#
        );
        Regex::new(&pattern).expect("a fixed pattern that the tests compile")
    });
    let text: &str = &source.text;
    let mut ranges: Vec<Range<usize>> = known.iter().map(|span| span.range()).collect();
    for captures in SUSPECT.captures_iter(text) {
        for name in ["value", "user", "key"] {
            if let Some(found) = captures.name(name) {
                let before = text[..found.start()].trim_end_matches(['=', ' ', '\t']).trim_end_matches(['"', '\'']);
                // `password_file = …` names a file, not a secret.
                if name != "value" || !before.to_ascii_lowercase().ends_with("_file") {
                    ranges.push(found.start()..end_of_value(text, found.range()));
                }
            }
        }
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in &ranges {
        for byte in bytes.get_mut(range.clone()).into_iter().flatten() {
            if !matches!(byte, b'\n' | b'\r' | b'"' | b'\'' | b'[' | b']' | b'{' | b'}' | b',' | b' ') {
                *byte = b'*';
            }
        }
    }
    // Only ASCII was written over whole letters' bytes, so this is UTF-8 again; if not, nothing is shown at all.
    let shown = String::from_utf8(bytes).unwrap_or_default();
    (Source { text: shown.into(), ..source.clone() }, ranges)
}

/// Where a value ends that begins on a line but may go on after it.
fn end_of_value(text: &str, line: Range<usize>) -> usize {
    let value = &text[line.start..];
    let close = match value.get(..3) {
        Some(quotes @ ("'''" | "\"\"\"")) => Some((3, quotes)),
        _ if value.starts_with('[') => Some((1, "]")),
        _ => None,
    };
    // What is never closed goes on to the end of the file.
    let end = close.map(|(skip, close)| value[skip..].find(close).map_or(text.len(), |at| line.start + skip + at));
    end.unwrap_or(line.end).max(line.end)
}

/// Takes words from a finding that may repeat a secret of this file.
pub(super) fn silence(diagnostic: &mut Diagnostic, source: SourceId, concealed: &[Range<usize>]) {
    let touches = diagnostic.labels.iter().filter(|label| label.span.source == source).any(|label| {
        let range = label.span.range();
        concealed.iter().any(|secret| secret.start < range.end && range.start < secret.end)
    });
    if touches && diagnostic.code.starts_with("E0") {
        diagnostic.help.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_sounds_like_a_secret_is_unreadable_and_nothing_moves() {
        let text = "[channel.desk]\npassword = \"hunter2 è\"\npasswrd = \"hunter2\"\npassword_file = \"file-name\"\n\
                    smtp = \"smtp://anna:hunter2@mail\"\nheaders = { Authorization = \"Bearer hunter2\" }\n\
                    secret = whsec_hunter2\ntoken = [\n  \"whsec_hunter2\",\n]\nx = { password = \"hunter2\" }\n\
                    secret_file = \"other-name\"\nname = \"in chiaro\"\nch.a.password='hunter2'\n\"secret\" = \"hunter2\"\n";
        let source = Source::new(SourceId(0), "v.toml", text);
        let (shown, _) = concealed(&source, &[]);
        assert!(!shown.text.contains("hunter2"), "{}", shown.text);
        for kept in ["\"file-name\"", "\"other-name\"", "\"in chiaro\"", "Authorization", "passwrd", "@mail"] {
            assert!(shown.text.contains(kept), "{kept}: {}", shown.text);
        }
        assert_eq!(shown.text.len(), text.len());
        assert_eq!(shown.text.lines().count(), text.lines().count());
    }

    #[test]
    fn a_secret_at_a_known_place_is_unreadable_whatever_its_key() {
        let source = Source::new(SourceId(0), "v.toml", "x = '''\nгде-то\n'''\n");
        let span = Span::new(SourceId(0), 4..source.text.len() - 1);
        let (shown, ranges) = concealed(&source, &[span]);
        assert_eq!(shown.text.as_ref(), "x = '''\n***********\n'''\n");
        assert_eq!(ranges, [span.range()]);
    }
}
