//! Whole numbers in one to nine bytes: as many bytes follow the first as it has leading ones.

/// Writes an unsigned number.
pub(crate) fn write_unsigned(value: u64, out: &mut Vec<u8>) {
    let bits = 64 - value.leading_zeros();
    // 7 bits fit without a further byte; each further one adds 7, and the eighth the rest.
    let extra = if bits > 56 {
        8
    } else {
        bits.saturating_sub(1) / 7
    };
    let bytes = value.to_be_bytes();
    let tail = bytes.iter().skip(8 - extra as usize);
    if extra == 8 {
        out.push(0xFF);
    } else {
        let ones = !(0xFF_u8 >> extra);
        let high = (value >> (8 * extra)) as u8;
        out.push(ones | high);
    }
    out.extend(tail);
}

/// Reads what [`write_unsigned`] wrote, from a source of bytes.
pub(crate) fn read_unsigned(mut next: impl FnMut() -> Option<u8>) -> Option<u64> {
    let first = next()?;
    let extra = first.leading_ones();
    let mut value = if extra == 8 {
        0
    } else {
        u64::from(first & (0xFF >> extra))
    };
    for _ in 0..extra {
        value = (value << 8) | u64::from(next()?);
    }
    Some(value)
}

/// Writes a signed number, near zero in few bytes.
pub(crate) fn write_signed(value: i64, out: &mut Vec<u8>) {
    write_unsigned(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}

/// Reads what [`write_signed`] wrote.
pub(crate) fn read_signed(next: impl FnMut() -> Option<u8>) -> Option<i64> {
    let zigzag = read_unsigned(next)?;
    Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write_unsigned(value, &mut out);
        out
    }

    #[test]
    fn the_length_is_in_the_leading_ones() {
        assert_eq!(written(0), [0]);
        assert_eq!(written(127), [0x7F]);
        assert_eq!(written(128), [0x80, 0x80]);
        assert_eq!(written(16_384), [0xC0, 0x40, 0]);
        assert_eq!(written(1 << 56), [0xFF, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(u64::MAX), [0xFF; 9]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: i64, shift in 0_u32..64) {
            let value = value >> shift;
            let mut out = Vec::new();
            write_signed(value, &mut out);
            let mut bytes = out.iter().copied();
            prop_assert_eq!(read_signed(|| bytes.next()), Some(value));
            prop_assert_eq!(bytes.next(), None);
        }
    }
}
