//! Merged replies equal a read of the union; repairs make replicas equal.

use super::*;
use crate::EntryKind;
use crate::Limits;
use crate::Mutation;
use crate::Slice;
use crate::fragment::samples::*;
use crate::key::header_suffix;
use crate::key::row_suffix;
use crate::partition::world::*;
use crate::read::LivePartition;
use proptest::collection::vec;
use proptest::prelude::*;

/// Replicas that each got the writes whose bit is set for them, and one that got all of them.
fn replicas(mutations: &[Mutation], received: &[u16]) -> (Vec<Store>, Store) {
    let stores = received.iter().map(|received| {
        let numbered = mutations.iter().zip(0u16..);
        let got = numbered.filter(|(_, number)| received >> number & 1 == 1);
        Store::of(
            &got.map(|(mutation, _)| mutation.clone())
                .collect::<Vec<_>>(),
        )
    });
    let stores: Vec<Store> = stores.collect();
    let got_by_any = mutations
        .iter()
        .zip(0u16..)
        .filter(|(_, number)| received.iter().any(|received| received >> number & 1 == 1));
    let union = got_by_any
        .map(|(mutation, _)| mutation.clone())
        .collect::<Vec<_>>();
    (stores, Store::of(&union))
}

fn merged_read(stores: &[Store], command: &ReadCommand) -> MergedRead {
    let replies: Vec<DataReply> = stores.iter().map(|store| store.read(command)).collect();
    merge_replies(command, &replies).unwrap()
}

/// Reads all pages from the replicas, repairing as it goes, as a coordinator does.
fn read_and_repair(stores: &mut [Store], command: &ReadCommand) -> Vec<LivePartition> {
    let mut pages = Vec::new();
    let mut next = command.clone();
    loop {
        let merged = merged_read(stores, &next);
        for (store, repairs) in stores.iter_mut().zip(&merged.repairs) {
            store.apply_repairs(repairs);
        }
        assert!(merged.live_rows <= next.limits.rows, "{next:?}");
        pages.push(live_part(&merged.reply, command));
        let Some(position) = merged.reply.stopped_at else {
            return join(pages);
        };
        assert_ne!(
            Some(&position),
            next.after.as_ref(),
            "a page that does not move on"
        );
        assert!(pages.len() < 200);
        next = command.continued_after(position, command.limits.rows);
    }
}

fn row_of(store: &mut Store, row: u8, fragment: &crate::Row) {
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert(row_suffix(&clustering(&[row])), fragment);
    store.apply(&write);
}

#[test]
fn rows_behind_the_first_stop_wait_for_the_next_read() {
    // Replica 0 has rows 1 and 2 and stops there; replica 1 knows that they are deleted.
    let (mut one, mut other) = (Store::default(), Store::default());
    for row in 1..5 {
        row_of(&mut one, row, &insert(10, []));
    }
    for row in 1..3 {
        row_of(&mut other, row, &deleted(20, 50));
    }
    row_of(&mut other, 9, &insert(10, []));
    let command = ReadCommand {
        limits: Limits {
            rows: 2,
            ..UNLIMITED
        },
        ..everything()
    };
    let merged = merged_read(&[one.clone(), other.clone()], &command);
    assert_eq!(merged.live_rows, 0);
    let stop = merged.reply.stopped_at.clone().unwrap();
    assert_eq!(
        (&stop.suffix, stop.rows_seen),
        (&row_suffix(&clustering(&[2])), 0)
    );
    assert_eq!(merged.repairs[0][0].1.len(), 2);
    assert!(merged.repairs[1].is_empty());
    let live = read_and_repair(&mut [one, other], &command);
    let rows: Vec<u8> = live[0].rows.iter().map(|(framed, _)| framed[1]).collect();
    assert_eq!(rows, [3, 4, 9]);
}

#[test]
fn a_repair_with_a_range_tombstone_announces_it() {
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert_range_tombstone(&Slice::everything(), tombstone(10, 50));
    let stores = [Store::of(&[write.clone()]), Store::default()];
    let merged = merged_read(&stores, &everything());
    let (key, entries) = &merged.repairs[1][0];
    let repair = Mutation {
        entries: entries.clone(),
        ..mutation(key)
    };
    assert_eq!(repair, write);
    assert_eq!(repair.entries[0].suffix, header_suffix());
}

