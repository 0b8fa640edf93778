//! A run from beginning to end: the cluster forms, works under faults, heals, and is looked at.
//!
//! ```text
//!   form ──▶ work under faults ──▶ heal: faults stop, everything must converge in bounded time
//!        ──▶ read everything at ALL ──▶ compare the replicas
//! ```

use crate::checkers::Violation;
use crate::checkers::replicas_equal_after_healing;
use crate::checkers::replicas_equal_after_healing::Holdings;
use crate::checkers::replicas_equal_after_healing::PartitionName;
use crate::checkers::stored_hints_arrive;
use crate::cluster::Cluster;
use crate::executor::Group;
use crate::executor::lock;
use crate::faults::Nemesis;
use crate::history::Register;
use crate::history::WriteOutcome;
use crate::network::NodeIndex;
use crate::planted::PlantedBug;
use crate::rng::Rng;
use crate::schema_work::PATIENCE;
use crate::schema_work::change_schema;
use crate::schema_work::statement;
use crate::statements::Statements;
use crate::workload::Client;
use crate::workload::execute;
use crate::workload::read_finally;
use crate::workload::summary;
use crate::world::WALL_BEGIN_MICROS;
use quorate_data::Limits;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Slice;
use quorate_data::memory::MemoryTable;
use quorate_data::partition;
use quorate_node::Engine;
use quorate_node::Node;
use quorate_query::BoundValue;
use quorate_request::Frontend;
use quorate_request::Options;
use quorate_types::ConsistencyLevel;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use quorate_types::Token;
use quorate_types::TokenRange;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// How long the cluster may take to form.
const FORMING_MAX: Duration = Duration::from_mins(1);
/// How long it may take to converge once faults have stopped.
const CONVERGING_MAX: Duration = Duration::from_mins(3);
/// How often it is looked at meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Between the end of the work and the final look: longer than logged batches wait for their replay,
/// with some rounds of hints after it.
const SETTLING: Duration = Duration::from_secs(25);
/// How long clients go on after faults have stopped: longer than what faults have delayed takes.
const AFTERGLOW: Duration = Duration::from_secs(4);

/// Runs a plan; returns what the comparison of the replicas found.
pub(crate) async fn run(cluster: Cluster, planted: Option<PlantedBug>) -> Vec<Violation> {
    if let Err(trouble) = form(&cluster, planted).await {
        cluster.trouble(trouble);
        return Vec::new();
    }
    work_under_faults(&cluster).await;
    if let Err(trouble) = converge(&cluster).await {
        cluster.trouble(trouble);
        return Vec::new();
    }
    let mut violations = check_hints(&cluster);
    if let Err(trouble) = look(&cluster).await {
        cluster.trouble(trouble);
    } else {
        violations.extend(compare_replicas(&cluster));
    }
    violations
}

/// Whether every hint that was ever stored did its work.
fn check_hints(cluster: &Cluster) -> Vec<Violation> {
    let tables: BTreeMap<HostId, BTreeMap<TableId, MemoryTable>> = cluster
        .indices()
        .filter_map(|index| {
            let disk = cluster.disk(index)?;
            let tables = lock(&disk).tables.clone();
            Some((cluster.host(index), tables))
        })
        .collect();
    stored_hints_arrive::check(&cluster.stored_hints(), |host, id| {
        tables.get(&host).and_then(|tables| tables.get(&id))
    })
}

async fn form(cluster: &Cluster, planted: Option<PlantedBug>) -> Result<(), String> {
    let mut rng = Rng::stream(cluster.plan().seed, "forming", 0);
    let mut order: Vec<NodeIndex> = cluster.indices().collect();
    while !order.is_empty() {
        let node = order.swap_remove(rng.index(order.len()));
        cluster.start(node, false);
        let pause = Duration::from_micros(rng.below(500_000));
        cluster.executor().sleep(pause).await;
    }
    for _ in 0..cluster.plan().crashes_while_forming {
        let node = rng.index(cluster.plan().nodes);
        cluster.crash(node);
        let executor = cluster.executor();
        executor
            .sleep(Duration::from_micros(rng.below(300_000)))
            .await;
        cluster.start(node, false);
        executor
            .sleep(Duration::from_micros(rng.below(600_000)))
            .await;
    }
    until(
        cluster,
        FORMING_MAX,
        "the cluster does not form",
        all_together,
    )
    .await?;
    let factor = cluster.plan().replication_factor;
    let keyspace = format!(
        "CREATE KEYSPACE IF NOT EXISTS ks WITH replication = \
         {{'class': 'SimpleStrategy', 'replication_factor': {factor}}}"
    );
    everywhere(cluster, &keyspace).await?;
    let read_repair = if planted == Some(PlantedBug::SkipReadRepair) {
        "NONE"
    } else {
        "BLOCKING"
    };
    for table in &cluster.plan().tables {
        everywhere(cluster, &Statements::create_table(table, read_repair)).await?;
    }
    everywhere(cluster, Statements::CREATE_LEDGER).await
}

