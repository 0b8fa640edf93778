//! The nouns that every crate speaks: tokens, host ids, endpoints, consistency levels,
//! write timestamps, epochs, ballots.
//!
//! A type lives here only when three crates or more use it. Nothing here decides anything
//! beyond what the noun itself means (a [`Token`] is never the ring's minimum; a
//! [`ConsistencyLevel`] has one wire code). Start with [`Token`] and [`ConsistencyLevel`].

mod consistency;
mod error;
mod ids;
mod murmur3;
mod time;
mod token;

pub use consistency::ConsistencyLevel;
pub use consistency::UnknownConsistencyCode;
pub use consistency::WriteType;
pub use error::FailureReason;
pub use error::RequestError;
pub use ids::Ballot;
pub use ids::Endpoint;
pub use ids::EndpointError;
pub use ids::Epoch;
pub use ids::HostId;
pub use ids::TableId;
pub use murmur3::murmur3_h1;
pub use time::Deadline;
pub use time::Monotonic;
pub use time::NowInSeconds;
pub use time::TimestampOutOfBounds;
pub use time::WriteTimestamp;
pub use token::Token;
pub use token::TokenRange;
