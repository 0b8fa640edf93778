//! CQL values and rows, and the one encoding they have everywhere.
//!
//! Decides how values are written and sorted, how two versions of a row become one
//! ([`reconcile`]), what a replica answers to a read ([`partition`]), and which bytes travel and
//! rest ([`fragment`], [`Mutation`], [`DataReply`]). Knows nothing of schema names, clusters,
//! files or time: the second by which expiry is judged comes in with each call.
//!
//! Start with [`fragment`] (the bytes of a row), then [`reconcile`], then [`partition`].

pub mod cql_type;
pub mod fragment;
pub mod key;
pub mod memory;
pub mod mutation;
pub mod ordered;
pub mod partition;
pub mod read;
pub mod reconcile;
pub mod text;
pub mod value;

pub use cql_type::CqlType;
pub use cql_type::InvalidValue;
pub use fragment::Cell;
pub use fragment::CellRef;
pub use fragment::CellState;
pub use fragment::CellStateRef;
pub use fragment::ColumnId;
pub use fragment::CorruptFragment;
pub use fragment::Expiring;
pub use fragment::FragmentView;
pub use fragment::Liveness;
pub use fragment::Row;
pub use fragment::Tombstone;
pub use key::Bound;
pub use key::EntryKind;
pub use key::Slice;
pub use mutation::CorruptMutation;
pub use mutation::Mutation;
pub use ordered::CorruptKey;
pub use read::CorruptReadMessage;
pub use read::DataReply;
pub use read::Entry;
pub use read::Limits;
pub use read::PartitionData;
pub use read::Position;
pub use read::ReadCommand;
pub use read::ReadTarget;
pub use read::RowDigest;
pub use value::ArithmeticError;
pub use value::ArithmeticOp;
pub use value::Duration;
pub use value::Value;
