//! Cassandra's shell, unmodified: it connects, describes a schema so that the description makes the
//! same schema elsewhere, copies files in and out, pages, and shows errors as it shows Cassandra's.

use crate::clients::host;
use crate::clients::listening;
use crate::clients::no_passwords;
use crate::clients::skipped;
use crate::native_python::environment;
use anyhow::Context;
use anyhow::ensure;
use quorate_tests::Cluster;
use quorate_tests::SUPERUSER;
use quorate_tests::SUPERUSER_PASSWORD;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

/// How long a call of the shell may take.
const CALL_MAX: Duration = Duration::from_mins(4);
/// Flights that are copied: all there are.
const FLIGHTS: usize = 336_776;
/// The table they are copied into; its columns stand as in the file.
const FLIGHTS_COLUMNS: &str = "year int, month int, day int, dep_time int, sched_dep_time int, \
    dep_delay int, arr_time int, sched_arr_time int, arr_delay int, carrier text, flight int, \
    tailnum text, origin text, dest text, air_time int, distance int, hour int, minute int, \
    time_hour timestamp";

/// The schema that is described and made again.
const SCHEMA: &str = r#"
CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};
CREATE KEYSPACE "OldShop" WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}
  AND durable_writes = false;
CREATE TABLE shop.carts (user text, region int, added timestamp, item bigint, note text,
  gift boolean static, PRIMARY KEY ((user, region), added, item))
  WITH CLUSTERING ORDER BY (added DESC, item ASC)
  AND comment = 'it''s a cart' AND default_time_to_live = 3600 AND gc_grace_seconds = 7200
  AND speculative_retry = '50ms' AND bloom_filter_fp_chance = 0.1
  AND compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': '160'};
CREATE TABLE shop.empty (k uuid PRIMARY KEY);
CREATE TABLE "OldShop"."Quoted" ("select" int, "Von" text, "a ""b"" c" blob, plain inet,
  PRIMARY KEY ("select", "Von"));
CREATE TABLE "OldShop".scalars (a ascii PRIMARY KEY, b bigint, c blob, d boolean, e date,
  f decimal, g double, h duration, i float, j inet, k int, l smallint, m text, n time, o timestamp,
  p timeuuid, q tinyint, r uuid, s varchar, t varint);
"#;

/// The shell, with a home of its own.
struct Shell {
    program: PathBuf,
    home: TempDir,
}

/// What a call of it gave.
#[derive(Debug)]
struct Said {
    out: String,
    err: String,
    success: bool,
}

