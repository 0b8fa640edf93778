//! Reading our own formats: bounds, minimal integers, and where it went wrong.
//!
//! Decides nothing about meaning. Every integer has one encoding (a longer one is refused), so that
//! equal content has equal bytes.

use bytes::Bytes;

/// Where reading stopped, and what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) offset: usize,
    pub(crate) what: &'static str,
}

/// A place in bytes that are read once, from front to back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BytesIn<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> BytesIn<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) const fn damage(&self, what: &'static str) -> Damage {
        Damage {
            offset: self.offset,
            what,
        }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.offset >= self.bytes.len()
    }

    /// Nothing may follow.
    pub(crate) const fn end(&self) -> Result<(), Damage> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.damage("the end"))
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, Damage> {
        let Some(&byte) = self.bytes.get(self.offset) else {
            return Err(self.damage(what));
        };
        self.offset += 1;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Damage> {
        let found = self.bytes.get(self.offset..).and_then(<[u8]>::first_chunk);
        let Some(&array) = found else {
            return Err(self.damage(what));
        };
        self.offset += N;
        Ok(array)
    }

    #[inline]
    pub(crate) fn slice(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], Damage> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some(slice) = rest.get(..length) else {
            return Err(self.damage(what));
        };
        self.offset += length;
        Ok(slice)
    }

    /// Unsigned, 7 bits a byte, least significant first, no longer than it must be.
    #[inline]
    pub(crate) fn varint(&mut self, what: &'static str) -> Result<u64, Damage> {
        match self.bytes.get(self.offset) {
            Some(&byte) if byte < 0x80 => {
                self.offset += 1;
                Ok(u64::from(byte))
            }
            Some(_) => self.long_varint(what),
            None => Err(self.damage(what)),
        }
    }

    fn long_varint(&mut self, what: &'static str) -> Result<u64, Damage> {
        let damage = self.damage(what);
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7F);
            if (bits << shift) >> shift != bits {
                return Err(damage);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return if byte == 0 && shift > 0 {
                    Err(damage)
                } else {
                    Ok(value)
                };
            }
        }
        Err(damage)
    }

    #[inline]
    pub(crate) fn varint_u32(&mut self, what: &'static str) -> Result<u32, Damage> {
        let damage = self.damage(what);
        u32::try_from(self.varint(what)?).map_err(|_| damage)
    }

    #[inline]
    pub(crate) fn varint_u16(&mut self, what: &'static str) -> Result<u16, Damage> {
        let damage = self.damage(what);
        u16::try_from(self.varint(what)?).map_err(|_| damage)
    }

    /// A length, then as many bytes.
    #[inline]
    pub(crate) fn sized(&mut self, what: &'static str) -> Result<&'a [u8], Damage> {
        let length = self.varint(what)?;
        let length = usize::try_from(length).map_err(|_| self.damage(what))?;
        self.slice(length, what)
    }

    /// As [`BytesIn::sized`], as a slice of the `whole` that is being read.
    pub(crate) fn sized_shared(
        &mut self,
        whole: &Bytes,
        what: &'static str,
    ) -> Result<Bytes, Damage> {
        Ok(whole.slice_ref(self.sized(what)?))
    }

    /// How many follow; each takes at least one byte, so a count beyond the rest is damage.
    pub(crate) fn count(&mut self, what: &'static str) -> Result<usize, Damage> {
        let damage = self.damage(what);
        let count = usize::try_from(self.varint(what)?).map_err(|_| damage)?;
        if count > self.bytes.len().saturating_sub(self.offset) {
            return Err(damage);
        }
        Ok(count)
    }
}

/// Writes what [`BytesIn::varint`] reads.
#[inline]
pub(crate) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes what [`BytesIn::sized`] reads.
#[inline]
pub(crate) fn put_sized(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// How many bytes [`put_varint`] writes.
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Small numbers of either sign become small unsigned ones.
#[inline]
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
#[inline]
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back_and_their_length_is_known(value: u64, signed: i64, small in 0u64..300) {
            for value in [value, small, value >> 32, zigzag(signed)] {
                let mut out = Vec::new();
                put_varint(value, &mut out);
                prop_assert_eq!(out.len(), varint_len(value));
                let mut input = BytesIn::new(&out);
                prop_assert_eq!(input.varint("").unwrap(), value);
                prop_assert!(input.is_at_end());
            }
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }
    }

    #[test]
    fn an_integer_longer_than_it_must_be_is_damage() {
        for bytes in [
            &[0x80, 0x00][..],
            &[0x81, 0x80, 0x00],
            &[0x80],
            &[],
            &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            &[0xFF; 11],
        ] {
            assert!(BytesIn::new(bytes).varint("").is_err(), "{bytes:?}");
        }
    }
}
