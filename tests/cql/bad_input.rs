//! Everything that a client can get wrong is refused with the right code, and the node goes on.

use anyhow::Context;
use anyhow::ensure;
use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use prost::Message;
use quorate_client::Access;
use quorate_client::proto;
use quorate_tests::Cluster;
use quorate_tests::Direct;
use quorate_tests::Random;
use quorate_tests::Refusal;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::rows_of;
use quorate_tests::text;
use quorate_tests::until;
use quorate_tests::wire;
use quorate_tests::with_cluster;
use std::io::Write;
use std::time::Duration;
use tonic::codec::Codec;
use tonic::codec::DecodeBuf;
use tonic::codec::Decoder;
use tonic::codec::EncodeBuf;
use tonic::codec::Encoder;
use tonic::codegen::http::uri::PathAndQuery;

const PROTOCOL: u32 = 0x000a;
const SYNTAX: u32 = 0x2000;
const UNAUTHORIZED: u32 = 0x2100;
const INVALID: u32 = 0x2200;
const CONFIG: u32 = 0x2300;
const ALREADY_EXISTS: u32 = 0x2400;
const UNPREPARED: u32 = 0x2500;

const INSERT: &str = "INSERT INTO shop.carts (user, item, count, note) VALUES (?, ?, ?, ?)";
const SELECT: &str = "SELECT * FROM shop.carts WHERE user = 1";

/// A statement, the code it is refused with, and a part of the message.
const STATEMENTS: [(&str, u32, &str); 48] = [
    ("", SYNTAX, ""),
    (";", SYNTAX, ""),
    ("\u{0}\u{1}\u{fffd}", SYNTAX, ""),
    ("SELEC * FROM shop.carts", SYNTAX, ""),
    ("SELECT FROM shop.carts", SYNTAX, ""),
    ("SELECT * FROM shop.carts WHERE", SYNTAX, ""),
    (
        "SELECT * FROM shop.carts WHERE note = 'never ends",
        SYNTAX,
        "",
    ),
    ("SELECT * FROM shop.carts /* never ends", SYNTAX, ""),
    (
        "SELECT * FROM shop.carts; SELECT * FROM shop.carts",
        SYNTAX,
        "",
    ),
    ("INSERT INTO shop.carts (user) VALUES 1", SYNTAX, ""),
    ("INSERT INTO shop.carts VALUES (1)", SYNTAX, ""),
    ("UPDATE shop.carts WHERE user = 1", SYNTAX, ""),
    (
        "BEGIN BATCH INSERT INTO shop.carts (user, item) VALUES (1, 1)",
        SYNTAX,
        "",
    ),
    ("CREATE KEYSPACE other WITH nothing = 1", SYNTAX, "nothing"),
    (
        "SELECT * FROM nowhere.carts",
        INVALID,
        "keyspace nowhere does not exist",
    ),
    (
        "SELECT * FROM shop.nothing",
        INVALID,
        "table nothing does not exist",
    ),
    (
        "SELECT * FROM carts",
        INVALID,
        "No keyspace has been specified",
    ),
    ("USE nowhere", INVALID, "nowhere"),
    (
        "SELECT nothing FROM shop.carts",
        INVALID,
        "Undefined column name nothing",
    ),
    ("SELECT nothing(count) FROM shop.carts", INVALID, "nothing"),
    (
        "SELECT writetime(user) FROM shop.carts",
        INVALID,
        "PRIMARY KEY part user",
    ),
    (
        "SELECT * FROM shop.carts WHERE count = 1",
        INVALID,
        "ALLOW FILTERING",
    ),
    ("SELECT * FROM shop.carts WHERE user > 1", INVALID, ""),
    (
        "SELECT * FROM shop.carts WHERE user = 'x'",
        INVALID,
        "Invalid STRING constant (x) for \"user\" of type int",
    ),
    (
        "SELECT * FROM shop.carts WHERE user = 99999999999",
        INVALID,
        "",
    ),
    (
        "SELECT * FROM shop.carts WHERE user = null",
        INVALID,
        "null",
    ),
    (
        "SELECT * FROM shop.carts WHERE user = 1 AND user = 2",
        INVALID,
        "more than one relation",
    ),
    (
        "SELECT * FROM shop.carts WHERE user = 1 ORDER BY count",
        INVALID,
        "clustered columns of the PRIMARY KEY, got count",
    ),
    (
        "SELECT * FROM shop.carts ORDER BY item",
        INVALID,
        "ORDER BY is only supported when the partition key is restricted",
    ),
    (
        "SELECT * FROM shop.carts LIMIT 0",
        INVALID,
        "LIMIT must be strictly positive",
    ),
    ("SELECT DISTINCT item FROM shop.carts", INVALID, "DISTINCT"),
    (
        "INSERT INTO shop.carts (item, count) VALUES (1, 1)",
        INVALID,
        "Some partition key parts are missing: user",
    ),
    (
        "INSERT INTO shop.carts (user, count) VALUES (1, 1)",
        INVALID,
        "Some clustering keys are missing: item",
    ),
    (
        "INSERT INTO shop.carts (user, item) VALUES (1)",
        INVALID,
        "Unmatched column names/values",
    ),
    (
        "INSERT INTO shop.carts (user, item, user) VALUES (1, 1, 1)",
        INVALID,
        "duplicates",
    ),
    (
        "INSERT INTO shop.carts (user, item) VALUES (1, 1) USING TTL -1",
        INVALID,
        "A TTL must be greater or equal to 0, but was -1",
    ),
    (
        "INSERT INTO shop.carts (user, item) VALUES (1, 1) USING TTL 700000000",
        INVALID,
        "ttl is too large",
    ),
    (
        "INSERT INTO shop.carts (user, item) VALUES (1, 1) USING TIMESTAMP 9000000000000000000",
        INVALID,
        "",
    ),
    (
        "UPDATE shop.carts SET count = 1 WHERE user = 1",
        INVALID,
        "Some clustering keys are missing: item",
    ),
    (
        "UPDATE shop.carts SET item = 1 WHERE user = 1 AND item = 1",
        INVALID,
        "PRIMARY KEY part item found in SET part",
    ),
    (
        "DELETE user FROM shop.carts WHERE user = 1 AND item = 1",
        INVALID,
        "PRIMARY KEY",
    ),
    (
        "DELETE FROM shop.carts WHERE item = 1",
        INVALID,
        "Some partition key parts are missing: user",
    ),
    (
        "CREATE TABLE shop.carts (user int PRIMARY KEY)",
        ALREADY_EXISTS,
        "carts",
    ),
    ("CREATE TABLE shop.other (user int)", INVALID, "PRIMARY KEY"),
    (
        "CREATE TABLE shop.other (user nothing PRIMARY KEY)",
        INVALID,
        "nothing",
    ),
    (
        "CREATE KEYSPACE other WITH replication = {'class': 'Nothing'}",
        CONFIG,
        "Nothing",
    ),
    ("DROP TABLE shop.nothing", INVALID, "doesn't exist"),
    ("DROP KEYSPACE system", UNAUTHORIZED, "system"),
];

