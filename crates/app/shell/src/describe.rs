//! DESCRIBE's rows as text: statements to run again, names in columns, the cluster's facts.

use crate::format::width;
use quorate_client::Row;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;

/// Columns of text where the screen says nothing.
const COLUMNS: usize = 80;

/// Writes the answer to a DESCRIBE. Which one it was shows in the columns.
pub(crate) fn write_description(
    out: &mut dyn Write,
    rows: &[Row],
    columns: Option<usize>,
) -> io::Result<()> {
    let columns = columns.unwrap_or(COLUMNS);
    let Some(first) = rows.first() else {
        return writeln!(out, "\n<empty>\n");
    };
    if has(first, "create_statement") {
        for row in rows {
            writeln!(out, "\n{}", text(row, "create_statement"))?;
        }
        return writeln!(out);
    }
    if has(first, "cluster") {
        writeln!(out, "\nCluster: {}", text(first, "cluster"))?;
        writeln!(out, "Partitioner: {}", text(first, "partitioner"))?;
        return writeln!(out, "Snitch: {}\n", text(first, "snitch"));
    }
    if text(first, "type") == "keyspace" {
        let names: Vec<String> = rows.iter().map(|row| text(row, "name")).collect();
        writeln!(out)?;
        write_names(out, &names, columns)?;
        return writeln!(out);
    }
    let mut by_keyspace: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let names = by_keyspace.entry(text(row, "keyspace_name")).or_default();
        names.push(text(row, "name"));
    }
    for (keyspace, names) in by_keyspace {
        let title = format!("Keyspace {keyspace}");
        writeln!(out, "\n{title}\n{}", "-".repeat(width(&title)))?;
        write_names(out, &names, columns)?;
    }
    writeln!(out)
}

fn has(row: &Row, column: &str) -> bool {
    row.text(column).is_ok()
}

fn text(row: &Row, column: &str) -> String {
    row.text(column).ok().flatten().unwrap_or_default()
}

/// Names side by side, down the columns first.
fn write_names(out: &mut dyn Write, names: &[String], columns: usize) -> io::Result<()> {
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0) + 2;
    let per_line = (columns / widest).clamp(1, names.len().max(1));
    let lines = names.len().div_ceil(per_line);
    for line in 0..lines {
        let of_line = names.iter().skip(line).step_by(lines);
        let padded: Vec<String> = of_line
            .map(|name| format!("{name}{}", " ".repeat(widest - width(name))))
            .collect();
        writeln!(out, "{}", padded.concat().trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_client::ColumnSpec;
    use quorate_client::CqlType;
    use std::sync::Arc;

    fn describe(columns: &[&str], rows: &[&[&str]]) -> String {
        let specs: Arc<[ColumnSpec]> = columns
            .iter()
            .map(|name| ColumnSpec {
                keyspace: "system".to_owned(),
                table: "describe".to_owned(),
                name: (*name).to_owned(),
                cql_type: CqlType::Text,
            })
            .collect();
        let rows: Vec<Row> = rows
            .iter()
            .map(|values| {
                let values = values.iter().map(|value| (*value).into()).collect();
                Row::new(Arc::clone(&specs), values)
            })
            .collect();
        let mut out = Vec::new();
        write_description(&mut out, &rows, Some(20)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn elements_are_statements_to_run_again() {
        assert_eq!(
            describe(
                &["keyspace_name", "type", "name", "create_statement"],
                &[
                    &["ks", "keyspace", "ks", "CREATE KEYSPACE ks;"],
                    &["ks", "table", "t", "CREATE TABLE ks.t (\n    k int\n);"],
                ]
            ),
            "\nCREATE KEYSPACE ks;\n\nCREATE TABLE ks.t (\n    k int\n);\n\n"
        );
    }

    #[test]
    fn names_stand_in_columns() {
        let columns = ["keyspace_name", "type", "name"];
        let keyspaces: Vec<[&str; 3]> = ["alpha", "beta", "gamma"]
            .map(|name| [name, "keyspace", name])
            .to_vec();
        let keyspaces: Vec<&[&str]> = keyspaces.iter().map(|row| &row[..]).collect();
        assert_eq!(describe(&columns, &keyspaces), "\nalpha  gamma\nbeta\n\n");
        assert_eq!(
            describe(&columns, &[&["ks", "table", "t"], &["other", "table", "u"]]),
            "\nKeyspace ks\n-----------\nt\n\nKeyspace other\n--------------\nu\n\n"
        );
        assert_eq!(describe(&columns, &[]), "\n<empty>\n\n");
    }

    #[test]
    fn the_cluster_has_its_three_facts() {
        assert_eq!(
            describe(
                &["cluster", "partitioner", "snitch"],
                &[&["demo", "Murmur3Partitioner", "Simple"]]
            ),
            "\nCluster: demo\nPartitioner: Murmur3Partitioner\nSnitch: Simple\n\n"
        );
    }
}
