//! Native scalar functions: their names, their signatures, which one a call means.
//!
//! Aggregates and what reads cells (`writetime`, `ttl`) are not functions in this sense; see
//! `expr`. What the functions compute is in the submodules.

mod ids;
mod math;
mod time;

use crate::error::invalid;
use crate::error::of_value;
use crate::error::unsupported;
use crate::expr::IdSource;
use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_data::CqlType;
use quorate_data::text::format_json;
use quorate_data::value::partition_key;
use quorate_types::RequestError;
use quorate_types::Token;

pub(crate) use math::MathFunction;

/// A scalar function with its types settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Token,
    Uuid,
    Now,
    MinTimeuuid,
    MaxTimeuuid,
    CurrentTimestamp,
    CurrentDate,
    CurrentTime,
    ToDate(CqlType),
    ToTimestamp(CqlType),
    ToUnixTimestamp(CqlType),
    AsBlob,
    BlobAs(CqlType),
    ToJson(CqlType),
    Math(MathFunction, CqlType),
}

/// What a function takes and gives.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) function: Function,
    pub(crate) arguments: Vec<CqlType>,
    pub(crate) returns: CqlType,
}

/// Names that are functions of CQL and refused as not executed yet (**Q2**).
const LATER: [&str; 18] = [
    "from_json",
    "fromjson",
    "floor",
    "map_keys",
    "map_values",
    "collection_count",
    "collection_min",
    "collection_max",
    "collection_sum",
    "collection_avg",
    "similarity_cosine",
    "similarity_euclidean",
    "similarity_dot_product",
    "mask_null",
    "mask_default",
    "mask_replace",
    "mask_inner",
    "mask_hash",
];

fn signature(function: Function, arguments: &[CqlType], returns: CqlType) -> Signature {
    Signature {
        function,
        arguments: arguments.to_vec(),
        returns,
    }
}

/// Every form of the function with this name; none when there is no such function.
pub(crate) fn signatures(name: &str, table: &TableSchema) -> Result<Vec<Signature>, RequestError> {
    use CqlType::{Bigint, Date, Time, Timestamp, Timeuuid, Uuid};
    if LATER.contains(&name) || name == "mask_outer" {
        return Err(unsupported("function", name));
    }
    let time_forms = |function: fn(CqlType) -> Function, from: &[CqlType], returns| {
        from.iter()
            .map(|from| signature(function(*from), &[*from], returns))
            .collect()
    };
    Ok(match name {
        "token" => {
            let key: Vec<CqlType> = table.partition_key().iter().map(|c| c.cql_type).collect();
            vec![signature(Function::Token, &key, Bigint)]
        }
        "uuid" => vec![signature(Function::Uuid, &[], Uuid)],
        "now" | "current_timeuuid" | "currenttimeuuid" => {
            vec![signature(Function::Now, &[], Timeuuid)]
        }
        "min_timeuuid" | "mintimeuuid" => {
            vec![signature(Function::MinTimeuuid, &[Timestamp], Timeuuid)]
        }
        "max_timeuuid" | "maxtimeuuid" => {
            vec![signature(Function::MaxTimeuuid, &[Timestamp], Timeuuid)]
        }
        "current_timestamp" | "currenttimestamp" => {
            vec![signature(Function::CurrentTimestamp, &[], Timestamp)]
        }
        "current_date" | "currentdate" => vec![signature(Function::CurrentDate, &[], Date)],
        "current_time" | "currenttime" => vec![signature(Function::CurrentTime, &[], Time)],
        "to_date" | "todate" => time_forms(Function::ToDate, &[Timeuuid, Timestamp], Date),
        "to_timestamp" | "totimestamp" => {
            time_forms(Function::ToTimestamp, &[Timeuuid, Date], Timestamp)
        }
        "to_unix_timestamp" | "tounixtimestamp" => time_forms(
            Function::ToUnixTimestamp,
            &[Timeuuid, Timestamp, Date],
            Bigint,
        ),
        "to_json" | "tojson" => CqlType::EVERY
            .into_iter()
            .map(|from| signature(Function::ToJson(from), &[from], CqlType::Text))
            .collect(),
        _ => match MathFunction::from_name(name) {
            Some(function) => math_signatures(function),
            None => blob_conversion(name).into_iter().collect(),
        },
    })
}

