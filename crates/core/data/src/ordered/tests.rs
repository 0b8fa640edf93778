//! Sorted bytes sort as values do, by the vectors and by chance.

use super::*;
use crate::text::Hex;
use crate::text::parse_text;
use crate::value::strategies;
use proptest::prelude::*;
use std::cmp::Ordering;

/// Bytes written in hexadecimal, spaces ignored; `00*5` repeats a byte.
fn hex(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        let (digits, count) = match word.split_once('*') {
            Some((digits, count)) => (digits, count.parse().expect("a count")),
            None => (word, 1),
        };
        for _ in 0..count {
            for pair in digits.as_bytes().chunks(2) {
                let pair = std::str::from_utf8(pair).expect("ASCII");
                out.push(u8::from_str_radix(pair, 16).expect("hexadecimal"));
            }
        }
    }
    out
}

fn encoded(cql_type: CqlType, wire: &[u8], descending: bool) -> Vec<u8> {
    let mut out = Vec::new();
    encode_component(cql_type, wire, descending, &mut out);
    out
}

/// Checks the encoding of a value, given as text, behind the separator `40`; and that it decodes
/// to a value with the same encoding.
fn check(cql_type: CqlType, text: &str, encoding: &str) {
    let wire = parse_text(cql_type, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    check_wire(cql_type, &wire, false, &["40", encoding].join(" "));
}

fn check_wire(cql_type: CqlType, wire: &[u8], descending: bool, component: &str) {
    let out = encoded(cql_type, wire, descending);
    let expected = hex(component);
    assert_eq!(
        Hex(&out).to_string(),
        Hex(&expected).to_string(),
        "{cql_type} {}",
        Hex(wire)
    );
    let mut rest = out.as_slice();
    let decoded = decode_component(cql_type, descending, &mut rest).expect("it was just encoded");
    assert!(rest.is_empty());
    assert_eq!(encoded(cql_type, &decoded, descending), expected);
}

/// A clustering of a text and a descending int.
fn clustering(text: &str, number: i32) -> Vec<u8> {
    let mut out = encoded(CqlType::Text, text.as_bytes(), false);
    encode_component(CqlType::Int, &number.to_be_bytes(), true, &mut out);
    out.push(0x38);
    out
}

#[test]
fn fixed_width_integers_have_their_sign_flipped() {
    check(CqlType::Int, "1", "80000001");
    check(CqlType::Int, "-1", "7fffffff");
    check(CqlType::Int, "-2147483648", "00000000");
    check(CqlType::Tinyint, "-128", "00");
    check(CqlType::Smallint, "1", "8001");
    check(CqlType::Smallint, "-1", "7fff");
    check(CqlType::Timestamp, "1700000000000", "8000018bcfe56800");
}

#[test]
fn bigints_have_as_many_bytes_as_they_need() {
    for (number, encoding) in [
        ("0", "80"),
        ("1", "81"),
        ("-1", "7f"),
        ("63", "bf"),
        ("64", "c040"),
        ("-64", "40"),
        ("-65", "3fbf"),
        ("127", "c07f"),
        ("128", "c080"),
        ("8191", "dfff"),
        ("8192", "e02000"),
        ("16384", "e04000"),
        ("-128", "3f80"),
        ("2147483647", "f87fffffff"),
        ("-9223372036854775808", "000000000000000000"),
        ("9223372036854775807", "ffffffffffffffffff"),
    ] {
        check(CqlType::Bigint, number, encoding);
        check(CqlType::Counter, number, encoding);
    }
}

#[test]
fn bigints_grow_a_byte_each_seven_bits() {
    let bytes = |number: i64| encoded(CqlType::Bigint, &number.to_be_bytes(), false).len() - 1;
    for length in 1..=8 {
        let next = 1_i64 << (7 * length - 1);
        assert_eq!((bytes(next - 1), bytes(next)), (length, length + 1));
        assert_eq!((bytes(-next), bytes(-next - 1)), (length, length + 1));
    }
    check(CqlType::Bigint, "36028797018963967", "ff7fffffffffffff");
    check(CqlType::Bigint, "36028797018963968", "ff8080000000000000");
}

#[test]
fn dates_and_times_are_their_own_encoding() {
    check(CqlType::Date, "1970-01-01", "80000000");
    check(CqlType::Date, "2024-02-29", "80004d46");
    check(CqlType::Time, "08:12:54.123456789", "00001ae5c31f8915");
}

#[test]
fn floats_below_zero_are_inverted() {
    for (text, encoding) in [("1", "bf800000"), ("-1", "407fffff")] {
        check(CqlType::Float, text, encoding);
    }
    for (text, encoding) in [
        ("0", "8000000000000000"),
        ("-0.0", "7fffffffffffffff"),
        ("NaN", "fff8000000000000"),
        ("-NaN", "fff8000000000000"),
        ("-Infinity", "000fffffffffffff"),
        ("-1.5", "4007ffffffffffff"),
    ] {
        check(CqlType::Double, text, encoding);
    }
}

#[test]
fn booleans_are_one_byte() {
    check(CqlType::Boolean, "false", "00");
    check(CqlType::Boolean, "true", "01");
    check_wire(CqlType::Boolean, &[7], false, "4001");
}

#[test]
fn zeros_in_bytes_are_escaped() {
    for (bytes, encoding) in [
        ("", "00"),
        ("61", "6100"),
        ("6162", "616200"),
        ("00", "00fe"),
        ("0000", "00fefe"),
        ("6100", "6100fe"),
        ("610062", "6100ff6200"),
        ("22000033", "2200feff3300"),
        ("00ff", "00ffff00"),
        ("0001", "00ff0100"),
    ] {
        check_wire(
            CqlType::Blob,
            &hex(bytes),
            false,
            &["40", encoding].join(""),
        );
        let mut out = Vec::new();
        encode_blob_escaped(&hex(bytes), &mut out);
        assert_eq!(out, hex(encoding));
        let decoded = decode_blob_escaped(&mut out.as_slice());
        assert_eq!(decoded.as_deref(), Ok(hex(bytes).as_slice()));
    }
    check(CqlType::Inet, "127.0.0.1", "7f00feff0100");
    check(CqlType::Inet, "::1", "00 fe*14 ff0100");
    check(CqlType::Inet, "10.0.0.255", "0a00feffff00");
}

#[test]
fn uuids_begin_with_their_version() {
    for (uuid, encoding) in [
        (
            "cc520882-9507-44fb-8fc9-b349ecdee658",
            "4cc52088295074fb8fc9b349ecdee658",
        ),
        (
            "2a92d750-d8dc-11e6-a2de-cf8ecd4cf053",
            "11e6d8dc2a92d750a2decf8ecd4cf053",
        ),
        (
            "123e4567-e89b-42d3-a456-426614174000",
            "4123e4567e89b2d3a456426614174000",
        ),
        (
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "701890a5dac9674bbcceb302099a8057",
        ),
    ] {
        check(CqlType::Uuid, uuid, encoding);
    }
    for (uuid, encoding) in [
        (
            "2a92d750-d8dc-11e6-a2de-cf8ecd4cf053",
            "11e6d8dc2a92d750225e4f0e4dcc70d3",
        ),
        (
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "11d07decf81d4fae27e58020499eeb76",
        ),
    ] {
        check(CqlType::Timeuuid, uuid, encoding);
    }
}

#[test]
fn varints_say_their_length_first() {
    let power = |exponent: u32| num_bigint::BigInt::from(2).pow(exponent).to_string();
    for (number, encoding) in [
        ("0", "80"),
        ("-1", "7f"),
        ("255", "c0ff"),
        ("-256", "3f00"),
        ("256", "c100"),
        ("127", "c07f"),
        ("128", "c080"),
        ("-128", "3f80"),
        ("-129", "3f7f"),
        ("-257", "3eff"),
        ("65536", "e10000"),
    ] {
        check(CqlType::Varint, number, encoding);
    }
    check(CqlType::Varint, &power(64), "ff02 01 00*8");
    check(CqlType::Varint, &format!("-{}", power(64)), "00fe 00*8");
    check(CqlType::Varint, &power(1024), "ff7a 01 00*128");
    check(
        CqlType::Varint,
        &format!("-{}", power(2048)),
        "007f06 00*256",
    );
}

#[test]
fn decimals_are_an_exponent_and_pairs_of_digits() {
    for (number, encoding) in [
        ("0", "80"),
        ("0.000", "80"),
        ("1", "c1018100"),
        ("1.00", "c1018100"),
        ("1.1", "c101818a00"),
        ("0.01", "c08100"),
        ("-1", "3fff7f00"),
        ("-1.1", "3fff7eda00"),
        ("10", "c1018a00"),
        ("100", "c1028100"),
        ("123.456", "c1028197adbc00"),
        ("-123.456", "3ffe7eccb6a800"),
        ("8.1e2000", "c203e9888a00"),
        ("-8.1e-2000", "4203e777da00"),
        ("1E+10", "c1068100"),
        ("1E-10", "bffc8100"),
        ("0.1", "c08a00"),
        ("-0.1", "407600"),
        ("1E+400", "c1c98100"),
        ("99", "c101e300"),
    ] {
        check(CqlType::Decimal, number, encoding);
    }
}

#[test]
fn decimals_come_back_in_one_form() {
    for (written, canonical) in [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("1e37", "10000000000000000000000000000000000000"),
        ("1e38", "1E+38"),
        ("-0.00100", "-0.001"),
        ("0.00", "0"),
        ("10e2147483647", "1E+2147483648"),
        ("100e2147483647", "1.0E+2147483649"),
        ("1e-2147483647", "1E-2147483647"),
    ] {
        let wire = parse_text(CqlType::Decimal, written).expect("a decimal");
        let encoding = encoded(CqlType::Decimal, &wire, false);
        let decoded = decode_component(CqlType::Decimal, false, &mut encoding.as_slice());
        let decoded = decoded.expect("it was just encoded");
        assert_eq!(
            crate::text::format_text(CqlType::Decimal, &decoded),
            canonical
        );
    }
}

#[test]
fn descending_components_are_inverted() {
    for (number, component) in [(-1_i32, "4080000000"), (0, "407fffffff"), (1, "407ffffffe")] {
        check_wire(CqlType::Int, &number.to_be_bytes(), true, component);
    }
    check_wire(CqlType::Text, b"", true, "40ff");
    check_wire(CqlType::Text, b"a", true, "409eff");
    check_wire(CqlType::Text, b"ab", true, "409e9dff");
    check_wire(CqlType::Text, b"a\0", true, "409eff01");
    check_wire(CqlType::Bigint, &5_i64.to_be_bytes(), true, "407a");
    check_wire(CqlType::Varint, &[0xFF], true, "4080");
}

#[test]
fn empty_values_are_a_separator() {
    check_wire(CqlType::Int, b"", false, "3f");
    check_wire(CqlType::Int, b"", true, "41");
    check_wire(CqlType::Decimal, b"", false, "3f");
    check_wire(CqlType::Text, b"", false, "4000");
    check_wire(CqlType::Inet, b"", false, "4000");
    for cql_type in [
        CqlType::Tinyint,
        CqlType::Smallint,
        CqlType::Date,
        CqlType::Time,
    ] {
        let refused = decode_component(cql_type, false, &mut &[SEPARATOR_EMPTY][..]);
        assert!(refused.is_err(), "{cql_type} has no empty value");
    }
}

#[test]
fn sequences_are_framed() {
    // set<int> {1, 2} and list<text> ['a', '', 'b\0'].
    let mut set = encoded(CqlType::Int, &1_i32.to_be_bytes(), false);
    encode_component(CqlType::Int, &2_i32.to_be_bytes(), false, &mut set);
    set.push(0x38);
    assert_eq!(set, hex("4080000001408000000238"));
    let mut list = Vec::new();
    for text in ["a", "", "b\0"] {
        encode_component(CqlType::Text, text.as_bytes(), false, &mut list);
    }
    list.push(0x38);
    assert_eq!(list, hex("4061004000406200fe38"));
    // map<text, int> {k: 5, l: -1}.
    let mut map = Vec::new();
    for (key, value) in [("k", 5_i32), ("l", -1)] {
        encode_component(CqlType::Text, key.as_bytes(), false, &mut map);
        encode_component(CqlType::Int, &value.to_be_bytes(), false, &mut map);
    }
    map.push(0x38);
    assert_eq!(map, hex("406b004080000005406c00407fffffff38"));
    // (7, '') and vector<float, 2> [1, -2].
    let mut tuple = encoded(CqlType::Int, &7_i32.to_be_bytes(), false);
    encode_component(CqlType::Text, b"", false, &mut tuple);
    tuple.push(0x38);
    assert_eq!(tuple, hex("4080000007400038"));
    let mut vector = encoded(CqlType::Float, &1_f32.to_be_bytes(), false);
    encode_component(CqlType::Float, &(-2_f32).to_be_bytes(), false, &mut vector);
    vector.push(0x38);
    assert_eq!(vector, hex("40bf800000403fffffff38"));
    // (short 1, float 1.0).
    let mut pair = encoded(CqlType::Smallint, &1_i16.to_be_bytes(), false);
    encode_component(CqlType::Float, &1_f32.to_be_bytes(), false, &mut pair);
    pair.push(0x38);
    assert_eq!(pair, hex("40800140bf80000038"));
}

#[test]
fn clusterings_and_partition_keys_are_framed() {
    assert_eq!(clustering("a", 1), hex("406100407ffffffe38"));
    assert_eq!(clustering("a", -1), hex("406100408000000038"));
    assert_eq!(clustering("a\0", 1), hex("406100fe407ffffffe38"));
    assert_eq!(clustering("", 0), hex("4000407fffffff38"));
    for (token, key, expected) in [
        (
            -8_839_064_797_231_613_815_i64,
            "61",
            "4005555565f659788940610038",
        ),
        (
            5_048_724_184_180_415_669,
            "00",
            "40c610abe56eff5cb54000fe38",
        ),
    ] {
        let mut out = vec![SEPARATOR];
        out.extend((token.cast_unsigned() ^ (1 << 63)).to_be_bytes());
        out.push(SEPARATOR);
        encode_blob_escaped(&hex(key), &mut out);
        out.push(0x38);
        assert_eq!(out, hex(expected));
    }
}

#[test]
fn bytes_that_no_value_encodes_to_are_refused() {
    for (cql_type, component) in [
        (CqlType::Int, ""),
        (CqlType::Int, "40800000"),
        (CqlType::Int, "41"),
        (CqlType::Int, "3e"),
        (CqlType::Text, "3f"),
        (CqlType::Int, "4200"),
        (CqlType::Bigint, "40c000"),
        (CqlType::Bigint, "40c03f"),
        (CqlType::Bigint, "40ff00ffffffffffff"),
        (CqlType::Bigint, "40ffffffff"),
        (CqlType::Bigint, "403fff"),
        (CqlType::Bigint, "40ff8000000000000000"),
        (CqlType::Boolean, "4002"),
        (CqlType::Blob, "4061"),
        (CqlType::Blob, "4000ff"),
        (CqlType::Blob, "4000ff00"),
        (CqlType::Text, "40ff00"),
        (CqlType::Ascii, "408000"),
        (CqlType::Inet, "40010100"),
        (CqlType::Double, "40fff8000000000001"),
        (CqlType::Double, "400000000000000000"),
        (CqlType::Time, "40 00005000 00000000"),
        (CqlType::Timeuuid, "40 41 00*15"),
        (CqlType::Varint, "40c000"),
        (CqlType::Varint, "40ff00 00 01*6"),
        (CqlType::Varint, "40ff8000 01*7"),
        (CqlType::Varint, "40ffffffffffffffffffff"),
        (CqlType::Varint, "40ff fe 00*6 00ff ff00"),
        (CqlType::Decimal, "40c10181"),
        (CqlType::Decimal, "40c1018000"),
        (CqlType::Decimal, "40c101818000"),
        (CqlType::Decimal, "40c101e400"),
        (CqlType::Decimal, "40c101817f00"),
        (CqlType::Decimal, "40c10100"),
        (CqlType::Decimal, "40c200018100"),
        (CqlType::Decimal, "40c57fffffff000000"),
        (CqlType::Decimal, "40c47fffffff8100"),
        (CqlType::Decimal, "40bc800000008100"),
        (CqlType::Decimal, "403fff808100"),
    ] {
        let bytes = hex(component);
        let mut input = bytes.as_slice();
        let decoded = decode_component(cql_type, false, &mut input);
        assert!(decoded.is_err(), "{cql_type} {component}: {decoded:?}");
        assert_eq!(input, bytes, "input stays where it was");
    }
}

#[test]
fn uuids_sort_by_version_then_time() {
    let uuid = |text: &str| parse_text(CqlType::Uuid, text).expect("a uuid");
    let sorted = [
        "ffffffff-ffff-0fff-ffff-ffffffffffff",
        "ffffffff-0000-1000-0000-000000000000",
        "00000000-0001-1000-ffff-000000000000",
        "00000000-0000-1001-0000-000000000000",
        "00000000-0000-3000-8000-000000000000",
        "00000000-0000-4000-7f00-000000000000",
        "00000000-0000-4000-8000-000000000000",
        "80000000-0000-4000-0000-000000000000",
    ];
    for pair in sorted.windows(2) {
        let order = CqlType::Uuid.compare(&uuid(pair[0]), &uuid(pair[1]));
        assert_eq!(order, Ordering::Less, "{pair:?}");
    }
}

proptest! {
    #[test]
    fn encodings_sort_as_their_values(
        (cql_type, (a, b)) in strategies::orderable()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::pair(cql_type))),
    ) {
        let order = cql_type.compare(&a, &b);
        for (descending, expected) in [(false, order), (true, order.reverse())] {
            let mut a = encoded(cql_type, &a, descending);
            let mut b = encoded(cql_type, &b, descending);
            prop_assert_eq!(a == b, expected == Ordering::Equal);
            // Whatever follows, the first difference decides: no encoding is another's prefix,
            // and a bound sorts before or after all that continue it.
            for (end_a, end_b) in [(0x38, 0x38), (0x40, 0x38), (0x20, 0x60), (0x60, 0x20)] {
                a.push(end_a);
                b.push(end_b);
                if expected != Ordering::Equal {
                    prop_assert_eq!(a.cmp(&b), expected);
                }
                a.pop();
                b.pop();
            }
        }
    }

    #[test]
    fn decoding_gives_an_equal_value_in_canonical_form(
        (cql_type, a) in strategies::orderable()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
        descending: bool,
        after in proptest::sample::select(vec![0x38_u8, 0x40, 0x3F, 0x20, 0x60]),
    ) {
        let mut out = encoded(cql_type, &a, descending);
        out.extend([after, 0xFE, 0x00]);
        let mut input = out.as_slice();
        let decoded = decode_component(cql_type, descending, &mut input).expect("just encoded");
        prop_assert_eq!(input, &[after, 0xFE, 0x00]);
        prop_assert_eq!(cql_type.compare(&decoded, &a), Ordering::Equal);
        prop_assert_eq!(cql_type.validate(&decoded), Ok(()));
        let again = encoded(cql_type, &decoded, descending);
        prop_assert_eq!(decode_component(cql_type, descending, &mut again.as_slice()), Ok(decoded));
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        cql_type in strategies::any_type(),
        separator in proptest::sample::select(vec![0x40_u8, 0x40, 0x40, 0x3F, 0x41, 0x42]),
        tail in strategies::bytes(),
        descending: bool,
    ) {
        let mut bytes = vec![separator];
        bytes.extend(tail);
        let mut input = bytes.as_slice();
        if let Ok(wire) = decode_component(cql_type, descending, &mut input) {
            let read = bytes.len() - input.len();
            prop_assert_eq!(encoded(cql_type, &wire, descending), &bytes[..read]);
        } else {
            prop_assert_eq!(input, bytes.as_slice());
        }
    }

    #[test]
    fn damaged_encodings_are_refused_or_another_values(
        (cql_type, a) in strategies::orderable()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
        descending: bool,
        at: proptest::sample::Index,
        damage in 1_u8..,
    ) {
        let mut out = encoded(cql_type, &a, descending);
        let at = at.index(out.len());
        out[at] ^= damage;
        let mut input = out.as_slice();
        if let Ok(wire) = decode_component(cql_type, descending, &mut input) {
            let read = out.len() - input.len();
            prop_assert_eq!(encoded(cql_type, &wire, descending), &out[..read]);
        }
    }

    #[test]
    fn any_bytes_can_be_encoded(
        cql_type in strategies::any_type(),
        wire in strategies::bytes(),
        descending: bool,
    ) {
        let out = encoded(cql_type, &wire, descending);
        prop_assert!((0x3F..=0x42).contains(&out[0]));
    }
}
