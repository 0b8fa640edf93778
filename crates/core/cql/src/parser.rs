//! Tokens to a syntax tree, by recursive descent.
//!
//! This file holds what all rules share: looking at tokens, names, depth and failures. The
//! rules live in the folder, by kind of statement. A rule is a method that either takes its
//! tokens and returns a node, or fails; only types in parentheses and names are ever looked
//! at twice, so parsing takes time linear in the text.
//!
//! # Invariants
//!
//! * **P1** No rule nests deeper than [`NESTING_MAX`], no expression has more than
//!   [`OPERATORS_MAX`] operators: a tree's height is at most their sum and a bit.
//! * **P2** Bind markers are numbered in the order of their tokens.
//! * **P3** A failure is a position and a reason; its text is made once, at the end.

mod access;
mod describe;
mod explain;
mod modify;
mod name;
mod schema;
mod select;
mod statement;
mod table;
mod term;
mod types;

pub(crate) use name::NO_FUNCTION_NAMES;
pub(crate) use name::RESERVED_TYPE_NAMES;

use crate::ast::BindMarker;
use crate::ast::Statement;
use crate::ast::TypeName;
use crate::error::SyntaxError;
use crate::lexer::Token;
use crate::lexer::TokenKind;
use crate::lexer::tokenize;

/// How deep types, literals, terms and parentheses may nest.
pub const NESTING_MAX: u32 = 64;

/// How many operators, fields and elements one expression may have, parts included.
pub const OPERATORS_MAX: u32 = 128;

/// Parses exactly one statement; semicolons may follow it.
pub fn parse_statement(text: &str) -> Result<Statement, SyntaxError> {
    parse(text, |parser| {
        let statement = parser.statement()?;
        while parser.accept(";") {}
        Ok(statement)
    })
}

/// Parses the name of a type, such as `map<text, frozen<list<int>>>`.
pub fn parse_type(text: &str) -> Result<TypeName, SyntaxError> {
    parse(text, Parser::type_name)
}

fn parse<'a, T>(
    text: &'a str,
    rule: impl FnOnce(&mut Parser<'a>) -> Parsed<T>,
) -> Result<T, SyntaxError> {
    let mut parser = Parser::new(text);
    let parsed = rule(&mut parser).and_then(|node| {
        if parser.position < parser.tokens.len() {
            return Err(parser.mismatch("EOF"));
        }
        Ok(node)
    });
    parsed.map_err(|failure| parser.explain(&failure))
}

/// What a rule returns.
type Parsed<T> = Result<T, Failure>;

/// Why a rule failed, and at which token.
#[derive(Debug)]
struct Failure {
    position: usize,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    /// Several things could stand here, none of them does.
    NoViableAlternative,
    /// One thing must stand here; its name in messages.
    Expected(String),
    /// Well-formed, but refused.
    Refused(String),
}

struct Parser<'a> {
    text: &'a str,
    /// Without comments.
    tokens: Vec<Token>,
    position: usize,
    depth: u32,
    /// Operators of the outermost expression that is being read.
    operators: u32,
    markers: usize,
    /// Whether the markers so far have names.
    markers_named: Option<bool>,
}

