//! Comparing digests.
