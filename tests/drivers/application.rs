//! An application of a foreign driver against three nodes, of which it is told one.
//!
//! Each program prints, for some keys of `single.keys`, the node it sent them to, as `routed 7
//! 127.0.16.2`. That table has one replica, and what the driver worked out must be what a node says
//! in a receipt.
//!
//! Its other program does little, but speaks TLS and logs in.

use crate::clients::converse;
use crate::clients::entrust;
use crate::clients::host;
use crate::clients::listening;
use crate::clients::no_passwords;
use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::proto;
use quorate_tests::with_cluster;
use std::process::Command;

/// Nodes of the cluster.
const NODES: u8 = 3;

/// Runs the program, which is given the address of the first node, and checks where it sent keys.
pub(crate) fn works(mut command: Command) -> anyhow::Result<()> {
    with_cluster(Setup::nodes(NODES), async |cluster| {
        listening(cluster, NODES).await?;
        command.arg(host(cluster, 1)?);
        let said = converse(cluster, command).await?;
        let mut keys = 0;
        for line in said.lines() {
            if let Some(routed) = line.strip_prefix("routed ") {
                check_routed(cluster, routed)
                    .await
                    .context(line.to_owned())?;
                keys += 1;
            }
        }
        ensure!(keys > 0, "no key was routed: {said}");
        Ok(())
    })
}

/// Runs a program that gets into a secured cluster, of which it is given the address of the first
/// node.
pub(crate) fn gets_in(mut command: Command) -> anyhow::Result<()> {
    with_cluster(Setup::nodes(NODES).secured(), async |cluster| {
        listening(cluster, NODES).await?;
        entrust(&mut command, cluster)?;
        command.arg(host(cluster, 1)?);
        let said = converse(cluster, command).await?;
        no_passwords(cluster, NODES, &said)
    })
}

async fn check_routed(cluster: &Cluster, routed: &str) -> anyhow::Result<()> {
    let (key, host) = routed.split_once(' ').context("a key and a node")?;
    let options = proto::Options {
        consistency: proto::Consistency::One.into(),
        receipt: true,
        ..proto::Options::default()
    };
    let select = "SELECT v FROM single.keys WHERE k = ?";
    let key = integer(key.parse::<i64>()?);
    let node = cluster.direct(1)?;
    let answer = node.execute_with(select, vec![key], options).await?;
    let receipt = answer.receipt.context("no receipt")?;
    let [replica] = &*receipt.replicas else {
        bail!("the key has the replicas {:?}", receipt.replicas);
    };
    let (address, _port) = replica.address.rsplit_once(':').context("no port")?;
    ensure!(address == host, "the key is kept by {address}");
    Ok(())
}
