//! Taking news in.
