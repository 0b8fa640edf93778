//! The examples of `docs/formats/commitlog.md` are what this program writes.

use crate::disk::simulated::SimulatedDisk;
use crate::{CommitLog, LogConfig, RecordFileReader, RecordFileWriter};
use std::sync::Arc;

const DOCUMENT: &str = include_str!("../../../../docs/formats/commitlog.md");

/// The bytes of the fenced block that is marked `hex <name>`. What follows `;` is remark.
fn example(name: &str) -> Vec<u8> {
    let fence = format!("```hex {name}\n");
    let (_, rest) = DOCUMENT
        .split_once(&fence)
        .expect("the document has the example");
    let (block, _) = rest.split_once("```").unwrap();
    let digits: String = block
        .lines()
        .flat_map(|line| line.split(';').next().unwrap().chars())
        .filter(|char| !char.is_whitespace())
        .collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 256,
        ..LogConfig::new("/simulated")
    }
}

#[test]
fn the_segment_of_the_document_is_what_the_log_writes() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = CommitLog::open_on(Arc::new(disk.clone()), config(), false).unwrap();
    log.append(b"hello").unwrap();
    log.sync().unwrap();
    log.append(b"log").unwrap();
    log.write_buffered().unwrap();
    drop(log);
    // Opening again finds one record, closes the segment and names the next one.
    let (mut log, _) = CommitLog::open_on(Arc::new(disk.clone()), config(), false).unwrap();
    assert_eq!(log.append(b"!").unwrap().segment, 2);
    let bytes = disk.content("segment-00000000000000000001.log");
    let expected = example("segment");
    assert_eq!(hex(&bytes[..expected.len()]), hex(&expected));
    assert!(bytes[expected.len()..].iter().all(|byte| *byte == 0));
}

#[test]
fn the_segment_of_the_document_is_replayed() {
    let disk = SimulatedDisk::default();
    crate::disk::Disk::create(&disk, "segment-00000000000000000001.log").unwrap();
    crate::disk::Disk::create(&disk, "segment-00000000000000000002.log").unwrap();
    disk.set_content("segment-00000000000000000001.log", &example("segment"));
    disk.set_content("segment-00000000000000000002.log", &example("successor"));
    let (_, replay) = CommitLog::open_on(Arc::new(disk), config(), false).unwrap();
    let records: Vec<_> = replay
        .map(Result::unwrap)
        .map(|r| (r.position.to_string(), r.payload))
        .collect();
    let expected = [("1:24", &b"hello"[..]), ("1:57", b"log"), ("2:24", b"!")];
    assert!(
        records
            .iter()
            .map(|(at, payload)| (at.as_str(), &payload[..]))
            .eq(expected)
    );
}

#[test]
fn the_record_file_of_the_document_is_what_is_written_and_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hints");
    let mut writer = RecordFileWriter::create(&path, 9).unwrap();
    writer.append(b"hint").unwrap();
    writer.sync().unwrap();
    assert_eq!(
        hex(&std::fs::read(&path).unwrap()),
        hex(&example("record file"))
    );
    let mut reader = RecordFileReader::open(&path).unwrap();
    assert_eq!(
        reader.next().unwrap().unwrap(),
        (40, bytes::Bytes::from_static(b"hint"))
    );
}
