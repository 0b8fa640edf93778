//! The vectors of reconciliation, and the laws of merging.

use super::*;
use crate::CellState;
use crate::fragment::samples::*;
use crate::fragment::tests::near_fragment;
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_types::NowInSeconds;

fn merge(rows: &[&Row]) -> Row {
    rows.iter()
        .fold(Row::default(), |merged, row| merge_rows(&merged, row))
}

fn merge_bytes(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    merge_fragments(a, b, &mut out).unwrap();
    out
}

/// Both orders of both forms of the merge keep `winner`.
fn check_winner(left: &Cell, right: &Cell, winner: &Cell) {
    for (a, b) in [(left, right), (right, left)] {
        assert_eq!(reconcile_cells(a.as_ref(), b.as_ref()), winner.as_ref());
        let (a, b) = (update([a.clone()]), update([b.clone()]));
        assert_eq!(merge_rows(&a, &b).cells, std::slice::from_ref(winner));
        let merged = merge_bytes(&a.encode(), &b.encode());
        assert_eq!(merged, update([winner.clone()]).encode());
    }
}

#[test]
fn the_vectors_of_cell_against_cell_hold() {
    let int = i32::to_be_bytes;
    let v = |n: i32| live(1, 10, &int(n));
    let e = |ttl, expiry, n: i32| expiring(1, 10, ttl, expiry, &int(n));
    let t = |secs| dead(1, 10, secs);
    check_winner(&v(1), &v(2), &v(2));
    check_winner(&v(2), &v(-1), &v(-1));
    check_winner(&v(1), &live(1, 11, &int(0)), &live(1, 11, &int(0)));
    check_winner(&v(2), &t(100), &t(100));
    check_winner(&v(2), &e(50, 150, 1), &e(50, 150, 1));
    check_winner(&t(100), &e(50, 300, 1), &t(100));
    check_winner(&t(100), &t(200), &t(200));
    check_winner(&e(50, 150, 1), &e(50, 300, 0), &e(50, 300, 0));
    check_winner(&e(50, 150, 1), &e(60, 150, 9), &e(50, 150, 1));
    check_winner(&e(50, 150, 1), &e(50, 150, 7), &e(50, 150, 7));
    check_winner(&live(1, 10, b""), &v(1), &v(1));
}

#[test]
fn liveness_prefers_later_then_expiring_then_the_later_written() {
    let plain = |timestamp| Liveness {
        timestamp,
        expiring: None,
    };
    let expiring = |timestamp, ttl, expiry| Liveness {
        timestamp,
        expiring: Some(Expiring { ttl, expiry }),
    };
    let cases = [
        (plain(10), plain(11), plain(11)),
        (plain(11), expiring(10, 5, 100), plain(11)),
        (plain(10), expiring(10, 5, 100), expiring(10, 5, 100)),
        (
            expiring(10, 5, 100),
            expiring(10, 50, 200),
            expiring(10, 50, 200),
        ),
        (
            expiring(10, 5, 100),
            expiring(10, 6, 100),
            expiring(10, 5, 100),
        ),
    ];
    for (a, b, winner) in cases {
        for (a, b) in [(a, b), (b, a), (winner, winner)] {
            assert_eq!(reconcile_liveness(Some(a), Some(b)), Some(winner));
        }
        assert_eq!(reconcile_liveness(Some(a), None), Some(a));
        assert_eq!(reconcile_liveness(None, Some(a)), Some(a));
    }
}

/// Whether a reader at this second sees the row that these writes make, in any order.
fn is_seen(writes: &[&Row], now: u32) -> bool {
    let row = merge(writes);
    let reversed: Vec<&Row> = writes.iter().rev().copied().collect();
    assert_eq!(merge(&reversed), row);
    let mut out = Vec::new();
    let verdict = normalize(&row.encode(), None, NowInSeconds(now), 0, &mut out).unwrap();
    verdict.live
}

