//! Clusters whose connections are encrypted and whose clients log in: certificates for every node,
//! and for the client.

use crate::SUPERUSER;
use crate::SUPERUSER_PASSWORD;
use quorate_client::Access;
use quorate_client::Tls;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::date_time_ymd;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It was good until the year 2001.
    Expired,
    /// It names another host.
    Misnamed,
    /// An authority vouches for it that nobody believes.
    Strange,
}

/// An authority that all believe, one that nobody believes, and a folder for what they issue.
pub struct Security {
    directory: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
    stranger: CertifiedIssuer<'static, KeyPair>,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Security").field(&self.directory).finish()
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

impl Security {
    pub(crate) fn new(directory: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        let security = Self {
            authority: authority("The authority")?,
            stranger: authority("A stranger")?,
            directory,
        };
        std::fs::write(security.authority(), security.authority.pem())?;
        std::fs::write(security.strange_authority(), security.stranger.pem())?;
        security.issue("client", "client.example", Flaw::None)?;
        Ok(security)
    }

    /// The certificate of the authority that all believe (PEM).
    pub fn authority(&self) -> PathBuf {
        self.directory.join("authority.pem")
    }

    /// The certificate of one that nobody believes.
    pub fn strange_authority(&self) -> PathBuf {
        self.directory.join("stranger.pem")
    }

    /// A certificate of this name: `client`, or a node's host.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.pem"))
    }

    /// Its key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.key"))
    }

    /// Issues a certificate, also in place of one that was there.
    pub(crate) fn issue(&self, file: &str, host: &str, flaw: Flaw) -> anyhow::Result<()> {
        let host = if flaw == Flaw::Misnamed {
            "elsewhere.example"
        } else {
            host
        };
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.use_authority_key_identifier_extension = true;
        if flaw == Flaw::Expired {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate()?;
        let issuer = if flaw == Flaw::Strange {
            &self.stranger
        } else {
            &self.authority
        };
        let certificate = params.signed_by(&key, issuer)?;
        replace(&self.key(file), &key.serialize_pem())?;
        replace(&self.certificate(file), &certificate.pem())
    }

    /// What makes a node at this address speak TLS to clients and to other nodes.
    pub(crate) fn settings(&self, host: &str) -> anyhow::Result<Vec<String>> {
        self.issue(host, host, Flaw::None)?;
        let certificate = self.certificate(host).display().to_string();
        let key = self.key(host).display().to_string();
        let authority = self.authority().display().to_string();
        Ok(vec![
            format!("client_tls_certificate={certificate}"),
            format!("client_tls_key={key}"),
            format!("internode_tls_certificate={certificate}"),
            format!("internode_tls_key={key}"),
            format!("internode_tls_authority={authority}"),
        ])
    }

    /// Encrypts, and believes the authority.
    pub fn tls(&self) -> anyhow::Result<Tls> {
        Ok(Tls::new(std::fs::read(self.authority())?))
    }

    /// That, as the superuser.
    pub fn access(&self) -> anyhow::Result<Access> {
        let access = Access::default().tls(self.tls()?);
        Ok(access.credentials(SUPERUSER, SUPERUSER_PASSWORD)?)
    }
}

/// Nobody ever reads half a file.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_extension("fresh");
    std::fs::write(&fresh, text)?;
    Ok(std::fs::rename(fresh, path)?)
}