fn math_signatures(function: MathFunction) -> Vec<Signature> {
    CqlType::EVERY
        .into_iter()
        .filter(|cql_type| cql_type.is_numeric() && *cql_type != CqlType::Counter)
        .map(|cql_type| signature(Function::Math(function, cql_type), &[cql_type], cql_type))
        .collect()
}

/// `int_as_blob`, `blob_as_int` and their older spellings `intasblob`, `blobasint`.
fn blob_conversion(name: &str) -> Option<Signature> {
    let of_type = |name: &str| match name {
        "blob" => None,
        _ => CqlType::from_name(name),
    };
    if let Some(cql_type) = name
        .strip_suffix("_as_blob")
        .or_else(|| name.strip_suffix("asblob"))
        .and_then(of_type)
    {
        return Some(signature(Function::AsBlob, &[cql_type], CqlType::Blob));
    }
    let cql_type = name
        .strip_prefix("blob_as_")
        .or_else(|| name.strip_prefix("blobas"))
        .and_then(of_type)?;
    Some(signature(
        Function::BlobAs(cql_type),
        &[CqlType::Blob],
        cql_type,
    ))
}

impl Signature {
    /// As messages show it: `system.abs : (int) -> int`.
    pub(crate) fn shown(&self, name: &str) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|t| t.name()).collect();
        format!(
            "system.{name} : ({}) -> {}",
            arguments.join(", "),
            self.returns
        )
    }
}

impl Function {
    /// Whether equal arguments give equal results at any time.
    pub(crate) const fn is_pure(self) -> bool {
        !matches!(
            self,
            Self::Uuid | Self::Now | Self::CurrentTimestamp | Self::CurrentDate | Self::CurrentTime
        )
    }

    /// The result; a null argument gives null, but for `to_json`.
    pub(crate) fn call(
        self,
        name: &str,
        arguments: &[Option<Bytes>],
        now_millis: i64,
        ids: &mut dyn IdSource,
    ) -> Result<Option<Bytes>, RequestError> {
        let present: Option<Vec<&Bytes>> = arguments.iter().map(Option::as_ref).collect();
        let Some(present) = present else {
            return Ok(match self {
                Self::ToJson(_) => Some(Bytes::from_static(b"null")),
                _ => None,
            });
        };
        let argument = present.first().map_or(&[][..], |bytes| &bytes[..]);
        let result = match self {
            Self::Token => {
                let components: Vec<&[u8]> = present.iter().map(|bytes| &bytes[..]).collect();
                let key = partition_key(&components).map_err(of_value)?;
                ids::bigint(Token::of_key(&key).value())
            }
            Self::Uuid => Bytes::copy_from_slice(ids.uuid().as_bytes()),
            Self::Now => Bytes::copy_from_slice(ids.time_uuid().as_bytes()),
            Self::MinTimeuuid => ids::min_timeuuid(argument)?,
            Self::MaxTimeuuid => ids::max_timeuuid(argument)?,
            Self::CurrentTimestamp => ids::bigint(now_millis),
            Self::CurrentDate => time::date_of_millis(now_millis)?,
            Self::CurrentTime => time::time_of_millis(now_millis),
            Self::ToDate(from) => match time::millis(from, argument)? {
                Some(millis) => time::date_of_millis(millis)?,
                None => return Ok(None),
            },
            Self::ToTimestamp(from) | Self::ToUnixTimestamp(from) => {
                match time::millis(from, argument)? {
                    Some(millis) => ids::bigint(millis),
                    None => return Ok(None),
                }
            }
            Self::AsBlob => Bytes::copy_from_slice(argument),
            Self::BlobAs(to) => {
                if to.validate(argument).is_err() {
                    return Err(invalid(format!(
                        "In call to function system.{name}, value 0x{} is not a valid binary representation for type {to}",
                        hex(argument)
                    )));
                }
                Bytes::copy_from_slice(argument)
            }
            Self::ToJson(from) => Bytes::from(format_json(from, argument)),
            Self::Math(function, cql_type) => math::compute(function, cql_type, argument)?,
        };
        Ok(Some(result))
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes every write");
    }
    text
}
