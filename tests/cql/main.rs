//! The promise: statements mean what CQL says, and those that mean nothing are refused in words.
