//! Terms: values that need no row.

use super::Parsed;
use super::Parser;
use super::name::string_content;
use crate::ast::ArithmeticOperator;
use crate::ast::Literal;
use crate::ast::LiteralKind;
use crate::ast::Operator;
use crate::ast::Term;
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// Any term.
    pub(super) fn term(&mut self) -> Parsed<Term> {
        self.nested(Self::term_sum)
    }

    fn term_sum(&mut self) -> Parsed<Term> {
        let mut left = self.term_product()?;
        // `t + c` in SET prepends to the column; no other term holds a bare name.
        while !(self.at("+") && self.at_column_reference(1)) {
            let Some(operator) = self.accept_operator(&SUMS)? else {
                break;
            };
            left = binary(left, operator, self.term_product()?);
        }
        Ok(left)
    }

    fn term_product(&mut self) -> Parsed<Term> {
        let mut left = self.signed_term()?;
        while let Some(operator) = self.accept_operator(&PRODUCTS)? {
            left = binary(left, operator, self.signed_term()?);
        }
        Ok(left)
    }

    fn signed_term(&mut self) -> Parsed<Term> {
        if self.at_literal() {
            return self.literal().map(Term::Literal);
        }
        if self.accept("-") {
            let term = self.nested(Self::signed_term)?;
            return Ok(Term::Negate(Box::new(term)));
        }
        self.simple_term()
    }

    fn simple_term(&mut self) -> Parsed<Term> {
        if self.at_literal() {
            return self.literal().map(Term::Literal);
        }
        if self.accept("NULL") {
            return Ok(Term::Null);
        }
        if let Some(marker) = self.marker()? {
            return Ok(Term::Marker(marker));
        }
        if self.at("[") {
            return self.enclosed("[", "]", Self::term).map(Term::List);
        }
        if self.at("{") {
            return self.braced_term();
        }
        if self.at("(") {
            return self.parenthesised_term();
        }
        if self.accept_all(&["CAST", "("]) {
            let term = Box::new(self.term()?);
            self.expect("AS")?;
            let target = self.native_type()?;
            self.expect(")")?;
            return Ok(Term::Cast { term, target });
        }
        if self.at_call(0).is_none() {
            return self.no_viable();
        }
        let name = self.function_name()?;
        let arguments = self.enclosed("(", ")", Self::term)?;
        Ok(Term::Function { name, arguments })
    }

    fn parenthesised_term(&mut self) -> Parsed<Term> {
        if let Some(type_name) = self.accept_type_hint(false) {
            let term = Box::new(self.nested(Self::simple_term)?);
            return Ok(Term::TypeHint { type_name, term });
        }
        self.parenthesised(Self::term).map(Term::Tuple)
    }

    /// `(a, b)`, where nothing else than a tuple can be meant.
    pub(super) fn tuple(&mut self) -> Parsed<Term> {
        if !self.at("(") {
            return self.no_viable();
        }
        self.nested(|parser| parser.parenthesised(Self::term))
            .map(Term::Tuple)
    }

    /// A set, a map or a user type value.
    fn braced_term(&mut self) -> Parsed<Term> {
        if self.at_name(1) && self.at_ahead(2, ":") {
            return self
                .enclosed("{", "}", Self::field_value)
                .map(Term::UserType);
        }
        self.expect("{")?;
        if self.accept("}") {
            return Ok(Term::Set(Vec::new()));
        }
        let first = self.term()?;
        let braced = if self.accept(":") {
            let mut entries = vec![(first, self.term()?)];
            while self.accept(",") {
                entries.push(self.map_entry()?);
            }
            Term::Map(entries)
        } else {
            let mut elements = vec![first];
            while self.accept(",") {
                elements.push(self.term()?);
            }
            Term::Set(elements)
        };
        self.expect("}")?;
        Ok(braced)
    }

    fn field_value(&mut self) -> Parsed<(String, Term)> {
        let field = self.identifier()?;
        self.expect(":")?;
        Ok((field, self.term()?))
    }

    fn map_entry(&mut self) -> Parsed<(Term, Term)> {
        let key = self.term()?;
        self.expect(":")?;
        Ok((key, self.term()?))
    }

    /// Whether a bare column comes `ahead` tokens on, not the call of a function.
    pub(super) fn at_column_reference(&self, ahead: usize) -> bool {
        let cast = self.at_ahead(ahead, "CAST") && self.at_ahead(ahead + 1, "(");
        self.at_column(ahead) && !cast && self.at_call(ahead).is_none()
    }

    /// One of `operators`, when one comes next.
    pub(super) fn accept_operator(
        &mut self,
        operators: &[ArithmeticOperator],
    ) -> Parsed<Option<ArithmeticOperator>> {
        let found = operators
            .iter()
            .copied()
            .find(|operator| self.accept(operator.as_str()));
        if found.is_some() {
            self.count_operator()?;
        }
        Ok(found)
    }

    /// `=`, `!=`, `<`, `<=`, `>` or `>=`.
    pub(super) fn comparison(&mut self) -> Parsed<Operator> {
        const COMPARISONS: [Operator; 6] = [
            Operator::Equal,
            Operator::NotEqual,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
        ];
        match COMPARISONS
            .into_iter()
            .find(|operator| self.accept(operator.as_str()))
        {
            Some(operator) => Ok(operator),
            None => self.no_viable(),
        }
    }

    /// Whether the token `ahead` tokens on is a number that may have a sign.
    pub(super) fn at_unsigned_number(&self, ahead: usize) -> bool {
        let number = matches!(
            self.kind(ahead),
            Some(TokenKind::Integer | TokenKind::Float | TokenKind::Duration)
        );
        number || self.at_ahead(ahead, "NAN") || self.at_ahead(ahead, "INFINITY")
    }

    /// Whether a literal comes next, its sign included.
    pub(super) fn at_literal(&self) -> bool {
        let signed = self.at("-") && self.adjacent() && self.at_unsigned_number(1);
        let plain = matches!(
            self.kind(0),
            Some(TokenKind::String | TokenKind::Boolean | TokenKind::Uuid | TokenKind::Hex)
        );
        signed || plain || self.at_unsigned_number(0)
    }

    /// A literal.
    pub(super) fn literal(&mut self) -> Parsed<Literal> {
        if !self.at_literal() {
            return self.no_viable();
        }
        let sign = if self.accept("-") { "-" } else { "" };
        let word = self.word(0);
        let literal = match self.kind(0) {
            Some(TokenKind::String) => Literal::string(string_content(word)),
            Some(TokenKind::Integer) => Literal::new(LiteralKind::Integer, format!("{sign}{word}")),
            Some(TokenKind::Float) => Literal::new(LiteralKind::Float, format!("{sign}{word}")),
            Some(TokenKind::Duration) => {
                Literal::new(LiteralKind::Duration, format!("{sign}{word}"))
            }
            Some(TokenKind::Boolean) => Literal::new(LiteralKind::Boolean, word),
            Some(TokenKind::Uuid) => Literal::new(LiteralKind::Uuid, word),
            Some(TokenKind::Hex) => Literal::new(LiteralKind::Hex, word),
            // A NaN has no sign that anyone could see.
            _ if self.at("NAN") => Literal::new(LiteralKind::Float, "NaN"),
            _ => Literal::new(LiteralKind::Float, format!("{sign}Infinity")),
        };
        self.position += 1;
        Ok(literal)
    }

    /// An integer or a marker, as LIMIT and USING want them.
    pub(super) fn integer_or_marker(&mut self) -> Parsed<Term> {
        if let Some(marker) = self.marker()? {
            return Ok(Term::Marker(marker));
        }
        let integer = self.kind(0) == Some(TokenKind::Integer)
            || (self.at_literal() && self.kind(1) == Some(TokenKind::Integer) && self.at("-"));
        if !integer {
            return self.no_viable();
        }
        self.literal().map(Term::Literal)
    }
}

/// Operators that bind loosest.
pub(super) const SUMS: [ArithmeticOperator; 2] =
    [ArithmeticOperator::Add, ArithmeticOperator::Subtract];

/// Operators that bind tighter.
pub(super) const PRODUCTS: [ArithmeticOperator; 3] = [
    ArithmeticOperator::Multiply,
    ArithmeticOperator::Divide,
    ArithmeticOperator::Remainder,
];

fn binary(left: Term, operator: ArithmeticOperator, right: Term) -> Term {
    Term::Binary {
        left: Box::new(left),
        operator,
        right: Box::new(right),
    }
}
