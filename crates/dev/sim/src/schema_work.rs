//! A client that changes the schema: tables made by several nodes at once, columns added under load,
//! tables dropped.

use crate::cluster::Cluster;
use crate::executor::Group;
use crate::executor::lock;
use crate::history::SchemaAction;
use crate::history::SchemaRequest;
use crate::history::WriteOutcome;
use crate::network::NodeIndex;
use crate::rng::Rng;
use crate::workload::execute;
use crate::workload::summary;
use quorate_request::Options;
use quorate_types::RequestError;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// How long a client waits for a change.
const PATIENCE: Duration = Duration::from_secs(15);
/// The mean time between changes.
const PAUSE_MICROS: f64 = 1_200_000.0;

/// Changes the schema until `stopped`.
pub(crate) async fn change_schema(cluster: Cluster, stopped: Arc<Mutex<bool>>) {
    let mut rng = Rng::stream(cluster.plan().seed, "schema", 0);
    let nodes = cluster.plan().nodes;
    let mut made: Vec<String> = Vec::new();
    let mut number = 0;
    loop {
        let pause = Duration::from_micros(rng.exponential(PAUSE_MICROS) as u64);
        cluster.executor().sleep(pause).await;
        if *lock(&stopped) {
            return;
        }
        number += 1;
        match rng.below(4) {
            0 | 1 => {
                let table = format!("extra{number}");
                for _ in 0..rng.between(1, 3) {
                    let node = rng.index(nodes);
                    change_table(&cluster, node, table.clone(), SchemaAction::Create);
                }
                made.push(table);
            }
            2 => {
                if let Some(table) = made.pop() {
                    change_table(&cluster, rng.index(nodes), table, SchemaAction::Drop);
                }
            }
            _ => {
                let table = rng.pick(&cluster.plan().tables).map(|table| table.name.clone());
                let Some(table) = table else { continue };
                let text = format!("ALTER TABLE ks.{table} ADD more{number} text");
                let (cluster, node) = (cluster.clone(), rng.index(nodes));
                let executor = cluster.executor().clone();
                executor.spawn(Group::WORLD, async move {
                    statement(&cluster, node, text).await;
                });
            }
        }
    }
}

/// Sends a change beside the caller, and writes down what comes of it.
fn change_table(cluster: &Cluster, node: NodeIndex, table: String, action: SchemaAction) {
    let text = match action {
        SchemaAction::Create => format!("CREATE TABLE ks.{table} (pk int PRIMARY KEY, v int)"),
        SchemaAction::Drop => format!("DROP TABLE ks.{table}"),
    };
    let index = {
        let mut history = lock(cluster.history());
        history.schema.push(SchemaRequest {
            invoked: cluster.executor().now_micros(),
            table,
            action,
            outcome: WriteOutcome::Unknown,
        });
        history.schema.len() - 1
    };
    let cluster = cluster.clone();
    let executor = cluster.executor().clone();
    executor.spawn(Group::WORLD, async move {
        let outcome = statement(&cluster, node, text).await;
        if let Some(request) = lock(cluster.history()).schema.get_mut(index) {
            request.outcome = outcome;
        }
    });
}

/// Runs a schema statement on a node.
pub(crate) async fn statement(cluster: &Cluster, node: NodeIndex, text: String) -> WriteOutcome {
    let sent = text.clone();
    let asked = |node| execute(node, false, sent, Vec::new(), Options::default());
    let answer = cluster.request(node, PATIENCE, asked).await;
    let executor = cluster.executor();
    executor.note(format_args!("ddl n{node} {text}: {}", summary(&answer)));
    match answer {
        Ok(Ok(_)) => WriteOutcome::Acknowledged(executor.now_micros()),
        Ok(Err(
            RequestError::AlreadyExists { .. }
            | RequestError::Invalid(_)
            | RequestError::Bootstrapping(_)
            | RequestError::Overloaded(_),
        ))
        | Err(crate::cluster::NoAnswer::NotConnected) => WriteOutcome::Refused,
        Ok(Err(_)) | Err(crate::cluster::NoAnswer::Lost) => WriteOutcome::Unknown,
    }
}
