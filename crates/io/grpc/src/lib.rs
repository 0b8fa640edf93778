//! The client gRPC services.
