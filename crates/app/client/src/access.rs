//! As whom a client comes, and how its connections are encrypted.

use crate::ClientError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tonic::Request;
use tonic::Status;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::transport::Certificate;
use tonic::transport::ClientTlsConfig;
use tonic::transport::Endpoint;
use tonic::transport::Error;
use tonic::transport::Identity;

/// What nodes list clients as.
const USER_AGENT: &str = concat!("quorate-client/", env!("CARGO_PKG_VERSION"));

/// As whom a client comes, and how its connections are encrypted. By default: as nobody, and not.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Marked as sensitive: neither it nor the password in it is ever shown.
    authorization: Option<AsciiMetadataValue>,
    tls: Option<Tls>,
}

/// Whom a client believes, and what it shows of itself.
///
/// ```no_run
/// # fn read() -> std::io::Result<()> {
/// use quorate_client::Tls;
///
/// let tls = Tls::new(std::fs::read("authority.pem")?)
///     .identity(std::fs::read("app.pem")?, std::fs::read("app.key")?);
/// # let _ = tls;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Tls {
    config: ClientTlsConfig,
    has_identity: bool,
}

impl Tls {
    /// Believes nodes whose certificates one of these authorities (PEM) vouches for, if they name the
    /// host that is connected to.
    pub fn new(authority: impl AsRef<[u8]>) -> Self {
        let authority = Certificate::from_pem(authority);
        Self {
            config: ClientTlsConfig::new().ca_certificate(authority),
            has_identity: false,
        }
    }

    /// Shows a certificate (PEM, followed by those between it and the authority's) to nodes that want
    /// one, and proves with its key that it is its own.
    #[must_use]
    pub fn identity(self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let identity = Identity::from_pem(certificate, key);
        Self {
            config: self.config.identity(identity),
            has_identity: true,
        }
    }
}

impl Access {
    /// Logs in as a role.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`]: the name has a colon, which ends names in what is sent
    /// (RFC 7617).
    pub fn credentials(mut self, role: &str, password: &str) -> Result<Self, ClientError> {
        let sendable = || {
            let encoded = STANDARD.encode(format!("{role}:{password}"));
            AsciiMetadataValue::try_from(format!("Basic {encoded}")).ok()
        };
        let value = (!role.contains(':')).then(sendable).flatten();
        let mut value = value.ok_or_else(|| {
            ClientError::InvalidArgument("the name of a role that logs in has no ':'".to_owned())
        })?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// Encrypts connections.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// What went wrong with a connection, and what may be behind it: a node that misses a certificate
    /// ends the connection after the handshake, and its reason does not always arrive.
    pub(crate) fn explain(&self, failure: String) -> String {
        let is_cut = ["closed", "broken pipe", "reset"]
            .iter()
            .any(|word| failure.contains(word));
        match &self.tls {
            Some(tls) if is_cut && !tls.has_identity => {
                format!("{failure}; perhaps the node wants to see a certificate of the client")
            }
            _ => failure,
        }
    }

    /// Where to connect to, `host:port`.
    #[doc(hidden)]
    pub fn endpoint(&self, address: &str) -> Result<Endpoint, Error> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?;
        let endpoint = endpoint.user_agent(USER_AGENT)?;
        match &self.tls {
            Some(tls) => endpoint.tls_config(tls.config.clone()),
            None => Ok(endpoint),
        }
    }
}

impl Interceptor for Access {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.authorization {
            request
                .metadata_mut()
                .insert("authorization", value.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let access = Access::default().credentials("ann", "open sesame").unwrap();
        let mut request = Request::new(());
        request = access.clone().call(request).unwrap();
        let sent = request.metadata().get("authorization").unwrap();
        assert_eq!(sent.to_str().unwrap(), "Basic YW5uOm9wZW4gc2VzYW1l");
        let shown = format!("{access:?} {request:?}");
        assert!(
            !shown.contains("sesame") && !shown.contains("YW5u"),
            "{shown}"
        );
    }

    #[test]
    fn a_name_with_a_colon_cannot_log_in() {
        let refused = Access::default().credentials("ann:bob", "open sesame");
        assert!(matches!(refused, Err(ClientError::InvalidArgument(_))));
    }
}
