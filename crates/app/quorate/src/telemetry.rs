//! Logs: text for people, JSON for machines, both to standard error.

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Starts logging.
pub(crate) fn start(format: &str, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("in log_filter")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if format == "json" {
        builder.json().try_init()
    } else {
        builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))
}