/// What CQL has and this version has not: named, not half done.
const NOT_YET: [&str; 6] = [
    "INSERT INTO shop.carts (user, item) VALUES (1, 1) IF NOT EXISTS",
    "UPDATE shop.carts SET count = 1 WHERE user = 1 AND item = 1 IF count = 2",
    "CREATE INDEX ON shop.carts (count)",
    "CREATE TYPE shop.address (street text)",
    "CREATE MATERIALIZED VIEW shop.by_item AS SELECT * FROM shop.carts WHERE item IS NOT NULL AND user IS NOT NULL PRIMARY KEY (item, user)",
    "CREATE TABLE shop.lists (user int PRIMARY KEY, items list<int>)",
];

async fn set_up(cluster: &mut Cluster) -> anyhow::Result<Direct> {
    let node = cluster.direct(1)?;
    for cql in [
        "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE shop.carts (user int, item int, count int, note text, PRIMARY KEY (user, item))",
        "CREATE TABLE shop.names (name text PRIMARY KEY)",
        "INSERT INTO shop.carts (user, item, count) VALUES (1, 1, 1)",
        "INSERT INTO shop.carts (user, item, count) VALUES (1, 2, 2)",
        "INSERT INTO shop.carts (user, item, count) VALUES (1, 3, 3)",
    ] {
        execute(&node, cql, Vec::new()).await?;
    }
    Ok(node)
}

async fn execute(
    node: &Direct,
    cql: &str,
    values: Vec<proto::Value>,
) -> Result<proto::ExecuteResponse, Refusal> {
    node.execute(cql, values, proto::Consistency::Quorum).await
}

