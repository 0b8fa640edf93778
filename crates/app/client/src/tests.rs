//! The driver against servers that answer as each test says.

use crate::Batch;
use crate::Client;
use crate::ClientError;
use crate::ConsistencyLevel;
use crate::CqlType;
use crate::PreparedStatement;
use crate::Query;
use crate::RequestError;
use crate::RequestOptions;
use crate::Values;
use crate::WriteType;
use crate::mock::Action;
use crate::mock::MockCluster;
use crate::mock::execute;
use crate::mock::node_id;
use crate::mock::void;
use crate::proto;
use bytes::Bytes;
use futures_util::TryStreamExt;
use proto::execute_request::Statement;
use proto::execute_response::Result as ResultKind;
use proto::session_request::Request;
use proto::session_response::Response;
use quorate_types::Token;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const ID: &[u8] = &[7; 16];

fn column(name: &str) -> proto::Column {
    proto::Column {
        keyspace: "shop".to_owned(),
        table: "carts".to_owned(),
        name: name.to_owned(),
        r#type: "int".to_owned(),
    }
}

fn integer(number: i64) -> proto::Value {
    proto::Value {
        kind: Some(proto::value::Kind::Integer(number)),
    }
}

fn rows(numbers: impl IntoIterator<Item = i64>, paging_state: &str) -> Action {
    let rows = numbers.into_iter().map(|number| proto::Row {
        values: vec![integer(number)],
    });
    execute(ResultKind::Rows(proto::Rows {
        columns: vec![column("k")],
        rows: rows.collect(),
        paging_state: Bytes::copy_from_slice(paging_state.as_bytes()),
    }))
}

/// An idempotent `INSERT INTO carts (k, v) VALUES (?, ?)`.
fn prepared() -> Action {
    Action::Answer(Response::Prepare(proto::PrepareResponse {
        id: Bytes::from_static(ID),
        markers: vec![column("k"), column("v")],
        result_columns: Vec::new(),
        partition_key_markers: vec![0],
        idempotent: true,
        reads: false,
    }))
}

fn answer(request: &Request) -> Action {
    match request {
        Request::Prepare(_) => prepared(),
        Request::Execute(_) | Request::Batch(_) => void(),
    }
}

async fn client(cluster: &MockCluster) -> Client {
    Client::connect(&cluster.address(0)).await.unwrap()
}

async fn insert(client: &Client) -> PreparedStatement {
    let cql = "INSERT INTO carts (k, v) VALUES (?, ?)";
    client.prepare(cql).await.unwrap()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "waiting for {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn unavailable() -> RequestError {
    RequestError::Unavailable {
        level: ConsistencyLevel::Quorum,
        required: 2,
        alive: 1,
        datacenter: None,
    }
}

#[tokio::test]
async fn one_contact_point_is_enough_to_know_the_cluster() {
    let cluster = MockCluster::start(3, |_, request| answer(request));
    let client = client(&cluster).await;
    let view = client.cluster();
    assert_eq!(view.nodes.len(), 3);
    assert_eq!(view.cluster_name, "mock");
    let columns = &view.table("shop", "carts").unwrap().columns;
    assert_eq!(columns[1].name, "v");
    assert_eq!(columns[1].cql_type, Some(CqlType::Int));
    let mut changes = client.cluster_changes();
    cluster.change(|snapshot| snapshot.nodes[1].up = false);
    changes.wait_for(|view| view.epoch == 2).await.unwrap();
    assert!(!client.cluster().nodes[1].up);
}

#[tokio::test]
async fn rows_are_read_page_after_page() {
    let cluster = MockCluster::start(2, |_, request| {
        let Request::Execute(request) = request else {
            panic!("only executions");
        };
        match request.options.as_ref().unwrap().paging_state.as_ref() {
            b"" => rows([1, 2], "one"),
            b"one" => rows([], "two"),
            b"two" => rows([3], ""),
            other => panic!("{other:?}"),
        }
    });
    let client = client(&cluster).await;
    let query = Query::new("SELECT k FROM shop.carts");
    let numbers: Vec<i32> = client
        .rows(query.clone())
        .and_then(|row| async move { row.get::<i32>("k") })
        .try_collect()
        .await
        .unwrap();
    assert_eq!(numbers, [1, 2, 3]);
    let pages: Vec<_> = client.pages(query).try_collect().await.unwrap();
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[0].columns[0].cql_type, CqlType::Int);
    assert_eq!(pages[0].single::<i64>().unwrap(), 1);
}

