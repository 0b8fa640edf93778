//! What a table holds, as naively as can be: every effect of every statement is kept, and a read
//! folds all of them.
//!
//! The table is the one that `random_statements.rs` creates: partition key `p`, clustering `c1`
//! ascending and `c2` descending, a static column `s`, and the columns `v` and `w`.

use quorate_types::Token;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Partitions there are.
pub(crate) const PARTITIONS: i32 = 5;
/// Values that `c1` takes, from 0.
pub(crate) const FIRSTS: i32 = 5;
/// Values that `c2` takes.
pub(crate) const SECONDS: [char; 4] = ['a', 'b', 'c', 'd'];

/// The clustering key of a row.
pub(crate) type Key = (i32, char);

/// A span of whole seconds since 1970, both ends included: when something happened or will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// Whether something has expired cannot be told at this moment.
#[derive(Debug)]
pub(crate) struct Ambiguous;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    S,
    V,
    W,
}

/// A value of `s` or `v` (a number), or of `w` (a text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Datum {
    Number(i32),
    Text(String),
}

impl Datum {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Number(number) => number.to_be_bytes().to_vec(),
            Self::Text(text) => text.clone().into_bytes(),
        }
    }
}

/// An end of a range: the value, and whether it belongs to it.
pub(crate) type End<T> = Option<(T, bool)>;

/// Rows of a partition that a condition on the clustering key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    First(i32),
    FirstBetween(End<i32>, End<i32>),
    SecondBetween(i32, End<char>, End<char>),
    /// `(c1, c2) > (…)`, or `>=`.
    Above(Key, bool),
    /// `(c1, c2) < (…)`, or `<=`.
    Below(Key, bool),
    One(Key),
}

#[expect(
    clippy::ref_option,
    reason = "the ends are kept as options; every caller has one"
)]
fn above<T: Ord>(value: &T, end: &End<T>) -> bool {
    end.as_ref()
        .is_none_or(|(low, included)| value > low || (*included && value == low))
}

#[expect(
    clippy::ref_option,
    reason = "the ends are kept as options; every caller has one"
)]
fn below<T: Ord>(value: &T, end: &End<T>) -> bool {
    end.as_ref()
        .is_none_or(|(high, included)| value < high || (*included && value == high))
}

impl Rows {
    pub(crate) fn contain(&self, key: Key) -> bool {
        match self {
            Self::All => true,
            Self::First(first) => key.0 == *first,
            Self::FirstBetween(low, high) => above(&key.0, low) && below(&key.0, high),
            Self::SecondBetween(first, low, high) => {
                key.0 == *first && above(&key.1, low) && below(&key.1, high)
            }
            Self::Above(low, included) => above(&key, &Some((*low, *included))),
            Self::Below(high, included) => below(&key, &Some((*high, *included))),
            Self::One(one) => key == *one,
        }
    }
}

/// What a statement does to one partition.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    DeletePartition,
    DeleteRows(Rows),
    /// An INSERT makes the row exist.
    Live(Key),
    /// `None` in the place of a value deletes it.
    Cell(Option<Key>, Column, Option<Datum>),
}

#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) timestamp: i64,
    pub(crate) expiry: Option<Moment>,
    pub(crate) effect: Effect,
}

/// A cell that won, with its timestamp.
pub(crate) type Found = Option<(Datum, i64)>;

/// A row as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// `None` in the one row of a partition that has only its static column.
    pub(crate) key: Option<Key>,
    pub(crate) s: Found,
    pub(crate) v: Found,
    pub(crate) w: Found,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    partitions: BTreeMap<i32, Vec<Applied>>,
}

impl Model {
    pub(crate) fn apply(&mut self, partition: i32, applied: Applied) {
        self.partitions.entry(partition).or_default().push(applied);
    }

    pub(crate) fn effects(&self, partition: i32) -> &[Applied] {
        self.partitions.get(&partition).map_or(&[], Vec::as_slice)
    }

    /// The partitions in the order of the ring.
    pub(crate) fn in_ring_order() -> Vec<i32> {
        let mut partitions: Vec<i32> = (0..PARTITIONS).collect();
        partitions.sort_by_key(|partition| Token::of_key(&partition.to_be_bytes()));
        partitions
    }

