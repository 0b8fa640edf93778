//! Conversions between dates, timestamps and time UUIDs.

use super::ids::millis_of_timeuuid;
use crate::error::invalid;
use bytes::Bytes;
use quorate_data::CqlType;
use quorate_types::RequestError;

const MILLIS_OF_DAY: i64 = 86_400_000;
/// Dates count days from here, so that they sort as unsigned numbers.
const DAY_OF_1970: i64 = 1 << 31;

/// The milliseconds since 1970 that a timestamp, date or time UUID says; `None` for the empty
/// value.
pub(super) fn millis(from: CqlType, wire: &[u8]) -> Result<Option<i64>, RequestError> {
    if wire.is_empty() {
        return Ok(None);
    }
    let millis = match from {
        CqlType::Timeuuid => millis_of_timeuuid(wire),
        CqlType::Date => wire
            .try_into()
            .ok()
            .map(|days| (i64::from(u32::from_be_bytes(days)) - DAY_OF_1970) * MILLIS_OF_DAY),
        _ => wire.try_into().ok().map(i64::from_be_bytes),
    };
    match millis {
        Some(millis) => Ok(Some(millis)),
        None => Err(invalid(format!("Invalid value of type {from}"))),
    }
}

/// The date of a moment, in UTC.
pub(super) fn date_of_millis(millis: i64) -> Result<Bytes, RequestError> {
    let days = millis.div_euclid(MILLIS_OF_DAY) + DAY_OF_1970;
    let days = u32::try_from(days)
        .map_err(|_| invalid("The timestamp is outside of what a date can express"))?;
    Ok(Bytes::copy_from_slice(&days.to_be_bytes()))
}

/// The time of day of a moment, in UTC.
pub(super) fn time_of_millis(millis: i64) -> Bytes {
    let nanos = millis.rem_euclid(MILLIS_OF_DAY) * 1_000_000;
    Bytes::copy_from_slice(&nanos.to_be_bytes())
}