/// The node is the same process, has not panicked, and answers.
async fn goes_on(cluster: &mut Cluster) -> anyhow::Result<()> {
    cluster.settle().await?;
    let log = cluster.log(1)?;
    let panic = log.lines().find(|line| line.contains("panicked at"));
    ensure!(panic.is_none(), "the node panicked: {panic:?}");
    let rows = rows_of(execute(&cluster.direct(1)?, SELECT, Vec::new()).await?);
    ensure!(rows.len() == 3, "{} rows are left", rows.len());
    Ok(())
}

/// What is wrong with a refusal; `None` when it is as expected.
fn problem(
    outcome: Result<proto::ExecuteResponse, Refusal>,
    code: u32,
    part: &str,
) -> Option<String> {
    match outcome {
        Ok(answer) => Some(format!("was answered {answer:?}")),
        Err(refusal) if refusal.code() != Some(code) => {
            Some(format!("expected {code:#06x}, got {refusal}"))
        }
        Err(refusal) if refusal.message.is_empty() || !refusal.message.contains(part) => {
            Some(format!("expected '{part}', got {refusal}"))
        }
        Err(_) => None,
    }
}

fn none_of(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn statements_that_mean_nothing_are_refused_with_their_code() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let node = set_up(cluster).await?;
        let mut problems = Vec::new();
        for (cql, code, part) in STATEMENTS {
            let wrong = problem(execute(&node, cql, Vec::new()).await, code, part);
            problems.extend(wrong.map(|wrong| format!("{cql:?} {wrong}")));
        }
        for cql in NOT_YET {
            let wrong = problem(execute(&node, cql, Vec::new()).await, INVALID, "");
            problems.extend(wrong.map(|wrong| format!("{cql:?} {wrong}")));
        }
        none_of(&problems);
        goes_on(cluster).await
    })
}

#[test]
fn statements_without_end_do_not_exhaust_the_node() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let node = set_up(cluster).await?;
        let deep = 50_000;
        let statements = [
            format!(
                "SELECT * FROM shop.carts WHERE user = {}1{}",
                "(".repeat(deep),
                ")".repeat(deep)
            ),
            format!("SELECT * FROM shop.carts WHERE user = {}", "[".repeat(deep)),
            format!("SELECT * FROM shop.carts WHERE user = {}", "{".repeat(deep)),
            format!(
                "SELECT * FROM shop.carts WHERE user = {}1",
                "- ".repeat(deep)
            ),
            format!(
                "SELECT * FROM shop.carts WHERE user = {}1",
                "(int)".repeat(deep)
            ),
            format!("SELECT {}count FROM shop.carts", "f(".repeat(deep)),
            format!("SELECT {}count FROM shop.carts", "CAST(".repeat(deep)),
            format!("SELECT count{} FROM shop.carts", " + 1".repeat(deep)),
            format!(
                "CREATE TABLE shop.deep (user int PRIMARY KEY, v {}",
                "list<".repeat(deep)
            ),
            format!(
                "CREATE TABLE shop.deep (user int PRIMARY KEY, v {}",
                "frozen<".repeat(deep)
            ),
            format!("CREATE TABLE shop.deep ({}user", "(".repeat(deep)),
            format!("{}{SELECT}", "EXPLAIN CONSISTENCY ".repeat(deep)),
            format!("{}{SELECT}", "BEGIN BATCH ".repeat(deep)),
            format!("SELECT {} FROM shop.carts", "x".repeat(2_000_000)),
            "'".repeat(1_000_001),
            "? ".repeat(300_000),
        ];
        let mut problems = Vec::new();
        for cql in statements {
            let shown: String = cql.chars().take(50).collect();
            match execute(&node, &cql, Vec::new()).await {
                Ok(_) => problems.push(format!("{shown}… was answered")),
                Err(refusal) if [Some(SYNTAX), Some(INVALID)].contains(&refusal.code()) => {}
                Err(refusal) => problems.push(format!("{shown}… got {refusal}")),
            }
            cluster
                .settle()
                .await
                .with_context(|| format!("after {shown}…"))?;
        }
        none_of(&problems);
        // Long, and right.
        let many: Vec<String> = (0..20_000).map(|user| user.to_string()).collect();
        let cql = format!(
            "SELECT * FROM shop.carts WHERE user = 1 AND item IN ({})",
            many.join(", ")
        );
        assert_eq!(rows_of(execute(&node, &cql, Vec::new()).await?).len(), 3);
        goes_on(cluster).await
    })
}

