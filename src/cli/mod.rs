//! The command line. Data goes to stdout, talk to stderr; the exit code is part of the interface.

mod alerts;
mod args;
mod article;
mod backtest;
mod backup;
mod check;
mod convert;
mod deliveries;
mod demo;
mod discover;
mod doctor;
mod explain;
mod feed;
mod feed_list;
mod feed_push;
mod feed_table;
mod log;
mod match_;
mod output;
mod profile;
mod render;
mod route;
mod run;
mod schema;
mod stories;
mod test;

use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::config::Environment;
use crate::model::{Clock, SystemClock};

use args::{Args, Command, RouteCommand};
use output::Output;

pub use render::{render_report, report_json};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Fine.
    Fine = 0,
    /// The check found something.
    Found = 1,
    /// Bad usage or configuration.
    Usage = 2,
    /// It could not be done.
    Failed = 3,
    /// The database is damaged.
    Damaged = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the program and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let output = Output::new(args.format, std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
    match dispatch(args, &output) {
        Ok(exit) => exit.into(),
        // The reader went away (`vedetta alerts | head`): that is fine.
        Err(error) if is_broken_pipe(&error) => Exit::Fine.into(),
        Err(error) => {
            output.error(&error);
            exit_of(&error).into()
        }
    }
}

fn dispatch(args: Args, output: &Output) -> anyhow::Result<Exit> {
    let config = args.config_path();
    let environment = Environment::from_process();
    let clock = SystemClock;
    match args.command {
        Command::Run { once, log_format } => run::run(&config, environment, once, log_format, output),
        Command::Demo { keep } => demo::demo(keep, output),
        Command::Check { paths, profile } => {
            check::check(&config, &environment, &paths, profile.as_ref().map(Option::as_deref), clock.now(), output)
        }
        Command::Backup { file, force } => backup::backup(&config, &environment, &file, force, output),
        Command::Test { paths } => test::test(&config, &environment, &paths, clock.now(), output),
        Command::Match(options) => match_::match_(&options, output),
        Command::Stories { file } => stories::stories(&file, output),
        Command::Explain(options) => explain::explain(&config, &environment, &options, output),
        Command::Schema { of } => schema::schema(of, output),
        Command::Convert(options) => convert::convert(&options, output),
        Command::Backtest(options) => backtest::backtest(&config, &environment, &options, output),
        Command::Feed { command } => feed::feed(&config, &environment, command, output),
        Command::Article { command } => article::article(&config, &environment, command, output),
        Command::Alerts(options) => alerts::alerts(&config, &environment, &options, output),
        Command::Deliveries(options) => deliveries::deliveries(&config, &environment, &options, output),
        Command::Route { command: RouteCommand::Test(options) } => route::test(&config, &environment, &options, output),
        Command::Doctor { no_feeds } => doctor::doctor(&config, environment, no_feeds, output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "vedetta", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(Exit::Fine)
        }
        Command::Man => {
            clap_mangen::Man::new(Args::command()).render(&mut std::io::stdout())?;
            Ok(Exit::Fine)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

fn exit_of(error: &anyhow::Error) -> Exit {
    use crate::daemon::StartError;
    use crate::store::StoreError;
    for cause in error.chain() {
        if let Some(StoreError::Corrupt { .. }) = cause.downcast_ref::<StoreError>() {
            return Exit::Damaged;
        }
        if cause.is::<output::BadUsage>() {
            return Exit::Usage;
        }
        match cause.downcast_ref::<StartError>() {
            Some(StartError::Store(StoreError::Corrupt { .. })) => return Exit::Damaged,
            Some(StartError::Invalid(_) | StartError::Build(_)) => return Exit::Usage,
            _ => {}
        }
    }
    Exit::Failed
}

/// A runtime for commands that wait for something.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
