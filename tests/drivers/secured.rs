//! Who speaks gRPC to a secured cluster: the Rust driver, the shell, the operator's verbs. Each gets
//! in with the right certificates and password, and is told clearly what was wrong else.

use crate::clients::NATIVE_PORT;
use crate::clients::host;
use anyhow::Context;
use anyhow::ensure;
use quorate_client::Access;
use quorate_client::Client;
use quorate_client::ClientError;
use quorate_client::RequestError;
use quorate_client::Tls;
use quorate_tests::Cluster;
use quorate_tests::Flaw;
use quorate_tests::SUPERUSER;
use quorate_tests::SUPERUSER_PASSWORD;
use quorate_tests::Setup;
use quorate_tests::program;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::process::Output;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How long what changes may take to be seen.
const WITHIN: Duration = Duration::from_secs(20);

async fn connect(cluster: &Cluster, access: Access) -> Result<Client, ClientError> {
    let address = cluster.client_address(1).unwrap_or_default();
    let builder = Client::builder().contact_points([address]);
    builder.access(access).build().await
}

/// What the driver says when it does not get in.
async fn refusal(cluster: &Cluster, access: Access) -> anyhow::Result<String> {
    match connect(cluster, access).await {
        Ok(_) => anyhow::bail!("it got in"),
        Err(error) => Ok(error.to_string()),
    }
}

/// The superuser can log in a moment after the cluster was founded.
async fn ready(cluster: &Cluster) -> anyhow::Result<()> {
    let access = cluster.security()?.access()?;
    until("the superuser can log in", WITHIN, async || {
        Ok(connect(cluster, access.clone()).await.map(drop)?)
    })
    .await
}

#[test]
fn the_rust_driver_needs_tls_and_a_password() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3).secured(), async |cluster| {
        ready(cluster).await?;
        let security = cluster.security()?;
        let good = connect(cluster, security.access()?).await?;
        good.execute("SELECT cluster_name FROM system.local", ())
            .await?;
        good.execute(
            "CREATE ROLE bob WITH PASSWORD = 'canary-bob' AND LOGIN = true",
            (),
        )
        .await?;

        for (name, password) in [(SUPERUSER, "wrong"), ("nobody", "wrong")] {
            let access = Access::default().tls(security.tls()?);
            let refused = connect(cluster, access.credentials(name, password)?).await;
            ensure!(
                matches!(
                    refused,
                    Err(ClientError::Request(RequestError::Authentication(_)))
                ),
                "{refused:?}"
            );
        }
        let nobody = refusal(cluster, Access::default().tls(security.tls()?)).await?;
        ensure!(nobody.contains("log in"), "{nobody}");

        let strange = Tls::new(std::fs::read(security.strange_authority())?);
        let strange = refusal(cluster, Access::default().tls(strange)).await?;
        ensure!(strange.contains("UnknownIssuer"), "{strange}");
        let plain = refusal(cluster, Access::default()).await?;
        ensure!(plain.contains("TLS is required on this port"), "{plain}");

        for (flaw, said) in [
            (Flaw::Expired, "expired"),
            (Flaw::Misnamed, "not valid for name"),
            (Flaw::Strange, "UnknownIssuer"),
        ] {
            cluster.reissue(1, flaw)?;
            until("the certificate is noticed", WITHIN, async || {
                let access = cluster.security()?.access()?;
                let refused = refusal(cluster, access).await?;
                ensure!(refused.contains(said), "{refused}");
                Ok(())
            })
            .await?;
            // Whoever was connected still is.
            good.execute("SELECT cluster_name FROM system.local", ())
                .await?;
        }
        Ok(())
    })
}

#[test]
fn clients_must_show_a_certificate_where_one_is_wanted() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1).secured(), async |cluster| {
        ready(cluster).await?;
        let authority = cluster.security()?.authority();
        cluster.stop(1).await?;
        cluster.set(1, &format!("client_tls_authority={}", authority.display()))?;
        cluster.start(1)?;
        let security = cluster.security()?;
        let shown = |name: &str| -> anyhow::Result<Access> {
            let certificate = std::fs::read(security.certificate(name))?;
            let tls = security
                .tls()?
                .identity(certificate, std::fs::read(security.key(name))?);
            Ok(Access::default()
                .tls(tls)
                .credentials(SUPERUSER, SUPERUSER_PASSWORD)?)
        };
        until("the client gets in", WITHIN, async || {
            Ok(connect(cluster, shown("client")?).await.map(drop)?)
        })
        .await?;
        let without = refusal(cluster, security.access()?).await?;
        // The node's reason, or what the driver makes of it when the connection was quicker to end.
        let is_clear = ["CertificateRequired", "wants to see a certificate"];
        ensure!(
            is_clear.iter().any(|words| without.contains(words)),
            "{without}"
        );
        Ok(())
    })
}

