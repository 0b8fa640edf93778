//! Cassandra's Python driver, unmodified, against three nodes: in each version of the protocol, while
//! nodes stop and start, and where one needs a password and a certificate.

use crate::clients::converse;
use crate::clients::entrust;
use crate::clients::host;
use crate::clients::listening;
use crate::clients::no_passwords;
use crate::clients::python;
use crate::clients::skipped;
use quorate_tests::SUPERUSER_PASSWORD;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The driver, the shell, and what they compress with; fixed, so that a failure is ours.
const PACKAGES: [&str; 4] = [
    "cassandra-driver==3.30.1",
    "cqlsh==6.2.2",
    "lz4==4.4.5",
    "python-snappy==0.7.3",
];

/// How we call it.
const DRIVER: &str = "Cassandra's Python driver";

/// A Python that has Cassandra's driver and shell, or why there is none.
pub(crate) fn environment() -> anyhow::Result<Result<PathBuf, String>> {
    python(
        "python-native",
        &PACKAGES,
        "cassandra.cluster, cqlshlib, lz4.block, snappy",
    )
}

/// One of our scripts, or why it cannot run.
fn program(script: &str) -> anyhow::Result<Result<Command, String>> {
    Ok(environment()?.map(|python| {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/python_native");
        let mut command = Command::new(python);
        command
            .arg(scripts.join(script))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }))
}

/// Runs one of our scripts against three nodes, which it gets as its first arguments.
fn check(script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    check_with(Setup::nodes(3), script, arguments)
}

fn check_with(setup: Setup, script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = match program(script)? {
        Ok(command) => command,
        Err(reason) => return skipped(DRIVER, &reason),
    };
    with_cluster(setup, async |cluster| {
        listening(cluster, 3).await?;
        for number in 1..=3 {
            command.arg(host(cluster, number)?);
        }
        command.args(arguments);
        if cluster.security().is_ok() {
            entrust(&mut command, cluster)?;
        }
        let said = converse(cluster, command).await?;
        no_passwords(cluster, 3, &said)
    })
}

#[test]
fn protocol_3_serves_the_python_driver() -> anyhow::Result<()> {
    check("basics.py", &["3", "snappy"])
}

#[test]
fn protocol_4_serves_the_python_driver() -> anyhow::Result<()> {
    check("basics.py", &["4", "lz4"])
}

#[test]
fn protocol_5_serves_the_python_driver() -> anyhow::Result<()> {
    check("basics.py", &["5", "lz4"])
}

#[test]
fn a_python_driver_that_names_no_protocol_finds_the_newest() -> anyhow::Result<()> {
    check("basics.py", &["any", "none"])
}

#[test]
fn a_node_that_stops_and_starts_is_no_error_to_the_python_driver() -> anyhow::Result<()> {
    check("restarts.py", &[])
}

#[test]
fn who_has_no_password_or_no_permission_is_refused() -> anyhow::Result<()> {
    check_with(
        Setup::nodes(3).with_roles(),
        "login.py",
        &[SUPERUSER_PASSWORD],
    )
}

#[test]
fn the_python_driver_speaks_tls_and_logs_in() -> anyhow::Result<()> {
    check_with(Setup::nodes(3).secured(), "secured.py", &[])
}

#[test]
fn the_python_driver_shows_a_certificate_where_one_is_wanted() -> anyhow::Result<()> {
    let mut command = match program("mutual.py")? {
        Ok(command) => command,
        Err(reason) => return skipped(DRIVER, &reason),
    };
    with_cluster(Setup::nodes(1).secured(), async |cluster| {
        let authority = cluster.security()?.authority();
        cluster.stop(1).await?;
        cluster.set(1, &format!("client_tls_authority={}", authority.display()))?;
        cluster.start(1)?;
        listening(cluster, 1).await?;
        entrust(&mut command, cluster)?;
        command.arg(host(cluster, 1)?);
        let said = converse(cluster, command).await?;
        no_passwords(cluster, 1, &said)
    })
}
