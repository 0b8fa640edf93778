//! The requests that clients make: CQL with its values, and which cells it writes or reads.

use crate::history::Register;
use crate::plan::COLUMNS;
use crate::plan::Plan;
use crate::plan::TablePlan;
use crate::rng::Rng;
use quorate_query::BoundValue;

/// A modification.
#[derive(Debug, Clone)]
pub(crate) struct Modification {
    /// CQL.
    pub(crate) text: String,
    /// One for each marker.
    pub(crate) values: Vec<BoundValue>,
    /// The cells it writes.
    pub(crate) cells: Vec<(Register, Option<i64>)>,
}

/// A SELECT.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// CQL.
    pub(crate) text: String,
    /// One for each marker.
    pub(crate) values: Vec<BoundValue>,
    /// The cells it asks for.
    pub(crate) cells: Vec<Register>,
    /// Index of its table.
    pub(crate) table: usize,
}

/// Makes statements for a plan's tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statements<'a> {
    plan: &'a Plan,
}

/// A place in a table.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    table: &'a TablePlan,
    number: usize,
    partition: i64,
    row: i64,
}

impl Place<'_> {
    fn cell(self, column: usize) -> Register {
        Register {
            table: self.number,
            partition: self.partition,
            row: self.row,
            column,
        }
    }

    /// `pk = ? AND ck = ?`, and what goes in.
    fn condition(self) -> (&'static str, Vec<BoundValue>) {
        if self.table.clustered {
            ("pk = ? AND ck = ?", integers(&[self.partition, self.row]))
        } else {
            ("pk = ?", integers(&[self.partition]))
        }
    }
}

fn integers(values: &[i64]) -> Vec<BoundValue> {
    values.iter().copied().map(BoundValue::Integer).collect()
}

impl<'a> Statements<'a> {
    /// For the tables of this plan.
    pub(crate) const fn new(plan: &'a Plan) -> Self {
        Self { plan }
    }

    /// How the ledger is created: a table whose rows are written once.
    pub(crate) const CREATE_LEDGER: &'static str =
        "CREATE TABLE IF NOT EXISTS ks.ledger (pk bigint PRIMARY KEY, v bigint, w bigint)";

    /// A new row of the ledger. Nothing overwrites it and nobody reads it before the end, so what a
    /// replica misses is not mended by chance.
    pub(crate) fn put_in_ledger(self, fresh: i64) -> Modification {
        let cell = Register {
            table: self.ledger(),
            partition: fresh,
            row: 0,
            column: 0,
        };
        Modification {
            text: "INSERT INTO ks.ledger (pk, v) VALUES (?, ?)".to_owned(),
            values: integers(&[fresh, fresh]),
            cells: vec![(cell, Some(fresh))],
        }
    }

    /// Reads all of the ledger, where these rows may be.
    pub(crate) fn select_ledger(self, cells: Vec<Register>) -> Selection {
        Selection {
            text: "SELECT pk, v, writetime(v), w, writetime(w) FROM ks.ledger".to_owned(),
            values: Vec::new(),
            cells,
            table: self.ledger(),
        }
    }

    /// The ledger's number among the tables.
    pub(crate) const fn ledger(self) -> usize {
        self.plan.tables.len()
    }

    /// How a table is created.
    pub(crate) fn create_table(table: &TablePlan, read_repair: &str) -> String {
        let (key, order) = match (table.clustered, table.descending) {
            (false, _) => ("pk int PRIMARY KEY", ""),
            (true, false) => ("pk int, ck int", ""),
            (true, true) => ("pk int, ck int", " AND CLUSTERING ORDER BY (ck DESC)"),
        };
        let primary = if table.clustered {
            ", PRIMARY KEY (pk, ck)"
        } else {
            ""
        };
        format!(
            "CREATE TABLE IF NOT EXISTS ks.{} ({key}, v bigint, w bigint{primary}) \
             WITH read_repair = '{read_repair}'{order}",
            table.name
        )
    }

