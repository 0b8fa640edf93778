//! Columns side by side, as cqlsh shows them.
//!
//! Numbers stand right, everything else left. Where the screen is too narrow the widest columns
//! give way first and their values go on in further lines; where even that would leave columns of
//! a few letters, values are shown one a line instead. Values are cut only when they would take
//! more than [`LINES_MAX`] lines.

use super::Cell;
use super::Kind;
use super::Printer;
use super::Screen;
use super::Style;
use super::cells;
use super::expanded::Expanded;
use super::fit;
use super::width;
use super::write_count;
use quorate_client::ColumnSpec;
use quorate_client::Row;
use std::io;
use std::io::Write;

/// No column is made narrower than this to fit.
const COLUMNS_MIN: usize = 10;

/// Lines that one value may take when it does not fit its column.
const LINES_MAX: usize = 8;

/// Prints tables.
pub(super) struct Table {
    screen: Screen,
    /// Of the columns, by the pages so far.
    widths: Vec<usize>,
    has_header: bool,
    /// Takes over where a table cannot fit.
    expanded: Option<Expanded>,
}

impl Table {
    pub(super) const fn new(screen: Screen) -> Self {
        Self {
            screen,
            widths: Vec::new(),
            has_header: false,
            expanded: None,
        }
    }

    fn write_header(&self, out: &mut dyn Write, columns: &[ColumnSpec]) -> io::Result<()> {
        let names: Vec<Cell> = columns
            .iter()
            .map(|column| Cell {
                text: super::printable(column.name.clone()),
                kind: Kind::Other,
                is_right: false,
            })
            .collect();
        self.write_lines(out, &names, Some(Style::Header))?;
        let rules: Vec<String> = self.widths.iter().map(|w| "-".repeat(w + 2)).collect();
        writeln!(out, "{}", rules.join("+"))
    }

    /// Writes cells, in as many lines as the tallest needs.
    fn write_lines(
        &self,
        out: &mut dyn Write,
        cells: &[Cell],
        style: Option<Style>,
    ) -> io::Result<()> {
        let pieces: Vec<Vec<String>> = cells
            .iter()
            .zip(&self.widths)
            .map(|(cell, columns)| lines_of(&cell.text, *columns))
            .collect();
        let height = pieces.iter().map(Vec::len).max().unwrap_or(1);
        for line in 0..height {
            let mut text = String::new();
            for (index, (cell, columns)) in cells.iter().zip(&self.widths).enumerate() {
                let piece = pieces.get(index).and_then(|lines| lines.get(line));
                let piece = piece.map_or("", String::as_str);
                let padding = " ".repeat(columns.saturating_sub(width(piece)));
                let style = style.unwrap_or(Style::of(cell.kind));
                let painted = style.paint(piece, self.screen.color);
                text.push_str(if index == 0 { " " } else { " | " });
                if cell.is_right {
                    text.push_str(&padding);
                    text.push_str(&painted);
                } else {
                    text.push_str(&painted);
                    text.push_str(&padding);
                }
            }
            writeln!(out, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

fn lines_of(text: &str, columns: usize) -> Vec<String> {
    if width(text) <= columns {
        return vec![text.to_owned()];
    }
    let lines = fit(text, columns);
    let is_cut = lines.len() > LINES_MAX;
    let mut lines: Vec<String> = lines
        .into_iter()
        .take(LINES_MAX)
        .map(str::to_owned)
        .collect();
    if is_cut && let Some(last) = lines.last_mut() {
        last.pop();
        last.push('…');
    }
    lines
}

/// Makes the widths fit; false when that takes more than the columns can give.
fn shrink(widths: &mut [usize], screen: usize) -> bool {
    // A blank on each side of a value, and a rule between two.
    let frame = 3 * widths.len();
    let least: usize = widths.iter().map(|w| (*w).min(COLUMNS_MIN)).sum();
    if least + frame > screen {
        return false;
    }
    let mut total: usize = widths.iter().sum();
    while total + frame > screen {
        let Some(widest) = widths.iter_mut().max() else {
            return true;
        };
        *widest -= 1;
        total -= 1;
    }
    true
}

impl Printer for Table {
    fn page(
        &mut self,
        out: &mut dyn Write,
        columns: &[ColumnSpec],
        rows: &[Row],
    ) -> io::Result<()> {
        if let Some(expanded) = &mut self.expanded {
            return expanded.page(out, columns, rows);
        }
        let shown: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row).collect()).collect();
        let is_new = self.screen.is_paged || !self.has_header;
        let mut widths: Vec<usize> = columns.iter().map(|column| width(&column.name)).collect();
        for (index, widest) in widths.iter_mut().enumerate() {
            let of_rows = shown.iter().filter_map(|row| row.get(index));
            let of_rows = of_rows.map(|cell| width(&cell.text)).max().unwrap_or(0);
            let before = self.widths.get(index).copied().unwrap_or(0);
            *widest = (*widest).max(of_rows).max(if is_new { 0 } else { before });
        }
        if let Some(screen) = self.screen.columns
            && !shrink(&mut widths, screen)
        {
            let expanded = self.expanded.insert(Expanded::new(self.screen));
            return expanded.page(out, columns, rows);
        }
        self.widths = widths;
        if is_new {
            self.has_header = true;
            writeln!(out)?;
            self.write_header(out, columns)?;
        }
        for row in &shown {
            self.write_lines(out, row, None)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, rows: Option<u64>) -> io::Result<()> {
        write_count(out, rows)
    }
}
