//! One statement for many rows.
//!
//! A driver call costs as much as ten rows, so rows go in by the dozen: `VALUES (…), (…), …` with bound parameters,
//! in statements of 256, 128, … 1 rows, so that few different texts are prepared and each stays in the statement cache.
//! Placeholders are bare `?`: numbered ones are looked up by name, which takes quadratic time in their number.

use std::sync::{Arc, OnceLock};

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite};

use super::super::StoreError;

/// Rows a statement, in the order in which they are tried.
const SIZES: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A statement around a list of rows.
pub(super) struct Bulk {
    head: &'static str,
    row: &'static str,
    tail: &'static str,
    texts: OnceLock<[Arc<str>; SIZES.len()]>,
}

/// The parameters of a statement, row after row.
#[derive(Default)]
pub(super) struct Row {
    arguments: SqliteArguments,
    error: Option<sqlx::error::BoxDynError>,
}

impl Row {
    /// Binds the next parameter.
    pub(super) fn add<'t>(&mut self, value: impl Encode<'t, Sqlite> + sqlx::Type<Sqlite>) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Binds a text; a shared slice costs one allocation, where a `String` would cost two.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.add(Arc::<str>::from(text))
    }

    /// Binds a text that may be absent.
    pub(super) fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.add(None::<i64>),
        }
    }
}

impl Bulk {
    /// `head` and `tail` stand around the rows, `row` is one of them with its placeholders: `(?, ?)`.
    pub(super) const fn new(head: &'static str, row: &'static str, tail: &'static str) -> Self {
        Self { head, row, tail, texts: OnceLock::new() }
    }

    fn text(&self, size_index: usize) -> Arc<str> {
        let texts = self.texts.get_or_init(|| {
            SIZES.map(|size| {
                let rows = vec![self.row; size].join(", ");
                format!("{}{rows}{}", self.head, self.tail).into()
            })
        });
        Arc::clone(&texts[size_index])
    }

    /// Runs the statement over all rows; `bind` adds one row's parameters.
    pub(super) async fn execute<T: Sync>(
        &self,
        conn: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&T, &mut Row) + Send + Sync,
    ) -> Result<(), StoreError> {
        for (text, chunk) in self.chunks(rows) {
            let arguments = bind_all(chunk, &bind)?;
            sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Runs the statement over all rows and gathers what it returns.
    pub(super) async fn fetch<T: Sync>(
        &self,
        conn: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&T, &mut Row) + Send + Sync,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut found = Vec::new();
        for (text, chunk) in self.chunks(rows) {
            let arguments = bind_all(chunk, &bind)?;
            found.extend(sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&mut *conn).await?);
        }
        Ok(found)
    }

    fn chunks<'r, T>(&self, mut rows: &'r [T]) -> impl Iterator<Item = (Arc<str>, &'r [T])> {
        std::iter::from_fn(move || {
            let index = SIZES.iter().position(|size| *size <= rows.len())?;
            let (chunk, rest) = rows.split_at(SIZES[index]);
            rows = rest;
            Some((self.text(index), chunk))
        })
    }
}

fn bind_all<T>(rows: &[T], bind: &impl Fn(&T, &mut Row)) -> Result<SqliteArguments, StoreError> {
    let mut row = Row::default();
    for item in rows {
        bind(item, &mut row);
    }
    match row.error {
        None => Ok(row.arguments),
        Some(error) => Err(StoreError::Statement(sqlx::Error::Encode(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_rows_is_cut_into_known_sizes() {
        let bulk = Bulk::new("insert into t values ", "(?, ?)", "");
        for count in [0, 1, 3, 63, 64, 65, 700] {
            let rows: Vec<usize> = (0..count).collect();
            let chunks: Vec<_> = bulk.chunks(&rows).collect();
            assert_eq!(chunks.iter().flat_map(|(_, chunk)| chunk.iter().copied()).collect::<Vec<_>>(), rows);
            for (text, chunk) in chunks {
                assert_eq!(text.matches('?').count(), 2 * chunk.len());
            }
        }
    }
}
