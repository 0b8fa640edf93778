//! One JSON object a line for each row, as other programs read them.

use super::Printer;
use quorate_client::ColumnSpec;
use quorate_client::CqlType;
use quorate_client::Row;
use quorate_client::Value;
use quorate_data::text::format_json;
use std::io;
use std::io::Write;

/// Prints JSON.
pub(super) struct Json;

impl Printer for Json {
    fn page(
        &mut self,
        out: &mut dyn Write,
        columns: &[ColumnSpec],
        rows: &[Row],
    ) -> io::Result<()> {
        let names: Vec<String> = columns
            .iter()
            .map(|column| serde_json::Value::from(column.name.as_str()).to_string())
            .collect();
        for row in rows {
            let fields: Vec<String> = names
                .iter()
                .zip(columns)
                .zip(row.values())
                .map(|((name, column), value)| format!("{name}: {}", json(value, column.cql_type)))
                .collect();
            writeln!(out, "{{{}}}", fields.join(", "))?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut dyn Write, _rows: Option<u64>) -> io::Result<()> {
        Ok(())
    }
}

fn json(value: &Value, cql_type: CqlType) -> String {
    match value.to_wire(cql_type) {
        Ok(Some(wire)) => format_json(cql_type, &wire),
        Ok(None) => "null".to_owned(),
        // Damage that came as it is.
        Err(_) => serde_json::Value::from(value.to_text(cql_type)).to_string(),
    }
}