#[test]
fn values_that_do_not_fit_are_refused_with_their_code() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let node = set_up(cluster).await?;
        let null = proto::Value::default;
        let unset = || proto::Value {
            kind: Some(proto::value::Kind::Unset(proto::Unset {})),
        };
        let huge = "x".repeat(20 << 20);
        let names = "INSERT INTO shop.names (name) VALUES (?)";
        let cases: Vec<(&str, Vec<proto::Value>, &str)> = vec![
            (
                INSERT,
                vec![text("x"), integer(1), integer(1), text("")],
                "",
            ),
            (
                INSERT,
                vec![integer(1_i64 << 40), integer(1), integer(1), text("")],
                "",
            ),
            (
                INSERT,
                vec![wire(vec![1, 2, 3]), integer(1), integer(1), text("")],
                "Expected 4 or 0 byte int (3)",
            ),
            (
                INSERT,
                vec![integer(7), integer(1), integer(1), wire(vec![0xff, 0xfe])],
                "",
            ),
            (
                INSERT,
                vec![integer(7), integer(1), integer(1), integer(1)],
                "",
            ),
            (
                INSERT,
                vec![integer(7), integer(1)],
                "Invalid amount of bind variables",
            ),
            (
                INSERT,
                vec![integer(7); 5],
                "Invalid amount of bind variables",
            ),
            (
                INSERT,
                vec![null(), integer(1), integer(1), text("")],
                "null",
            ),
            (
                INSERT,
                vec![unset(), integer(1), integer(1), text("")],
                "unset",
            ),
            (
                INSERT,
                vec![integer(7), null(), integer(1), text("")],
                "null",
            ),
            (
                INSERT,
                vec![integer(7), integer(1), integer(1), text(huge)],
                "Rejected an oversized mutation",
            ),
            (names, vec![text("")], "Key may not be empty"),
            (
                names,
                vec![text("x".repeat(70_000))],
                "Key length of 70000 is longer than maximum of 65535",
            ),
            (SELECT, vec![integer(1)], "Invalid amount of bind variables"),
        ];
        let mut problems = Vec::new();
        for (number, (cql, values, part)) in cases.into_iter().enumerate() {
            let wrong = problem(execute(&node, cql, values).await, INVALID, part);
            problems.extend(wrong.map(|wrong| format!("case {number}, {cql}: {wrong}")));
        }
        let rows =
            rows_of(execute(&node, "SELECT * FROM shop.carts WHERE user = 7", Vec::new()).await?);
        assert_eq!(rows.len(), 0, "something of what was refused was written");
        // More than a message may have: gRPC itself refuses it.
        let values = vec![
            integer(7),
            integer(1),
            integer(1),
            text("x".repeat(80 << 20)),
        ];
        let refusal = execute(&node, INSERT, values).await.unwrap_err();
        if refusal.detail.is_some() {
            problems.push(format!("a message of 80 MiB got {refusal}"));
        }
        none_of(&problems);
        goes_on(cluster).await
    })
}

#[test]
fn requests_that_no_driver_would_send_are_refused_with_their_code() -> anyhow::Result<()> {
    use proto::execute_request::Statement;
    with_cluster(Setup::nodes(1), async |cluster| {
        let node = set_up(cluster).await?;
        let options = |change: fn(&mut proto::Options)| {
            let mut options = proto::Options::default();
            change(&mut options);
            Some(options)
        };
        let request = |statement: Option<Statement>, options| proto::ExecuteRequest {
            statement,
            options,
            ..proto::ExecuteRequest::default()
        };
        let cql = |text: &str| Some(Statement::Cql(text.to_owned()));
        let write = cql("INSERT INTO shop.carts (user, item) VALUES (9, 9)");
        let id = |bytes: usize| Some(Statement::PreparedId(vec![7; bytes].into()));
        let cases = [
            (request(None, None), PROTOCOL, ""),
            (
                request(id(16), None),
                UNPREPARED,
                "Prepared query with ID 0707",
            ),
            (request(id(0), None), PROTOCOL, ""),
            (request(id(3), None), PROTOCOL, ""),
            (request(id(5_000), None), PROTOCOL, ""),
            (
                request(cql(SELECT), options(|o| o.consistency = 99)),
                PROTOCOL,
                "consistency",
            ),
            (
                request(cql(SELECT), options(|o| o.consistency = -1)),
                PROTOCOL,
                "consistency",
            ),
            (
                request(cql(SELECT), options(|o| o.consistency = 1)),
                INVALID,
                "ANY",
            ),
            (
                request(write.clone(), options(|o| o.consistency = 9)),
                INVALID,
                "serializable",
            ),
            (
                request(write, options(|o| o.timestamp = Some(i64::MIN))),
                INVALID,
                "timestamp",
            ),
            (
                request(cql(SELECT), options(|o| o.keyspace = "nowhere".to_owned())),
                0,
                "",
            ),
            (
                request(
                    cql("SELECT * FROM carts"),
                    options(|o| o.keyspace = "nowhere".to_owned()),
                ),
                INVALID,
                "nowhere",
            ),
        ];
        let mut problems = Vec::new();
        for (number, (request, code, part)) in cases.into_iter().enumerate() {
            let outcome = node.send(request.clone()).await;
            if code == 0 && outcome.is_ok() {
                continue;
            }
            let wrong = problem(outcome, code, part);
            problems.extend(wrong.map(|wrong| format!("case {number}, {request:?}: {wrong}")));
        }
        problems.extend(batches(&node).await);
        none_of(&problems);
        goes_on(cluster).await
    })
}

