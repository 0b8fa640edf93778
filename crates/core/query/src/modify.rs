//! INSERT, UPDATE, DELETE: from plan and values to one mutation per partition.
//!
//! Decides what a write stores (semantics 1.3, 1.5, 1.6, 1.8): INSERT marks its row as alive, UPDATE
//! does not; null is a tombstone, unset is nothing; a DELETE is a partition deletion, a range
//! tombstone, a row deletion or cell tombstones, by what its WHERE names.

pub(crate) mod compile;
mod write;

use crate::bind::Bound;
use crate::bind::Context;
use crate::bind::bind_markers;
use crate::error::invalid;
use crate::expr::Expr;
use crate::expr::Scope;
use crate::restrict::Partitions;
use crate::restrict::Restriction;
use crate::restrict::StatementKind;
use crate::restrict::Where;
use crate::spec::ColumnSpec;
use quorate_cluster::TableSchema;
use quorate_data::ColumnId;
use quorate_data::Expiring;
use quorate_data::Mutation;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use std::sync::Arc;

/// The longest time to live, 20 years.
const TTL_SECS_MAX: i32 = 630_720_000;
/// The last second at which anything may expire, 2106-02-07T06:28:13Z.
const EXPIRY_SECS_MAX: u32 = 4_294_967_293;

/// A planned INSERT, UPDATE or DELETE.
#[derive(Debug, Clone)]
pub struct ModifyPlan {
    pub(crate) table: Arc<TableSchema>,
    pub(crate) kind: StatementKind,
    pub(crate) markers: Arc<[ColumnSpec]>,
    clause: Where,
    timestamp: Option<Expr>,
    ttl: Option<Expr>,
    statics: Vec<Assigned>,
    regulars: Vec<Assigned>,
    /// Whether rows are written, not only the static row.
    writes_rows: bool,
}

/// A column and the value it gets; null deletes it.
#[derive(Debug, Clone)]
struct Assigned {
    column: ColumnId,
    value: Expr,
}

/// What all cells of one execution carry.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    timestamp: i64,
    expiring: Option<Expiring>,
    now: NowInSeconds,
}

impl ModifyPlan {
    /// The table it writes.
    pub fn table(&self) -> &Arc<TableSchema> {
        &self.table
    }

    /// Whether the statement says its own timestamp.
    pub fn has_timestamp(&self) -> bool {
        self.timestamp.is_some()
    }

    /// The mutations, one per partition that is written; none when every value was unset or an IN
    /// list was empty.
    pub fn bind(&self, context: &mut Context<'_>) -> Result<Vec<Mutation>, RequestError> {
        let markers = bind_markers(&self.markers, context)?;
        self.bind_values(&markers, context)
    }

    /// As [`Self::bind`], with the markers converted already.
    pub(crate) fn bind_values(
        &self,
        markers: &[Bound],
        context: &mut Context<'_>,
    ) -> Result<Vec<Mutation>, RequestError> {
        let (now, default_timestamp) = (context.now, context.timestamp);
        let timestamp_max = context.timestamp_max;
        let mut scope = Scope {
            markers,
            now_millis: context.now_millis,
            ids: context,
        };
        let timestamp = match &self.timestamp {
            None => default_timestamp,
            Some(term) => timestamp(term, &mut scope)?.unwrap_or(default_timestamp),
        };
        if timestamp > timestamp_max {
            return Err(invalid(format!(
                "timestamp {timestamp} is too far in the future, at most {timestamp_max} is taken now"
            )));
        }
        let stamp = Stamp {
            timestamp: timestamp.micros(),
            expiring: self.expiring(now, &mut scope)?,
            now,
        };
        self.mutations(stamp, &mut scope)
    }

    /// Whether two executions with the same values and timestamp write the same.
    pub(crate) fn is_pure(&self) -> bool {
        let values = self.statics.iter().chain(&self.regulars);
        values.map(|assigned| &assigned.value).all(Expr::is_pure) && self.clause.is_pure()
    }

    /// The markers of the partition key, when each of its columns has its own.
    pub(crate) fn partition_key_markers(&self) -> Option<Vec<usize>> {
        self.clause.partitions.markers()
    }

