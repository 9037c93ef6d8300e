//! Claims: rows marked as being worked on, for a while, by someone.

use std::fmt;
use std::time::Duration;

use super::Timestamp;

/// The name of a running process, unique per start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeId(pub String);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A wish for work.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who asks.
    pub node: NodeId,
    /// The current time; the lease counts from here.
    pub now: Timestamp,
    /// What is due by then is given out: usually `now`, later to take work before its time (`run --once`).
    pub due_by: Timestamp,
    /// For how long the rows are ours.
    pub lease: Duration,
    /// At most so many rows.
    pub limit: u32,
}

/// A right to finish one piece of work: refused once `fence` has moved on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease<Id> {
    /// What is leased.
    pub id: Id,
    /// Counts the claims of this row.
    pub fence: i64,
    /// When the lease runs out.
    pub until: Timestamp,
}

/// A piece of work with its lease.
#[derive(Debug, Clone)]
pub struct Leased<T, Id> {
    /// The right to finish it.
    pub lease: Lease<Id>,
    /// The work.
    pub item: T,
}
