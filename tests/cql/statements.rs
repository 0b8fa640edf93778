//! Random modifications: as CQL, and as what they do to the model.

use crate::model::Applied;
use crate::model::Column;
use crate::model::Datum;
use crate::model::Effect;
use crate::model::End;
use crate::model::FIRSTS;
use crate::model::Key;
use crate::model::Model;
use crate::model::Moment;
use crate::model::PARTITIONS;
use crate::model::Rows;
use crate::model::SECONDS;
use quorate_tests::Random;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// One INSERT, UPDATE or DELETE.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) cql: String,
    partition: i32,
    timestamp: i64,
    ttl: Option<i64>,
    effects: Vec<Effect>,
}

impl Statement {
    /// Writes the statement into the model: it was carried out within `when`.
    pub(crate) fn apply_to(&self, model: &mut Model, when: Moment) {
        let expiry = self.ttl.map(|ttl| Moment {
            from: when.from + ttl,
            to: when.to + ttl,
        });
        for effect in &self.effects {
            // Deletions do not expire.
            let expires = match effect {
                Effect::Live(_) | Effect::Cell(_, _, Some(_)) => expiry,
                Effect::DeletePartition | Effect::DeleteRows(_) | Effect::Cell(_, _, None) => None,
            };
            let applied = Applied {
                timestamp: self.timestamp,
                expiry: expires,
                effect: effect.clone(),
            };
            model.apply(self.partition, applied);
        }
    }
}

/// Makes statements. Timestamps move on slowly, now and then back: ties are frequent.
#[derive(Debug)]
pub(crate) struct Statements {
    count: i64,
    /// The row, and the timestamp, of the last INSERT.
    last: Option<(i32, Key, i64)>,
    /// What has a TTL already, so that no two that expire tie: which of them wins depends on when
    /// each was carried out. `None` is the static column.
    expiring: BTreeSet<(i32, Option<Key>, i64)>,
}

pub(crate) fn random_key(random: &mut Random) -> Key {
    let second = random.choice(&SECONDS).copied().unwrap_or('a');
    (below(random, FIRSTS), second)
}

fn below(random: &mut Random, end: i32) -> i32 {
    i32::try_from(random.below(u64::try_from(end).unwrap_or(1))).unwrap_or(0)
}

fn random_end<T>(random: &mut Random, value: T) -> End<T> {
    (!random.one_in(4)).then(|| (value, random.one_in(2)))
}

/// Some rows of a partition, for a deletion or a SELECT.
pub(crate) fn random_rows(random: &mut Random) -> Rows {
    let ((first, second), (other_first, other_second)) = (random_key(random), random_key(random));
    match random.below(8) {
        0 => Rows::First(first),
        1 | 2 => {
            let low = random_end(random, first.min(other_first));
            match (low, random_end(random, first.max(other_first))) {
                (None, None) => Rows::All,
                (low, high) => Rows::FirstBetween(low, high),
            }
        }
        3 | 4 => {
            let low = random_end(random, second.min(other_second));
            Rows::SecondBetween(first, low, random_end(random, second.max(other_second)))
        }
        5 => Rows::Above((first, second), random.one_in(2)),
        6 => Rows::Below((first, second), random.one_in(2)),
        _ => Rows::One((first, second)),
    }
}

#[expect(
    clippy::ref_option,
    reason = "the ends are kept as options; every caller has one"
)]
fn end_cql<T: std::fmt::Display>(column: &str, low: &End<T>, high: &End<T>) -> String {
    let mut cql = String::new();
    for (end, operator) in [(low, '>'), (high, '<')] {
        if let Some((value, included)) = end {
            let equal = if *included { "=" } else { "" };
            let _ = write!(cql, " AND {column} {operator}{equal} {value}");
        }
    }
    cql
}

