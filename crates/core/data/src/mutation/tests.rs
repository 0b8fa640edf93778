//! Mutations survive their bytes; what no coordinator makes is refused.

use super::*;
use crate::Bound;
use crate::fragment::samples::*;
use crate::key::row_suffix;
use crate::key::static_suffix;
use proptest::collection::vec;
use proptest::prelude::*;

const FORMAT: &str = include_str!("../../../../../docs/formats/mutation.md");

fn empty() -> Mutation {
    let table = TableId(Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10));
    Mutation::new(table, Epoch(300), Bytes::from_static(b"a"))
}

#[test]
fn the_worked_example_is_our_bytes() {
    let at = 1_700_000_000_000_000;
    let mut mutation = empty();
    mutation.insert(row_suffix(&[0x38]), &insert(at, [live(3, at, b"blue")]));
    mutation.insert_range_tombstone(&Slice::everything(), tombstone(at, 1_700_000_000));
    let bytes = mutation.encode();
    assert_eq!(bytes, example(FORMAT, "mutation"), "{:02x?}", &bytes[..]);
    assert_eq!(Mutation::decode(bytes.clone()).unwrap(), mutation);
    let peeked = Mutation::peek(&bytes).unwrap();
    assert_eq!(peeked, (mutation.table, &b"a"[..], mutation.token()));
}

#[test]
fn writing_twice_at_one_place_merges() {
    let mut mutation = empty();
    mutation.insert(row_suffix(b"8"), &insert(1, [live(1, 1, b"a")]));
    mutation.insert(row_suffix(b"8"), &update([live(1, 2, b"b")]));
    assert_eq!(mutation.entries.len(), 1);
    let merged = insert(1, [live(1, 2, b"b")]).encode();
    assert_eq!(mutation.entries[0].fragment, merged);
}

/// Encodes entries as they are and says why they are refused.
fn refusal(entries: Vec<(Bytes, Row)>) -> &'static str {
    let entries = entries.into_iter().map(|(suffix, row)| Entry {
        suffix,
        fragment: row.encode(),
    });
    let mutation = Mutation {
        entries: entries.collect(),
        ..empty()
    };
    Mutation::decode(mutation.encode()).unwrap_err().what
}

#[test]
fn what_no_coordinator_writes_is_refused() {
    let row = insert(1, []);
    let range = range_tombstone_suffix(&Slice::everything());
    let mark = Row {
        has_range_tombstones: true,
        ..Row::default()
    };
    let order = "an entry after the one before it";
    let suits = "a fragment that suits the kind of its entry";
    let announce = "a header that announces the range tombstone";
    let twice = vec![
        (row_suffix(b"8"), row.clone()),
        (row_suffix(b"8"), row.clone()),
    ];
    assert_eq!(refusal(twice), order);
    let backwards = vec![
        (row_suffix(b"8"), row.clone()),
        (static_suffix(), update([])),
    ];
    assert_eq!(refusal(backwards), order);
    assert_eq!(refusal(vec![(range.clone(), deleted(1, 1))]), announce);
    let cells_in_range = vec![
        (header_suffix(), mark.clone()),
        (range.clone(), row.clone()),
    ];
    assert_eq!(refusal(cells_in_range), suits);
    let nothing_in_range = vec![(header_suffix(), mark), (range, update([]))];
    assert_eq!(refusal(nothing_in_range), suits);
    assert_eq!(refusal(vec![(header_suffix(), row.clone())]), suits);
    assert_eq!(refusal(vec![(static_suffix(), row.clone())]), suits);
    assert_eq!(
        refusal(vec![(Bytes::from_static(&[9]), row)]),
        "the kind of an entry"
    );
}

#[test]
fn damage_inside_a_fragment_is_named_by_its_place_in_the_mutation() {
    let mut mutation = empty();
    mutation.insert(row_suffix(b"8"), &insert(1, [live(1, 1, b"a")]));
    let mut bytes = mutation.encode().to_vec();
    let last = bytes.len() - 1;
    bytes[last - 1] = 9;
    let damage = Mutation::decode(Bytes::from(bytes)).unwrap_err();
    assert_eq!(damage.offset, last);
    assert_eq!(damage.what, "a value");
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let write = prop_oneof![
        5 => (0u8..3, any_row()).prop_map(|(clustering, row)| (Some(row_suffix(&[clustering, 0x38])), row)),
        1 => any_row().prop_map(|row| (Some(static_suffix()), Row { liveness: None, ..row })),
        1 => any_tombstone().prop_map(|at| (Some(header_suffix()), Row { deletion: Some(at), ..Row::default() })),
        1 => any_tombstone().prop_map(|at| (None, Row { deletion: Some(at), ..Row::default() })),
    ];
    (vec(write, 0..5), 0u64..1000).prop_map(|(writes, epoch)| {
        let mut mutation = empty();
        mutation.epoch = Epoch(epoch);
        for (suffix, row) in writes {
            let row = Row {
                has_range_tombstones: false,
                ..row
            };
            match (suffix, row.deletion) {
                (Some(suffix), _) => mutation.insert(suffix, &row),
                (None, Some(at)) => mutation.insert_range_tombstone(
                    &Slice {
                        start: Bound::BOTTOM,
                        end: Bound::TOP,
                    },
                    at,
                ),
                (None, None) => {}
            }
        }
        mutation
    })
}

proptest! {
    #[test]
    fn a_mutation_survives_its_bytes_and_knows_their_number(mutation in any_mutation()) {
        let bytes = mutation.encode();
        prop_assert_eq!(bytes.len(), mutation.encoded_len());
        prop_assert_eq!(&Mutation::decode(bytes.clone()).unwrap(), &mutation);
        let (table, key, token) = Mutation::peek(&bytes).unwrap();
        prop_assert_eq!((table, key, token), (mutation.table, &mutation.key[..], mutation.token()));
        for length in 0..bytes.len() {
            prop_assert!(Mutation::decode(bytes.slice(..length)).is_err());
        }
    }

    #[test]
    fn merging_mutations_is_commutative_associative_and_idempotent(
        a in any_mutation(), b in any_mutation(), c in any_mutation(),
    ) {
        let ab = a.clone().merge(b.clone());
        prop_assert_eq!(&ab, &b.clone().merge(a.clone()));
        prop_assert_eq!(&ab, &ab.clone().merge(a.clone()));
        prop_assert_eq!(ab.merge(c.clone()), a.merge(b.merge(c)));
    }

    #[test]
    fn changed_bytes_never_make_decoding_panic(
        mutation in any_mutation(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = mutation.encode().to_vec();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let _ = Mutation::peek(&bytes);
        if let Ok(read) = Mutation::decode(Bytes::from(bytes.clone())) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }
}
