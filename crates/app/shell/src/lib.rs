//! The CQL shell.
