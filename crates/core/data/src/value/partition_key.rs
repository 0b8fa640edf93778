//! The bytes of partition keys (semantics 2.2): what is hashed, stored and sent.

use crate::InvalidValue;
use bytes::Bytes;

/// How many bytes a partition key can have.
const KEY_BYTES_MAX: usize = 65_535;

/// The bytes of a partition key: of one component, itself; of several, each as length (2 bytes),
/// bytes, `00`.
pub fn partition_key(components: &[&[u8]]) -> Result<Bytes, InvalidValue> {
    let bytes = match components {
        [] | [[]] => return Err(InvalidValue("Key may not be empty".to_owned())),
        [only] => only.len(),
        several => several.iter().map(|component| component.len() + 3).sum(),
    };
    if bytes > KEY_BYTES_MAX {
        return Err(InvalidValue(format!(
            "Key length of {bytes} is longer than maximum of {KEY_BYTES_MAX}"
        )));
    }
    if let [only] = components {
        return Ok(Bytes::copy_from_slice(only));
    }
    let mut out = Vec::with_capacity(bytes);
    for component in components {
        // The sum fits 16 bits, so each does.
        out.extend((component.len() as u16).to_be_bytes());
        out.extend_from_slice(component);
        out.push(0);
    }
    Ok(out.into())
}

/// The components of a partition key's bytes, of a table with `count` partition key columns.
pub fn partition_key_components(key: &[u8], count: usize) -> Result<Vec<Bytes>, InvalidValue> {
    if count == 1 {
        return Ok(vec![Bytes::copy_from_slice(key)]);
    }
    let mut rest = key;
    let mut components = Vec::with_capacity(count);
    for index in 0..count {
        let (length, after) = rest.split_first_chunk::<2>().ok_or_else(|| {
            InvalidValue(format!(
                "Not enough bytes to read value size of component {index}"
            ))
        })?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (component, after) = after.split_at_checked(length).ok_or_else(|| {
            InvalidValue(format!(
                "Not enough bytes to read value of component {index}"
            ))
        })?;
        let Some((0, after)) = after.split_first() else {
            return Err(InvalidValue(format!(
                "Not enough bytes to read the end-of-component byte of component{index}"
            )));
        };
        components.push(Bytes::copy_from_slice(component));
        rest = after;
    }
    if !rest.is_empty() {
        return Err(InvalidValue(format!(
            "Invalid bytes remaining after an end-of-component at component{count}"
        )));
    }
    Ok(components)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(components: &[&[u8]]) -> String {
        partition_key(components)
            .expect_err("the key is refused")
            .to_string()
    }

    #[test]
    fn one_component_is_the_key_itself() {
        assert_eq!(partition_key(&[b"key"]).as_deref(), Ok(&b"key"[..]));
    }

    #[test]
    fn several_components_are_framed() {
        let key = partition_key(&[b"abc", &[0, 0, 0, 7]]).expect("the key is short");
        assert_eq!(&key[..], b"\0\x03abc\0\0\x04\0\0\0\x07\0");
    }

    #[test]
    fn a_key_is_neither_empty_nor_longer_than_16_bits_count() {
        assert_eq!(message(&[b""]), "Key may not be empty");
        assert_eq!(message(&[]), "Key may not be empty");
        let long = vec![1; 65_536];
        let refusal = "Key length of 65536 is longer than maximum of 65535";
        assert_eq!(message(&[&long]), refusal);
        let (a, b) = (vec![1; 40_000], vec![1; 25_530]);
        assert_eq!(message(&[&a, &b]), refusal);
        assert!(partition_key(&[&a, &b[1..]]).is_ok());
        assert!(partition_key(&[b"", b""]).is_ok());
    }

    #[test]
    fn damaged_frames_are_refused() {
        for (key, count) in [
            (&b"\0"[..], 2),
            (b"\0\x03ab", 2),
            (b"\0\x01a", 2),
            (b"\0\x01a\x01\0\x01b\0", 2),
            (b"\0\x01a\0\0\x01b\0c", 2),
        ] {
            assert!(partition_key_components(key, count).is_err(), "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn components_come_back(
            components in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 1..5)
        ) {
            let slices: Vec<&[u8]> = components.iter().map(Vec::as_slice).collect();
            let key = partition_key(&slices).expect("the key is short");
            prop_assert_eq!(partition_key_components(&key, slices.len()), Ok(components.into_iter().map(Bytes::from).collect()));
        }

        #[test]
        fn any_bytes_are_components_or_refused(key: Vec<u8>, count in 0_usize..4) {
            if let Ok(components) = partition_key_components(&key, count) && count > 1 {
                let slices: Vec<&[u8]> = components.iter().map(AsRef::as_ref).collect();
                prop_assert_eq!(partition_key(&slices), Ok(Bytes::from(key)));
            }
        }
    }
}
