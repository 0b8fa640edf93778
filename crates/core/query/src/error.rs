//! Short ways to the errors this crate raises.

use quorate_data::InvalidValue;
use quorate_types::RequestError;

/// A statement or value that makes no sense.
pub(crate) fn invalid(message: impl Into<String>) -> RequestError {
    RequestError::Invalid(message.into())
}

/// Bytes or text that are no value of their type.
pub(crate) fn of_value(error: InvalidValue) -> RequestError {
    RequestError::Invalid(error.0)
}

/// Something that is CQL and not executed yet: refused by its name, never half done.
pub(crate) fn unsupported(what: &str, thing: impl std::fmt::Display) -> RequestError {
    RequestError::Invalid(format!("This {what} is not supported yet: {thing}"))
}
