//! SELECT, selectors, and WHERE.

use super::Parsed;
use super::Parser;
use super::term::PRODUCTS;
use super::term::SUMS;
use crate::ast::ArithmeticOperator;
use crate::ast::CellMetadata;
use crate::ast::Direction;
use crate::ast::InValues;
use crate::ast::Operator;
use crate::ast::Ordering;
use crate::ast::Relation;
use crate::ast::Select;
use crate::ast::SelectItem;
use crate::ast::Selection;
use crate::ast::Selector;
use crate::ast::Statement;
use crate::ast::Term;

/// The statement and its clauses.
impl Parser<'_> {
    pub(super) fn select(&mut self) -> Parsed<Statement> {
        self.expect("SELECT")?;
        let json = self.accept_modifier("JSON");
        let distinct = self.accept_modifier("DISTINCT");
        let selection = self.selection()?;
        self.expect("FROM")?;
        let table = self.table_name()?;
        let where_clause = self.optional_where()?;
        let group_by = if self.accept_by("GROUP")? {
            self.list(Self::selector)?
        } else {
            Vec::new()
        };
        let order_by = if self.accept_by("ORDER")? {
            self.list(Self::ordering)?
        } else {
            Vec::new()
        };
        let per_partition_limit = if self.accept("PER") {
            self.expect_all(&["PARTITION", "LIMIT"])?;
            Some(self.integer_or_marker()?)
        } else {
            None
        };
        let limit = if self.accept("LIMIT") {
            Some(self.integer_or_marker()?)
        } else {
            None
        };
        let allow_filtering = self.accept("ALLOW");
        if allow_filtering {
            self.expect("FILTERING")?;
        }
        Ok(Statement::Select(Box::new(Select {
            json,
            distinct,
            selection,
            table,
            where_clause,
            group_by,
            order_by,
            per_partition_limit,
            limit,
            allow_filtering,
        })))
    }

    /// JSON and DISTINCT are columns too when what follows is no selection; `json - a` selects
    /// `-a` as JSON.
    fn accept_modifier(&mut self, word: &str) -> bool {
        let continues_an_expression = ["FROM", ",", ".", "+", "/", "%"]
            .into_iter()
            .any(|next| self.at_ahead(1, next));
        let is_multiplied = self.at_ahead(1, "*") && !self.at_ahead(2, "FROM");
        let is_renamed = self.at_ahead(1, "AS")
            && self.at_name(2)
            && (self.at_ahead(3, "FROM") || self.at_ahead(3, ","));
        !continues_an_expression && !is_multiplied && !is_renamed && self.accept(word)
    }

    /// `word BY`.
    fn accept_by(&mut self, word: &str) -> Parsed<bool> {
        let found = self.accept(word);
        if found {
            self.expect("BY")?;
        }
        Ok(found)
    }

    /// `*` or a list of selectors.
    pub(super) fn selection(&mut self) -> Parsed<Selection> {
        if self.accept("*") {
            return Ok(Selection::All);
        }
        self.list(Self::select_item).map(Selection::Items)
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        let selector = self.selector()?;
        let alias = if self.accept("AS") {
            Some(self.identifier()?)
        } else {
            None
        };
        Ok(SelectItem { selector, alias })
    }

    fn ordering(&mut self) -> Parsed<Ordering> {
        let column = self.column()?;
        let ann_of = if self.accept_all(&["ANN", "OF"]) {
            Some(self.term()?)
        } else {
            None
        };
        let descending = self.accept("DESC");
        if !descending {
            self.accept("ASC");
        }
        let direction = if descending {
            Direction::Descending
        } else {
            Direction::Ascending
        };
        Ok(Ordering {
            column,
            ann_of,
            direction,
        })
    }
}

