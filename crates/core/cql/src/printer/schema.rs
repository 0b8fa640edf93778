//! Schema statements. Over several lines they look as DESCRIBE shows them.

use super::Name;
use super::enclosed;
use super::entries;
use super::names;
use super::optional;
use super::select::where_clause;
use super::separated;
use super::term::FunctionName;
use super::term::UserTypeName;
use crate::ast::AlterKeyspace;
use crate::ast::AlterMaterializedView;
use crate::ast::AlterTable;
use crate::ast::AlterTableOperation;
use crate::ast::AlterType;
use crate::ast::AlterTypeOperation;
use crate::ast::ColumnDefinition;
use crate::ast::ColumnMask;
use crate::ast::CreateAggregate;
use crate::ast::CreateFunction;
use crate::ast::CreateIndex;
use crate::ast::CreateKeyspace;
use crate::ast::CreateMaterializedView;
use crate::ast::CreateTable;
use crate::ast::CreateTrigger;
use crate::ast::CreateType;
use crate::ast::DropKeyspace;
use crate::ast::DropRoutine;
use crate::ast::DropTrigger;
use crate::ast::IndexTarget;
use crate::ast::IndexTargetKind;
use crate::ast::PrimaryKey;
use crate::ast::PropertyValue;
use crate::ast::TableOptions;
use crate::quote::quote_function;
use crate::quote::quote_string;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

pub(super) const IF_NOT_EXISTS: &str = "IF NOT EXISTS ";
pub(super) const IF_EXISTS: &str = "IF EXISTS ";

impl Display for CreateKeyspace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(f, "CREATE KEYSPACE {guard}{} WITH ", Name(&self.name))?;
        separated(f, &properties(&self.properties), " AND ")
    }
}

impl Display for AlterKeyspace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(f, "ALTER KEYSPACE {guard}{} WITH ", Name(&self.name))?;
        separated(f, &properties(&self.properties), " AND ")
    }
}

impl Display for DropKeyspace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DROP KEYSPACE {}{}",
            optional(self.if_exists, IF_EXISTS),
            Name(&self.name)
        )
    }
}

/// Properties as `name = value`.
fn properties(pairs: &[(String, PropertyValue)]) -> Vec<String> {
    pairs
        .iter()
        .map(|(name, value)| format!("{} = {value}", Name(name)))
        .collect()
}

impl Display for PropertyValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Map(pairs) => enclosed(f, "{", &entries(pairs), "}"),
        }
    }
}

/// Where the lines of a definition begin, on one line or on several.
struct Layout {
    first: &'static str,
    between: &'static str,
    last: &'static str,
    and: &'static str,
}

impl Layout {
    fn of(f: &Formatter<'_>) -> Self {
        if f.alternate() {
            Self {
                first: "(\n    ",
                between: ",\n    ",
                last: "\n)",
                and: "\n    AND ",
            }
        } else {
            Self {
                first: "(",
                between: ", ",
                last: ")",
                and: " AND ",
            }
        }
    }
}

impl Display for CreateTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let layout = Layout::of(f);
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(f, "CREATE TABLE {guard}{} {}", self.name, layout.first)?;
        let mut lines: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        match self.primary_keys.as_slice() {
            // As DESCRIBE has it, a key of one column stands beside the column.
            [key] if f.alternate() && key.clustering.is_empty() && key.partition_key.len() == 1 => {
                let key_column =
                    |column: &&ColumnDefinition| key.partition_key == [column.name.as_str()];
                match self.columns.iter().filter(key_column).count() {
                    1 => {
                        let index = self.columns.iter().position(|column| key_column(&column));
                        if let Some(line) = index.and_then(|index| lines.get_mut(index)) {
                            line.push_str(" PRIMARY KEY");
                        }
                    }
                    _ => lines.push(key.to_string()),
                }
            }
            keys => lines.extend(keys.iter().map(ToString::to_string)),
        }
        separated(f, &lines, layout.between)?;
        f.write_str(layout.last)?;
        table_options(f, &self.options, " WITH ", layout.and)
    }
}

fn table_options(
    f: &mut Formatter<'_>,
    options: &TableOptions,
    with: &str,
    and: &str,
) -> fmt::Result {
    let mut clauses = Vec::new();
    if let Some(id) = options.id {
        clauses.push(format!("ID = {id}"));
    }
    if options.compact_storage {
        clauses.push("COMPACT STORAGE".to_owned());
    }
    if !options.clustering_order.is_empty() {
        let order = options.clustering_order.iter();
        let order: Vec<_> = order
            .map(|(column, by)| format!("{} {by}", Name(column)))
            .collect();
        clauses.push(format!("CLUSTERING ORDER BY ({})", order.join(", ")));
    }
    clauses.extend(properties(&options.properties));
    if clauses.is_empty() {
        return Ok(());
    }
    f.write_str(with)?;
    separated(f, &clauses, and)
}