/// Runs a schema statement on every node at once; it must succeed on all, being idempotent.
async fn everywhere(cluster: &Cluster, text: &str) -> Result<(), String> {
    let asked = cluster
        .indices()
        .map(|node| statement(cluster, node, PATIENCE, text.to_owned()));
    let outcomes = futures_util::future::join_all(asked).await;
    let done = |outcome: &WriteOutcome| matches!(outcome, WriteOutcome::Acknowledged(_));
    if outcomes.iter().all(done) {
        Ok(())
    } else {
        Err(format!("without faults, '{text}' ended as {outcomes:?}"))
    }
}

async fn work_under_faults(cluster: &Cluster) {
    let stopped = Arc::new(Mutex::new(false));
    let executor = cluster.executor();
    let clients = 0..cluster.plan().clients as u64;
    let working = clients.map(|number| Client::new(cluster.clone(), number, stopped.clone()));
    let working: Vec<_> = working
        .map(|client| joined(cluster, client.work()))
        .collect();
    if cluster.plan().schema_changes {
        executor.spawn(
            Group::WORLD,
            change_schema(cluster.clone(), stopped.clone()),
        );
    }
    let nemesis = Nemesis::new(cluster.clone());
    executor.spawn(Group::WORLD, nemesis.clone().rage());
    executor.sleep(cluster.plan().fault_time).await;
    nemesis.heal();
    executor.sleep(AFTERGLOW).await;
    *lock(&stopped) = true;
    for client in working {
        drop(client.await);
    }
    executor.note(format_args!("clients are done"));
}

/// Runs a task beside the caller, who can wait for its end.
fn joined(
    cluster: &Cluster,
    task: impl Future<Output = ()> + Send + 'static,
) -> tokio::sync::oneshot::Receiver<()> {
    let (done, ended) = tokio::sync::oneshot::channel();
    cluster.executor().spawn(Group::WORLD, async move {
        task.await;
        // Nobody may be waiting.
        let _ = done.send(());
    });
    ended
}

/// Waits until something holds, looking every now and then.
async fn until(
    cluster: &Cluster,
    limit: Duration,
    what: &str,
    holds: impl Fn(&Cluster) -> Result<(), String>,
) -> Result<(), String> {
    let executor = cluster.executor();
    let ends = executor.now_micros() + limit.as_micros() as u64;
    loop {
        match holds(cluster) {
            Ok(()) => return Ok(()),
            Err(why) if executor.now_micros() >= ends => {
                return Err(format!("{what} in {limit:?}: {why}"));
            }
            Err(_) => executor.sleep(LOOK_INTERVAL).await,
        }
    }
}

/// Every node serves, thinks every other up, and is at the same epoch.
fn all_together(cluster: &Cluster) -> Result<(), String> {
    let mut epochs = Vec::new();
    for index in cluster.indices() {
        let node = cluster.node(index);
        let node = node.filter(Node::is_serving);
        let node = node.ok_or_else(|| format!("node {index} does not serve"))?;
        let metadata = node.metadata();
        if metadata.present_nodes().count() != cluster.plan().nodes {
            return Err(format!("node {index} does not know all nodes"));
        }
        for other in cluster.indices() {
            if !node.is_up(cluster.host(other)) {
                return Err(format!("node {index} thinks node {other} down"));
            }
        }
        epochs.push(metadata.epoch);
    }
    epochs.dedup();
    if epochs.len() > 1 {
        return Err(format!("epochs differ: {epochs:?}"));
    }
    Ok(())
}

/// As [`all_together`], and no hint waits for delivery.
fn all_quiet(cluster: &Cluster) -> Result<(), String> {
    all_together(cluster)?;
    for index in cluster.indices() {
        let node = cluster.node(index);
        let hints = node
            .map(|node| node.engine().hint_summary())
            .unwrap_or_default();
        if !hints.is_empty() {
            return Err(format!("node {index} keeps hints: {hints:?}"));
        }
    }
    Ok(())
}

async fn converge(cluster: &Cluster) -> Result<(), String> {
    let what = "the cluster does not converge";
    until(cluster, CONVERGING_MAX, what, all_together).await?;
    cluster.executor().note(format_args!("all are together"));
    new_table_works(cluster).await?;
    cluster.executor().sleep(SETTLING).await;
    until(cluster, CONVERGING_MAX, what, all_quiet).await?;
    cluster.executor().note(format_args!("all is quiet"));
    Ok(())
}

