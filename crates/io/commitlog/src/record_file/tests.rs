//! Record files: round trip, torn, flipped, read while they grow.

use super::*;
use proptest::prelude::*;
use std::fs;
use tempfile::TempDir;

type Read = Vec<Result<(u64, Bytes), (u64, u64)>>;

struct Scratch {
    directory: TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("hints")
    }

    /// Writes records; returns the offset after each.
    fn write(&self, payloads: &[&[u8]]) -> Vec<u64> {
        let mut writer = RecordFileWriter::create(self.path(), 77).unwrap();
        let ends = payloads
            .iter()
            .map(|payload| writer.append(payload).unwrap())
            .collect();
        writer.sync().unwrap();
        assert_eq!(fs::metadata(self.path()).unwrap().len(), writer.bytes());
        ends
    }

    /// Everything a reader says, and the torn tail.
    fn read(&self) -> (Read, Option<u64>) {
        let mut reader = RecordFileReader::open(self.path()).unwrap();
        let read = reader
            .by_ref()
            .map(|item| match item {
                Ok(record) => Ok(record),
                Err(RecordFileError::Damaged {
                    offset, resumes_at, ..
                }) => Err((offset, resumes_at)),
                Err(other) => panic!("{other}"),
            })
            .collect();
        (read, reader.torn_tail())
    }
}

const PAYLOADS: [&[u8]; 4] = [b"one", b"a second record", b"3", b"and the last"];

fn expected(ends: &[u64]) -> Read {
    let payloads = PAYLOADS.iter().map(|payload| Bytes::from_static(payload));
    ends.iter().copied().zip(payloads).map(Ok).collect()
}

#[test]
fn records_are_read_back_from_any_offset_a_reader_returned() {
    let scratch = Scratch::new();
    let ends = scratch.write(&PAYLOADS);
    assert_eq!(scratch.read(), (expected(&ends), None));
    let mut reader = RecordFileReader::open(scratch.path()).unwrap();
    assert_eq!(reader.id(), 77);
    for (index, end) in ends.iter().enumerate() {
        reader.seek(*end);
        assert_eq!(
            reader.next().map(Result::unwrap),
            expected(&ends)
                .into_iter()
                .nth(index + 1)
                .map(Result::unwrap)
        );
    }
}

#[test]
fn an_existing_file_is_not_overwritten_and_bad_records_are_refused() {
    let scratch = Scratch::new();
    let mut writer = RecordFileWriter::create(scratch.path(), 1).unwrap();
    assert!(matches!(
        writer.append(b""),
        Err(RecordFileError::RecordBytes { bytes: 0, .. })
    ));
    let again = RecordFileWriter::create(scratch.path(), 1);
    assert!(matches!(
        again,
        Err(RecordFileError::Io {
            action: "create",
            ..
        })
    ));
}

#[test]
fn a_file_cut_at_every_byte_reads_as_the_exact_prefix() {
    let scratch = Scratch::new();
    let ends = scratch.write(&PAYLOADS);
    let whole = fs::read(scratch.path()).unwrap();
    for cut in 0..whole.len() {
        fs::write(scratch.path(), &whole[..cut]).unwrap();
        if cut < HEADER_BYTES as usize {
            let opened = RecordFileReader::open(scratch.path());
            assert!(matches!(opened, Err(RecordFileError::Header { .. })));
            continue;
        }
        let kept: Vec<_> = ends
            .iter()
            .copied()
            .filter(|end| *end <= cut as u64)
            .collect();
        let last = kept.last().copied().unwrap_or(u64::from(HEADER_BYTES));
        let torn = (last < cut as u64).then_some(last);
        assert_eq!(scratch.read(), (expected(&kept), torn));
    }
}

#[test]
fn every_flipped_bit_costs_one_record_which_is_named() {
    let scratch = Scratch::new();
    let ends = scratch.write(&PAYLOADS);
    let whole = fs::read(scratch.path()).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(scratch.path(), &flipped).unwrap();
        if bit / 8 < HEADER_BYTES as usize {
            assert!(RecordFileReader::open(scratch.path()).is_err());
            continue;
        }
        let hit = ends.iter().position(|end| bit as u64 / 8 < *end).unwrap();
        let start = hit
            .checked_sub(1)
            .map_or(u64::from(HEADER_BYTES), |before| ends[before]);
        let mut left = expected(&ends);
        if hit == 3 {
            left.pop();
            assert_eq!(scratch.read(), (left, Some(start)));
        } else {
            left[hit] = Err((start, ends[hit]));
            assert_eq!(scratch.read(), (left, None), "L10");
        }
    }
}

#[test]
fn a_reader_sees_what_is_written_after_it_reached_the_end() {
    let scratch = Scratch::new();
    let mut writer = RecordFileWriter::create(scratch.path(), 1).unwrap();
    let mut reader = RecordFileReader::open(scratch.path()).unwrap();
    for number in 0..50u32 {
        assert!(reader.next().is_none());
        writer.append(&number.to_be_bytes()).unwrap();
        writer.write_buffered().unwrap();
        assert_eq!(reader.next().unwrap().unwrap().1[..], number.to_be_bytes());
    }
}

#[test]
fn a_record_larger_than_the_window_is_read() {
    let scratch = Scratch::new();
    let large = vec![7; 3 * WINDOW_BYTES + 5];
    scratch.write(&[b"a", &large, b"b"]);
    let (read, torn) = scratch.read();
    assert_eq!(read[1].as_ref().unwrap().1, large);
    assert_eq!((read.len(), torn), (3, None));
}

#[test]
fn a_segment_of_the_log_is_no_record_file() {
    let scratch = Scratch::new();
    fs::write(
        scratch.path(),
        frame::encode_header(frame::SEGMENT_MAGIC, 1),
    )
    .unwrap();
    assert!(matches!(
        RecordFileReader::open(scratch.path()),
        Err(RecordFileError::Header { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn garbage_behind_a_header_is_never_a_record(
        garbage in proptest::collection::vec(any::<u8>(), 0..300),
        seek in 0u64..400,
    ) {
        let scratch = Scratch::new();
        let bytes = [frame::encode_header(RECORD_FILE_MAGIC, 3), garbage].concat();
        fs::write(scratch.path(), bytes).unwrap();
        let mut reader = RecordFileReader::open(scratch.path()).unwrap();
        reader.seek(seek);
        prop_assert!(reader.next().is_none());
    }
}
