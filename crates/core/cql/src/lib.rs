//! CQL text to syntax tree and back; knows no schema.

pub mod ast;
