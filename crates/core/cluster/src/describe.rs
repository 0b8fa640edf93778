//! Schema as CQL text, in the form that cqlsh shows: running it again makes an equal schema.

use crate::Keyspace;
use crate::Property;
use crate::TableSchema;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The words that are never a name without quotes.
const RESERVED: [&str; 57] = [
    "add",
    "allow",
    "alter",
    "and",
    "apply",
    "asc",
    "authorize",
    "batch",
    "begin",
    "by",
    "columnfamily",
    "create",
    "delete",
    "desc",
    "describe",
    "drop",
    "entries",
    "execute",
    "from",
    "full",
    "grant",
    "if",
    "in",
    "index",
    "infinity",
    "insert",
    "into",
    "is",
    "keyspace",
    "limit",
    "materialized",
    "modify",
    "nan",
    "norecursive",
    "not",
    "null",
    "of",
    "on",
    "or",
    "order",
    "primary",
    "rename",
    "revoke",
    "schema",
    "select",
    "set",
    "table",
    "to",
    "token",
    "truncate",
    "unlogged",
    "update",
    "use",
    "using",
    "view",
    "where",
    "with",
];

/// A name as CQL needs it: in double quotes unless it is plain lower case and not reserved.
pub fn quoted_name(name: &str) -> String {
    let starts_plain = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if starts_plain && is_plain && !RESERVED.contains(&name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// A string constant.
pub fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The CREATE KEYSPACE statement of a keyspace, without its tables.
pub fn create_keyspace_cql(keyspace: &Keyspace) -> String {
    let mut replication = format!("{{'class': '{}'", keyspace.replication.class_name());
    for (name, factor) in keyspace.replication.factors() {
        let (name, factor) = (quoted_text(&name), quoted_text(&factor));
        write!(replication, ", {name}: {factor}").expect("a String takes every write");
    }
    format!(
        "CREATE KEYSPACE {} WITH replication = {replication}}}  AND durable_writes = {};",
        quoted_name(&keyspace.name),
        keyspace.durable_writes
    )
}

/// The CREATE TABLE statement of a table.
pub fn create_table_cql(table: &TableSchema) -> String {
    let mut text = format!(
        "CREATE TABLE {}.{} (\n",
        quoted_name(&table.keyspace),
        quoted_name(&table.name)
    );
    let single_key = table.partition_key().len() == 1 && table.clustering().is_empty();
    let declarations: Vec<String> = table
        .select_star_order()
        .map(|column| {
            let mut declared = format!("    {} {}", quoted_name(&column.name), column.cql_type);
            if column.is_static() {
                declared.push_str(" static");
            }
            if single_key && column.is_primary_key() {
                declared.push_str(" PRIMARY KEY");
            }
            declared
        })
        .chain((!single_key).then(|| format!("    PRIMARY KEY ({})", primary_key(table))))
        .collect();
    text.push_str(&declarations.join(",\n"));
    text.push_str("\n) WITH ");
    let order: Vec<String> = table
        .clustering()
        .iter()
        .map(|column| {
            let direction = if column.is_descending() {
                "DESC"
            } else {
                "ASC"
            };
            format!("{} {direction}", quoted_name(&column.name))
        })
        .collect();
    let mut clauses = Vec::new();
    if !order.is_empty() {
        clauses.push(format!("CLUSTERING ORDER BY ({})", order.join(", ")));
    }
    let properties = table.options.properties();
    clauses.extend(
        properties
            .iter()
            .map(|(name, property)| format!("{name} = {}", constant(name, property))),
    );
    text.push_str(&clauses.join("\n    AND "));
    text.push(';');
    text
}

fn primary_key(table: &TableSchema) -> String {
    let names = |columns: &[crate::Column]| -> Vec<String> {
        columns
            .iter()
            .map(|column| quoted_name(&column.name))
            .collect()
    };
    let mut partition = names(table.partition_key()).join(", ");
    if table.has_composite_partition_key() {
        partition = format!("({partition})");
    }
    let mut parts = vec![partition];
    parts.extend(names(table.clustering()));
    parts.join(", ")
}

fn constant(name: &str, property: &Property) -> String {
    match property {
        Property::Text { text, quoted: true } => quoted_text(text),
        Property::Text {
            text,
            quoted: false,
        } => text.clone(),
        Property::Map(map) => map_literal(map, name == "extensions"),
    }
}

/// Extensions are blobs, which stand without quotes.
fn map_literal(map: &BTreeMap<String, String>, bare_values: bool) -> String {
    let entries: Vec<String> = map
        .iter()
        .map(|(name, value)| {
            let value = if bare_values {
                value.clone()
            } else {
                quoted_text(value)
            };
            format!("{}: {value}", quoted_text(name))
        })
        .collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests;
