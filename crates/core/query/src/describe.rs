//! DESCRIBE: what there is, and the statements that would make it again (semantics 10.1).

use crate::error::invalid;
use crate::error::unsupported;
use crate::select::ResultSet;
use crate::spec::ColumnSpec;
use bytes::Bytes;
use quorate_cluster::Keyspace;
use quorate_cluster::Metadata;
use quorate_cluster::create_keyspace_cql;
use quorate_cluster::create_table_cql;
use quorate_cluster::quoted_name;
use quorate_cql::ast;
use quorate_cql::ast::DescribeTarget;
use quorate_cql::ast::QualifiedName;
use quorate_data::CqlType;
use quorate_types::RequestError;
use std::sync::Arc;

/// A planned DESCRIBE. It looks at the schema when it is executed, not when it is planned.
#[derive(Debug, Clone)]
pub struct DescribePlan {
    target: DescribeTarget,
    keyspace: Option<String>,
    columns: Arc<[ColumnSpec]>,
}

const LIST: [&str; 3] = ["keyspace_name", "type", "name"];
const ELEMENTS: [&str; 4] = ["keyspace_name", "type", "name", "create_statement"];
const CLUSTER: [&str; 3] = ["cluster", "partitioner", "snitch"];

type Rows = Vec<Vec<Option<Bytes>>>;

impl DescribePlan {
    pub(crate) fn new(
        describe: &ast::Describe,
        keyspace: Option<&str>,
    ) -> Result<Self, RequestError> {
        if describe.with_internals {
            return Err(unsupported("clause", "WITH INTERNALS"));
        }
        let names: &[&str] = match &describe.target {
            DescribeTarget::Cluster => &CLUSTER,
            DescribeTarget::Keyspaces
            | DescribeTarget::Tables
            | DescribeTarget::Types
            | DescribeTarget::Functions
            | DescribeTarget::Aggregates => &LIST,
            DescribeTarget::Schema { .. }
            | DescribeTarget::Keyspace { .. }
            | DescribeTarget::Table(_)
            | DescribeTarget::Index(_)
            | DescribeTarget::MaterializedView(_)
            | DescribeTarget::Type(_)
            | DescribeTarget::Function(_)
            | DescribeTarget::Aggregate(_)
            | DescribeTarget::Named(_) => &ELEMENTS,
        };
        let column = |name: &&str| ColumnSpec {
            keyspace: "system".to_owned(),
            table: "describe".to_owned(),
            name: (*name).to_owned(),
            cql_type: CqlType::Text,
        };
        Ok(Self {
            target: describe.target.clone(),
            keyspace: keyspace.map(str::to_owned),
            columns: names.iter().map(column).collect(),
        })
    }

    pub(crate) const fn columns(&self) -> &Arc<[ColumnSpec]> {
        &self.columns
    }

    /// The rows for this state of the cluster.
    pub fn execute(&self, metadata: &Metadata) -> Result<ResultSet, RequestError> {
        Ok(ResultSet {
            columns: Arc::clone(&self.columns),
            rows: self.rows(metadata)?,
            paging_state: None,
            warnings: Vec::new(),
        })
    }

    fn rows(&self, metadata: &Metadata) -> Result<Rows, RequestError> {
        Ok(match &self.target {
            DescribeTarget::Cluster => vec![row(&[
                &metadata.cluster_name,
                "Murmur3Partitioner",
                "GossipingPropertyFileSnitch",
            ])],
            DescribeTarget::Keyspaces => all_keyspaces(metadata)
                .map(|keyspace| {
                    let name = quoted_name(&keyspace.name);
                    row(&[&name, "keyspace", &name])
                })
                .collect(),
            DescribeTarget::Tables => self.tables(metadata),
            // None of these can be created yet.
            DescribeTarget::Types | DescribeTarget::Functions | DescribeTarget::Aggregates => {
                Vec::new()
            }
            DescribeTarget::Schema { full: true } => all_keyspaces(metadata)
                .flat_map(|keyspace| keyspace_rows(keyspace, false))
                .collect(),
            DescribeTarget::Schema { full: false } => metadata
                .keyspaces
                .values()
                .flat_map(|keyspace| keyspace_rows(keyspace, false))
                .collect(),
            DescribeTarget::Keyspace { name, only } => {
                let name = name.as_ref().or(self.keyspace.as_ref());
                let name = name.ok_or_else(no_keyspace)?;
                let keyspace = keyspace_named(metadata, name)
                    .ok_or_else(|| invalid(format!("'{name}' not found in keyspaces")))?;
                keyspace_rows(keyspace, *only)
            }
            DescribeTarget::Table(name) => match self.table(metadata, name)? {
                Some(rows) => rows,
                None => return Err(self.missing("Table", name, " keyspace")),
            },
            DescribeTarget::Named(name) => self.named(metadata, name)?,
            DescribeTarget::Index(name) => return Err(self.missing("Index", name, "")),
            DescribeTarget::MaterializedView(name) => {
                return Err(self.missing("Materialized view", name, ""));
            }
            DescribeTarget::Type(name) => {
                return Err(self.missing("User defined type", name, ""));
            }
            DescribeTarget::Function(name) => {
                return Err(self.missing("User defined function", name, ""));
            }
            DescribeTarget::Aggregate(name) => {
                return Err(self.missing("User defined aggregate", name, ""));
            }
        })
    }

