//! Types, indexes, views, functions, aggregates, triggers, and what drops them.

use super::Parsed;
use super::Parser;
use crate::ast::AlterMaterializedView;
use crate::ast::AlterType;
use crate::ast::AlterTypeOperation;
use crate::ast::CreateAggregate;
use crate::ast::CreateFunction;
use crate::ast::CreateIndex;
use crate::ast::CreateMaterializedView;
use crate::ast::CreateTrigger;
use crate::ast::CreateType;
use crate::ast::DropNamed;
use crate::ast::DropRoutine;
use crate::ast::DropTrigger;
use crate::ast::IndexTarget;
use crate::ast::IndexTargetKind;
use crate::ast::QualifiedName;
use crate::ast::Statement;
use crate::ast::TypeName;
use crate::lexer::TokenKind;

/// Dropping.
impl Parser<'_> {
    /// `[IF EXISTS] name`.
    fn drop_named(&mut self, name: fn(&mut Self) -> Parsed<QualifiedName>) -> Parsed<DropNamed> {
        let if_exists = self.if_exists()?;
        Ok(DropNamed {
            name: name(self)?,
            if_exists,
        })
    }

    pub(super) fn drop_table(&mut self) -> Parsed<Statement> {
        self.accept_table();
        self.drop_named(Self::table_name).map(Statement::DropTable)
    }

    pub(super) fn drop_type(&mut self) -> Parsed<Statement> {
        self.expect("TYPE")?;
        self.drop_named(Self::user_type_name)
            .map(Statement::DropType)
    }

    pub(super) fn drop_index(&mut self) -> Parsed<Statement> {
        self.expect("INDEX")?;
        self.drop_named(|parser| parser.qualified("index"))
            .map(Statement::DropIndex)
    }

    pub(super) fn drop_view(&mut self) -> Parsed<Statement> {
        self.expect_all(&["MATERIALIZED", "VIEW"])?;
        self.drop_named(Self::table_name)
            .map(Statement::DropMaterializedView)
    }

    pub(super) fn drop_function(&mut self) -> Parsed<Statement> {
        self.expect("FUNCTION")?;
        self.drop_routine().map(Statement::DropFunction)
    }

    pub(super) fn drop_aggregate(&mut self) -> Parsed<Statement> {
        self.expect("AGGREGATE")?;
        self.drop_routine().map(Statement::DropAggregate)
    }

    fn drop_routine(&mut self) -> Parsed<DropRoutine> {
        let if_exists = self.if_exists()?;
        let name = self.function_name()?;
        let arguments = if self.at("(") {
            Some(self.argument_types()?)
        } else {
            None
        };
        Ok(DropRoutine {
            name,
            if_exists,
            arguments,
        })
    }

    pub(super) fn drop_trigger(&mut self) -> Parsed<Statement> {
        self.expect("TRIGGER")?;
        let if_exists = self.if_exists()?;
        let name = self.identifier()?;
        self.expect("ON")?;
        let table = self.table_name()?;
        Ok(Statement::DropTrigger(DropTrigger {
            name,
            if_exists,
            table,
        }))
    }
}

/// Types.
impl Parser<'_> {
    pub(super) fn create_type(&mut self) -> Parsed<Statement> {
        self.expect("TYPE")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.user_type_name()?;
        self.expect("(")?;
        let mut fields = vec![self.field()?];
        while self.accept(",") {
            if !self.at(",") && !self.at(")") {
                fields.push(self.field()?);
            }
        }
        self.expect(")")?;
        Ok(Statement::CreateType(CreateType {
            name,
            if_not_exists,
            fields,
        }))
    }

    fn field(&mut self) -> Parsed<(String, TypeName)> {
        let name = self.identifier()?;
        Ok((name, self.type_name()?))
    }

    pub(super) fn alter_type(&mut self) -> Parsed<Statement> {
        self.expect("TYPE")?;
        let if_exists = self.if_exists()?;
        let name = self.user_type_name()?;
        let operation = if self.accept("ALTER") {
            let field = self.identifier()?;
            self.expect("TYPE")?;
            AlterTypeOperation::AlterField {
                field,
                type_name: self.type_name()?,
            }
        } else if self.accept("ADD") {
            let if_not_exists = self.if_not_exists()?;
            let (field, type_name) = self.field()?;
            AlterTypeOperation::Add {
                if_not_exists,
                field,
                type_name,
            }
        } else if self.accept("RENAME") {
            let if_exists = self.if_exists()?;
            let renames = self.conjunction(Self::rename)?;
            AlterTypeOperation::Rename { if_exists, renames }
        } else {
            return self.no_viable();
        };
        Ok(Statement::AlterType(Box::new(AlterType {
            name,
            if_exists,
            operation,
        })))
    }
}