impl Display for ColumnDefinition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Name(&self.name), self.type_name)?;
        f.write_str(optional(self.is_static, " STATIC"))?;
        match &self.mask {
            Some(mask) => write!(f, " {mask}"),
            None => Ok(()),
        }
    }
}

impl Display for ColumnMask {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("MASKED WITH DEFAULT"),
            Self::Function { name, arguments } => {
                write!(f, "MASKED WITH {}", FunctionName(name))?;
                enclosed(f, "(", arguments, ")")
            }
        }
    }
}

impl Display for PrimaryKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("PRIMARY KEY (")?;
        match self.partition_key.as_slice() {
            [column] => write!(f, "{}", Name(column))?,
            columns => enclosed(f, "(", &names(columns), ")")?,
        }
        for column in &self.clustering {
            write!(f, ", {}", Name(column))?;
        }
        f.write_str(")")
    }
}

impl Display for AlterTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(f, "ALTER TABLE {guard}{} {}", self.name, self.operation)
    }
}

impl Display for AlterTableOperation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlterType { column, type_name } => {
                write!(f, "ALTER {} TYPE {type_name}", Name(column))
            }
            Self::AlterMask {
                if_exists,
                column,
                mask,
            } => {
                write!(
                    f,
                    "ALTER {}{} ",
                    optional(*if_exists, IF_EXISTS),
                    Name(column)
                )?;
                match mask {
                    Some(mask) => write!(f, "{mask}"),
                    None => f.write_str("DROP MASKED"),
                }
            }
            Self::Add {
                if_not_exists,
                columns,
            } => {
                write!(f, "ADD {}", optional(*if_not_exists, IF_NOT_EXISTS))?;
                one_or_more(f, columns)
            }
            Self::Drop {
                if_exists,
                columns,
                timestamp,
            } => {
                write!(f, "DROP {}", optional(*if_exists, IF_EXISTS))?;
                one_or_more(f, &names(columns))?;
                match timestamp {
                    Some(timestamp) => write!(f, " USING TIMESTAMP {timestamp}"),
                    None => Ok(()),
                }
            }
            Self::Rename { if_exists, renames } => rename(f, *if_exists, renames),
            Self::DropCompactStorage => f.write_str("DROP COMPACT STORAGE"),
            Self::With(changed) => {
                f.write_str("WITH ")?;
                separated(f, &properties(changed), " AND ")
            }
        }
    }
}

/// One item bare, several in parentheses.
fn one_or_more<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    match items {
        [item] => write!(f, "{item}"),
        items => enclosed(f, "(", items, ")"),
    }
}

fn rename(f: &mut Formatter<'_>, if_exists: bool, renames: &[(String, String)]) -> fmt::Result {
    write!(f, "RENAME {}", optional(if_exists, IF_EXISTS))?;
    let renames = renames.iter();
    let renames: Vec<_> = renames
        .map(|(from, to)| format!("{} TO {}", Name(from), Name(to)))
        .collect();
    separated(f, &renames, " AND ")
}

impl Display for CreateType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let layout = Layout::of(f);
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(
            f,
            "CREATE TYPE {guard}{} {}",
            UserTypeName(&self.name),
            layout.first
        )?;
        let fields = self.fields.iter();
        let fields: Vec<_> = fields
            .map(|(name, of)| format!("{} {of}", Name(name)))
            .collect();
        separated(f, &fields, layout.between)?;
        f.write_str(layout.last)
    }
}

impl Display for AlterType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(f, "ALTER TYPE {guard}{} ", UserTypeName(&self.name))?;
        match &self.operation {
            AlterTypeOperation::AlterField { field, type_name } => {
                write!(f, "ALTER {} TYPE {type_name}", Name(field))
            }
            AlterTypeOperation::Add {
                if_not_exists,
                field,
                type_name,
            } => {
                let guard = optional(*if_not_exists, IF_NOT_EXISTS);
                write!(f, "ADD {guard}{} {type_name}", Name(field))
            }
            AlterTypeOperation::Rename { if_exists, renames } => rename(f, *if_exists, renames),
        }
    }
}

