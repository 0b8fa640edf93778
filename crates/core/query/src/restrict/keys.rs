//! Which partitions: keys one by one, or a range of tokens.

use super::End;
use super::Restriction;
use super::as_ref;
use crate::bind::Bound;
use crate::error::invalid;
use crate::error::of_value;
use crate::expr::Expr;
use crate::expr::Scope;
use bytes::Bytes;
use quorate_cluster::Column;
use quorate_cluster::TableSchema;
use quorate_data::value::collection_elements;
use quorate_data::value::partition_key;
use quorate_types::RequestError;
use quorate_types::Token;
use quorate_types::TokenRange;
use std::cmp::Ordering;

/// The longest partition key, and the longest of its components.
const KEY_BYTES_MAX: usize = 65_535;

/// How a WHERE chooses partitions.
#[derive(Debug, Clone)]
pub(crate) enum Partitions {
    /// Every component of the key has a value or a list of values.
    Keys {
        components: Vec<Restriction<Expr>>,
        /// Of those, only the ones whose token fits.
        token: Option<Restriction<Expr>>,
    },
    /// All whose token fits.
    Scan { token: Option<Restriction<Expr>> },
}

impl Partitions {
    pub(crate) const fn is_scan(&self) -> bool {
        matches!(self, Self::Scan { .. })
    }

    /// Whether IN was written for any component.
    pub(crate) fn has_in(&self) -> bool {
        match self {
            Self::Keys { components, .. } => {
                components.iter().any(|c| matches!(c, Restriction::In(_)))
            }
            Self::Scan { .. } => false,
        }
    }

