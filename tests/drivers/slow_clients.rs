//! Clients that say nothing, little, or take no answers, hold next to no memory of a node, and not
//! for long.

use crate::clients::NATIVE_PORT;
use crate::clients::host;
use crate::clients::listening;
use anyhow::Context;
use anyhow::ensure;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::proto;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::time::Duration;
use std::time::Instant;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Connections of each kind.
const HALF_OPEN: usize = 500;
/// The handshake may take ten seconds, and a busy machine some more.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);
const MIB: u64 = 1 << 20;

/// Version 4, opcode STARTUP, CQL_VERSION 3.0.0.
const STARTUP: &[u8] =
    b"\x04\x00\x00\x00\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0";

async fn connect(cluster: &Cluster) -> anyhow::Result<TcpStream> {
    Ok(TcpStream::connect((host(cluster, 1)?, NATIVE_PORT)).await?)
}

async fn ready(cluster: &Cluster) -> anyhow::Result<TcpStream> {
    let mut stream = connect(cluster).await?;
    stream.write_all(STARTUP).await?;
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await?;
    ensure!(answer[4] == 2, "no READY: {answer:?}");
    Ok(stream)
}

/// Waits until the node closes the connection, whatever it says before.
async fn closed(stream: &mut TcpStream) -> anyhow::Result<()> {
    let mut bytes = [0; 1_024];
    let reading = async { while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(CLOSED_WITHIN, reading)
        .await
        .context("the connection stays open")
}

#[test]
fn connections_that_never_get_ready_are_closed_and_hold_little() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        listening(cluster, 1).await?;
        let before = cluster.resident_bytes(1)?;
        let mut streams = Vec::new();
        // Nothing; half a header; the beginning of the largest frame that is allowed.
        let large = [&[4, 0, 0, 0, 1, 0, 1, 0, 0][..], &[b'x'; 100]].concat();
        for said in [&[][..], &STARTUP[..5], &large] {
            for _ in 0..HALF_OPEN {
                let mut stream = connect(cluster).await?;
                stream.write_all(said).await?;
                streams.push(stream);
            }
        }
        let held = cluster.resident_bytes(1)?.saturating_sub(before);
        ensure!(
            held < 24 * MIB,
            "{} connections hold {held} bytes",
            streams.len()
        );
        let begun = Instant::now();
        for stream in &mut streams {
            closed(stream).await?;
        }
        ensure!(begun.elapsed() < CLOSED_WITHIN);
        // Nobody else was kept out.
        ready(cluster).await.map(drop)
    })
}

#[test]
fn a_connection_that_is_silent_for_too_long_is_closed() -> anyhow::Result<()> {
    let setup = Setup::nodes(1).set("native_idle_timeout_ms=1500");
    with_cluster(setup, async |cluster| {
        listening(cluster, 1).await?;
        let mut silent = ready(cluster).await?;
        let mut talks = ready(cluster).await?;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            // OPTIONS.
            talks.write_all(&[4, 0, 0, 0, 5, 0, 0, 0, 0]).await?;
            let mut header = [0; 9];
            talks
                .read_exact(&mut header)
                .await
                .context("who talks was cut off")?;
            let mut body = vec![0; usize::from(header[7]) << 8 | usize::from(header[8])];
            talks.read_exact(&mut body).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        closed(&mut silent).await
    })
}

/// QUERY on a stream, at ONE, without values.
fn query(stream: u8, text: &str) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(0).to_be_bytes();
    let body = [&length(text.len())[..], text.as_bytes(), &[0, 1, 0]].concat();
    [&[4, 0, 0, stream, 7][..], &length(body.len()), &body].concat()
}

#[test]
fn answers_that_nobody_takes_are_not_made() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        listening(cluster, 1).await?;
        let node = cluster.direct(1)?;
        let one = proto::Consistency::One;
        for statement in [
            "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            "CREATE TABLE shop.pictures (k int PRIMARY KEY, v blob)",
        ] {
            node.execute(statement, Vec::new(), one).await?;
        }
        let picture = quorate_tests::wire(vec![7; 1 << 20]);
        let insert = "INSERT INTO shop.pictures (k, v) VALUES (?, ?)";
        node.execute(insert, vec![integer(1), picture], one).await?;
        let select = query(1, "SELECT v FROM shop.pictures WHERE k = 1");
        let asked = 200;

        let before = cluster.resident_bytes(1)?;
        let mut streams = Vec::new();
        for _ in 0..5 {
            let mut stream = ready(cluster).await?;
            stream.write_all(&select.repeat(asked)).await?;
            streams.push(stream);
        }
        // 1,000 MiB are asked for. Looks until nothing more comes.
        let mut held = 0;
        until("the node has stopped reading", CLOSED_WITHIN, async || {
            let last = held;
            tokio::time::sleep(Duration::from_secs(1)).await;
            held = cluster.resident_bytes(1)?.saturating_sub(before);
            ensure!(held < 200 * MIB, "answers that wait hold {held} bytes");
            ensure!(held <= last + MIB, "still more");
            Ok(())
        })
        .await?;
        ensure!(held < 200 * MIB, "answers that wait hold {held} bytes");
        // Whoever reads after all gets every answer.
        let stream = streams.first_mut().context("no stream")?;
        for number in 0..asked {
            let mut header = [0; 9];
            stream.read_exact(&mut header).await?;
            let length = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
            ensure!(
                header[4] == 8 && u64::from(length) > MIB,
                "answer {number}: {header:?}"
            );
            let mut body = vec![0; usize::try_from(length)?];
            stream.read_exact(&mut body).await?;
        }
        Ok(())
    })
}