    fn tables(&self, metadata: &Metadata) -> Rows {
        all_keyspaces(metadata)
            .filter(|keyspace| {
                self.keyspace
                    .as_ref()
                    .is_none_or(|used| *used == keyspace.name)
            })
            .flat_map(|keyspace| {
                let tables = keyspace.tables.keys();
                let name = quoted_name(&keyspace.name);
                tables.map(move |table| row(&[&name, "table", &quoted_name(table)]))
            })
            .collect()
    }

    fn table(
        &self,
        metadata: &Metadata,
        name: &QualifiedName,
    ) -> Result<Option<Rows>, RequestError> {
        let keyspace = name.keyspace.as_ref().or(self.keyspace.as_ref());
        let keyspace = keyspace.ok_or_else(no_keyspace)?;
        let keyspace = keyspace_named(metadata, keyspace)
            .ok_or_else(|| invalid(format!("'{keyspace}' not found in keyspaces")))?;
        let table = keyspace.tables.get(&name.name);
        Ok(table.map(|table| {
            let text = create_table_cql(table);
            let keyspace = quoted_name(&keyspace.name);
            vec![row(&[&keyspace, "table", &quoted_name(&table.name), &text])]
        }))
    }

    fn named(&self, metadata: &Metadata, name: &QualifiedName) -> Result<Rows, RequestError> {
        if name.keyspace.is_none()
            && let Some(keyspace) = keyspace_named(metadata, &name.name)
        {
            return Ok(keyspace_rows(keyspace, false));
        }
        match self.table(metadata, name)? {
            Some(rows) => Ok(rows),
            None => Err(invalid(format!(
                "'{}' not found in keyspace '{}'",
                name.name,
                self.keyspace_of(name)
            ))),
        }
    }

    fn keyspace_of<'n>(&'n self, name: &'n QualifiedName) -> &'n str {
        let keyspace = name.keyspace.as_deref().or(self.keyspace.as_deref());
        keyspace.unwrap_or_default()
    }

    fn missing(&self, what: &str, name: &QualifiedName, place: &str) -> RequestError {
        if name.keyspace.is_none() && self.keyspace.is_none() {
            return no_keyspace();
        }
        invalid(format!(
            "{what} '{}' not found in{place} '{}'",
            name.name,
            self.keyspace_of(name)
        ))
    }
}

/// Users' keyspaces and the server's own, by name.
fn all_keyspaces(metadata: &Metadata) -> impl Iterator<Item = &Arc<Keyspace>> {
    let own = quorate_system::keyspaces().iter();
    let mut all: Vec<&Arc<Keyspace>> = metadata.keyspaces.values().chain(own).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.into_iter()
}

fn keyspace_named<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a Arc<Keyspace>> {
    all_keyspaces(metadata).find(|keyspace| keyspace.name == name)
}

fn no_keyspace() -> RequestError {
    invalid("No keyspace specified and no current keyspace")
}

fn keyspace_rows(keyspace: &Keyspace, only: bool) -> Rows {
    let name = &quoted_name(&keyspace.name);
    let mut rows = vec![row(&[
        name,
        "keyspace",
        name,
        &create_keyspace_cql(keyspace),
    ])];
    if !only {
        let tables = keyspace.tables.values();
        rows.extend(tables.map(|table| {
            row(&[
                name,
                "table",
                &quoted_name(&table.name),
                &create_table_cql(table),
            ])
        }));
    }
    rows
}

fn row(values: &[&str]) -> Vec<Option<Bytes>> {
    values
        .iter()
        .map(|value| Some(Bytes::copy_from_slice(value.as_bytes())))
        .collect()
}
