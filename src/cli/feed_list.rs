//! Adding feeds to a file that a person keeps: everything in it stays, comments included.
//!
//! New tables go to the file's end, which TOML always allows, so nothing that is there is written anew. The result is read
//! back before the old file is replaced, in one step.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use url::Url;

use crate::config::Config;
use crate::model::Labels;

/// A feed to be written down.
#[derive(Debug, Clone)]
pub(super) struct NewFeed {
    pub(super) url: Url,
    pub(super) name: Option<String>,
    pub(super) labels: Labels,
}

/// Where feeds are added: the file asked for, else the first TOML list, else the configuration itself.
pub(super) fn target(asked: Option<PathBuf>, config: &Path, loaded: &Config) -> anyhow::Result<PathBuf> {
    if let Some(path) = asked {
        let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        anyhow::ensure!(is_toml, "{} is no TOML file: feeds are added to those", path.display());
        return Ok(path);
    }
    let lists = &loaded.feed_lists;
    let list =
        lists.iter().find(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")));
    Ok(list.map_or_else(|| config.to_path_buf(), Clone::clone))
}

/// Whether a reload will find what is written into this file.
pub(super) fn is_read(target: &Path, config: &Path, loaded: &Config) -> bool {
    let same = |other: &Path| match (std::fs::canonicalize(target), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    same(config) || loaded.feed_lists.iter().any(|list| same(list))
}

/// The tables of some feeds.
pub(super) fn tables_of(feeds: &[NewFeed]) -> String {
    feeds.iter().map(table_of).collect()
}

fn table_of(feed: &NewFeed) -> String {
    let mut table = format!("\n[[feed]]\nurl = {}\n", quoted(feed.url.as_str()));
    if let Some(name) = &feed.name {
        let _ = writeln!(table, "name = {}", quoted(name));
    }
    if !feed.labels.is_empty() {
        let labels: Vec<_> =
            feed.labels.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
        let _ = writeln!(table, "labels = {{ {} }}", labels.join(", "));
    }
    table
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Adds feeds at the end of a file, which is made if it is not there.
///
/// # Errors
/// If the file can't be written, or would not be TOML with these feeds in it afterwards; it is then as it was.
pub(super) fn add(target: &Path, feeds: &[NewFeed]) -> anyhow::Result<()> {
    if feeds.is_empty() {
        return Ok(());
    }
    let cannot = || format!("cannot write {}", target.display());
    // The file itself, where a link leads to it: a link that was replaced would cut the list off from its repository.
    let target = &std::fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
    let (before, permissions) = match std::fs::read_to_string(target) {
        Ok(text) => (text, Some(std::fs::metadata(target).with_context(cannot)?.permissions())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (String::new(), None),
        Err(error) => return Err(error).with_context(cannot),
    };
    let mut text = before.clone();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let tables = tables_of(feeds);
    text.push_str(if text.is_empty() { tables.trim_start() } else { &tables });
    anyhow::ensure!(
        count(&before).is_some_and(|known| count(&text) == Some(known + feeds.len())),
        "{} would not be right with these feeds at its end: write `[[feed]]` tables instead of a `feed` array, and correct \
         what `vedetta check` says of it",
        target.display()
    );
    let temporary = target.with_extension("toml.new");
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        std::fs::rename(&temporary, target)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&temporary))).with_context(cannot)
}

/// How many feeds a text has; `None` if it is not TOML.
fn count(text: &str) -> Option<usize> {
    let table: toml::Table = text.parse().ok()?;
    match table.get("feed") {
        None => Some(0),
        Some(feeds) => feeds.as_array().map(Vec::len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed() -> NewFeed {
        NewFeed {
            url: Url::parse("https://example.org/\"новости\".xml").expect("a URL"),
            name: Some("La \"Gazzetta\"\nнаша".into()),
            labels: [("folder".to_owned(), "Asia/中国".to_owned())].into(),
        }
    }

    #[test]
    fn an_added_feed_reads_back_as_it_was_and_nothing_else_moves() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feeds.toml");
        let before = "# 我们的来源\n[[feed]]\nurl = 'https://example.org/a'   # первый";
        std::fs::write(&path, before).expect("written");
        add(&path, &[feed()]).expect("added");
        let after = std::fs::read_to_string(&path).expect("read");
        assert!(after.starts_with(&format!("{before}\n\n[[feed]]\n")), "{after}");
        let table: toml::Table = after.parse().expect("TOML");
        let entry = &table["feed"][1];
        assert_eq!(entry["url"].as_str(), Some(feed().url.as_str()));
        assert_eq!(entry["name"].as_str(), feed().name.as_deref());
        assert_eq!(entry["labels"]["folder"].as_str(), Some("Asia/中国"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_would_break_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feeds.toml");
        for before in ["feed = [{ url = \"https://example.org/a\" }]\n", "[[feed]\nurl = 1\n"] {
            std::fs::write(&path, before).expect("written");
            assert!(add(&path, &[feed()]).is_err());
            assert_eq!(std::fs::read_to_string(&path).expect("read"), before);
        }
        let new = folder.path().join("new.toml");
        add(&new, &[feed(), NewFeed { url: Url::parse("https://example.org/b").expect("a URL"), ..feed() }])
            .expect("made");
        assert_eq!(count(&std::fs::read_to_string(&new).expect("read")), Some(2));
    }
}
