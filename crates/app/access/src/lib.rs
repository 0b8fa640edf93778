//! How the command-line programs log in and encrypt: the same arguments for the shell and the
//! operator's verbs, and what becomes of them. Contacts nobody; start with [`AccessArgs`].

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use clap::Args;
use quorate_client::Access;
use quorate_client::Tls;
use std::fmt;
use std::io::IsTerminal;
use std::path::Path;
use std::path::PathBuf;

/// As whom to log in, and how to encrypt.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessArgs {
    /// The role to log in as
    #[arg(
        short,
        long,
        global = true,
        env = "QUORATE_USERNAME",
        value_name = "ROLE"
    )]
    pub username: Option<String>,

    /// Its password; without, it is asked for on the terminal. The environment keeps it from the list
    /// of processes
    #[arg(
        short,
        long,
        global = true,
        env = "QUORATE_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    pub password: Option<Secret>,

    /// Encrypts, and believes nodes that these authorities vouch for (a PEM file)
    #[arg(
        long,
        global = true,
        env = "QUORATE_TLS_AUTHORITY",
        value_name = "FILE"
    )]
    pub tls_authority: Option<PathBuf>,

    /// The certificate to show to nodes that want one (a PEM file)
    #[arg(
        long,
        global = true,
        env = "QUORATE_TLS_CERTIFICATE",
        value_name = "FILE"
    )]
    pub tls_certificate: Option<PathBuf>,

    /// That certificate's key (a PEM file)
    #[arg(long, global = true, env = "QUORATE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// A text that does not show itself.
#[derive(Clone)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl AccessArgs {
    /// Reads the files; asks for the password if there is a name and a terminal, but no password.
    ///
    /// # Errors
    /// A file cannot be read, arguments do not go together, or there is no password.
    pub fn access(&self) -> anyhow::Result<Access> {
        let mut access = Access::default();
        if let Some(tls) = self.tls()? {
            access = access.tls(tls);
        }
        let Some(name) = &self.username else {
            ensure!(
                self.password.is_none(),
                "there is a password, but no name: give --username or QUORATE_USERNAME"
            );
            return Ok(access);
        };
        let password = match &self.password {
            Some(Secret(password)) => password.clone(),
            None if std::io::stdin().is_terminal() => {
                rpassword::prompt_password(format!("Password of {name}: "))
                    .context("the password cannot be read")?
            }
            None => bail!("{name} needs a password: give --password or QUORATE_PASSWORD"),
        };
        Ok(access.credentials(name, &password)?)
    }

    fn tls(&self) -> anyhow::Result<Option<Tls>> {
        let shown = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some((read(certificate)?, read(key)?)),
            (None, None) => None,
            _ => bail!("--tls-certificate and --tls-key go together"),
        };
        let Some(authority) = &self.tls_authority else {
            ensure!(shown.is_none(), "--tls-certificate needs --tls-authority");
            return Ok(None);
        };
        let tls = Tls::new(read(authority)?);
        Ok(Some(match shown {
            Some((certificate, key)) => tls.identity(certificate, key),
            None => tls,
        }))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        access: AccessArgs,
    }

    fn parse(args: &[&str]) -> Result<AccessArgs, clap::Error> {
        let args = ["program"].iter().chain(args);
        Cli::try_parse_from(args).map(|cli| cli.access)
    }

    #[test]
    fn the_password_is_not_shown() {
        let args = parse(&["-u", "ann", "-p", "open sesame"]).unwrap();
        assert!(!format!("{args:?}").contains("sesame"));
        assert!(args.access().is_ok());
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |args: &[&str]| parse(args).unwrap().access().unwrap_err().to_string();
        assert!(refused(&["-p", "open sesame"]).contains("--username"));
        assert!(refused(&["--tls-key", "k.pem"]).contains("--tls-certificate"));
        let absent = refused(&["--tls-authority", "/absent/authority.pem"]);
        assert!(absent.contains("/absent/authority.pem"), "{absent}");
    }
}
