//! Keys sort like the ring and like CQL, and come back.

use super::*;
use crate::fragment::samples::example;
use proptest::collection::vec;
use proptest::prelude::*;

const FORMAT: &str = include_str!("../../../../../docs/formats/storage-key.md");

/// The storage key of an entry, as the example of that name.
fn check_example(name: &str, key: &[u8], suffix: &[u8]) {
    let token = Token::of_key(key);
    let storage_key = [&partition_prefix(token, key)[..], suffix].concat();
    assert_eq!(storage_key, example(FORMAT, name), "{storage_key:02x?}");
    let (read_token, read_key, read_suffix) = split_key(&storage_key).unwrap();
    assert_eq!(
        (read_token, &read_key[..], read_suffix),
        (token, key, suffix)
    );
}

#[test]
fn the_worked_examples_are_our_bytes() {
    let clustering = [0x40, 0x61, 0x00, 0x40, 0x7F, 0xFF, 0xFF, 0xFE, 0x38];
    check_example("header", b"a", &header_suffix());
    check_example("static", b"a", &static_suffix());
    check_example("row", b"a", &row_suffix(&clustering));
    check_example("plain", &[0], &row_suffix(&[0x38]));
    let range = Slice {
        start: Bound::starting(&clustering[..3], true),
        end: Bound::ending(&clustering[..3], true),
    };
    check_example("range", b"a", &range_tombstone_suffix(&range));
}

#[test]
fn the_entries_of_a_partition_stand_in_the_order_of_their_kinds() {
    let range = range_tombstone_suffix(&Slice::everything());
    let suffixes = [header_suffix(), range, static_suffix(), row_suffix(&[0x38])];
    assert!(suffixes.is_sorted());
    for (suffix, kind) in suffixes.iter().zip(EntryKind::EVERY) {
        assert_eq!(EntryKind::of_suffix(suffix), Some(kind));
        assert_eq!(EntryKind::check_suffix(suffix), Ok(kind));
        assert!(EntryKind::check_suffix(&[suffix, &[9][..]].concat()).is_err());
    }
    assert_eq!(EntryKind::of_suffix(&[]), None);
    assert_eq!(EntryKind::of_suffix(&[0xFF]), None);
    assert!(EntryKind::check_suffix(&[0x40]).is_err());
}

/// Framed components of one byte each, and the clusterings and bounds made of them.
fn framed(components: &[u8]) -> Vec<u8> {
    components
        .iter()
        .flat_map(|&byte| [COMPONENT, byte, 0])
        .collect()
}

fn clustering(components: &[u8]) -> Vec<u8> {
    [&framed(components)[..], &[END]].concat()
}

#[test]
fn bounds_lie_before_or_after_all_that_continue_them() {
    let all: Vec<[u8; 2]> = (1..4u8)
        .flat_map(|a| (1..4u8).map(move |b| [a, b]))
        .collect();
    let check = |start: Bound, end: Bound, holds: fn([u8; 2]) -> bool| {
        let slice = Slice { start, end };
        for components in &all {
            let contained = slice.contains(&clustering(components));
            assert_eq!(contained, holds(*components), "{components:?} in {slice:?}");
        }
    };
    let start = |prefix: &[u8], inclusive| Bound::starting(&framed(prefix), inclusive);
    let end = |prefix: &[u8], inclusive| Bound::ending(&framed(prefix), inclusive);
    check(Bound::BOTTOM, Bound::TOP, |_| true);
    check(start(&[], true), end(&[], true), |_| true);
    check(start(&[2], true), Bound::TOP, |[a, _]| a >= 2);
    check(start(&[2], false), Bound::TOP, |[a, _]| a > 2);
    check(Bound::BOTTOM, end(&[2], true), |[a, _]| a <= 2);
    check(Bound::BOTTOM, end(&[2], false), |[a, _]| a < 2);
    check(start(&[2], true), end(&[2], true), |[a, _]| a == 2);
    check(start(&[2, 1], false), end(&[2], true), |[a, b]| {
        a == 2 && b > 1
    });
    check(start(&[2, 2], true), end(&[3, 1], true), |c| {
        ([2, 2]..=[3, 1]).contains(&c)
    });
    check(start(&[3], true), end(&[2], true), |_| false);
    let point = Slice::point(&clustering(&[2, 3]));
    assert_eq!(point.as_point().as_deref(), Some(&clustering(&[2, 3])[..]));
    check(point.start, point.end, |c| c == [2, 3]);
}