#[tokio::test]
async fn a_bound_partition_is_asked_of_its_replica() {
    let cluster = MockCluster::start(4, |_, request| answer(request));
    let client = client(&cluster).await;
    let statement = insert(&client).await;
    for key in 0..40_i32 {
        client
            .execute_prepared(&statement, (key, 1), RequestOptions::default())
            .await
            .unwrap();
        let token = Token::of_key(&key.to_be_bytes());
        let view = client.cluster();
        let replica = view.replicas("shop", token).next().unwrap().host_id;
        let asked = *cluster.executed_on().last().unwrap();
        assert_eq!(node_id(asked), replica.0.as_bytes().as_slice(), "key {key}");
    }
    let asked: BTreeSet<usize> = cluster.executed_on().into_iter().collect();
    assert_eq!(asked.len(), 4, "keys are spread over all nodes");
}

#[tokio::test]
async fn statements_without_a_partition_go_round() {
    let cluster = MockCluster::start(3, |_, request| answer(request));
    let client = client(&cluster).await;
    for _ in 0..9 {
        client.execute("INSERT", ()).await.unwrap();
    }
    let asked = cluster.executed_on();
    for node in 0..3 {
        assert_eq!(asked.iter().filter(|asked| **asked == node).count(), 3);
    }
}

#[tokio::test]
async fn a_node_that_forgot_a_statement_is_told_again() {
    let known = Mutex::new(BTreeSet::new());
    let cluster = MockCluster::start(3, move |node, request| {
        let mut known = known.lock().unwrap();
        match request {
            Request::Prepare(_) => {
                known.insert(node);
                prepared()
            }
            Request::Execute(_) | Request::Batch(_) if known.contains(&node) => void(),
            Request::Execute(_) | Request::Batch(_) => {
                Action::Refuse(RequestError::Unprepared("0707".to_owned()))
            }
        }
    });
    let client = client(&cluster).await;
    let statement = insert(&client).await;
    for key in 0..20_i32 {
        client
            .execute_prepared(&statement, (key, 1), RequestOptions::default())
            .await
            .unwrap();
    }
    let batch = Batch::unlogged().prepared(&statement, (1, 1));
    client.batch(batch).await.unwrap();
    let prepares = cluster
        .seen()
        .into_iter()
        .filter(|(_, request)| matches!(request, Request::Prepare(_)));
    assert_eq!(prepares.count(), 3, "once on each node");
}

#[tokio::test]
async fn a_statement_that_stays_unknown_is_an_error_and_no_loop() {
    let cluster = MockCluster::start(1, |_, request| match request {
        Request::Prepare(_) => prepared(),
        Request::Execute(_) | Request::Batch(_) => {
            Action::Refuse(RequestError::Unprepared("0707".to_owned()))
        }
    });
    let client = client(&cluster).await;
    let statement = insert(&client).await;
    let outcome = client
        .execute_prepared(&statement, (1, 1), RequestOptions::default())
        .await;
    let unprepared = RequestError::Unprepared("0707".to_owned());
    assert_eq!(outcome, Err(ClientError::Request(unprepared)));
    assert_eq!(cluster.executed_on().len(), 2);
}

/// What comes of one execution when every node gives this refusal, and how many were asked.
async fn refused(error: RequestError, idempotent: bool) -> (ClientError, usize) {
    let cluster = MockCluster::start(3, move |_, _| Action::Refuse(error.clone()));
    let options = RequestOptions {
        idempotent: Some(idempotent),
        ..RequestOptions::default()
    };
    let query = Query::new("INSERT").options(options);
    let outcome = client(&cluster).await.query(query).await;
    let asked: BTreeSet<usize> = cluster.executed_on().into_iter().collect();
    assert_eq!(
        asked.len(),
        cluster.executed_on().len(),
        "other nodes each time"
    );
    (outcome.unwrap_err(), asked.len())
}

#[tokio::test]
async fn refusals_are_offered_to_other_nodes_only_as_the_policy_says() {
    let overloaded = RequestError::Overloaded("too much".to_owned());
    let timeout = RequestError::WriteTimeout {
        level: ConsistencyLevel::Quorum,
        received: 1,
        block_for: 2,
        write_type: WriteType::Simple,
    };
    let server = RequestError::Server("broken".to_owned());
    for (error, idempotent, asked) in [
        (overloaded, false, 3),
        (unavailable(), false, 2),
        (timeout, true, 1),
        (server.clone(), false, 1),
        (server, true, 2),
        (RequestError::Invalid("no such table".to_owned()), true, 1),
    ] {
        let outcome = refused(error.clone(), idempotent).await;
        assert_eq!(outcome, (ClientError::Request(error), asked));
    }
}