/// Selectors.
impl Parser<'_> {
    fn selector(&mut self) -> Parsed<Selector> {
        self.nested(Self::selector_sum)
    }

    fn selector_sum(&mut self) -> Parsed<Selector> {
        let mut left = self.selector_product()?;
        while let Some(operator) = self.accept_operator(&SUMS)? {
            left = binary(left, operator, self.selector_product()?);
        }
        Ok(left)
    }

    fn selector_product(&mut self) -> Parsed<Selector> {
        let mut left = self.signed_selector()?;
        while let Some(operator) = self.accept_operator(&PRODUCTS)? {
            left = binary(left, operator, self.signed_selector()?);
        }
        Ok(left)
    }

    fn signed_selector(&mut self) -> Parsed<Selector> {
        if !self.at_literal() && self.accept("-") {
            let selector = self.nested(Self::signed_selector)?;
            return Ok(Selector::Negate(Box::new(selector)));
        }
        let base = self.simple_selector()?;
        self.selector_parts(base)
    }

    /// Any number of `.field`, `[key]` and `[from..to]` after a selector.
    fn selector_parts(&mut self, base: Selector) -> Parsed<Selector> {
        let mut selector = base;
        loop {
            if self.accept(".") {
                self.count_operator()?;
                selector = Selector::Field {
                    of: Box::new(selector),
                    field: self.identifier()?,
                };
            } else if self.accept("[") {
                self.count_operator()?;
                selector = self.element_or_slice(selector)?;
                self.expect("]")?;
            } else {
                return Ok(selector);
            }
        }
    }

    fn element_or_slice(&mut self, selector: Selector) -> Parsed<Selector> {
        let of = Box::new(selector);
        if self.accept("..") {
            return Ok(Selector::Slice {
                of,
                from: None,
                to: Some(self.term()?),
            });
        }
        let key = self.term()?;
        if !self.accept("..") {
            return Ok(Selector::Element { of, key });
        }
        let to = if self.at("]") {
            None
        } else {
            Some(self.term()?)
        };
        Ok(Selector::Slice {
            of,
            from: Some(key),
            to,
        })
    }

    fn simple_selector(&mut self) -> Parsed<Selector> {
        if self.at_literal() {
            return self.literal().map(Selector::Literal);
        }
        if self.accept("NULL") {
            return Ok(Selector::Null);
        }
        if let Some(marker) = self.marker()? {
            return Ok(Selector::Marker(marker));
        }
        if self.at("[") {
            return self.enclosed("[", "]", Self::selector).map(Selector::List);
        }
        if self.at("{") {
            return self.braced_selector();
        }
        if self.at("(") {
            if let Some(type_name) = self.accept_type_hint(true) {
                let selector = Box::new(self.nested(Self::simple_selector)?);
                return Ok(Selector::TypeHint {
                    type_name,
                    selector,
                });
            }
            return self.parenthesised(Self::selector).map(Selector::Tuple);
        }
        self.selector_call()
    }

    fn selector_call(&mut self) -> Parsed<Selector> {
        if self.accept_all(&["COUNT", "(", "*", ")"]) {
            return Ok(Selector::CountRows);
        }
        for kind in [
            CellMetadata::WriteTime,
            CellMetadata::MaxWriteTime,
            CellMetadata::Ttl,
        ] {
            if self.accept_all(&[kind.as_str(), "("]) {
                let column = Selector::Column(self.column()?);
                let of = Box::new(self.selector_parts(column)?);
                self.expect(")")?;
                return Ok(Selector::CellMetadata { kind, of });
            }
        }
        if self.accept_all(&["CAST", "("]) {
            let selector = Box::new(self.selector()?);
            self.expect("AS")?;
            let target = self.native_type()?;
            self.expect(")")?;
            return Ok(Selector::Cast { selector, target });
        }
        if self.at_call(0).is_some() {
            let name = self.function_name()?;
            let arguments = self.enclosed("(", ")", Self::selector)?;
            return Ok(Selector::Function { name, arguments });
        }
        self.column().map(Selector::Column)
    }

    fn braced_selector(&mut self) -> Parsed<Selector> {
        self.expect("{")?;
        if self.accept("}") {
            return Ok(Selector::Set(Vec::new()));
        }
        let first = self.selector()?;
        let braced = if self.accept(":") {
            let mut entries = vec![(first, self.selector()?)];
            while self.accept(",") {
                let key = self.selector()?;
                self.expect(":")?;
                entries.push((key, self.selector()?));
            }
            Selector::MapOrUserType(entries)
        } else {
            let mut elements = vec![first];
            while self.accept(",") {
                elements.push(self.selector()?);
            }
            Selector::Set(elements)
        };
        self.expect("}")?;
        Ok(braced)
    }
}

