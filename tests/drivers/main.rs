//! The promise: the proto is enough to write a driver in any language.

mod python;
mod services;
