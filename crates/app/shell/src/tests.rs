//! Whole sessions with a node that answers as the test says: scripts, pages, errors, COPY.

use crate::errors::ShellError;
use crate::mock::MockNode;
use crate::mock::Sink;
use crate::mock::carts;
use crate::mock::column;
use crate::mock::int;
use crate::mock::rows;
use crate::mock::session;
use crate::mock::text;
use crate::mock::void;
use crate::session::Flow;
use crate::session::Session;
use quorate_client::ConsistencyLevel;
use quorate_client::RequestError;
use quorate_client::proto;
use quorate_client::proto::execute_request::Statement;
use quorate_client::proto::session_request::Request;
use quorate_client::proto::session_response::Response;
use quorate_client::proto::value::Kind;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

async fn run(session: &mut Session, script: &str) -> Result<Flow, ShellError> {
    session.run_script(script, "<stdin>").await
}

fn invalid(message: &str) -> RequestError {
    RequestError::Invalid(message.to_owned())
}

/// Answers texts: `two` in two pages, `explain …` with a receipt, `bad` with an error.
fn answer_text(request: &Request) -> Result<Response, RequestError> {
    let Request::Execute(execute) = request else {
        return Err(invalid("only text"));
    };
    let Some(Statement::Cql(cql)) = &execute.statement else {
        return Err(invalid("only text"));
    };
    let options = execute.options.clone().unwrap_or_default();
    let is_first = options.paging_state.is_empty();
    let mut response = match cql.as_str() {
        "SELECT two" if is_first => rows(vec![vec![int(1), text("tea"), int(2)]], "more"),
        "SELECT two" => rows(vec![vec![int(22), proto::Value { kind: None }, int(3)]], ""),
        "bad" => return Err(invalid("no such thing")),
        "few" => {
            return Err(RequestError::Unavailable {
                level: ConsistencyLevel::Quorum,
                required: 2,
                alive: 1,
                datacenter: None,
            });
        }
        _ => proto::ExecuteResponse {
            warnings: vec![format!("consistency {}", options.consistency)],
            ..Default::default()
        },
    };
    if options.receipt {
        response.receipt = Some(proto::Receipt {
            guarantee: "what was promised".to_owned(),
            ..Default::default()
        });
    }
    Ok(Response::Execute(response))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_of_a_script_are_one_table() {
    let node = MockNode::start(answer_text).await;
    let (mut session, sink) = node.session(&[]);
    assert_eq!(
        run(&mut session, "SELECT two;").await.unwrap(),
        Flow::Continue
    );
    assert_eq!(
        sink.take(),
        "\n k | item | v\n---+------+---\n 1 | tea  | 2\n 22 | null | 3\n\n(2 rows)\n"
    );
    run(&mut session, "EXPAND ON\nSELECT two;").await.unwrap();
    assert!(sink.take().contains("@ Row 2"));
    run(&mut session, "FORMAT json\nSELECT two;").await.unwrap();
    assert_eq!(
        sink.take(),
        "! Format set to json.\n\
         {\"k\": 1, \"item\": \"tea\", \"v\": 2}\n\
         {\"k\": 22, \"item\": null, \"v\": 3}\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_stops_at_its_first_error_unless_told_to_go_on() {
    let node = MockNode::start(answer_text).await;
    let script = "CONSISTENCY QUORUM\n\nbad;\nCONSISTENCY ALL\nfew;";
    let (mut session, sink) = node.session(&[]);
    let error = run(&mut session, script).await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert_eq!(
        sink.take(),
        "Consistency level set to QUORUM.\n\
         ! <stdin>:3:InvalidRequest: Error from server: code=2200 [Invalid query] \
         message=\"no such thing\"\n"
    );
    let (mut session, sink) = node.session(&["--continue-on-error"]);
    run(&mut session, script).await.unwrap();
    assert!(session.has_failed());
    let said = sink.take();
    assert!(said.contains("Consistency level set to ALL."), "{said}");
    assert!(
        said.contains(
            "<stdin>:5:Unavailable: Error from server: code=1000 [Unavailable exception] \
             message=\"Cannot achieve consistency level QUORUM\" \
             info={'required_replicas': 2, 'alive_replicas': 1, 'consistency': 'QUORUM'}"
        ),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commands_set_goes_with_the_next_statements() {
    let node = MockNode::start(answer_text).await;
    let (mut session, sink) = node.session(&["--consistency", "ONE"]);
    run(&mut session, "any;").await.unwrap();
    assert_eq!(sink.take(), "\nWarnings :\nconsistency 2\n\n");
    run(
        &mut session,
        "consistency all\nany;\nRECEIPT ON\nany;\nSHOW VERSION",
    )
    .await
    .unwrap();
    let said = sink.take();
    assert!(said.contains("Warnings :\nconsistency 6"), "{said}");
    assert!(said.contains("guarantee    what was promised"), "{said}");
    assert!(said.contains("Quorate 9.9"), "{said}");
    run(&mut session, "RECEIPT OFF\nEXPLAIN CONSISTENCY any;")
        .await
        .unwrap();
    assert!(sink.take().contains("guarantee    what was promised"));
    run(&mut session, "TRACING ON\nany;").await.unwrap();
    assert!(sink.take().contains("Trace of the request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_run_files_but_not_in_a_circle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.cql");
    std::fs::write(&path, "any;\nEXIT\nbad;").unwrap();
    let node = MockNode::start(answer_text).await;
    let (mut session, _) = node.session(&[]);
    let script = format!("SOURCE '{}'\nbad;", path.display());
    assert_eq!(run(&mut session, &script).await.unwrap(), Flow::Exit);
    std::fs::write(&path, format!("SOURCE '{}'", path.display())).unwrap();
    let (mut session, sink) = node.session(&[]);
    assert!(run(&mut session, &script).await.is_err());
    let said = sink.take();
    assert!(said.contains("is it a circle?"), "{said}");
    assert_eq!(said.lines().count(), 1, "said once: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_results_are_in_the_file_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.txt");
    let node = MockNode::start(answer_text).await;
    let (mut session, sink) = node.session(&[]);
    let script = format!(
        "CAPTURE '{}'\nSELECT two;\nCAPTURE OFF\nCAPTURE",
        path.display()
    );
    run(&mut session, &script).await.unwrap();
    let said = sink.take();
    assert!(
        said.starts_with("Now capturing") && !said.contains("tea"),
        "{said}"
    );
    assert!(
        said.ends_with("Currently not capturing query output.\n"),
        "{said}"
    );
    assert!(std::fs::read_to_string(&path).unwrap().contains("(2 rows)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_the_shell_says_so_and_its_code_is_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (mut session, sink) = session(&address, &["--connect-timeout", "1"]);
    let error = run(&mut session, "HELP\nSELECT 1;\nSELECT 2;")
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), 1);
    let said = sink.take();
    assert!(
        said.contains("! Connection error: NoHostAvailable"),
        "{said}"
    );
    assert_eq!(said.matches("NoHostAvailable").count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_statement_at_the_end_of_a_file_is_not_run() {
    let node = MockNode::start(|_| panic!("nothing is to be asked")).await;
    let (mut session, sink) = node.session(&[]);
    assert!(
        run(&mut session, "DELETE FROM t WHERE k = 1")
            .await
            .is_err()
    );
    assert_eq!(
        sink.take(),
        "! <stdin>:1:Incomplete statement at end of file\n"
    );
}

/// A cell of a row: its write timestamp, and the values.
type Written = BTreeMap<i64, (i64, Vec<Option<Kind>>)>;

/// A table that COPY writes to: the latest row of each key.
#[derive(Clone, Default)]
struct Table {
    rows: Arc<Mutex<Written>>,
    requests: Arc<Mutex<Vec<usize>>>,
}

impl Table {
    /// Answers what COPY FROM asks. `judge` sees each write: how many were before, and its keys.
    fn answer(
        &self,
        request: &Request,
        judge: impl Fn(usize, &[i64]) -> Result<(), RequestError>,
    ) -> Result<Response, RequestError> {
        use proto::batch_request::statement::Statement as Entry;
        let writes: Vec<Vec<proto::Value>> = match request {
            Request::Prepare(prepare) => return Ok(Response::Prepare(prepared(&prepare.cql))),
            Request::Execute(execute) => match &execute.statement {
                Some(Statement::PreparedId(id)) => vec![ordered(id, &execute.values)],
                other => panic!("{other:?}"),
            },
            Request::Batch(batch) => batch
                .statements
                .iter()
                .map(|statement| match &statement.statement {
                    Some(Entry::PreparedId(id)) => ordered(id, &statement.values),
                    other => panic!("{other:?}"),
                })
                .collect(),
        };
        let keys: Vec<i64> = writes.iter().map(|values| number(&values[0])).collect();
        let before = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(keys.len());
            requests.len() - 1
        };
        judge(before, &keys)?;
        for values in writes {
            let (timestamp, cells) = values.split_last().unwrap();
            let (key, timestamp) = (number(&cells[0]), number(timestamp));
            let cells = cells.iter().map(|value| value.kind.clone()).collect();
            let mut rows = self.rows.lock().unwrap();
            let known = rows.entry(key).or_default();
            if timestamp > known.0 {
                *known = (timestamp, cells);
            }
        }
        Ok(void())
    }

    async fn start(
        &self,
        judge: impl Fn(usize, &[i64]) -> Result<(), RequestError> + Send + Sync + 'static,
    ) -> MockNode {
        let table = self.clone();
        MockNode::start(move |request| table.answer(request, &judge)).await
    }

    fn values(&self, key: i64) -> Vec<Option<Kind>> {
        self.rows.lock().unwrap()[&key].1.clone()
    }
}

fn number(value: &proto::Value) -> i64 {
    match value.kind {
        Some(Kind::Integer(number)) => number,
        _ => panic!("{value:?}"),
    }
}

/// The columns that an INSERT names.
fn inserted(cql: &str) -> Vec<&str> {
    let (_, names) = cql.split_once('(').unwrap();
    names.split_once(')').unwrap().0.split(", ").collect()
}

/// An INSERT's values in the order of the table's columns, and the timestamp.
fn ordered(id: &[u8], values: &[proto::Value]) -> Vec<proto::Value> {
    let names = inserted(std::str::from_utf8(id).unwrap());
    let places = carts().into_iter().map(|column| {
        let place = names.iter().position(|name| *name == column.name);
        place.unwrap()
    });
    places
        .chain([names.len()])
        .map(|place| values[place].clone())
        .collect()
}

/// Statements are their own ids.
fn prepared(cql: &str) -> proto::PrepareResponse {
    let reads = cql.starts_with("SELECT");
    let (mut markers, mut key) = (Vec::new(), Vec::new());
    if !reads {
        for name in inserted(cql) {
            if name == "k" {
                key.push(markers.len() as u32);
            }
            markers.extend(carts().into_iter().filter(|column| column.name == name));
        }
        markers.push(column("[timestamp]", "bigint"));
    }
    proto::PrepareResponse {
        id: bytes::Bytes::copy_from_slice(cql.as_bytes()),
        markers,
        result_columns: if reads { carts() } else { Vec::new() },
        partition_key_markers: key,
        idempotent: true,
        reads,
    }
}

fn copy(folder: &Path, data: &str, more: &str) -> String {
    let path = folder.join("data.csv");
    std::fs::write(&path, data).unwrap();
    format!(
        "COPY shop.carts FROM '{}' WITH HEADER = TRUE AND ERRFILE = '{}' {more};",
        path.display(),
        folder.join("rejects.err").display()
    )
}

fn rejects(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("rejects.err")).unwrap_or_default()
}

fn has_mark(folder: &Path) -> bool {
    folder.join("import_shop_carts.resume").exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_writes_every_row_though_requests_fail_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let table = Table::default();
    let node = table
        .start(|before, _| match before % 14 {
            6 => Err(RequestError::Unavailable {
                level: ConsistencyLevel::Quorum,
                required: 2,
                alive: 1,
                datacenter: None,
            }),
            13 => Err(RequestError::Overloaded("busy".to_owned())),
            _ => Ok(()),
        })
        .await;
    let (mut session, sink) = node.session(&[]);
    let mut data = "item,k,v\n".to_owned();
    for row in 0..2_000 {
        // Ten rows of one key near each other; the last one counts.
        writeln!(data, "tea {row},{},{row}", row / 10).unwrap();
    }
    run(&mut session, &copy(folder.path(), &data, ""))
        .await
        .unwrap();
    let said = sink.take();
    assert!(
        said.contains("Starting copy of shop.carts with columns [item, k, v]."),
        "{said}"
    );
    assert!(
        said.contains("2000 rows imported from 1 files in "),
        "{said}"
    );
    assert!(said.contains(" seconds (0 skipped)."), "{said}");
    assert!(said.contains("requests were repeated."), "{said}");
    assert_eq!(table.rows.lock().unwrap().len(), 200);
    let last = Some(Kind::Text("tea 1999".to_owned()));
    assert_eq!(table.values(199)[1], last);
    assert!(!has_mark(folder.path()) && rejects(folder.path()).is_empty());
    assert!(
        table.requests.lock().unwrap().iter().any(|rows| *rows > 1),
        "batches"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rows_with_one_key_the_last_wins_and_empty_fields_are_null() {
    let folder = tempfile::tempdir().unwrap();
    let table = Table::default();
    let node = table.start(|_, _| Ok(())).await;
    let (mut session, _) = node.session(&[]);
    let mut data = "k,item,v\n".to_owned();
    for row in 0..3_000 {
        writeln!(data, "{},tea {row},", row % 7).unwrap();
    }
    run(&mut session, &copy(folder.path(), &data, ""))
        .await
        .unwrap();
    for key in 0..7 {
        let last = (0..3_000).rev().find(|row| row % 7 == key).unwrap();
        let item = Some(Kind::Text(format!("tea {last}")));
        assert_eq!(table.values(key), [Some(Kind::Integer(key)), item, None]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_fail_are_put_aside_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let table = Table::default();
    let node = table
        .start(|_, keys| {
            if keys.contains(&13) {
                return Err(invalid("13 is refused"));
            }
            Ok(())
        })
        .await;
    let (mut session, sink) = node.session(&[]);
    let data = "k,item,v\n13,a,1\n14,b,x\n15,c\n16,d,4\n13,e,5\n16,f,6\n";
    let error = run(&mut session, &copy(folder.path(), data, ""))
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), 2);
    let said = sink.take();
    assert!(said.contains("2 rows imported from 1 files"), "{said}");
    assert!(said.contains("Failed to import 4 rows"), "{said}");
    let rejects = rejects(folder.path());
    assert!(rejects.starts_with("k,item,v\n# row "), "{rejects}");
    for expected in [
        "# row 1: InvalidRequest: Error from server: code=2200 [Invalid query] message=\"13 is refused\"\n13,a,1\n",
        "# row 2: ParseError: field 3: Unable to make int from 'x'\n14,b,x\n",
        "# row 3: ParseError: Invalid row length 2 should be 3\n15,c\n",
        "\n13,e,5\n",
    ] {
        assert!(rejects.contains(expected), "{rejects}");
    }
    assert_eq!(table.values(16)[2], Some(Kind::Integer(6)));
    assert!(
        !has_mark(folder.path()),
        "what failed is put aside, so the load is done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_stopped_goes_on_after_what_was_settled() {
    let folder = tempfile::tempdir().unwrap();
    let data: Vec<String> = (0..4_000).map(|key| format!("{key},tea,{key}\n")).collect();
    let data = format!("k,item,v\n{}", data.concat());
    let first = Table::default();
    let node = first
        .start(|_, keys| {
            if keys[0] >= 2_500 {
                Err(invalid("full"))
            } else {
                Ok(())
            }
        })
        .await;
    let (mut session, sink) = node.session(&[]);
    let script = copy(folder.path(), &data, "AND MAXINSERTERRORS = 10");
    assert!(run(&mut session, &script).await.is_err());
    let said = sink.take();
    assert!(
        said.contains("Exceeded maximum number of insert errors 10"),
        "{said}"
    );
    assert!(has_mark(folder.path()));

    let second = Table::default();
    let node = second.start(|_, _| Ok(())).await;
    let (mut session, sink) = node.session(&[]);
    let script = copy(folder.path(), &data, "AND RESUME = TRUE");
    run(&mut session, &script).await.unwrap();
    let said = sink.take();
    let (_, resumed) = said.split_once("Resuming after ").unwrap();
    let resumed: i64 = resumed.split(' ').next().unwrap().parse().unwrap();
    assert!(resumed >= 2_500, "{said}");
    assert!(said.contains(&format!("({resumed} skipped)")), "{said}");
    assert!(!has_mark(folder.path()));
    let rejected = rejects(folder.path());
    let (first, second) = (first.rows.lock().unwrap(), second.rows.lock().unwrap());
    assert_eq!(
        second.keys().next(),
        Some(&resumed),
        "nothing before is sent again"
    );
    for key in 0..4_000 {
        let is_somewhere = first.contains_key(&key)
            || second.contains_key(&key)
            || rejected.contains(&format!("\n{key},tea,{key}\n"));
        assert!(is_somewhere, "row {key} is lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn skipped_rows_and_a_limit_are_heeded() {
    let folder = tempfile::tempdir().unwrap();
    let table = Table::default();
    let node = table.start(|_, _| Ok(())).await;
    let (mut session, sink) = node.session(&[]);
    let data: Vec<String> = (0..100).map(|key| format!("{key},tea,1\n")).collect();
    let data = format!("k,item,v\n{}", data.concat());
    let script = copy(folder.path(), &data, "AND SKIPROWS = 10 AND MAXROWS = 5");
    run(&mut session, &script).await.unwrap();
    assert!(sink.take().contains("5 rows imported from 1 files"));
    let keys: Vec<i64> = table.rows.lock().unwrap().keys().copied().collect();
    assert_eq!(keys, [10, 11, 12, 13, 14]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_reads_every_range_and_page_once() {
    // A row for each range, in two pages.
    let seen: Arc<Mutex<Vec<(i64, i64)>>> = Arc::default();
    let asked = Arc::clone(&seen);
    let node = MockNode::start(move |request| {
        let Request::Execute(execute) = request else {
            let Request::Prepare(prepare) = request else {
                return Err(invalid("no batches"));
            };
            assert_eq!(
                prepare.cql,
                "SELECT k, item, v FROM shop.carts WHERE token(k) > ? AND token(k) <= ?"
            );
            let mut prepared = prepared(&prepare.cql);
            prepared.markers = vec![column("token", "bigint"), column("token", "bigint")];
            return Ok(Response::Prepare(prepared));
        };
        let range = (number(&execute.values[0]), number(&execute.values[1]));
        let is_first = execute.options.as_ref().unwrap().paging_state.is_empty();
        if is_first {
            asked.lock().unwrap().push(range);
        }
        let item = text(if is_first { "a\"b" } else { "" });
        let row = vec![int(range.0 >> 59), item, proto::Value { kind: None }];
        let state = if is_first { "more" } else { "" };
        Ok(Response::Execute(rows(vec![row], state)))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let (mut session, sink) = node.session(&[]);
    let script = format!(
        "COPY shop.carts (k, item, v) TO '{}' WITH HEADER = TRUE AND NULL = 'NA'",
        path.display()
    );
    run(&mut session, &script).await.unwrap();
    let said = sink.take();
    assert!(said.contains("64 rows exported to 1 files in "), "{said}");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.remove(0), "k,item,v");
    assert_eq!(lines.len(), 64);
    assert!(
        lines.contains(&"-16,\"a\\\"b\",NA") && lines.contains(&"0,,NA"),
        "{text}"
    );
    let mut ranges = seen.lock().unwrap().clone();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
    let (mut session, sink): (Session, Sink) = node.session(&[]);
    run(&mut session, "COPY shop.carts (k, item, v) TO STDOUT")
        .await
        .unwrap();
    let data = sink.take();
    assert_eq!(data.lines().filter(|line| line.ends_with(',')).count(), 64);
}
