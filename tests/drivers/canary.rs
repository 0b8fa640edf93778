//! Secrets are nowhere to be seen: passwords go every way that a password can go, right ones and
//! wrong ones, and afterwards logs at their most talkative, errors, traces, system tables and
//! everything on disk are searched for them.

use crate::clients::NATIVE_PORT;
use crate::clients::host;
use crate::clients::listening;
use anyhow::Context;
use anyhow::ensure;
use quorate_client::Access;
use quorate_client::Client;
use quorate_tests::Cluster;
use quorate_tests::SUPERUSER;
use quorate_tests::SUPERUSER_PASSWORD;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Statement;
use std::path::Path;
use walkdir::WalkDir;

/// What every password of this test contains, that of the superuser too.
const CANARY: &str = "canary";

/// Statements with a password in them: good, refused, and of no grammar.
const STATEMENTS: [&str; 9] = [
    "CREATE ROLE bob WITH PASSWORD = 'canary-1' AND LOGIN = true",
    "CREATE ROLE bob WITH PASSWORD = 'canary-1' AND LOGIN = true",
    "CREATE ROLE IF NOT EXISTS bob WITH PASSWORD = 'canary-1'",
    "ALTER ROLE bob WITH PASSWORD = 'canary-2'",
    "ALTER ROLE nobody WITH PASSWORD = 'canary-3'",
    "CREATE USER eve WITH PASSWORD 'canary-4' NOSUPERUSER",
    "ALTER ROLE bob WITH PASSWORD = 'canary-5' AND LOGIN = perhaps",
    "CREATE ROLE mallory WITH OPTIONS = {'secret': 'canary-6'}",
    "ALTER ROLE bob WITH HASHED PASSWORD = 'canary-7'",
];

/// Tables that anybody might look at.
const TABLES: [&str; 7] = [
    "system.prepared_statements",
    "system.local",
    "system_views.settings",
    "system_views.clients",
    "system_auth.roles",
    "system_traces.sessions",
    "system_traces.events",
];

/// What the errors said, and which were seen.
#[derive(Default)]
struct Said(Vec<String>);

impl Said {
    fn note<T, E: std::fmt::Display + std::fmt::Debug>(&mut self, outcome: Result<T, E>) {
        if let Err(error) = outcome {
            self.0.push(format!("{error} {error:?}"));
        }
    }
}

#[test]
fn passwords_are_seen_nowhere() -> anyhow::Result<()> {
    let setup = Setup::nodes(2).with_roles().set("log_filter=trace");
    with_cluster(setup, async |cluster| {
        listening(cluster, 2).await?;
        let mut said = Said::default();
        through_grpc(cluster, &mut said).await?;
        through_the_native_protocol(cluster, &mut said).await?;
        ensure!(
            said.0.len() > 20,
            "only {} errors: {:?}",
            said.0.len(),
            said.0
        );
        for error in &said.0 {
            ensure!(
                !error.contains(CANARY),
                "an error shows a password: {error}"
            );
        }
        let client = cluster.client().await?;
        for table in TABLES {
            let rows = client
                .execute(&format!("SELECT * FROM {table}"), ())
                .await?;
            let rows = format!("{:?}", rows.rows);
            ensure!(!rows.contains(CANARY), "{table} shows a password: {rows}");
        }
        for number in 1..=2 {
            cluster.stop(number).await?;
            let log = cluster.log(number)?;
            let line = log.lines().find(|line| shows(line.as_bytes()));
            ensure!(line.is_none(), "node {number} logged a password: {line:?}");
            search(&cluster.data_directory(number)?)?;
        }
        Ok(())
    })
}

/// The password as it is, or as gRPC sends it.
fn shows(bytes: &[u8]) -> bool {
    // Base64 of "canary", at each of the places where it can begin in three bytes.
    let forms: [&[u8]; 4] = [CANARY.as_bytes(), b"Y2FuYXJ5", b"NhbmFye", b"jYW5hcn"];
    forms
        .iter()
        .any(|form| bytes.windows(form.len()).any(|window| window == *form))
}

fn search(folder: &Path) -> anyhow::Result<()> {
    let mut files = 0;
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let bytes = std::fs::read(entry.path())?;
            let shown = entry.path().display();
            ensure!(!shows(&bytes), "{shown} has a password in it");
            files += 1;
        }
    }
    ensure!(files > 5, "only {files} files in {}", folder.display());
    Ok(())
}

async fn through_grpc(cluster: &mut Cluster, said: &mut Said) -> anyhow::Result<()> {
    let node = cluster.direct(1)?;
    let client = cluster.client().await?;
    for statement in STATEMENTS {
        said.note(client.execute(statement, ()).await);
        said.note(client.prepare(statement).await);
        let explained = format!("EXPLAIN CONSISTENCY {statement}");
        said.note(client.execute(&explained, ()).await);
        let options = quorate_tests::proto::Options::default();
        said.note(node.execute_with(statement, Vec::new(), options).await);
        let batch = format!("BEGIN BATCH {statement}; APPLY BATCH");
        said.note(client.execute(&batch, ()).await);
    }
    let address = cluster.client_address(1)?;
    for (role, password) in [
        ("bob", "canary-0"),
        ("nobody", "canary-0"),
        ("bob", "canary-7"),
    ] {
        let access = Access::default().credentials(role, password)?;
        said.note(
            Client::builder()
                .contact_points([&*address])
                .access(access)
                .build()
                .await,
        );
    }
    Ok(())
}

async fn session(host: &str, role: &str, password: &str) -> Result<Session, String> {
    let builder = SessionBuilder::new()
        .known_node(format!("{host}:{NATIVE_PORT}"))
        .user(role, password);
    builder.build().await.map_err(|error| error.to_string())
}

async fn through_the_native_protocol(cluster: &mut Cluster, said: &mut Said) -> anyhow::Result<()> {
    let host = host(cluster, 2)?;
    for (role, password) in [
        ("bob", "canary-0"),
        ("nobody", "canary-0"),
        (SUPERUSER, "canary-0"),
    ] {
        said.note(session(&host, role, password).await);
    }
    let session = session(&host, SUPERUSER, SUPERUSER_PASSWORD).await;
    let session = session
        .map_err(anyhow::Error::msg)
        .context("the superuser")?;
    for statement in STATEMENTS {
        said.note(session.query_unpaged(statement, ()).await);
        let mut traced = Statement::new(statement);
        traced.set_tracing(true);
        if let Ok(result) = session.query_unpaged(traced, ()).await
            && let Some(id) = result.tracing_id()
        {
            let trace = session
                .get_tracing_info(&id)
                .await
                .with_context(|| format!("{statement} {id}"))?;
            ensure!(
                !format!("{trace:?}").contains(CANARY),
                "a trace shows a password: {trace:?}"
            );
        }
        match session.prepare(statement).await {
            Ok(prepared) => said.note(session.execute_unpaged(&prepared, ()).await),
            Err(error) => said.note(Err::<(), _>(error)),
        }
    }
    Ok(())
}
