//! Reads the protocol's notations (`[string]`, `[value]`, `[inet]`, …) off the front of a body.
//!
//! A claimed length is compared with what is there before anything is taken, and a claimed count
//! with the room that so many of the smallest items would need, before a list is allocated.

use crate::ProtocolViolation;
use crate::Version;
use crate::WireValue;
use bytes::Buf;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use uuid::Uuid;

type Result<T> = std::result::Result<T, ProtocolViolation>;

const HEX_BYTES_MAX: usize = 32;

/// What is left of a body.
#[derive(Debug)]
pub(crate) struct Reader {
    rest: Bytes,
}

impl Reader {
    pub(crate) const fn new(body: Bytes) -> Self {
        Self { rest: body }
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        let byte = self.rest.try_get_u8();
        byte.map_err(|_| ProtocolViolation::EndOfBody)
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        let short = self.rest.try_get_u16();
        short.map_err(|_| ProtocolViolation::EndOfBody)
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        let int = self.rest.try_get_i32();
        int.map_err(|_| ProtocolViolation::EndOfBody)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.i32().map(i32::cast_unsigned)
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        let long = self.rest.try_get_i64();
        long.map_err(|_| ProtocolViolation::EndOfBody)
    }

    /// The next bytes, if there are so many.
    fn take(&mut self, bytes: usize) -> Option<Bytes> {
        (bytes <= self.rest.len()).then(|| self.rest.split_to(bytes))
    }

    /// How many items to make room for, when `claimed` are announced and each has `bytes_min`.
    pub(crate) fn room(&self, claimed: usize, bytes_min: usize) -> usize {
        claimed.min(self.rest.len() / bytes_min.max(1))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid> {
        let bytes = self.take(16).ok_or(ProtocolViolation::EndOfBody)?;
        Uuid::from_slice(&bytes).map_err(|_| ProtocolViolation::EndOfBody)
    }

    pub(crate) fn string(&mut self) -> Result<String> {
        let bytes = usize::from(self.u16().map_err(|_| ProtocolViolation::ShortString(2))?);
        let text = self.take(bytes).ok_or(ProtocolViolation::ShortString(2))?;
        utf8(&text)
    }

    pub(crate) fn long_string(&mut self) -> Result<String> {
        let short = || ProtocolViolation::ShortString(4);
        let bytes = self.i32().map_err(|_| short())?;
        let bytes = usize::try_from(bytes).map_err(|_| short())?;
        let text = self.take(bytes).ok_or_else(short)?;
        utf8(&text)
    }

    pub(crate) fn short_bytes(&mut self) -> Result<Bytes> {
        let bytes = self.u16().map_err(|_| ProtocolViolation::ShortBytes)?;
        self.take(usize::from(bytes))
            .ok_or(ProtocolViolation::ShortBytes)
    }

    /// `[bytes]`: any negative length is null.
    pub(crate) fn bytes(&mut self) -> Result<Option<Bytes>> {
        let length = self.i32()?;
        if length < 0 {
            return Ok(None);
        }
        self.value_of(length).map(Some)
    }

    /// `[value]`, which version 3 had not: there any negative length is null.
    pub(crate) fn value(&mut self, version: Version) -> Result<WireValue> {
        match self.i32()? {
            length @ 0.. => self.value_of(length).map(WireValue::Bytes),
            -1 => Ok(WireValue::Null),
            _ if version < Version::V4 => Ok(WireValue::Null),
            -2 => Ok(WireValue::Unset),
            length => Err(ProtocolViolation::ValueLength(length)),
        }
    }

    fn value_of(&mut self, length: i32) -> Result<Bytes> {
        let short = ProtocolViolation::ShortValue {
            length,
            remaining: self.rest.len(),
        };
        let bytes = usize::try_from(length).map_err(|_| ProtocolViolation::ValueLength(length))?;
        self.take(bytes).ok_or(short)
    }

    pub(crate) fn consistency(&mut self) -> Result<ConsistencyLevel> {
        Ok(ConsistencyLevel::from_code(self.u16()?)?)
    }

    pub(crate) fn string_list(&mut self) -> Result<Vec<String>> {
        let count = usize::from(self.u16()?);
        let mut list = Vec::with_capacity(self.room(count, 2));
        for _ in 0..count {
            list.push(self.string()?);
        }
        Ok(list)
    }

    pub(crate) fn string_map(&mut self) -> Result<BTreeMap<String, String>> {
        self.map(Self::string)
    }

    pub(crate) fn string_multimap(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        self.map(Self::string_list)
    }

    /// `[bytes map]`; null is nothing.
    pub(crate) fn bytes_map(&mut self) -> Result<BTreeMap<String, Bytes>> {
        self.map(|reader| reader.bytes().map(Option::unwrap_or_default))
    }

    fn map<V>(&mut self, value: impl Fn(&mut Self) -> Result<V>) -> Result<BTreeMap<String, V>> {
        let count = self.u16()?;
        let mut map = BTreeMap::new();
        for _ in 0..count {
            let key = self.string()?;
            map.insert(key, value(self)?);
        }
        Ok(map)
    }

    /// `[inetaddr]`: an address without a port.
    pub(crate) fn address(&mut self) -> Result<IpAddr> {
        let bytes = usize::from(self.u8()?);
        if !matches!(bytes, 4 | 16) {
            return Err(ProtocolViolation::Address);
        }
        let address = self.take(bytes).ok_or(ProtocolViolation::EndOfBody)?;
        let v4 = <[u8; 4]>::try_from(&*address).map(IpAddr::from);
        let v6 = <[u8; 16]>::try_from(&*address).map(IpAddr::from);
        v4.or(v6).map_err(|_| ProtocolViolation::Address)
    }

    /// `[inet]`: an address and a port.
    pub(crate) fn socket_address(&mut self) -> Result<SocketAddr> {
        let address = self.address()?;
        let port = self.i32()?;
        let port = u16::try_from(port).map_err(|_| ProtocolViolation::Port(port))?;
        Ok(SocketAddr::new(address, port))
    }
}

fn utf8(bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let mut hex = String::new();
            for byte in bytes.iter().take(HEX_BYTES_MAX) {
                // Writing to a string does not fail.
                let _ = write!(hex, "{byte:02x}");
            }
            Err(ProtocolViolation::NotUtf8 { hex, error })
        }
    }
}
