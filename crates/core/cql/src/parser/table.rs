//! Keyspaces and tables, and the properties they share with everything else.

use super::Parsed;
use super::Parser;
use crate::ast::AlterKeyspace;
use crate::ast::AlterTable;
use crate::ast::AlterTableOperation;
use crate::ast::ColumnDefinition;
use crate::ast::ColumnMask;
use crate::ast::CreateKeyspace;
use crate::ast::CreateTable;
use crate::ast::Direction;
use crate::ast::DropKeyspace;
use crate::ast::Literal;
use crate::ast::PrimaryKey;
use crate::ast::Properties;
use crate::ast::PropertyValue;
use crate::ast::Statement;
use crate::ast::TableOptions;
use crate::lexer::TokenKind;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Keyspaces.
impl Parser<'_> {
    pub(super) fn create_keyspace(&mut self) -> Parsed<Statement> {
        self.accept_keyspace();
        let if_not_exists = self.if_not_exists()?;
        let name = self.keyspace_name()?;
        self.expect("WITH")?;
        let properties = self.properties()?;
        Ok(Statement::CreateKeyspace(CreateKeyspace {
            name,
            if_not_exists,
            properties,
        }))
    }

    pub(super) fn alter_keyspace(&mut self) -> Parsed<Statement> {
        self.accept_keyspace();
        let if_exists = self.if_exists()?;
        let name = self.keyspace_name()?;
        self.expect("WITH")?;
        let properties = self.properties()?;
        Ok(Statement::AlterKeyspace(AlterKeyspace {
            name,
            if_exists,
            properties,
        }))
    }

    pub(super) fn drop_keyspace(&mut self) -> Parsed<Statement> {
        self.accept_keyspace();
        let if_exists = self.if_exists()?;
        let name = self.keyspace_name()?;
        Ok(Statement::DropKeyspace(DropKeyspace { name, if_exists }))
    }
}

