//! Every option's text, range and refusal.

use super::*;
use crate::testing;
use std::time::Duration;

fn with(name: &str, text: &str) -> Result<TableOptions, Refused> {
    TableOptions::default().with(&testing::properties(&[(name, text)]))
}

fn with_map(name: &str, map: &[(&str, &str)]) -> Result<TableOptions, Refused> {
    let map = Property::Map(testing::texts(map));
    TableOptions::default().with(&BTreeMap::from([(name.to_owned(), map)]))
}

fn refused(result: Result<TableOptions, Refused>) -> String {
    let refused = result.expect_err("it should be refused");
    format!("{:#06x} {refused}", refused.cql_code())
}

#[test]
fn constants_out_of_range_are_refused_with_their_range() {
    for (name, text, expected) in [
        (
            "bloom_filter_fp_chance",
            "0",
            "0x2300 bloom_filter_fp_chance must be larger than 0.0000671 and less than or equal to 1.0 (got 0.0)",
        ),
        (
            "bloom_filter_fp_chance",
            "1.5",
            "0x2300 bloom_filter_fp_chance must be larger than 0.0000671 and less than or equal to 1.0 (got 1.5)",
        ),
        (
            "crc_check_chance",
            "-1",
            "0x2300 crc_check_chance must be larger than or equal to 0 and smaller than or equal to 1.0 (got -1.0)",
        ),
        (
            "default_time_to_live",
            "-1",
            "0x2300 default_time_to_live must be greater than or equal to 0 (got -1)",
        ),
        (
            "default_time_to_live",
            "630720001",
            "0x2300 default_time_to_live must be less than or equal to 630720000 (got 630720001)",
        ),
        (
            "gc_grace_seconds",
            "-5",
            "0x2300 gc_grace_seconds must be greater than or equal to 0 (got -5)",
        ),
        (
            "min_index_interval",
            "0",
            "0x2300 min_index_interval must be greater than or equal to 1 (got 0)",
        ),
        (
            "max_index_interval",
            "100",
            "0x2300 max_index_interval must be greater than or equal to min_index_interval (128) (got 100)",
        ),
        (
            "memtable_flush_period_in_ms",
            "-1",
            "0x2300 memtable_flush_period_in_ms must be greater than or equal to 0 (got -1)",
        ),
        (
            "memtable",
            "huge",
            "0x2300 Memtable configuration \"huge\" not found.",
        ),
        (
            "read_repair",
            "maybe",
            "0x2300 Invalid value maybe for read_repair - must be one of [NONE, BLOCKING]",
        ),
        (
            "speculative_retry",
            "soon",
            "0x2300 Invalid Speculative Retry Policy [soon]",
        ),
        (
            "cdc",
            "true",
            "0x2300 cdc cannot be enabled: change data capture is not supported",
        ),
        (
            "gc_grace_seconds",
            "ten",
            "0x2000 Invalid integer value ten for 'gc_grace_seconds'",
        ),
        (
            "crc_check_chance",
            "NaN",
            "0x2000 Invalid double value NaN for 'crc_check_chance'",
        ),
        (
            "cdc",
            "2",
            "0x2000 Invalid boolean value 2 for 'cdc'. Positive values can be '1', 'true' or 'yes'. Negative values can be '0', 'false' or 'no'.",
        ),
        (
            "caching",
            "x",
            "0x2000 Invalid value for property 'caching'. It should be a map.",
        ),
        (
            "dclocal_read_repair_chance",
            "0.1",
            "0x2000 Unknown property 'dclocal_read_repair_chance'",
        ),
    ] {
        assert_eq!(refused(with(name, text)), expected);
    }
    assert_eq!(
        refused(with_map("comment", &[("a", "b")])),
        "0x2000 Invalid value for property 'comment'. It should be a string"
    );
}

