//! What the tests of other people's clients share: where their tools are kept, how a client program
//! runs beside a cluster, and what is said when a tool is lacking.
//!
//! A client program prints what it does, line by line, and `done` at its end. What it cannot do
//! itself it asks for: for a line such as `! stop 2` the test does that to node 2 and answers `ok`
//! on the program's input. The verbs are `stop`, `kill` and `start`; `start` answers when the nodes
//! see each other again. `reissue 2 expired` gives node 2 another certificate: `none` is wrong with
//! it, or it is `expired`, `misnamed` or `strange`.
//!
//! A client program of a secured cluster finds in its environment how to get in: see [`entrust`].

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use quorate_tests::Cluster;
use quorate_tests::Flaw;
use quorate_tests::SUPERUSER;
use quorate_tests::SUPERUSER_PASSWORD;
use quorate_tests::until;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::TcpStream;

/// Where nodes speak the CQL native protocol.
pub(crate) const NATIVE_PORT: u16 = 9042;

/// How long a client program may take.
const CLIENT_MAX: Duration = Duration::from_mins(4);
/// How long a node that is up may take to listen on its native port.
const LISTEN_MAX: Duration = Duration::from_secs(10);
/// Lines that are shown of what a failing tool said.
const LINES_MAX: usize = 12;

/// Where things that outlast a test run are kept, as in deploy/env.sh.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("QUORATE_CACHE").map(PathBuf::from);
    let general = std::env::var_os("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("quorate"));
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/quorate"));
    named
        .or(general)
        .or(home)
        .context("no folder is known for caches")
}

/// Runs a tool to its end; when it fails, says how.
pub(crate) fn run(command: &mut Command) -> Result<Output, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(LINES_MAX)..)
        .unwrap_or_default();
    Err(format!(
        "{command:?}: {}\n{}",
        output.status,
        last.join("\n")
    ))
}

/// Says that a client is not tested here, past the capture of the test runner, so that it is seen.
pub(crate) fn skipped(client: &str, reason: &str) -> anyhow::Result<()> {
    writeln!(std::io::stderr(), "SKIPPED {client}: {reason}")?;
    Ok(())
}

/// Makes something in the cache while no other test does, in this process or another one.
pub(crate) fn alone<T>(
    name: &str,
    make: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let cache = cache()?;
    std::fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    // Released when the file is closed.
    lock.lock()?;
    make(&cache.join(name))
}

/// A Python environment in the cache that has these packages and can import those modules, made at
/// the first run; or why there is none.
pub(crate) fn python(
    name: &str,
    packages: &[&str],
    imports: &str,
) -> anyhow::Result<Result<PathBuf, String>> {
    alone(name, |environment| {
        let python = environment.join("bin/python");
        let import = format!("import {imports}");
        let tried = || run(Command::new(&python).args(["-c", &import]));
        if python.is_file() && tried().is_ok() {
            return Ok(Ok(python));
        }
        let made = run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment));
        let installed = made.and_then(|_| {
            run(Command::new(&python)
                .args(["-m", "pip", "install", "--quiet"])
                .arg("--disable-pip-version-check")
                .args(packages))
        });
        Ok(installed.and_then(|_| tried()).map(|_| python))
    })
}

/// The address of a node, without a port.
pub(crate) fn host(cluster: &Cluster, number: u8) -> anyhow::Result<String> {
    let address = cluster.client_address(number)?;
    let (host, _) = address.rsplit_once(':').context("no port")?;
    Ok(host.to_owned())
}

/// Waits until nodes 1 to `nodes` listen for drivers.
pub(crate) async fn listening(cluster: &Cluster, nodes: u8) -> anyhow::Result<()> {
    for number in 1..=nodes {
        let host = host(cluster, number)?;
        until("drivers can connect", LISTEN_MAX, async || {
            let connection = TcpStream::connect((&*host, NATIVE_PORT)).await;
            connection.with_context(|| format!("{host}:{NATIVE_PORT}"))
        })
        .await?;
    }
    Ok(())
}

/// Tells a client program how to get into a secured cluster: files in PEM, a name, a password.
pub(crate) fn entrust(command: &mut Command, cluster: &Cluster) -> anyhow::Result<()> {
    let security = cluster.security()?;
    command
        .env("QTEST_AUTHORITY", security.authority())
        .env("QTEST_STRANGER", security.strange_authority())
        .env("QTEST_CERTIFICATE", security.certificate("client"))
        .env("QTEST_KEY", security.key("client"))
        .env("QTEST_USER", SUPERUSER)
        .env("QTEST_PASSWORD", SUPERUSER_PASSWORD);
    Ok(())
}

/// Checks that neither a client nor the nodes 1 to `nodes` wrote a password down.
pub(crate) fn no_passwords(cluster: &Cluster, nodes: u8, said: &str) -> anyhow::Result<()> {
    ensure!(
        !said.contains("canary"),
        "a client shows a password: {said}"
    );
    for number in 1..=nodes {
        let log = cluster.log(number)?;
        ensure!(!log.contains("canary"), "node {number} logged a password");
    }
    Ok(())
}

/// Runs a client program beside the cluster and does what it asks for. Gives what it printed.
pub(crate) async fn converse(cluster: &mut Cluster, command: Command) -> anyhow::Result<String> {
    let conversation = talk(cluster, command);
    tokio::time::timeout(CLIENT_MAX, conversation)
        .await
        .with_context(|| format!("it did not end within {CLIENT_MAX:?}"))?
}

async fn talk(cluster: &mut Cluster, mut command: Command) -> anyhow::Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .context("the client cannot be started")?;
    let mut input = child.stdin.take().context("the client has no input")?;
    let output = child.stdout.take().context("the client has no output")?;
    let mut errors = child.stderr.take().context("the client has no errors")?;
    let complaints = tokio::spawn(async move {
        let mut bytes = Vec::new();
        errors.read_to_end(&mut bytes).await.map(|_| bytes)
    });
    let mut said = String::new();
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        eprintln!("{line}");
        if let Some(wish) = line.strip_prefix("! ") {
            grant(cluster, wish).await.context(line.clone())?;
            // A client that has ended meanwhile is heard of below.
            let _ = input.write_all(b"ok\n").await;
        }
        said.push_str(&line);
        said.push('\n');
    }
    let status = child.wait().await?;
    let complaints = complaints.await??;
    let complaints = String::from_utf8_lossy(&complaints);
    ensure!(status.success(), "{status}\n{said}{complaints}");
    ensure!(
        said.lines().last() == Some("done"),
        "it stopped early: {said}{complaints}"
    );
    Ok(said)
}

/// Does what a client program asked for.
async fn grant(cluster: &mut Cluster, wish: &str) -> anyhow::Result<()> {
    let mut words = wish.split(' ');
    let verb = words.next().context("no verb")?;
    let number: u8 = words.next().context("no node")?.parse()?;
    match (verb, words.next()) {
        ("stop", None) => cluster.stop(number).await,
        ("kill", None) => cluster.kill(number),
        ("start", None) => {
            cluster.start(number)?;
            cluster.settle().await?;
            listening(cluster, number).await
        }
        ("reissue", Some("none")) => cluster.reissue(number, Flaw::None),
        ("reissue", Some("expired")) => cluster.reissue(number, Flaw::Expired),
        ("reissue", Some("misnamed")) => cluster.reissue(number, Flaw::Misnamed),
        ("reissue", Some("strange")) => cluster.reissue(number, Flaw::Strange),
        _ => bail!("nobody knows how to {wish}"),
    }
}