/// Runs the bundled program to its end.
fn run(cluster: &Cluster, arguments: &[&str], with: &[(&str, &str)]) -> anyhow::Result<Output> {
    let mut command = program()?;
    command
        .args(arguments)
        .args(["--host", &cluster.client_address(1)?])
        .envs(with.iter().copied())
        .stdin(std::process::Stdio::null());
    Ok(command.output()?)
}

fn said(output: &Output) -> String {
    let both = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn shell_and_admin_log_in() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1).secured(), async |cluster| {
        ready(cluster).await?;
        let authority = cluster.security()?.authority().display().to_string();
        let tls = ["--tls-authority", &authority];
        let select = ["shell", "-e", "SELECT cluster_name FROM system.local"];
        let user = ["-u", SUPERUSER];
        let password = [("QUORATE_PASSWORD", SUPERUSER_PASSWORD)];

        let good = run(cluster, &[&select[..], &tls, &user].concat(), &password)?;
        ensure!(
            good.status.success() && said(&good).contains("quorate"),
            "{}",
            said(&good)
        );
        let create = "CREATE ROLE bob WITH PASSWORD = 'canary-bob' AND LOGIN = true";
        let created = run(
            cluster,
            &[&["shell", "-e", create], &tls[..], &user].concat(),
            &password,
        )?;
        ensure!(created.status.success(), "{}", said(&created));

        let status = [&["admin", "status"], &tls[..]].concat();
        let good = run(cluster, &[&status[..], &user].concat(), &password)?;
        ensure!(
            good.status.success() && said(&good).contains("UN"),
            "{}",
            said(&good)
        );
        for (arguments, with, wanted) in [
            (status.clone(), &[][..], "You have to log in"),
            (
                [&status[..], &["-u", "bob"]].concat(),
                &[("QUORATE_PASSWORD", "canary-bob")],
                "Only superusers",
            ),
            (
                [&status[..], &user].concat(),
                &[("QUORATE_PASSWORD", "wrong")],
                "incorrect",
            ),
            ([&status[..], &user].concat(), &[], "needs a password"),
            ([&select[..], &tls].concat(), &[], "You have to log in"),
            (
                [&select[..], &tls, &user].concat(),
                &[("QUORATE_PASSWORD", "wrong")],
                "incorrect",
            ),
        ] {
            let refused = run(cluster, &arguments, with)?;
            let said = said(&refused);
            ensure!(
                !refused.status.success() && said.contains(wanted),
                "{arguments:?}: {said}"
            );
            ensure!(
                !said.contains("canary"),
                "{arguments:?} shows a password: {said}"
            );
        }
        Ok(())
    })
}

#[test]
fn a_driver_that_forgot_tls_is_told_so() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1).secured(), async |cluster| {
        ready(cluster).await?;
        let mut driver = TcpStream::connect((host(cluster, 1)?, NATIVE_PORT)).await?;
        // OPTIONS in version 4.
        driver.write_all(&[4, 0, 0, 0, 5, 0, 0, 0, 0]).await?;
        let mut answer = Vec::new();
        driver.read_to_end(&mut answer).await?;
        let (head, body) = answer.split_first_chunk::<9>().context("no answer")?;
        ensure!(head[..5] == [0x84, 0, 0, 0, 0], "{head:?}");
        let message = String::from_utf8_lossy(body);
        ensure!(
            message.contains("TLS is required on this port"),
            "{message}"
        );
        Ok(())
    })
}

#[test]
fn a_new_cluster_that_nobody_could_log_in_to_is_not_founded() -> anyhow::Result<()> {
    let setup = Setup::nodes(0).set("authentication=true");
    with_cluster(setup, async |cluster| {
        let number = cluster.add()?;
        let status = cluster.wait_for_end(number, WITHIN).await?;
        let log = cluster.log(number)?;
        ensure!(
            !status.success() && log.contains("initial_superuser"),
            "{status}: {log}"
        );
        Ok(())
    })
}
