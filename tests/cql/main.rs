//! The promise: statements mean what CQL says, and those that mean nothing are refused in words.

mod bad_input;
mod model;
mod questions;
mod random_statements;
mod statements;