/// The condition as CQL, beginning with AND.
pub(crate) fn rows_cql(rows: &Rows) -> String {
    let quoted = |end: &End<char>| end.map(|(second, included)| (format!("'{second}'"), included));
    let equal = |included: bool| if included { "=" } else { "" };
    match rows {
        Rows::All => String::new(),
        Rows::First(first) => format!(" AND c1 = {first}"),
        Rows::FirstBetween(low, high) => end_cql("c1", low, high),
        Rows::SecondBetween(first, low, high) => {
            let rest = end_cql("c2", &quoted(low), &quoted(high));
            format!(" AND c1 = {first}{rest}")
        }
        Rows::Above((first, second), included) => {
            format!(" AND (c1, c2) >{} ({first}, '{second}')", equal(*included))
        }
        Rows::Below((first, second), included) => {
            format!(" AND (c1, c2) <{} ({first}, '{second}')", equal(*included))
        }
        Rows::One((first, second)) => format!(" AND c1 = {first} AND c2 = '{second}'"),
    }
}

fn datum_cql(datum: Option<&Datum>) -> String {
    match datum {
        None => "null".to_owned(),
        Some(Datum::Number(number)) => number.to_string(),
        Some(Datum::Text(text)) => format!("'{text}'"),
    }
}

const fn name(column: Column) -> &'static str {
    match column {
        Column::S => "s",
        Column::V => "v",
        Column::W => "w",
    }
}

fn random_datum(random: &mut Random, column: Column) -> Option<Datum> {
    if random.one_in(6) {
        return None;
    }
    let number = below(random, 200) - 100;
    Some(match column {
        Column::S | Column::V => Datum::Number(number),
        Column::W => Datum::Text(format!("w{number}")),
    })
}

/// One or more columns with new values.
fn random_columns(random: &mut Random, from: &[Column]) -> Vec<(Column, Option<Datum>)> {
    let chosen: Vec<Column> = from.iter().copied().filter(|_| random.one_in(2)).collect();
    let chosen = if chosen.is_empty() {
        from.get(..1).unwrap_or(from).to_vec()
    } else {
        chosen
    };
    let columns = chosen.into_iter();
    columns
        .map(|column| (column, random_datum(random, column)))
        .collect()
}

fn cells(place: Key, columns: &[(Column, Option<Datum>)]) -> Vec<Effect> {
    let cells = columns.iter().map(|(column, datum)| {
        let place = (*column != Column::S).then_some(place);
        Effect::Cell(place, *column, datum.clone())
    });
    cells.collect()
}

impl Statements {
    pub(crate) const fn new() -> Self {
        Self {
            count: 0,
            last: None,
            expiring: BTreeSet::new(),
        }
    }

    /// The next statement.
    pub(crate) fn next(&mut self, random: &mut Random) -> Statement {
        self.count += 1;
        let back = i64::try_from(random.below(5)).unwrap_or(0);
        let timestamp = 1_000 + self.count / 12 - back;
        let partition = below(random, PARTITIONS);
        match random.below(20) {
            0..=6 => self.insert(random, partition, timestamp),
            7..=11 => self.update(random, partition, timestamp),
            12 => Self::write_static(random, partition, timestamp),
            13 | 14 => Self::delete_cells(random, partition, timestamp),
            15..=18 => {
                let rows = random_rows(random);
                Self::delete(partition, timestamp, &rows)
            }
            _ if random.one_in(3) => Self::delete(partition, timestamp, &Rows::All),
            _ => self.insert(random, partition, timestamp),
        }
    }

    /// Sometimes a TTL: few seconds, or more than the test takes.
    fn ttl(
        &mut self,
        random: &mut Random,
        partition: i32,
        places: &[Option<Key>],
        timestamp: i64,
    ) -> Option<i64> {
        let ttl = match random.below(10) {
            0 => 1,
            1 => 2,
            2 | 3 => 10_000,
            _ => return None,
        };
        let wanted = places.iter().map(|place| (partition, *place, timestamp));
        if wanted.clone().any(|place| self.expiring.contains(&place)) {
            return None;
        }
        self.expiring.extend(wanted);
        Some(ttl)
    }

