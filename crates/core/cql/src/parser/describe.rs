//! DESCRIBE.

use super::Parsed;
use super::Parser;
use crate::ast::Describe;
use crate::ast::DescribeTarget;
use crate::ast::Statement;

impl Parser<'_> {
    pub(super) fn describe(&mut self) -> Parsed<Statement> {
        if !self.accept("DESCRIBE") {
            self.expect("DESC")?;
        }
        let target = self.describe_target()?;
        let with_internals = self.accept("WITH");
        if with_internals {
            self.expect("INTERNALS")?;
        }
        Ok(Statement::Describe(Describe {
            target,
            with_internals,
        }))
    }

    fn describe_target(&mut self) -> Parsed<DescribeTarget> {
        if let Some(target) = self.describe_list() {
            return Ok(target);
        }
        if self.accept_all(&["FULL", "SCHEMA"]) {
            return Ok(DescribeTarget::Schema { full: true });
        }
        if self.accept("SCHEMA") {
            return Ok(DescribeTarget::Schema { full: false });
        }
        let only = self.accept_all(&["ONLY", "KEYSPACE"]);
        if only || self.accept("KEYSPACE") {
            let name = if self.at_name(0) {
                Some(self.keyspace_name()?)
            } else {
                None
            };
            return Ok(DescribeTarget::Keyspace { name, only });
        }
        if self.accept_table() {
            return self.table_name().map(DescribeTarget::Table);
        }
        if self.accept("INDEX") {
            return self.qualified("index").map(DescribeTarget::Index);
        }
        if self.accept("MATERIALIZED") {
            self.expect("VIEW")?;
            return self.table_name().map(DescribeTarget::MaterializedView);
        }
        // These words are names too: `DESCRIBE type` is about a table called type.
        if self.at_name(1) {
            if self.accept("TYPE") {
                return self.user_type_name().map(DescribeTarget::Type);
            }
            if self.accept("FUNCTION") {
                return self.function_name().map(DescribeTarget::Function);
            }
            if self.accept("AGGREGATE") {
                return self.function_name().map(DescribeTarget::Aggregate);
            }
        }
        self.table_name().map(DescribeTarget::Named)
    }

    /// The targets of one word, which win over tables of that name.
    fn describe_list(&mut self) -> Option<DescribeTarget> {
        let target = match self.word(0).to_ascii_uppercase().as_str() {
            "CLUSTER" => DescribeTarget::Cluster,
            "KEYSPACES" => DescribeTarget::Keyspaces,
            "TABLES" | "COLUMNFAMILIES" => DescribeTarget::Tables,
            "TYPES" => DescribeTarget::Types,
            "FUNCTIONS" => DescribeTarget::Functions,
            "AGGREGATES" => DescribeTarget::Aggregates,
            _ => return None,
        };
        if self.at_ahead(1, ".") {
            return None;
        }
        self.position += 1;
        Some(target)
    }
}
