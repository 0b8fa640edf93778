//! Which files make listeners and streams encrypted.

use super::Settings;
use anyhow::Context;
use anyhow::ensure;
use quorate_tls::Identity;
use quorate_tls::TlsFiles;
use std::path::PathBuf;

/// What gRPC clients may ask for by name (RFC 7301).
const HTTP_2: &[&str] = &["h2"];

/// What a node shows of itself, to whom.
#[derive(Debug)]
pub(crate) struct Identities {
    /// To gRPC clients.
    pub(crate) client: Option<Identity>,
    /// To drivers of the native protocol: the same files.
    pub(crate) native: Option<Identity>,
    /// To other nodes.
    pub(crate) internode: Option<Identity>,
}

impl Identities {
    /// Follows changes of the files from now on.
    pub(crate) fn keep_current(&self) {
        let all = [&self.client, &self.native, &self.internode];
        for identity in all.into_iter().flatten() {
            tokio::spawn(identity.clone().keep_current());
        }
    }
}

impl Settings {
    /// Reads the certificates that the settings name.
    pub(crate) fn identities(&self) -> anyhow::Result<Identities> {
        let (client, internode) = (self.client_tls()?, self.internode_tls()?);
        let load = |files: Option<TlsFiles>, protocols: &[&str]| {
            files
                .map(|files| Identity::load(files, protocols))
                .transpose()
        };
        Ok(Identities {
            client: load(client.clone(), HTTP_2).context("in client_tls_…")?,
            native: load(client, &[]).context("in client_tls_…")?,
            internode: load(internode, HTTP_2).context("in internode_tls_…")?,
        })
    }

    fn client_tls(&self) -> anyhow::Result<Option<TlsFiles>> {
        files([
            ("client_tls_certificate", &self.client_tls_certificate),
            ("client_tls_key", &self.client_tls_key),
            ("client_tls_authority", &self.client_tls_authority),
        ])
    }

    fn internode_tls(&self) -> anyhow::Result<Option<TlsFiles>> {
        let files = files([
            ("internode_tls_certificate", &self.internode_tls_certificate),
            ("internode_tls_key", &self.internode_tls_key),
            ("internode_tls_authority", &self.internode_tls_authority),
        ])?;
        // A node that believed anybody would be no better than one without TLS.
        ensure!(
            files.as_ref().is_none_or(|files| files.authority.is_some()),
            "internode_tls_certificate is set, but not internode_tls_authority: nodes know each other by it"
        );
        Ok(files)
    }

    /// Whether the settings for TLS make sense together.
    pub(super) fn check_tls(&self) -> anyhow::Result<()> {
        self.client_tls()?;
        self.internode_tls()?;
        Ok(())
    }
}

/// Certificate, key and authority; `None` if nothing is set.
fn files(named: [(&str, &PathBuf); 3]) -> anyhow::Result<Option<TlsFiles>> {
    let [
        (certificate_name, certificate),
        (key_name, key),
        (_, authority),
    ] = named;
    let set = named.iter().find(|(_, path)| !path.as_os_str().is_empty());
    let Some((set, _)) = set else {
        return Ok(None);
    };
    for (name, path) in [(certificate_name, certificate), (key_name, key)] {
        ensure!(!path.as_os_str().is_empty(), "{set} is set, but not {name}");
    }
    Ok(Some(TlsFiles {
        certificate: certificate.clone(),
        key: key.clone(),
        authority: (!authority.as_os_str().is_empty()).then(|| authority.clone()),
    }))
}
