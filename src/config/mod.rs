//! The configuration file, checked as a whole.
