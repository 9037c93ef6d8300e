//! A copy of a database that may be in use: `VACUUM INTO` (<https://www.sqlite.org/lang_vacuum.html#vacuuminto>), which reads
//! one moment's state and holds up no writer.
//!
//! The copy is made beside its place under another name, checked, written out and only then put there, so that a
//! file with the backup's name is always a whole backup.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::super::StoreError;
use super::OpenOptions;
use super::open::{self, beside, refused};

/// A finished backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Articles in it.
    pub articles: u64,
    /// Alerts in it.
    pub alerts: u64,
}

/// What is removed when it goes out of scope, unless it was kept.
struct Partial {
    path: PathBuf,
    // Held so that a second backup to the same place is refused; the system lets go of it with the process.
    _lock: File,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a success the name is gone already.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(beside(&self.path, "-journal"));
    }
}

/// Copies the database of a `sqlite:` URL to a new file; `replace`: also over an old one.
///
/// # Errors
/// `Refused`: no such database, a file in the way, a folder that can't be written. `Corrupt`: the database or the copy is
/// damaged. `Unavailable`: it can't be read, or the disk is full.
pub async fn back_up(url: &str, target: &Path, replace: bool) -> Result<Backup, StoreError> {
    let reading = OpenOptions { create: false, read_only: true, exclusive: false };
    let source = open::open(url, &reading).await?;
    let failed = |what: &str, error: &io::Error| refused(format!("can't {what} `{}`: {error}", target.display()));
    let target = std::path::absolute(target).map_err(|error| failed("use", &error))?;
    let Some(folder) = target.parent().filter(|_| target.file_name().is_some()) else {
        return Err(refused(format!("`{}` is no name for a file", target.display())));
    };
    for own in ["", "-wal", "-shm", "-journal", ".lock"] {
        if is_same(&beside(&source.path, own), &target) {
            return Err(refused(format!("`{}` is the database itself; choose another name", target.display())));
        }
    }
    if target.is_dir() {
        return Err(refused(format!("`{}` is a folder; name a file in it", target.display())));
    }
    if !replace && target.exists() {
        return Err(exists(&target));
    }

    let partial = begin(&target).map_err(|error| failed("write", &error))?;
    let Some(partial) = partial else {
        return Err(refused(format!("another backup to `{}` is under way", target.display())));
    };
    let mut conn = source.read.connect().await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(path_text(&partial.path)?).execute(&mut conn).await;
    conn.close().await?;
    copied?;

    let backup = check(&partial.path).await?;
    let written = File::open(&partial.path).and_then(|file| file.sync_all());
    written.map_err(|error| failed("write out", &error))?;
    if replace {
        fs::rename(&partial.path, &target).map_err(|error| failed("replace", &error))?;
    } else {
        // Unlike a rename, a link never replaces what someone else put there meanwhile.
        fs::hard_link(&partial.path, &target).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&target),
            _ => failed("make", &error),
        })?;
    }
    drop(partial);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed("write out", &error))?;
    Ok(backup)
}

fn exists(target: &Path) -> StoreError {
    refused(format!("`{}` exists; `--force` replaces it", target.display()))
}

/// Whether two names lead to the same file; names of files that don't exist are compared as they are.
fn is_same(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// An empty file for the copy, for nobody else to read; `None` if another backup is writing it.
fn begin(target: &Path) -> io::Result<Option<Partial>> {
    let path = beside(target, ".partial");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        Err(fs::TryLockError::Error(error)) => return Err(error),
    }
    // One that was cut short left its beginning.
    file.set_len(0)?;
    Ok(Some(Partial { path, _lock: file }))
}

fn path_text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| refused(format!("`{}` is not UTF-8; choose another name", path.display())))
}

/// Whether the copy is whole, and what it holds.
async fn check(path: &Path) -> Result<Backup, StoreError> {
    let mut conn = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    open::quick_check(&mut conn, path).await?;
    let (articles, alerts): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM alerts)")
            .fetch_one(&mut conn)
            .await?;
    conn.close().await?;
    let size_bytes = fs::metadata(path).map(|file| file.len()).unwrap_or(0);
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Backup { size_bytes, articles: count(articles), alerts: count(alerts) })
}
