//! How numbers, texts, lists and maps are written. Numbers are big endian; texts, lists, sets and
//! maps carry a 32-bit count; an optional value carries a byte that says whether it is there.

use super::CorruptMetadata;
use super::corrupt;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::TableId;
use quorate_types::Token;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A value with bytes.
pub(super) trait Coded: Sized {
    /// Appends the bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads them back.
    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata>;
}

/// Bytes that are read from front to back.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], CorruptMetadata> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return corrupt(format!(
                "{count} bytes expected, {} are left",
                self.rest.len()
            ));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// The next byte, which stays to be read.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], CorruptMetadata> {
        let taken = self.take(N)?;
        taken
            .try_into()
            .map_err(|_| CorruptMetadata("a slice of another length".to_owned()))
    }

    pub(super) fn finish(&self) -> Result<(), CorruptMetadata> {
        match self.rest.len() {
            0 => Ok(()),
            left => corrupt(format!("{left} bytes after the end")),
        }
    }
}

macro_rules! coded_number {
    ($($number:ty),*) => {$(
        impl Coded for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_be_bytes());
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
                reader.take_array().map(Self::from_be_bytes)
            }
        }
    )*};
}

coded_number!(u8, u16, u32, u64, i32, i64);

/// A struct as its fields, one after another in the order given.
macro_rules! coded_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::codec::wire::Coded for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::codec::wire::Coded::write(&self.$field, out);)*
            }

            fn read(
                reader: &mut $crate::codec::wire::Reader<'_>,
            ) -> Result<Self, $crate::CorruptMetadata> {
                Ok(Self {
                    $($field: $crate::codec::wire::Coded::read(reader)?,)*
                })
            }
        }
    };
}

pub(super) use coded_struct;

/// A newtype as what it wraps.
macro_rules! coded_newtype {
    ($($name:ident),*) => {$(
        impl Coded for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
                Coded::read(reader).map(Self)
            }
        }
    )*};
}

coded_newtype!(ColumnId, Epoch, HostId, TableId);
coded_struct!(Endpoint { host, port });

impl Coded for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match u8::read(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            byte => corrupt(format!("truth value {byte}")),
        }
    }
}

impl Coded for f64 {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bits().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let value = Self::from_bits(u64::read(reader)?);
        if value.is_finite() {
            Ok(value)
        } else {
            corrupt(format!("number {value}"))
        }
    }
}

impl Coded for Uuid {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        reader.take_array().map(Self::from_bytes)
    }
}

impl Coded for Token {
    fn write(&self, out: &mut Vec<u8>) {
        self.value().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match i64::read(reader)? {
            i64::MIN => corrupt("the ring's minimum as a token"),
            value => Ok(Self::new(value)),
        }
    }
}

impl Coded for CqlType {
    fn write(&self, out: &mut Vec<u8>) {
        self.code().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let code = u16::read(reader)?;
        Self::from_code(code).map_or_else(|| corrupt(format!("type {code}")), Ok)
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    u32::try_from(count)
        .expect("metadata holds no four thousand million of anything")
        .write(out);
}

fn read_count(reader: &mut Reader<'_>) -> Result<usize, CorruptMetadata> {
    let count = u32::read(reader)?;
    usize::try_from(count).map_or_else(|_| corrupt(format!("count {count}")), Ok)
}

impl Coded for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_count(self.len(), out);
        out.extend(self.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let count = read_count(reader)?;
        let bytes = reader.take(count)?.to_vec();
        Self::from_utf8(bytes).map_or_else(|_| corrupt("a text that is no UTF-8"), Ok)
    }
}

impl<T: Coded> Coded for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        bool::read(reader)?.then(|| T::read(reader)).transpose()
    }
}

impl<T: Coded> Coded for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let count = read_count(reader)?;
        (0..count).map(|_| T::read(reader)).collect()
    }
}

impl<A: Coded, B: Coded> Coded for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        Ok((A::read(reader)?, B::read(reader)?))
    }
}

impl<T: Coded + Ord + Clone> Coded for BTreeSet<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let map = read_keyed(reader, T::clone)?;
        Ok(map.into_keys().collect())
    }
}

impl<K: Coded + Ord + Clone, V: Coded> Coded for BTreeMap<K, V> {
    fn write(&self, out: &mut Vec<u8>) {
        write_count(self.len(), out);
        for (key, value) in self {
            key.write(out);
            value.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let pairs = read_keyed(reader, |(key, _): &(K, V)| key.clone())?;
        Ok(pairs.into_values().collect())
    }
}

/// The count, then each.
pub(super) fn write_all<'a, T: Coded + 'a>(
    values: impl IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
    out: &mut Vec<u8>,
) {
    let values = values.into_iter();
    write_count(values.len(), out);
    for value in values {
        value.write(out);
    }
}

/// Reads [`write_all`] into a map by a key of each value; the keys must ascend.
pub(super) fn read_keyed<K: Ord, V: Coded>(
    reader: &mut Reader<'_>,
    key: impl Fn(&V) -> K,
) -> Result<BTreeMap<K, V>, CorruptMetadata> {
    let mut map = BTreeMap::new();
    for _ in 0..read_count(reader)? {
        let value = V::read(reader)?;
        let key = key(&value);
        if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return corrupt("a key that is not after the one before it");
        }
        map.insert(key, value);
    }
    Ok(map)
}