impl Display for CreateIndex {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let custom = optional(self.custom, "CUSTOM ");
        write!(
            f,
            "CREATE {custom}INDEX {}",
            optional(self.if_not_exists, IF_NOT_EXISTS)
        )?;
        if let Some(name) = &self.name {
            write!(f, "{} ", Name(name))?;
        }
        write!(f, "ON {} ", self.table)?;
        enclosed(f, "(", &self.targets, ")")?;
        if let Some(class) = &self.class {
            write!(f, " USING {}", quote_string(class))?;
        }
        if !self.properties.is_empty() {
            f.write_str(" WITH ")?;
            separated(f, &properties(&self.properties), " AND ")?;
        }
        Ok(())
    }
}

impl Display for IndexTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let column = Name(&self.column);
        match self.kind {
            IndexTargetKind::Simple => write!(f, "{column}"),
            IndexTargetKind::Values => write!(f, "values({column})"),
            IndexTargetKind::Keys => write!(f, "keys({column})"),
            IndexTargetKind::Entries => write!(f, "entries({column})"),
            IndexTargetKind::Full => write!(f, "full({column})"),
        }
    }
}

impl Display for CreateMaterializedView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (space, and) = if f.alternate() {
            ("\n    ", "\n    AND ")
        } else {
            (" ", " AND ")
        };
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(f, "CREATE MATERIALIZED VIEW {guard}{} AS{space}", self.name)?;
        write!(f, "SELECT {}{space}FROM {}", self.selection, self.base)?;
        if f.alternate() && !self.where_clause.is_empty() {
            f.write_str("\n   ")?;
        }
        where_clause(f, &self.where_clause)?;
        write!(f, "{space}{}", self.primary_key)?;
        table_options(
            f,
            &self.options,
            if f.alternate() {
                "\n    WITH "
            } else {
                " WITH "
            },
            and,
        )
    }
}

impl Display for AlterMaterializedView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(f, "ALTER MATERIALIZED VIEW {guard}{} WITH ", self.name)?;
        separated(f, &properties(&self.properties), " AND ")
    }
}

impl Display for CreateFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let space = if f.alternate() { "\n    " } else { " " };
        let replace = optional(self.or_replace, "OR REPLACE ");
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(
            f,
            "CREATE {replace}FUNCTION {guard}{}",
            FunctionName(&self.name)
        )?;
        let arguments = self.arguments.iter();
        let arguments: Vec<_> = arguments
            .map(|(name, of)| format!("{} {of}", Name(name)))
            .collect();
        enclosed(f, "(", &arguments, ")")?;
        let on_null = if self.called_on_null_input {
            "CALLED"
        } else {
            "RETURNS NULL"
        };
        write!(
            f,
            "{space}{on_null} ON NULL INPUT{space}RETURNS {}{space}",
            self.returns
        )?;
        write!(f, "LANGUAGE {}{space}AS ", self.language)?;
        // `$$` keeps the body readable; a body that holds or ends with a dollar could close it.
        if self.body.contains("$$") || self.body.ends_with('$') {
            f.write_str(&quote_string(&self.body))
        } else {
            write!(f, "$${}$$", self.body)
        }
    }
}

impl Display for CreateAggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let space = if f.alternate() { "\n    " } else { " " };
        let replace = optional(self.or_replace, "OR REPLACE ");
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(
            f,
            "CREATE {replace}AGGREGATE {guard}{}",
            FunctionName(&self.name)
        )?;
        enclosed(f, "(", &self.arguments, ")")?;
        let state_function = quote_function(&self.state_function);
        write!(
            f,
            "{space}SFUNC {state_function}{space}STYPE {}",
            self.state_type
        )?;
        if let Some(function) = &self.final_function {
            write!(f, "{space}FINALFUNC {}", quote_function(function))?;
        }
        match &self.initial_condition {
            Some(term) => write!(f, "{space}INITCOND {term}"),
            None => Ok(()),
        }
    }
}

impl Display for DropRoutine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            optional(self.if_exists, IF_EXISTS),
            FunctionName(&self.name)
        )?;
        match &self.arguments {
            Some(arguments) => enclosed(f, "(", arguments, ")"),
            None => Ok(()),
        }
    }
}

impl Display for CreateTrigger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        let class = quote_string(&self.class);
        write!(
            f,
            "CREATE TRIGGER {guard}{} ON {} USING {class}",
            Name(&self.name),
            self.table
        )
    }
}

impl Display for DropTrigger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(
            f,
            "DROP TRIGGER {guard}{} ON {}",
            Name(&self.name),
            self.table
        )
    }
}
