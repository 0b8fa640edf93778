//! Statements, DESCRIBE, and the short ones.

use super::Name;
use super::access::grant_role;
use super::access::role;
use super::optional;
use super::schema::IF_EXISTS;
use super::term::FunctionName;
use super::term::UserTypeName;
use crate::ast::Describe;
use crate::ast::DescribeTarget;
use crate::ast::DropNamed;
use crate::ast::DropRole;
use crate::ast::Statement;
use crate::quote::quote_string;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Select(node) => node.fmt(f),
            Self::Insert(node) => node.fmt(f),
            Self::Update(node) => node.fmt(f),
            Self::Delete(node) => node.fmt(f),
            Self::Batch(node) => node.fmt(f),
            Self::Truncate(table) => write!(f, "TRUNCATE {table}"),
            Self::Use(keyspace) => write!(f, "USE {}", Name(keyspace)),
            Self::CreateKeyspace(node) => node.fmt(f),
            Self::AlterKeyspace(node) => node.fmt(f),
            Self::DropKeyspace(node) => node.fmt(f),
            Self::CreateTable(node) => node.fmt(f),
            Self::AlterTable(node) => node.fmt(f),
            Self::CreateType(node) => node.fmt(f),
            Self::AlterType(node) => node.fmt(f),
            Self::CreateIndex(node) => node.fmt(f),
            Self::CreateMaterializedView(node) => node.fmt(f),
            Self::AlterMaterializedView(node) => node.fmt(f),
            Self::CreateFunction(node) => node.fmt(f),
            Self::CreateAggregate(node) => node.fmt(f),
            Self::CreateTrigger(node) => node.fmt(f),
            Self::DropTrigger(node) => node.fmt(f),
            Self::DropTable(drop) | Self::DropIndex(drop) | Self::DropMaterializedView(drop) => {
                write!(f, "{} {drop}", self.name())
            }
            Self::DropType(DropNamed { name, if_exists }) => {
                write!(
                    f,
                    "DROP TYPE {}{}",
                    optional(*if_exists, IF_EXISTS),
                    UserTypeName(name)
                )
            }
            Self::DropFunction(drop) | Self::DropAggregate(drop) => {
                write!(f, "{} {drop}", self.name())
            }
            Self::CreateRole(node) => node.fmt(f),
            Self::AlterRole(node) => node.fmt(f),
            Self::DropRole(DropRole { name, if_exists }) => {
                write!(
                    f,
                    "DROP ROLE {}{}",
                    optional(*if_exists, IF_EXISTS),
                    role(name)
                )
            }
            Self::CreateUser(node) => node.fmt(f),
            Self::AlterUser(node) => node.fmt(f),
            Self::DropUser(DropRole { name, if_exists }) => {
                write!(
                    f,
                    "DROP USER {}{}",
                    optional(*if_exists, IF_EXISTS),
                    quote_string(name)
                )
            }
            Self::AddIdentity(node) => node.fmt(f),
            Self::DropIdentity(node) => node.fmt(f),
            Self::Grant(grant) => write!(f, "GRANT {grant} TO {}", role(&grant.role)),
            Self::Revoke(grant) => write!(f, "REVOKE {grant} FROM {}", role(&grant.role)),
            Self::GrantRole(grant) => {
                f.write_str("GRANT ")?;
                grant_role(f, grant, "TO")
            }
            Self::RevokeRole(grant) => {
                f.write_str("REVOKE ")?;
                grant_role(f, grant, "FROM")
            }
            Self::ListPermissions(node) => node.fmt(f),
            Self::ListRoles(node) => node.fmt(f),
            Self::ListUsers => f.write_str("LIST USERS"),
            Self::Describe(node) => node.fmt(f),
            Self::ExplainConsistency(statement) => {
                f.write_str("EXPLAIN CONSISTENCY ")?;
                statement.fmt(f)
            }
        }
    }
}

impl Display for DropNamed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", optional(self.if_exists, IF_EXISTS), self.name)
    }
}

impl Display for Describe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "DESCRIBE {}", self.target)?;
        f.write_str(optional(self.with_internals, " WITH INTERNALS"))
    }
}

impl Display for DescribeTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("CLUSTER"),
            Self::Schema { full } => write!(f, "{}SCHEMA", optional(*full, "FULL ")),
            Self::Keyspaces => f.write_str("KEYSPACES"),
            Self::Keyspace { name, only } => {
                write!(f, "{}KEYSPACE", optional(*only, "ONLY "))?;
                match name {
                    Some(name) => write!(f, " {}", Name(name)),
                    None => Ok(()),
                }
            }
            Self::Tables => f.write_str("TABLES"),
            Self::Table(name) => write!(f, "TABLE {name}"),
            Self::Index(name) => write!(f, "INDEX {name}"),
            Self::MaterializedView(name) => write!(f, "MATERIALIZED VIEW {name}"),
            Self::Types => f.write_str("TYPES"),
            Self::Type(name) => write!(f, "TYPE {}", UserTypeName(name)),
            Self::Functions => f.write_str("FUNCTIONS"),
            Self::Function(name) => write!(f, "FUNCTION {}", FunctionName(name)),
            Self::Aggregates => f.write_str("AGGREGATES"),
            Self::Aggregate(name) => write!(f, "AGGREGATE {}", FunctionName(name)),
            // In quotes when the bare word asks for something else.
            Self::Named(name) if name.keyspace.is_none() && LISTS.contains(&name.name.as_str()) => {
                write!(f, "\"{}\"", name.name)
            }
            Self::Named(name) => write!(f, "{name}"),
        }
    }
}

/// Names that DESCRIBE takes for a list of things.
const LISTS: [&str; 7] = [
    "cluster",
    "keyspaces",
    "tables",
    "columnfamilies",
    "types",
    "functions",
    "aggregates",
];
