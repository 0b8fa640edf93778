//! What a node shows and whom it believes, from files that may change while it runs.
//!
//! # Invariants
//!
//! * **T1** An identity is whole: certificate, key and authority of one reading, or those before.
//! * **T2** Connections that are there do not notice a change.

use crate::Connection;
use crate::HandshakeError;
use crate::TlsError;
use crate::socket::part;
use arc_swap::ArcSwap;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Certificate;
use tonic::transport::ClientTlsConfig;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// How long the other side may take to shake hands.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of every TLS connection: a handshake record (RFC 8446, 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;

/// Where an identity stands, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those between it and the authority's.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The certificates of those who vouch for the other side; with them, whoever connects must show
    /// a certificate of theirs.
    pub authority: Option<PathBuf>,
}

/// What a node shows, and whom it believes. A clone is another handle to the same.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    /// What is spoken over the connections, for clients that ask (ALPN).
    protocols: Vec<Vec<u8>>,
    current: ArcSwap<Loaded>,
}

struct Loaded {
    pem: Pem,
    server: Arc<ServerConfig>,
}

/// The files' contents.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authority: Option<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what it holds: there is a key in it.
        out.debug_tuple("Identity").field(&self.0.files).finish()
    }
}

impl Identity {
    /// Reads the files. `protocols` are the names of what is spoken, for clients that ask; empty:
    /// whatever they expect.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles, protocols: &[&str]) -> Result<Self, TlsError> {
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        let protocols: Vec<_> = protocols.collect();
        let pem = Pem::read(&files)?;
        let server = server_config(&files, &pem, &protocols)?;
        Ok(Self(Arc::new(Inner {
            files,
            protocols,
            current: ArcSwap::from_pointee(Loaded { pem, server }),
        })))
    }

    /// Looks at the files again and again; never ends. What cannot be used is said once, and what
    /// was there before stays.
    pub async fn keep_current(self) {
        let mut refused = None;
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let files = self.0.files.clone();
            let read = tokio::task::spawn_blocking(move || Pem::read(&files)).await;
            // A reading that panicked is tried again like any other.
            let Ok(read) = read else { continue };
            match read.and_then(|pem| self.adopt(pem)) {
                Ok(changed) => {
                    refused = None;
                    if changed {
                        tracing::info!(files = ?self.0.files, "the certificates have changed");
                    }
                }
                Err(error) => {
                    let error = error.to_string();
                    if refused.as_ref() != Some(&error) {
                        tracing::error!(error, "the changed certificates are not used");
                        refused = Some(error);
                    }
                }
            }
        }
    }

    /// Uses what was read, if it is new and whole (**T1**); says whether it is.
    fn adopt(&self, pem: Pem) -> Result<bool, TlsError> {
        if self.0.current.load().pem == pem {
            return Ok(false);
        }
        let server = server_config(&self.0.files, &pem, &self.0.protocols)?;
        self.0.current.store(Arc::new(Loaded { pem, server }));
        Ok(true)
    }

    /// Makes an accepted socket an encrypted connection.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub async fn accept(&self, socket: TcpStream) -> Result<Connection, HandshakeError> {
        let server = Arc::clone(&self.0.current.load().server);
        let shaking = async {
            let mut first = [0];
            match socket.peek(&mut first).await {
                Ok(1) if first == [HANDSHAKE_RECORD] => {}
                Ok(1) => return Err(HandshakeError::Plaintext(socket)),
                Ok(_) => return Err(HandshakeError::Gone),
                Err(error) => return Err(failed(error)),
            }
            match TlsAcceptor::from(server)
                .accept(socket)
                .into_fallible()
                .await
            {
                Ok(stream) => Ok(Connection::Encrypted(Box::new(stream))),
                Err((error, socket)) => {
                    part(socket, &[]).await;
                    Err(failed(error))
                }
            }
        };
        let shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, shaking).await;
        shaken.unwrap_or(Err(HandshakeError::TimedOut))
    }

    /// What to connect to another node with: shows this identity, believes its authority, and
    /// expects the name or address that is connected to.
    pub fn client_config(&self) -> ClientTlsConfig {
        let current = self.0.current.load();
        let Pem {
            certificate,
            key,
            authority,
        } = &current.pem;
        let shown = tonic::transport::Identity::from_pem(certificate, key);
        let config = ClientTlsConfig::new().identity(shown);
        match authority {
            Some(authority) => config.ca_certificate(Certificate::from_pem(authority)),
            None => config,
        }
    }
}

fn failed(error: io::Error) -> HandshakeError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => HandshakeError::Gone,
        _ => HandshakeError::Failed(error),
    }
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            authority: files.authority.as_deref().map(read).transpose()?,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

fn server_config(
    files: &TlsFiles,
    pem: &Pem,
    protocols: &[Vec<u8>],
) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = |source| TlsError::Unusable {
        certificate: files.certificate.clone(),
        source,
    };
    let chain = certificates(&files.certificate, &pem.certificate)?;
    // The reason is not shown: it might quote the file.
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|_| TlsError::NotPem {
        path: files.key.clone(),
        expected: "private key",
    })?;
    let provider = Arc::new(default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let config = match (&files.authority, &pem.authority) {
        (Some(path), Some(pem)) => {
            let refused = |reason: String| TlsError::Authority {
                authority: path.clone(),
                reason,
            };
            let mut roots = RootCertStore::empty();
            for root in certificates(path, pem)? {
                roots
                    .add(root)
                    .map_err(|error| refused(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier
                .build()
                .map_err(|error| refused(error.to_string()))?;
            config.with_client_cert_verifier(verifier)
        }
        _ => config.with_no_client_auth(),
    };
    let mut config = config.with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = protocols.to_vec();
    Ok(Arc::new(config))
}

/// The certificates of a file: at least one.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let not_pem = || TlsError::NotPem {
        path: path.to_owned(),
        expected: "certificate",
    };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(not_pem)
}
