//! Opening: what must be true before anything is promised.
//!
//! One daemon per database: it holds an advisory lock on `DATABASE.lock`, which the system takes back when the process
//! dies, however it dies. So whoever holds the lock knows that every lease in the database belongs to the dead.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::super::StoreError;
use super::error::RESTORE_HINT;
use super::{OpenOptions, feeds};

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/sqlite/migrations");

/// “vedt”: marks the file as ours (<https://www.sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION_ID: i64 = 0x7665_6474;
/// Writes it.
const MARK: &str = "PRAGMA application_id = 1986356340";
/// The first version without the bug that corrupts databases in WAL mode (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);
/// How long a lock held by someone else is waited for (RELIABILITY P18).
const BUSY: Duration = Duration::from_secs(10);
/// How long a predecessor may take to let go of the lock file.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// Pages of 4 KiB in the write-ahead log before it is carried over: 32 MiB. Feeds and indexes are written again and
/// again, so a longer log saves carrying the same page over many times.
const CHECKPOINT_PAGES: u32 = 8000;

/// An open database and what is held with it.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) read: SqliteConnectOptions,
    pub(super) write: SqliteConnectOptions,
    /// Absent when opened for reading only.
    pub(super) writer: Option<SqliteConnection>,
    pub(super) lock: Option<File>,
}

/// Opens, checks, brings the schema up to date.
pub(super) async fn open(url: &str, options: &OpenOptions) -> Result<Opened, StoreError> {
    let named = database_file(url);
    if named.as_os_str().is_empty() || named == Path::new(":memory:") {
        return Err(refused("a database in memory would forget its promises; write `sqlite:PATH`".to_owned()));
    }
    let path = absolute(named)?;
    let base = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let read = base.clone().read_only(options.read_only).pragma("cache_size", "-4000");
    let write = base
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-24000")
        .pragma("temp_store", "memory");

    let is_there = is_there(&path, options)?;
    if options.read_only {
        let mut conn = read.clone().connect().await.map_err(|error| opening(&path, error.into()))?;
        check_library(&mut conn).await?;
        check_identity(&mut conn, &path).await?;
        check_schema(&mut conn, &path, false).await?;
        return Ok(Opened { path, read: read.clone(), write, writer: None, lock: None });
    }

    if !is_there {
        make_folder(&path)?;
    }
    let lock = if options.exclusive || !is_there { Some(lock(&path).await?) } else { None };
    // Another process may have made it while the lock was waited for.
    if !is_there && !path.exists() {
        make(&path).await?;
    }
    let lock = lock.filter(|_| options.exclusive);
    let mut conn = write.clone().connect().await.map_err(|error| opening(&path, error.into()))?;
    check_library(&mut conn).await?;
    check_identity(&mut conn, &path).await?;
    check_schema(&mut conn, &path, true).await?;
    if lock.is_some() {
        if !was_clean(&mut conn).await? {
            tracing::info!(path = %path.display(), "the last stop was not a clean one; checking the database");
            quick_check(&mut conn, &path).await?;
        }
        recover(&mut conn).await?;
    }
    Ok(Opened { path, read: read.pragma("query_only", "ON"), write, writer: Some(conn), lock })
}

/// The file of a `sqlite:` address. All that follows is its path, `?`, `#` and `%` too: to read it as a URL would open
/// another file than the one that was named.
#[must_use]
pub fn database_file(url: &str) -> &Path {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    Path::new(path.strip_prefix("//").unwrap_or(path))
}

/// SQLite would read a name that begins with `file:` as a URL; a whole path begins with `/`.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    std::path::absolute(path).map_err(|error| refused(format!("can't use `{}`: {error}", path.display())))
}

pub(super) fn refused(what: String) -> StoreError {
    StoreError::Refused { what }
}

/// Says which file it was, and of one that may not be written, what it lacks.
fn opening(path: &Path, error: StoreError) -> StoreError {
    match error {
        // Waiting mends a full disk, but not this.
        StoreError::Unavailable(cause) => match forbidden(path) {
            Some(error) => refused(format!(
                "can't open the database `{}`: {error}; the file, those beside it and their folder must be writable for \
                 the user that vedetta runs as",
                path.display()
            )),
            None => StoreError::Unavailable(cause),
        },
        StoreError::Corrupt { what } => StoreError::Corrupt { what: format!("`{}`: {what}", path.display()) },
        other => other,
    }
}

