//! Codes of what a conversion says. They are stable: a code keeps its meaning for good.
//!
//! | code | means |
//! |---|---|
//! | E301 | the vendor's query can't be read: a parenthesis, quote or operand is missing |
//! | E302 | something in it can't be said in rules, and leaving it out would lose articles |
//! | E303 | what came out is not a rule |
//! | E304 | there is no query, or one is too long |
//! | W301 | something was left out: the rule finds more |
//! | W302 | a distance or an order is counted differently |
//! | W303 | word forms or wildcards differ |
//! | W304 | a field is not quite the same |
//! | W305 | how operators bind was made visible, or guessed |
//! | W306 | case is minded differently |
//! | W307 | a filter went to `[topic.where]` |
//! | W308 | something only ranks results, and was left out |
//! | W309 | what looks like an operator or field is none there, and is looked for as a word |

/// The vendor's query can't be read.
pub const SYNTAX: &str = "E301";
/// It can't be said in rules.
pub const NOT_EXPRESSIBLE: &str = "E302";
/// What came out is not a rule.
pub const NOT_A_RULE: &str = "E303";
/// No query, or too long a one.
pub const NO_QUERY: &str = "E304";
/// Left out; the rule finds more.
pub const LEFT_OUT: &str = "W301";
/// Distances and order.
pub const DISTANCE: &str = "W302";
/// Word forms and wildcards.
pub const FORMS: &str = "W303";
/// Fields.
pub const FIELD: &str = "W304";
/// Operators.
pub const BINDING: &str = "W305";
/// Upper and lower case.
pub const CASE: &str = "W306";
/// A filter that went to `[topic.where]`.
pub const FILTER: &str = "W307";
/// Only for ranking.
pub const RANKING: &str = "W308";
/// Operators and fields of other products, which are words.
pub const FOREIGN: &str = "W309";
