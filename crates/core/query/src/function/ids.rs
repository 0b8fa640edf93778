//! Time UUIDs at the edges of a millisecond.

use crate::error::invalid;
use bytes::Bytes;
use quorate_types::RequestError;

/// 100 ns ticks from 1582-10-15, where UUID time begins, to 1970-01-01.
const TICKS_TO_1970: i64 = 0x01B2_1DD2_1381_4000;
/// The low halves that sort first and last among time UUIDs (their bytes compare as signed).
const LOW_FIRST: u64 = 0x8080_8080_8080_8080;
const LOW_LAST: u64 = 0x7F7F_7F7F_7F7F_7F7F;

pub(super) fn bigint(value: i64) -> Bytes {
    Bytes::copy_from_slice(&value.to_be_bytes())
}

/// The least time UUID of a timestamp's millisecond.
pub(super) fn min_timeuuid(timestamp: &[u8]) -> Result<Bytes, RequestError> {
    edge(timestamp, 0, LOW_FIRST)
}

/// The greatest time UUID of a timestamp's millisecond.
pub(super) fn max_timeuuid(timestamp: &[u8]) -> Result<Bytes, RequestError> {
    edge(timestamp, 9_999, LOW_LAST)
}

fn edge(timestamp: &[u8], extra_ticks: i64, low: u64) -> Result<Bytes, RequestError> {
    let ticks = timestamp
        .try_into()
        .ok()
        .map(i64::from_be_bytes)
        .and_then(|millis| millis.checked_mul(10_000))
        .and_then(|ticks| ticks.checked_add(TICKS_TO_1970 + extra_ticks))
        .and_then(|ticks| u64::try_from(ticks).ok())
        .filter(|ticks| *ticks < 1 << 60)
        .ok_or_else(|| invalid("The timestamp is outside of what a timeuuid can express"))?;
    let high = (ticks & 0xFFFF_FFFF) << 32
        | ((ticks >> 32) & 0xFFFF) << 16
        | 0x1000
        | ((ticks >> 48) & 0x0FFF);
    let mut bytes = Vec::with_capacity(16);
    bytes.extend_from_slice(&high.to_be_bytes());
    bytes.extend_from_slice(&low.to_be_bytes());
    Ok(Bytes::from(bytes))
}

/// The milliseconds since 1970 of a time UUID; `None` when it is none.
pub(super) fn millis_of_timeuuid(uuid: &[u8]) -> Option<i64> {
    let high = u64::from_be_bytes(uuid.get(..8)?.try_into().ok()?);
    let ticks = high >> 32 | ((high >> 16) & 0xFFFF) << 32 | (high & 0x0FFF) << 48;
    let ticks = i64::try_from(ticks).ok()?;
    Some((ticks - TICKS_TO_1970).div_euclid(10_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_data::CqlType;

    #[test]
    fn the_edges_of_a_millisecond_enclose_its_uuids() {
        let millis = 1_700_000_000_123_i64;
        let timestamp = millis.to_be_bytes();
        let least = min_timeuuid(&timestamp).unwrap();
        let greatest = max_timeuuid(&timestamp).unwrap();
        assert_eq!(millis_of_timeuuid(&least), Some(millis));
        assert_eq!(millis_of_timeuuid(&greatest), Some(millis));
        assert!(CqlType::Timeuuid.validate(&least).is_ok());
        assert!(CqlType::Timeuuid.compare(&least, &greatest).is_lt());
        let next = min_timeuuid(&(millis + 1).to_be_bytes()).unwrap();
        assert!(CqlType::Timeuuid.compare(&greatest, &next).is_lt());
    }

    #[test]
    fn a_timestamp_before_uuid_time_is_refused() {
        assert!(min_timeuuid(&i64::MIN.to_be_bytes()).is_err());
        assert!(max_timeuuid(&i64::MAX.to_be_bytes()).is_err());
    }
}
