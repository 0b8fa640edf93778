//! The verbs against a server that answers as each test says, and the command line.

use crate::AdminArgs;
use crate::Output;
use crate::Tables;
use crate::Verb;
use crate::ask;
use bytes::Bytes;
use clap::Parser;
use quorate_client::proto;
use quorate_client::proto::mock::admin_server::Admin;
use quorate_client::proto::mock::admin_server::AdminServer;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Request;
use tonic::Response;
use tonic::Status;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: AdminArgs,
}

fn parse(line: &str) -> Result<AdminArgs, clap::Error> {
    let words = std::iter::once("admin").chain(line.split_whitespace());
    Line::try_parse_from(words).map(|line| line.args)
}

#[test]
fn verbs_are_named_as_nodetools() {
    let verb = |line| parse(line).unwrap().verb;
    assert_eq!(verb("status"), Verb::Status { keyspace: None });
    assert_eq!(verb("ring"), Verb::Ring);
    assert_eq!(verb("describecluster"), Verb::DescribeCluster);
    assert_eq!(verb("gossipinfo"), Verb::GossipInfo);
    assert_eq!(verb("drain"), Verb::Drain);
    assert_eq!(verb("listpendinghints"), Verb::ListPendingHints);
    assert_eq!(verb("flush"), Verb::Flush { tables: None });
    let one = Some(Tables {
        keyspace: "shop".to_owned(),
        table: "carts".to_owned(),
    });
    assert_eq!(
        verb("tablestats shop.carts"),
        Verb::TableStats { tables: one }
    );
    let all = Some(Tables {
        keyspace: "shop".to_owned(),
        table: String::new(),
    });
    assert_eq!(verb("compact shop"), Verb::Compact { tables: all });
    let endpoints = Verb::GetEndpoints {
        keyspace: "shop".to_owned(),
        table: "carts".to_owned(),
        key: "ada:1".to_owned(),
    };
    assert_eq!(verb("getendpoints shop carts ada:1"), endpoints);
}