#[test]
fn what_a_repaired_deletion_covers_is_not_repaired_beside_it() {
    let mut stores = [Store::default(), Store::default()];
    row_of(&mut stores[0], 1, &insert(10, []));
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert_range_tombstone(&Slice::everything(), tombstone(10, 50));
    stores[1].apply(&write);
    let merged = merged_read(&stores, &everything());
    let repaired = |repairs: &[(Bytes, Vec<Entry>)]| {
        let entries = repairs.iter().flat_map(|(_, entries)| entries);
        let kinds = entries.map(|entry| EntryKind::of_suffix(&entry.suffix).unwrap());
        kinds.collect::<Vec<_>>()
    };
    let ranges = [EntryKind::Header, EntryKind::RangeTombstone];
    assert_eq!(repaired(&merged.repairs[0]), ranges);
    assert_eq!(repaired(&merged.repairs[1]), []);
}

#[test]
fn a_replica_whose_row_says_the_same_under_a_repaired_deletion_gets_only_that() {
    let row = update([live(0, 10, b"old"), at_path(b"p", live(1, 20, b"new"))]);
    let mut stores = [Store::default(), Store::default()];
    for store in &mut stores {
        row_of(store, 1, &row);
    }
    let mut write = mutation(&Bytes::from_static(b"a"));
    write.insert_range_tombstone(&Slice::everything(), tombstone(15, 50));
    stores[1].apply(&write);
    let merged = merged_read(&stores, &everything());
    assert_eq!(merged.repairs[0][0].1, write.entries);
    assert!(merged.repairs[1].is_empty());
}

#[test]
fn a_partition_that_one_replica_cut_at_its_own_limit_is_known_no_further() {
    let (mut one, mut other) = (Store::default(), Store::default());
    for row in 1..4 {
        row_of(&mut one, row, &insert(10, []));
    }
    row_of(&mut other, 1, &deleted(20, 50));
    row_of(&mut other, 2, &deleted(20, 50));
    row_of(&mut other, 9, &insert(10, []));
    let command = ReadCommand {
        limits: Limits {
            rows_per_partition: 2,
            ..UNLIMITED
        },
        ..everything()
    };
    let merged = merged_read(&[one.clone(), other.clone()], &command);
    let stop = merged.reply.stopped_at.unwrap();
    assert_eq!(stop.suffix, row_suffix(&clustering(&[2])));
    let live = read_and_repair(&mut [one, other], &command);
    let rows: Vec<u8> = live[0].rows.iter().map(|(framed, _)| framed[1]).collect();
    assert_eq!(rows, [3, 9]);
}

#[test]
fn a_partition_that_is_full_is_not_read_on_where_a_reply_stopped_in_it() {
    // Row 2 is as many bytes as one replica may answer; both rows together are all there may be.
    let (mut one, mut other) = (Store::default(), Store::default());
    row_of(&mut one, 2, &insert(10, [live(0, 10, &[7; 200])]));
    row_of(&mut one, 3, &insert(10, []));
    row_of(&mut other, 1, &insert(10, []));
    let command = ReadCommand {
        limits: Limits {
            rows_per_partition: 2,
            reply_bytes: 100,
            ..UNLIMITED
        },
        ..everything()
    };
    let stores = [one, other];
    let merged = merged_read(&stores, &command);
    assert_eq!(merged.live_rows, 2);
    let stop = merged.reply.stopped_at.unwrap();
    assert_eq!((&stop.suffix, stop.rows_seen), (&Position::END, 2));
    let next = command.continued_after(stop, u32::MAX);
    assert_eq!(merged_read(&stores, &next).live_rows, 0);
}

