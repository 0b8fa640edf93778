//! RocksDB as we set it up: options, the merge operator, the reserved position key.
//!
//! Decides nothing about rows: the merge is `quorate_data`'s. Everything that depends on how
//! RocksDB behaves is here or in [`crate::pairs`].
//!
//! ```text
//! key in a column family                        value
//! 00                                            log position (12)
//! token (8) · 40 · partition key · 38 · suffix  row fragment
//! ```

use crate::MemorySettings;
use quorate_cluster::TableSchema;
use quorate_commitlog::LogPosition;
use quorate_data::reconcile::merge_or_quarantine;
use rocksdb::BlockBasedOptions;
use rocksdb::BoundColumnFamily;
use rocksdb::Cache;
use rocksdb::DB;
use rocksdb::DBCompressionType;
use rocksdb::DataBlockIndexType;
use rocksdb::MergeOperands;
use rocksdb::Options;
use rocksdb::ReadOptions;
use rocksdb::ReadTier;
use rocksdb::SliceTransform;
use rocksdb::WriteBufferManager;
use rocksdb::WriteOptions;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;

/// Where a column family says up to which log position its entries go. Shorter than a token, so no
/// entry has this key, and before every entry.
pub(crate) const POSITION_KEY: [u8; 1] = [0];
/// After [`POSITION_KEY`] and before or at every entry.
pub(crate) const ENTRIES_START: [u8; 2] = [0, 0];
/// Bytes of a token, by which prefix filters go.
pub(crate) const PREFIX_BYTES: usize = 8;

/// The name is stored in the database: a change of it is a change of format.
const MERGE_OPERATOR: &str = "quorate.rows.1";

/// What all column families share.
pub(crate) struct Shared {
    cache: Cache,
    write_buffers: WriteBufferManager,
    write_buffer_bytes: usize,
}

impl Shared {
    pub(crate) fn new(memory: &MemorySettings) -> Self {
        Self {
            cache: Cache::new_hyper_clock_cache(memory.block_cache_bytes, 0),
            write_buffers: WriteBufferManager::new_write_buffer_manager(
                memory.write_buffer_bytes,
                false,
            ),
            write_buffer_bytes: memory.write_buffer_bytes,
        }
    }

    /// Options of the database itself.
    pub(crate) fn database_options(&self) -> Options {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_write_buffer_manager(&self.write_buffers);
        let cores = thread::available_parallelism().map_or(2, usize::from);
        options.set_max_background_jobs(i32::try_from(cores.clamp(2, 8)).unwrap_or(2));
        // One thread writes, with merges: parallel insertion would only cost.
        options.set_allow_concurrent_memtable_write(false);
        options.set_enable_write_thread_adaptive_yield(false);
        // The commit log has what memtables hold. Closing flushes by itself, table by table.
        options.set_avoid_flush_during_shutdown(true);
        options.set_bytes_per_sync(1 << 20);
        options.set_max_open_files(512);
        options.set_keep_log_file_num(3);
        options.set_max_log_file_size(4 << 20);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        options
    }

    /// Options of a table's column family.
    pub(crate) fn family_options(&self, schema: Option<&TableSchema>) -> Options {
        let mut options = Options::default();
        options.set_merge_operator(MERGE_OPERATOR, merge_full, merge_partial);
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(PREFIX_BYTES));
        options.set_write_buffer_size((self.write_buffer_bytes / 2).clamp(1 << 16, 64 << 20));
        options.set_max_write_buffer_number(4);
        // An idle table costs one of these.
        options.set_arena_block_size(64 << 10);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_target_file_size_base(32 << 20);
        let (compression, bottommost) = compression(schema);
        options.set_compression_type(compression);
        options.set_bottommost_compression_type(bottommost);
        options.set_block_based_table_factory(&self.block_options(schema));
        options
    }

    fn block_options(&self, schema: Option<&TableSchema>) -> BlockBasedOptions {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&self.cache);
        blocks.set_block_size(8 << 10);
        blocks.set_format_version(6);
        blocks.set_cache_index_and_filter_blocks(true);
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
        blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
        blocks.set_data_block_hash_ratio(0.75);
        if let Some(bits) = bloom_bits_per_key(schema) {
            blocks.set_bloom_filter(bits, false);
        }
        blocks
    }
}

/// Bits that give the false positive rate the table asks for.
fn bloom_bits_per_key(schema: Option<&TableSchema>) -> Option<f64> {
    let chance = schema.map_or(0.01, |schema| schema.options.bloom_filter_fp_chance);
    if chance >= 1.0 {
        return None;
    }
    let bits = -chance.max(1e-9).log2() * std::f64::consts::LOG2_E;
    Some(bits.ceil().clamp(1.0, 24.0))
}

/// LZ4, and ZSTD at the bottom, unless the table wants none.
fn compression(schema: Option<&TableSchema>) -> (DBCompressionType, DBCompressionType) {
    let disabled = schema.is_some_and(|schema| {
        let compression = &schema.options.compression;
        compression
            .get("enabled")
            .is_some_and(|enabled| enabled.eq_ignore_ascii_case("false"))
    });
    if disabled {
        (DBCompressionType::None, DBCompressionType::None)
    } else {
        (DBCompressionType::Lz4, DBCompressionType::Zstd)
    }
}

/// Names and values for `set_options`: what of [`Shared::family_options`] can change while open.
pub(crate) fn changeable_options(schema: &TableSchema) -> [(&'static str, &'static str); 2] {
    let name = |compression| match compression {
        DBCompressionType::Lz4 => "kLZ4Compression",
        DBCompressionType::Zstd => "kZSTD",
        _ => "kNoCompression",
    };
    let (compression, bottommost) = compression(Some(schema));
    [
        ("compression", name(compression)),
        ("bottommost_compression", name(bottommost)),
    ]
}

fn merge_full(_key: &[u8], existing: Option<&[u8]>, operands: &MergeOperands) -> Option<Vec<u8>> {
    merge(existing, operands)
}

fn merge_partial(_key: &[u8], _: Option<&[u8]>, operands: &MergeOperands) -> Option<Vec<u8>> {
    merge(None, operands)
}

/// A panic must not cross into C++, and a wrong merge must not be written: should the merge panic,
/// RocksDB is told that it failed, keeps every operand and stops writing.
fn merge(existing: Option<&[u8]>, operands: &MergeOperands) -> Option<Vec<u8>> {
    let merged = catch_unwind(AssertUnwindSafe(|| {
        merge_or_quarantine(existing, operands.iter())
    }));
    if merged.is_err() {
        tracing::error!("the merge of a row panicked; the table takes no more writes");
    }
    merged.ok()
}

/// How everything is written: the commit log is the write-ahead log.
pub(crate) fn write_options() -> WriteOptions {
    let mut options = WriteOptions::new();
    options.disable_wal(true);
    options
}

/// Up to which position the column family's *files* go; `None` when nothing was flushed yet.
pub(crate) fn durable_position(
    db: &DB,
    family: &Arc<BoundColumnFamily<'_>>,
) -> Result<Option<LogPosition>, rocksdb::Error> {
    let mut options = ReadOptions::default();
    options.set_read_tier(ReadTier::Persisted);
    let stored = db.get_pinned_cf_opt(family, POSITION_KEY, &options)?;
    Ok(stored
        .and_then(|bytes| <[u8; 12]>::try_from(&*bytes).ok())
        .map(LogPosition::from_bytes))
}
