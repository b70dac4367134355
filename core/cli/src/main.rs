//! The binary `sluice`. Flags come before environment variables (`SLUICE_...`), these before the
//! settings file, and that before the defaults.
//!
//! ```text
//!   arguments + settings -> SessionOptions -> server::Service -> serve | simulate | finish | export model | predict
//! ```
//!
//! Exit codes: 0 done, 1 failed, 2 used wrongly.

mod arguments;
mod demo;
mod export;
mod finish;
mod import;
mod log;
mod oracle;
mod plugin;
mod port;
mod predict;
mod reading;
mod ready;
mod replay;
mod revoke;
mod serve;
mod session;
mod sessions;
mod settings;
mod simulate;
mod tell;
mod unfinished;
mod whole;
mod writing;

use std::io::{IsTerminal, Write};

use clap::Parser;
use tracing_subscriber::EnvFilter;

use arguments::{Arguments, Command};
use settings::Settings;

fn main() {
    let code = run();
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
    // Threads may be in the middle of libtorch's work, which must not find its tables torn down by
    // a normal exit (it fails then, and says so). Nothing is left to save: answers are durable.
    // SAFETY: ends the process at once; no memory is touched.
    #[allow(unsafe_code, reason = "there is no safe way to end without running exit handlers")]
    unsafe {
        libc::_exit(code)
    }
}

/// The exit code.
fn run() -> i32 {
    let arguments = Arguments::parse();
    // Who tries a plugin wants to know what it says.
    let plugins_speak = arguments.verbose || matches!(arguments.command, Command::Plugin(_));
    write_log(arguments.verbose, plugins_speak);
    let settings = match Settings::load(arguments.settings.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return fail(&error, 2),
    };
    let done = match arguments.command {
        Command::Serve(serve) => serve::run(&serve, &settings),
        Command::Demo(demo) => demo::run(demo, &settings),
        Command::Simulate(simulate) => simulate::run(&simulate, &settings),
        Command::Finish(finish) => finish::run(&finish, &settings),
        Command::Predict(predict) => predict::run(&predict, &settings),
        Command::Export(command) => export::run(&command, &settings),
        Command::Import(import) => import::run(&import),
        Command::Revoke(revoke) => revoke::run(&revoke),
        Command::Replay(replay) => replay::run(&replay, &settings),
        Command::Sessions(command) => sessions::run(&command),
        Command::Log(command) => log::run(&command),
        Command::Plugin(command) => plugin::run(&command, &settings),
    };
    match done {
        Ok(()) => 0,
        Err(error) => fail(&error, 1),
    }
}

fn fail(error: &anyhow::Error, code: i32) -> i32 {
    eprintln!("sluice: {error:#}");
    code
}

/// Lines for a person on a terminal, JSON otherwise.
fn write_log(verbose: bool, plugins_speak: bool) {
    let level = |more| if more { "debug" } else { "info" };
    let (level, host) = (level(verbose), level(plugins_speak));
    // The compiler and its parts have much to say that nobody here wants to know.
    let filter = EnvFilter::try_from_env("SLUICE_LOG").unwrap_or_else(|_| {
        EnvFilter::new(format!(
            "warn,sluice={level},sluice_server={level},sluice_session={level},sluice_learn={level},\
             sluice_host={host}"
        ))
    });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        lines.with_target(false).compact().init();
    } else {
        lines.json().init();
    }
}
