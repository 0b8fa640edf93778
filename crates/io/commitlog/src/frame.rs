//! The bytes of headers, records and marks.
pub(crate) const RECORD_OVERHEAD: u32 = 12;
pub(crate) const SEGMENT_BYTES_MIN: u32 = 256;
pub(crate) const SEGMENT_BYTES_MAX: u32 = 1 << 30;
