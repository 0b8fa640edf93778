//! The flights of the demo (`deploy/demo`): 336,776 rows of 19 columns.

use anyhow::Context;
use quorate_client::Value;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

/// Their table.
pub const TABLE: &str = "CREATE TABLE bench.flights (
  year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int,
  sched_arr_time int, arr_delay int, carrier text, flight int, tailnum text, origin text, dest text,
  air_time int, distance int, hour int, minute int, time_hour timestamp,
  PRIMARY KEY ((origin, month, day), time_hour, carrier, flight))";

/// How one is written.
pub const INSERT: &str = "INSERT INTO bench.flights (year, month, day, dep_time, sched_dep_time,
  dep_delay, arr_time, sched_arr_time, arr_delay, carrier, flight, tailnum, origin, dest, air_time,
  distance, hour, minute, time_hour) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// The rows, one by one, as values for [`INSERT`].
pub struct Flights {
    unpacking: Child,
    rows: csv::StringRecordsIntoIter<BufReader<ChildStdout>>,
}

impl Flights {
    /// Unpacks them with `gzip`.
    ///
    /// # Errors
    /// When `gzip` cannot be run.
    pub fn open() -> anyhow::Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo/flights.csv.gz");
        let mut unpacking = Command::new("gzip")
            .arg("-dc")
            .arg(path)
            .stdout(Stdio::piped())
            .spawn()
            .context("gzip cannot be run")?;
        let text = unpacking.stdout.take().context("gzip has no output")?;
        let rows = csv::Reader::from_reader(BufReader::new(text)).into_records();
        Ok(Self { unpacking, rows })
    }
}

impl Iterator for Flights {
    type Item = anyhow::Result<Vec<Value>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(
            row.map_err(Into::into)
                .map(|row| row.iter().map(value).collect()),
        )
    }
}

impl Drop for Flights {
    fn drop(&mut self) {
        // It has ended, or nobody reads any more: either way it ends.
        drop(self.unpacking.kill());
        drop(self.unpacking.wait());
    }
}

fn value(field: &str) -> Value {
    match field {
        "NA" => Value::Unset,
        number if number.parse::<i32>().is_ok() => Value::from(number.parse::<i32>().ok()),
        text => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_number_a_text_or_nothing() {
        assert_eq!(value("-7"), Value::Integer(-7));
        assert_eq!(value("N14228"), Value::Text("N14228".to_owned()));
        assert_eq!(value("NA"), Value::Unset);
    }
}