    /// The keys, in order of their columns' types, each once.
    pub(crate) fn keys(
        &self,
        table: &TableSchema,
        scope: &mut Scope<'_>,
    ) -> Result<Vec<Bytes>, RequestError> {
        let Self::Keys { components, token } = self else {
            return Ok(Vec::new());
        };
        let columns = table.partition_key();
        let mut tuples: Vec<Vec<Bytes>> = vec![Vec::with_capacity(columns.len())];
        for (column, component) in columns.iter().zip(components) {
            let values = values_of(column, component, scope)?;
            tuples = match values.as_slice() {
                [only] => {
                    for tuple in &mut tuples {
                        tuple.push(only.clone());
                    }
                    tuples
                }
                several => tuples
                    .iter()
                    .flat_map(|tuple| {
                        several.iter().map(move |value| {
                            let mut longer = tuple.clone();
                            longer.push(value.clone());
                            longer
                        })
                    })
                    .collect(),
            };
        }
        if tuples.len() > 1 {
            tuples.sort_by(|a, b| compare_keys(columns, a, b));
            tuples.dedup();
        }
        let allowed = token_range(token.as_ref(), scope)?;
        let mut keys = Vec::with_capacity(tuples.len());
        for tuple in &tuples {
            let key = key_bytes(tuple)?;
            let inside = match allowed {
                TokenFilter::All => true,
                TokenFilter::Nothing => false,
                TokenFilter::Range(range) => range.contains(Token::of_key(&key)),
            };
            if inside {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// The tokens to scan; `None`: none at all.
    pub(crate) fn range(&self, scope: &mut Scope<'_>) -> Result<Option<TokenRange>, RequestError> {
        let Self::Scan { token } = self else {
            return Ok(None);
        };
        Ok(match token_range(token.as_ref(), scope)? {
            TokenFilter::All => Some(TokenRange::FULL),
            TokenFilter::Nothing => None,
            TokenFilter::Range(range) => Some(range),
        })
    }
}

fn values_of(
    column: &Column,
    restriction: &Restriction<Expr>,
    scope: &mut Scope<'_>,
) -> Result<Vec<Bytes>, RequestError> {
    match restriction {
        Restriction::Eq(value) => Ok(vec![value_of(column, value, scope)?]),
        Restriction::In(values) => listed_values(column, values, scope),
        // Slices of key components make a scan with filters.
        Restriction::Slice { .. } => Ok(Vec::new()),
    }
}

/// The values of an IN: those that were written, or those of the list in its one marker.
pub(crate) fn listed_values(
    column: &Column,
    values: &[Expr],
    scope: &mut Scope<'_>,
) -> Result<Vec<Bytes>, RequestError> {
    let [marker @ Expr::Elements(_, list)] = values else {
        let each = values.iter().map(|value| value_of(column, value, scope));
        return each.collect();
    };
    let bytes = value_of(column, marker, scope)?;
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let elements = collection_elements(*list, &bytes).map_err(of_value)?;
    let own = |(_, element)| bytes.slice_ref(element);
    Ok(elements.into_iter().map(own).collect())
}

/// The value that a key column is compared with: never null, never unset.
pub(crate) fn value_of(
    column: &Column,
    value: &Expr,
    scope: &mut Scope<'_>,
) -> Result<Bytes, RequestError> {
    match value.term(scope)? {
        Bound::Value(bytes) => Ok(bytes),
        Bound::Null => Err(invalid(format!(
            "Invalid null value in condition for column {}",
            column.name
        ))),
        Bound::Unset => Err(invalid(format!(
            "Invalid unset value for column {}",
            column.name
        ))),
    }
}

fn compare_keys(columns: &[Column], a: &[Bytes], b: &[Bytes]) -> Ordering {
    let by_type = columns
        .iter()
        .zip(a.iter().zip(b))
        .map(|(column, (a, b))| column.cql_type.compare(a, b));
    // Values that compare equal can still be different keys: 1.0 and 1.00.
    by_type
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| a.cmp(b))
}

/// The bytes of a partition key, within its limits.
fn key_bytes(components: &[Bytes]) -> Result<Bytes, RequestError> {
    let too_long = |bytes: usize| {
        invalid(format!(
            "Key length of {bytes} is longer than maximum of {KEY_BYTES_MAX}"
        ))
    };
    if let Some(long) = components.iter().find(|c| c.len() > KEY_BYTES_MAX) {
        return Err(too_long(long.len()));
    }
    let key = if let [only] = components {
        only.clone()
    } else {
        let components: Vec<&[u8]> = components.iter().map(|c| &c[..]).collect();
        partition_key(&components).map_err(of_value)?
    };
    if key.is_empty() {
        return Err(invalid("Key may not be empty"));
    }
    if key.len() > KEY_BYTES_MAX {
        return Err(too_long(key.len()));
    }
    Ok(key)
}

/// Which tokens a restriction of `token(…)` lets through.
#[derive(Debug, Clone, Copy)]
enum TokenFilter {
    All,
    Nothing,
    Range(TokenRange),
}

fn token_range(
    restriction: Option<&Restriction<Expr>>,
    scope: &mut Scope<'_>,
) -> Result<TokenFilter, RequestError> {
    let (start, end) = match restriction {
        None => return Ok(TokenFilter::All),
        Some(Restriction::Eq(value)) => {
            let raw = raw_token(value, scope)?;
            return Ok(if raw == i64::MIN {
                TokenFilter::Nothing
            } else {
                TokenFilter::Range(TokenRange::only(Token::new(raw)))
            });
        }
        // The grammar has no IN for token().
        Some(Restriction::In(_)) => return Ok(TokenFilter::Nothing),
        Some(Restriction::Slice { start, end }) => (start, end),
    };
    // The smallest integer is no token: as a bound it means that there is none.
    let after = match bound(as_ref(start), scope)? {
        None | Some((i64::MIN, _)) => i64::MIN,
        Some((raw, inclusive)) => raw - i64::from(inclusive),
    };
    let last = match bound(as_ref(end), scope)? {
        None | Some((i64::MIN, _)) => i64::MAX,
        Some((raw, true)) => raw,
        Some((raw, false)) => raw - 1,
    };
    let range = (last > i64::MIN)
        .then(|| TokenRange::new(after, Token::new(last)))
        .flatten();
    Ok(range.map_or(TokenFilter::Nothing, TokenFilter::Range))
}

fn bound(end: End<&Expr>, scope: &mut Scope<'_>) -> Result<Option<(i64, bool)>, RequestError> {
    match end {
        None => Ok(None),
        Some((value, inclusive)) => Ok(Some((raw_token(value, scope)?, inclusive))),
    }
}

fn raw_token(value: &Expr, scope: &mut Scope<'_>) -> Result<i64, RequestError> {
    match value.term(scope)? {
        Bound::Value(bytes) => bytes[..]
            .try_into()
            .map(i64::from_be_bytes)
            .map_err(|_| invalid("Invalid null token value")),
        Bound::Null => Err(invalid("Invalid null token value")),
        Bound::Unset => Err(invalid("Invalid unset value for partition key token")),
    }
}