    /// The expiry of everything the statement writes: its own TTL, or the table's.
    fn expiring(
        &self,
        now: NowInSeconds,
        scope: &mut Scope<'_>,
    ) -> Result<Option<Expiring>, RequestError> {
        let own = match &self.ttl {
            None => None,
            Some(term) => time_to_live(term, scope)?,
        };
        let (ttl, is_default) = match own {
            Some(ttl) => (ttl, false),
            None => (self.table.options.default_time_to_live, true),
        };
        if ttl < 0 {
            return Err(invalid(format!(
                "A TTL must be greater or equal to 0, but was {ttl}"
            )));
        }
        if ttl > TTL_SECS_MAX {
            return Err(invalid(format!(
                "ttl is too large. requested ({ttl}) maximum ({TTL_SECS_MAX})"
            )));
        }
        let Some(ttl) = u32::try_from(ttl).ok().filter(|ttl| *ttl > 0) else {
            return Ok(None);
        };
        match now
            .0
            .checked_add(ttl)
            .filter(|expiry| *expiry <= EXPIRY_SECS_MAX)
        {
            Some(expiry) => Ok(Some(Expiring { ttl, expiry })),
            None => Err(invalid(format!(
                "Request on table {} with {}ttl of {ttl} seconds exceeds maximum supported expiration date of 2106-02-07T06:28:13+00:00. In order to avoid this use a lower TTL.",
                self.table.full_name(),
                if is_default { "default " } else { "" },
            ))),
        }
    }
}

impl Where {
    /// Whether it names the same partitions and rows every time.
    pub(crate) fn is_pure(&self) -> bool {
        let clustering = self.clustering.iter().all(|r| match &r.restriction {
            Restriction::Eq(values) => values.iter().all(Expr::is_pure),
            Restriction::In(tuples) => tuples.iter().flatten().all(Expr::is_pure),
            Restriction::Slice { start, end } => [start, end]
                .into_iter()
                .flatten()
                .all(|(values, _)| values.iter().all(Expr::is_pure)),
        });
        let keys = match &self.partitions {
            Partitions::Scan { .. } => true,
            Partitions::Keys { components, .. } => components.iter().all(|c| match c {
                Restriction::Eq(value) => value.is_pure(),
                Restriction::In(values) => values.iter().all(Expr::is_pure),
                Restriction::Slice { .. } => true,
            }),
        };
        clustering && keys
    }
}

impl Partitions {
    /// The markers of the key's columns, when each is `= ?`.
    pub(crate) fn markers(&self) -> Option<Vec<usize>> {
        let Self::Keys { components, .. } = self else {
            return None;
        };
        components
            .iter()
            .map(|component| match component {
                Restriction::Eq(Expr::Marker(index)) => Some(*index),
                Restriction::Eq(_) | Restriction::In(_) | Restriction::Slice { .. } => None,
            })
            .collect()
    }
}

/// USING TIMESTAMP; `None` when it is unset.
pub(crate) fn timestamp(
    term: &Expr,
    scope: &mut Scope<'_>,
) -> Result<Option<WriteTimestamp>, RequestError> {
    let bytes = match term.term(scope)? {
        Bound::Unset => return Ok(None),
        Bound::Null => return Err(invalid("Invalid null value of timestamp")),
        Bound::Value(bytes) => bytes,
    };
    let micros = bytes[..]
        .try_into()
        .map(i64::from_be_bytes)
        .map_err(|_| invalid("Invalid timestamp value: empty"))?;
    WriteTimestamp::new(micros)
        .map(Some)
        .map_err(|error| invalid(error.to_string()))
}

/// USING TTL; `None` when it is unset, zero when it is null.
fn time_to_live(term: &Expr, scope: &mut Scope<'_>) -> Result<Option<i32>, RequestError> {
    match term.term(scope)? {
        Bound::Unset => Ok(None),
        Bound::Null => Ok(Some(0)),
        Bound::Value(bytes) => bytes[..]
            .try_into()
            .map(|bytes| Some(i32::from_be_bytes(bytes)))
            .map_err(|_| invalid("Invalid TTL value: empty")),
    }
}
