//! From what the driver reports to what the caller does next.

use std::sync::Arc;

use super::super::StoreError;

/// What to do about a damaged file; goes with every report of one.
pub(super) const RESTORE_HINT: &str =
    "stop vedetta and put a backup in its place, or save what can be read: `sqlite3 DATABASE .recover | sqlite3 NEW`";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(report) => {
                let code = report.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
                // Primary result codes, https://www.sqlite.org/rescode.html; the upper bits say more.
                match code & 0xff {
                    // BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN
                    5 | 6 | 7 | 8 | 10 | 13 | 14 => Self::Unavailable(error),
                    // CORRUPT, NOTADB
                    11 | 26 => Self::Corrupt { what: format!("{}; {RESTORE_HINT}", report.message()) },
                    _ => Self::Statement(error),
                }
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Io(_) => Self::Unavailable(error),
            _ => Self::Statement(error),
        }
    }
}

/// A cause that several callers are told of.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<sqlx::Error>);

/// The same error for everyone who shared a transaction.
pub(super) enum SharedError {
    Unavailable(Arc<sqlx::Error>),
    Statement(Arc<sqlx::Error>),
    Corrupt(String),
    Refused(String),
    LeaseLost(String),
}

impl From<StoreError> for SharedError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(Arc::new(cause)),
            StoreError::Statement(cause) => Self::Statement(Arc::new(cause)),
            StoreError::Corrupt { what } => Self::Corrupt(what),
            StoreError::Refused { what } => Self::Refused(what),
            StoreError::LeaseLost { what } => Self::LeaseLost(what),
        }
    }
}

impl SharedError {
    /// One caller's copy.
    pub(super) fn copy(&self) -> StoreError {
        let wrap = |cause: &Arc<sqlx::Error>| sqlx::Error::AnyDriverError(Box::new(Shared(Arc::clone(cause))));
        match self {
            Self::Unavailable(cause) => StoreError::Unavailable(wrap(cause)),
            Self::Statement(cause) => StoreError::Statement(wrap(cause)),
            Self::Corrupt(what) => StoreError::Corrupt { what: what.clone() },
            Self::Refused(what) => StoreError::Refused { what: what.clone() },
            Self::LeaseLost(what) => StoreError::LeaseLost { what: what.clone() },
        }
    }
}

/// What stands in the database but can't be read.
pub(super) fn unreadable(what: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what: format!("{what}: {error}; {RESTORE_HINT}") }
}
