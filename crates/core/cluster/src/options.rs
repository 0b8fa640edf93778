//! The options of a table: their defaults, how their text is read, which values are allowed.
//!
//! Options that other databases' drivers send but that mean nothing here are kept and shown
//! (`memtable`, `crc_check_chance`, …). What each option does is decided by those who read it.

mod maps;
mod property;
mod speculative_retry;

pub use property::Property;
pub use speculative_retry::SpeculativeRetry;
pub use speculative_retry::SpeculativeRetryPolicy;

use crate::Refused;
use std::collections::BTreeMap;

/// A table TTL is at most 20 years.
pub(crate) const DEFAULT_TIME_TO_LIVE_SECS_MAX: i32 = 630_720_000;
/// The smallest false positive chance that a Bloom filter can be sized for.
const BLOOM_FILTER_FP_CHANCE_MIN: f64 = 6.71e-5;

/// Whether a read repairs the replicas that it found behind before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadRepair {
    /// It does: quorum reads never go back in time.
    Blocking,
    /// It does not.
    None,
}

impl ReadRepair {
    /// As the option says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "BLOCKING",
            Self::None => "NONE",
        }
    }
}

/// Everything after WITH that a table keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct TableOptions {
    /// When a write contacts a spare replica.
    pub additional_write_policy: SpeculativeRetry,
    /// Whether dropping or truncating takes a snapshot first.
    pub allow_auto_snapshot: bool,
    /// The false positive rate that Bloom filters are sized for.
    pub bloom_filter_fp_chance: f64,
    /// `keys` and `rows_per_partition`.
    pub caching: BTreeMap<String, String>,
    /// Change data capture; always false so far.
    pub cdc: bool,
    /// For people.
    pub comment: String,
    /// `class` (full name) and its options.
    pub compaction: BTreeMap<String, String>,
    /// `class` (full name) and its options, or `enabled: false`.
    pub compression: BTreeMap<String, String>,
    /// The memtable configuration's name.
    pub memtable: String,
    /// How often a read checks checksums.
    pub crc_check_chance: f64,
    /// The TTL of writes that name none; zero for none.
    pub default_time_to_live: i32,
    /// Opaque bytes by name.
    pub extensions: BTreeMap<String, Vec<u8>>,
    /// For how long tombstones are kept at least.
    pub gc_grace_seconds: i32,
    /// Whether flushed files are kept for backups.
    pub incremental_backups: bool,
    /// Stored and shown.
    pub max_index_interval: i32,
    /// Flush at least this often; zero for never by time.
    pub memtable_flush_period_in_ms: i32,
    /// Stored and shown.
    pub min_index_interval: i32,
    /// Whether reads repair.
    pub read_repair: ReadRepair,
    /// When a read contacts a spare replica.
    pub speculative_retry: SpeculativeRetry,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            additional_write_policy: SpeculativeRetry::default(),
            allow_auto_snapshot: true,
            bloom_filter_fp_chance: 0.01,
            caching: maps::default_caching(),
            cdc: false,
            comment: String::new(),
            compaction: maps::default_compaction(),
            compression: maps::default_compression(),
            memtable: "default".to_owned(),
            crc_check_chance: 1.0,
            default_time_to_live: 0,
            extensions: BTreeMap::new(),
            gc_grace_seconds: 864_000,
            incremental_backups: true,
            max_index_interval: 2048,
            memtable_flush_period_in_ms: 0,
            min_index_interval: 128,
            read_repair: ReadRepair::Blocking,
            speculative_retry: SpeculativeRetry::default(),
        }
    }
}

impl TableOptions {
    /// These options with `properties` set, or why not.
    pub fn with(&self, properties: &BTreeMap<String, Property>) -> Result<Self, Refused> {
        let mut options = self.clone();
        for (name, property) in properties {
            options.set(name, property)?;
        }
        options.validate()?;
        Ok(options)
    }

    /// Every option in the order that DESCRIBE shows them, as a property that [`Self::with`]
    /// reads back.
    pub fn properties(&self) -> Vec<(&'static str, Property)> {
        let extensions = self
            .extensions
            .iter()
            .map(|(name, bytes)| (name.clone(), property::hex_of_bytes(bytes)))
            .collect();
        vec![
            (
                "additional_write_policy",
                Property::quoted(self.additional_write_policy.text()),
            ),
            (
                "allow_auto_snapshot",
                Property::bare(self.allow_auto_snapshot),
            ),
            (
                "bloom_filter_fp_chance",
                Property::double(self.bloom_filter_fp_chance),
            ),
            ("caching", Property::Map(self.caching.clone())),
            ("cdc", Property::bare(self.cdc)),
            ("comment", Property::quoted(&self.comment)),
            ("compaction", Property::Map(self.compaction.clone())),
            ("compression", Property::Map(self.compression.clone())),
            ("memtable", Property::quoted(&self.memtable)),
            ("crc_check_chance", Property::double(self.crc_check_chance)),
            (
                "default_time_to_live",
                Property::bare(self.default_time_to_live),
            ),
            ("extensions", Property::Map(extensions)),
            ("gc_grace_seconds", Property::bare(self.gc_grace_seconds)),
            (
                "incremental_backups",
                Property::bare(self.incremental_backups),
            ),
            (
                "max_index_interval",
                Property::bare(self.max_index_interval),
            ),
            (
                "memtable_flush_period_in_ms",
                Property::bare(self.memtable_flush_period_in_ms),
            ),
            (
                "min_index_interval",
                Property::bare(self.min_index_interval),
            ),
            ("read_repair", Property::quoted(self.read_repair.name())),
            (
                "speculative_retry",
                Property::quoted(self.speculative_retry.text()),
            ),
        ]
    }