#[test]
fn a_partition_that_is_full_ends_a_read_of_it_wherever_a_reply_stopped() {
    // The first replica knows that row 1 lives, the other one that an older version of it does not,
    // and stops there for the bytes of it.
    let (mut one, mut other) = (Store::default(), Store::default());
    row_of(&mut one, 1, &update([live(0, 17, b"")]));
    row_of(&mut other, 1, &update([dead(0, 15, 92)]));
    row_of(&mut other, 2, &update([live(0, 14, b"")]));
    let command = ReadCommand {
        limits: Limits {
            rows: 1,
            rows_per_partition: 1,
            reply_bytes: 0,
            ..UNLIMITED
        },
        ..everything()
    };
    let command = ReadCommand {
        target: ReadTarget::Partition(Bytes::from_static(b"a")),
        ..command
    };
    let mut stores = [one, other];
    let read = read_and_repair(&mut stores, &command);
    let rows: usize = read.iter().map(|partition| partition.rows.len()).sum();
    assert_eq!(rows, 1, "{read:?}");
}

#[test]
fn replicas_that_differ_in_what_a_sweep_did_need_no_repair() {
    let mut stores = [Store::default(), Store::default()];
    for store in &mut stores {
        row_of(store, 1, &update([expiring(0, 10, 10, 90, b"v")]));
    }
    stores[1].sweep(quorate_types::NowInSeconds(95), 0);
    let command = everything();
    let replies = stores.each_ref().map(|store| store.read(&command));
    assert_ne!(replies[0], replies[1]);
    assert_eq!(replies[0].digest(&command), replies[1].digest(&command));
    let merged = merge_replies(&command, &replies).unwrap();
    assert_eq!(merged.repairs, [vec![], vec![]]);
}

#[test]
fn no_replies_are_an_empty_complete_result() {
    let merged = merge_replies(&everything(), &[]).unwrap();
    assert_eq!(merged, MergedRead::default());
}