#[test]
fn constants_in_range_are_kept() {
    let options = with("default_time_to_live", "630720000").unwrap();
    assert_eq!(options.default_time_to_live, DEFAULT_TIME_TO_LIVE_SECS_MAX);
    assert!(
        !with("incremental_backups", "No")
            .unwrap()
            .incremental_backups
    );
    assert_eq!(
        with("read_repair", "none").unwrap().read_repair,
        ReadRepair::None
    );
    assert!((with("crc_check_chance", ".5").unwrap().crc_check_chance - 0.5).abs() < 1e-9);
}

#[test]
fn speculative_retry_reads_every_form() {
    let millis = Duration::from_millis;
    for (text, policy, canonical) in [
        ("NONE", SpeculativeRetryPolicy::Never, "NEVER"),
        ("never", SpeculativeRetryPolicy::Never, "NEVER"),
        ("always", SpeculativeRetryPolicy::Always, "ALWAYS"),
        ("99p", SpeculativeRetryPolicy::Percentile(99.0), "99p"),
        (
            "99.5PERCENTILE",
            SpeculativeRetryPolicy::Percentile(99.5),
            "99.5p",
        ),
        ("10ms", SpeculativeRetryPolicy::Fixed(millis(10)), "10ms"),
        (
            "0.25ms",
            SpeculativeRetryPolicy::Fixed(Duration::from_micros(250)),
            "0.25ms",
        ),
        (
            "min(99p, 50ms)",
            SpeculativeRetryPolicy::Min {
                percentile: 99.0,
                fixed: millis(50),
            },
            "MIN(99p,50ms)",
        ),
        (
            "MAX(50MS,90P)",
            SpeculativeRetryPolicy::Max {
                percentile: 90.0,
                fixed: millis(50),
            },
            "MAX(90p,50ms)",
        ),
    ] {
        let read = SpeculativeRetry::parse(text).unwrap();
        assert_eq!((read.policy(), read.text()), (policy, canonical));
        assert_eq!(SpeculativeRetry::parse(canonical), Ok(read));
    }
    for text in [
        "",
        "p",
        "ms",
        "101p",
        "-1ms",
        "MIN(99p)",
        "MIN(99p,98p)",
        "1e3ms",
        "infp",
        "..ms",
        "99999999999999999999ms",
    ] {
        assert!(SpeculativeRetry::parse(text).is_err(), "{text}");
    }
}

#[test]
fn compaction_is_completed_and_checked() {
    let compaction = |map: &[(&str, &str)]| with_map("compaction", map);
    let leveled = compaction(&[("class", "LeveledCompactionStrategy")])
        .unwrap()
        .compaction;
    assert_eq!(
        leveled["class"],
        "org.apache.cassandra.db.compaction.LeveledCompactionStrategy"
    );
    assert_eq!(leveled["max_threshold"], "32");
    let unified = [(
        "class",
        "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy",
    )];
    assert_eq!(compaction(&unified).unwrap().compaction.len(), 1);
    let tiered = |name: &'static str, value: &'static str| {
        compaction(&[("class", "SizeTieredCompactionStrategy"), (name, value)])
    };
    for (result, expected) in [
        (
            compaction(&[]),
            "Missing sub-option 'class' for the 'compaction' option.",
        ),
        (
            compaction(&[("class", "Foo")]),
            "Unable to find compaction strategy class 'org.apache.cassandra.db.compaction.Foo'",
        ),
        (
            compaction(&[("class", "a.b.Foo")]),
            "Unable to find compaction strategy class 'a.b.Foo'",
        ),
        (
            tiered("speed", "9"),
            "Properties specified [speed] are not understood by SizeTieredCompactionStrategy",
        ),
        (
            tiered("min_threshold", "x"),
            "Invalid value x for 'min_threshold' compaction sub-option - must be an integer",
        ),
        (
            tiered("max_threshold", "0"),
            "Disabling compaction by setting compaction thresholds to 0 has been removed, set the compaction option 'enabled' to false instead.",
        ),
        (
            tiered("min_threshold", "1"),
            "Min compaction threshold cannot be less than 2 (got 1)",
        ),
        (
            tiered("min_threshold", "33"),
            "Min compaction threshold (got 33) cannot be greater than max compaction threshold (got 32)",
        ),
        (
            tiered("provide_overlapping_tombstones", "all"),
            "Invalid value all for 'provide_overlapping_tombstones' compaction sub-option - must be one of the following [NONE, ROW, CELL].",
        ),
    ] {
        assert_eq!(refused(result), format!("0x2300 {expected}"));
    }
}

