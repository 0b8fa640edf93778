//! Random SELECTs: as CQL, and as what the model answers.

use crate::model::Ambiguous;
use crate::model::Datum;
use crate::model::Found;
use crate::model::Model;
use crate::model::Moment;
use crate::model::PARTITIONS;
use crate::model::Row;
use crate::model::Rows;
use crate::statements::random_rows;
use crate::statements::rows_cql;
use quorate_client::proto::Value;
use quorate_tests::Random;
use quorate_tests::integer;
use quorate_tests::text;

const COLUMNS: &str = "p, c1, c2, s, v, w, writetime(s), writetime(v), writetime(w)";

/// A SELECT.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    Partition {
        partition: i32,
        rows: Rows,
        reversed: bool,
        limit: Option<usize>,
    },
    Several(Vec<i32>),
    Everything {
        per_partition: Option<usize>,
        limit: Option<usize>,
    },
    Distinct,
    Count(i32),
}

impl Question {
    /// One of a whole partition, in either direction.
    pub(crate) const fn whole(partition: i32, reversed: bool) -> Self {
        Self::Partition {
            partition,
            rows: Rows::All,
            reversed,
            limit: None,
        }
    }

    /// Any.
    pub(crate) fn any(random: &mut Random) -> Self {
        let partition = i32::try_from(random.below(5)).unwrap_or(0);
        match random.below(12) {
            0 => Self::Distinct,
            1 => Self::Count(partition),
            2 | 3 => Self::Everything {
                per_partition: some_limit(random),
                limit: some_limit(random),
            },
            4 => Self::Several(
                (0..PARTITIONS)
                    .filter(|_| random.one_in(2))
                    .chain([partition])
                    .collect(),
            ),
            _ => Self::Partition {
                partition,
                rows: random_rows(random),
                reversed: random.one_in(2),
                limit: some_limit(random),
            },
        }
    }

    pub(crate) fn cql(&self) -> String {
        let limited = |limit: &Option<usize>| {
            limit
                .map(|limit| format!(" LIMIT {limit}"))
                .unwrap_or_default()
        };
        match self {
            Self::Partition {
                partition,
                rows,
                reversed,
                limit,
            } => {
                let order = if *reversed {
                    " ORDER BY c1 DESC, c2 ASC"
                } else {
                    ""
                };
                let rows = rows_cql(rows);
                format!(
                    "SELECT {COLUMNS} FROM shop.model WHERE p = {partition}{rows}{order}{}",
                    limited(limit)
                )
            }
            Self::Several(partitions) => {
                let partitions: Vec<String> = partitions.iter().map(ToString::to_string).collect();
                format!(
                    "SELECT {COLUMNS} FROM shop.model WHERE p IN ({})",
                    partitions.join(", ")
                )
            }
            Self::Everything {
                per_partition,
                limit,
            } => {
                let per_partition = per_partition
                    .map(|limit| format!(" PER PARTITION LIMIT {limit}"))
                    .unwrap_or_default();
                format!(
                    "SELECT {COLUMNS} FROM shop.model{per_partition}{}",
                    limited(limit)
                )
            }
            Self::Distinct => "SELECT DISTINCT p, s FROM shop.model".to_owned(),
            Self::Count(partition) => {
                format!("SELECT count(*) FROM shop.model WHERE p = {partition}")
            }
        }
    }

    /// The partitions it is about.
    pub(crate) fn partitions(&self) -> Vec<i32> {
        match self {
            Self::Partition { partition, .. } | Self::Count(partition) => vec![*partition],
            Self::Several(partitions) => {
                let mut partitions = partitions.clone();
                partitions.sort_unstable();
                partitions.dedup();
                partitions
            }
            Self::Everything { .. } | Self::Distinct => Model::in_ring_order(),
        }
    }

    /// What the model answers.
    pub(crate) fn answer(&self, model: &Model, now: Moment) -> Result<Vec<Vec<Value>>, Ambiguous> {
        let mut rows = Vec::new();
        for partition in self.partitions() {
            let wanted = match self {
                Self::Partition { rows, .. } => rows,
                Self::Several(_) | Self::Everything { .. } | Self::Distinct | Self::Count(_) => {
                    &Rows::All
                }
            };
            let mut found = model.read(partition, wanted, now)?;
            match self {
                Self::Partition { reversed: true, .. } => found.reverse(),
                Self::Everything {
                    per_partition: Some(limit),
                    ..
                } => found.truncate(*limit),
                Self::Distinct => found.truncate(1),
                _ => {}
            }
            rows.extend(found.into_iter().map(|row| (partition, row)));
        }
        Ok(match self {
            Self::Count(_) => vec![vec![integer(i64::try_from(rows.len()).unwrap_or(i64::MAX))]],
            Self::Distinct => {
                let pairs = rows
                    .iter()
                    .map(|(partition, row)| vec![integer(*partition), value(&row.s)]);
                pairs.collect()
            }
            Self::Partition { limit, .. } | Self::Everything { limit, .. } => {
                rows.truncate(limit.unwrap_or(usize::MAX));
                rows.iter()
                    .map(|(partition, row)| shown(*partition, row))
                    .collect()
            }
            Self::Several(_) => rows
                .iter()
                .map(|(partition, row)| shown(*partition, row))
                .collect(),
        })
    }
}

fn some_limit(random: &mut Random) -> Option<usize> {
    random
        .one_in(3)
        .then(|| usize::try_from(random.below(8)).unwrap_or(0) + 1)
}

fn value(found: &Found) -> Value {
    match found {
        None => Value::default(),
        Some((Datum::Number(number), _)) => integer(*number),
        Some((Datum::Text(words), _)) => text(words.clone()),
    }
}

fn written_at(found: &Found) -> Value {
    found
        .as_ref()
        .map_or_else(Value::default, |(_, timestamp)| integer(*timestamp))
}

fn shown(partition: i32, row: &Row) -> Vec<Value> {
    let first = row
        .key
        .map_or_else(Value::default, |(first, _)| integer(first));
    let second = row
        .key
        .map_or_else(Value::default, |(_, second)| text(second));
    let mut values = vec![integer(partition), first, second];
    values.extend([&row.s, &row.v, &row.w].map(value));
    values.extend([&row.s, &row.v, &row.w].map(written_at));
    values
}
