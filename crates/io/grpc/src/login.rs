//! Who makes a call: `authorization: Basic …` of its metadata (RFC 7617), a name and a password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quorate_request::Frontend;
use quorate_types::RequestError;
use std::sync::Arc;
use tonic::metadata::MetadataMap;

/// The role that a call is made as; `None` if nobody has to log in.
pub(crate) async fn role_of(
    frontend: &impl Frontend,
    metadata: &MetadataMap,
) -> Result<Option<Arc<str>>, RequestError> {
    if !frontend.requires_authentication() {
        return Ok(None);
    }
    let refused = |message: &str| RequestError::Authentication(message.to_owned());
    let value = metadata
        .get("authorization")
        .ok_or_else(|| refused("You have to log in: the call has no credentials"))?;
    let (name, password) = value
        .to_str()
        .ok()
        .and_then(credentials)
        .ok_or_else(|| refused("The call's credentials are not of the kind 'Basic'"))?;
    frontend.authenticate(name, password).await.map(Some)
}

/// Name and password of `Basic base64(name:password)`.
fn credentials(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::credentials;

    #[test]
    fn credentials_are_a_name_and_a_password() {
        let both = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        let given = [
            ("Basic YW5uOm9wZW4gc2VzYW1l", both("ann", "open sesame")),
            ("basic YW5uOmE6Yg==", both("ann", "a:b")),
            ("Bearer YW5uOm9wZW4gc2VzYW1l", None),
            ("Basic", None),
            ("Basic YW5u", None),
            ("Basic !", None),
            ("Basic /w==", None),
        ];
        for (value, expected) in given {
            assert_eq!(credentials(value), expected, "{value}");
        }
    }
}