#[tokio::test]
async fn a_node_that_boots_is_passed_over() {
    let cluster = MockCluster::start(3, |node, _| match node {
        2 => void(),
        _ => Action::Refuse(RequestError::Bootstrapping("not yet".to_owned())),
    });
    let client = client(&cluster).await;
    for _ in 0..6 {
        client.execute("INSERT", ()).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_ends_at_its_timeout() {
    let cluster = MockCluster::start(1, |_, _| Action::Hang);
    let client = Client::builder()
        .contact_points([cluster.address(0)])
        .request_timeout(Duration::from_millis(80))
        .build()
        .await
        .unwrap();
    let start = Instant::now();
    let outcome = client.execute("SELECT k FROM shop.carts", ()).await;
    assert_eq!(outcome, Err(ClientError::Timeout));
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Kills the node that has a hanging request; says what came of it.
async fn killed_while_asked(idempotent: bool) -> (Result<(), ClientError>, usize) {
    let first = AtomicBool::new(true);
    let mut cluster = MockCluster::start(3, move |_, _| {
        if first.swap(false, Ordering::Relaxed) {
            Action::Hang
        } else {
            void()
        }
    });
    let client = client(&cluster).await;
    let options = RequestOptions {
        idempotent: Some(idempotent),
        ..RequestOptions::default()
    };
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.query(Query::new("INSERT").options(options)).await }
    });
    until("the request", || cluster.executed_on().len() == 1).await;
    cluster.kill(cluster.executed_on()[0]);
    let outcome = asking.await.unwrap();
    (outcome.map(|_| ()), cluster.executed_on().len())
}

