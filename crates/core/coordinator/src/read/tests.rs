//! Reads as conversations.
