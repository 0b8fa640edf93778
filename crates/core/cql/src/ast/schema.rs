//! Schema: keyspaces, tables, types, indexes, views, functions, aggregates, triggers.

use super::Direction;
use super::Literal;
use super::QualifiedName;
use super::Relation;
use super::Selection;
use super::Term;
use super::TypeName;
use uuid::Uuid;

/// `name = value AND …`, in the order written; no name twice.
pub type Properties = Vec<(String, PropertyValue)>;

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// `'99p'`, `0.01`, `true`; a bare word becomes a string literal.
    Literal(Literal),
    /// `{'class': 'SimpleStrategy', 'replication_factor': 1}`
    Map(Vec<(Literal, Literal)>),
}

/// `CREATE KEYSPACE [IF NOT EXISTS] name WITH properties`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKeyspace {
    /// The keyspace.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// `replication`, `durable_writes`; never empty.
    pub properties: Properties,
}

/// `ALTER KEYSPACE [IF EXISTS] name WITH properties`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterKeyspace {
    /// The keyspace.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The properties to change, never empty.
    pub properties: Properties,
}

/// `DROP KEYSPACE [IF EXISTS] name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropKeyspace {
    /// The keyspace.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// `CREATE TABLE …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub name: QualifiedName,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Columns in the order written; names may repeat.
    pub columns: Vec<ColumnDefinition>,
    /// Every primary key that was declared, `k int PRIMARY KEY` included. A legal statement has
    /// exactly one; none and several are refused with the messages of `query`.
    pub primary_keys: Vec<PrimaryKey>,
    /// WITH.
    pub options: TableOptions,
}

/// A column of CREATE TABLE or ALTER TABLE ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// STATIC.
    pub is_static: bool,
    /// `MASKED WITH …`.
    pub mask: Option<ColumnMask>,
}

/// `MASKED WITH DEFAULT` or `MASKED WITH f(t, …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnMask {
    /// DEFAULT
    Default,
    /// A masking function with the arguments after the column.
    Function {
        /// The function.
        name: QualifiedName,
        /// Its further arguments.
        arguments: Vec<Term>,
    },
}

/// `PRIMARY KEY ((a, b), c, d)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The columns that choose the partition, never empty.
    pub partition_key: Vec<String>,
    /// The columns that order its rows.
    pub clustering: Vec<String>,
}

/// WITH of a table or view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableOptions {
    /// CLUSTERING ORDER BY, in the order written.
    pub clustering_order: Vec<(String, Direction)>,
    /// COMPACT STORAGE.
    pub compact_storage: bool,
    /// `ID = uuid`.
    pub id: Option<Uuid>,
    /// All other properties.
    pub properties: Properties,
}

/// `ALTER TABLE [IF EXISTS] name operation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterTable {
    /// The table.
    pub name: QualifiedName,
    /// IF EXISTS, of the table.
    pub if_exists: bool,
    /// What to do.
    pub operation: AlterTableOperation,
}

/// What ALTER TABLE does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterTableOperation {
    /// `ALTER column TYPE type`; parsed only to be refused.
    AlterType {
        /// The column.
        column: String,
        /// The type asked for.
        type_name: TypeName,
    },
    /// `ALTER [IF EXISTS] column MASKED WITH …` or `… DROP MASKED`
    AlterMask {
        /// IF EXISTS, of the column.
        if_exists: bool,
        /// The column.
        column: String,
        /// The new mask, or none.
        mask: Option<ColumnMask>,
    },
    /// `ADD [IF NOT EXISTS] column type [STATIC]` or a list in parentheses
    Add {
        /// IF NOT EXISTS, of the columns.
        if_not_exists: bool,
        /// The columns, never empty.
        columns: Vec<ColumnDefinition>,
    },
    /// `DROP [IF EXISTS] column [USING TIMESTAMP t]` or a list in parentheses
    Drop {
        /// IF EXISTS, of the columns.
        if_exists: bool,
        /// The columns, never empty.
        columns: Vec<String>,
        /// USING TIMESTAMP, in microseconds.
        timestamp: Option<i64>,
    },
    /// `RENAME [IF EXISTS] a TO b AND …`
    Rename {
        /// IF EXISTS, of the columns.
        if_exists: bool,
        /// Old and new names, never empty.
        renames: Vec<(String, String)>,
    },
    /// `DROP COMPACT STORAGE`
    DropCompactStorage,
    /// `WITH properties`; an `id` is among them, to be refused.
    With(Properties),
}

