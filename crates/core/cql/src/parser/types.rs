//! Types.

use super::Parsed;
use super::Parser;
use crate::ast::NativeType;
use crate::ast::TypeName;
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// Any type.
    pub(super) fn type_name(&mut self) -> Parsed<TypeName> {
        self.nested(Self::type_here)
    }

    fn type_here(&mut self) -> Parsed<TypeName> {
        if self.kind(0) == Some(TokenKind::String) {
            return self.string().map(TypeName::Custom);
        }
        if self.at_ahead(1, "<") {
            return self.parameterised_type();
        }
        if !self.at_ahead(1, ".")
            && let Some(native) = self.accept_native_type()
        {
            return Ok(TypeName::Native(native));
        }
        self.user_type_name().map(TypeName::User)
    }

    fn parameterised_type(&mut self) -> Parsed<TypeName> {
        const CONSTRUCTORS: [&str; 6] = ["LIST", "SET", "MAP", "TUPLE", "VECTOR", "FROZEN"];
        let Some(constructor) = CONSTRUCTORS.into_iter().find(|word| self.at(word)) else {
            return self.no_viable();
        };
        self.expect_all(&[constructor, "<"])?;
        let first = Box::new(self.type_name()?);
        let parameterised = match constructor {
            "LIST" => TypeName::List(first),
            "SET" => TypeName::Set(first),
            "FROZEN" => TypeName::Frozen(first),
            "MAP" => {
                self.expect(",")?;
                TypeName::Map(first, Box::new(self.type_name()?))
            }
            "VECTOR" => {
                self.expect(",")?;
                TypeName::Vector(first, self.dimensions()?)
            }
            _ => {
                let mut components = vec![*first];
                while self.accept(",") {
                    components.push(self.type_name()?);
                }
                TypeName::Tuple(components)
            }
        };
        self.expect(">")?;
        Ok(parameterised)
    }

    fn dimensions(&mut self) -> Parsed<u32> {
        if self.kind(0) != Some(TokenKind::Integer) {
            return Err(self.mismatch("INTEGER"));
        }
        let Ok(dimensions) = self.word(0).parse() else {
            let message = format!("a vector cannot have {} dimensions", self.word(0));
            return Err(self.refuse(message));
        };
        self.position += 1;
        Ok(dimensions)
    }

    /// A native type, when one comes next.
    fn accept_native_type(&mut self) -> Option<NativeType> {
        if self.kind(0) != Some(TokenKind::Keyword) {
            return None;
        }
        let native = NativeType::from_name(self.word(0))?;
        self.position += 1;
        Some(native)
    }

    /// A native type, as CAST wants it.
    pub(super) fn native_type(&mut self) -> Parsed<NativeType> {
        match self.accept_native_type() {
            Some(native) => Ok(native),
            None => self.no_viable(),
        }
    }

    /// `(type)` before a value, when that is what comes next: `(int)1` but not the tuple `(f(1))`.
    ///
    /// `columns` says whether bare names mean columns here; then `(v)[1]` and `(v) -1` are
    /// about a column in parentheses, while `(int)[1]` and `(int) -1` are values with a type.
    pub(super) fn accept_type_hint(&mut self, columns: bool) -> Option<TypeName> {
        let start = self.position;
        let hint = self.type_in_parentheses().ok().filter(|hint| {
            // A column in parentheses looks like a user type, a string like a custom one.
            let certain = match hint {
                TypeName::User(_) => !columns,
                TypeName::Custom(_) => false,
                _ => true,
            };
            self.at_hinted_value(certain, columns)
        });
        if hint.is_none() {
            self.position = start;
        }
        hint
    }

    fn type_in_parentheses(&mut self) -> Parsed<TypeName> {
        self.expect("(")?;
        let type_name = self.type_name()?;
        self.expect(")")?;
        Ok(type_name)
    }

    /// Whether a value comes next that a type hint can be meant for.
    fn at_hinted_value(&self, certain: bool, columns: bool) -> bool {
        if self.at("(") || self.at("{") || self.at("?") || self.at("CAST") {
            return true;
        }
        if self.at("[") {
            return certain || !columns;
        }
        if self.at("-") {
            return certain && self.adjacent() && self.at_unsigned_number(1);
        }
        if self.at(":") {
            return certain && self.at_name(1);
        }
        let goes_on = self.at_alias() || self.at_per_partition(0);
        let name = columns && !goes_on && self.at_column(0);
        name || self.at_literal() || self.at("NULL") || self.at_call(0).is_some()
    }

    /// Whether `(v) AS x` goes on with its alias; a column called `as` can be hinted at too.
    fn at_alias(&self) -> bool {
        let column_with_alias = self.at_ahead(1, "AS") && self.at_name(2);
        self.at("AS") && self.at_name(1) && !column_with_alias && !self.at_per_partition(1)
    }

    fn at_per_partition(&self, ahead: usize) -> bool {
        self.at_ahead(ahead, "PER") && self.at_ahead(ahead + 1, "PARTITION")
    }
}