#[test]
fn a_reply_out_of_order_is_damage() {
    let mut store = Store::default();
    row_of(&mut store, 1, &insert(10, []));
    row_of(&mut store, 2, &insert(10, []));
    let mut reply = store.read(&everything());
    reply.partitions[0].entries.reverse();
    assert!(merge_replies(&everything(), &[reply.clone()]).is_err());
    let reversed = ReadCommand {
        reversed: true,
        ..everything()
    };
    assert!(merge_replies(&reversed, &[reply.clone()]).is_ok());
    reply.partitions.push(reply.partitions[0].clone());
    assert!(merge_replies(&reversed, &[reply]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn merged_replies_are_the_answer_of_a_replica_that_has_everything(
        mutations in any_mutations(), received in vec(any::<u16>(), 1..4),
        command in any_command(), rows_per_partition in prop_oneof![1u32..4, Just(u32::MAX)],
    ) {
        let limits = Limits { rows_per_partition, ..UNLIMITED };
        let command = ReadCommand { limits, ..command };
        let (stores, union) = replicas(&mutations, &received);
        let merged = merged_read(&stores, &command);
        let expected = union.read(&command);
        if merged.reply.stopped_at.is_none() {
            prop_assert_eq!(live_part(&merged.reply, &command), live_part(&expected, &command));
            prop_assert_eq!(merged.reply.digest(&command), expected.digest(&command));
            prop_assert_eq!(merged.live_rows as usize, count(&live_part(&expected, &command)));
        } else {
            prop_assert!(rows_per_partition != u32::MAX);
        }
    }

    #[test]
    fn reading_on_gives_all_there_is_and_leaves_the_replicas_equal(
        mutations in any_mutations(), received in vec(any::<u16>(), 1..4),
        command in any_command(), limits in any_limits(),
    ) {
        let command = ReadCommand { limits, ..command };
        let (mut stores, union) = replicas(&mutations, &received);
        let unlimited = ReadCommand {
            limits: Limits { rows_per_partition: limits.rows_per_partition, ..UNLIMITED },
            ..command.clone()
        };
        let expected = union.read(&unlimited);
        let read = read_and_repair(&mut stores, &command);
        prop_assert_eq!(read, live_part(&expected, &command));
        for store in &stores {
            let repaired = store.read(&unlimited);
            prop_assert_eq!(repaired.digest(&unlimited), expected.digest(&unlimited));
        }
        let replies: Vec<DataReply> = stores.iter().map(|store| store.read(&command)).collect();
        let again = merge_replies(&command, &replies).unwrap();
        prop_assert!(again.repairs.iter().all(Vec::is_empty), "{:?}", again.repairs);
    }

    #[test]
    fn repairs_reach_no_further_than_the_result(
        mutations in any_mutations(), received in vec(any::<u16>(), 2..4),
        command in any_command(), limits in any_limits(),
    ) {
        let command = ReadCommand { limits, ..command };
        let (stores, _) = replicas(&mutations, &received);
        let merged = merged_read(&stores, &command);
        for (key, entries) in merged.repairs.iter().flatten() {
            let mut repair = mutation(key);
            repair.entries.clone_from(entries);
            prop_assert!(Mutation::decode(repair.encode()).is_ok());
            let told = merged.reply.partitions.iter().find(|partition| partition.key == *key);
            for entry in entries {
                let kind = EntryKind::of_suffix(&entry.suffix).unwrap();
                let is_told = told.is_some_and(|told| told.entries.contains(entry));
                prop_assert!(is_told || kind == EntryKind::Header, "{:?}", entry);
            }
        }
    }

    #[test]
    fn one_reply_merges_to_itself(
        mutations in any_mutations(), command in any_command(), limits in any_limits(),
    ) {
        let command = ReadCommand { limits, ..command };
        let reply = Store::of(&mutations).read(&command);
        let merged = merge_replies(&command, &[reply.clone(), reply.clone()]).unwrap();
        prop_assert!(merged.repairs.iter().all(Vec::is_empty));
        if limits.reply_bytes == u32::MAX {
            prop_assert_eq!(merged.live_rows as usize, count(&live_part(&reply, &command)));
        }
        if limits.rows_per_partition == u32::MAX {
            prop_assert_eq!(merged.reply, reply);
        } else {
            prop_assert_eq!(merged.reply.partitions, reply.partitions);
        }
    }

    #[test]
    fn digests_are_equal_exactly_when_contents_are(
        mutations in any_mutations(), received in vec(any::<u16>(), 2), command in any_command(),
        earlier in 0u32..10,
    ) {
        let (mut stores, _) = replicas(&mutations, &received);
        stores[1].sweep(quorate_types::NowInSeconds(command.now.0 - earlier), 0);
        let replies: Vec<DataReply> = stores.iter().map(|store| store.read(&command)).collect();
        let agree = replies[0].digest(&command) == replies[1].digest(&command);
        let contents: Vec<_> = replies.iter().map(|reply| content(reply, &command)).collect();
        prop_assert_eq!(agree, contents[0] == contents[1]);
        let merged = merge_replies(&command, &replies).unwrap();
        prop_assert_eq!(agree, merged.repairs.iter().all(Vec::is_empty), "{:?}", merged.repairs);
    }
}

/// A reply as rows, with what replicas may differ in made equal: dead cells are dead, and nobody
/// knows since when.
fn content(reply: &DataReply, command: &ReadCommand) -> Vec<(Bytes, Bytes, crate::Row)> {
    use crate::CellState;
    let entries = reply.partitions.iter().flat_map(|partition| {
        let entries = partition.entries.iter();
        entries.map(|entry| (partition.key.clone(), entry.clone()))
    });
    let content = entries.map(|(key, entry)| {
        let mut row = crate::Row::decode(&entry.fragment).unwrap();
        for cell in &mut row.cells {
            let is_dead = match cell.state {
                CellState::Live(_) => false,
                CellState::Expiring(_, expiring) => expiring.expiry <= command.now.0,
                CellState::Tombstone { .. } => true,
            };
            if is_dead {
                cell.state = CellState::Tombstone {
                    local_deletion_secs: 0,
                };
            }
        }
        let deletions = row
            .column_deletions
            .iter_mut()
            .map(|(_, deletion)| deletion);
        for deletion in deletions.chain(&mut row.deletion) {
            deletion.local_deletion_secs = 0;
        }
        (key, entry.suffix, row)
    });
    content.collect()
}