#[test]
fn an_inserted_row_stays_without_its_values_and_an_updated_one_does_not() {
    let null = update([dead(1, 20, 100)]);
    assert!(is_seen(&[&insert(10, [live(1, 10, b"v")]), &null], 100));
    assert!(is_seen(&[&update([live(1, 10, b"v")])], 100));
    assert!(!is_seen(&[&update([live(1, 10, b"v")]), &null], 100));
    assert!(!is_seen(&[&null], 100));
}

#[test]
fn an_insert_with_a_ttl_goes_and_what_was_updated_without_one_keeps_the_row() {
    let inserted = Row {
        liveness: Some(Liveness {
            timestamp: 10,
            expiring: Some(Expiring {
                ttl: 10,
                expiry: 110,
            }),
        }),
        ..update([expiring(1, 10, 10, 110, b"1")])
    };
    let updated = update([live(1, 20, b"2")]);
    let deleted = update([dead(1, 30, 112)]);
    assert!(is_seen(&[&inserted], 109));
    assert!(!is_seen(&[&inserted], 110));
    assert!(is_seen(&[&inserted, &updated], 111));
    assert!(!is_seen(&[&inserted, &updated, &deleted], 112));
}

#[test]
fn a_deletion_covers_what_was_written_at_its_timestamp_and_before() {
    let row = insert(10, [live(1, 10, b"a"), live(2, 11, b"b")]);
    assert_eq!(
        merge(&[&row, &deleted(10, 100)]),
        Row {
            cells: vec![live(2, 11, b"b")],
            ..deleted(10, 100)
        }
    );
    let null = update([dead(2, 11, 100)]);
    assert_eq!(
        merge(&[&row, &null]).cells,
        [live(1, 10, b"a"), dead(2, 11, 100)]
    );
}

#[test]
fn deleting_one_element_leaves_the_others() {
    let map = update([
        at_path(b"a", live(1, 10, b"1")),
        at_path(b"b", live(1, 10, b"2")),
    ]);
    let without_a = update([at_path(b"a", dead(1, 10, 100))]);
    assert_eq!(
        merge(&[&map, &without_a]).cells,
        [
            at_path(b"a", dead(1, 10, 100)),
            at_path(b"b", live(1, 10, b"2"))
        ]
    );
}

