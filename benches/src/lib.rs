//! Micro and end-to-end benchmarks.