/// CREATE TABLE.
impl Parser<'_> {
    pub(super) fn create_table(&mut self) -> Parsed<Statement> {
        self.accept_table();
        let if_not_exists = self.if_not_exists()?;
        let name = self.table_name()?;
        let (columns, primary_keys) = self.table_body()?;
        let options = self.table_options()?;
        let create = CreateTable {
            name,
            if_not_exists,
            columns,
            primary_keys,
            options,
        };
        Ok(Statement::CreateTable(Box::new(create)))
    }

    /// Columns and keys in parentheses, in any order; a comma too many is overlooked.
    fn table_body(&mut self) -> Parsed<(Vec<ColumnDefinition>, Vec<PrimaryKey>)> {
        let (mut columns, mut keys) = (Vec::new(), Vec::new());
        self.expect("(")?;
        self.table_part(&mut columns, &mut keys)?;
        while self.accept(",") {
            if !self.at(",") && !self.at(")") {
                self.table_part(&mut columns, &mut keys)?;
            }
        }
        self.expect(")")?;
        Ok((columns, keys))
    }

    fn table_part(
        &mut self,
        columns: &mut Vec<ColumnDefinition>,
        keys: &mut Vec<PrimaryKey>,
    ) -> Parsed<()> {
        if self.at("PRIMARY") {
            keys.push(self.primary_key()?);
            return Ok(());
        }
        let column = self.column_definition()?;
        if self.accept("PRIMARY") {
            self.expect("KEY")?;
            let (partition_key, clustering) = (vec![column.name.clone()], Vec::new());
            keys.push(PrimaryKey {
                partition_key,
                clustering,
            });
        }
        columns.push(column);
        Ok(())
    }

    fn column_definition(&mut self) -> Parsed<ColumnDefinition> {
        let name = self.identifier()?;
        let type_name = self.type_name()?;
        let is_static = self.accept("STATIC");
        let mask = if self.at("MASKED") {
            Some(self.column_mask()?)
        } else {
            None
        };
        Ok(ColumnDefinition {
            name,
            type_name,
            is_static,
            mask,
        })
    }

    fn column_mask(&mut self) -> Parsed<ColumnMask> {
        self.expect_all(&["MASKED", "WITH"])?;
        if self.accept("DEFAULT") {
            return Ok(ColumnMask::Default);
        }
        let name = self.function_name()?;
        let arguments = self.enclosed("(", ")", Self::term)?;
        Ok(ColumnMask::Function { name, arguments })
    }

    /// `PRIMARY KEY (…)`.
    pub(super) fn primary_key(&mut self) -> Parsed<PrimaryKey> {
        self.expect_all(&["PRIMARY", "KEY", "("])?;
        let partition_key = if self.at("(") {
            self.parenthesised(Self::identifier)?
        } else {
            vec![self.identifier()?]
        };
        let mut clustering = Vec::new();
        while self.accept(",") {
            clustering.push(self.identifier()?);
        }
        self.expect(")")?;
        Ok(PrimaryKey {
            partition_key,
            clustering,
        })
    }

    /// `WITH …` of a table or view, when it comes next.
    pub(super) fn table_options(&mut self) -> Parsed<TableOptions> {
        let mut options = TableOptions::default();
        if !self.accept("WITH") {
            return Ok(options);
        }
        loop {
            if self.accept_all(&["COMPACT", "STORAGE"]) {
                options.compact_storage = true;
            } else if self.accept_all(&["CLUSTERING", "ORDER"]) {
                self.expect("BY")?;
                options
                    .clustering_order
                    .extend(self.parenthesised(Self::clustering_order)?);
            } else if self.at_ahead(1, "=") && (self.at("ID") || self.word(0) == "\"id\"") {
                let start = self.position;
                if options.id.replace(self.table_id()?).is_some() {
                    return Err(repeated(start, "id"));
                }
            } else {
                options.properties.push(self.property()?);
            }
            if !self.accept("AND") {
                break;
            }
        }
        self.refuse_repetition(&options.properties)?;
        Ok(options)
    }

    fn clustering_order(&mut self) -> Parsed<(String, Direction)> {
        let column = self.identifier()?;
        if self.accept("ASC") {
            Ok((column, Direction::Ascending))
        } else if self.accept("DESC") {
            Ok((column, Direction::Descending))
        } else {
            self.no_viable()
        }
    }

    fn table_id(&mut self) -> Parsed<Uuid> {
        self.identifier()?;
        self.expect("=")?;
        let start = self.position;
        let literal = self.literal()?;
        Uuid::try_parse(&literal.text).map_err(|_| Self::refuse_at(start, "Invalid table id"))
    }
}

/// Properties.
impl Parser<'_> {
    /// `name = value AND …`.
    pub(super) fn properties(&mut self) -> Parsed<Properties> {
        let properties = self.conjunction(Self::property)?;
        self.refuse_repetition(&properties)?;
        Ok(properties)
    }

    fn refuse_repetition(&self, properties: &Properties) -> Parsed<()> {
        let mut seen = BTreeSet::new();
        match properties.iter().find(|(name, _)| !seen.insert(name)) {
            Some((name, _)) => Err(repeated(self.position.saturating_sub(1), name)),
            None => Ok(()),
        }
    }

    fn property(&mut self) -> Parsed<(String, PropertyValue)> {
        let name = self.identifier()?;
        self.expect("=")?;
        let value = if self.at("{") {
            PropertyValue::Map(self.literal_map()?)
        } else if self.kind(0) == Some(TokenKind::Keyword) {
            let word = self.word(0);
            self.position += 1;
            PropertyValue::Literal(Literal::string(word))
        } else {
            self.refuse_marker("Invalid property value")?;
            PropertyValue::Literal(self.literal()?)
        };
        Ok((name, value))
    }

    /// `{'key': value, …}`, possibly empty.
    pub(super) fn literal_map(&mut self) -> Parsed<Vec<(Literal, Literal)>> {
        let start = self.position;
        let entries = self.enclosed("{", "}", |parser| {
            parser.refuse_marker("Invalid property name")?;
            let key = parser.literal()?;
            parser.expect(":")?;
            parser.refuse_marker("Invalid property value")?;
            Ok((key, parser.literal()?))
        })?;
        let mut seen = BTreeSet::new();
        match entries.iter().find(|(key, _)| !seen.insert(&key.text)) {
            Some((key, _)) => {
                let message = format!("Multiple definition for property {}", key.text);
                Err(Self::refuse_at(start, message))
            }
            None => Ok(entries),
        }
    }

    fn refuse_marker(&mut self, what: &str) -> Parsed<()> {
        let start = self.position;
        if self.marker()?.is_none() {
            return Ok(());
        }
        let message = format!("{what}: ? (bind variables are not supported in DDL queries)");
        Err(Self::refuse_at(start, message))
    }
}

