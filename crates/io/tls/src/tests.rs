//! Whom an identity lets in, whom it believes, and what happens when its files change.

use crate::Connection;
use crate::HandshakeError;
use crate::Identity;
use crate::TlsError;
use crate::TlsFiles;
use crate::refusal_of;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use std::path::Path;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tonic::transport::Endpoint;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes what an authority vouches for, in this name; `is_expired`: until the year 2001.
fn issue(directory: &Path, authority: &Authority, name: &str, is_expired: bool) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    if is_expired {
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    std::fs::write(directory.join("node.pem"), certificate.pem()).unwrap();
    std::fs::write(directory.join("node.key"), key.serialize_pem()).unwrap();
    std::fs::write(directory.join("authority.pem"), authority.pem()).unwrap();
}

fn files(directory: &Path) -> TlsFiles {
    TlsFiles {
        certificate: directory.join("node.pem"),
        key: directory.join("node.key"),
        authority: Some(directory.join("authority.pem")),
    }
}

/// What an authority vouches for, and where it stands.
fn identity(authority: &Authority, name: &str, is_expired: bool) -> (TempDir, Identity) {
    let directory = TempDir::new().unwrap();
    issue(directory.path(), authority, name, is_expired);
    let identity = Identity::load(files(directory.path()), &["h2"]).unwrap();
    (directory, identity)
}

/// What both sides say when one connects to the other.
async fn meet(server: &Identity, client: &Identity) -> (Result<(), String>, Result<(), String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
    let endpoint = endpoint.tls_config(client.client_config()).unwrap();
    let accepting = async {
        let (socket, _) = listener.accept().await.unwrap();
        let accepted = server.accept(socket).await;
        accepted.map(drop).map_err(|error| error.to_string())
    };
    let connecting = async {
        let connected = endpoint.connect().await;
        let failed = |error: tonic::transport::Error| {
            refusal_of(&error).unwrap_or_else(|| error.to_string())
        };
        connected.map(drop).map_err(failed)
    };
    tokio::join!(accepting, connecting)
}

#[tokio::test]
async fn nodes_of_one_authority_meet() {
    let ours = authority("ours");
    let (_a, server) = identity(&ours, "127.0.0.1", false);
    let (_b, client) = identity(&ours, "127.0.0.9", false);
    assert_eq!(meet(&server, &client).await, (Ok(()), Ok(())));
}

#[tokio::test]
async fn strangers_are_refused_and_told_why() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let (_a, here) = identity(&ours, "127.0.0.1", false);
    let (_b, elsewhere) = identity(&ours, "127.0.0.2", false);
    let (expired_files, expired) = identity(&ours, "127.0.0.1", true);
    let (strange_files, stranger) = identity(&theirs, "127.0.0.1", false);
    for (server, client, reason) in [
        (&stranger, &here, "UnknownIssuer"),
        (&expired, &here, "expired"),
        (&elsewhere, &here, "not valid for name \"127.0.0.1\""),
    ] {
        let (_, refused) = meet(server, client).await;
        let refused = refused.unwrap_err();
        assert!(
            refused.starts_with("TLS: ") && refused.contains(reason),
            "{refused}"
        );
    }
    for (shown, reason) in [
        (&expired_files, "expired"),
        (&strange_files, "UnknownIssuer"),
    ] {
        // The client has to believe the server before it shows anything.
        std::fs::write(shown.path().join("authority.pem"), ours.pem()).unwrap();
        let client = Identity::load(files(shown.path()), &["h2"]).unwrap();
        let (refused, _) = meet(&here, &client).await;
        let refused = refused.unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
}

#[tokio::test]
async fn plaintext_is_handed_back_unread() {
    let (_a, server) = identity(&authority("ours"), "127.0.0.1", false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    client.write_all(b"hello").await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let Err(HandshakeError::Plaintext(mut socket)) = server.accept(socket).await else {
        panic!("plaintext was taken for TLS");
    };
    let mut said = [0; 5];
    socket.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
    // Whoever only looks whether somebody listens is no refusal worth a word.
    drop(
        TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap(),
    );
    let (socket, _) = listener.accept().await.unwrap();
    assert!(matches!(
        server.accept(socket).await,
        Err(HandshakeError::Gone)
    ));
}

#[tokio::test]
async fn changed_files_are_used_by_new_connections_only() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let (directory, server) = identity(&ours, "127.0.0.1", false);
    let (_b, friend) = identity(&ours, "127.0.0.1", false);
    let (_c, stranger) = identity(&theirs, "127.0.0.1", false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
    let endpoint = endpoint.tls_config(friend.client_config()).unwrap();
    let connecting = tokio::spawn(async move { endpoint.connect().await });
    let (socket, _) = listener.accept().await.unwrap();
    let mut before: Connection = server.accept(socket).await.unwrap();
    let _client = connecting.await.unwrap().unwrap();
    let (version, suite) = before.encryption().unwrap();
    assert_eq!(version, "TLSv1.3");
    assert!(suite.starts_with("TLS_"), "{suite}");

    tokio::spawn(server.clone().keep_current());
    // A change that is not whole is passed over.
    std::fs::write(directory.path().join("node.pem"), "nothing").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(meet(&server, &friend).await, (Ok(()), Ok(())));
    issue(directory.path(), &theirs, "127.0.0.1", false);
    for _ in 0..100 {
        if meet(&server, &stranger).await == (Ok(()), Ok(())) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(meet(&server, &stranger).await, (Ok(()), Ok(())));
    assert!(meet(&server, &friend).await.1.is_err());
    // Who was connected still is: HTTP/2's first words arrive.
    let mut preface = [0; 24];
    before.read_exact(&mut preface).await.unwrap();
    assert_eq!(&preface[..3], b"PRI");
}

#[test]
fn files_that_make_no_identity_are_named() {
    let ours = authority("ours");
    let directory = TempDir::new().unwrap();
    let load = || Identity::load(files(directory.path()), &[]);
    assert!(matches!(load(), Err(TlsError::Read { path, .. }) if path.ends_with("node.pem")));
    issue(directory.path(), &ours, "127.0.0.1", false);
    assert!(load().is_ok());
    // The key of another certificate.
    let other = KeyPair::generate().unwrap().serialize_pem();
    std::fs::write(directory.path().join("node.key"), &other).unwrap();
    let error = load().unwrap_err();
    assert!(matches!(error, TlsError::Unusable { .. }), "{error}");
    std::fs::write(directory.path().join("node.key"), "canary").unwrap();
    let error = load().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("node.key") && !shown.contains("canary"),
        "{shown}"
    );
    std::fs::write(directory.path().join("authority.pem"), "").unwrap();
    std::fs::write(directory.path().join("node.key"), other).unwrap();
    assert!(load().is_err());
}
