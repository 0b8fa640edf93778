//! Comma-separated values under a header; null is an empty field.

use super::Printer;
use quorate_client::ColumnSpec;
use quorate_client::Row;
use std::io;
use std::io::Write;

/// Prints CSV.
#[derive(Default)]
pub(super) struct Csv {
    has_header: bool,
}

impl Printer for Csv {
    fn page(
        &mut self,
        out: &mut dyn Write,
        columns: &[ColumnSpec],
        rows: &[Row],
    ) -> io::Result<()> {
        let mut text = Vec::new();
        if !self.has_header {
            self.has_header = true;
            let names = columns.iter().map(|column| column.name.as_str());
            write_record(&mut text, names, COMMON);
        }
        for row in rows {
            let values = row.columns().iter().zip(row.values());
            let fields = values.map(|(column, value)| value.to_text(column.cql_type));
            write_record(&mut text, fields.map(Option::unwrap_or_default), COMMON);
        }
        out.write_all(&text)
    }

    fn end(&mut self, _out: &mut dyn Write, _rows: Option<u64>) -> io::Result<()> {
        Ok(())
    }
}

/// The characters that have a meaning in CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// Within quotes, comes before a quote and before itself.
    pub(crate) escape: u8,
    /// Lines that begin with it are no records.
    pub(crate) comment: Option<u8>,
}

/// What spreadsheets and most libraries read.
const COMMON: Dialect = Dialect {
    delimiter: b',',
    quote: b'"',
    escape: b'"',
    comment: None,
};

/// Adds a record. Fields are quoted where they must be.
pub(crate) fn write_record<F: AsRef<[u8]>>(
    out: &mut Vec<u8>,
    fields: impl IntoIterator<Item = F>,
    dialect: Dialect,
) {
    let Dialect {
        delimiter,
        quote,
        escape,
        comment,
    } = dialect;
    let start = out.len();
    let mut count = 0;
    for field in fields {
        if count > 0 {
            out.push(delimiter);
        }
        count += 1;
        let bytes = field.as_ref();
        let is_special = |byte: &u8| [delimiter, quote, escape, b'\n', b'\r'].contains(byte);
        let is_comment = count == 1 && comment.is_some() && bytes.first() == comment.as_ref();
        if is_comment || bytes.iter().any(is_special) {
            out.push(quote);
            for byte in bytes {
                if *byte == quote || *byte == escape {
                    out.push(escape);
                }
                out.push(*byte);
            }
            out.push(quote);
        } else {
            out.extend_from_slice(bytes);
        }
    }
    // An empty line would be no record at all.
    if count == 1 && out.len() == start {
        out.extend_from_slice(&[quote, quote]);
    }
    out.push(b'\n');
}
