//! A line for each value, for rows that are wider than the screen.

use super::Cell;
use super::Printer;
use super::Screen;
use super::Style;
use super::cells;
use super::fit;
use super::printable;
use super::width;
use super::write_count;
use quorate_client::ColumnSpec;
use quorate_client::Row;
use std::io;
use std::io::Write;

/// Prints rows one value a line.
pub(super) struct Expanded {
    screen: Screen,
    rows: u64,
}

impl Expanded {
    pub(super) const fn new(screen: Screen) -> Self {
        Self { screen, rows: 0 }
    }

    fn write_value(
        &self,
        out: &mut dyn Write,
        name: &str,
        names: usize,
        cell: &Cell,
    ) -> io::Result<()> {
        let left = names + 4;
        let room = self
            .screen
            .columns
            .map(|screen| screen.saturating_sub(left));
        let lines = match room {
            Some(room) if room >= 20 => fit(&cell.text, room),
            _ => vec![cell.text.as_str()],
        };
        for (index, line) in lines.into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let padding = " ".repeat(names.saturating_sub(width(name)));
            let name = Style::Header.paint(name, self.screen.color);
            let value = Style::of(cell.kind).paint(line, self.screen.color);
            writeln!(out, "{}", format!(" {name}{padding} | {value}").trim_end())?;
        }
        Ok(())
    }
}

impl Printer for Expanded {
    fn page(
        &mut self,
        out: &mut dyn Write,
        columns: &[ColumnSpec],
        rows: &[Row],
    ) -> io::Result<()> {
        let labels: Vec<String> = columns
            .iter()
            .map(|column| printable(column.name.clone()))
            .collect();
        let names = labels.iter().map(|name| width(name)).max().unwrap_or(0);
        for row in rows {
            self.rows += 1;
            let cells: Vec<Cell> = cells(row).collect();
            let widest = cells.iter().map(|cell| width(&cell.text)).max();
            let mut values = widest.unwrap_or(0) + 2;
            if let Some(screen) = self.screen.columns {
                values = values.min(screen.saturating_sub(names + 3));
            }
            writeln!(out, "\n@ Row {}", self.rows)?;
            writeln!(out, "{}+{}", "-".repeat(names + 2), "-".repeat(values))?;
            for (label, cell) in labels.iter().zip(&cells) {
                self.write_value(out, label, names, cell)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, rows: Option<u64>) -> io::Result<()> {
        write_count(out, rows)
    }
}
