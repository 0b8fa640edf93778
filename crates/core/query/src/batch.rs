//! Batches: several modifications with one timestamp, merged by partition (semantics 3.7, 1.10).

use crate::bind::Bound;
use crate::bind::BoundValue;
use crate::bind::Context;
use crate::bind::bind_markers;
use crate::compile::Compiler;
use crate::error::invalid;
use crate::expr::Expr;
use crate::expr::Scope;
use crate::modify;
use crate::modify::ModifyPlan;
use crate::modify::compile::Unmarked;
use crate::plan::Plan;
use crate::plan::Prepared;
use crate::spec::ColumnSpec;
use crate::spec::Markers;
use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_cql::ast;
use quorate_cql::ast::BatchKind;
use quorate_cql::ast::Modification;
use quorate_data::Mutation;
use quorate_types::RequestError;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A batch of several mutations above this size gets a warning.
const BATCH_BYTES_WARN: usize = 5 * 1024;
/// Above this one it is refused.
const BATCH_BYTES_MAX: usize = 50 * 1024;
/// An unlogged batch of more partitions gets a warning.
const UNLOGGED_PARTITIONS_WARN: usize = 10;

/// A planned BATCH.
#[derive(Debug, Clone)]
pub struct BatchPlan {
    kind: BatchKind,
    timestamp: Option<Expr>,
    statements: Vec<ModifyPlan>,
    pub(crate) markers: Arc<[ColumnSpec]>,
}

/// What a batch writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundBatch {
    /// One per table and partition, in the order in which the statements first name them.
    pub mutations: Vec<Mutation>,
    /// Whether the batch log is needed: all or nothing was promised, of more than one mutation.
    pub logged: bool,
    /// For the client.
    pub warnings: Vec<String>,
}

/// Finds the table of a statement.
pub(crate) type FindTable<'a> =
    &'a dyn Fn(&ast::QualifiedName) -> Result<Arc<TableSchema>, RequestError>;

pub(crate) fn compile(
    batch: &ast::Batch,
    find_table: FindTable<'_>,
) -> Result<BatchPlan, RequestError> {
    if batch.using.ttl.is_some() {
        return Err(invalid(
            "Global TTL on the BATCH statement is not supported.",
        ));
    }
    if batch.kind == BatchKind::Counter && batch.using.timestamp.is_some() {
        return Err(invalid("Cannot provide custom timestamp for counter BATCH"));
    }
    let mut markers = Markers::default();
    let mut statements = Vec::with_capacity(batch.statements.len());
    let mut timestamp = None;
    for statement in &batch.statements {
        let table = find_table(statement.table())?;
        if timestamp.is_none() {
            // Its markers need some table to belong to; the first one's, as for the statement itself.
            timestamp = batch_timestamp(batch, &table, &mut markers)?;
        }
        let plan = compile_one(statement, &table, &mut markers)?;
        if batch.using.timestamp.is_some() && own_timestamp(statement) {
            return Err(invalid(
                "Timestamp must be set either on BATCH or individual statements",
            ));
        }
        statements.push(plan);
    }
    judge_kind(batch.kind, statements.is_empty())?;
    let markers = markers.finish();
    let statements = statements
        .into_iter()
        .map(|plan| plan.with_markers(Arc::clone(&markers)))
        .collect();
    Ok(BatchPlan {
        kind: batch.kind,
        timestamp,
        statements,
        markers,
    })
}

fn batch_timestamp(
    batch: &ast::Batch,
    table: &TableSchema,
    markers: &mut Markers,
) -> Result<Option<Expr>, RequestError> {
    let mut compiler = Compiler::for_terms(table, markers);
    modify::compile::using(&mut compiler, &batch.using).map(|(timestamp, _)| timestamp)
}

fn compile_one(
    statement: &Modification,
    table: &Arc<TableSchema>,
    markers: &mut Markers,
) -> Result<Unmarked, RequestError> {
    match statement {
        Modification::Insert(insert) => modify::compile::insert(table, insert, markers),
        Modification::Update(update) => modify::compile::update(table, update, markers),
        Modification::Delete(delete) => modify::compile::delete(table, delete, markers),
    }
}

const fn own_timestamp(statement: &Modification) -> bool {
    let using = match statement {
        Modification::Insert(insert) => &insert.using,
        Modification::Update(update) => &update.using,
        Modification::Delete(delete) => &delete.using,
    };
    using.timestamp.is_some()
}

/// Tables with counters cannot be created yet, so every statement is a non-counter one.
fn judge_kind(kind: BatchKind, is_empty: bool) -> Result<(), RequestError> {
    match kind {
        BatchKind::Counter if !is_empty => Err(invalid(
            "Cannot include non-counter statement in a counter batch",
        )),
        BatchKind::Counter | BatchKind::Logged | BatchKind::Unlogged => Ok(()),
    }
}