#[test]
fn the_point_of_a_table_without_clustering_columns_is_its_row() {
    let point = Slice::point(&[0x38]);
    assert!(point.contains(&[0x38]) && Slice::everything().contains(&[0x38]));
    assert_eq!(point.as_point().as_deref(), Some(&[0x38][..]));
    assert_eq!(Slice::everything().as_point(), None);
    let prefix = framed(&[1]);
    let scan = Slice {
        start: Bound::starting(&prefix, true),
        end: Bound::ending(&prefix, true),
    };
    assert_eq!(scan.as_point(), None);
}

#[test]
fn a_token_range_starts_after_its_start_and_ends_with_its_end() {
    let range = TokenRange::new(4, Token::new(9)).unwrap();
    let (first, after) = token_bounds(range);
    assert_eq!(first, Token::new(5).to_sorted_bytes());
    assert_eq!(
        after.as_deref(),
        Some(&Token::new(10).to_sorted_bytes()[..])
    );
    let (first, after) = token_bounds(TokenRange::FULL);
    assert_eq!(
        (first, after),
        (Token::MIN.to_sorted_bytes().to_vec(), None)
    );
}

#[test]
fn a_key_off_the_ring_is_damage() {
    let mut key = partition_prefix(Token::MIN, b"a");
    assert!(split_key(&key).is_ok());
    key[7] = 0;
    assert_eq!(
        split_key(&key).unwrap_err().what,
        "a token that is on the ring"
    );
}

fn any_components() -> impl Strategy<Value = Vec<u8>> {
    vec(1u8..5, 0..3)
}

fn any_bound() -> impl Strategy<Value = Bound> {
    let prefix = any_components().prop_map(|components| framed(&components));
    (prefix, any::<bool>()).prop_map(|(prefix, inclusive)| Bound::starting(&prefix, inclusive))
}

fn any_slice() -> impl Strategy<Value = Slice> {
    (any_bound(), any_bound())
        .prop_filter("a slice is not empty", |(a, b)| a != b)
        .prop_map(|(a, b)| Slice {
            start: a.clone().min(b.clone()),
            end: a.max(b),
        })
}

proptest! {
    #[test]
    fn keys_sort_by_token_then_key_then_suffix_and_come_apart_again(
        a in (any::<i64>(), vec(0u8..3, 0..4), vec(any::<u8>(), 1..4)),
        b in (any::<i64>(), vec(0u8..3, 0..4), vec(any::<u8>(), 1..4)),
        same_token: bool,
    ) {
        let (token_a, token_b) = (Token::new(a.0), Token::new(if same_token { a.0 } else { b.0 }));
        let key_a = [&partition_prefix(token_a, &a.1)[..], &a.2].concat();
        let key_b = [&partition_prefix(token_b, &b.1)[..], &b.2].concat();
        let expected = (token_a, &a.1, &a.2).cmp(&(token_b, &b.1, &b.2));
        prop_assert_eq!(key_a.cmp(&key_b), expected);
        prop_assert_eq!(split_key(&key_a).unwrap(), (token_a, Bytes::from(a.1.clone()), &a.2[..]));
        let after = after_partition(&partition_prefix(token_a, &a.1));
        prop_assert!(key_a < after);
        if (token_a, &a.1) < (token_b, &b.1) {
            prop_assert!(after <= partition_prefix(token_b, &b.1));
        }
    }

    #[test]
    fn range_tombstones_sort_by_their_start_and_come_apart_again(a in any_slice(), b in any_slice()) {
        let (suffix_a, suffix_b) = (range_tombstone_suffix(&a), range_tombstone_suffix(&b));
        prop_assert_eq!(suffix_a.cmp(&suffix_b), a.cmp(&b));
        prop_assert_eq!(split_range_tombstone(&suffix_a).unwrap(), a);
    }

    #[test]
    fn slices_overlap_when_a_row_could_lie_in_both(a in any_slice(), b in any_slice()) {
        let rows = (0u8..6).flat_map(|x| (0u8..6).map(move |y| clustering(&[x, y, 1])));
        let shared = rows.into_iter().any(|row| a.contains(&row) && b.contains(&row));
        prop_assert!(a.overlaps(&b) || !shared);
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        prop_assert!(a.overlaps(&a) && a.overlaps(&Slice::everything()));
    }

    #[test]
    fn no_bytes_make_reading_a_key_panic(bytes in vec(prop_oneof![Just(0x40u8), Just(0x38), Just(0x20), Just(0), any::<u8>()], 0..24)) {
        let _ = split_key(&bytes);
        let _ = EntryKind::check_suffix(&bytes);
        let _ = split_range_tombstone(&bytes);
    }
}
