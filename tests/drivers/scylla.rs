//! ScyllaDB's Rust driver, unmodified, against three nodes of which it is told one.

use crate::clients::NATIVE_PORT;
use crate::clients::host;
use crate::clients::listening;
use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use futures_util::TryStreamExt;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::proto;
use quorate_tests::until;
use quorate_tests::with_cluster;
use scylla::client::Compression;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;
use scylla::statement::batch::Batch;
use scylla::statement::batch::BatchType;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlDate;
use scylla::value::CqlDecimal;
use scylla::value::CqlDuration;
use scylla::value::CqlTime;
use scylla::value::CqlTimestamp;
use scylla::value::CqlTimeuuid;
use scylla::value::CqlValue;
use scylla::value::CqlVarint;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::task::yield_now;
use uuid::Uuid;

/// Nodes of the cluster.
const NODES: u8 = 3;
/// Rows that are read in pages, and the sizes of those.
const ROWS: i32 = 10_000;
const PAGE_SIZES: [i32; 2] = [7, 5_000];
/// Requests in flight while rows are written and while nodes stop and start.
const WORKERS: usize = 4;
/// Rounds the load does between two events.
const ROUNDS: u64 = 200;
/// How long the driver may take to notice something.
const WITHIN: Duration = Duration::from_secs(20);

/// A session that knows one contact point, with the driver's own policies, at QUORUM.
async fn session(host: &str, compression: Option<Compression>) -> anyhow::Result<Session> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .build();
    SessionBuilder::new()
        .known_node(format!("{host}:{NATIVE_PORT}"))
        .default_execution_profile_handle(profile.into_handle())
        .compression(compression)
        // The driver reads what a schema event named only at its next refresh.
        .cluster_metadata_refresh_interval(Duration::from_millis(200))
        .build()
        .await
        .with_context(|| format!("no session with {host}"))
}

/// Runs a test with a session that was told of the second node.
fn with_session(
    compression: Option<Compression>,
    test: impl AsyncFnOnce(Arc<Session>, &mut Cluster) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    with_cluster(Setup::nodes(NODES), async |cluster| {
        listening(cluster, NODES).await?;
        let session = session(&host(cluster, 2)?, compression).await?;
        make(&session).await?;
        test(Arc::new(session), cluster).await
    })
}

/// The keyspaces and tables of the tests.
async fn make(session: &Session) -> anyhow::Result<()> {
    for statement in [
        "CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
        "CREATE KEYSPACE single WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}",
        "CREATE TABLE shop.carts (user text, item int, note text, PRIMARY KEY (user, item))",
        "CREATE TABLE single.keys (k int PRIMARY KEY, v int)",
    ] {
        let made = session.query_unpaged(statement, ()).await;
        made.context(statement)?;
    }
    Ok(())
}

async fn insert_of(session: &Session) -> anyhow::Result<PreparedStatement> {
    let insert = "INSERT INTO shop.carts (user, item, note) VALUES (?, ?, ?)";
    let mut insert = session.prepare(insert).await?;
    // Else the driver's policy may not repeat it when a connection ends.
    insert.set_is_idempotent(true);
    Ok(insert)
}

async fn select_of(session: &Session) -> anyhow::Result<PreparedStatement> {
    let select = "SELECT note FROM shop.carts WHERE user = ? AND item = ?";
    let mut select = session.prepare(select).await?;
    select.set_is_idempotent(true);
    Ok(select)
}

#[test]
fn the_rust_driver_sees_three_nodes_and_routes_to_replicas() -> anyhow::Result<()> {
    with_session(None, async |session, cluster| {
        let known = session.get_cluster_state();
        let known = known.get_nodes_info().iter().map(|node| node.address.ip());
        let known: BTreeSet<IpAddr> = known.collect();
        let mut wanted = BTreeSet::new();
        for number in 1..=NODES {
            wanted.insert(host(cluster, number)?.parse::<IpAddr>()?);
        }
        ensure!(known == wanted, "the driver knows {known:?}");

        let insert = "INSERT INTO single.keys (k, v) VALUES (?, ?)";
        let insert = session.prepare(insert).await?;
        ensure!(insert.is_token_aware(), "no partition key is known");
        let mut asked = BTreeSet::new();
        for key in 0..40 {
            let result = session.execute_unpaged(&insert, (key, key)).await?;
            let sent_to = result.request_coordinator().node().address.ip();
            let kept_by = replica(cluster, key).await?;
            ensure!(sent_to == kept_by, "key {key}: {sent_to} and not {kept_by}");
            asked.insert(sent_to);
        }
        ensure!(asked == wanted, "only {asked:?} were asked");
        Ok(())
    })
}

