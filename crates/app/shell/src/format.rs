//! How rows are shown: as tables, one value a line, JSON or CSV. Writes to what it is given;
//! knows neither the terminal nor the cluster.

mod csv;
mod expanded;
mod json;
mod style;
mod table;
mod width;

pub(crate) use csv::Dialect;
pub(crate) use csv::write_record;
pub(crate) use style::Style;
pub(crate) use width::fit;
pub(crate) use width::printable;
pub(crate) use width::width;

use quorate_client::ColumnSpec;
use quorate_client::CqlType;
use quorate_client::Row;
use quorate_client::Value;
use std::io;
use std::io::Write;
use std::str::FromStr;

/// How rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OutputFormat {
    /// Columns side by side.
    Table,
    /// A line for each value.
    Expanded,
    /// An object a line.
    Json,
    /// Comma-separated values under a header.
    Csv,
}

impl OutputFormat {
    pub(crate) const EVERY: [Self; 4] = [Self::Table, Self::Expanded, Self::Json, Self::Csv];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Expanded => "expanded",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    /// Whether programs read it: then nothing but rows is written.
    pub(crate) const fn is_for_programs(self) -> bool {
        matches!(self, Self::Json | Self::Csv)
    }
}

impl FromStr for OutputFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::EVERY
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let names = Self::EVERY.map(Self::name).join(", ");
                format!("'{name}' is no format; there are {names}")
            })
    }
}

/// What the reader's screen offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Whether it shows colours.
    pub(crate) color: bool,
    /// Its columns; `None` when lines may have any length.
    pub(crate) columns: Option<usize>,
    /// Whether each page of rows is looked at alone, so that it needs its own header.
    pub(crate) is_paged: bool,
}

/// Writes the pages of one result.
pub(crate) trait Printer: Send {
    /// Writes a page; the first one even if it has no rows.
    fn page(&mut self, out: &mut dyn Write, columns: &[ColumnSpec], rows: &[Row])
    -> io::Result<()>;

    /// Writes what follows the last page. `rows` is how many there were, unless that is no count of
    /// anything (conditional updates).
    fn end(&mut self, out: &mut dyn Write, rows: Option<u64>) -> io::Result<()>;
}

/// The printer of one result.
pub(crate) fn printer(format: OutputFormat, screen: Screen) -> Box<dyn Printer> {
    match format {
        OutputFormat::Table => Box::new(table::Table::new(screen)),
        OutputFormat::Expanded => Box::new(expanded::Expanded::new(screen)),
        OutputFormat::Json => Box::new(json::Json),
        OutputFormat::Csv => Box::new(csv::Csv::default()),
    }
}

/// What kind of value a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Number,
    Text,
    Other,
}

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// Whether it stands at the right of its column, as numbers do.
    pub(crate) is_right: bool,
}

impl Cell {
    /// A value of a type, on one line whatever it contains.
    pub(crate) fn new(value: &Value, cql_type: CqlType) -> Self {
        let kind = kind_of(cql_type);
        let is_right = kind == Kind::Number;
        match value.to_text(cql_type) {
            Some(text) => Self {
                text: printable(text),
                kind,
                is_right,
            },
            None => Self {
                text: "null".to_owned(),
                kind: Kind::Null,
                is_right,
            },
        }
    }
}

fn kind_of(cql_type: CqlType) -> Kind {
    match cql_type {
        CqlType::Ascii | CqlType::Text => Kind::Text,
        other if other.is_numeric() || other == CqlType::Counter => Kind::Number,
        _ => Kind::Other,
    }
}

fn cells(row: &Row) -> impl Iterator<Item = Cell> {
    row.columns()
        .iter()
        .zip(row.values())
        .map(|(column, value)| Cell::new(value, column.cql_type))
}

fn write_count(out: &mut dyn Write, rows: Option<u64>) -> io::Result<()> {
    match rows {
        Some(rows) => writeln!(out, "\n({rows} rows)"),
        None => writeln!(out),
    }
}

#[cfg(test)]
mod tests;
