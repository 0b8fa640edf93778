//! What connections cost that only stand there.

use anyhow::ensure;
use quorate_benches::Table;
use quorate_benches::nodes::Cluster;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::transport::Endpoint;

/// How many are held.
const HELD: [usize; 3] = [1, 100, 5_000];
/// How long the node is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(2);
/// STARTUP with CQL_VERSION 3.0.0, in version 4 of the protocol.
const STARTUP: &[u8] =
    b"\x04\x00\x00\x00\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0";

/// Memory of one node, without connections and with some of each kind.
pub(crate) async fn measure() -> anyhow::Result<Table> {
    let mut table = Table::new(
        "Idle connections to one node",
        &[
            "protocol",
            "connections",
            "RSS, MiB",
            "more than before, KiB each",
        ],
    );
    let (mut native, mut grpc) = (Vec::new(), Vec::new());
    for protocol in ["native", "gRPC"] {
        let cluster = Cluster::start(1, &[])?;
        cluster.settled().await?;
        tokio::time::sleep(REST).await;
        let before = cluster.resident_bytes()?;
        row(&mut table, protocol, 0, before, before);
        for count in HELD {
            if protocol == "native" {
                while native.len() < count {
                    native.push(native_connection(&cluster).await?);
                }
            } else {
                while grpc.len() < count {
                    grpc.push(grpc_connection(&cluster).await?);
                }
            }
            tokio::time::sleep(REST).await;
            row(
                &mut table,
                protocol,
                count,
                before,
                cluster.resident_bytes()?,
            );
        }
        native.clear();
        grpc.clear();
    }
    Ok(table)
}

fn row(table: &mut Table, protocol: &str, count: usize, before: u64, now: u64) {
    let each = now.saturating_sub(before) as f64 / count.max(1) as f64 / 1024.0;
    table.row([
        protocol.to_owned(),
        count.to_string(),
        format!("{:.1}", now as f64 / 1024.0 / 1024.0),
        format!("{each:.1}"),
    ]);
}

async fn native_connection(cluster: &Cluster) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(cluster.native_address(1)).await?;
    stream.write_all(STARTUP).await?;
    let mut ready = [0; 9];
    stream.read_exact(&mut ready).await?;
    ensure!(
        ready == [0x84, 0, 0, 0, 2, 0, 0, 0, 0],
        "no READY: {ready:?}"
    );
    Ok(stream)
}

async fn grpc_connection(cluster: &Cluster) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", cluster.address(1)))?;
    Ok(endpoint.connect().await?)
}
