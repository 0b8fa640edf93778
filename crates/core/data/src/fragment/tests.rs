//! Rows survive their bytes, and equal rows have equal bytes.

use super::samples::*;
use super::*;
use proptest::prelude::*;

const FORMAT: &str = include_str!("../../../../../docs/formats/row-fragment.md");

/// The row is written as the example's bytes, and the bytes are read as the row.
fn check_example(name: &str, row: &Row) {
    let bytes = example(FORMAT, name);
    assert_eq!(row.encode(), bytes, "{:02x?}", &row.encode()[..]);
    assert_eq!(Row::decode(&bytes).as_ref(), Ok(row));
}

#[test]
fn the_worked_examples_are_our_bytes() {
    check_example("empty", &Row::default());
    let at = 1_700_000_000_000_000;
    check_example(
        "insert",
        &insert(at, [live(3, at, b"blue"), live(5, at, b"")]),
    );
    let row = Row {
        column_deletions: vec![(ColumnId(2), tombstone(at - 1, 1_700_000_000))],
        ..update([
            expiring(1, at, 60, 1_700_000_060, b"x"),
            at_path(b"k", expiring(2, at, 60, 1_700_000_060, b"v")),
            dead(4, at + 7, 1_700_000_000),
        ])
    };
    check_example("update", &row);
    check_example("delete", &deleted(at, 1_700_000_000));
    let header = Row {
        has_range_tombstones: true,
        ..deleted(at, 1_700_000_000)
    };
    check_example("header", &header);
    let reinserted = Row {
        liveness: Some(Liveness {
            timestamp: at + 1,
            expiring: Some(Expiring {
                ttl: 60,
                expiry: 1_700_000_060,
            }),
        }),
        ..deleted(at, 1_700_000_000)
    };
    check_example("reinsert", &reinserted);
}

#[test]
fn a_fragment_that_says_its_content_another_way_is_refused() {
    let at = [0, 0, 0, 0, 0, 0, 0, 9];
    let fragment = |flags: u8, rest: &[u8]| [&[1, flags][..], &at, rest].concat();
    let cases: [(&str, Vec<u8>); 15] = [
        ("no version", vec![]),
        ("version 2", vec![2, 0]),
        ("no flags", vec![1]),
        ("unknown flags", vec![1, 0x10]),
        ("expiry of no liveness", fragment(2, &[])),
        ("a base of nothing", fragment(0, &[])),
        ("covered liveness", fragment(5, &[0, 0, 0, 0, 1])),
        ("covered cell", fragment(4, &[0, 0, 0, 1, 3, 0, 0])),
        (
            "delta on the first timestamp",
            fragment(0, &[3, 0x08, 2, 0]),
        ),
        ("zero delta", fragment(1, &[3, 0x08, 0, 0])),
        ("no expiry known", fragment(1, &[3, 1, 0])),
        ("seconds on a live cell", fragment(1, &[3, 0x10, 0])),
        (
            "path on a column deletion",
            fragment(1, &[3, 0x17, 0, 0, 0, 1]),
        ),
        ("columns out of order", fragment(1, &[3, 0, 0, 2, 0, 0])),
        ("a column twice", fragment(1, &[3, 0, 0, 3, 0, 0])),
    ];
    for (name, bytes) in cases {
        assert!(FragmentView::parse(&bytes).is_err(), "{name}");
        assert!(Row::decode(&bytes).is_err(), "{name}");
    }
    assert!(FragmentView::parse(&fragment(1, &[2, 0, 0, 3, 0, 0])).is_ok());
}

#[test]
fn damage_says_where_and_what() {
    let mut bytes = insert(9, [live(3, 9, b"blue")]).encode().to_vec();
    bytes.truncate(bytes.len() - 1);
    let damage = FragmentView::parse(&bytes).unwrap_err();
    assert_eq!(
        damage.to_string(),
        "row fragment is damaged at byte 13: a value"
    );
}

#[test]
fn a_row_of_many_cells_pays_three_bytes_for_each_beside_its_value() {
    let row = insert(9, (0..10).map(|column| live(column, 9, b"12345678")));
    assert_eq!(row.encode().len(), 10 + 10 * (3 + 8));
    let expiring = Row {
        liveness: Some(Liveness {
            timestamp: 9,
            expiring: Some(Expiring {
                ttl: 60,
                expiry: 100,
            }),
        }),
        ..update((0..10).map(|column| expiring(column, 9, 60, 100, b"12345678")))
    };
    assert_eq!(expiring.encode().len(), 15 + 10 * (3 + 8));
}

proptest! {
    #[test]
    fn reading_gives_back_the_row_and_writing_it_again_the_bytes(row in any_row()) {
        let bytes = row.encode();
        let read = Row::decode(&bytes).unwrap();
        prop_assert_eq!(&read, &merge_rows(&row, &Row::default()));
        prop_assert_eq!(read.encode(), &bytes);
        prop_assert_eq!(&Row::decode_shared(&bytes).unwrap(), &read);
        prop_assert_eq!(read.is_empty(), bytes.len() == 2 && bytes[1] == 0);
        let view = FragmentView::parse(&bytes).unwrap();
        prop_assert_eq!(view.liveness(), read.liveness);
        prop_assert_eq!(view.deletion(), read.deletion);
        prop_assert_eq!(view.has_range_tombstones(), read.has_range_tombstones);
        prop_assert!(view.column_deletions().eq(read.column_deletions.iter().copied()));
        prop_assert!(view.cells().eq(read.cells.iter().map(Cell::as_ref)));
    }

    #[test]
    fn equal_rows_have_equal_bytes_whatever_the_order_of_their_cells(
        row in any_row(),
        shift in 0usize..7,
    ) {
        let mut shuffled = row.clone();
        shuffled.cells.reverse();
        let length = shuffled.cells.len().max(1);
        shuffled.cells.rotate_left(shift % length);
        shuffled.column_deletions.reverse();
        prop_assert_eq!(shuffled.encode(), row.encode());
    }

    #[test]
    fn bytes_that_can_be_read_are_the_ones_we_write(bytes in near_fragment()) {
        if let Ok(row) = Row::decode(&bytes) {
            prop_assert_eq!(row.encode(), bytes);
        }
    }

    #[test]
    fn a_truncated_fragment_is_another_one_or_damage(row in any_row()) {
        let bytes = row.encode();
        for length in 0..bytes.len() {
            if let Ok(shorter) = Row::decode(&bytes[..length]) {
                prop_assert_eq!(shorter.encode(), &bytes[..length]);
            }
        }
    }
}

/// Random bytes, and real fragments with a byte or two changed.
pub(crate) fn near_fragment() -> impl Strategy<Value = Vec<u8>> {
    let changed = (
        any_row(),
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    )
        .prop_map(|(row, changes)| {
            let mut bytes = row.encode().to_vec();
            for (index, byte) in changes {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            bytes
        });
    let random = proptest::collection::vec(any::<u8>(), 0..40).prop_map(|mut bytes| {
        if let Some(version) = bytes.first_mut() {
            *version %= 3;
        }
        bytes
    });
    prop_oneof![2 => changed, 1 => random]
}