/// WHERE.
impl Parser<'_> {
    pub(super) fn optional_where(&mut self) -> Parsed<Vec<Relation>> {
        if self.accept("WHERE") {
            self.conjunction(Self::relation)
        } else {
            Ok(Vec::new())
        }
    }

    pub(super) fn required_where(&mut self) -> Parsed<Vec<Relation>> {
        self.expect("WHERE")?;
        self.conjunction(Self::relation)
    }

    fn relation(&mut self) -> Parsed<Relation> {
        if self.accept("TOKEN") {
            let columns = self.parenthesised(Self::column)?;
            let operator = self.comparison()?;
            return Ok(Relation::Token {
                columns,
                operator,
                value: self.term()?,
            });
        }
        if self.accept_all(&["EXPR", "("]) {
            let index = self.qualified("index")?;
            self.expect(",")?;
            let value = self.term()?;
            self.expect(")")?;
            return Ok(Relation::CustomIndex { index, value });
        }
        if self.at("(") {
            let is_list = self.at_column(1) && (self.at_ahead(2, ",") || self.at_ahead(2, ")"));
            return if is_list {
                self.columns_relation()
            } else {
                self.nested(Self::in_parentheses)
            };
        }
        self.column_relation()
    }

    fn in_parentheses(&mut self) -> Parsed<Relation> {
        self.expect("(")?;
        let relation = self.relation()?;
        self.expect(")")?;
        Ok(relation)
    }

    fn columns_relation(&mut self) -> Parsed<Relation> {
        let columns = self.parenthesised(Self::column)?;
        if self.accept("IN") {
            let values = self.in_values(Self::tuple_or_marker)?;
            return Ok(Relation::ColumnsIn { columns, values });
        }
        let operator = self.comparison()?;
        Ok(Relation::Columns {
            columns,
            operator,
            value: self.tuple_or_marker()?,
        })
    }

    fn tuple_or_marker(&mut self) -> Parsed<Term> {
        match self.marker()? {
            Some(marker) => Ok(Term::Marker(marker)),
            None => self.tuple(),
        }
    }

    /// The right side of IN.
    pub(super) fn in_values(
        &mut self,
        rule: impl FnMut(&mut Self) -> Parsed<Term>,
    ) -> Parsed<InValues> {
        if let Some(marker) = self.marker()? {
            return Ok(InValues::Marker(marker));
        }
        self.enclosed("(", ")", rule).map(InValues::List)
    }

    fn column_relation(&mut self) -> Parsed<Relation> {
        let column = self.column()?;
        if self.accept("IN") {
            return Ok(Relation::In {
                column,
                values: self.in_values(Self::term)?,
            });
        }
        if self.accept("IS") {
            self.expect_all(&["NOT", "NULL"])?;
            return Ok(Relation::IsNotNull { column });
        }
        if self.accept("[") {
            let key = self.term()?;
            self.expect("]")?;
            let operator = self.comparison()?;
            return Ok(Relation::Element {
                column,
                key,
                operator,
                value: self.term()?,
            });
        }
        let operator = if self.accept("LIKE") {
            Operator::Like
        } else {
            match self.accept_contains() {
                Some(operator) => operator,
                None => self.comparison()?,
            }
        };
        Ok(Relation::Column {
            column,
            operator,
            value: self.term()?,
        })
    }

    /// `CONTAINS` or `CONTAINS KEY`, when it comes next.
    pub(super) fn accept_contains(&mut self) -> Option<Operator> {
        if !self.accept("CONTAINS") {
            return None;
        }
        // `CONTAINS key.f()` calls a function of a keyspace called key.
        let key = !self.at_ahead(1, ".") && self.accept("KEY");
        Some(if key {
            Operator::ContainsKey
        } else {
            Operator::Contains
        })
    }
}

fn binary(left: Selector, operator: ArithmeticOperator, right: Selector) -> Selector {
    Selector::Binary {
        left: Box::new(left),
        operator,
        right: Box::new(right),
    }
}