#[tokio::test]
async fn a_request_that_was_sent_is_repeated_only_if_it_may_happen_twice() {
    assert_eq!(killed_while_asked(true).await, (Ok(()), 2));
    let (outcome, asked) = killed_while_asked(false).await;
    assert!(
        matches!(outcome, Err(ClientError::Transport { .. })),
        "{outcome:?}"
    );
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_is_passed_over_by_every_statement() {
    let mut cluster = MockCluster::start(3, |_, request| answer(request));
    let client = client(&cluster).await;
    // Never connected to, so nothing can have been sent.
    cluster.kill(1);
    for _ in 0..9 {
        client.execute("INSERT", ()).await.unwrap();
    }
    assert!(!cluster.executed_on().contains(&1));
    cluster.restart(1);
    // Found again without a request having to wait for it.
    let start = Instant::now();
    while !cluster.executed_on().contains(&1) {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "node 1 is not asked"
        );
        client.execute("INSERT", ()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn without_any_node_the_error_names_each() {
    let mut cluster = MockCluster::start(2, |_, request| answer(request));
    let addresses = [cluster.address(0), cluster.address(1)];
    let client = client(&cluster).await;
    cluster.kill(0);
    cluster.kill(1);
    let outcome = client.execute("SELECT k FROM shop.carts", ()).await;
    let Err(ClientError::NoHostAvailable { tried }) = outcome else {
        panic!("{outcome:?}");
    };
    let named: BTreeSet<String> = tried.into_iter().map(|(address, _)| address).collect();
    assert_eq!(named, addresses.into());
    let nowhere = Client::connect(&cluster.address(0)).await;
    assert!(matches!(nowhere, Err(ClientError::NoHostAvailable { .. })));
}

#[tokio::test]
async fn news_comes_from_another_node_when_the_first_is_gone() {
    let mut cluster = MockCluster::start(2, |_, request| answer(request));
    let client = client(&cluster).await;
    cluster.kill(0);
    let mut changes = client.cluster_changes();
    // The second one shows that it goes on telling.
    for epoch in 2..4 {
        cluster.change(|snapshot| snapshot.nodes[0].up = false);
        let seen = changes.wait_for(|view| view.epoch == epoch && !view.nodes[0].up);
        tokio::time::timeout(Duration::from_secs(10), seen)
            .await
            .expect("the other node tells")
            .unwrap();
    }
}

/// Idempotent writes in four tasks while all nodes are killed and started one after another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_idempotent_statement_fails_in_a_rolling_restart() {
    let known = Arc::new(Mutex::new(BTreeSet::new()));
    let script = Arc::clone(&known);
    let mut cluster = MockCluster::start(3, move |node, request| {
        let mut known = script.lock().unwrap();
        match request {
            Request::Prepare(_) => {
                known.insert(node);
                prepared()
            }
            Request::Execute(_) if known.contains(&node) => Action::AnswerLater(
                Duration::from_millis(2),
                Response::Execute(proto::ExecuteResponse::default()),
            ),
            Request::Execute(_) | Request::Batch(_) => {
                Action::Refuse(RequestError::Unprepared("0707".to_owned()))
            }
        }
    });
    let client = client(&cluster).await;
    let statement = insert(&client).await;
    let (stop, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let tasks: Vec<_> = (0..4_i32)
        .map(|task| {
            let (client, statement) = (client.clone(), statement.clone());
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                let mut key = task;
                while !stop.load(Ordering::Relaxed) {
                    client
                        .execute_prepared(&statement, (key, 1), RequestOptions::default())
                        .await?;
                    done.fetch_add(1, Ordering::Relaxed);
                    key += 4;
                }
                Ok::<_, ClientError>(())
            })
        })
        .collect();
    for node in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        cluster.kill(node);
        known.lock().unwrap().remove(&node);
        tokio::time::sleep(Duration::from_millis(100)).await;
        cluster.restart(node);
        let before = cluster.executed_on().iter().filter(|n| **n == node).count();
        until("the node to be asked again", || {
            cluster.executed_on().iter().filter(|n| **n == node).count() > before
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(done.load(Ordering::Relaxed) > 100);
}

#[tokio::test]
async fn a_repeated_write_carries_the_timestamp_of_its_first_try() {
    let cluster = MockCluster::start(2, |node, _| match node {
        0 => Action::Refuse(RequestError::Overloaded("too much".to_owned())),
        _ => void(),
    });
    let client = client(&cluster).await;
    for _ in 0..4 {
        client.execute("INSERT", ()).await.unwrap();
    }
    let timestamps = cluster
        .executions()
        .into_iter()
        .map(|(node, request)| (node, request.options.unwrap().timestamp.unwrap()));
    let timestamps: Vec<(usize, i64)> = timestamps.collect();
    let distinct: BTreeSet<i64> = timestamps.iter().map(|(_, timestamp)| *timestamp).collect();
    assert_eq!(distinct.len(), 4);
    assert!(timestamps.is_sorted_by_key(|(_, timestamp)| *timestamp));
    client.execute("SELECT 1", ()).await.unwrap();
    let (_, read) = cluster.executions().pop().unwrap();
    assert_eq!(read.options.unwrap().timestamp, None, "reads need none");
}

#[tokio::test]
async fn options_are_the_requests_own_then_the_clients() {
    let cluster = MockCluster::start(1, |_, request| answer(request));
    let client = Client::builder()
        .contact_points([cluster.address(0)])
        .consistency(ConsistencyLevel::Quorum)
        .page_size(50)
        .keyspace("shop")
        .client_timestamps(false)
        .request_timeout(Duration::from_secs(9))
        .build()
        .await
        .unwrap();
    client.execute("UPDATE", ()).await.unwrap();
    let options = RequestOptions {
        timeout: Some(Duration::from_secs(3)),
        consistency: Some(ConsistencyLevel::One),
        page_size: Some(7),
        keyspace: Some("other".to_owned()),
        timestamp: Some(5),
        receipt: true,
        ..RequestOptions::default()
    };
    let named = Values::named([("a", 1), ("b", 2)]);
    let query = Query::new("UPDATE").bind(named).options(options);
    client.query(query).await.unwrap();
    let executions = cluster.executions();
    let sent = |index: usize| executions[index].1.options.clone().unwrap();
    assert_eq!(sent(0).consistency(), proto::Consistency::Quorum);
    assert_eq!(
        (sent(0).page_size, sent(0).keyspace),
        (50, "shop".to_owned())
    );
    assert_eq!((sent(0).timestamp, sent(0).receipt), (None, false));
    assert_eq!(sent(0).timeout_micros, 9_000_000);
    assert_eq!(sent(1).timeout_micros, 3_000_000);
    assert_eq!(sent(1).consistency(), proto::Consistency::One);
    assert_eq!(
        (sent(1).page_size, sent(1).keyspace),
        (7, "other".to_owned())
    );
    assert_eq!((sent(1).timestamp, sent(1).receipt), (Some(5), true));
    assert_eq!(executions[1].1.names, ["a", "b"]);
}

#[tokio::test]
async fn after_use_names_mean_the_new_keyspace() {
    let used = Statement::Cql("USE \"Shop\"".to_owned());
    let cluster = MockCluster::start(1, move |_, request| match request {
        Request::Execute(request) if request.statement.as_ref() == Some(&used) => {
            execute(ResultKind::Keyspace("Shop".to_owned()))
        }
        other => answer(other),
    });
    let client = client(&cluster).await;
    let clone = client.clone();
    client.use_keyspace("Shop").await.unwrap();
    clone.execute("INSERT", ()).await.unwrap();
    let (_, sent) = cluster.executions().pop().unwrap();
    assert_eq!(sent.options.unwrap().keyspace, "Shop");
    assert_eq!(clone.keyspace().as_deref(), Some("Shop"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_share_a_connection_and_only_so_many_are_in_flight() {
    let cluster = MockCluster::start(1, |_, request| {
        let Request::Execute(request) = request else {
            panic!("only executions");
        };
        let echo = request.values[0].clone();
        let rows = proto::Rows {
            columns: vec![column("k")],
            rows: vec![proto::Row { values: vec![echo] }],
            paging_state: Bytes::new(),
        };
        Action::AnswerLater(
            Duration::from_millis(1),
            Response::Execute(proto::ExecuteResponse {
                result: Some(ResultKind::Rows(rows)),
                ..Default::default()
            }),
        )
    });
    let client = Client::builder()
        .contact_points([cluster.address(0)])
        .in_flight_max(32)
        .build()
        .await
        .unwrap();
    let tasks: Vec<_> = (0..2_000_i64)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let result = client.execute("SELECT ?", (number,)).await.unwrap();
                assert_eq!(result.single::<i64>().unwrap(), number);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(cluster.in_flight_max(), 32);
}

#[tokio::test]
async fn a_request_too_large_to_send_is_refused_alone() {
    let cluster = MockCluster::start(1, |_, request| answer(request));
    let client = client(&cluster).await;
    let outcome = client.execute("INSERT", (vec![0_u8; 64 << 20],)).await;
    assert!(matches!(outcome, Err(ClientError::InvalidArgument(_))));
    client.execute("INSERT", ()).await.unwrap();
    assert_eq!(cluster.executed_on().len(), 1);
}

#[tokio::test]
async fn a_datacenter_that_no_node_is_in_is_refused() {
    let cluster = MockCluster::start(1, |_, request| answer(request));
    let builder = Client::builder().contact_points([cluster.address(0)]);
    let error = builder.datacenter("dc9").build().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no node is in the datacenter 'dc9'; there is dc1"
    );
    let nobody = Client::builder().build().await.unwrap_err();
    assert_eq!(nobody.to_string(), "expected at least one contact point");
}

#[tokio::test]
async fn a_closed_client_refuses() {
    let cluster = MockCluster::start(1, |_, request| answer(request));
    let client = client(&cluster).await;
    client.execute("INSERT", ()).await.unwrap();
    client.clone().close();
    assert_eq!(client.execute("INSERT", ()).await, Err(ClientError::Closed));
}

#[tokio::test]
async fn a_receipt_comes_as_it_was_sent() {
    let cluster = MockCluster::start(1, |_, _| {
        Action::Answer(Response::Execute(proto::ExecuteResponse {
            receipt: Some(proto::Receipt {
                epoch: 3,
                consistency: proto::Consistency::Quorum.into(),
                replication_factor: 3,
                block_for: 2,
                answered: 2,
                replicas: vec![proto::receipt::Replica {
                    host_id: node_id(0),
                    address: "127.0.0.1:7000".to_owned(),
                    asked: true,
                    alive: true,
                    answer: "data".to_owned(),
                    micros: 10,
                    ..Default::default()
                }],
                timestamp: 12,
                guarantee: "all is well".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }))
    });
    let result = client(&cluster).await.execute("INSERT", ()).await.unwrap();
    let receipt = result.receipt.unwrap();
    assert_eq!(receipt.consistency, Some(ConsistencyLevel::Quorum));
    assert_eq!((receipt.block_for, receipt.answered), (2, 2));
    assert_eq!(receipt.timestamp, Some(12));
    assert_eq!(receipt.replicas[0].answer, "data");
}
