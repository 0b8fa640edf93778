//! The syntax tree of CQL: what was written, before anyone asks what it means.
//!
//! The tree knows no schema: a name may not exist, a literal may not fit its
//! column, a table may have two primary keys. Those are decided in `query`.
//! What the tree does promise:
//!
//! * **Names are folded**: an unquoted name is lower case, a quoted one is kept.
//!   Nothing below needs to know how it was quoted ([`quote_identifier`] does it again).
//! * **Literals keep their kind and text**, because `Invalid STRING constant (x) for …`
//!   needs both and because a number has no type before it meets a column.
//! * **Bind markers are numbered** from 0 in the order in which they are written,
//!   over the whole statement, batches included.
//! * **Height is bounded**: no tree that came from text is taller than a few hundred
//!   nodes, so walking one by recursion cannot exhaust a stack.
//! * **Printing is the inverse of parsing**: [`std::fmt::Display`] gives text that
//!   parses to an equal tree. `{:#}` gives the same over several lines where
//!   DESCRIBE does so.
//!
//! ```text
//!   Statement ─┬─ Select ── Selection, Relation*, Ordering*      (select.rs)
//!              ├─ Insert, Update, Delete, Batch                  (modify.rs)
//!              ├─ CreateTable, AlterTable, … DropIndex           (schema.rs)
//!              ├─ CreateRole, Grant, …                           (access.rs)
//!              └─ Use, Truncate, Describe, ExplainConsistency    (here)
//!   leaves: QualifiedName, TypeName, Term, Literal, BindMarker   (term.rs, types.rs)
//! ```
//!
//! [`quote_identifier`]: crate::quote_identifier

mod access;
mod modify;
mod schema;
mod select;
mod term;
mod types;

pub use access::*;
pub use modify::*;
pub use schema::*;
pub use select::*;
pub use term::*;
pub use types::*;

/// A name with an optional keyspace before it: a table, view, index, user type or function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The keyspace, when it was written; otherwise the session's.
    pub keyspace: Option<String>,
    /// The name itself, folded.
    pub name: String,
}

impl QualifiedName {
    /// `keyspace.name`.
    pub fn new(keyspace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            keyspace: Some(keyspace.into()),
            name: name.into(),
        }
    }

    /// A name without its keyspace.
    pub fn unqualified(name: impl Into<String>) -> Self {
        Self {
            keyspace: None,
            name: name.into(),
        }
    }
}

/// One CQL statement.
///
/// Statements with many clauses are boxed, so that a `Statement` is cheap to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `SELECT …`
    Select(Box<Select>),
    /// `INSERT INTO …`
    Insert(Box<Insert>),
    /// `UPDATE …`
    Update(Box<Update>),
    /// `DELETE … FROM …`
    Delete(Box<Delete>),
    /// `BEGIN … BATCH … APPLY BATCH`
    Batch(Box<Batch>),
    /// `TRUNCATE [TABLE] t`
    Truncate(QualifiedName),
    /// `USE keyspace`
    Use(String),
    /// `CREATE KEYSPACE …`
    CreateKeyspace(CreateKeyspace),
    /// `ALTER KEYSPACE …`
    AlterKeyspace(AlterKeyspace),
    /// `DROP KEYSPACE …`
    DropKeyspace(DropKeyspace),
    /// `CREATE TABLE …`
    CreateTable(Box<CreateTable>),
    /// `ALTER TABLE …`
    AlterTable(Box<AlterTable>),
    /// `DROP TABLE …`
    DropTable(DropNamed),
    /// `CREATE TYPE …`
    CreateType(CreateType),
    /// `ALTER TYPE …`
    AlterType(Box<AlterType>),
    /// `DROP TYPE …`
    DropType(DropNamed),
    /// `CREATE [CUSTOM] INDEX …`
    CreateIndex(Box<CreateIndex>),
    /// `DROP INDEX …`
    DropIndex(DropNamed),
    /// `CREATE MATERIALIZED VIEW …`
    CreateMaterializedView(Box<CreateMaterializedView>),
    /// `ALTER MATERIALIZED VIEW …`
    AlterMaterializedView(AlterMaterializedView),
    /// `DROP MATERIALIZED VIEW …`
    DropMaterializedView(DropNamed),
    /// `CREATE FUNCTION …`
    CreateFunction(Box<CreateFunction>),
    /// `DROP FUNCTION …`
    DropFunction(DropRoutine),
    /// `CREATE AGGREGATE …`
    CreateAggregate(Box<CreateAggregate>),
    /// `DROP AGGREGATE …`
    DropAggregate(DropRoutine),
    /// `CREATE TRIGGER …`
    CreateTrigger(Box<CreateTrigger>),
    /// `DROP TRIGGER …`
    DropTrigger(DropTrigger),
    /// `CREATE ROLE …`
    CreateRole(CreateRole),
    /// `ALTER ROLE …`
    AlterRole(AlterRole),
    /// `DROP ROLE …`
    DropRole(DropRole),
    /// `CREATE USER …`, the older spelling of a role that may log in.
    CreateUser(CreateUser),
    /// `ALTER USER …`
    AlterUser(AlterUser),
    /// `DROP USER …`
    DropUser(DropRole),
    /// `ADD IDENTITY 'i' TO ROLE 'r'`
    AddIdentity(AddIdentity),
    /// `DROP IDENTITY 'i'`
    DropIdentity(DropIdentity),
    /// `GRANT permission ON resource TO role`
    Grant(Box<Grant>),
    /// `REVOKE permission ON resource FROM role`
    Revoke(Box<Grant>),
    /// `GRANT role TO role`
    GrantRole(GrantRole),
    /// `REVOKE role FROM role`
    RevokeRole(GrantRole),
    /// `LIST permissions …`
    ListPermissions(Box<ListPermissions>),
    /// `LIST ROLES …`
    ListRoles(ListRoles),
    /// `LIST USERS`
    ListUsers,
    /// `DESCRIBE …` or `DESC …`
    Describe(Describe),
    /// `EXPLAIN CONSISTENCY statement`: runs the statement and answers its receipt
    /// instead of its rows. Ours; never nested.
    ExplainConsistency(Box<Statement>),
}