    fn insert(&mut self, random: &mut Random, partition: i32, timestamp: i64) -> Statement {
        let fresh = (partition, random_key(random), timestamp);
        let again = self.last.take().filter(|_| random.one_in(4));
        let (partition, (first, second), timestamp) = again.unwrap_or(fresh);
        self.last = Some((partition, (first, second), timestamp));
        // A bare key shows whether the row itself lives.
        let columns = if random.one_in(3) {
            Vec::new()
        } else {
            random_columns(random, &[Column::V, Column::W, Column::S])
        };
        let places = [Some((first, second)), None];
        let ttl = self.ttl(random, partition, &places, timestamp);
        let key = ["p", "c1", "c2"].into_iter();
        let names: Vec<&str> = key
            .chain(columns.iter().map(|(column, _)| name(*column)))
            .collect();
        let key = [
            partition.to_string(),
            first.to_string(),
            format!("'{second}'"),
        ]
        .into_iter();
        let values = columns.iter().map(|(_, datum)| datum_cql(datum.as_ref()));
        let values: Vec<String> = key.chain(values).collect();
        let mut effects = cells((first, second), &columns);
        effects.push(Effect::Live((first, second)));
        Statement {
            cql: format!(
                "INSERT INTO shop.model ({}) VALUES ({}){}",
                names.join(", "),
                values.join(", "),
                using(timestamp, ttl)
            ),
            partition,
            timestamp,
            ttl,
            effects,
        }
    }

    fn update(&mut self, random: &mut Random, partition: i32, timestamp: i64) -> Statement {
        let key = random_key(random);
        let columns = random_columns(random, &[Column::V, Column::W]);
        let ttl = self.ttl(random, partition, &[Some(key)], timestamp);
        let sets: Vec<String> = columns
            .iter()
            .map(|(column, datum)| format!("{} = {}", name(*column), datum_cql(datum.as_ref())))
            .collect();
        Statement {
            cql: format!(
                "UPDATE shop.model{} SET {} WHERE p = {partition}{}",
                using(timestamp, ttl),
                sets.join(", "),
                rows_cql(&Rows::One(key))
            ),
            partition,
            timestamp,
            ttl,
            effects: cells(key, &columns),
        }
    }

    fn write_static(random: &mut Random, partition: i32, timestamp: i64) -> Statement {
        let datum = random_datum(random, Column::S);
        let value = datum_cql(datum.as_ref());
        let using = using(timestamp, None);
        Statement {
            cql: if random.one_in(2) {
                format!("INSERT INTO shop.model (p, s) VALUES ({partition}, {value}){using}")
            } else {
                format!("UPDATE shop.model{using} SET s = {value} WHERE p = {partition}")
            },
            partition,
            timestamp,
            ttl: None,
            effects: vec![Effect::Cell(None, Column::S, datum)],
        }
    }

    fn delete_cells(random: &mut Random, partition: i32, timestamp: i64) -> Statement {
        let using = using(timestamp, None);
        if random.one_in(4) {
            return Statement {
                cql: format!("DELETE s FROM shop.model{using} WHERE p = {partition}"),
                partition,
                timestamp,
                ttl: None,
                effects: vec![Effect::Cell(None, Column::S, None)],
            };
        }
        let key = random_key(random);
        let column = if random.one_in(2) {
            Column::V
        } else {
            Column::W
        };
        Statement {
            cql: format!(
                "DELETE {} FROM shop.model{using} WHERE p = {partition}{}",
                name(column),
                rows_cql(&Rows::One(key))
            ),
            partition,
            timestamp,
            ttl: None,
            effects: vec![Effect::Cell(Some(key), column, None)],
        }
    }

    fn delete(partition: i32, timestamp: i64, rows: &Rows) -> Statement {
        Statement {
            cql: format!(
                "DELETE FROM shop.model{} WHERE p = {partition}{}",
                using(timestamp, None),
                rows_cql(rows)
            ),
            partition,
            timestamp,
            ttl: None,
            effects: vec![match rows {
                Rows::All => Effect::DeletePartition,
                rows => Effect::DeleteRows(rows.clone()),
            }],
        }
    }
}

fn using(timestamp: i64, ttl: Option<i64>) -> String {
    let ttl = ttl.map(|ttl| format!(" AND TTL {ttl}")).unwrap_or_default();
    format!(" USING TIMESTAMP {timestamp}{ttl}")
}
