//! CQL text to syntax tree and back; knows no schema.
//!
//! ```text
//!   text ──tokenize──▶ Token* ──parse_statement──▶ Statement ──Display──▶ text
//!     └──split_statements──▶ ScriptStatement*              └──bind_markers──▶ BindMarker*
//! ```
//!
//! The whole of CQL 3.4.7 parses, also what is not executed yet, so that it can be refused by
//! [`name`](ast::Statement::name). One statement is our own: `EXPLAIN CONSISTENCY statement`.
//!
//! ```
//! use quorate_cql::ast::Statement;
//! use quorate_cql::parse_statement;
//!
//! let statement = parse_statement("select * from Flights where id=? limit 10;")?;
//! assert_eq!(statement.to_string(), "SELECT * FROM flights WHERE id = ? LIMIT 10");
//! assert_eq!(statement.bind_markers().len(), 1);
//!
//! let error = parse_statement("SELEC 1").unwrap_err();
//! assert_eq!(error.to_string(), "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)");
//! # Ok::<(), quorate_cql::SyntaxError>(())
//! ```
//!
//! **Invariant:** no text, however malformed, makes this crate panic, recurse deeply or take
//! more than linear time.

pub mod ast;
mod error;
mod keywords;
mod lexer;
mod markers;
mod parser;
mod printer;
mod quote;
mod script;

pub use error::SyntaxError;
pub use keywords::KEYWORDS;
pub use keywords::RESERVED_KEYWORDS;
pub use lexer::Token;
pub use lexer::TokenKind;
pub use lexer::Unterminated;
pub use lexer::tokenize;
pub use parser::NESTING_MAX;
pub use parser::OPERATORS_MAX;
pub use parser::parse_statement;
pub use parser::parse_type;
pub use quote::quote_identifier;
pub use quote::quote_string;
pub use script::Ending;
pub use script::ScriptStatement;
pub use script::split_statements;