#[test]
fn options_stand_before_or_after_the_verb() {
    for line in [
        "--host 10.0.0.1 --output json status shop",
        "status shop --host 10.0.0.1 --output json",
    ] {
        let args = parse(line).unwrap();
        assert_eq!(
            (args.host.as_str(), args.output),
            ("10.0.0.1", Output::Json)
        );
    }
    for wrong in [
        "",
        "stats",
        "flush shop.",
        "flush .t",
        "flush a.b.c",
        "getendpoints a b",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

struct Node;

#[tonic::async_trait]
impl Admin for Node {
    async fn status(
        &self,
        request: Request<proto::StatusRequest>,
    ) -> Result<Response<proto::StatusResponse>, Status> {
        if request.get_ref().keyspace == "none" {
            return Err(Status::invalid_argument("Keyspace 'none' does not exist"));
        }
        let node = |n: u8| proto::status_response::Node {
            up: true,
            state: "Normal".to_owned(),
            address: format!("127.0.0.{n}:7000"),
            client_address: format!("127.0.0.{n}:9160"),
            load_bytes: 10,
            tokens: 16,
            owns: 0.5,
            host_id: host_id(n),
            datacenter: "dc1".to_owned(),
            rack: "r1".to_owned(),
            build: "0.1.0".to_owned(),
        };
        Ok(Response::new(proto::StatusResponse {
            nodes: vec![node(2), node(1)],
            epoch: 7,
            cluster_name: "quorate".to_owned(),
        }))
    }

    async fn ring(
        &self,
        _request: Request<proto::RingRequest>,
    ) -> Result<Response<proto::RingResponse>, Status> {
        let token = |token| proto::ring_response::Token {
            token,
            address: "127.0.0.1:7000".to_owned(),
            host_id: host_id(1),
            datacenter: "dc1".to_owned(),
            rack: "r1".to_owned(),
            up: true,
            state: "Normal".to_owned(),
            owns: 0.5,
        };
        let tokens = vec![token(i64::MAX), token(-3)];
        Ok(Response::new(proto::RingResponse { tokens }))
    }

    async fn describe_cluster(
        &self,
        _request: Request<proto::DescribeClusterRequest>,
    ) -> Result<Response<proto::DescribeClusterResponse>, Status> {
        let entry = |epoch| proto::describe_cluster_response::EpochNodes {
            epoch,
            addresses: vec!["b".to_owned(), "a".to_owned()],
        };
        Ok(Response::new(proto::DescribeClusterResponse {
            name: "quorate".to_owned(),
            partitioner: "Murmur3".to_owned(),
            epoch: 7,
            schema_version: "v".to_owned(),
            metadata_replicas: vec!["a".to_owned()],
            epochs: vec![entry(6), entry(7)],
            unreachable: vec!["c".to_owned()],
            keyspaces: [("shop".to_owned(), "{}".to_owned())].into(),
        }))
    }

    async fn gossip_info(
        &self,
        _request: Request<proto::GossipInfoRequest>,
    ) -> Result<Response<proto::GossipInfoResponse>, Status> {
        let endpoint = proto::gossip_info_response::Endpoint {
            host_id: host_id(1),
            generation: 5,
            heartbeat: 6,
            up: true,
            phi: 0.25,
            states: [("LOAD".to_owned(), "10".to_owned())].into(),
        };
        Ok(Response::new(proto::GossipInfoResponse {
            endpoints: vec![endpoint],
        }))
    }

    async fn get_endpoints(
        &self,
        request: Request<proto::GetEndpointsRequest>,
    ) -> Result<Response<proto::GetEndpointsResponse>, Status> {
        Ok(Response::new(proto::GetEndpointsResponse {
            token: -9,
            addresses: vec![request.into_inner().key],
            host_ids: vec![host_id(1)],
        }))
    }

    async fn table_stats(
        &self,
        request: Request<proto::TableStatsRequest>,
    ) -> Result<Response<proto::TableStatsResponse>, Status> {
        let proto::TableStatsRequest { keyspace, table } = request.into_inner();
        let table = proto::table_stats_response::Table {
            keyspace,
            table,
            keys_estimated: 1,
            bytes_on_disk: 2,
            memtable_bytes: 3,
            files: 4,
            reads: 5,
            writes: 6,
            sweeps: 7,
            swept_entries: 8,
        };
        let tables = vec![table];
        Ok(Response::new(proto::TableStatsResponse { tables }))
    }

    async fn flush(
        &self,
        _request: Request<proto::FlushRequest>,
    ) -> Result<Response<proto::FlushResponse>, Status> {
        Ok(Response::new(proto::FlushResponse { tables: 3 }))
    }

    async fn compact(
        &self,
        _request: Request<proto::CompactRequest>,
    ) -> Result<Response<proto::CompactResponse>, Status> {
        Ok(Response::new(proto::CompactResponse {
            tables: 1,
            entries_read: 10,
            entries_purged: 4,
            bytes_before: 100,
            bytes_after: 60,
        }))
    }

    async fn drain(
        &self,
        _request: Request<proto::DrainRequest>,
    ) -> Result<Response<proto::DrainResponse>, Status> {
        Ok(Response::new(proto::DrainResponse {}))
    }

    async fn list_pending_hints(
        &self,
        _request: Request<proto::ListPendingHintsRequest>,
    ) -> Result<Response<proto::ListPendingHintsResponse>, Status> {
        let target = proto::list_pending_hints_response::Target {
            host_id: host_id(2),
            address: "127.0.0.2:7000".to_owned(),
            up: false,
            files: 1,
            hints: 2,
            bytes: 3,
            oldest: 0,
        };
        let targets = vec![target];
        Ok(Response::new(proto::ListPendingHintsResponse { targets }))
    }
}

fn host_id(n: u8) -> Bytes {
    Bytes::copy_from_slice(uuid::Uuid::from_u128(n.into()).as_bytes())
}

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tonic::transport::Server::builder()
        .add_service(AdminServer::new(Node))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    address
}

/// The JSON of a verb.
async fn json(address: &str, line: &str) -> String {
    let mut service = ask::connect(address, quorate_client::Access::default())
        .await
        .unwrap();
    let report = ask::ask(&mut service, &parse(line).unwrap().verb).await;
    serde_json::to_string(&report.unwrap()).unwrap()
}

#[tokio::test]
async fn the_json_of_each_verb_is_as_documented() {
    let address = serve().await;
    let node = |n: u8| {
        format!(
            r#"{{"up":true,"state":"Normal","address":"127.0.0.{n}:7000","client_address":"127.0.0.{n}:9160","load_bytes":10,"tokens":16,"owns":0.5,"host_id":"00000000-0000-0000-0000-00000000000{n}","datacenter":"dc1","rack":"r1","build":"0.1.0"}}"#
        )
    };
    let status = format!(
        r#"{{"cluster":"quorate","epoch":7,"keyspace":"shop","nodes":[{},{}]}}"#,
        node(1),
        node(2)
    );
    let token = |token: &str| {
        format!(
            r#"{{"token":"{token}","address":"127.0.0.1:7000","host_id":"00000000-0000-0000-0000-000000000001","datacenter":"dc1","rack":"r1","up":true,"state":"Normal","owns":0.5}}"#
        )
    };
    let ring = format!(
        r#"{{"tokens":[{},{}]}}"#,
        token("-3"),
        token("9223372036854775807")
    );
    for (line, expected) in [
        ("status shop", status.as_str()),
        ("ring", &ring),
        (
            "describecluster",
            r#"{"name":"quorate","partitioner":"Murmur3","epoch":7,"schema_version":"v","metadata_replicas":["a"],"epochs":[{"epoch":7,"addresses":["a","b"]},{"epoch":6,"addresses":["a","b"]}],"unreachable":["c"],"keyspaces":{"shop":"{}"}}"#,
        ),
        (
            "gossipinfo",
            r#"{"endpoints":[{"host_id":"00000000-0000-0000-0000-000000000001","generation":5,"heartbeat":6,"up":true,"phi":0.25,"states":{"LOAD":"10"}}]}"#,
        ),
        (
            "getendpoints shop carts ada:1",
            r#"{"token":"-9","endpoints":[{"address":"ada:1","host_id":"00000000-0000-0000-0000-000000000001"}]}"#,
        ),
        (
            "tablestats shop.carts",
            r#"{"tables":[{"keyspace":"shop","table":"carts","keys_estimated":1,"bytes_on_disk":2,"memtable_bytes":3,"files":4,"reads":5,"writes":6,"sweeps":7,"swept_entries":8}]}"#,
        ),
        ("flush", r#"{"tables":3}"#),
        (
            "compact shop",
            r#"{"tables":1,"entries_read":10,"entries_purged":4,"bytes_before":100,"bytes_after":60}"#,
        ),
        ("drain", r#"{"drained":true}"#),
        (
            "listpendinghints",
            r#"{"targets":[{"host_id":"00000000-0000-0000-0000-000000000002","address":"127.0.0.2:7000","up":false,"files":1,"hints":2,"bytes":3,"oldest_millis":null}]}"#,
        ),
    ] {
        assert_eq!(json(&address, line).await, expected, "{line}");
    }
}

#[tokio::test]
async fn a_refusal_has_its_own_exit_code() {
    let address = serve().await;
    let code = |line: &str| crate::run(parse(&format!("{line} --host {address}")).unwrap());
    let shown = |code: ExitCode| format!("{code:?}");
    let refused = code("status none").await.unwrap();
    assert_eq!(shown(refused), shown(ExitCode::from(2)));
    let answered = code("status").await.unwrap();
    assert_eq!(shown(answered), shown(ExitCode::SUCCESS));
}

#[tokio::test]
async fn a_node_that_is_not_there_is_an_error_that_names_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let args = parse(&format!("status --host {address}")).unwrap();
    let error = crate::run(args).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot reach {address}"));
}
