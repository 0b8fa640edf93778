//! The promise: the proto is enough to write a driver in any language, and the drivers and tools that
//! were written for Cassandra work unchanged.

mod application;
mod canary;
mod clients;
mod cqlsh;
mod go;
mod java;
mod latte;
mod native_python;
mod node;
mod python;
mod scylla;
mod scylla_secured;
mod secured;
mod services;
mod slow_clients;