    /// The rows that a condition names, in clustering order.
    pub(crate) fn read(
        &self,
        partition: i32,
        rows: &Rows,
        now: Moment,
    ) -> Result<Vec<Row>, Ambiguous> {
        let effects = self.effects(partition);
        let s = best_cell(effects, None, Column::S, now)?;
        let mut found = Vec::new();
        for key in every_key() {
            if !rows.contain(key) {
                continue;
            }
            let v = best_cell(effects, Some(key), Column::V, now)?;
            let w = best_cell(effects, Some(key), Column::W, now)?;
            if is_live(effects, key, now)? || v.is_some() || w.is_some() {
                let (key, s) = (Some(key), s.clone());
                found.push(Row { key, s, v, w });
            }
        }
        if found.is_empty() && s.is_some() && *rows == Rows::All {
            let (v, w) = (None, None);
            found.push(Row { key: None, s, v, w });
        }
        Ok(found)
    }
}

/// Every clustering key, in clustering order.
fn every_key() -> Vec<Key> {
    let mut keys: Vec<Key> = (0..FIRSTS)
        .flat_map(|first| SECONDS.map(|second| (first, second)))
        .collect();
    keys.sort_by_key(|(first, second)| (*first, Reverse(*second)));
    keys
}

/// The newest deletion that covers a row, or the static column.
fn deleted_at(effects: &[Applied], place: Option<Key>) -> i64 {
    let covering = effects.iter().filter(|applied| match &applied.effect {
        Effect::DeletePartition => true,
        Effect::DeleteRows(rows) => place.is_some_and(|key| rows.contain(key)),
        Effect::Live(_) | Effect::Cell(..) => false,
    });
    covering
        .map(|applied| applied.timestamp)
        .max()
        .unwrap_or(i64::MIN)
}

fn has_expired(expiry: Option<Moment>, now: Moment) -> Result<bool, Ambiguous> {
    match expiry {
        None => Ok(false),
        Some(expiry) if now.to < expiry.from => Ok(false),
        Some(expiry) if now.from >= expiry.to => Ok(true),
        Some(_) => Err(Ambiguous),
    }
}

fn is_live(effects: &[Applied], key: Key, now: Moment) -> Result<bool, Ambiguous> {
    let deleted = deleted_at(effects, Some(key));
    let of_row = effects.iter().filter(|applied| {
        matches!(applied.effect, Effect::Live(of) if of == key) && applied.timestamp > deleted
    });
    let winner = of_row.max_by_key(|applied| (applied.timestamp, applied.expiry.is_some()));
    winner.map_or(Ok(false), |winner| Ok(!has_expired(winner.expiry, now)?))
}

fn best_cell(
    effects: &[Applied],
    place: Option<Key>,
    column: Column,
    now: Moment,
) -> Result<Found, Ambiguous> {
    let deleted = deleted_at(effects, place);
    let cells = effects.iter().filter_map(|applied| match &applied.effect {
        Effect::Cell(at, of, datum) if *at == place && *of == column => Some((applied, datum)),
        _ => None,
    });
    let alive = cells.filter(|(applied, _)| applied.timestamp > deleted);
    let winner = alive.max_by(|left, right| order_of_cells(*left, *right));
    match winner {
        Some((applied, Some(datum))) if !has_expired(applied.expiry, now)? => {
            Ok(Some((datum.clone(), applied.timestamp)))
        }
        _ => Ok(None),
    }
}

/// The later timestamp; then a tombstone, then what expires, then the larger bytes. Two cells that
/// expire never have one timestamp here.
fn order_of_cells(
    (left, left_datum): (&Applied, &Option<Datum>),
    (right, right_datum): (&Applied, &Option<Datum>),
) -> Ordering {
    let rank = |applied: &Applied, datum: &Option<Datum>| match datum {
        None => 2,
        Some(_) if applied.expiry.is_some() => 1,
        Some(_) => 0,
    };
    let bytes = |datum: &Option<Datum>| datum.as_ref().map(Datum::bytes);
    left.timestamp
        .cmp(&right.timestamp)
        .then_with(|| rank(left, left_datum).cmp(&rank(right, right_datum)))
        .then_with(|| bytes(left_datum).cmp(&bytes(right_datum)))
}
