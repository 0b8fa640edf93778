//! The Rust driver of Quorate.
