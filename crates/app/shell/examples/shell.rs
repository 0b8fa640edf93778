//! The shell as a program of its own, which builds without the server and its C++:
//! `cargo run -p quorate-shell --example shell -- --host 127.0.0.1:9160`.

use clap::Parser;
use quorate_shell::ShellArgs;
use std::process::ExitCode;

/// A shell for CQL.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shell: ShellArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    quorate_shell::run(Cli::parse().shell).await
}