/// Indexes and views.
impl Parser<'_> {
    pub(super) fn create_index(&mut self) -> Parsed<Statement> {
        let custom = self.accept("CUSTOM");
        self.expect("INDEX")?;
        let if_not_exists = self.if_not_exists()?;
        let name = if self.at("ON") {
            None
        } else {
            Some(self.unbound_name("index")?)
        };
        self.expect("ON")?;
        let table = self.table_name()?;
        let targets = self.enclosed("(", ")", Self::index_target)?;
        let class = if self.accept("USING") {
            Some(self.string()?)
        } else {
            None
        };
        let properties = if self.accept("WITH") {
            self.properties()?
        } else {
            Vec::new()
        };
        Ok(Statement::CreateIndex(Box::new(CreateIndex {
            custom,
            if_not_exists,
            name,
            table,
            targets,
            class,
            properties,
        })))
    }

    fn index_target(&mut self) -> Parsed<IndexTarget> {
        const PARTS: [(&str, IndexTargetKind); 4] = [
            ("VALUES", IndexTargetKind::Values),
            ("KEYS", IndexTargetKind::Keys),
            ("ENTRIES", IndexTargetKind::Entries),
            ("FULL", IndexTargetKind::Full),
        ];
        for (word, kind) in PARTS {
            if self.accept_all(&[word, "("]) {
                let column = self.column()?;
                self.expect(")")?;
                return Ok(IndexTarget { kind, column });
            }
        }
        Ok(IndexTarget {
            kind: IndexTargetKind::Simple,
            column: self.column()?,
        })
    }

    pub(super) fn create_view(&mut self) -> Parsed<Statement> {
        self.expect_all(&["MATERIALIZED", "VIEW"])?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.table_name()?;
        self.expect_all(&["AS", "SELECT"])?;
        let selection = self.selection()?;
        self.expect("FROM")?;
        let base = self.table_name()?;
        let where_clause = self.optional_where()?;
        let primary_key = self.primary_key()?;
        let options = self.table_options()?;
        Ok(Statement::CreateMaterializedView(Box::new(
            CreateMaterializedView {
                name,
                if_not_exists,
                selection,
                base,
                where_clause,
                primary_key,
                options,
            },
        )))
    }

    pub(super) fn alter_view(&mut self) -> Parsed<Statement> {
        self.expect_all(&["MATERIALIZED", "VIEW"])?;
        let if_exists = self.if_exists()?;
        let name = self.table_name()?;
        self.expect("WITH")?;
        let properties = self.properties()?;
        let alter = AlterMaterializedView {
            name,
            if_exists,
            properties,
        };
        Ok(Statement::AlterMaterializedView(alter))
    }
}

/// Functions, aggregates, triggers.
impl Parser<'_> {
    /// `(type, …)`, possibly empty.
    pub(super) fn argument_types(&mut self) -> Parsed<Vec<TypeName>> {
        self.enclosed("(", ")", Self::type_name)
    }

    pub(super) fn create_function(&mut self, or_replace: bool) -> Parsed<Statement> {
        self.expect("FUNCTION")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.function_name()?;
        let arguments = self.enclosed("(", ")", Self::field)?;
        let called_on_null_input = self.accept("CALLED");
        if !called_on_null_input {
            self.expect_all(&["RETURNS", "NULL"])?;
        }
        self.expect_all(&["ON", "NULL", "INPUT", "RETURNS"])?;
        let returns = self.type_name()?;
        self.expect("LANGUAGE")?;
        if self.kind(0) != Some(TokenKind::Identifier) {
            return Err(self.mismatch("IDENT"));
        }
        let language = self.identifier()?;
        self.expect("AS")?;
        let body = self.string()?;
        Ok(Statement::CreateFunction(Box::new(CreateFunction {
            or_replace,
            if_not_exists,
            name,
            arguments,
            called_on_null_input,
            returns,
            language,
            body,
        })))
    }

    pub(super) fn create_aggregate(&mut self, or_replace: bool) -> Parsed<Statement> {
        self.expect("AGGREGATE")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.function_name()?;
        let arguments = self.argument_types()?;
        self.expect("SFUNC")?;
        let state_function = self.bare_function_name()?;
        self.expect("STYPE")?;
        let state_type = self.type_name()?;
        let final_function = if self.accept("FINALFUNC") {
            Some(self.bare_function_name()?)
        } else {
            None
        };
        let initial_condition = if self.accept("INITCOND") {
            Some(self.term()?)
        } else {
            None
        };
        Ok(Statement::CreateAggregate(Box::new(CreateAggregate {
            or_replace,
            if_not_exists,
            name,
            arguments,
            state_function,
            state_type,
            final_function,
            initial_condition,
        })))
    }

    pub(super) fn create_trigger(&mut self) -> Parsed<Statement> {
        self.expect("TRIGGER")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.identifier()?;
        self.expect("ON")?;
        let table = self.table_name()?;
        self.expect("USING")?;
        let class = self.string()?;
        let create = CreateTrigger {
            name,
            if_not_exists,
            table,
            class,
        };
        Ok(Statement::CreateTrigger(Box::new(create)))
    }
}