#[test]
fn compression_is_completed_and_checked() {
    let compression = |map: &[(&str, &str)]| with_map("compression", map);
    let zstd = compression(&[("class", "ZstdCompressor"), ("compression_level", "3")]).unwrap();
    assert_eq!(zstd.compression["chunk_length_in_kb"], "16");
    let off = compression(&[("enabled", "false")]).unwrap();
    assert_eq!(off.compression, testing::texts(&[("enabled", "false")]));
    let on = compression(&[("enabled", "true"), ("class", "LZ4Compressor")]).unwrap();
    assert_eq!(on, TableOptions::default());
    let lz4 = |name: &'static str, value: &'static str| {
        compression(&[("class", "LZ4Compressor"), (name, value)])
    };
    for (result, expected) in [
        (
            compression(&[]),
            "The 'compression' option must not be empty. To disable compression use 'enabled' : false",
        ),
        (
            compression(&[("chunk_length_in_kb", "4")]),
            "Missing sub-option 'class' for the 'compression' option.",
        ),
        (
            compression(&[("enabled", "false"), ("class", "LZ4Compressor")]),
            "If the 'enabled' option is set to false no other options must be specified",
        ),
        (
            compression(&[("class", "Zip")]),
            "Could not create Compression for type Zip",
        ),
        (lz4("speed", "9"), "Unknown compression options [speed]"),
        (
            lz4("chunk_length_in_kb", "x"),
            "Invalid value for chunk_length_in_kb",
        ),
        (
            lz4("chunk_length_in_kb", "-4"),
            "Invalid negative or null chunk_length_in_kb",
        ),
        (
            lz4("chunk_length_in_kb", "12"),
            "chunk_length_in_kb must be a power of 2",
        ),
        (
            lz4("chunk_length_in_kb", "4194304"),
            "Value of chunk_length_in_kb is too large (4194304)",
        ),
        (
            lz4("min_compress_ratio", "-1"),
            "Invalid negative min_compress_ratio",
        ),
        (
            lz4("min_compress_ratio", "0.5"),
            "min_compress_ratio can either be 0 or greater than or equal to 1",
        ),
    ] {
        assert_eq!(refused(result), format!("0x2300 {expected}"));
    }
}

#[test]
fn caching_is_completed_and_checked() {
    let caching = |map: &[(&str, &str)]| with_map("caching", map);
    let given = caching(&[("rows_per_partition", "10")]).unwrap().caching;
    assert_eq!(
        given,
        testing::texts(&[("keys", "ALL"), ("rows_per_partition", "10")])
    );
    for (result, expected) in [
        (
            caching(&[("a", "1"), ("b", "1")]),
            "Invalid caching sub-options [a, b]: only 'keys' and 'rows_per_partition' are allowed",
        ),
        (
            caching(&[("keys", "5")]),
            "Invalid value '5' for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed",
        ),
        (
            caching(&[("rows_per_partition", "few")]),
            "Invalid value 'few' for caching sub-option 'rows_per_partition': only 'ALL', 'NONE', and integer values are allowed",
        ),
    ] {
        assert_eq!(refused(result), format!("0x2300 {expected}"));
    }
}

#[test]
fn extensions_are_blobs() {
    let options = with_map("extensions", &[("a", "0xCAFE"), ("b", "0x")]).unwrap();
    assert_eq!(options.extensions["a"], [0xca, 0xfe]);
    assert!(options.extensions["b"].is_empty());
    for text in ["cafe", "0xcaf", "0xzz", "0xé"] {
        assert!(with_map("extensions", &[("a", text)]).is_err(), "{text}");
    }
}
