//! Start, reload and stop.
