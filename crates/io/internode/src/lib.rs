//! tonic streams between nodes.
