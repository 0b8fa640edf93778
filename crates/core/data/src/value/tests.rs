//! Decoded values encode to the same bytes.

use super::*;
use proptest::prelude::*;

#[test]
fn wire_bytes_are_those_of_the_native_protocol() {
    for (value, wire) in [
        (Value::Varint(128.into()), &[0x00, 0x80][..]),
        (Value::Varint((-128).into()), &[0x80]),
        (Value::Varint((-129).into()), &[0xFF, 0x7F]),
        (Value::Varint(0.into()), &[0]),
        (Value::Date(1 << 31), &[0x80, 0, 0, 0]),
        (
            Value::Decimal {
                scale: 2,
                unscaled: 150.into(),
            },
            &[0, 0, 0, 2, 0, 150],
        ),
        (
            Value::Duration(Duration {
                months: 1,
                days: 2,
                nanos: 3,
            }),
            &[2, 4, 6],
        ),
    ] {
        assert_eq!(value.encode(), wire);
        assert_eq!(Value::decode(value.cql_type(), wire), Ok(Some(value)));
    }
}

#[test]
fn the_empty_value_is_none_unless_it_is_text() {
    assert_eq!(Value::decode(CqlType::Int, &[]), Ok(None));
    assert_eq!(Value::decode(CqlType::Inet, &[]), Ok(None));
    assert_eq!(
        Value::decode(CqlType::Text, &[]),
        Ok(Some(Value::Text(String::new())))
    );
    assert_eq!(
        Value::decode(CqlType::Blob, &[]),
        Ok(Some(Value::Blob(Bytes::new())))
    );
}

proptest! {
    #[test]
    fn values_are_of_their_type_and_encode_to_what_they_were(
        (cql_type, wire) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::filled(cql_type))),
    ) {
        let value = Value::decode(cql_type, &wire).expect("it is valid").expect("it is filled");
        prop_assert_eq!(value.cql_type(), cql_type);
        let encoded = value.encode();
        prop_assert_eq!(cql_type.compare(&encoded, &wire), std::cmp::Ordering::Equal);
        let decoded = Value::decode(cql_type, &encoded).expect("just encoded").expect("filled");
        prop_assert_eq!(decoded.encode(), encoded);
    }
}
