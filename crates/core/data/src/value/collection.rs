//! Frozen collections: one value made of others (semantics 10.3). A 32-bit count, then each element
//! as a 32-bit length and its bytes; a map's keys and values take turns.

use crate::CqlType;
use crate::InvalidValue;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;

/// The wire bytes of a list or set of these elements. A set's must come in the order of their type,
/// each once.
pub fn encode_elements<T: AsRef<[u8]>>(elements: &[T]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u32(elements.len() as u32);
    for element in elements {
        put_element(&mut out, element.as_ref());
    }
    out.freeze()
}

/// The wire bytes of a map of these entries. They must come in the order of the keys, each once.
pub fn encode_entries<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: &[(K, V)]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u32(entries.len() as u32);
    for (key, value) in entries {
        put_element(&mut out, key.as_ref());
        put_element(&mut out, value.as_ref());
    }
    out.freeze()
}

fn put_element(out: &mut BytesMut, element: &[u8]) {
    out.put_u32(element.len() as u32);
    out.put_slice(element);
}

/// The elements of a collection with their types, a map's keys and values in turn.
///
/// # Errors
/// When the bytes are no such collection, or the type is none.
pub fn collection_elements(
    cql_type: CqlType,
    wire: &[u8],
) -> Result<Vec<(CqlType, &[u8])>, InvalidValue> {
    let (types, name): (&[CqlType], _) = match cql_type {
        CqlType::List(element) => (&[*element], "list"),
        CqlType::Set(element) => (&[*element], "set"),
        CqlType::Map(key, value) => (&[*key, *value], "map"),
        scalar => return Err(InvalidValue(format!("{scalar} is no collection"))),
    };
    let short = || InvalidValue(format!("Not enough bytes to read a {name}"));
    let (count, mut rest) = wire.split_first_chunk::<4>().ok_or_else(short)?;
    let count = usize::try_from(u32::from_be_bytes(*count)).map_err(|_| short())?;
    // Each element takes four bytes at least: a count that lies reserves nothing.
    if count
        .checked_mul(4 * types.len())
        .is_none_or(|least| least > rest.len())
    {
        return Err(short());
    }
    let mut elements = Vec::with_capacity(count * types.len());
    for _ in 0..count {
        for element_type in types {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(short)?;
            let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| short())?;
            let (element, after) = after.split_at_checked(length).ok_or_else(short)?;
            element_type.validate(element)?;
            elements.push((*element_type, element));
            rest = after;
        }
    }
    if rest.is_empty() {
        Ok(elements)
    } else {
        Err(InvalidValue(format!(
            "Unexpected extraneous bytes after {name} value"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::format_literal;

    const SET: CqlType = CqlType::Set(&CqlType::Text);
    const MAP: CqlType = CqlType::Map(&CqlType::Text, &CqlType::Int);

    #[test]
    fn collections_are_read_as_they_were_written() {
        let set = encode_elements(&["a", "it's"]);
        assert_eq!(set[..7], [0, 0, 0, 2, 0, 0, 0]);
        let read = collection_elements(SET, &set).unwrap();
        assert_eq!(read, [(CqlType::Text, &b"a"[..]), (CqlType::Text, b"it's")]);
        assert_eq!(format_literal(SET, &set), "{'a', 'it''s'}");
        let map = encode_entries(&[("k", 7_i32.to_be_bytes())]);
        assert_eq!(format_literal(MAP, &map), "{'k': 7}");
        let list = CqlType::List(&SET);
        assert_eq!(
            format_literal(list, &encode_elements(&[&set])),
            "[{'a', 'it''s'}]"
        );
        assert_eq!(list.to_string(), "frozen<list<frozen<set<text>>>>");
    }

    #[test]
    fn what_is_cut_or_lies_about_its_size_is_refused() {
        let map = encode_entries(&[("k", 7_i32.to_be_bytes()), ("l", 8_i32.to_be_bytes())]);
        for length in 0..map.len() {
            assert!(MAP.validate(&map[..length]).is_err() || length == 0);
        }
        assert!(MAP.validate(&[&map[..], &[0]].concat()).is_err());
        assert!(SET.validate(&[0xff; 4]).is_err());
        assert!(SET.validate(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