#[test]
fn the_end_to_end_examples_of_collections_and_batches_hold() {
    let column = |timestamp: i64, elements: &[&[u8]]| Row {
        column_deletions: vec![(ColumnId(2), tombstone(timestamp - 1, 100))],
        ..insert(
            timestamp,
            elements
                .iter()
                .map(|path| at_path(path, live(2, timestamp, b""))),
        )
    };
    // Two whole-value writes at one timestamp unite.
    let both = merge(&[&column(10, &[b"1", b"2"]), &column(10, &[b"3"])]);
    assert_eq!(both, column(10, &[b"1", b"2", b"3"]));
    // A later one replaces.
    let replaced = merge(&[&column(10, &[b"1", b"2"]), &column(11, &[b"3"])]);
    assert_eq!(replaced.cells, column(11, &[b"3"]).cells);
    // An empty one only deletes.
    let emptied = merge(&[&column(10, &[b"1"]), &column(12, &[])]);
    assert!(emptied.cells.is_empty());
    // A delete at the same timestamp wins, in a batch too.
    assert!(!is_seen(&[&both, &deleted(10, 100)], 100));
    // Appending twice keeps the order of paths, not of writes.
    let prepended = merge(&[
        &update([at_path(b"2", live(2, 10, b"b"))]),
        &update([at_path(b"1", live(2, 11, b"a"))]),
    ]);
    assert_eq!(prepended.cells[0].path.as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_row_deletion_that_the_covering_one_supersedes_is_dropped() {
    let mut out = Vec::new();
    let row = deleted(10, 100).encode();
    let now = NowInSeconds(100);
    let verdict = normalize(&row, Some(tombstone(11, 100)), now, 0, &mut out).unwrap();
    assert!(verdict.empty && !verdict.live && verdict.tombstones == 0);
    assert_eq!(out, Row::default().encode());
    let verdict = normalize(&row, Some(tombstone(9, 100)), now, 0, &mut Vec::new()).unwrap();
    assert!(!verdict.empty && verdict.tombstones == 1);
}

#[test]
fn an_expired_cell_may_be_purged_by_the_second_of_its_write() {
    let row = update([expiring(1, 10, 20, 120, b"v"), dead(2, 10, 100)]).encode();
    let check = |now: u32, purge_before: u32, live: bool, tombstones: u32, empty: bool| {
        let verdict = normalize(&row, None, NowInSeconds(now), purge_before, &mut Vec::new());
        let expected = RowVerdict {
            live,
            empty,
            tombstones,
        };
        assert_eq!(
            verdict,
            Ok(expected),
            "now {now}, purge before {purge_before}"
        );
    };
    check(119, 100, true, 1, false);
    check(119, 101, true, 0, false);
    check(120, 100, false, 2, false);
    check(120, 101, false, 0, true);
}

#[test]
fn a_sweep_turns_expired_cells_into_tombstones_of_their_writing() {
    let row = update([expiring(1, 10, 20, 120, b"long value"), live(2, 9, b"x")]).encode();
    let swept = |covering, now, purge| sweep(&row, covering, NowInSeconds(now), purge).unwrap();
    assert_eq!(swept(None, 119, 50), SweepVerdict::Keep);
    let tombstone_left = update([dead(1, 10, 100), live(2, 9, b"x")]).encode();
    assert_eq!(swept(None, 120, 50), SweepVerdict::Rewrite(tombstone_left));
    let purged = update([live(2, 9, b"x")]).encode();
    assert_eq!(swept(None, 120, 101), SweepVerdict::Rewrite(purged));
    assert_eq!(swept(Some(tombstone(10, 1)), 120, 50), SweepVerdict::Drop);
}

#[test]
fn what_cannot_be_read_is_kept_beside_what_can() {
    let row = insert(10, [live(1, 10, b"v")]).encode();
    let future = [2, 7, 7];
    let bytes = merge_or_quarantine(Some(&row), [&future[..], &[]].into_iter());
    let damage = crate::FragmentView::parse(&bytes).unwrap_err();
    assert_eq!(damage.what, QUARANTINED);
    let parts = Quarantined::parse(&bytes).unwrap();
    assert_eq!(parts.readable, &row[..]);
    assert_eq!(parts.unreadable, [&[][..], &future]);
    let more = update([live(2, 11, b"w")]).encode();
    let later = merge_or_quarantine(Some(&bytes), [&more[..], &bytes].into_iter());
    let parts = Quarantined::parse(&later).unwrap();
    assert_eq!(parts.readable, &merge_bytes(&row, &more)[..]);
    assert_eq!(parts.unreadable.len(), 2);
    assert_eq!(
        merge_or_quarantine(None, std::iter::empty()),
        Row::default().encode()
    );
}

/// Merges in the grouping that `splits` gives: a run at a time, then the runs.
fn merge_grouped(fragments: &[Vec<u8>], splits: &[usize]) -> Vec<u8> {
    let mut groups = Vec::new();
    let mut rest = fragments;
    for split in splits {
        let (group, more) = rest.split_at(*split % (rest.len() + 1));
        groups.push(merge_or_quarantine(None, group.iter().map(Vec::as_slice)));
        rest = more;
    }
    let existing = rest.first().map(Vec::as_slice);
    let rest = rest.iter().skip(1).map(Vec::as_slice);
    merge_or_quarantine(existing, groups.iter().map(Vec::as_slice).chain(rest))
}

fn live_view(row: &Row, covering: Option<Tombstone>, now: u32, purge: u32) -> (RowVerdict, Row) {
    let mut out = Vec::new();
    let verdict = normalize(&row.encode(), covering, NowInSeconds(now), purge, &mut out).unwrap();
    (verdict, Row::decode(&out).unwrap())
}

/// The row with every cell that has expired at `now` as the tombstone it is.
fn without_expired(mut row: Row, now: u32) -> Row {
    for cell in &mut row.cells {
        if let CellState::Expiring(_, expiring) = cell.state
            && expiring.has_expired(NowInSeconds(now))
        {
            cell.state = CellState::Tombstone {
                local_deletion_secs: expiring.written_secs(),
            };
        }
    }
    row
}

proptest! {
    #[test]
    fn merging_rows_is_commutative_associative_and_idempotent(
        a in any_row(), b in any_row(), c in any_row(),
    ) {
        let ab = merge_rows(&a, &b);
        prop_assert_eq!(&ab, &merge_rows(&b, &a));
        prop_assert_eq!(merge_rows(&ab, &c), merge_rows(&a, &merge_rows(&b, &c)));
        prop_assert_eq!(&ab, &merge_rows(&ab, &a));
        prop_assert_eq!(&ab, &merge_rows(&ab, &ab));
    }

    #[test]
    fn merging_bytes_is_encoding_the_merge_of_rows(a in any_row(), b in any_row()) {
        let merged = merge_bytes(&a.encode(), &b.encode());
        prop_assert_eq!(&merged, &merge_rows(&a, &b).encode());
        prop_assert_eq!(&merged, &merge_bytes(&b.encode(), &a.encode()));
        prop_assert_eq!(&merged, &merge_bytes(&merged, &a.encode()));
    }

    #[test]
    fn any_order_of_pushes_gives_the_same_bytes(
        rows in vec(any_row(), 0..6),
        shift in 0usize..6,
    ) {
        let expected = merge(&rows.iter().collect::<Vec<_>>()).encode();
        let mut shuffled = rows.clone();
        shuffled.rotate_left(shift % rows.len().max(1));
        let mut merger = Merger::new();
        for order in [rows, shuffled] {
            for row in &order {
                merger.push(&row.encode()).unwrap();
            }
            prop_assert_eq!(merger.finish(), &expected);
            prop_assert_eq!(merger.take(), &expected);
            prop_assert!(merger.is_empty());
        }
    }

    #[test]
    fn an_error_changes_nothing(row in any_row(), bytes in near_fragment()) {
        let row = row.encode();
        let mut out = vec![7];
        if merge_fragments(&row, &bytes, &mut out).is_err() {
            prop_assert_eq!(&out, &[7]);
            let mut merger = Merger::new();
            prop_assert!(merger.push(&bytes).is_err());
            merger.push(&row).unwrap();
            prop_assert!(merger.push(&bytes).is_err());
            prop_assert_eq!(merger.finish(), &row);
            prop_assert!(normalize(&bytes, None, NowInSeconds(0), 0, &mut out).is_err());
            prop_assert_eq!(&out, &[7]);
        }
    }

    #[test]
    fn a_storage_merge_loses_nothing_in_any_order_and_grouping(
        mut fragments in vec(near_fragment(), 0..6),
        splits in vec(any::<usize>(), 0..4),
        more in vec(any::<usize>(), 0..4),
        shift in 0usize..6,
    ) {
        let all = merge_grouped(&fragments, &[]);
        prop_assert_eq!(&merge_grouped(&fragments, &splits), &all);
        let length = fragments.len().max(1);
        fragments.rotate_left(shift % length);
        prop_assert_eq!(&merge_grouped(&fragments, &more), &all);
        prop_assert_eq!(&merge_or_quarantine(Some(&all), [&all[..]].into_iter()), &all);
        let mut readable = Merger::new();
        let bad: Vec<_> = fragments.iter().filter(|bytes| readable.push(bytes).is_err()).collect();
        let parts = Quarantined::parse(&all);
        prop_assert_eq!(parts.is_some(), !bad.is_empty());
        if let Some(parts) = parts {
            prop_assert!(bad.iter().all(|bytes| parts.unreadable.contains(&bytes.as_slice())));
            prop_assert_eq!(parts.readable, readable.finish());
        } else {
            prop_assert_eq!(&all, readable.finish());
        }
    }

    #[test]
    fn no_bytes_make_a_storage_merge_panic(
        a in vec(prop_oneof![Just(0xFF), 0u8..4, any::<u8>()], 0..24),
        b in vec(prop_oneof![Just(0xFF), 0u8..4, any::<u8>()], 0..24),
    ) {
        let ab = merge_or_quarantine(Some(&a), [&b[..]].into_iter());
        prop_assert_eq!(&merge_or_quarantine(Some(&b), [&a[..]].into_iter()), &ab);
        prop_assert_eq!(&merge_or_quarantine(Some(&ab), [&a[..], &ab].into_iter()), &ab);
    }

    #[test]
    fn what_is_left_is_left_again_and_says_the_same(
        row in any_row(), covering in proptest::option::of(any_tombstone()),
        now in 85u32..115, purge in 85u32..115,
    ) {
        let (verdict, left) = live_view(&row, covering, now, purge);
        prop_assert_eq!(live_view(&left, covering, now, purge), (verdict, left.clone()));
        prop_assert_eq!(live_view(&left, None, now, purge), (verdict, left.clone()));
        prop_assert_eq!(verdict.empty, left.is_empty());
        let is_live = |cell: &Cell| match &cell.state {
            CellState::Live(_) => true,
            CellState::Expiring(_, expiring) => now < expiring.expiry,
            CellState::Tombstone { .. } => false,
        };
        let dead = left.cells.iter().filter(|cell| !is_live(cell)).count();
        let tombstones = dead + left.column_deletions.len() + usize::from(left.deletion.is_some());
        prop_assert_eq!(verdict.tombstones, u32::try_from(tombstones).unwrap());
        let liveness = left.liveness.is_some_and(|liveness| {
            liveness.expiring.is_none_or(|expiring| now < expiring.expiry)
        });
        prop_assert_eq!(verdict.live, liveness || dead < left.cells.len());
    }

    #[test]
    fn normalizing_before_a_merge_or_after_it_is_the_same(
        a in any_row(), b in any_row(),
        covers_a in proptest::option::of(any_tombstone()),
        covers_b in proptest::option::of(any_tombstone()),
        now in 85u32..115,
    ) {
        let covering = covers_a.max(covers_b);
        let (_, expected) = live_view(&merge_rows(&a, &b), covering, now, 0);
        let (_, a) = live_view(&a, covers_a, now, 0);
        let (_, b) = live_view(&b, covers_b, now, 0);
        let (_, merged) = live_view(&merge_rows(&a, &b), covering, now, 0);
        prop_assert_eq!(merged, expected);
    }

    #[test]
    fn a_sweep_hides_and_uncovers_nothing(
        row in any_row(), covering in proptest::option::of(any_tombstone()),
        now in 85u32..115, later in 0u32..30,
        purge in 85u32..115, purge_later in 0u32..30,
    ) {
        let bytes = row.encode();
        let swept = match sweep(&bytes, covering, NowInSeconds(now), purge).unwrap() {
            SweepVerdict::Keep => row.clone(),
            SweepVerdict::Rewrite(bytes) => Row::decode(&bytes).unwrap(),
            SweepVerdict::Drop => Row::default(),
        };
        let (now, purge) = (now + later, purge + purge_later);
        let (before, row) = live_view(&row, covering, now, purge);
        let (after, swept) = live_view(&swept, covering, now, purge);
        prop_assert_eq!(before, after);
        prop_assert_eq!(without_expired(row, now), without_expired(swept, now));
    }
}
