//! Names and the literals that stand for names.

use super::Parsed;
use super::Parser;
use crate::ast::NativeType;
use crate::ast::QualifiedName;
use crate::lexer::TokenKind;

/// Unquoted words that are names of columns but not of functions or user types.
pub(crate) const NO_FUNCTION_NAMES: [&str; 7] = [
    "cast",
    "distinct",
    "json",
    "key",
    "maxwritetime",
    "ttl",
    "writetime",
];

/// Words kept back as names of types that may come.
pub(crate) const RESERVED_TYPE_NAMES: [&str; 7] = [
    "bitstring",
    "byte",
    "complex",
    "date",
    "enum",
    "interval",
    "macaddr",
];

impl Parser<'_> {
    /// Whether the token `ahead` tokens on can be a name.
    pub(super) fn at_name(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Identifier | TokenKind::Keyword) => true,
            Some(TokenKind::QuotedIdentifier) => self.word(ahead) != "\"\"",
            _ => false,
        }
    }

    /// Whether the token `ahead` tokens on can be a column; `""` can, for tables of old.
    pub(super) fn at_column(&self, ahead: usize) -> bool {
        self.at_name(ahead) || self.kind(ahead) == Some(TokenKind::QuotedIdentifier)
    }

    /// A name: a word that is not reserved, folded, or a quoted one, kept.
    pub(super) fn identifier(&mut self) -> Parsed<String> {
        if !self.at_name(0) {
            return self.no_viable();
        }
        Ok(self.take_name())
    }

    /// The name of a column.
    pub(super) fn column(&mut self) -> Parsed<String> {
        if !self.at_column(0) {
            return self.no_viable();
        }
        Ok(self.take_name())
    }

    fn take_name(&mut self) -> String {
        let word = self.word(0);
        let quoted = self.kind(0) == Some(TokenKind::QuotedIdentifier);
        self.position += 1;
        if quoted {
            unquote(word, '"')
        } else {
            word.to_ascii_lowercase()
        }
    }

    /// The name of a keyspace, table, index, …: nothing that could be bound.
    pub(super) fn unbound_name(&mut self, kind: &str) -> Parsed<String> {
        if self.at("?") {
            let message = format!("Bind variables cannot be used for {kind} names");
            return Err(self.refuse(message));
        }
        self.identifier()
    }

    /// `[keyspace.]name`.
    pub(super) fn qualified(&mut self, kind: &str) -> Parsed<QualifiedName> {
        if self.at_ahead(1, ".") {
            let keyspace = self.unbound_name("keyspace")?;
            self.expect(".")?;
            return Ok(QualifiedName::new(keyspace, self.unbound_name(kind)?));
        }
        Ok(QualifiedName::unqualified(self.unbound_name(kind)?))
    }

    pub(super) fn table_name(&mut self) -> Parsed<QualifiedName> {
        self.qualified("table")
    }

    pub(super) fn keyspace_name(&mut self) -> Parsed<String> {
        self.unbound_name("keyspace")
    }

    /// `[keyspace.]name` of a user type: no native type, no word kept back.
    pub(super) fn user_type_name(&mut self) -> Parsed<QualifiedName> {
        let keyspace = if self.at_ahead(1, ".") {
            let keyspace = self.identifier()?;
            self.expect(".")?;
            Some(keyspace)
        } else {
            None
        };
        let unquoted = self.kind(0) != Some(TokenKind::QuotedIdentifier);
        let word = self.word(0).to_ascii_lowercase();
        let excluded = word != "key" && NO_FUNCTION_NAMES.contains(&word.as_str());
        if unquoted && (excluded || word == "count" || NativeType::from_name(&word).is_some()) {
            return self.no_viable();
        }
        if unquoted && RESERVED_TYPE_NAMES.contains(&word.as_str()) {
            let message = format!("Invalid (reserved) user type name {word}");
            return Err(self.refuse(message));
        }
        Ok(QualifiedName {
            keyspace,
            name: self.identifier()?,
        })
    }

    /// How many tokens the function name that comes next has, when a call comes next.
    pub(super) fn at_call(&self, ahead: usize) -> Option<usize> {
        if self.at_function_word(ahead) && self.at_ahead(ahead + 1, "(") {
            return Some(1);
        }
        let qualified = self.at_name(ahead)
            && self.at_ahead(ahead + 1, ".")
            && self.at_function_word(ahead + 2)
            && self.at_ahead(ahead + 3, "(");
        qualified.then_some(3)
    }

    fn at_function_word(&self, ahead: usize) -> bool {
        if self.at_ahead(ahead, "TOKEN") {
            return true;
        }
        let quoted = self.kind(ahead) == Some(TokenKind::QuotedIdentifier);
        let word = self.word(ahead).to_ascii_lowercase();
        self.at_name(ahead) && (quoted || !NO_FUNCTION_NAMES.contains(&word.as_str()))
    }

    /// `[keyspace.]name` of a function or aggregate.
    pub(super) fn function_name(&mut self) -> Parsed<QualifiedName> {
        let keyspace = if self.at_ahead(1, ".") {
            let keyspace = self.keyspace_name()?;
            self.expect(".")?;
            Some(keyspace)
        } else {
            None
        };
        Ok(QualifiedName {
            keyspace,
            name: self.bare_function_name()?,
        })
    }

    /// The name of a function without its keyspace.
    pub(super) fn bare_function_name(&mut self) -> Parsed<String> {
        if !self.at_function_word(0) {
            return self.no_viable();
        }
        Ok(self.take_name())
    }

    /// A role: a name or a string.
    pub(super) fn role_name(&mut self) -> Parsed<String> {
        if self.kind(0) == Some(TokenKind::String) {
            return self.string();
        }
        self.unbound_name("role")
    }

    /// A user or identity: a word in the case it was written in, or a string.
    pub(super) fn user_name(&mut self) -> Parsed<String> {
        match self.kind(0) {
            Some(TokenKind::String) => self.string(),
            Some(TokenKind::Identifier) => {
                let name = self.word(0).to_owned();
                self.position += 1;
                Ok(name)
            }
            Some(TokenKind::QuotedIdentifier) => {
                let message = "Quoted strings are not supported for user names and identities";
                Err(self.refuse(message))
            }
            _ => self.no_viable(),
        }
    }

    /// The content of a string literal.
    pub(super) fn string(&mut self) -> Parsed<String> {
        if self.kind(0) != Some(TokenKind::String) {
            return Err(self.mismatch("STRING_LITERAL"));
        }
        let content = string_content(self.word(0));
        self.position += 1;
        Ok(content)
    }
}

/// What a string literal holds.
pub(super) fn string_content(literal: &str) -> String {
    let dollars = literal
        .strip_prefix("$$")
        .and_then(|rest| rest.strip_suffix("$$"));
    match dollars {
        Some(content) => content.to_owned(),
        None => unquote(literal, '\''),
    }
}

/// Takes the quotes off and halves the doubled ones inside.
fn unquote(quoted: &str, quote: char) -> String {
    let inner = quoted.strip_prefix(quote).unwrap_or(quoted);
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    let doubled: String = [quote, quote].iter().collect();
    inner.replace(&doubled, quote.encode_utf8(&mut [0; 4]))
}