async fn batches(node: &Direct) -> Vec<String> {
    use proto::batch_request::statement::Statement as Kind;
    let statement = |kind: Option<Kind>| proto::batch_request::Statement {
        statement: kind,
        values: Vec::new(),
    };
    let good = statement(Some(Kind::Cql(
        "DELETE FROM shop.carts WHERE user = 5".to_owned(),
    )));
    let cases = [
        (
            statement(Some(Kind::Cql(SELECT.to_owned()))),
            INVALID,
            "only UPDATE, INSERT and DELETE",
        ),
        (statement(Some(Kind::Cql("DELETE".to_owned()))), SYNTAX, ""),
        (
            statement(Some(Kind::PreparedId(vec![7; 16].into()))),
            UNPREPARED,
            "",
        ),
        (
            statement(Some(Kind::PreparedId(vec![7; 2].into()))),
            PROTOCOL,
            "",
        ),
        (statement(None), PROTOCOL, ""),
    ];
    let mut problems = Vec::new();
    for (bad, code, part) in cases {
        let request = proto::BatchRequest {
            statements: vec![good.clone(), bad.clone()],
            ..proto::BatchRequest::default()
        };
        let outcome = node.service.clone().execute_batch(request).await;
        let outcome = outcome
            .map(tonic::Response::into_inner)
            .map_err(Refusal::from);
        let wrong = problem(outcome, code, part);
        problems.extend(wrong.map(|wrong| format!("batch of {bad:?}: {wrong}")));
    }
    problems
}

#[test]
fn a_paging_state_that_is_not_this_querys_is_refused() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let node = set_up(cluster).await?;
        let paged = |state: Bytes| proto::Options {
            page_size: 1,
            paging_state: state,
            ..proto::Options::default()
        };
        let first = node
            .execute_with(SELECT, Vec::new(), paged(Bytes::new()))
            .await?;
        let Some(proto::execute_response::Result::Rows(rows)) = first.result else {
            anyhow::bail!("no rows");
        };
        let state = rows.paging_state;
        let second = node
            .execute_with(SELECT, Vec::new(), paged(state.clone()))
            .await?;
        assert_eq!(
            rows_of(second).len(),
            1,
            "the state is good where it belongs"
        );

        let mut wrong: Vec<Bytes> = vec![Bytes::from_static(b"x"), vec![0xff; 10_000].into()];
        for cut in 0..state.len() {
            wrong.push(state.slice(..cut));
            let mut flipped = state.to_vec();
            flipped[cut] ^= 1 << (cut % 8);
            wrong.push(flipped.into());
        }
        let mut problems = Vec::new();
        for state in wrong.into_iter().filter(|state| !state.is_empty()) {
            let outcome = node
                .execute_with(SELECT, Vec::new(), paged(state.clone()))
                .await;
            let problem = problem(outcome, PROTOCOL, "Invalid value for the paging state");
            problems.extend(problem.map(|problem| format!("{state:?}: {problem}")));
        }
        let other = "SELECT * FROM shop.carts WHERE user = 2";
        let outcome = node.execute_with(other, Vec::new(), paged(state)).await;
        problems.extend(problem(
            outcome,
            PROTOCOL,
            "Invalid value for the paging state",
        ));
        none_of(&problems);
        goes_on(cluster).await
    })
}

