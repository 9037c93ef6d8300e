//! The line: poll, judge, deliver, sweep.
