//! What the shell is started with, and what follows from it. Contacts nobody.

use crate::format::OutputFormat;
use clap::Args;
use quorate_access::AccessArgs;
use quorate_client::ConsistencyLevel;
use std::path::PathBuf;
use std::time::Duration;

/// What the shell is started with.
#[derive(Debug, Clone, Args)]
pub struct ShellArgs {
    /// A node to contact; the same as --host
    #[arg(value_name = "HOST")]
    pub(crate) positional_host: Option<String>,

    /// The port of that node's service [default: 9160]
    #[arg(value_name = "PORT")]
    pub(crate) positional_port: Option<u16>,

    /// Nodes to contact, host or host:port, separated by commas; one that answers is enough
    #[arg(
        long,
        env = "QUORATE_HOST",
        default_value = "127.0.0.1:9160",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    pub(crate) host: Vec<String>,

    /// As whom to come, and how to encrypt
    #[command(flatten)]
    pub(crate) access: AccessArgs,

    /// Runs these statements and ends
    #[arg(short, long, value_name = "STATEMENTS", conflicts_with = "file")]
    pub(crate) execute: Option<String>,

    /// Runs the statements of a file and ends
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The keyspace of names without one
    #[arg(short, long, value_name = "KEYSPACE")]
    pub(crate) keyspace: Option<String>,

    /// The consistency level to begin with; without, the nodes' default
    #[arg(long, value_name = "LEVEL", value_parser = consistency_level)]
    pub(crate) consistency: Option<ConsistencyLevel>,

    /// How rows are shown
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,

    /// Goes on after a statement that failed (with --execute, --file or a script on standard input)
    #[arg(long)]
    pub(crate) continue_on_error: bool,

    /// No colours
    #[arg(short = 'C', long)]
    pub(crate) no_color: bool,

    /// Seconds that a request may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) request_timeout: Duration,

    /// Seconds that connecting may take
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) connect_timeout: Duration,
}

impl ShellArgs {
    /// Whom to contact: the positional host, if there is one, else `--host`.
    pub(crate) fn contact_points(&self) -> Vec<String> {
        match (&self.positional_host, self.positional_port) {
            (Some(host), Some(port)) => vec![with_port(host, port)],
            (Some(host), None) => vec![host.clone()],
            (None, _) => self.host.clone(),
        }
    }
}

fn with_port(host: &str, port: u16) -> String {
    if host.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn consistency_level(name: &str) -> Result<ConsistencyLevel, String> {
    name.parse::<ConsistencyLevel>()
        .map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("expected seconds, got '{text}'"))?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("expected seconds above 0, got '{text}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        shell: ShellArgs,
    }

    fn parse(args: &[&str]) -> Result<ShellArgs, clap::Error> {
        let args = ["shell"].iter().chain(args);
        Cli::try_parse_from(args).map(|cli| cli.shell)
    }

    #[test]
    fn the_host_comes_by_position_or_by_name() {
        let points = |args: &[&str]| parse(args).unwrap().contact_points();
        assert_eq!(points(&["--host", "a,b:7"]), ["a", "b:7"]);
        assert_eq!(points(&["node-1"]), ["node-1"]);
        assert_eq!(points(&["node-1", "9161"]), ["node-1:9161"]);
        assert_eq!(points(&["::1", "9161"]), ["[::1]:9161"]);
    }

    #[test]
    fn wrong_settings_are_refused() {
        for wrong in [
            ["--consistency", "MOST"],
            ["--request-timeout", "-1"],
            ["--connect-timeout", "soon"],
            ["--format", "yaml"],
        ] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
        assert!(parse(&["-e", "a", "-f", "b"]).is_err());
        let args = parse(&["--consistency", "local_quorum", "--request-timeout", "0.5"]).unwrap();
        assert_eq!(args.consistency, Some(ConsistencyLevel::LocalQuorum));
        assert_eq!(args.request_timeout, Duration::from_millis(500));
    }
}