/// Looking at tokens and taking them.
impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut tokens = tokenize(text);
        tokens.retain(|token| token.kind != TokenKind::Comment);
        let (position, depth, operators, markers) = (0, 0, 0, 0);
        Self {
            text,
            tokens,
            position,
            depth,
            operators,
            markers,
            markers_named: None,
        }
    }

    /// The kind of the token `ahead` tokens on.
    fn kind(&self, ahead: usize) -> Option<TokenKind> {
        self.tokens
            .get(self.position + ahead)
            .map(|token| token.kind)
    }

    /// The text of the token `ahead` tokens on; empty past the end.
    fn word(&self, ahead: usize) -> &'a str {
        let range = self
            .tokens
            .get(self.position + ahead)
            .map(|token| token.range.clone());
        range.and_then(|range| self.text.get(range)).unwrap_or("")
    }

    /// Whether the token `ahead` tokens on is this keyword (upper case) or symbol.
    fn at_ahead(&self, ahead: usize, wanted: &str) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Symbol) => self.word(ahead) == wanted,
            Some(TokenKind::ReservedKeyword | TokenKind::Keyword | TokenKind::Identifier) => {
                self.word(ahead).eq_ignore_ascii_case(wanted)
            }
            _ => false,
        }
    }

    fn at(&self, wanted: &str) -> bool {
        self.at_ahead(0, wanted)
    }

    /// Whether these keywords and symbols come next.
    fn at_all(&self, wanted: &[&str]) -> bool {
        wanted
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.at_ahead(ahead, word))
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.at(wanted);
        self.position += usize::from(found);
        found
    }

    /// Takes all of these or none.
    fn accept_all(&mut self, wanted: &[&str]) -> bool {
        let found = self.at_all(wanted);
        self.position += if found { wanted.len() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: &str) -> Parsed<()> {
        if self.accept(wanted) {
            Ok(())
        } else {
            Err(self.mismatch(wanted))
        }
    }

    fn expect_all(&mut self, wanted: &[&str]) -> Parsed<()> {
        wanted.iter().try_for_each(|word| self.expect(word))
    }

    /// Whether the token just ahead begins where the current one ends.
    fn adjacent(&self) -> bool {
        let end = self.tokens.get(self.position).map(|token| token.range.end);
        let start = self
            .tokens
            .get(self.position + 1)
            .map(|token| token.range.start);
        end.is_some() && end == start
    }

    /// `rule, rule, …`, at least one.
    fn list<T>(&mut self, mut rule: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![rule(self)?];
        while self.accept(",") {
            items.push(rule(self)?);
        }
        Ok(items)
    }

    /// `(rule, rule, …)`, at least one.
    fn parenthesised<T>(&mut self, rule: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect("(")?;
        let items = self.list(rule)?;
        self.expect(")")?;
        Ok(items)
    }

    /// `open rule, rule, … close`, possibly empty.
    fn enclosed<T>(
        &mut self,
        open: &str,
        close: &str,
        rule: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(open)?;
        if self.accept(close) {
            return Ok(Vec::new());
        }
        let items = self.list(rule)?;
        self.expect(close)?;
        Ok(items)
    }

    /// `rule AND rule …`, at least one.
    fn conjunction<T>(&mut self, mut rule: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![rule(self)?];
        while self.accept("AND") {
            items.push(rule(self)?);
        }
        Ok(items)
    }

    fn if_exists(&mut self) -> Parsed<bool> {
        if !self.accept("IF") {
            return Ok(false);
        }
        self.expect("EXISTS").map(|()| true)
    }

    fn if_not_exists(&mut self) -> Parsed<bool> {
        if !self.accept("IF") {
            return Ok(false);
        }
        self.expect_all(&["NOT", "EXISTS"]).map(|()| true)
    }

    /// `?` or `:name`, when one comes next.
    fn marker(&mut self) -> Parsed<Option<BindMarker>> {
        let start = self.position;
        let name = if self.accept(":") {
            Some(self.identifier()?)
        } else if self.accept("?") {
            None
        } else {
            return Ok(None);
        };
        let named = name.is_some();
        if self.markers_named.is_some_and(|before| before != named) {
            let message = "bind markers with and without names cannot be mixed in one statement";
            return Err(Self::refuse_at(start, message));
        }
        self.markers_named = Some(named);
        let index = self.markers;
        self.markers += 1;
        Ok(Some(BindMarker { index, name }))
    }
}

/// Depth and failures.
impl Parser<'_> {
    /// Runs a rule one level deeper.
    fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == 0 {
            self.operators = 0;
        }
        if self.depth >= NESTING_MAX {
            return Err(self.refuse(format!("nested deeper than {NESTING_MAX} levels")));
        }
        self.depth += 1;
        let parsed = rule(self);
        self.depth -= 1;
        parsed
    }

    /// Counts an operator of the expression that is being read.
    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            let message = format!("more than {OPERATORS_MAX} operators in one expression");
            return Err(self.refuse(message));
        }
        Ok(())
    }

    fn no_viable<T>(&self) -> Parsed<T> {
        Err(Failure {
            position: self.position,
            reason: Reason::NoViableAlternative,
        })
    }

    /// The failure that `wanted`, a keyword, symbol or kind of token, does not come next.
    fn mismatch(&self, wanted: &str) -> Failure {
        let expected = match wanted {
            "TABLE" => "K_COLUMNFAMILY".to_owned(),
            "EOF" | "STRING_LITERAL" | "INTEGER" | "BOOLEAN" | "IDENT" => wanted.to_owned(),
            word if word.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                format!("K_{word}")
            }
            symbol => format!("'{symbol}'"),
        };
        Failure {
            position: self.position,
            reason: Reason::Expected(expected),
        }
    }

    fn refuse(&self, message: impl Into<String>) -> Failure {
        Self::refuse_at(self.position, message)
    }

    fn refuse_at(position: usize, message: impl Into<String>) -> Failure {
        Failure {
            position,
            reason: Reason::Refused(message.into()),
        }
    }
}

#[cfg(test)]
mod tests;