/// What the system says against using the file, its log or its folder, where that is a matter of owner, mode or kind.
fn forbidden(path: &Path) -> Option<std::io::Error> {
    let is_one = |error: &std::io::Error| {
        matches!(error.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::IsADirectory)
    };
    let open = |path: &Path| fs::OpenOptions::new().read(true).write(true).open(path).err().filter(is_one);
    let files = [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")];
    let file = files.iter().find_map(|file| open(file));
    file.or_else(|| {
        let probe = beside(path, ".probe");
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&probe) {
            Ok(_) => {
                let _ = fs::remove_file(&probe);
                None
            }
            // Not ours to remove, if somebody has a file of that name.
            Err(error) => Some(error).filter(is_one),
        }
    })
}

/// A name with something behind it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether there is a file to be opened; `false`: it is to be made.
///
/// An empty one is never taken for a new one: whatever vedetta knew is gone from it, and to begin anew without a word
/// would tell everything once more. It must be found before SQLite opens it, which deletes the log beside an empty file.
fn is_there(path: &Path, options: &OpenOptions) -> Result<bool, StoreError> {
    let log = beside(path, "-wal");
    let has_log = fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() == 0 => Err(emptied(path, has_log.then_some(&log))),
        Ok(_) => Ok(true),
        Err(_) if has_log => Err(StoreError::Corrupt {
            what: format!(
                "`{}` is missing, but its write-ahead log `{}` is there; put both back from a backup, or move the log away \
                 to begin with an empty database",
                path.display(),
                log.display()
            ),
        }),
        // A link to a disk that is not there, or a folder that may not be looked into.
        Err(_) if fs::symlink_metadata(path).is_ok() => Err(refused(format!(
            "can't open the database `{}`: what it is a link to is not there; is its disk mounted?",
            path.display()
        ))),
        Err(_) if options.create && !options.read_only => Ok(false),
        Err(_) => Err(refused(format!("there is no database at `{}`; `vedetta run` makes one", path.display()))),
    }
}

/// A file that was a database and has nothing in it any more.
fn emptied(path: &Path, log: Option<&PathBuf>) -> StoreError {
    let log = log.map(|log| format!(" and its log `{}`", log.display())).unwrap_or_default();
    StoreError::Corrupt {
        what: format!(
            "`{}` is empty, all that it knew is gone from it; stop vedetta and put a backup in its place, or move it{log} \
             away to begin with an empty database, which may tell recent articles once more",
            path.display()
        ),
    }
}

/// Makes the folder for a database, for nobody else to look into.
fn make_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| unmade(path, &error))
        }
        None => Ok(()),
    }
}

fn unmade(path: &Path, error: &std::io::Error) -> StoreError {
    refused(format!("can't make the database `{}`: {error}; check the folder and its owner", path.display()))
}

/// Makes a new database, for nobody else to read. It gets its name when it is whole and written out, so that one that
/// was cut short is never taken for one that lost what it knew. The caller holds the lock.
async fn make(path: &Path) -> Result<(), StoreError> {
    let draft = beside(path, ".new");
    let made = fill(&draft, path).await;
    let done = match made {
        Ok(()) => fs::rename(&draft, path).map_err(|error| unmade(path, &error)),
        Err(error) => Err(error),
    };
    if done.is_err() {
        let _ = fs::remove_file(&draft);
        return done;
    }
    match path.parent() {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unmade(path, &error)),
        None => Ok(()),
    }
}

/// Makes a file with our mark and all tables, and writes it out; `path` is what to call it in errors.
async fn fill(draft: &Path, path: &Path) -> Result<(), StoreError> {
    let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft);
    let file = options.map_err(|error| unmade(path, &error))?;
    // Nobody else knows it, and it is written out at the end: it needs no journal of its own.
    let fresh = SqliteConnectOptions::new()
        .filename(draft)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .disable_statement_logging();
    let mut conn = fresh.connect().await.map_err(|error| opening(path, error.into()))?;
    check_library(&mut conn).await?;
    sqlx::query(MARK).execute(&mut conn).await?;
    MIGRATIONS.run_direct(None, &mut conn, false).await.map_err(|error| migrating(path, error))?;
    conn.close().await?;
    file.sync_all().map_err(|error| unmade(path, &error))
}

