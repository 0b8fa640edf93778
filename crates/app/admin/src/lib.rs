//! The operator's verbs: asks one node and prints what it answers, for people or for programs.
//!
//! Decides how answers look. Knows no cluster of its own: every number is the asked node's. Start
//! with [`run`]; `report.rs` has a type for each answer.
//!
//! # JSON
//!
//! With `--output json` each verb prints one object on one line, with these fields. Fields may be
//! added, none is renamed or removed. Tokens are strings, since most readers of JSON round
//! integers of 64 bits; ids are uuids; shares (`owns`) go from 0 to 1; times are milliseconds
//! since 1970.
//!
//! | verb | object |
//! |---|---|
//! | `status` | `cluster`, `epoch`, `keyspace` (null without one), `nodes`: `up`, `state`, `address`, `client_address`, `load_bytes`, `tokens`, `owns`, `host_id`, `datacenter`, `rack`, `build` |
//! | `ring` | `tokens`: `token`, `address`, `host_id`, `datacenter`, `rack`, `up`, `state`, `owns` |
//! | `describecluster` | `name`, `partitioner`, `epoch`, `schema_version`, `metadata_replicas`, `epochs`: (`epoch`, `addresses`), `unreachable`, `keyspaces`: name to replication |
//! | `gossipinfo` | `endpoints`: `host_id`, `generation`, `heartbeat`, `up`, `phi`, `states`: name to value |
//! | `getendpoints` | `token`, `endpoints`: `address`, `host_id` |
//! | `tablestats` | `tables`: `keyspace`, `table`, `keys_estimated`, `bytes_on_disk`, `memtable_bytes`, `files`, `reads`, `writes`, `sweeps`, `swept_entries` |
//! | `flush` | `tables`: how many |
//! | `compact` | `tables`, `entries_read`, `entries_purged`, `bytes_before`, `bytes_after` |
//! | `drain` | `drained`: true |
//! | `listpendinghints` | `targets`: `host_id`, `address`, `up`, `files`, `hints`, `bytes`, `oldest_millis` (null without hints) |
//!
//! # Exit codes
//!
//! 0 when the node answered, 2 when it refused (the reason goes to the standard error). That it
//! could not be reached is the error of [`run`].

mod ask;
mod layout;
mod report;
mod text;

#[cfg(test)]
mod tests;

use anyhow::Context;
use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use quorate_access::AccessArgs;
use std::io::Write;
use std::process::ExitCode;

/// What the node refuses ends with this code.
const REFUSED: u8 = 2;

/// Which node to ask, what, and how to print it.
#[derive(Debug, Clone, Args)]
pub struct AdminArgs {
    /// The node to ask, HOST or HOST:PORT
    #[arg(
        long,
        global = true,
        env = "QUORATE_HOST",
        default_value = "127.0.0.1:9160"
    )]
    pub host: String,
    /// As whom to ask, and how to encrypt
    #[command(flatten)]
    pub access: AccessArgs,
    /// How to print the answer
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Output,
    /// What to ask
    #[command(subcommand)]
    pub verb: Verb,
}

/// For whom an answer is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns, for people
    #[default]
    Text,
    /// One object on one line, for programs
    Json,
}

/// The operator's verbs.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[command(rename_all = "lower")]
pub enum Verb {
    /// Every node: up or down, state, load, share of the ring
    Status {
        /// Whose replication the shares count; without, the bare ring's
        keyspace: Option<String>,
    },
    /// Every token of the ring
    Ring,
    /// Name, epoch, schema, who decides the metadata, who lags behind
    DescribeCluster,
    /// What gossip knows of each node
    GossipInfo,
    /// The replicas of a partition
    GetEndpoints {
        /// The keyspace
        keyspace: String,
        /// The table
        table: String,
        /// The partition key as text, its components separated by ':'
        key: String,
    },
    /// Sizes and counts of tables on the asked node
    TableStats {
        /// KEYSPACE or KEYSPACE.TABLE; without, every table
        tables: Option<Tables>,
    },
    /// Writes what is in memory to files
    Flush {
        /// KEYSPACE or KEYSPACE.TABLE; without, every table
        tables: Option<Tables>,
    },
    /// Purges what may go, then compacts
    Compact {
        /// KEYSPACE or KEYSPACE.TABLE; without, every table
        tables: Option<Tables>,
    },
    /// Stops taking requests and flushes: the node can be stopped then
    Drain,
    /// Hints that wait on the asked node for others
    ListPendingHints,
}

/// A keyspace, or one table of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// The keyspace.
    pub keyspace: String,
    /// The table; empty for all of the keyspace.
    pub table: String,
}

impl std::str::FromStr for Tables {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (keyspace, table) = text.split_once('.').unwrap_or((text, ""));
        let is_half = text.contains('.') && table.is_empty();
        if keyspace.is_empty() || is_half || table.contains('.') {
            return Err(format!("expected KEYSPACE or KEYSPACE.TABLE, got '{text}'"));
        }
        Ok(Self {
            keyspace: keyspace.to_owned(),
            table: table.to_owned(),
        })
    }
}

/// Asks and prints.
///
/// # Errors
/// The node cannot be reached, or the answer cannot be printed.
pub async fn run(args: AdminArgs) -> anyhow::Result<ExitCode> {
    let access = args.access.access()?;
    let mut service = ask::connect(&args.host, access)
        .await
        .with_context(|| format!("cannot reach {}", args.host))?;
    let report = match ask::ask(&mut service, &args.verb).await {
        Ok(report) => report,
        Err(status) if ask::is_refusal(&status) => {
            let mut stderr = std::io::stderr().lock();
            writeln!(stderr, "{}", status.message())?;
            return Ok(ExitCode::from(REFUSED));
        }
        Err(status) => {
            let asked = format!("{} did not answer", args.host);
            return Err(anyhow::Error::new(status).context(asked));
        }
    };
    let printed = match args.output {
        Output::Text => text::of(&report),
        Output::Json => serde_json::to_string(&report)?,
    };
    match writeln!(std::io::stdout().lock(), "{}", printed.trim_end()) {
        // Whoever reads had enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        outcome => outcome?,
    }
    Ok(ExitCode::SUCCESS)
}