/// `DROP <kind> [IF EXISTS] name`, for tables, types, indexes and views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropNamed {
    /// What to drop.
    pub name: QualifiedName,
    /// Whether a missing one is no error.
    pub if_exists: bool,
}

/// `DESCRIBE target [WITH INTERNALS]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Describe {
    /// What to describe.
    pub target: DescribeTarget,
    /// Whether ids, dropped columns and the like are wanted too.
    pub with_internals: bool,
}

/// What `DESCRIBE` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescribeTarget {
    /// `CLUSTER`
    Cluster,
    /// `[FULL] SCHEMA`; full includes the system keyspaces.
    Schema {
        /// Whether FULL was written.
        full: bool,
    },
    /// `KEYSPACES`
    Keyspaces,
    /// `[ONLY] KEYSPACE [name]`; without a name, the session's.
    Keyspace {
        /// The keyspace, when it was written.
        name: Option<String>,
        /// Whether the statements of its tables, types and so on are left out.
        only: bool,
    },
    /// `TABLES`
    Tables,
    /// `TABLE name`
    Table(QualifiedName),
    /// `INDEX name`
    Index(QualifiedName),
    /// `MATERIALIZED VIEW name`
    MaterializedView(QualifiedName),
    /// `TYPES`
    Types,
    /// `TYPE name`
    Type(QualifiedName),
    /// `FUNCTIONS`
    Functions,
    /// `FUNCTION name`
    Function(QualifiedName),
    /// `AGGREGATES`
    Aggregates,
    /// `AGGREGATE name`
    Aggregate(QualifiedName),
    /// A bare name: a keyspace, table, view, index, type, function or aggregate, tried in that order.
    Named(QualifiedName),
}

impl Statement {
    /// The statement's name as a refusal says it: `CREATE INDEX`, `LIST ROLES`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Select(_) => "SELECT",
            Self::Insert(_) => "INSERT",
            Self::Update(_) => "UPDATE",
            Self::Delete(_) => "DELETE",
            Self::Batch(_) => "BATCH",
            Self::Truncate(_) => "TRUNCATE",
            Self::Use(_) => "USE",
            Self::CreateKeyspace(_) => "CREATE KEYSPACE",
            Self::AlterKeyspace(_) => "ALTER KEYSPACE",
            Self::DropKeyspace(_) => "DROP KEYSPACE",
            Self::CreateTable(_) => "CREATE TABLE",
            Self::AlterTable(_) => "ALTER TABLE",
            Self::DropTable(_) => "DROP TABLE",
            Self::CreateType(_) => "CREATE TYPE",
            Self::AlterType(_) => "ALTER TYPE",
            Self::DropType(_) => "DROP TYPE",
            Self::CreateIndex(_) => "CREATE INDEX",
            Self::DropIndex(_) => "DROP INDEX",
            Self::CreateMaterializedView(_) => "CREATE MATERIALIZED VIEW",
            Self::AlterMaterializedView(_) => "ALTER MATERIALIZED VIEW",
            Self::DropMaterializedView(_) => "DROP MATERIALIZED VIEW",
            Self::CreateFunction(_) => "CREATE FUNCTION",
            Self::DropFunction(_) => "DROP FUNCTION",
            Self::CreateAggregate(_) => "CREATE AGGREGATE",
            Self::DropAggregate(_) => "DROP AGGREGATE",
            Self::CreateTrigger(_) => "CREATE TRIGGER",
            Self::DropTrigger(_) => "DROP TRIGGER",
            Self::CreateRole(_) => "CREATE ROLE",
            Self::AlterRole(_) => "ALTER ROLE",
            Self::DropRole(_) => "DROP ROLE",
            Self::CreateUser(_) => "CREATE USER",
            Self::AlterUser(_) => "ALTER USER",
            Self::DropUser(_) => "DROP USER",
            Self::AddIdentity(_) => "ADD IDENTITY",
            Self::DropIdentity(_) => "DROP IDENTITY",
            Self::Grant(_) => "GRANT",
            Self::Revoke(_) => "REVOKE",
            Self::GrantRole(_) => "GRANT ROLE",
            Self::RevokeRole(_) => "REVOKE ROLE",
            Self::ListPermissions(_) => "LIST PERMISSIONS",
            Self::ListRoles(_) => "LIST ROLES",
            Self::ListUsers => "LIST USERS",
            Self::Describe(_) => "DESCRIBE",
            Self::ExplainConsistency(_) => "EXPLAIN CONSISTENCY",
        }
    }
}