/// `CREATE TYPE [IF NOT EXISTS] name (field type, …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateType {
    /// The type.
    pub name: QualifiedName,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Its fields in order, never empty; names may repeat.
    pub fields: Vec<(String, TypeName)>,
}

/// `ALTER TYPE [IF EXISTS] name operation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterType {
    /// The type.
    pub name: QualifiedName,
    /// IF EXISTS, of the type.
    pub if_exists: bool,
    /// What to do.
    pub operation: AlterTypeOperation,
}

/// What ALTER TYPE does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterTypeOperation {
    /// `ALTER field TYPE type`; parsed only to be refused.
    AlterField {
        /// The field.
        field: String,
        /// The type asked for.
        type_name: TypeName,
    },
    /// `ADD [IF NOT EXISTS] field type`
    Add {
        /// IF NOT EXISTS, of the field.
        if_not_exists: bool,
        /// The field.
        field: String,
        /// Its type.
        type_name: TypeName,
    },
    /// `RENAME [IF EXISTS] a TO b AND …`
    Rename {
        /// IF EXISTS, of the fields.
        if_exists: bool,
        /// Old and new names, never empty.
        renames: Vec<(String, String)>,
    },
}

/// `CREATE [CUSTOM] INDEX [IF NOT EXISTS] [name] ON table (target, …) [USING 'class'] [WITH …]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// CUSTOM.
    pub custom: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Its name; without one, one is made up from table and column.
    pub name: Option<String>,
    /// The table.
    pub table: QualifiedName,
    /// What is indexed; may be empty for custom indexes.
    pub targets: Vec<IndexTarget>,
    /// USING.
    pub class: Option<String>,
    /// WITH.
    pub properties: Properties,
}

/// What an index holds of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexTarget {
    /// Which part of it.
    pub kind: IndexTargetKind,
    /// The column.
    pub column: String,
}

/// Which part of a column is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IndexTargetKind {
    /// `c`: the value; of a collection its values.
    Simple,
    /// `values(c)`
    Values,
    /// `keys(c)`
    Keys,
    /// `entries(c)`
    Entries,
    /// `full(c)`
    Full,
}

/// `CREATE MATERIALIZED VIEW … AS SELECT … FROM … WHERE … PRIMARY KEY (…) [WITH …]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateMaterializedView {
    /// The view.
    pub name: QualifiedName,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The columns taken over.
    pub selection: Selection,
    /// The table it is a view of.
    pub base: QualifiedName,
    /// WHERE.
    pub where_clause: Vec<Relation>,
    /// Its key.
    pub primary_key: PrimaryKey,
    /// WITH.
    pub options: TableOptions,
}

/// `ALTER MATERIALIZED VIEW [IF EXISTS] name WITH properties`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterMaterializedView {
    /// The view.
    pub name: QualifiedName,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The properties to change, never empty.
    pub properties: Properties,
}

/// `CREATE [OR REPLACE] FUNCTION …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFunction {
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The function.
    pub name: QualifiedName,
    /// Its arguments.
    pub arguments: Vec<(String, TypeName)>,
    /// CALLED ON NULL INPUT, instead of RETURNS NULL ON NULL INPUT.
    pub called_on_null_input: bool,
    /// RETURNS.
    pub returns: TypeName,
    /// LANGUAGE, lower case.
    pub language: String,
    /// AS.
    pub body: String,
}

/// `CREATE [OR REPLACE] AGGREGATE …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAggregate {
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The aggregate.
    pub name: QualifiedName,
    /// The types of its arguments.
    pub arguments: Vec<TypeName>,
    /// SFUNC.
    pub state_function: String,
    /// STYPE.
    pub state_type: TypeName,
    /// FINALFUNC.
    pub final_function: Option<String>,
    /// INITCOND.
    pub initial_condition: Option<Term>,
}

/// `DROP FUNCTION|AGGREGATE [IF EXISTS] name [(type, …)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropRoutine {
    /// The function or aggregate.
    pub name: QualifiedName,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The argument types that choose among several of one name, when written.
    pub arguments: Option<Vec<TypeName>>,
}

/// `CREATE TRIGGER [IF NOT EXISTS] name ON table USING 'class'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTrigger {
    /// The trigger.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The table.
    pub table: QualifiedName,
    /// USING.
    pub class: String,
}

/// `DROP TRIGGER [IF EXISTS] name ON table`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropTrigger {
    /// The trigger.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The table.
    pub table: QualifiedName,
}