/// Takes the daemon's lock, waiting a moment for a predecessor that is just ending.
async fn lock(path: &Path) -> Result<File, StoreError> {
    let name = beside(path, ".lock");
    let failed = |error: std::io::Error| {
        refused(format!("can't lock `{}`: {error}; look at its owner and mode", name.display()))
    };
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&name)
        .map_err(failed)?;
    let step = LOCK_PATIENCE / 40;
    for _ in 0..40 {
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(failed)?;
                file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(failed)?;
                return Ok(file);
            }
            Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(step).await,
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    let mut holder = String::new();
    let _ = (&mut file).take(20).read_to_string(&mut holder);
    let holder: String = holder.trim().chars().filter(char::is_ascii_digit).collect();
    let who = if holder.is_empty() { String::new() } else { format!(" (pid {holder})") };
    Err(refused(format!(
        "another vedetta{who} is using `{}`; stop it first, or give this one a database of its own",
        path.display()
    )))
}

async fn check_library(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_AT_LEAST {
        let (major, minor, patch) = SQLITE_AT_LEAST;
        return Err(refused(format!(
            "SQLite {version} can damage databases; vedetta needs {major}.{minor}.{patch} or newer"
        )));
    }
    Ok(())
}

/// Whether the file is a database, and ours. One without a table is not: each has had them since it got its name.
async fn check_identity(conn: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let row =
        sqlx::query("SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)")
            .fetch_one(&mut *conn)
            .await
            .map_err(|error| opening(path, error.into()))?;
    match (row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?) {
        (APPLICATION_ID | 0, 0) => Err(emptied(path, None)),
        (APPLICATION_ID, _) => Ok(()),
        _ => Err(refused(format!("`{}` is another program's database; choose another path", path.display()))),
    }
}

async fn check_schema(conn: &mut SqliteConnection, path: &Path, may_change: bool) -> Result<(), StoreError> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let has_history: bool =
        sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *conn)
            .await?;
    let mut latest = 0;
    if has_history {
        latest =
            sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations").fetch_one(&mut *conn).await?;
    }
    if latest > newest {
        return Err(migrating(path, MigrateError::VersionMissing(latest)));
    }
    if may_change {
        return MIGRATIONS.run_direct(None, conn, false).await.map_err(|error| migrating(path, error));
    }
    if latest < newest {
        return Err(refused(format!(
            "`{}` was written by an older vedetta; start this one's `vedetta run` once to bring it up to date",
            path.display()
        )));
    }
    Ok(())
}

fn migrating(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => refused(format!(
            "`{}` was written by a newer vedetta (schema {version}); run that one, or restore the backup from before the \
             upgrade",
            path.display()
        )),
        MigrateError::VersionMismatch(version) => StoreError::Corrupt {
            what: format!("`{}` has another schema {version} than this vedetta; {RESTORE_HINT}", path.display()),
        },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => opening(path, error.into()),
        other => StoreError::Statement(sqlx::Error::Migrate(Box::new(other))),
    }
}

async fn was_clean(conn: &mut SqliteConnection) -> Result<bool, StoreError> {
    let clean: Option<String> =
        sqlx::query_scalar("SELECT value FROM meta WHERE key = 'clean'").fetch_optional(conn).await?;
    // Absent: it was just made.
    Ok(clean.is_none_or(|clean| clean == "1"))
}

/// Looks through the whole file for damage.
pub(super) async fn quick_check(conn: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(conn).await?;
    if found.iter().all(|line| line == "ok") {
        return Ok(());
    }
    Err(StoreError::Corrupt { what: format!("`{}`: {}; {RESTORE_HINT}", path.display(), found.join("; ")) })
}

/// Takes back what dead processes had claimed, and marks the database as in use.
async fn recover(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    let released = feeds::release(conn, None).await?;
    mark_clean(conn, false).await?;
    sqlx::query("COMMIT").execute(conn).await?;
    if released > 0 {
        tracing::info!(claims = released, "took back what the last run had not finished");
    }
    Ok(())
}

/// Writes whether the database was closed in good order.
pub(super) async fn mark_clean(conn: &mut SqliteConnection, is_clean: bool) -> Result<u64, StoreError> {
    write_meta(conn, "clean", if is_clean { "1" } else { "0" }).await
}

/// Writes one of the database's own notes.
pub(super) async fn write_meta(conn: &mut SqliteConnection, key: &str, value: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .bind(key)
    .bind(value)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
