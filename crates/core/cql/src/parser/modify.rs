//! INSERT, UPDATE, DELETE, BATCH.

use super::Failure;
use super::Parsed;
use super::Parser;
use crate::ast::Assignment;
use crate::ast::Batch;
use crate::ast::BatchKind;
use crate::ast::Condition;
use crate::ast::ConditionTest;
use crate::ast::Delete;
use crate::ast::IfClause;
use crate::ast::Insert;
use crate::ast::InsertSource;
use crate::ast::JsonValue;
use crate::ast::Modification;
use crate::ast::Target;
use crate::ast::Update;
use crate::ast::Using;
use std::collections::BTreeSet;

impl Parser<'_> {
    pub(super) fn insert(&mut self) -> Parsed<Box<Insert>> {
        self.expect_all(&["INSERT", "INTO"])?;
        let table = self.table_name()?;
        let source = if self.accept("JSON") {
            self.insert_json()?
        } else {
            let columns = self.parenthesised(Self::column)?;
            self.expect("VALUES")?;
            let values = self.parenthesised(Self::term)?;
            InsertSource::Values { columns, values }
        };
        let if_not_exists = self.if_not_exists()?;
        let using = self.using(true)?;
        Ok(Box::new(Insert {
            table,
            source,
            if_not_exists,
            using,
        }))
    }

    fn insert_json(&mut self) -> Parsed<InsertSource> {
        let value = match self.marker()? {
            Some(marker) => JsonValue::Marker(marker),
            None => JsonValue::Text(self.string()?),
        };
        let mut default_unset = false;
        if self.accept("DEFAULT") {
            default_unset = self.accept("UNSET");
            if !default_unset && !self.accept("NULL") {
                return self.no_viable();
            }
        }
        Ok(InsertSource::Json {
            value,
            default_unset,
        })
    }

    /// `USING TIMESTAMP t AND TTL t`, when it comes next.
    fn using(&mut self, with_ttl: bool) -> Parsed<Using> {
        let mut using = Using::default();
        if !self.accept("USING") {
            return Ok(using);
        }
        loop {
            let start = self.position;
            let (name, option) = if with_ttl && self.accept("TTL") {
                ("TTL", &mut using.ttl)
            } else if self.accept("TIMESTAMP") {
                ("TIMESTAMP", &mut using.timestamp)
            } else if with_ttl {
                return self.no_viable();
            } else {
                return Err(self.mismatch("TIMESTAMP"));
            };
            if option.is_some() {
                return Err(Self::refuse_at(
                    start,
                    format!("{name} is given more than once"),
                ));
            }
            *option = Some(self.integer_or_marker()?);
            if !with_ttl || !self.accept("AND") {
                return Ok(using);
            }
        }
    }

    pub(super) fn update(&mut self) -> Parsed<Box<Update>> {
        self.expect("UPDATE")?;
        let table = self.table_name()?;
        let using = self.using(true)?;
        self.expect("SET")?;
        let start = self.position;
        let assignments = self.list(Self::assignment)?;
        if let Some(column) = incompatible(&assignments) {
            let message = format!("Multiple incompatible setting of column {column}");
            return Err(Self::refuse_at(start, message));
        }
        let where_clause = self.required_where()?;
        let condition = self.if_clause()?;
        Ok(Box::new(Update {
            table,
            using,
            assignments,
            where_clause,
            condition,
        }))
    }

    fn assignment(&mut self) -> Parsed<Assignment> {
        let column = self.column()?;
        if self.accept("=") {
            return self.whole_assignment(column);
        }
        if self.accept("+=") {
            return Ok(Assignment::Add {
                column,
                value: self.term()?,
            });
        }
        if self.accept("-=") {
            return Ok(Assignment::Subtract {
                column,
                value: self.term()?,
            });
        }
        if self.accept("[") {
            let key = self.term()?;
            self.expect_all(&["]", "="])?;
            return Ok(Assignment::Element {
                column,
                key,
                value: self.term()?,
            });
        }
        if self.accept(".") {
            let field = self.identifier()?;
            self.expect("=")?;
            return Ok(Assignment::Field {
                column,
                field,
                value: self.term()?,
            });
        }
        self.no_viable()
    }

    /// What follows `column =`: a term, `column + t`, `column - t` or `t + column`.
    fn whole_assignment(&mut self, column: String) -> Parsed<Assignment> {
        let start = self.position;
        if !self.at_column_reference(0) {
            let value = self.term()?;
            if !self.accept("+") {
                return Ok(Assignment::Set { column, value });
            }
            if self.column()? != column {
                return Err(only_own_column(start, "X = <value> + X"));
            }
            return Ok(Assignment::Prepend { column, value });
        }
        let same = self.column()? == column;
        let adds = self.accept("+");
        if !adds && !self.accept("-") {
            return self.no_viable();
        }
        let value = self.term()?;
        match (same, adds) {
            (true, true) => Ok(Assignment::Add { column, value }),
            (true, false) => Ok(Assignment::Subtract { column, value }),
            (false, true) => Err(only_own_column(start, "X = X + <value>")),
            (false, false) => Err(only_own_column(start, "X = X - <value>")),
        }
    }

    pub(super) fn delete(&mut self) -> Parsed<Box<Delete>> {
        self.expect("DELETE")?;
        let targets = if self.at("FROM") {
            Vec::new()
        } else {
            self.list(Self::target)?
        };
        self.expect("FROM")?;
        let table = self.table_name()?;
        let using = self.using(false)?;
        let where_clause = self.required_where()?;
        let condition = self.if_clause()?;
        Ok(Box::new(Delete {
            targets,
            table,
            using,
            where_clause,
            condition,
        }))
    }

    fn target(&mut self) -> Parsed<Target> {
        let column = self.column()?;
        if self.accept("[") {
            let key = self.term()?;
            self.expect("]")?;
            return Ok(Target::Element { column, key });
        }
        if self.accept(".") {
            return Ok(Target::Field {
                column,
                field: self.identifier()?,
            });
        }
        Ok(Target::Column(column))
    }

    fn if_clause(&mut self) -> Parsed<Option<IfClause>> {
        if !self.accept("IF") {
            return Ok(None);
        }
        // A column may be called `exists`; then a comparison follows.
        let compares = ["=", "!=", "<", "<=", ">", ">=", "IN", "CONTAINS", "[", "."]
            .into_iter()
            .any(|next| self.at_ahead(1, next));
        if !compares && self.accept("EXISTS") {
            return Ok(Some(IfClause::Exists));
        }
        self.conjunction(Self::condition)
            .map(|conditions| Some(IfClause::Conditions(conditions)))
    }

    fn condition(&mut self) -> Parsed<Condition> {
        let target = self.target()?;
        if self.accept("IN") {
            let test = ConditionTest::In(self.in_values(Self::term)?);
            return Ok(Condition { target, test });
        }
        let contains = match target {
            Target::Column(_) => self.accept_contains(),
            Target::Element { .. } | Target::Field { .. } => None,
        };
        let operator = match contains {
            Some(operator) => operator,
            None => self.comparison()?,
        };
        let test = ConditionTest::Compare {
            operator,
            value: self.term()?,
        };
        Ok(Condition { target, test })
    }

    pub(super) fn batch(&mut self) -> Parsed<Box<Batch>> {
        self.expect("BEGIN")?;
        let kind = if self.accept("UNLOGGED") {
            BatchKind::Unlogged
        } else if self.accept("COUNTER") {
            BatchKind::Counter
        } else {
            BatchKind::Logged
        };
        self.expect("BATCH")?;
        let using = self.using(true)?;
        let mut statements = Vec::new();
        while !self.at("APPLY") {
            statements.push(self.modification()?);
            self.accept(";");
        }
        self.expect_all(&["APPLY", "BATCH"])?;
        Ok(Box::new(Batch {
            kind,
            using,
            statements,
        }))
    }

    fn modification(&mut self) -> Parsed<Modification> {
        if self.at("INSERT") {
            self.insert().map(Modification::Insert)
        } else if self.at("UPDATE") {
            self.update().map(Modification::Update)
        } else if self.at("DELETE") {
            self.delete().map(Modification::Delete)
        } else {
            Err(self.mismatch("APPLY"))
        }
    }
}

fn only_own_column(position: usize, form: &str) -> Failure {
    let message = format!("Only expressions of the form {form} are supported.");
    Parser::refuse_at(position, message)
}

/// The first column that is set in two ways that contradict each other.
fn incompatible(assignments: &[Assignment]) -> Option<&str> {
    let mut touched = BTreeSet::new();
    let mut replaced = BTreeSet::new();
    let mut fields = BTreeSet::new();
    for assignment in assignments {
        let column = assignment.column();
        let first = touched.insert(column);
        let agrees = match assignment {
            Assignment::Set { .. } => replaced.insert(column) && first,
            Assignment::Field { field, .. } => {
                fields.insert((column, field)) && !replaced.contains(column)
            }
            Assignment::Add { .. }
            | Assignment::Subtract { .. }
            | Assignment::Prepend { .. }
            | Assignment::Element { .. } => !replaced.contains(column),
        };
        if !agrees {
            return Some(column);
        }
    }
    None
}
