//! Commands, replies and positions survive their bytes.

use super::*;
use crate::fragment::samples::*;
use crate::key::row_suffix;
use crate::partition::world::*;
use proptest::collection::vec;
use proptest::prelude::*;

const FORMAT: &str = include_str!("../../../../../../docs/formats/read-reply.md");

fn position() -> Position {
    Position {
        token: Token::of_key(b"a"),
        key: Bytes::from_static(b"a"),
        suffix: row_suffix(&[0x38]),
        rows_seen: 1,
    }
}

#[test]
fn the_worked_examples_are_our_bytes() {
    let command = ReadCommand {
        table: TableId(Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10)),
        epoch: Epoch(300),
        now: NowInSeconds(1_700_000_060),
        purge_before_secs: 1_699_136_060,
        target: ReadTarget::Partition(Bytes::from_static(b"a")),
        slices: vec![Slice::everything()],
        reversed: false,
        limits: Limits {
            rows: 100,
            rows_per_partition: u32::MAX,
            reply_bytes: 1 << 20,
            tombstones: 100_000,
        },
        after: None,
    };
    let bytes = command.encode();
    assert_eq!(bytes, example(FORMAT, "command"), "{:02x?}", &bytes[..]);
    assert_eq!(ReadCommand::decode(bytes), Ok(command.clone()));
    let at = 1_700_000_000_000_000;
    let reply = DataReply {
        partitions: vec![PartitionData {
            key: Bytes::from_static(b"a"),
            entries: vec![Entry {
                suffix: row_suffix(&[0x38]),
                fragment: insert(at, [live(3, at, b"blue")]).encode(),
            }],
        }],
        stopped_at: Some(position()),
    };
    let bytes = reply.encode();
    assert_eq!(bytes, example(FORMAT, "reply"), "{:02x?}", &bytes[..]);
    assert_eq!(DataReply::decode(bytes), Ok(reply.clone()));
    let bytes = position().encode();
    assert_eq!(bytes, example(FORMAT, "position"), "{:02x?}", &bytes[..]);
    assert_eq!(Position::decode(bytes), Ok(position()));
    let digest = reply.digest(&command);
    assert_eq!(
        digest.encode()[..],
        example(FORMAT, "digest"),
        "{digest:02x?}"
    );
    assert_eq!(RowDigest::decode(&digest.encode()), Ok(digest));
}

#[test]
fn slices_that_overlap_or_descend_are_refused_and_empty_ones_are_not_sent() {
    let bound = |byte: u8, inclusive| Bound::starting(&framed(&[byte]), inclusive);
    let slice = |from: u8, to: u8| Slice {
        start: bound(from, true),
        end: bound(to, true),
    };
    let decode = |slices: Vec<Slice>| {
        let command = ReadCommand {
            slices,
            ..everything()
        };
        ReadCommand::decode(command.encode())
    };
    assert!(decode(vec![slice(1, 2), slice(2, 3)]).is_ok());
    assert!(decode(vec![slice(1, 3), slice(2, 4)]).is_err());
    assert!(decode(vec![slice(2, 3), slice(1, 2)]).is_err());
    assert_eq!(decode(vec![slice(2, 1)]).unwrap().slices, []);
}

proptest! {
    #[test]
    fn messages_survive_their_bytes_and_truncations_are_refused(
        mutations in any_mutations(), command in any_command(), limits in any_limits(),
    ) {
        let command = ReadCommand { limits, after: Some(position()), ..command };
        let bytes = command.encode();
        prop_assert_eq!(&ReadCommand::decode(bytes.clone()).unwrap(), &command);
        for length in 0..bytes.len() {
            prop_assert!(ReadCommand::decode(bytes.slice(..length)).is_err());
        }
        let reply = crate::partition::read(&Store::of(&mutations), &command).unwrap();
        let bytes = reply.encode();
        prop_assert_eq!(&DataReply::decode(bytes.clone()).unwrap(), &reply);
        for length in 0..bytes.len() {
            prop_assert!(DataReply::decode(bytes.slice(..length)).is_err());
        }
    }

    #[test]
    fn no_bytes_make_decoding_or_what_follows_it_panic(
        mutations in any_mutations(), command in any_command(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        random in vec(any::<u8>(), 0..30),
    ) {
        let changed = |bytes: Bytes| {
            let mut bytes = bytes.to_vec();
            for (index, byte) in &changes {
                let index = index.index(bytes.len());
                bytes[index] = *byte;
            }
            Bytes::from(bytes)
        };
        let store = Store::of(&mutations);
        let reply = store.read(&command);
        let messages = [random, vec![VERSION; 1]].map(Bytes::from);
        for bytes in messages.into_iter().chain([changed(command.encode())]) {
            let _ = Position::decode(bytes.clone());
            let _ = RowDigest::decode(&bytes);
            if let Ok(command) = ReadCommand::decode(bytes) {
                let _ = crate::partition::read(&store, &command);
                let _ = crate::read::merge_replies(&command, std::slice::from_ref(&reply));
            }
        }
        if let Ok(damaged) = DataReply::decode(changed(reply.encode())) {
            let _ = damaged.digest(&command);
            let _ = crate::read::merge_replies(&command, &[damaged.clone(), reply]);
            for partition in &damaged.partitions {
                let _ = crate::read::live_rows(partition, command.now);
            }
        }
    }
}