impl BatchPlan {
    /// The tables it writes.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableSchema>> {
        self.statements.iter().map(ModifyPlan::table)
    }

    /// The mutations of all statements, merged.
    pub fn bind(&self, context: &mut Context<'_>) -> Result<BoundBatch, RequestError> {
        let markers = bind_markers(&self.markers, context)?;
        if let Some(term) = &self.timestamp {
            let mut scope = Scope {
                markers: &markers,
                now_millis: context.now_millis,
                ids: &mut *context,
            };
            if let Some(timestamp) = modify::timestamp(term, &mut scope)? {
                context.timestamp = timestamp;
            }
        }
        let mut merged = Merged::default();
        for statement in &self.statements {
            merged.add(statement, &markers, context)?;
        }
        merged.finish(self.kind)
    }

    pub(crate) fn is_pure(&self) -> bool {
        self.statements.iter().all(ModifyPlan::is_pure)
    }

    /// The markers of the first statement's partition key: where the batch is best sent.
    pub(crate) fn partition_key_markers(&self) -> Option<Vec<usize>> {
        self.statements.first()?.partition_key_markers()
    }
}

/// A batch of statements prepared one by one, each with its own values: the protocol's BATCH. The
/// values of `context` are not looked at.
pub fn batch(
    kind: BatchKind,
    statements: &[(&Prepared, &[BoundValue])],
    context: &mut Context<'_>,
) -> Result<BoundBatch, RequestError> {
    judge_kind(kind, statements.is_empty())?;
    let mut merged = Merged::default();
    for (prepared, values) in statements {
        let Plan::Modify(plan) = &prepared.plan else {
            return Err(invalid(
                "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.",
            ));
        };
        if values.len() != plan.markers.len() {
            return Err(invalid(format!(
                "There were {} markers(?) in CQL but {} bound variables",
                plan.markers.len(),
                values.len()
            )));
        }
        let mut own = Context {
            values,
            names: None,
            now: context.now,
            timestamp: context.timestamp,
            timestamp_max: context.timestamp_max,
            uuids: &mut *context.uuids,
            time_uuids: &mut *context.time_uuids,
            now_millis: context.now_millis,
        };
        let markers = bind_markers(&plan.markers, &own)?;
        merged.add(plan, &markers, &mut own)?;
    }
    merged.finish(kind)
}

/// Mutations merged by table and partition.
#[derive(Default)]
struct Merged {
    mutations: Vec<Mutation>,
    positions: BTreeMap<(TableId, Bytes), usize>,
    tables: BTreeMap<TableId, Arc<TableSchema>>,
}

impl Merged {
    fn add(
        &mut self,
        plan: &ModifyPlan,
        markers: &[Bound],
        context: &mut Context<'_>,
    ) -> Result<(), RequestError> {
        let table = plan.table();
        self.tables
            .entry(table.id)
            .or_insert_with(|| Arc::clone(table));
        for mutation in plan.bind_values(markers, context)? {
            let place = (mutation.table, mutation.key.clone());
            let known = self.positions.get(&place).copied();
            if let Some(known) = known.and_then(|position| self.mutations.get_mut(position)) {
                let empty = Mutation::new(known.table, known.epoch, known.key.clone());
                *known = std::mem::replace(known, empty).merge(mutation);
            } else {
                self.positions.insert(place, self.mutations.len());
                self.mutations.push(mutation);
            }
        }
        Ok(())
    }

    fn finish(self, kind: BatchKind) -> Result<BoundBatch, RequestError> {
        let mut warnings = Vec::new();
        let names = || {
            let names: BTreeSet<String> = self.tables.values().map(|t| t.full_name()).collect();
            names.into_iter().collect::<Vec<_>>().join(", ")
        };
        if self.mutations.len() > 1 {
            let bytes: usize = self.mutations.iter().map(Mutation::encoded_len).sum();
            if bytes > BATCH_BYTES_MAX {
                return Err(invalid("Batch too large"));
            }
            if bytes > BATCH_BYTES_WARN {
                warnings.push(format!(
                    "Batch for [{}] is of size {bytes}, exceeding specified threshold of {BATCH_BYTES_WARN} by {}.",
                    names(),
                    bytes - BATCH_BYTES_WARN
                ));
            }
        }
        if kind == BatchKind::Unlogged && self.mutations.len() > UNLOGGED_PARTITIONS_WARN {
            warnings.push(format!(
                "Unlogged batch covering {} partitions detected against table[s] [{}]. You should use a logged batch for atomicity, or asynchronous writes for performance.",
                self.mutations.len(),
                names()
            ));
        }
        let logged = kind == BatchKind::Logged && self.mutations.len() > 1;
        if logged {
            let without_grace: Vec<String> = self
                .tables
                .values()
                .filter(|table| table.options.gc_grace_seconds == 0)
                .map(|table| table.full_name())
                .collect();
            if !without_grace.is_empty() {
                warnings.push(format!(
                    "Executing a LOGGED BATCH on table[s] [{}], configured with a gc_grace_seconds of 0. The gc_grace_seconds is used to TTL batchlog entries, so setting gc_grace_seconds too low on tables involved in an atomic batch might cause batchlog entries to expire before being replayed.",
                    without_grace.join(", ")
                ));
            }
        }
        Ok(BoundBatch {
            mutations: self.mutations,
            logged,
            warnings,
        })
    }
}
