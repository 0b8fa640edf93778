//! Which statement it is.

use super::Parsed;
use super::Parser;
use crate::ast::Statement;

impl Parser<'_> {
    /// Any statement, EXPLAIN CONSISTENCY before it or not.
    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        if self.accept_all(&["EXPLAIN", "CONSISTENCY"]) {
            let explained = Box::new(self.plain_statement()?);
            return Ok(Statement::ExplainConsistency(explained));
        }
        self.plain_statement()
    }

    fn plain_statement(&mut self) -> Parsed<Statement> {
        let start = self.position;
        let statement = self.any_statement()?;
        let bindable = matches!(
            statement,
            Statement::Select(_)
                | Statement::Insert(_)
                | Statement::Update(_)
                | Statement::Delete(_)
                | Statement::Batch(_)
        );
        if self.markers > 0 && !bindable {
            let message = format!(
                "Bind variables are not allowed in {} statements",
                statement.name()
            );
            return Err(Self::refuse_at(start, message));
        }
        Ok(statement)
    }

    fn any_statement(&mut self) -> Parsed<Statement> {
        // Quoted or not a word at all, nothing matches and the end of the chain refuses it.
        let first = self.word(0).to_ascii_uppercase();
        match first.as_str() {
            "SELECT" => self.select(),
            "INSERT" => self.insert().map(Statement::Insert),
            "UPDATE" => self.update().map(Statement::Update),
            "DELETE" => self.delete().map(Statement::Delete),
            "BEGIN" => self.batch().map(Statement::Batch),
            "TRUNCATE" => {
                self.expect("TRUNCATE")?;
                self.accept_table();
                self.table_name().map(Statement::Truncate)
            }
            "USE" => {
                self.expect("USE")?;
                self.keyspace_name().map(Statement::Use)
            }
            "CREATE" => self.create(),
            "ALTER" => self.alter(),
            "DROP" => self.drop(),
            "DESCRIBE" | "DESC" => self.describe(),
            "ADD" => self.add_identity(),
            "GRANT" => self.grant(),
            "REVOKE" => self.revoke(),
            "LIST" => self.list_statement(),
            _ => self.no_viable(),
        }
    }

    fn create(&mut self) -> Parsed<Statement> {
        self.expect("CREATE")?;
        if self.accept_all(&["OR", "REPLACE"]) {
            return match self.word(0).to_ascii_uppercase().as_str() {
                "FUNCTION" => self.create_function(true),
                "AGGREGATE" => self.create_aggregate(true),
                _ => self.no_viable(),
            };
        }
        match self.word(0).to_ascii_uppercase().as_str() {
            "KEYSPACE" | "SCHEMA" => self.create_keyspace(),
            "TABLE" | "COLUMNFAMILY" => self.create_table(),
            "TYPE" => self.create_type(),
            "INDEX" | "CUSTOM" => self.create_index(),
            "MATERIALIZED" => self.create_view(),
            "FUNCTION" => self.create_function(false),
            "AGGREGATE" => self.create_aggregate(false),
            "TRIGGER" => self.create_trigger(),
            "ROLE" => self.create_role(),
            "USER" => self.create_user(),
            _ => self.no_viable(),
        }
    }

    fn alter(&mut self) -> Parsed<Statement> {
        self.expect("ALTER")?;
        match self.word(0).to_ascii_uppercase().as_str() {
            "KEYSPACE" | "SCHEMA" => self.alter_keyspace(),
            "TABLE" | "COLUMNFAMILY" => self.alter_table(),
            "TYPE" => self.alter_type(),
            "MATERIALIZED" => self.alter_view(),
            "ROLE" => self.alter_role(),
            "USER" => self.alter_user(),
            _ => self.no_viable(),
        }
    }

    fn drop(&mut self) -> Parsed<Statement> {
        self.expect("DROP")?;
        match self.word(0).to_ascii_uppercase().as_str() {
            "KEYSPACE" | "SCHEMA" => self.drop_keyspace(),
            "TABLE" | "COLUMNFAMILY" => self.drop_table(),
            "TYPE" => self.drop_type(),
            "INDEX" => self.drop_index(),
            "MATERIALIZED" => self.drop_view(),
            "FUNCTION" => self.drop_function(),
            "AGGREGATE" => self.drop_aggregate(),
            "TRIGGER" => self.drop_trigger(),
            "ROLE" => self.drop_role(),
            "USER" => self.drop_user(),
            "IDENTITY" => self.drop_identity(),
            _ => self.no_viable(),
        }
    }

    /// `TABLE` or `COLUMNFAMILY`.
    pub(super) fn accept_table(&mut self) -> bool {
        self.accept("TABLE") || self.accept("COLUMNFAMILY")
    }

    /// `KEYSPACE` or `SCHEMA`.
    pub(super) fn accept_keyspace(&mut self) -> bool {
        self.accept("KEYSPACE") || self.accept("SCHEMA")
    }
}
