//! What a client says to log in: SASL PLAIN, a name and a password.

use quorate_request::Frontend;
use quorate_types::RequestError;
use std::sync::Arc;

/// What drivers are told to log in with.
pub(crate) const AUTHENTICATOR: &str = "org.apache.cassandra.auth.PasswordAuthenticator";

/// The role that an AUTH_RESPONSE gives name and password of.
pub(crate) async fn log_in(
    frontend: &impl Frontend,
    token: Option<&[u8]>,
) -> Result<Arc<str>, RequestError> {
    let credentials = token.and_then(credentials);
    let (name, password) = credentials.ok_or_else(|| {
        let message =
            "Credential format error: username or password is empty or contains NUL(\\0) character";
        RequestError::Authentication(message.to_owned())
    })?;
    frontend.authenticate(name, password).await
}

/// Name and password of `[authzid]\0name\0password`.
fn credentials(token: &[u8]) -> Option<(String, String)> {
    let mut parts = token.split(|byte| *byte == 0);
    let _acts_as = parts.next()?;
    let mut text = || {
        let part = parts.next().filter(|part| !part.is_empty())?;
        String::from_utf8(part.to_vec()).ok()
    };
    let both = (text()?, text()?);
    parts.next().is_none().then_some(both)
}

#[cfg(test)]
mod tests {
    use super::credentials;

    #[test]
    fn a_token_is_a_name_and_a_password() {
        let both = Some(("ann".to_owned(), "s3cret".to_owned()));
        assert_eq!(credentials(b"\0ann\0s3cret"), both);
        assert_eq!(credentials(b"bob\0ann\0s3cret"), both);
        for wrong in [
            &b""[..],
            b"ann",
            b"ann\0s3cret",
            b"\0ann\0",
            b"\0\0s3cret",
            b"\0ann\0s3\0cret",
            b"\0ann\0\xff",
        ] {
            assert_eq!(credentials(wrong), None, "{wrong:?}");
        }
    }
}