/// Where a key of `single.keys` is kept, as a node's receipt says.
async fn replica(cluster: &Cluster, key: i32) -> anyhow::Result<IpAddr> {
    let options = proto::Options {
        consistency: proto::Consistency::One.into(),
        receipt: true,
        ..proto::Options::default()
    };
    let select = "SELECT v FROM single.keys WHERE k = ?";
    let node = cluster.direct(1)?;
    let answer = node
        .execute_with(select, vec![integer(key)], options)
        .await?;
    let receipt = answer.receipt.context("no receipt")?;
    let [replica] = &*receipt.replicas else {
        bail!("the key has the replicas {:?}", receipt.replicas);
    };
    let (address, _port) = replica.address.rsplit_once(':').context("no port")?;
    Ok(address.parse()?)
}

/// A type's name and values of it: the least, the greatest, and what is odd.
type Scalars = (&'static str, Vec<CqlValue>);

/// Texts, bytes and addresses.
fn texts() -> Vec<Scalars> {
    let texts = || [String::new(), "\0".to_owned(), "x".repeat(300_000)];
    let timeuuid = |number| CqlValue::Timeuuid(CqlTimeuuid::from_u128(number));
    let least_of_version_1 = 0x1000 << 64;
    let greatest_of_version_1 = u128::MAX ^ (0xe000 << 64);
    let inets = [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V4(Ipv4Addr::BROADCAST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
    ];
    let blobs = [Vec::new(), vec![0], (0..=255).collect()];
    let uuids = [Uuid::nil(), Uuid::max()];
    let timeuuids = [least_of_version_1, greatest_of_version_1];
    vec![
        ("ascii", texts().map(CqlValue::Ascii).to_vec()),
        ("blob", blobs.map(CqlValue::Blob).to_vec()),
        ("inet", inets.map(CqlValue::Inet).to_vec()),
        ("text", texts().map(CqlValue::Text).to_vec()),
        ("timeuuid", timeuuids.map(timeuuid).to_vec()),
        ("uuid", uuids.map(CqlValue::Uuid).to_vec()),
    ]
}

/// Numbers of every size.
fn numbers() -> Vec<Scalars> {
    let decimal = |(bytes, scale): (Vec<u8>, i32)| {
        CqlValue::Decimal(CqlDecimal::from_signed_be_bytes_and_exponent(bytes, scale))
    };
    let decimals = [
        (vec![0], 0),
        (vec![0x80; 40], i32::MAX),
        (vec![1], i32::MIN),
    ];
    let varint = |bytes| CqlValue::Varint(CqlVarint::from_signed_bytes_be(bytes));
    let varints = [vec![0], vec![0x80; 300], vec![0x7f; 300]];
    let floats = [f32::MIN, f32::MAX, f32::MIN_POSITIVE, -0.0, f32::INFINITY];
    let doubles = [f64::MIN, f64::MAX, f64::MIN_POSITIVE, -0.0, f64::INFINITY];
    let ints = [i32::MIN, -1, i32::MAX];
    let bigints = [i64::MIN, -1, i64::MAX];
    let smallints = [i16::MIN, -1, i16::MAX];
    let tinyints = [i8::MIN, -1, i8::MAX];
    vec![
        ("bigint", bigints.map(CqlValue::BigInt).to_vec()),
        ("boolean", [true, false].map(CqlValue::Boolean).to_vec()),
        ("decimal", decimals.map(decimal).to_vec()),
        ("double", doubles.map(CqlValue::Double).to_vec()),
        ("float", floats.map(CqlValue::Float).to_vec()),
        ("int", ints.map(CqlValue::Int).to_vec()),
        ("smallint", smallints.map(CqlValue::SmallInt).to_vec()),
        ("tinyint", tinyints.map(CqlValue::TinyInt).to_vec()),
        ("varint", varints.map(varint).to_vec()),
    ]
}

/// Days, times and spans.
fn times() -> Vec<Scalars> {
    let date = |day| CqlValue::Date(CqlDate(day));
    let time = |nanoseconds| CqlValue::Time(CqlTime(nanoseconds));
    let timestamp = |millis| CqlValue::Timestamp(CqlTimestamp(millis));
    let duration = |(months, days, nanoseconds)| {
        CqlValue::Duration(CqlDuration {
            months,
            days,
            nanoseconds,
        })
    };
    let greatest = (i32::MAX, i32::MAX, i64::MAX);
    let least = (i32::MIN, i32::MIN, i64::MIN);
    vec![
        ("date", [0, 1 << 31, u32::MAX].map(date).to_vec()),
        (
            "duration",
            [least, (0, 0, 0), greatest].map(duration).to_vec(),
        ),
        ("time", [0, 86_399_999_999_999].map(time).to_vec()),
        ("timestamp", [i64::MIN, 0, i64::MAX].map(timestamp).to_vec()),
    ]
}

/// Types that a value of no bytes belongs to, beside the texts.
const EMPTY: [&str; 11] = [
    "bigint",
    "boolean",
    "decimal",
    "double",
    "float",
    "inet",
    "int",
    "timestamp",
    "timeuuid",
    "uuid",
    "varint",
];

#[test]
fn the_rust_driver_binds_and_reads_every_scalar_type() -> anyhow::Result<()> {
    with_session(Some(Compression::Lz4), async |session, _cluster| {
        let scalars = [texts(), numbers(), times()].concat();
        let columns: Vec<String> = scalars
            .iter()
            .map(|(name, _)| format!("v_{name} {name}"))
            .collect();
        let table = format!(
            "CREATE TABLE shop.scalars (k text PRIMARY KEY, {})",
            columns.join(", ")
        );
        session.query_unpaged(table, ()).await?;
        for (name, values) in scalars {
            let insert = format!("INSERT INTO shop.scalars (k, v_{name}) VALUES (?, ?)");
            let insert = session.prepare(insert).await?;
            let select = format!("SELECT v_{name} FROM shop.scalars WHERE k = ?");
            let select = session.prepare(select).await?;
            let empty = EMPTY.contains(&name).then_some(CqlValue::Empty);
            let values = values.into_iter().chain(empty).map(Some);
            for wanted in values.chain([None]) {
                session.execute_unpaged(&insert, (name, &wanted)).await?;
                let result = session.execute_unpaged(&select, (name,)).await?;
                let rows = result.into_rows_result()?;
                let (got,) = rows.single_row::<(Option<CqlValue>,)>()?;
                ensure!(got == wanted, "{name}: wrote {wanted:?}, read {got:?}");
            }
        }
        Ok(())
    })
}

#[test]
fn the_rust_driver_pages() -> anyhow::Result<()> {
    with_session(Some(Compression::Snappy), async |session, _cluster| {
        let insert = insert_of(&session).await?;
        let mut writes = JoinSet::new();
        for item in 0..ROWS {
            if writes.len() == 64 {
                writes.join_next().await.context("no write")???;
            }
            let (session, insert) = (Arc::clone(&session), insert.clone());
            writes.spawn(async move {
                let written = session.execute_unpaged(&insert, ("ada", item, "a note"));
                written.await.map(drop)
            });
        }
        while let Some(written) = writes.join_next().await {
            written??;
        }
        for size in PAGE_SIZES {
            let select = "SELECT item FROM shop.carts WHERE user = 'ada'";
            let mut select = session.prepare(select).await?;
            select.set_page_size(size);
            let rows = session
                .execute_iter(select, ())
                .await?
                .rows_stream::<(i32,)>()?;
            let items: Vec<(i32,)> = rows.try_collect().await?;
            let wanted = (0..ROWS).map(|item| (item,));
            ensure!(
                wanted.eq(items.iter().copied()),
                "{} rows in pages of {size}",
                items.len()
            );
        }
        Ok(())
    })
}

#[test]
fn the_rust_driver_sends_batches() -> anyhow::Result<()> {
    with_session(None, async |session, _cluster| {
        let insert = insert_of(&session).await?;
        let select = select_of(&session).await?;
        for (kind, user) in [(BatchType::Logged, "bob"), (BatchType::Unlogged, "eve")] {
            let mut batch = Batch::new(kind);
            batch.append_statement(insert.clone());
            batch.append_statement(insert.clone());
            batch.append_statement("DELETE FROM shop.carts WHERE user = 'ada' AND item = 1");
            let too = format!("{user} too");
            let values = ((user, 1, "first"), (&*too, 2, "second"), ());
            session.batch(&batch, values).await?;
            for (user, item, wanted) in [(user, 1, "first"), (&*too, 2, "second")] {
                let note = note(&session, &select, user, item).await?;
                ensure!(note.as_deref() == Some(wanted), "{user}'s note is {note:?}");
            }
        }
        Ok(())
    })
}

/// The note of an item, if there is one.
async fn note(
    session: &Session,
    select: &PreparedStatement,
    user: &str,
    item: i32,
) -> anyhow::Result<Option<String>> {
    let result = session.execute_unpaged(select, (user, item)).await?;
    let rows = result.into_rows_result()?;
    let row = rows.maybe_first_row::<(Option<String>,)>()?;
    Ok(row.and_then(|(note,)| note))
}

#[test]
fn the_rust_drivers_metadata_follows_other_sessions() -> anyhow::Result<()> {
    with_session(None, async |session, cluster| {
        let other = self::session(&host(cluster, 3)?, None).await?;
        let has_table = || {
            let state = other.get_cluster_state();
            let shop = state.get_keyspace("shop");
            shop.is_some_and(|shop| shop.tables.contains_key("things"))
        };
        let table = "CREATE TABLE shop.things (k int PRIMARY KEY, v text)";
        for (statement, wanted) in [(table, true), ("DROP TABLE shop.things", false)] {
            session.query_unpaged(statement, ()).await?;
            until("the other session's metadata follows", WITHIN, async || {
                yield_now().await;
                ensure!(has_table() == wanted, "after {statement}: {}", has_table());
                Ok(())
            })
            .await?;
        }
        Ok(())
    })
}

/// Writes and reads back until it is told to stop.
async fn work(
    session: Arc<Session>,
    user: String,
    rounds: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let insert = insert_of(&session).await?;
    let select = select_of(&session).await?;
    let mut item = 0;
    while !ends.load(Ordering::Relaxed) {
        let wanted = format!("note {item} of {user}");
        let written = session.execute_unpaged(&insert, (&user, item, &wanted));
        written.await.context("a write")?;
        let note = note(&session, &select, &user, item)
            .await
            .context("a read")?;
        ensure!(
            note.as_ref() == Some(&wanted),
            "{user}'s item {item} has {note:?}"
        );
        item += 1;
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[test]
fn a_node_that_stops_and_starts_is_no_error_to_the_rust_driver() -> anyhow::Result<()> {
    with_session(Some(Compression::Lz4), async |session, cluster| {
        let select = select_of(&session).await?;
        let ends = Arc::new(AtomicBool::new(false));
        let rounds = Arc::new(AtomicU64::new(0));
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(work(
                Arc::clone(&session),
                format!("user {worker}"),
                Arc::clone(&rounds),
                Arc::clone(&ends),
            ));
        }
        for number in 1..=NODES {
            goes_on(&mut workers, &rounds).await?;
            cluster.stop(number).await?;
            goes_on(&mut workers, &rounds)
                .await
                .with_context(|| format!("without node {number}"))?;
            cluster.start(number)?;
            cluster.settle().await?;
            listening(cluster, number).await?;
            connected(&session).await?;
        }
        goes_on(&mut workers, &rounds).await?;
        ends.store(true, Ordering::Relaxed);
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        // Prepared before all nodes were restarted.
        let note = note(&session, &select, "user 0", 0).await?;
        ensure!(
            note.as_deref() == Some("note 0 of user 0"),
            "the note is {note:?}"
        );
        Ok(())
    })
}

/// Waits until the workers have done some more rounds, all of them being at work.
async fn goes_on(
    workers: &mut JoinSet<anyhow::Result<()>>,
    rounds: &AtomicU64,
) -> anyhow::Result<()> {
    let wanted = rounds.load(Ordering::Relaxed) + ROUNDS;
    until("the load goes on", WITHIN, async || {
        yield_now().await;
        if let Some(ended) = workers.try_join_next() {
            // Not worth waiting for.
            return Ok(ended.map_err(anyhow::Error::from).and_then(|ended| ended));
        }
        let done = rounds.load(Ordering::Relaxed);
        ensure!(done >= wanted, "{done} rounds are done of {wanted}");
        Ok(Ok(()))
    })
    .await?
}

/// Waits until the driver has connections to every node.
async fn connected(session: &Session) -> anyhow::Result<()> {
    until(
        "the driver is connected to every node",
        WITHIN,
        async || {
            let state = session.get_cluster_state();
            let nodes = state.get_nodes_info();
            let connected = nodes.iter().filter(|node| node.is_connected()).count();
            ensure!(connected == usize::from(NODES), "it is to {connected}");
            Ok(())
        },
    )
    .await
}

#[test]
fn statements_that_a_node_has_forgotten_are_prepared_again_unseen() -> anyhow::Result<()> {
    let setup = Setup::nodes(1).set("prepared_statements_max=16");
    with_cluster(setup, async |cluster| {
        listening(cluster, 1).await?;
        let session = session(&host(cluster, 1)?, None).await?;
        for statement in [
            "CREATE KEYSPACE few WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}",
            "CREATE TABLE few.rows (k int PRIMARY KEY, v int)",
        ] {
            session.query_unpaged(statement, ()).await?;
        }
        let mut inserts = Vec::new();
        for key in 0..40 {
            let insert = format!("INSERT INTO few.rows (k, v) VALUES ({key}, ?)");
            inserts.push(session.prepare(insert).await?);
        }
        for round in 0..10 {
            for insert in &inserts {
                session.execute_unpaged(insert, (round,)).await?;
            }
        }
        let kept = "SELECT prepared_id FROM system.prepared_statements";
        let kept = session.query_unpaged(kept, ()).await?.into_rows_result()?;
        ensure!(kept.rows_num() <= 16, "{} are kept", kept.rows_num());
        let counted = "SELECT count(*) FROM few.rows WHERE v = 9 ALLOW FILTERING";
        let counted = session.query_unpaged(counted, ()).await?;
        let counted = counted.into_rows_result()?.single_row::<(i64,)>()?;
        ensure!(counted == (40,), "{counted:?} rows have the last value");
        Ok(())
    })
}
