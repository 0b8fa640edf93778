//! The crate from outside: CQL text in, rows or an error out, over a store of maps.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod authorize;
mod binding;
mod paging;
mod refusals;
mod rows;
mod select;
mod support;
