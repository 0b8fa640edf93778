//! The CQL native protocol, versions 3, 4 and 5: bytes to messages and back, for both sides.
//!
//! ```text
//!   socket ─▶ [segment] ─▶ envelope = header + body ─▶ [decompress] ─▶ decode_request ─▶ Request
//!             v5, after                                 v3 and v4
//!             the handshake
//! ```
//!
//! The crate decides what bytes mean, and nothing else: which message may follow which, who is
//! logged in and what a statement does belong to the server. It holds no socket, clock or thread.
//! Values, ids and paging states are slices of the body they came in; nothing is copied.
//!
//! Start with [`decode_request`] and [`encode_response`]; [`split_envelope`] cuts a stream into
//! envelopes, [`segment`] is version 5's outer framing, [`decode_response`] and [`encode_request`]
//! are the client's side, for tests and tools.
//!
//! # Invariants
//!
//! * **F1** No bytes panic: what is no message becomes a [`ProtocolViolation`] (or a
//!   [`CompressionError`], a [`SegmentError`](segment::SegmentError)).
//! * **F2** Memory is claimed for bytes that are there, never for a length that a peer merely
//!   names; what grows (decompression) has a limit.
//! * **F3** What one side encodes, the other decodes to the same message, in every version that
//!   can express it.

mod compression;
mod envelope;
mod error_body;
mod event;
pub mod fuzz;
mod header;
mod parameters;
mod reader;
mod request;
mod response;
mod rows;
pub mod segment;
#[cfg(test)]
mod tests;
mod type_option;
mod version;
mod violation;
mod writer;

pub use compression::Compression;
pub use compression::CompressionError;
pub use envelope::EnvelopeReader;
pub use envelope::split_envelope;
pub use error_body::Acks;
pub use error_body::ErrorBody;
pub use error_body::ErrorDetail;
pub use error_body::Failures;
pub use event::Event;
pub use event::EventKind;
pub use event::SchemaChange;
pub use event::SchemaChangeKind;
pub use event::SchemaTarget;
pub use event::StatusChange;
pub use event::TopologyChange;
pub use header::HEADER_BYTES;
pub use header::Header;
pub use header::Opcode;
pub use parameters::QueryParameters;
pub use parameters::WireValue;
pub use request::Batch;
pub use request::BatchKind;
pub use request::BatchQuery;
pub use request::BatchStatement;
pub use request::Request;
pub use request::RequestFrame;
pub use request::Unencodable;
pub use request::decode_request;
pub use request::encode_request;
pub use response::Response;
pub use response::ResponseFrame;
pub use response::decode_response;
pub use response::encode_response;
pub use response::encode_rows;
pub use response::encode_unsupported_version;
pub use rows::ColumnRef;
pub use rows::ColumnSpec;
pub use rows::Columns;
pub use rows::Prepared;
pub use rows::Rows;
pub use rows::RowsMetadata;
pub use rows::RowsRef;
pub use version::Version;
pub use violation::ProtocolViolation;