/// Without faults everything works: a table made through one node takes writes through all the
/// others at once.
async fn new_table_works(cluster: &Cluster) -> Result<(), String> {
    let text = "CREATE TABLE ks.afterwards (pk int PRIMARY KEY, v int)".to_owned();
    let outcome = statement(cluster, 0, PATIENCE, text).await;
    if !matches!(outcome, WriteOutcome::Acknowledged(_)) {
        return Err("without faults, a table cannot be made".to_owned());
    }
    for index in cluster.indices() {
        let text = "INSERT INTO ks.afterwards (pk, v) VALUES (?, ?)".to_owned();
        let values = vec![BoundValue::Integer(index as i64), BoundValue::Integer(1)];
        let options = Options {
            consistency: Some(ConsistencyLevel::All),
            ..Options::default()
        };
        let asked = |node| execute(node, true, text, values, options);
        let answer = cluster.request(index, Duration::from_secs(10), asked).await;
        if !matches!(answer, Ok(Ok(_))) {
            let said = summary(&answer);
            return Err(format!(
                "without faults, a write through node {index} ended as {said}"
            ));
        }
    }
    Ok(())
}

/// Reads every table at ALL, from two nodes: the first read repairs, the second must agree.
async fn look(cluster: &Cluster) -> Result<(), String> {
    let mut rng = Rng::stream(cluster.plan().seed, "looking", 0);
    let statements = Statements::new(cluster.plan());
    let tables = 0..statements.ledger();
    let mut selections: Vec<_> = tables
        .filter_map(|table| statements.select_all(table))
        .collect();
    selections.push(statements.select_ledger(ledger_cells(cluster, statements.ledger())));
    for selection in selections {
        for _ in 0..2 {
            let node = rng.index(cluster.plan().nodes);
            read_finally(cluster, node, selection.clone())
                .await
                .map_err(|why| format!("without faults, a read at ALL ended as {why}"))?;
        }
    }
    let tables: Vec<Vec<String>> = cluster
        .indices()
        .map(|index| {
            cluster
                .node(index)
                .map(|node| known_tables(&node))
                .unwrap_or_default()
        })
        .collect();
    lock(cluster.history()).final_tables = tables;
    Ok(())
}

/// Every row that was ever meant for the ledger.
fn ledger_cells(cluster: &Cluster, ledger: usize) -> Vec<Register> {
    let history = lock(cluster.history());
    let cells = history.writes.iter().flat_map(|write| &write.cells);
    let cells = cells.map(|(cell, _)| *cell);
    cells.filter(|cell| cell.table == ledger).collect()
}

fn known_tables(node: &impl Frontend) -> Vec<String> {
    let metadata = node.metadata();
    let keyspace = metadata.keyspace("ks").ok();
    let tables = keyspace
        .into_iter()
        .flat_map(|keyspace| keyspace.tables.keys());
    tables.cloned().collect()
}

/// Compares what the replicas of each partition hold.
fn compare_replicas(cluster: &Cluster) -> Vec<Violation> {
    let Some(metadata) = cluster.node(0).map(|node| node.metadata()) else {
        return Vec::new();
    };
    let Ok(keyspace) = metadata.keyspace("ks") else {
        return Vec::new();
    };
    let now = WALL_BEGIN_MICROS / 1_000_000 + cluster.executor().now_micros() as i64 / 1_000_000;
    let mut replicas: BTreeMap<HostId, Holdings> = BTreeMap::new();
    let mut violations = Vec::new();
    for index in cluster.indices() {
        let Some(disk) = cluster.disk(index) else {
            continue;
        };
        let holdings = replicas.entry(cluster.host(index)).or_default();
        for schema in keyspace.tables.values() {
            let command = everything_of(schema.id, now as u32);
            let disk = lock(&disk);
            let Some(table) = disk.tables.get(&schema.id) else {
                continue;
            };
            match partition::read(table, &command) {
                Ok(reply) => {
                    let partitions = reply.partitions.into_iter();
                    holdings.extend(partitions.map(|partition| {
                        let name = (schema.name.clone(), partition.key.to_vec());
                        (name, partition.entries)
                    }));
                }
                Err(error) => violations.push(Violation {
                    guarantee: "replicas equal after healing",
                    what: format!(
                        "node {index} cannot read its table {}: {error}",
                        schema.name
                    ),
                }),
            }
        }
    }
    let placement = |(_, key): &PartitionName| {
        let replicas = metadata.replicas(keyspace, Token::of_key(key));
        let hosts = replicas.natural.iter().map(|replica| replica.host_id);
        hosts.collect()
    };
    violations.extend(replicas_equal_after_healing::check(&replicas, placement));
    violations
}

fn everything_of(table: TableId, now: u32) -> ReadCommand {
    ReadCommand {
        table,
        epoch: Epoch::NONE,
        now: NowInSeconds(now),
        purge_before_secs: 0,
        target: ReadTarget::Range(TokenRange::FULL),
        slices: vec![Slice::everything()],
        reversed: false,
        limits: Limits {
            rows: u32::MAX,
            rows_per_partition: u32::MAX,
            reply_bytes: u32::MAX,
            tombstones: u32::MAX,
        },
        after: None,
    }
}
