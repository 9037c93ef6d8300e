//! The command line.

mod render;

pub use render::{render_report, report_json};

/// Runs the program and returns its exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
