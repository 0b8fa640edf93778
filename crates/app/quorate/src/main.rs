//! Quorate: a leaderless, replicated, wide-column database. One binary for everything.

mod dev;
mod operator;
mod serve;
mod settings;
mod telemetry;
mod world;

use clap::Parser;
use clap::Subcommand;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A leaderless, replicated, wide-column database that says what consistency it delivered.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a node.
    Serve(serve::ServeArgs),
    /// Opens the CQL shell.
    Shell(quorate_shell::ShellArgs),
    /// Asks a node for its state, or tells it to do something.
    Admin(quorate_admin::AdminArgs),
    /// Runs a cluster of several nodes on this machine, for trying things out.
    Dev(dev::DevArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Shell(args) => runtime(1)?.block_on(quorate_shell::run(args)),
        Command::Admin(args) => runtime(1)?.block_on(quorate_admin::run(args)),
        Command::Dev(args) => dev::run(&args),
    }
}

fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
}
