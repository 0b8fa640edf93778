//! Generators of wire bytes for property tests: all kinds of values of a type, near one another.

use crate::CqlType;
use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Any type that has an order.
pub(crate) fn orderable() -> impl Strategy<Value = CqlType> {
    select(
        CqlType::EVERY
            .into_iter()
            .filter(|cql_type| cql_type.is_orderable())
            .collect::<Vec<_>>(),
    )
}

/// Any type.
pub(crate) fn any_type() -> impl Strategy<Value = CqlType> {
    select(CqlType::EVERY.to_vec())
}

/// Integers of all lengths, often where encodings change length.
fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        (any::<i64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift),
        (0_u32..64, -2_i64..3, any::<bool>()).prop_map(|(shift, offset, negative)| {
            let power = (1_i64 << shift).wrapping_add(offset);
            if negative {
                power.wrapping_neg()
            } else {
                power
            }
        }),
    ]
}

/// Bytes in which zeros, and what the escapes are made of, are frequent.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![
            3 => Just(0_u8),
            1 => select(vec![0xFE, 0xFF, 1, 0x40, 0x38, 0x20, 0x60, b'a']),
            1 => any::<u8>(),
        ],
        0..12,
    )
}

fn big_integer() -> impl Strategy<Value = BigInt> {
    prop_oneof![
        integer().prop_map(BigInt::from),
        vec(any::<u8>(), 1..30).prop_map(|bytes| BigInt::from_signed_bytes_be(&bytes)),
        (0_u32..2_100, -2_i32..3, any::<bool>()).prop_map(|(shift, offset, negative)| {
            let power = (BigInt::from(1) << shift) + offset;
            if negative { -power } else { power }
        }),
    ]
}

fn varint() -> impl Strategy<Value = Vec<u8>> {
    (big_integer(), 0_usize..3).prop_map(|(number, padding)| {
        let sign = if number.sign() == num_bigint::Sign::Minus {
            0xFF
        } else {
            0
        };
        let mut wire = vec![sign; padding];
        wire.extend(number.to_signed_bytes_be());
        wire
    })
}

fn decimal() -> impl Strategy<Value = Vec<u8>> {
    let scale = prop_oneof![
        6 => -6_i32..8,
        1 => -500_i32..500,
        1 => any::<i32>(),
        1 => select(vec![i32::MIN, i32::MIN + 1, i32::MAX, i32::MAX - 1]),
    ];
    let unscaled = prop_oneof![
        (-300_i64..300).prop_map(BigInt::from),
        ((-99_i64..100), 0_u32..40)
            .prop_map(|(number, zeros)| BigInt::from(number) * BigInt::from(10).pow(zeros)),
        big_integer(),
    ];
    (scale, unscaled).prop_map(|(scale, unscaled)| {
        let mut wire = scale.to_be_bytes().to_vec();
        wire.extend(unscaled.to_signed_bytes_be());
        wire
    })
}

fn uuid() -> impl Strategy<Value = [u8; 16]> {
    (
        any::<[u8; 16]>(),
        vec(select(vec![0_u8, 1, 0x7F, 0x80, 0xFF]), 16),
        any::<bool>(),
    )
        .prop_map(|(random, edges, use_edges)| {
            if use_edges {
                edges.try_into().expect("sixteen bytes")
            } else {
                random
            }
        })
}

fn float(bits: impl Strategy<Value = u64>) -> impl Strategy<Value = f64> {
    prop_oneof![
        bits.prop_map(f64::from_bits),
        select(vec![
            0.0,
            -0.0,
            1.0,
            -1.5,
            1e7,
            f64::NAN,
            -f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE,
        ]),
    ]
}

/// A value of the type, never the empty one.
pub(crate) fn filled(cql_type: CqlType) -> BoxedStrategy<Vec<u8>> {
    match cql_type {
        CqlType::Ascii => vec(0_u8..0x80, 0..8).boxed(),
        CqlType::Text => ".{0,6}".prop_map(String::into_bytes).boxed(),
        CqlType::Blob => bytes().boxed(),
        CqlType::Bigint | CqlType::Counter | CqlType::Timestamp => {
            integer().prop_map(|n| n.to_be_bytes().to_vec()).boxed()
        }
        CqlType::Boolean => any::<u8>().prop_map(|byte| vec![byte]).boxed(),
        CqlType::Int => integer()
            .prop_map(|n| (n as i32).to_be_bytes().to_vec())
            .boxed(),
        CqlType::Smallint => any::<[u8; 2]>().prop_map(Vec::from).boxed(),
        CqlType::Tinyint => any::<u8>().prop_map(|byte| vec![byte]).boxed(),
        CqlType::Date => any::<[u8; 4]>().prop_map(Vec::from).boxed(),
        CqlType::Time => (0..86_400_000_000_000_i64)
            .prop_map(|nanos| nanos.to_be_bytes().to_vec())
            .boxed(),
        CqlType::Float => float(any::<u64>())
            .prop_map(|n| (n as f32).to_be_bytes().to_vec())
            .boxed(),
        CqlType::Double => float(any::<u64>())
            .prop_map(|n| n.to_be_bytes().to_vec())
            .boxed(),
        CqlType::Varint => varint().boxed(),
        CqlType::Decimal => decimal().boxed(),
        CqlType::Uuid => uuid().prop_map(Vec::from).boxed(),
        CqlType::Timeuuid => uuid()
            .prop_map(|mut uuid| {
                uuid[6] = uuid[6] & 0x0F | 0x10;
                uuid.to_vec()
            })
            .boxed(),
        CqlType::Inet => prop_oneof![
            any::<[u8; 4]>().prop_map(Vec::from),
            any::<[u8; 16]>().prop_map(Vec::from),
            uuid().prop_map(Vec::from),
        ]
        .boxed(),
        CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..) => Just(Vec::new()).boxed(),
        CqlType::Duration => (any::<i32>(), any::<i32>(), integer())
            .prop_map(|(months, days, nanos)| {
                let duration = if nanos < 0 {
                    super::Duration {
                        months: -months.saturating_abs(),
                        days: -days.saturating_abs(),
                        nanos,
                    }
                } else {
                    super::Duration {
                        months: months.saturating_abs(),
                        days: days.saturating_abs(),
                        nanos,
                    }
                };
                duration.to_wire().to_vec()
            })
            .boxed(),
    }
}

/// A value of the type, now and then the empty one if it has one.
pub(crate) fn wire(cql_type: CqlType) -> BoxedStrategy<Vec<u8>> {
    if cql_type.validate(&[]).is_ok() {
        prop_oneof![1 => Just(Vec::new()), 12 => filled(cql_type)].boxed()
    } else {
        filled(cql_type)
    }
}

/// Two values of a type, now and then the same.
pub(crate) fn pair(cql_type: CqlType) -> BoxedStrategy<(Vec<u8>, Vec<u8>)> {
    prop_oneof![
        1 => wire(cql_type).prop_map(|wire| (wire.clone(), wire)),
        8 => (wire(cql_type), wire(cql_type)),
    ]
    .boxed()
}
