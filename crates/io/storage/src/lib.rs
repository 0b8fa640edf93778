//! The engine: commit log and RocksDB.
