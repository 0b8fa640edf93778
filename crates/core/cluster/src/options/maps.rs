//! The options that are maps: caching, compaction, compression, extensions. Each is checked,
//! completed with its defaults, and kept with full class names.

use super::property;
use crate::Refused;
use std::collections::BTreeMap;

type Map = BTreeMap<String, String>;

const COMPACTION_PACKAGE: &str = "org.apache.cassandra.db.compaction.";
const COMPRESSION_PACKAGE: &str = "org.apache.cassandra.io.compress.";

fn refused<T>(message: String) -> Result<T, Refused> {
    Err(Refused::Config(message))
}

fn map_of<const N: usize>(entries: [(&str, &str); N]) -> Map {
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn default_caching() -> Map {
    map_of([("keys", "ALL"), ("rows_per_partition", "NONE")])
}

pub(super) fn default_compaction() -> Map {
    map_of([
        (
            "class",
            "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy",
        ),
        ("max_threshold", "32"),
        ("min_threshold", "4"),
    ])
}

pub(super) fn default_compression() -> Map {
    map_of([
        ("chunk_length_in_kb", "16"),
        ("class", "org.apache.cassandra.io.compress.LZ4Compressor"),
    ])
}

pub(super) fn caching(given: &Map) -> Result<Map, Refused> {
    let unknown: Vec<&str> = given
        .keys()
        .map(String::as_str)
        .filter(|name| !["keys", "rows_per_partition"].contains(name))
        .collect();
    if !unknown.is_empty() {
        return refused(format!(
            "Invalid caching sub-options [{}]: only 'keys' and 'rows_per_partition' are allowed",
            unknown.join(", ")
        ));
    }
    let mut caching = default_caching();
    if let Some(keys) = given.get("keys") {
        let upper = keys.to_ascii_uppercase();
        if !["ALL", "NONE"].contains(&upper.as_str()) {
            return refused(format!(
                "Invalid value '{keys}' for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed"
            ));
        }
        caching.insert("keys".to_owned(), upper);
    }
    if let Some(rows) = given.get("rows_per_partition") {
        let upper = rows.to_ascii_uppercase();
        let is_count = rows.parse::<i32>().is_ok_and(|count| count >= 0);
        if !is_count && !["ALL", "NONE"].contains(&upper.as_str()) {
            return refused(format!(
                "Invalid value '{rows}' for caching sub-option 'rows_per_partition': only 'ALL', 'NONE', and integer values are allowed"
            ));
        }
        caching.insert("rows_per_partition".to_owned(), upper);
    }
    Ok(caching)
}

/// The sub-options that every compaction class understands.
const COMPACTION_COMMON: [&str; 8] = [
    "class",
    "enabled",
    "log_all",
    "only_purge_repaired_tombstones",
    "provide_overlapping_tombstones",
    "tombstone_compaction_interval",
    "tombstone_threshold",
    "unchecked_tombstone_compaction",
];

/// The classes, and what each understands beyond [`COMPACTION_COMMON`].
const COMPACTION_CLASSES: [(&str, &[&str]); 4] = [
    (
        "SizeTieredCompactionStrategy",
        &[
            "min_threshold",
            "max_threshold",
            "bucket_high",
            "bucket_low",
            "min_sstable_size",
        ],
    ),
    (
        "LeveledCompactionStrategy",
        &[
            "min_threshold",
            "max_threshold",
            "sstable_size_in_mb",
            "fanout_size",
            "single_sstable_uplevel",
        ],
    ),
    (
        "TimeWindowCompactionStrategy",
        &[
            "min_threshold",
            "max_threshold",
            "bucket_high",
            "bucket_low",
            "min_sstable_size",
            "compaction_window_unit",
            "compaction_window_size",
            "timestamp_resolution",
            "expired_sstable_check_frequency_seconds",
            "unsafe_aggressive_sstable_expiration",
        ],
    ),
    (
        "UnifiedCompactionStrategy",
        &[
            "scaling_parameters",
            "target_sstable_size",
            "min_sstable_size",
            "sstable_growth",
            "flush_size_override",
            "base_shard_count",
            "max_sstables_to_compact",
            "expired_sstable_check_frequency_seconds",
            "unsafe_aggressive_sstable_expiration",
            "overlap_inclusion_method",
            "parallelize_output_shards",
        ],
    ),
];

pub(super) fn compaction(given: &Map) -> Result<Map, Refused> {
    let Some(class) = given.get("class") else {
        return refused("Missing sub-option 'class' for the 'compaction' option.".to_owned());
    };
    let short = class.strip_prefix(COMPACTION_PACKAGE).unwrap_or(class);
    let full = format!("{COMPACTION_PACKAGE}{short}");
    let Some((_, understood)) = COMPACTION_CLASSES.iter().find(|(name, _)| *name == short) else {
        let named = if class.contains('.') { class } else { &full };
        return refused(format!(
            "Unable to find compaction strategy class '{named}'"
        ));
    };
    let unknown: Vec<&str> = given
        .keys()
        .map(String::as_str)
        .filter(|name| !COMPACTION_COMMON.contains(name) && !understood.contains(name))
        .collect();
    if !unknown.is_empty() {
        return refused(format!(
            "Properties specified [{}] are not understood by {short}",
            unknown.join(", ")
        ));
    }
    let mut compaction = given.clone();
    compaction.insert("class".to_owned(), full);
    if understood.contains(&"min_threshold") {
        for (name, value) in [("min_threshold", "4"), ("max_threshold", "32")] {
            compaction
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
        check_thresholds(&compaction)?;
    }
    check_overlapping_tombstones(&compaction)?;
    Ok(compaction)
}

fn check_thresholds(compaction: &Map) -> Result<(), Refused> {
    let threshold = |name: &str| {
        let text = compaction.get(name).map_or("", String::as_str);
        text.parse::<i32>().or_else(|_| {
            refused(format!(
                "Invalid value {text} for '{name}' compaction sub-option - must be an integer"
            ))
        })
    };
    let min = threshold("min_threshold")?;
    let max = threshold("max_threshold")?;
    if min <= 0 || max <= 0 {
        return refused(
            "Disabling compaction by setting compaction thresholds to 0 has been removed, set the compaction option 'enabled' to false instead.".to_owned(),
        );
    }
    if min < 2 {
        return refused(format!(
            "Min compaction threshold cannot be less than 2 (got {min})"
        ));
    }
    if min > max {
        return refused(format!(
            "Min compaction threshold (got {min}) cannot be greater than max compaction threshold (got {max})"
        ));
    }
    Ok(())
}

fn check_overlapping_tombstones(compaction: &Map) -> Result<(), Refused> {
    let Some(value) = compaction.get("provide_overlapping_tombstones") else {
        return Ok(());
    };
    if ["NONE", "ROW", "CELL"].contains(&value.to_ascii_uppercase().as_str()) {
        return Ok(());
    }
    refused(format!(
        "Invalid value {value} for 'provide_overlapping_tombstones' compaction sub-option - must be one of the following [NONE, ROW, CELL]."
    ))
}

const COMPRESSION_CLASSES: [&str; 5] = [
    "DeflateCompressor",
    "LZ4Compressor",
    "NoopCompressor",
    "SnappyCompressor",
    "ZstdCompressor",
];

/// What a compressor may be given beside `class`.
const COMPRESSION_OPTIONS: [&str; 6] = [
    "chunk_length_in_kb",
    "compression_level",
    "crc_check_chance",
    "lz4_compressor_type",
    "lz4_high_compressor_level",
    "min_compress_ratio",
];

pub(super) fn compression(given: &Map) -> Result<Map, Refused> {
    if given.is_empty() {
        return refused(
            "The 'compression' option must not be empty. To disable compression use 'enabled' : false".to_owned(),
        );
    }
    let mut compression = given.clone();
    if let Some(enabled) = compression.remove("enabled")
        && !property::Property::quoted(enabled).boolean("enabled")?
    {
        if !compression.is_empty() {
            return refused(
                "If the 'enabled' option is set to false no other options must be specified"
                    .to_owned(),
            );
        }
        return Ok(map_of([("enabled", "false")]));
    }
    let Some(class) = compression.get("class").filter(|class| !class.is_empty()) else {
        return refused("Missing sub-option 'class' for the 'compression' option.".to_owned());
    };
    let short = class
        .strip_prefix(COMPRESSION_PACKAGE)
        .unwrap_or(class)
        .to_owned();
    if !COMPRESSION_CLASSES.contains(&short.as_str()) {
        return refused(format!("Could not create Compression for type {class}"));
    }
    let unknown: Vec<&str> = compression
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "class" && !COMPRESSION_OPTIONS.contains(name))
        .collect();
    if !unknown.is_empty() {
        return refused(format!(
            "Unknown compression options [{}]",
            unknown.join(", ")
        ));
    }
    compression.insert("class".to_owned(), format!("{COMPRESSION_PACKAGE}{short}"));
    compression
        .entry("chunk_length_in_kb".to_owned())
        .or_insert_with(|| "16".to_owned());
    check_compression_numbers(&compression)?;
    Ok(compression)
}

fn check_compression_numbers(compression: &Map) -> Result<(), Refused> {
    if let Some(text) = compression.get("chunk_length_in_kb") {
        let Ok(length) = text.parse::<i32>() else {
            return refused("Invalid value for chunk_length_in_kb".to_owned());
        };
        if length <= 0 {
            return refused("Invalid negative or null chunk_length_in_kb".to_owned());
        }
        if length > i32::MAX / 1024 {
            return refused(format!("Value of chunk_length_in_kb is too large ({text})"));
        }
        if !length.cast_unsigned().is_power_of_two() {
            return refused("chunk_length_in_kb must be a power of 2".to_owned());
        }
    }
    if let Some(text) = compression.get("min_compress_ratio") {
        let ratio = property::Property::quoted(text.as_str()).number("min_compress_ratio")?;
        if ratio < 0.0 {
            return refused("Invalid negative min_compress_ratio".to_owned());
        }
        if ratio > 0.0 && ratio < 1.0 {
            return refused(
                "min_compress_ratio can either be 0 or greater than or equal to 1".to_owned(),
            );
        }
    }
    Ok(())
}

pub(super) fn extensions(given: &Map) -> Result<BTreeMap<String, Vec<u8>>, Refused> {
    given
        .iter()
        .map(|(name, text)| match property::bytes_of_hex(text) {
            Some(bytes) => Ok((name.clone(), bytes)),
            None => refused(format!(
                "Invalid value '{text}' for extension '{name}': expected a blob (0x…)"
            )),
        })
        .collect()
}
