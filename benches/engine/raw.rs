//! RocksDB alone, set up as the engine sets it up (`crates/io/storage/src/rocks.rs`): when the
//! options there change, they change here.

use anyhow::Context;
use bytes::Bytes;
use quorate_data::Mutation;
use quorate_data::key::partition_prefix;
use quorate_data::reconcile::merge_or_quarantine;
use rocksdb::BlockBasedOptions;
use rocksdb::BoundColumnFamily;
use rocksdb::Cache;
use rocksdb::ColumnFamilyDescriptor;
use rocksdb::DB;
use rocksdb::DBCompressionType;
use rocksdb::DataBlockIndexType;
use rocksdb::MergeOperands;
use rocksdb::Options;
use rocksdb::SliceTransform;
use rocksdb::WriteBatch;
use rocksdb::WriteBufferManager;
use rocksdb::WriteOptions;
use std::path::Path;
use std::sync::Arc;

/// A storage key and a row fragment.
pub(crate) type Pair = (Vec<u8>, Bytes);

const FAMILY: &str = "kv";
const CACHE_BYTES: usize = 64 << 20;
const WRITE_BUFFER_BYTES: usize = 64 << 20;

/// What the engine writes for a mutation.
pub(crate) fn pairs(mutation: &Mutation) -> Vec<Pair> {
    let prefix = partition_prefix(mutation.token(), &mutation.key);
    let entries = mutation.entries.iter();
    let pairs = entries.map(|entry| {
        let key = [&prefix[..], &entry.suffix].concat();
        (key, entry.fragment.clone())
    });
    pairs.collect()
}

/// One column family.
pub(crate) struct RawTable {
    db: DB,
}

impl RawTable {
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let cache = Cache::new_hyper_clock_cache(CACHE_BYTES, 0);
        let buffers = WriteBufferManager::new_write_buffer_manager(WRITE_BUFFER_BYTES, false);
        let family = ColumnFamilyDescriptor::new(FAMILY, family_options(&cache));
        let db = DB::open_cf_descriptors(&database_options(&buffers), directory, [family]);
        Ok(Self {
            db: db.context("RocksDB cannot be opened")?,
        })
    }

    fn family(&self) -> anyhow::Result<Arc<BoundColumnFamily<'_>>> {
        self.db.cf_handle(FAMILY).context("no column family")
    }

    pub(crate) fn write(&self, pairs: &[Pair], batch: usize, logged: bool) -> anyhow::Result<()> {
        let family = self.family()?;
        let mut options = WriteOptions::new();
        options.disable_wal(!logged);
        let mut staged = WriteBatch::default();
        for chunk in pairs.chunks(batch) {
            for (key, fragment) in chunk {
                staged.merge_cf(&family, key, fragment);
            }
            self.db.write_opt(&staged, &options)?;
            staged.clear();
        }
        Ok(())
    }

    pub(crate) fn read(&self, key: &[u8]) -> anyhow::Result<Option<usize>> {
        let found = self.db.get_pinned_cf(&self.family()?, key)?;
        Ok(found.map(|fragment| fragment.len()))
    }

    pub(crate) fn flush_and_compact(&self) -> anyhow::Result<()> {
        let family = self.family()?;
        self.db.flush_cf(&family)?;
        self.db
            .compact_range_cf(&family, None::<&[u8]>, None::<&[u8]>);
        Ok(())
    }
}

fn database_options(buffers: &WriteBufferManager) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_write_buffer_manager(buffers);
    options.set_max_background_jobs(2);
    options.set_allow_concurrent_memtable_write(false);
    options.set_enable_write_thread_adaptive_yield(false);
    options.set_avoid_flush_during_shutdown(true);
    options.set_bytes_per_sync(1 << 20);
    options.set_max_open_files(512);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

fn family_options(cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_block_size(8 << 10);
    blocks.set_format_version(6);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    blocks.set_data_block_hash_ratio(0.75);
    blocks.set_bloom_filter(10.0, false);
    let mut options = Options::default();
    let merge_full = |_: &[u8], existing: Option<&[u8]>, operands: &MergeOperands| {
        Some(merge_or_quarantine(existing, operands.iter()))
    };
    let merge_partial = |_: &[u8], _: Option<&[u8]>, operands: &MergeOperands| {
        Some(merge_or_quarantine(None, operands.iter()))
    };
    options.set_merge_operator("quorate.rows.1", merge_full, merge_partial);
    options.set_prefix_extractor(SliceTransform::create_fixed_prefix(8));
    options.set_write_buffer_size(WRITE_BUFFER_BYTES / 2);
    options.set_max_write_buffer_number(4);
    options.set_arena_block_size(64 << 10);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_target_file_size_base(32 << 20);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    options.set_block_based_table_factory(&blocks);
    options
}
