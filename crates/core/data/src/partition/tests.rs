//! What a replica answers equals what a naive model answers.

use super::world::*;
use super::*;
use crate::Limits;
use crate::Mutation;
use crate::fragment::samples::*;
use crate::key::header_suffix;
use crate::key::range_tombstone_suffix;
use crate::key::row_suffix;
use crate::key::static_suffix;
use crate::read::LivePartition;
use proptest::prelude::*;
use quorate_types::NowInSeconds;

/// A partition with these rows (clusterings of one byte), each with one column.
fn store_of(key: &'static [u8], rows: &[u8]) -> Store {
    let mut mutation = mutation(&Bytes::from_static(key));
    for row in rows {
        mutation.insert(
            row_suffix(&clustering(&[*row])),
            &insert(10, [live_cell(10)]),
        );
    }
    Store::of(&[mutation])
}

fn live_cell(timestamp: i64) -> crate::Cell {
    live(0, timestamp, b"v")
}

fn one(key: &'static [u8]) -> ReadCommand {
    ReadCommand {
        target: ReadTarget::Partition(Bytes::from_static(key)),
        ..everything()
    }
}

/// The clusterings of the live rows of a reply.
fn rows(reply: &DataReply, command: &ReadCommand) -> Vec<u8> {
    let live = live_part(reply, command);
    let rows = live.iter().flat_map(|partition| &partition.rows);
    rows.map(|(framed, _)| framed[1]).collect()
}

#[test]
fn a_single_point_that_is_there_is_answered_whole_in_spite_of_its_limit() {
    let store = store_of(b"a", &[1, 2, 3]);
    let command = ReadCommand {
        slices: vec![Slice::point(&clustering(&[2]))],
        limits: Limits {
            rows: 1,
            ..UNLIMITED
        },
        ..one(b"a")
    };
    let reply = store.read(&command);
    assert_eq!(rows(&reply, &command), [2]);
    assert_eq!(reply.stopped_at, None);
}

#[test]
fn a_limit_says_where_it_stopped_and_the_next_page_goes_on_there() {
    let store = store_of(b"a", &[1, 2, 3]);
    let mut command = one(b"a");
    command.limits.rows = 2;
    let reply = store.read(&command);
    assert_eq!(rows(&reply, &command), [1, 2]);
    let position = reply.stopped_at.unwrap();
    assert_eq!((&position.key[..], position.rows_seen), (&b"a"[..], 2));
    assert_eq!(position.suffix, row_suffix(&clustering(&[2])));
    let next = command.continued_after(position, 2);
    let reply = store.read(&next);
    assert_eq!(rows(&reply, &next), [3]);
    assert_eq!(reply.stopped_at, None);
}

#[test]
fn a_page_goes_on_where_its_row_has_gone() {
    let mut store = store_of(b"a", &[1, 2, 3]);
    let mut command = one(b"a");
    command.reversed = true;
    command.limits.rows = 2;
    let position = store.read(&command).stopped_at.unwrap();
    let key = partition_prefix(position.token, b"a");
    store.put(
        [&key[..], &position.suffix].concat(),
        deleted(10, 1).encode().to_vec(),
    );
    let next = command.continued_after(position, 2);
    assert_eq!(rows(&store.read(&next), &next), [1]);
}

#[test]
fn a_partition_whose_rows_were_all_seen_is_not_read_on() {
    let store = store_of(b"a", &[1, 2, 3]);
    let mut command = one(b"a");
    command.limits.rows_per_partition = 2;
    let position = |rows_seen| Position {
        token: Token::of_key(b"a"),
        key: Bytes::from_static(b"a"),
        suffix: row_suffix(&clustering(&[1])),
        rows_seen,
    };
    for (rows_seen, expected) in [(0, &[2, 3][..]), (1, &[2]), (2, &[])] {
        let next = command.continued_after(position(rows_seen), 10);
        assert_eq!(rows(&store.read(&next), &next), expected);
    }
}

#[test]
fn an_empty_partition_is_left_out_and_a_dead_row_is_told() {
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert(row_suffix(&clustering(&[1])), &deleted(10, 50));
    let store = Store::of(&[write]);
    assert_eq!(store.read(&one(b"b")), DataReply::default());
    let reply = store.read(&one(b"a"));
    assert_eq!(reply.partitions[0].entries.len(), 1);
    let purging = ReadCommand {
        purge_before_secs: 51,
        ..one(b"a")
    };
    assert_eq!(store.read(&purging), DataReply::default());
}

#[test]
fn a_header_tells_its_deletion_and_keeps_its_mark() {
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert_range_tombstone(&Slice::everything(), tombstone(10, 50));
    write.insert(header_suffix(), &deleted(5, 40));
    let reply = Store::of(&[write]).read(&one(b"a"));
    let entries = &reply.partitions[0].entries;
    assert_eq!(entries[0].suffix, header_suffix());
    assert_eq!(entries[0].fragment, deleted(5, 40).encode());
    assert_eq!(
        entries[1].suffix,
        range_tombstone_suffix(&Slice::everything())
    );
    assert_eq!(entries.len(), 2);
}