/// Messages as bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Sends bytes as the one message of a call; the answer only has to come.
async fn send_raw(node: &Direct, path: &'static str, bytes: Bytes) -> anyhow::Result<()> {
    let mut grpc = tonic::client::Grpc::new(node.channel.clone());
    grpc.ready().await?;
    let path = PathAndQuery::from_static(path);
    let call = grpc.unary(tonic::Request::new(bytes.clone()), path, Raw);
    let outcome = tokio::time::timeout(Duration::from_secs(10), call).await;
    let answered = outcome.with_context(|| format!("no answer to {bytes:?}"))?;
    if let Err(status) = answered {
        ensure!(
            status.code() != tonic::Code::Unavailable || !status.details().is_empty(),
            "{bytes:?} broke the connection: {status}"
        );
    }
    Ok(())
}

fn mangled(message: &[u8], random: &mut Random) -> anyhow::Result<Bytes> {
    let mut bytes = message.to_vec();
    for _ in 0..=random.below(4) {
        let at = usize::try_from(random.below(u64::try_from(bytes.len())?))?;
        let byte = bytes.get_mut(at).context("no such byte")?;
        *byte = u8::try_from(random.below(256))?;
    }
    if random.one_in(4) {
        bytes.truncate(usize::try_from(random.below(u64::try_from(bytes.len())?))?);
    }
    Ok(bytes.into())
}

#[test]
fn bytes_that_are_no_message_do_no_harm() -> anyhow::Result<()> {
    let seed = Random::fresh_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    with_cluster(Setup::nodes(1), async |cluster| {
        let node = set_up(cluster).await?;
        let select = proto::ExecuteRequest {
            statement: Some(proto::execute_request::Statement::Cql(SELECT.to_owned())),
            values: vec![integer(5), text("x"), wire(vec![1, 2, 3])],
            names: vec!["a".to_owned()],
            options: Some(proto::Options {
                paging_state: vec![1; 40].into(),
                ..proto::Options::default()
            }),
        };
        let session = proto::SessionRequest {
            id: 1,
            request: Some(proto::session_request::Request::Execute(select.clone())),
        };
        let (select, session) = (select.encode_to_vec(), session.encode_to_vec());
        for _ in 0..300 {
            let bytes = mangled(&select, &mut random)?;
            send_raw(&node, "/quorate.v1.Quorate/Execute", bytes.clone()).await?;
            send_raw(&node, "/quorate.v1.Quorate/Prepare", bytes.clone()).await?;
            send_raw(&node, "/quorate.v1.Quorate/ExecuteBatch", bytes.clone()).await?;
            send_raw(&node, "/quorate.v1.Admin/GetEndpoints", bytes).await?;
            let bytes = mangled(&session, &mut random)?;
            send_raw(&node, "/quorate.v1.Quorate/Session", bytes).await?;
        }
        goes_on(cluster).await
    })
}

#[test]
fn noise_on_either_port_does_no_harm() -> anyhow::Result<()> {
    let seed = Random::fresh_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    with_cluster(Setup::nodes(1), async |cluster| {
        set_up(cluster).await?;
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        for address in [cluster.client_address(1)?, cluster.internode_address(1)?] {
            for turn in 0..60 {
                let mut noise = match turn % 3 {
                    0 => Vec::new(),
                    1 => preface.clone(),
                    _ => b"GET / HTTP/1.1\r\n\r\n".to_vec(),
                };
                noise.extend((0..random.below(4_000)).map(|_| random.number().to_le_bytes()[0]));
                let mut stream = std::net::TcpStream::connect(&address)?;
                // The node may hang up while we still speak.
                let _ = stream.write_all(&noise);
            }
        }
        // Calls of the nodes' own service with messages that are none.
        let internode = Direct::new(&cluster.internode_address(1)?, Access::default())?;
        for _ in 0..100 {
            let bytes: Vec<u8> = (0..random.below(300))
                .map(|_| random.number().to_le_bytes()[0])
                .collect();
            let path = "/quorate.internode.v1.Internode/Exchange";
            let call = send_raw(&internode, path, bytes.into());
            // A peer that talks nonsense may be hung up on, or left waiting for the end of the stream.
            let _ = tokio::time::timeout(Duration::from_secs(1), call).await;
        }
        until("the node goes on", Duration::from_secs(20), async || {
            goes_on(cluster).await
        })
        .await
    })
}