/// ALTER TABLE.
impl Parser<'_> {
    pub(super) fn alter_table(&mut self) -> Parsed<Statement> {
        self.accept_table();
        let if_exists = self.if_exists()?;
        let name = self.table_name()?;
        let operation = self.alter_table_operation()?;
        Ok(Statement::AlterTable(Box::new(AlterTable {
            name,
            if_exists,
            operation,
        })))
    }

    fn alter_table_operation(&mut self) -> Parsed<AlterTableOperation> {
        if self.accept("ALTER") {
            return self.alter_column();
        }
        if self.accept("ADD") {
            let if_not_exists = self.if_not_exists()?;
            let columns = if self.at("(") {
                self.parenthesised(Self::column_definition)?
            } else {
                vec![self.column_definition()?]
            };
            return Ok(AlterTableOperation::Add {
                if_not_exists,
                columns,
            });
        }
        if self.accept_all(&["DROP", "COMPACT", "STORAGE"]) {
            return Ok(AlterTableOperation::DropCompactStorage);
        }
        if self.accept("DROP") {
            return self.drop_columns();
        }
        if self.accept("RENAME") {
            let if_exists = self.if_exists()?;
            let renames = self.conjunction(Self::rename)?;
            return Ok(AlterTableOperation::Rename { if_exists, renames });
        }
        if self.accept("WITH") {
            return self.properties().map(AlterTableOperation::With);
        }
        self.no_viable()
    }

    fn alter_column(&mut self) -> Parsed<AlterTableOperation> {
        let if_exists = self.if_exists()?;
        let column = self.column()?;
        if !if_exists && self.accept("TYPE") {
            let type_name = self.type_name()?;
            return Ok(AlterTableOperation::AlterType { column, type_name });
        }
        let mask = if self.accept_all(&["DROP", "MASKED"]) {
            None
        } else if self.at("MASKED") {
            Some(self.column_mask()?)
        } else {
            return self.no_viable();
        };
        Ok(AlterTableOperation::AlterMask {
            if_exists,
            column,
            mask,
        })
    }

    fn drop_columns(&mut self) -> Parsed<AlterTableOperation> {
        let if_exists = self.if_exists()?;
        let columns = if self.at("(") {
            self.parenthesised(Self::identifier)?
        } else {
            vec![self.identifier()?]
        };
        let mut timestamp = None;
        if self.accept("USING") {
            self.expect("TIMESTAMP")?;
            let start = self.position;
            let literal = self.literal()?;
            let Ok(parsed) = literal.text.parse() else {
                let message = format!("Invalid timestamp value: {}", literal.text);
                return Err(Self::refuse_at(start, message));
            };
            timestamp = Some(parsed);
        }
        Ok(AlterTableOperation::Drop {
            if_exists,
            columns,
            timestamp,
        })
    }

    /// `a TO b`.
    pub(super) fn rename(&mut self) -> Parsed<(String, String)> {
        let from = self.identifier()?;
        self.expect("TO")?;
        Ok((from, self.identifier()?))
    }
}

fn repeated(position: usize, name: &str) -> super::Failure {
    Parser::refuse_at(
        position,
        format!("Multiple definitions for property '{name}'"),
    )
}
