//! ScyllaDB's Rust driver, with TLS and a password: who gets in, and who does not.

use crate::clients::NATIVE_PORT;
use crate::clients::host;
use crate::clients::listening;
use crate::clients::no_passwords;
use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use quorate_tests::Flaw;
use quorate_tests::SUPERUSER;
use quorate_tests::SUPERUSER_PASSWORD;
use quorate_tests::Setup;
use quorate_tests::until;
use quorate_tests::with_cluster;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use scylla::client::Compression;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Nodes of the cluster.
const NODES: u8 = 3;
/// Rows that are written and read.
const ROWS: i32 = 30;
/// How long another certificate may take to be noticed.
const WITHIN: Duration = Duration::from_secs(20);

/// Believes this authority; the driver has each node's address checked.
fn believing(authority: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A session that knows one contact point.
async fn session(
    host: &str,
    authority: Option<&Path>,
    password: Option<&str>,
) -> anyhow::Result<Session> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .build();
    let mut builder = SessionBuilder::new()
        .known_node(format!("{host}:{NATIVE_PORT}"))
        .default_execution_profile_handle(profile.into_handle())
        .compression(Some(Compression::Lz4));
    if let Some(authority) = authority {
        builder = builder.tls_context(Some(believing(authority)?));
    }
    if let Some(password) = password {
        builder = builder.user(SUPERUSER, password);
    }
    Ok(builder.build().await?)
}

/// Writes and reads through each of the nodes.
async fn work(session: &Session) -> anyhow::Result<()> {
    for statement in [
        "CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
        "CREATE TABLE shop.notes (k int PRIMARY KEY, note text)",
    ] {
        session.query_unpaged(statement, ()).await?;
    }
    let insert = "INSERT INTO shop.notes (k, note) VALUES (?, ?)";
    let insert = session.prepare(insert).await?;
    let select = "SELECT note FROM shop.notes WHERE k = ?";
    let select = session.prepare(select).await?;
    let mut through = BTreeSet::new();
    for key in 0..ROWS {
        let wanted = format!("note {key}");
        session.execute_unpaged(&insert, (key, &wanted)).await?;
        let result = session.execute_unpaged(&select, (key,)).await?;
        through.insert(result.request_coordinator().node().address);
        let (note,) = result.into_rows_result()?.single_row::<(String,)>()?;
        ensure!(note == wanted, "key {key} has {note:?}");
    }
    ensure!(through.len() == usize::from(NODES), "only {through:?}");
    Ok(())
}

/// All that the driver says when it does not get in.
async fn refusal(
    host: &str,
    authority: Option<&Path>,
    password: Option<&str>,
) -> anyhow::Result<String> {
    match session(host, authority, password).await {
        Ok(_) => bail!("it got in"),
        Err(error) => Ok(format!("{error:?}")),
    }
}

#[test]
fn scyllas_driver_speaks_tls_and_logs_in() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(NODES).secured(), async |cluster| {
        listening(cluster, NODES).await?;
        let host = host(cluster, 1)?;
        let security = cluster.security()?;
        let (authority, stranger) = (security.authority(), security.strange_authority());
        let (authority, stranger) = (Some(&*authority), Some(&*stranger));
        let password = Some(SUPERUSER_PASSWORD);

        let good = session(&host, authority, password).await?;
        let known = good.get_cluster_state().get_nodes_info().len();
        ensure!(known == usize::from(NODES), "the driver knows {known}");
        work(&good).await?;

        let mut said = String::new();
        for (authority, password, why) in [
            (authority, Some("wrong"), "are incorrect"),
            (authority, None, "Authentication"),
            (stranger, password, "UnknownIssuer"),
            (None, password, "TLS is required on this port"),
        ] {
            let refused = refusal(&host, authority, password).await.context(why)?;
            ensure!(refused.contains(why), "{why}: {refused}");
            said.push_str(&refused);
        }
        cluster.reissue(1, Flaw::Misnamed)?;
        until("the certificate is noticed", WITHIN, async || {
            let refused = refusal(&host, authority, password).await?;
            ensure!(refused.contains("not valid for name"), "{refused}");
            Ok(())
        })
        .await?;
        no_passwords(cluster, NODES, &said)
    })
}
