//! Each table of a small cluster, read back.