#[test]
fn only_range_tombstones_that_change_something_there_are_told() {
    let slice = |from: u8, to: u8| Slice {
        start: crate::Bound::starting(&framed(&[from]), true),
        end: crate::Bound::ending(&framed(&[to]), true),
    };
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert_range_tombstone(&slice(1, 3), tombstone(10, 50));
    write.insert_range_tombstone(&slice(1, 2), tombstone(5, 60));
    write.insert_range_tombstone(&slice(2, 4), tombstone(9, 50));
    write.insert_range_tombstone(&slice(6, 7), tombstone(9, 50));
    let store = Store::of(&[write]);
    let told = |slices: Vec<Slice>| {
        let reply = store.read(&ReadCommand {
            slices,
            ..one(b"a")
        });
        let partition = reply
            .partitions
            .first()
            .map(|partition| partition.entries.clone());
        let suffixes = partition
            .unwrap_or_default()
            .into_iter()
            .map(|entry| entry.suffix);
        suffixes.collect::<Vec<_>>()
    };
    let first = range_tombstone_suffix(&slice(1, 3));
    let second = range_tombstone_suffix(&slice(2, 4));
    assert_eq!(
        told(vec![Slice::point(&clustering(&[2]))]),
        std::slice::from_ref(&first)
    );
    assert_eq!(told(vec![slice(2, 4)]), [first, second.clone()]);
    assert_eq!(told(vec![slice(4, 5)]), [second]);
    assert!(told(vec![slice(5, 5)]).is_empty());
    assert!(told(vec![]).is_empty());
}

#[test]
fn a_static_row_alone_counts_one_against_the_limit() {
    let write = |key: &'static [u8]| {
        let mut write = mutation(&Bytes::from_static(key));
        write.insert(static_suffix(), &update([live_cell(1)]));
        write
    };
    let store = Store::of(&[write(b"a"), write(b"b")]);
    let mut command = everything();
    command.limits.rows = 1;
    let reply = store.read(&command);
    assert_eq!(reply.partitions.len(), 1);
    let position = reply.stopped_at.unwrap();
    assert_eq!(position.suffix, Position::END);
    let reply = store.read(&command.continued_after(position, 10));
    assert_eq!(reply.partitions.len(), 1);
    assert_eq!(reply.stopped_at, None);
}

#[test]
fn a_static_row_whose_partition_had_rows_on_an_earlier_page_counts_no_more() {
    let mut stores = [b"a", b"b"].map(|key| {
        let mut write = mutation(&Bytes::from_static(key));
        write.insert(static_suffix(), &update([live_cell(1)]));
        write.insert(row_suffix(&clustering(&[1])), &insert(10, []));
        write
    });
    stores.sort_by_key(Mutation::token);
    let last = stores[1].key.clone();
    let store = Store::of(&stores);
    let mut command = everything();
    command.limits.rows = 1;
    let first = store.read(&command).stopped_at.unwrap();
    let next = command.continued_after(first, 1);
    let reply = store.read(&next);
    assert_eq!(reply.partitions[1].key, last);
    assert_eq!(rows(&reply, &next), [1]);
}

#[test]
fn too_many_tombstones_are_refused() {
    let mut write = mutation(&Bytes::from_static(b"a"));
    for row in 1..4 {
        write.insert(row_suffix(&clustering(&[row])), &deleted(10, 50));
    }
    write.insert_range_tombstone(&Slice::everything(), tombstone(11, 50));
    write.insert(
        row_suffix(&clustering(&[4])),
        &insert(20, [dead(0, 20, 50)]),
    );
    let store = Store::of(&[write]);
    let refused = |tombstones: u32, purge_before_secs: u32| {
        let mut command = one(b"a");
        command.limits.tombstones = tombstones;
        command.purge_before_secs = purge_before_secs;
        read(&store, &command).err()
    };
    // The range tombstone covers the rows' own; one dead cell stands beside it.
    assert_eq!(refused(2, 0), None);
    assert_eq!(refused(0, 51), None);
    assert_eq!(
        refused(1, 0),
        Some(ReadError::TooManyTombstones {
            tombstones: 2,
            live_rows: 0,
            token: Token::of_key(b"a"),
            partition: Bytes::from_static(b"a"),
        })
    );
}