impl Shell {
    /// The shell, or why there is none.
    fn find() -> anyhow::Result<Result<Self, String>> {
        Ok(match environment()? {
            Ok(python) => Ok(Self {
                program: python.with_file_name("cqlsh"),
                home: TempDir::new()?,
            }),
            Err(reason) => Err(reason),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs statements that come from a file, as `cqlsh -f`.
    async fn run(&self, host: &str, statements: &str) -> anyhow::Result<Said> {
        self.run_with(host, &[], statements).await
    }

    async fn run_with(
        &self,
        host: &str,
        options: &[&str],
        statements: &str,
    ) -> anyhow::Result<Said> {
        let file = self.file("statements.cql");
        std::fs::write(&file, statements)?;
        let mut command = Command::new(&self.program);
        command
            .args([host, "9042", "--no-color", "--request-timeout=30", "-f"])
            .arg(file)
            .args(options)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("TZ", "UTC")
            .env("COLUMNS", "200")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("CQLSH_HOST")
            .env_remove("CQLSH_PORT")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(CALL_MAX, command.output())
            .await
            .with_context(|| format!("not within {CALL_MAX:?}: {statements}"))??;
        let out = String::from_utf8(output.stdout)?;
        // Said to each newer Cassandra too, and no part of what was asked for.
        let old = |line: &&str| line.starts_with("WARNING: cqlsh was built against");
        Ok(Said {
            out: out
                .split_inclusive('\n')
                .filter(|line| !old(line))
                .collect(),
            err: String::from_utf8(output.stderr)?,
            success: output.status.success(),
        })
    }

    /// Runs statements none of which may fail; gives what was printed.
    async fn succeed(&self, host: &str, statements: &str) -> anyhow::Result<String> {
        let said = self.run(host, statements).await?;
        ensure!(said.success, "{statements}: {}{}", said.out, said.err);
        Ok(said.out)
    }
}

/// Runs a test with the shell against a cluster, or says why not.
fn with_shell(
    nodes: u8,
    test: impl AsyncFnOnce(&Shell, &mut Cluster) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    with_shell_on(Setup::nodes(nodes), nodes, test)
}

fn with_shell_on(
    setup: Setup,
    nodes: u8,
    test: impl AsyncFnOnce(&Shell, &mut Cluster) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match Shell::find()? {
        Err(reason) => skipped("cqlsh", &reason),
        Ok(shell) => with_cluster(setup, async |cluster| {
            listening(cluster, nodes).await?;
            test(&shell, cluster).await
        }),
    }
}

/// Asserts that a text has each of these lines, whatever stands around them.
fn lines(text: &str, wanted: &[&str]) -> anyhow::Result<()> {
    for line in wanted {
        ensure!(
            text.lines().any(|found| found.trim() == *line),
            "no line {line:?} in\n{text}"
        );
    }
    Ok(())
}

#[test]
fn cqlsh_connects_and_prints_rows() -> anyhow::Result<()> {
    with_shell(1, async |shell, cluster| {
        let host = host(cluster, 1)?;
        let said = shell.succeed(&host, "SHOW HOST; SHOW VERSION; CONSISTENCY QUORUM;");
        let said = said.await?;
        lines(
            &said,
            &[
                &format!("Connected to quorate at {host}:9042"),
                "[cqlsh 6.2.2 | Cassandra 5.0.9 | CQL spec 3.4.7 | Native protocol v5]",
                "Consistency level set to QUORUM.",
            ],
        )?;
        let statements = "
            CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
            USE shop;
            CREATE TABLE carts (user text, item int, price double, added timestamp, PRIMARY KEY (user, item));
            INSERT INTO carts (user, item, price, added) VALUES ('ada', 1, 2.5, '2013-07-04 12:00:00+0000');
            INSERT INTO carts (user, item) VALUES ('ada', -2);
            SELECT * FROM carts;
            EXPAND ON;
            SELECT item, price FROM carts WHERE user = 'ada' AND item = 1;";
        lines(
            &shell.succeed(&host, statements).await?,
            &[
                "user | item | added                           | price",
                "------+------+---------------------------------+-------",
                "ada |   -2 |                            null |  null",
                "ada |    1 | 2013-07-04 12:00:00.000000+0000 |   2.5",
                "(2 rows)",
                "@ Row 1",
                "price | 2.5",
                "(1 rows)",
            ],
        )
    })
}

#[test]
fn what_cqlsh_describes_makes_the_same_schema_elsewhere() -> anyhow::Result<()> {
    let mut described = String::new();
    with_shell(1, async |shell, cluster| {
        let host = host(cluster, 1)?;
        shell.succeed(&host, SCHEMA).await?;
        let said = shell.succeed(
            &host,
            "DESCRIBE KEYSPACES; DESCRIBE TABLES; DESCRIBE CLUSTER;",
        );
        let said = said.await?;
        for name in [
            "shop",
            "\"OldShop\"",
            "system_schema",
            "system_virtual_schema",
            "Keyspace shop",
            "carts",
            "\"Quoted\"",
            "Cluster: quorate",
            "Partitioner: Murmur3Partitioner",
        ] {
            ensure!(said.contains(name), "no {name} in\n{said}");
        }
        let one = shell.succeed(
            &host,
            "DESCRIBE KEYSPACE \"OldShop\"; DESCRIBE TABLE shop.carts;",
        );
        let one = one.await?;
        described = shell.succeed(&host, "DESCRIBE SCHEMA;").await?;
        for line in one.lines() {
            ensure!(described.contains(line), "no {line:?} in\n{described}");
        }
        for part in [
            "CREATE KEYSPACE \"OldShop\" WITH replication = {'class': 'SimpleStrategy', \
             'replication_factor': '2'}  AND durable_writes = false;",
            "PRIMARY KEY ((user, region), added, item)",
            ") WITH CLUSTERING ORDER BY (added DESC, item ASC)",
            "AND comment = 'it''s a cart'",
            "AND default_time_to_live = 3600",
            "gift boolean static",
        ] {
            ensure!(described.contains(part), "no {part:?} in\n{described}");
        }
        Ok(())
    })?;
    with_shell(1, async |shell, cluster| {
        let host = host(cluster, 1)?;
        shell.succeed(&host, &described).await?;
        let again = shell.succeed(&host, "DESCRIBE SCHEMA;").await?;
        ensure!(again == described, "{described}\nbecame\n{again}");
        Ok(())
    })
}

/// The flights of the demo's file, its header line first.
fn flights() -> anyhow::Result<Vec<String>> {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo/flights.csv.gz");
    let unpacked = std::process::Command::new("gzip")
        .arg("-dc")
        .arg(packed)
        .output()
        .context("gzip cannot be run")?;
    let text = String::from_utf8(unpacked.stdout)?;
    let flights: Vec<String> = text.lines().take(FLIGHTS + 1).map(str::to_owned).collect();
    ensure!(flights.len() == FLIGHTS + 1, "{} lines", flights.len());
    Ok(flights)
}

#[test]
fn cqlsh_copies_flights_in_and_out_unchanged() -> anyhow::Result<()> {
    with_shell(3, async |shell, cluster| {
        let mut flights = flights()?;
        let (given, taken) = (shell.file("given.csv"), shell.file("taken.csv"));
        std::fs::write(&given, flights.join("\n") + "\n")?;
        let columns = flights.first().context("no header line")?.clone();
        let options = "WITH HEADER = TRUE AND NULL = 'NA' AND DATETIMEFORMAT = '%Y-%m-%dT%H:%M:%SZ' \
                       AND NUMPROCESSES = 2";
        let load = format!(
            "CREATE KEYSPACE demo WITH replication = {{'class': 'NetworkTopologyStrategy', 'dc1': 3}};
             CREATE TABLE demo.flights ({FLIGHTS_COLUMNS},
                 PRIMARY KEY ((origin, month, day), time_hour, carrier, flight));
             CONSISTENCY QUORUM;
             COPY demo.flights ({columns}) FROM '{}' {options};",
            given.display()
        );
        let said = shell.succeed(&host(cluster, 1)?, &load).await?;
        let imported = format!("{FLIGHTS} rows imported from 1 files");
        ensure!(said.contains(&imported), "{said}");
        let store = format!(
            "CONSISTENCY QUORUM;
             COPY demo.flights ({columns}) TO '{}' {options};",
            taken.display()
        );
        let said = shell.succeed(&host(cluster, 2)?, &store).await?;
        let exported = format!("{FLIGHTS} rows exported to 1 files");
        ensure!(said.contains(&exported), "{said}");
        let text = std::fs::read_to_string(&taken)?;
        let mut taken: Vec<&str> = text.lines().collect();
        taken.sort_unstable();
        flights.sort_unstable();
        let other = taken
            .iter()
            .zip(&flights)
            .find(|(taken, given)| taken != given);
        ensure!(
            other.is_none() && taken.len() == flights.len(),
            "{} lines became {}; {other:?}",
            flights.len(),
            taken.len()
        );
        Ok(())
    })
}

#[test]
fn cqlsh_copies_text_that_files_of_values_must_quote() -> anyhow::Result<()> {
    with_shell(1, async |shell, cluster| {
        let host = host(cluster, 1)?;
        // No line ends and backslashes: cqlsh itself doubles them in each file it writes.
        let statements = r#"
            CREATE KEYSPACE odd WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
            CREATE TABLE odd.t (k int PRIMARY KEY, t text, b blob, d decimal, f double, u uuid, i inet);
            INSERT INTO odd.t (k, t) VALUES (1, 'a, "b" and ''c''');
            INSERT INTO odd.t (k, t) VALUES (2, '; -- no comment');
            INSERT INTO odd.t (k, t) VALUES (3, 'naïve 日本語');
            INSERT INTO odd.t (k, b, d, f) VALUES (4, 0x00ff, -1.50, 1e-300);
            INSERT INTO odd.t (k, u, i) VALUES (5, 00000000-0000-0000-0000-000000000001, '::1');
            SELECT * FROM odd.t;
            COPY odd.t TO 'odd.csv' WITH NULL = '<null>';
            TRUNCATE odd.t;
            COPY odd.t FROM 'odd.csv' WITH NULL = '<null>';
            SELECT * FROM odd.t;"#;
        let said = shell.succeed(&host, statements).await?;
        ensure!(said.contains("5 rows imported from 1 files"), "{said}");
        // The table as it is printed, from the header line to the count.
        let printed: Vec<&str> = said
            .split(" k | ")
            .skip(1)
            .filter_map(|part| part.split_once("(5 rows)"))
            .map(|(table, _)| table)
            .collect();
        ensure!(
            matches!(&printed[..], [before, after] if before == after),
            "{said}"
        );
        Ok(())
    })
}

#[test]
fn cqlsh_pages() -> anyhow::Result<()> {
    with_shell(1, async |shell, cluster| {
        let host = host(cluster, 1)?;
        let mut statements = "
            CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
            CREATE TABLE shop.t (k int, c int, PRIMARY KEY (k, c));\n"
            .to_owned();
        for row in 0..200 {
            writeln!(
                statements,
                "INSERT INTO shop.t (k, c) VALUES ({}, {row});",
                row % 3
            )?;
        }
        statements.push_str("PAGING 7; SELECT * FROM shop.t; PAGING OFF; SELECT c FROM shop.t;");
        let said = shell.succeed(&host, &statements).await?;
        lines(&said, &["Page size: 7", "PAGING set to OFF"])?;
        ensure!(said.matches("(200 rows)").count() == 2, "{said}");
        let rows = said.lines().filter(|line| line.contains(" | ")).count();
        // Each page has the header line again, or the first only.
        ensure!(rows >= 201, "{rows} lines of rows in\n{said}");
        Ok(())
    })
}

#[test]
fn cqlsh_traces() -> anyhow::Result<()> {
    with_shell(3, async |shell, cluster| {
        let host = host(cluster, 1)?;
        let statements = "
            CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};
            CREATE TABLE shop.t (k int PRIMARY KEY, v int);
            CONSISTENCY ALL;
            TRACING ON;
            INSERT INTO shop.t (k, v) VALUES (1, 2);
            SELECT * FROM shop.t WHERE k = 1;
            TRACING OFF;
            SELECT * FROM shop.t WHERE k = 1;";
        let said = shell.succeed(&host, statements).await?;
        let traces: Vec<&str> = said.split("Tracing session: ").skip(1).collect();
        ensure!(traces.len() == 2, "{} traces in\n{said}", traces.len());
        for trace in traces {
            for part in ["Execute CQL3 query", "Request complete", "source_elapsed"] {
                ensure!(trace.contains(part), "no {part} in\n{trace}");
            }
            // What each replica did stands in it.
            for number in 1..=3 {
                let replica = cluster.internode_address(number)?;
                ensure!(trace.contains(&replica), "no {replica} in\n{trace}");
            }
        }
        Ok(())
    })
}

#[test]
fn cqlsh_shows_errors_as_cassandras() -> anyhow::Result<()> {
    with_shell(1, async |shell, cluster| {
        let host = host(cluster, 1)?;
        let made = "
            CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3};
            CREATE TABLE shop.carts (user text PRIMARY KEY, item int);";
        shell.succeed(&host, made).await?;
        let invalid = |message: &str| {
            format!(
                "InvalidRequest: Error from server: code=2200 [Invalid query] message=\"{message}\""
            )
        };
        let syntax =
            "SyntaxException: line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)";
        let cases = [
            ("SELEC * FROM shop.carts;", syntax.to_owned()),
            ("SELECT * FROM shop.nowhere;", invalid("table nowhere does not exist")),
            ("SELECT * FROM nowhere.carts;", invalid("keyspace nowhere does not exist")),
            ("SELECT nothing FROM shop.carts;", invalid("Undefined column name nothing in table shop.carts")),
            (
                "SELECT * FROM shop.carts WHERE item = 1;",
                invalid(
                    "Cannot execute this query as it might involve data filtering and thus may have \
                     unpredictable performance. If you want to execute this query despite the \
                     performance unpredictability, use ALLOW FILTERING",
                ),
            ),
            (
                "INSERT INTO shop.carts (user, item) VALUES ('ada', 'one');",
                invalid("Invalid STRING constant (one) for \"item\" of type int"),
            ),
            ("CREATE TABLE shop.carts (k int PRIMARY KEY);", "AlreadyExists: Table 'shop.carts' already exists".to_owned()),
            (
                "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};",
                "AlreadyExists: Keyspace 'shop' already exists".to_owned(),
            ),
            (
                "CONSISTENCY QUORUM; SELECT * FROM shop.carts;",
                "Unavailable('Error from server: code=1000 [Unavailable exception] message=\"Cannot achieve \
                 consistency level QUORUM\" info={\\'consistency\\': \\'QUORUM\\', \
                 \\'required_replicas\\': 2, \\'alive_replicas\\': 1}')"
                    .to_owned(),
            ),
        ];
        for (statement, wanted) in cases {
            let said = shell.run(&host, statement).await?;
            ensure!(!said.success, "{statement} succeeded: {said:?}");
            ensure!(
                said.err.contains(&wanted),
                "{statement}\nexpected {wanted}\ngot      {}",
                said.err
            );
        }
        Ok(())
    })
}

/// It is told to check certificates, but the driver below it (3.30.1) does not: it turns the wish
/// into an option of another meaning. Nodes can do nothing about that.
#[test]
fn cqlsh_speaks_tls_and_logs_in() -> anyhow::Result<()> {
    with_shell_on(Setup::nodes(3).secured(), 3, async |shell, cluster| {
        let rc = shell.file("cqlshrc");
        let authority = cluster.security()?.authority();
        let ssl = format!(
            "[ssl]\ncertfile = {}\nvalidate = true\n",
            authority.display()
        );
        std::fs::write(&rc, ssl)?;
        let rc = format!("--cqlshrc={}", rc.display());
        let tls = ["--ssl", &rc];
        let login = ["-u", SUPERUSER, "-p", SUPERUSER_PASSWORD];
        let both = [&tls[..], &login].concat();
        let mut statements = "
            CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};
            CREATE TABLE shop.t (node int PRIMARY KEY, v text);
            INSERT INTO shop.t (node, v) VALUES (0, 'made');"
            .to_owned();
        for number in 1..=3 {
            write!(
                statements,
                "CONSISTENCY ALL; INSERT INTO shop.t (node, v) VALUES ({number}, 'wrote');
                 SELECT * FROM shop.t;"
            )?;
            let host = host(cluster, number)?;
            let said = shell.run_with(&host, &both, &statements).await?;
            ensure!(said.success, "{said:?}");
            lines(&said.out, &["0 |  made", &format!("{number} | wrote")])?;
            statements.clear();
        }
        let host = host(cluster, 1)?;
        let wrong = [&tls[..], &["-u", SUPERUSER, "-p", "wrong"]].concat();
        let mut all = String::new();
        for (options, why) in [
            (
                &wrong[..],
                "Provided username ada and/or password are incorrect",
            ),
            (&tls, "Remote end requires authentication"),
            (&login, "TLS is required on this port"),
        ] {
            let said = shell.run_with(&host, options, "SHOW HOST;").await?;
            ensure!(!said.success && said.err.contains(why), "{why}: {said:?}");
            all.push_str(&said.err);
        }
        no_passwords(cluster, 3, &all)
    })
}
