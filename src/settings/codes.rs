//! Codes of what can be wrong with any TOML file, whatever it is for.
//!
//! | code | means |
//! |---|---|
//! | E001 | the file is not TOML: a bracket, quote or value is missing or in the wrong place |
//! | E002 | an unknown key or table |
//! | E003 | a value of the wrong type: a number where a string belongs, `[feed]` instead of `[[feed]]` |
//! | E004 | a value of the right type that makes no sense: out of range, not one of the choices, without a unit |
//! | E005 | a key that must be there is missing |
//! | E006 | a key or table is given twice |
//! | E007 | the file can't be read: missing, no permission, too large, not UTF-8 |

/// The file is not TOML.
pub const SYNTAX: &str = "E001";
/// An unknown key or table.
pub const UNKNOWN_KEY: &str = "E002";
/// A value of the wrong type.
pub const WRONG_TYPE: &str = "E003";
/// A value of the right type that makes no sense.
pub const BAD_VALUE: &str = "E004";
/// A key that must be there is missing.
pub const MISSING_KEY: &str = "E005";
/// A key or table is given twice.
pub const DUPLICATE_KEY: &str = "E006";
/// The file can't be read.
pub const UNREADABLE: &str = "E007";