    fn place(self, rng: &mut Rng) -> Option<Place<'a>> {
        let number = rng.index(self.plan.tables.len());
        let table = self.plan.tables.get(number)?;
        let row = rng.below(self.plan.rows as u64) as i64;
        Some(Place {
            table,
            number,
            partition: rng.below(self.plan.partitions as u64) as i64,
            row: if table.clustered { row } else { 0 },
        })
    }

    /// Writes values: one of the columns, or both. `fresh` gives values that no other write has.
    pub(crate) fn put(self, rng: &mut Rng, mut fresh: impl FnMut() -> i64) -> Option<Modification> {
        let place = self.place(rng)?;
        let both = rng.chance(0.4);
        let columns: Vec<usize> = if both { vec![0, 1] } else { vec![rng.index(2)] };
        let written: Vec<(usize, i64)> = columns.iter().map(|column| (*column, fresh())).collect();
        let cells = written
            .iter()
            .map(|(column, value)| (place.cell(*column), Some(*value)));
        let names: Vec<&str> = columns
            .iter()
            .filter_map(|column| COLUMNS.get(*column).copied())
            .collect();
        let new_values = written.iter().map(|(_, value)| BoundValue::Integer(*value));
        let name = &place.table.name;
        let (text, values) = if rng.chance(0.5) {
            let (key, marks) = if place.table.clustered {
                ("pk, ck", "?, ?")
            } else {
                ("pk", "?")
            };
            let (_, mut values) = place.condition();
            values.extend(new_values);
            let more = ", ?".repeat(names.len());
            let columns = names.join(", ");
            (
                format!("INSERT INTO ks.{name} ({key}, {columns}) VALUES ({marks}{more})"),
                values,
            )
        } else {
            let (condition, key) = place.condition();
            let mut values: Vec<BoundValue> = new_values.collect();
            values.extend(key);
            let sets: Vec<String> = names.iter().map(|name| format!("{name} = ?")).collect();
            (
                format!("UPDATE ks.{name} SET {} WHERE {condition}", sets.join(", ")),
                values,
            )
        };
        let cells = cells.collect();
        Some(Modification {
            text,
            values,
            cells,
        })
    }

    /// Deletes a cell, a row, a range of rows or a partition.
    pub(crate) fn delete(self, rng: &mut Rng) -> Option<Modification> {
        let place = self.place(rng)?;
        let name = &place.table.name;
        let (condition, key) = place.condition();
        let kind = rng.below(if place.table.clustered { 4 } else { 2 });
        let (text, values, cells) = match kind {
            0 => {
                let column = rng.index(COLUMNS.len());
                let column_name = COLUMNS.get(column)?;
                let text = format!("DELETE {column_name} FROM ks.{name} WHERE {condition}");
                (text, key, vec![place.cell(column)])
            }
            1 => {
                let text = format!("DELETE FROM ks.{name} WHERE {condition}");
                (text, key, Self::cells_of(place, place.row, place.row))
            }
            2 => {
                let last = self.plan.rows - 1;
                let from = rng.between(0, last as u64) as i64;
                let to = rng.between(from as u64, last as u64) as i64;
                let text = format!("DELETE FROM ks.{name} WHERE pk = ? AND ck >= ? AND ck <= ?");
                let values = integers(&[place.partition, from, to]);
                (text, values, Self::cells_of(place, from, to))
            }
            _ => {
                let text = format!("DELETE FROM ks.{name} WHERE pk = ?");
                let cells = Self::cells_of(place, 0, self.plan.rows - 1);
                (text, integers(&[place.partition]), cells)
            }
        };
        let cells = cells.into_iter().map(|cell| (cell, None)).collect();
        Some(Modification {
            text,
            values,
            cells,
        })
    }

    /// The cells of some rows of a partition.
    fn cells_of(place: Place<'_>, from: i64, to: i64) -> Vec<Register> {
        let (from, to) = if place.table.clustered {
            (from, to)
        } else {
            (0, 0)
        };
        (from..=to)
            .flat_map(|row| {
                let place = Place { row, ..place };
                (0..COLUMNS.len()).map(move |column| place.cell(column))
            })
            .collect()
    }

    /// Reads a row, a slice, a partition or a whole table.
    pub(crate) fn select(self, rng: &mut Rng) -> Option<Selection> {
        let place = self.place(rng)?;
        let last = self.plan.rows - 1;
        let (condition, key) = place.condition();
        let (condition, values, cells) = match rng.below(4) {
            0 if place.table.clustered => {
                let from = rng.between(0, last as u64) as i64;
                let to = rng.between(from as u64, last as u64) as i64;
                let values = integers(&[place.partition, from, to]);
                let cells = Self::cells_of(place, from, to);
                ("pk = ? AND ck >= ? AND ck <= ?", values, cells)
            }
            1 => return self.select_all(place.number),
            2 => {
                let cells = Self::cells_of(place, 0, last);
                ("pk = ?", integers(&[place.partition]), cells)
            }
            _ => (condition, key, Self::cells_of(place, place.row, place.row)),
        };
        let text = format!("{} WHERE {condition}", select_from(place.table));
        let order = place.table.clustered && rng.chance(0.2);
        let order = if order && condition.starts_with("pk") {
            if rng.chance(0.5) {
                " ORDER BY ck ASC"
            } else {
                " ORDER BY ck DESC"
            }
        } else {
            ""
        };
        Some(Selection {
            text: text + order,
            values,
            cells,
            table: place.number,
        })
    }

    /// Reads everything of a table.
    pub(crate) fn select_all(self, number: usize) -> Option<Selection> {
        let table = self.plan.tables.get(number)?;
        let cells = (0..self.plan.partitions).flat_map(|partition| {
            let place = Place {
                table,
                number,
                partition,
                row: 0,
            };
            Self::cells_of(place, 0, self.plan.rows - 1)
        });
        Some(Selection {
            text: select_from(table),
            values: Vec::new(),
            cells: cells.collect(),
            table: number,
        })
    }
}

fn select_from(table: &TablePlan) -> String {
    let row = if table.clustered { "ck, " } else { "" };
    format!(
        "SELECT pk, {row}v, writetime(v), w, writetime(w) FROM ks.{}",
        table.name
    )
}
