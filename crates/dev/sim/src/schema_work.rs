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
use futures_util::future::join_all;
use quorate_request::Options;
use quorate_types::RequestError;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// How long a client waits for a change.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// The mean time between changes.
const PAUSE_MICROS: f64 = 1_200_000.0;

/// Changes the schema until `stopped`.
pub(crate) async fn change_schema(cluster: Cluster, stopped: Arc<Mutex<bool>>) {
    let mut rng = Rng::stream(cluster.plan().seed, "schema", 0);
    let nodes = cluster.plan().nodes;
    let made: Arc<Mutex<Vec<String>>> = Arc::default();
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
                let hang_up_share = cluster.plan().hang_up_share;
                let asked = (0..rng.between(1, 3))
                    .map(|_| (rng.index(nodes), a_patience(&mut rng, hang_up_share)))
                    .collect();
                let executor = cluster.executor();
                executor.spawn(
                    Group::WORLD,
                    make(cluster.clone(), asked, table, made.clone()),
                );
            }
            2 => {
                let table = lock(&made).pop();
                if let Some(table) = table {
                    let node = rng.index(nodes);
                    let patience = a_patience(&mut rng, cluster.plan().hang_up_share);
                    let action = SchemaAction::Drop;
                    let dropping = change_table(cluster.clone(), node, table, action, patience);
                    cluster.executor().spawn(Group::WORLD, async move {
                        dropping.await;
                    });
                }
            }
            _ => {
                let table = rng
                    .pick(&cluster.plan().tables)
                    .map(|table| table.name.clone());
                let Some(table) = table else { continue };
                let text = format!("ALTER TABLE ks.{table} ADD more{number} text");
                let (cluster, node) = (cluster.clone(), rng.index(nodes));
                let patience = a_patience(&mut rng, cluster.plan().hang_up_share);
                let executor = cluster.executor().clone();
                executor.spawn(Group::WORLD, async move {
                    statement(&cluster, node, patience, text).await;
                });
            }
        }
    }
}

/// Most clients wait; some hang up in the middle.
fn a_patience(rng: &mut Rng, hang_up_share: f64) -> Duration {
    if rng.chance(4.0 * hang_up_share) {
        Duration::from_micros(rng.log_uniform(200.0, 100_000.0) as u64)
    } else {
        PATIENCE
    }
}

/// Makes a table through several nodes at once. It may be dropped later when it is certain that
/// nobody is still making it.
async fn make(
    cluster: Cluster,
    asked: Vec<(NodeIndex, Duration)>,
    table: String,
    made: Arc<Mutex<Vec<String>>>,
) {
    let asked = asked.into_iter().map(|(node, patience)| {
        let (cluster, table) = (cluster.clone(), table.clone());
        change_table(cluster, node, table, SchemaAction::Create, patience)
    });
    let outcomes = join_all(asked).await;
    if !outcomes.contains(&WriteOutcome::Unknown) {
        lock(&made).push(table);
    }
}

/// Sends a change and writes down what comes of it.
async fn change_table(
    cluster: Cluster,
    node: NodeIndex,
    table: String,
    action: SchemaAction,
    patience: Duration,
) -> WriteOutcome {
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
    let outcome = statement(&cluster, node, patience, text).await;
    if let Some(request) = lock(cluster.history()).schema.get_mut(index) {
        request.outcome = outcome;
    }
    outcome
}

/// Runs a schema statement on a node.
pub(crate) async fn statement(
    cluster: &Cluster,
    node: NodeIndex,
    patience: Duration,
    text: String,
) -> WriteOutcome {
    let sent = text.clone();
    let asked = |node| execute(node, false, sent, Vec::new(), Options::default());
    let answer = cluster.request(node, patience, asked).await;
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
