//! Appends the protocol's notations (`[string]`, `[bytes]`, `[inet]`, …) and whole envelopes.
//!
//! Lengths have two or four bytes. What is longer than its length can say is cut, and the writer
//! remembers that it did: fine for the text of an error, a reason to refuse a request.

use crate::Compression;
use crate::Header;
use crate::Version;
use crate::header::BODY_BYTES_AT;
use crate::header::HEADER_BYTES;
use crate::header::flag;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_types::ConsistencyLevel;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;

/// Shorter bodies are not worth compressing.
const COMPRESS_BYTES_MIN: usize = 256;

/// The end of a body.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut BytesMut,
    was_cut: bool,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(out: &'a mut BytesMut) -> Self {
        Self {
            out,
            was_cut: false,
        }
    }

    /// Whether something was longer than its length can say.
    pub(crate) const fn was_cut(&self) -> bool {
        self.was_cut
    }

    pub(crate) fn u8(&mut self, byte: u8) {
        self.out.put_u8(byte);
    }

    pub(crate) fn u16(&mut self, short: u16) {
        self.out.put_u16(short);
    }

    pub(crate) fn i32(&mut self, int: i32) {
        self.out.put_i32(int);
    }

    pub(crate) fn u32(&mut self, int: u32) {
        self.out.put_u32(int);
    }

    pub(crate) fn i64(&mut self, long: i64) {
        self.out.put_i64(long);
    }

    pub(crate) fn slice(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    /// The length of a list that has a `[short]` for it, and how many items to write.
    pub(crate) fn short_count(&mut self, count: usize) -> usize {
        let short = u16::try_from(count).unwrap_or_else(|_| {
            self.was_cut = true;
            u16::MAX
        });
        self.u16(short);
        usize::from(short)
    }

    /// The length of a list that has an `[int]` for it, and how many items to write.
    pub(crate) fn int_count(&mut self, count: usize) -> usize {
        let int = i32::try_from(count).unwrap_or_else(|_| {
            self.was_cut = true;
            i32::MAX
        });
        self.i32(int);
        usize::try_from(int).unwrap_or_default()
    }

    pub(crate) fn string(&mut self, text: &str) {
        let bytes_max = usize::from(u16::MAX);
        let text = if text.len() > bytes_max {
            self.was_cut = true;
            text.split_at(text.floor_char_boundary(bytes_max)).0
        } else {
            text
        };
        self.short_count(text.len());
        self.slice(text.as_bytes());
    }

    pub(crate) fn long_string(&mut self, text: &str) {
        let bytes = self.int_count(text.len());
        self.slice(text.as_bytes().get(..bytes).unwrap_or_default());
    }

    pub(crate) fn short_bytes(&mut self, bytes: &[u8]) {
        let count = self.short_count(bytes.len());
        self.slice(bytes.get(..count).unwrap_or_default());
    }

    /// `[bytes]`; `None` is null.
    pub(crate) fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => {
                let count = self.int_count(bytes.len());
                self.slice(bytes.get(..count).unwrap_or_default());
            }
            None => self.i32(-1),
        }
    }

    pub(crate) fn consistency(&mut self, level: ConsistencyLevel) {
        self.u16(level.code());
    }

    pub(crate) fn string_list(&mut self, list: &[String]) {
        let count = self.short_count(list.len());
        for text in list.iter().take(count) {
            self.string(text);
        }
    }

    pub(crate) fn string_map(&mut self, map: &BTreeMap<String, String>) {
        let count = self.short_count(map.len());
        for (key, text) in map.iter().take(count) {
            self.string(key);
            self.string(text);
        }
    }

    pub(crate) fn string_multimap(&mut self, map: &BTreeMap<String, Vec<String>>) {
        let count = self.short_count(map.len());
        for (key, list) in map.iter().take(count) {
            self.string(key);
            self.string_list(list);
        }
    }

    pub(crate) fn bytes_map(&mut self, map: &BTreeMap<String, Bytes>) {
        let count = self.short_count(map.len());
        for (key, bytes) in map.iter().take(count) {
            self.string(key);
            self.bytes(Some(bytes));
        }
    }

    /// `[inetaddr]`: an address without a port.
    pub(crate) fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => {
                self.u8(4);
                self.slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                self.u8(16);
                self.slice(&v6.octets());
            }
        }
    }

    /// `[inet]`: an address and a port.
    pub(crate) fn socket_address(&mut self, address: SocketAddr) {
        self.address(address.ip());
        self.i32(i32::from(address.port()));
    }
}

/// Appends `header` and the body that `write` makes, compressed if that makes it shorter, and
/// puts flag and length right. Answers how long the body was before it was compressed, and whether
/// something in it was cut.
pub(crate) fn write_envelope(
    mut header: Header,
    compression: Option<Compression>,
    out: &mut BytesMut,
    write: impl FnOnce(&mut Writer<'_>),
) -> (usize, bool) {
    let start = out.len();
    let body_start = start + HEADER_BYTES;
    header.encode(out);
    let mut writer = Writer::new(out);
    write(&mut writer);
    let was_cut = writer.was_cut();
    let body_bytes = out.len() - body_start;

    let compression = compression.filter(|_| header.version < Version::V5.byte());
    if let Some(compression) = compression
        && body_bytes >= COMPRESS_BYTES_MIN
        && let Some(shorter) = out
            .get(body_start..)
            .map(|body| compression.compress(body))
            .filter(|compressed| compressed.len() < body_bytes)
    {
        out.truncate(body_start);
        out.put_slice(&shorter);
        header.flags |= flag::COMPRESSED;
    }
    let length = u32::try_from(out.len() - body_start).unwrap_or(u32::MAX);
    if let Some(head) = out.get_mut(start..body_start) {
        if let Some(flags) = head.get_mut(1) {
            *flags = header.flags;
        }
        if let Some(field) = head.get_mut(BODY_BYTES_AT..) {
            field.copy_from_slice(&length.to_be_bytes());
        }
    }
    (body_bytes, was_cut)
}
