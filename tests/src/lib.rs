//! Real processes, one folder per promise.
