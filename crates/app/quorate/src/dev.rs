//! `quorate dev N`: a cluster of N nodes on this machine, each a process of its own, on
//! 127.0.0.1, 127.0.0.2 and so on.

use crate::serve::told_to_stop;
use anyhow::Context;
use anyhow::ensure;
use clap::Args;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitCode;
use std::time::Duration;

/// What a local cluster is started with.
#[derive(Args)]
pub(crate) struct DevArgs {
    /// How many nodes, 1 to 20.
    nodes: u8,
    /// Where their data goes; a directory that is there is used again.
    #[arg(long, default_value = "quorate-dev")]
    data_directory: PathBuf,
    /// Forgets what the directory holds.
    #[arg(long)]
    fresh: bool,
    /// A setting for every node, as `page_size=100`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

/// Runs the cluster until it is interrupted, or one of its nodes ends.
pub(crate) fn run(args: &DevArgs) -> anyhow::Result<ExitCode> {
    ensure!(
        (1..=20).contains(&args.nodes),
        "expected 1 to 20 nodes, got {}",
        args.nodes
    );
    if args.fresh && args.data_directory.exists() {
        std::fs::remove_dir_all(&args.data_directory)
            .with_context(|| format!("{} cannot be removed", args.data_directory.display()))?;
    }
    let runtime = crate::runtime(1)?;
    let mut children = Vec::new();
    for number in 1..=args.nodes {
        children.push(start(args, number)?);
    }
    report(args);
    let outcome = runtime.block_on(watch(&mut children));
    stop(&mut children);
    outcome
}

fn start(args: &DevArgs, number: u8) -> anyhow::Result<Child> {
    let directory = args.data_directory.join(format!("node{number}"));
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    let log = directory.join("log");
    let log_file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&log);
    let log_file = log_file.with_context(|| format!("{} cannot be opened", log.display()))?;
    let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
    command.arg("serve").stderr(log_file);
    let own = [
        format!("data_directory={}", directory.display()),
        format!("listen_address=127.0.0.{number}"),
        "seeds=127.0.0.1:7000".to_owned(),
        format!("rack=rack{number}"),
        // A local cluster notices a stopped node in seconds.
        "gossip_interval_ms=200".to_owned(),
        "hint_dispatch_interval_ms=1000".to_owned(),
        // Nobody else reaches these addresses.
        "authentication=false".to_owned(),
    ];
    for setting in own.iter().chain(&args.settings) {
        command.args(["--set", setting]);
    }
    command.spawn().context("a node cannot be started")
}

fn report(args: &DevArgs) {
    for number in 1..=args.nodes {
        eprintln!(
            "node {number}: drivers at 127.0.0.{number}:9042, gRPC at 127.0.0.{number}:9160, log in {}",
            args.data_directory
                .join(format!("node{number}"))
                .join("log")
                .display()
        );
    }
    eprintln!("open a shell with: quorate shell    stop with Ctrl-C");
}

/// Waits for SIGINT (Ctrl-C) or SIGTERM, or for every node to end on its own.
async fn watch(children: &mut [Child]) -> anyhow::Result<ExitCode> {
    let mut told = Box::pin(told_to_stop());
    loop {
        tokio::select! {
            () = &mut told => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        let running = children
            .iter_mut()
            .filter_map(|child| child.try_wait().ok())
            .filter(Option::is_none);
        if running.count() == 0 {
            eprintln!("every node has ended; their logs say why");
            return Ok(ExitCode::FAILURE);
        }
    }
}

/// Asks the nodes to end, and waits until they have.
fn stop(children: &mut [Child]) {
    for child in children.iter() {
        // Ctrl-C in a terminal reached them too; a second SIGTERM does no harm.
        let told = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        if let Err(error) = told {
            eprintln!("node {} cannot be told to stop: {error}", child.id());
        }
    }
    for child in children {
        if let Err(error) = child.wait() {
            eprintln!("node {} cannot be waited for: {error}", child.id());
        }
    }
}