    fn set(&mut self, name: &str, property: &Property) -> Result<(), Refused> {
        match name {
            "additional_write_policy" => {
                self.additional_write_policy = SpeculativeRetry::parse(property.text(name)?)?;
            }
            "allow_auto_snapshot" => self.allow_auto_snapshot = property.boolean(name)?,
            "bloom_filter_fp_chance" => self.bloom_filter_fp_chance = property.number(name)?,
            "caching" => self.caching = maps::caching(property.map(name)?)?,
            "cdc" => self.cdc = property.boolean(name)?,
            "comment" => property.text(name)?.clone_into(&mut self.comment),
            "compaction" => self.compaction = maps::compaction(property.map(name)?)?,
            "compression" => self.compression = maps::compression(property.map(name)?)?,
            "memtable" => self.memtable = memtable(property.text(name)?)?,
            "crc_check_chance" => self.crc_check_chance = property.number(name)?,
            "default_time_to_live" => self.default_time_to_live = property.integer(name)?,
            "extensions" => self.extensions = maps::extensions(property.map(name)?)?,
            "gc_grace_seconds" => self.gc_grace_seconds = property.integer(name)?,
            "incremental_backups" => self.incremental_backups = property.boolean(name)?,
            "max_index_interval" => self.max_index_interval = property.integer(name)?,
            "memtable_flush_period_in_ms" => {
                self.memtable_flush_period_in_ms = property.integer(name)?;
            }
            "min_index_interval" => self.min_index_interval = property.integer(name)?,
            "read_repair" => self.read_repair = read_repair(property.text(name)?)?,
            "speculative_retry" => {
                self.speculative_retry = SpeculativeRetry::parse(property.text(name)?)?;
            }
            _ => return Err(Refused::SyntaxUnknownProperty(name.to_owned())),
        }
        Ok(())
    }

    /// The rules that look at one option's range, or at two options together.
    fn validate(&self) -> Result<(), Refused> {
        let refused = |message: String| Err(Refused::Config(message));
        let chance = self.bloom_filter_fp_chance;
        if !(chance > BLOOM_FILTER_FP_CHANCE_MIN && chance <= 1.0) {
            return refused(format!(
                "bloom_filter_fp_chance must be larger than {BLOOM_FILTER_FP_CHANCE_MIN} and less than or equal to 1.0 (got {chance:?})"
            ));
        }
        let chance = self.crc_check_chance;
        if !(0.0..=1.0).contains(&chance) {
            return refused(format!(
                "crc_check_chance must be larger than or equal to 0 and smaller than or equal to 1.0 (got {chance:?})"
            ));
        }
        for (name, value, min) in [
            ("default_time_to_live", self.default_time_to_live, 0),
            ("gc_grace_seconds", self.gc_grace_seconds, 0),
            ("min_index_interval", self.min_index_interval, 1),
            (
                "memtable_flush_period_in_ms",
                self.memtable_flush_period_in_ms,
                0,
            ),
        ] {
            if value < min {
                return refused(format!(
                    "{name} must be greater than or equal to {min} (got {value})"
                ));
            }
        }
        let time_to_live = self.default_time_to_live;
        if time_to_live > DEFAULT_TIME_TO_LIVE_SECS_MAX {
            return refused(format!(
                "default_time_to_live must be less than or equal to {DEFAULT_TIME_TO_LIVE_SECS_MAX} (got {time_to_live})"
            ));
        }
        let (min, max) = (self.min_index_interval, self.max_index_interval);
        if max < min {
            return refused(format!(
                "max_index_interval must be greater than or equal to min_index_interval ({min}) (got {max})"
            ));
        }
        if self.cdc {
            return refused(
                "cdc cannot be enabled: change data capture is not supported".to_owned(),
            );
        }
        Ok(())
    }
}

fn memtable(text: &str) -> Result<String, Refused> {
    if ["default", "skiplist", "trie"].contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(Refused::Config(format!(
            "Memtable configuration \"{text}\" not found."
        )))
    }
}

fn read_repair(text: &str) -> Result<ReadRepair, Refused> {
    [ReadRepair::Blocking, ReadRepair::None]
        .into_iter()
        .find(|known| known.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            Refused::Config(format!(
                "Invalid value {text} for read_repair - must be one of [NONE, BLOCKING]"
            ))
        })
}

#[cfg(test)]
mod tests;