#[test]
fn an_entry_that_cannot_be_read_is_named() {
    let mut store = store_of(b"a", &[1, 2]);
    let prefix = partition_prefix(Token::of_key(b"a"), b"a");
    let key = [&prefix[..], &row_suffix(&clustering(&[2]))].concat();
    store.put(key.clone(), vec![9, 9]);
    let scan = read(&store, &one(b"a"));
    let point = ReadCommand {
        slices: vec![Slice::point(&clustering(&[2]))],
        ..one(b"a")
    };
    for result in [scan, read(&store, &point)] {
        match result.unwrap_err() {
            ReadError::CorruptFragment { key: named, source } => {
                assert_eq!((&named[..], source.what), (&key[..], "version 1"));
            }
            other => panic!("{other}"),
        }
    }
    let mut store = store_of(b"a", &[1]);
    store.put([&prefix[..], &[0x25]].concat(), vec![1, 0]);
    let error = read(&store, &everything()).unwrap_err();
    assert!(matches!(error, ReadError::CorruptKey { .. }), "{error}");
    store.put(vec![9; 9], vec![1, 0]);
    let error = read(&store, &everything()).unwrap_err();
    assert!(matches!(error, ReadError::CorruptKey { .. }), "{error}");
}

/// Reads page by page, and checks of every page that it keeps its limits and moves on.
fn read_pages(store: &Store, command: &ReadCommand) -> Vec<LivePartition> {
    let mut pages = Vec::new();
    let mut next = command.clone();
    loop {
        let reply = store.read(&next);
        pages.push(live_part(&reply, command));
        let Some(position) = reply.stopped_at else {
            return join(pages);
        };
        let rows: usize = pages
            .last()
            .unwrap()
            .iter()
            .map(|partition| partition.rows.len())
            .sum();
        assert!(rows <= command.limits.rows as usize, "{next:?}");
        assert_ne!(
            Some(&position),
            next.after.as_ref(),
            "a page that does not move on"
        );
        assert!(pages.len() < 200);
        next = command.continued_after(position, command.limits.rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_read_gives_what_the_model_gives(
        mutations in any_mutations(), command in any_command(), purge in 0u32..112,
    ) {
        let command = ReadCommand { purge_before_secs: purge, ..command };
        let reply = Store::of(&mutations).read(&command);
        prop_assert_eq!(&reply.stopped_at, &None);
        prop_assert_eq!(live_part(&reply, &command), Model::of(&mutations).read(&command));
    }

    #[test]
    fn pages_put_together_are_the_whole_read(
        mutations in any_mutations(), command in any_command(), limits in any_limits(),
    ) {
        let command = ReadCommand { limits, ..command };
        let store = Store::of(&mutations);
        prop_assert_eq!(read_pages(&store, &command), Model::of(&mutations).read(&command));
    }

    #[test]
    fn a_limited_read_is_full_or_complete(
        mutations in any_mutations(), command in any_command(), rows in 1u32..10,
    ) {
        let command = ReadCommand { limits: Limits { rows, ..UNLIMITED }, ..command };
        let reply = Store::of(&mutations).read(&command);
        let counted = count(&live_part(&reply, &command));
        prop_assert!(counted <= rows as usize);
        prop_assert!(reply.stopped_at.is_none() || counted == rows as usize);
    }

    #[test]
    fn points_and_slices_around_them_give_the_same(
        mutations in any_mutations(), command in any_command(),
    ) {
        let store = Store::of(&mutations);
        let around = command.slices.iter().map(|slice| match slice.as_point() {
            None => slice.clone(),
            Some(framed) => {
                let prefix = &framed[..framed.len() - 1];
                Slice {
                    start: crate::Bound::starting(prefix, true),
                    end: crate::Bound::ending(prefix, true),
                }
            }
        });
        let scanning = ReadCommand { slices: around.collect(), ..command.clone() };
        prop_assert_eq!(store.read(&command), store.read(&scanning));
    }

    #[test]
    fn the_order_of_writes_changes_no_answer(
        mutations in any_mutations(), command in any_command(), shift in 0usize..16,
    ) {
        let mut shuffled = mutations.clone();
        shuffled.reverse();
        shuffled.rotate_left(shift % mutations.len().max(1));
        let (one, other) = (Store::of(&mutations), Store::of(&shuffled));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.read(&command), other.read(&command));
    }

    #[test]
    fn a_sweep_changes_no_answer_of_then_or_later(
        mutations in any_mutations(), command in any_command(), limits in any_limits(),
        purge in 85u32..112, earlier in 0u32..10, purge_earlier in 0u32..10,
    ) {
        let unlimited = Limits { reply_bytes: u32::MAX, ..limits };
        let command = ReadCommand { purge_before_secs: purge, limits: unlimited, ..command };
        let store = Store::of(&mutations);
        let mut swept = store.clone();
        swept.sweep(NowInSeconds(command.now.0 - earlier), purge - purge_earlier);
        let (before, after) = (store.read(&command), swept.read(&command));
        prop_assert_eq!(live_part(&before, &command), live_part(&after, &command));
        prop_assert_eq!(before.digest(&command), after.digest(&command), "{:?} {:?}", before, after);
        let mut again = swept.clone();
        again.sweep(NowInSeconds(command.now.0 - earlier), purge - purge_earlier);
        prop_assert_eq!(again, swept);
    }
}
