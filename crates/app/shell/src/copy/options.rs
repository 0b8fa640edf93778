//! What follows WITH in a COPY command.

use super::Direction;
use crate::format::Dialect;
use std::path::PathBuf;
use std::time::Duration;

/// The options of one COPY, with their defaults.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyOptions {
    /// Whether the first record names the columns.
    pub(crate) header: bool,
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) escape: u8,
    /// The text of null. Empty fields are null besides, where the type is not text.
    pub(crate) null: String,
    /// How timestamps are written, in the words of strftime.
    pub(crate) datetime_format: Option<String>,
    pub(crate) decimal_separator: char,
    pub(crate) thousands_separator: Option<char>,
    /// The words for true and false.
    pub(crate) booleans: Option<(String, String)>,
    /// Requests under way at once are this many times [`REQUESTS_PER_PROCESS`].
    pub(crate) processes: u32,
    /// Tries of a request before it counts as failed.
    pub(crate) attempts_max: u32,
    /// How often progress is shown; `None`: as suits where it is shown.
    pub(crate) report_every: Option<Duration>,

    pub(crate) skip_rows: u64,
    /// `None`: all.
    pub(crate) max_rows: Option<u64>,
    pub(crate) skip_columns: Vec<String>,
    /// `None`: any number.
    pub(crate) parse_errors_max: Option<u64>,
    pub(crate) insert_errors_max: Option<u64>,
    pub(crate) error_file: Option<PathBuf>,
    /// Records that are looked at together to find rows of one partition.
    pub(crate) chunk_rows: usize,
    pub(crate) batch_rows_min: usize,
    pub(crate) batch_rows_max: usize,
    /// Rows a second; `None`: as fast as the cluster takes them.
    pub(crate) ingest_rate: Option<u64>,
    pub(crate) ttl_secs: Option<u32>,
    /// Lines that begin with it are no records.
    pub(crate) comment: Option<u8>,
    pub(crate) resume: bool,

    pub(crate) page_rows: u32,
    /// Tokens above this one.
    pub(crate) begin_token: Option<i64>,
    /// Tokens up to this one.
    pub(crate) end_token: Option<i64>,
}

/// Requests under way at once, of each of NUMPROCESSES.
pub(crate) const REQUESTS_PER_PROCESS: u32 = 128;

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            header: false,
            delimiter: b',',
            quote: b'"',
            escape: b'\\',
            null: String::new(),
            datetime_format: None,
            decimal_separator: '.',
            thousands_separator: None,
            booleans: None,
            processes: 4,
            attempts_max: 12,
            report_every: None,
            skip_rows: 0,
            max_rows: None,
            skip_columns: Vec::new(),
            parse_errors_max: None,
            insert_errors_max: Some(1_000),
            error_file: None,
            chunk_rows: 1_000,
            batch_rows_min: 2,
            batch_rows_max: 20,
            ingest_rate: None,
            ttl_secs: None,
            comment: None,
            resume: false,
            page_rows: 1_000,
            begin_token: None,
            end_token: None,
        }
    }
}

/// Options of both directions.
const BOTH: [&str; 14] = [
    "BOOLSTYLE",
    "DATETIMEFORMAT",
    "DECIMALSEP",
    "DELIMITER",
    "ENCODING",
    "ESCAPE",
    "HEADER",
    "MAXATTEMPTS",
    "NULL",
    "NULLVAL",
    "NUMPROCESSES",
    "QUOTE",
    "REPORTFREQUENCY",
    "THOUSANDSSEP",
];

const FROM: [&str; 13] = [
    "CHUNKSIZE",
    "COMMENT",
    "ERRFILE",
    "INGESTRATE",
    "MAXBATCHSIZE",
    "MAXINSERTERRORS",
    "MAXPARSEERRORS",
    "MAXROWS",
    "MINBATCHSIZE",
    "RESUME",
    "SKIPCOLS",
    "SKIPROWS",
    "TTL",
];

const TO: [&str; 3] = ["BEGINTOKEN", "ENDTOKEN", "PAGESIZE"];

/// The options that a direction has.
pub(crate) fn option_names(direction: Direction) -> impl Iterator<Item = &'static str> {
    let own: &[&str] = match direction {
        Direction::From => &FROM,
        Direction::To => &TO,
    };
    BOTH.iter().chain(own).copied()
}

impl CopyOptions {
    /// Reads options, their names in upper case.
    pub(crate) fn new(direction: Direction, given: &[(String, String)]) -> Result<Self, String> {
        let unknown: Vec<&str> = given
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !option_names(direction).any(|known| known == *name))
            .collect();
        if !unknown.is_empty() {
            return Err(format!(
                "Unrecognized COPY {} options: {}",
                direction.name(),
                unknown.join(", ")
            ));
        }
        let mut options = Self::default();
        for (name, value) in given {
            options
                .set(name, value)
                .map_err(|expected| format!("{name} must be {expected}, not '{value}'"))?;
        }
        if options.quote == options.delimiter || options.escape == options.delimiter {
            return Err("DELIMITER must differ from QUOTE and ESCAPE".to_owned());
        }
        Ok(options)
    }

    /// Sets one option; the error says what its value must be.
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "HEADER" => self.header = boolean(value)?,
            "RESUME" => self.resume = boolean(value)?,
            "DELIMITER" => self.delimiter = byte(value)?,
            "QUOTE" => self.quote = byte(value)?,
            "ESCAPE" => self.escape = byte(value)?,
            "COMMENT" => self.comment = Some(byte(value)?),
            "NULL" | "NULLVAL" => value.clone_into(&mut self.null),
            "DATETIMEFORMAT" => self.datetime_format = Some(value.to_owned()),
            "DECIMALSEP" => {
                self.decimal_separator = character(value)?.ok_or("one character")?;
            }
            "THOUSANDSSEP" => self.thousands_separator = character(value)?,
            "BOOLSTYLE" => self.booleans = Some(booleans(value)?),
            "ENCODING" => {
                let is_utf8 = matches!(value.to_ascii_lowercase().as_str(), "utf8" | "utf-8");
                is_utf8.then_some(()).ok_or("utf8")?;
            }
            "NUMPROCESSES" => self.processes = positive::<u32>(value)?.min(32),
            "MAXATTEMPTS" => self.attempts_max = positive(value)?,
            "REPORTFREQUENCY" => self.report_every = Some(seconds(value)?),
            "SKIPROWS" => self.skip_rows = number(value)?,
            "MAXROWS" => self.max_rows = limit(value)?,
            "SKIPCOLS" => {
                let names = value.split(',').map(str::trim);
                self.skip_columns = names.filter(|n| !n.is_empty()).map(str::to_owned).collect();
            }
            "MAXPARSEERRORS" => self.parse_errors_max = limit(value)?,
            "MAXINSERTERRORS" => self.insert_errors_max = limit(value)?,
            "ERRFILE" => self.error_file = Some(PathBuf::from(value)),
            "CHUNKSIZE" => self.chunk_rows = positive::<usize>(value)?.min(100_000),
            "MINBATCHSIZE" => self.batch_rows_min = positive(value)?,
            "MAXBATCHSIZE" => self.batch_rows_max = positive::<usize>(value)?.min(1_000),
            "INGESTRATE" => self.ingest_rate = limit(value)?.filter(|rate| *rate > 0),
            "TTL" => {
                let secs = limit(value)?.filter(|secs| *secs > 0);
                let secs = secs.map(u32::try_from).transpose();
                self.ttl_secs = secs.map_err(|_| "a number of seconds")?;
            }
            "PAGESIZE" => self.page_rows = positive(value)?,
            "BEGINTOKEN" => self.begin_token = token(value)?,
            "ENDTOKEN" => self.end_token = token(value)?,
            _ => return Err("an option that there is"),
        }
        Ok(())
    }

    /// The characters that have a meaning.
    pub(crate) const fn dialect(&self) -> Dialect {
        Dialect {
            delimiter: self.delimiter,
            quote: self.quote,
            escape: self.escape,
            comment: self.comment,
        }
    }

    /// Requests under way at once.
    pub(crate) fn requests_max(&self) -> usize {
        (self.processes * REQUESTS_PER_PROCESS) as usize
    }
}

fn boolean(value: &str) -> Result<bool, &'static str> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("true or false"),
    }
}

fn byte(value: &str) -> Result<u8, &'static str> {
    match value {
        "\\t" => Ok(b'\t'),
        _ => match value.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
            _ => Err("one ASCII character"),
        },
    }
}

fn character(value: &str) -> Result<Option<char>, &'static str> {
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (first, None) => Ok(first),
        _ => Err("one character"),
    }
}

fn booleans(value: &str) -> Result<(String, String), &'static str> {
    match value.split_once(',') {
        Some((yes, no)) if yes.trim() != no.trim() => {
            Ok((yes.trim().to_owned(), no.trim().to_owned()))
        }
        _ => Err("two words with a comma between, for true and false"),
    }
}

fn number(value: &str) -> Result<u64, &'static str> {
    value.parse().map_err(|_| "a number, 0 or more")
}

fn positive<T: std::str::FromStr + Default + PartialOrd>(value: &str) -> Result<T, &'static str> {
    match value.parse::<T>() {
        Ok(number) if number > T::default() => Ok(number),
        _ => Err("a number above 0"),
    }
}

/// A limit; -1 is none.
fn limit(value: &str) -> Result<Option<u64>, &'static str> {
    match value.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(number) => u64::try_from(number)
            .map(Some)
            .map_err(|_| "a number, or -1 for no limit"),
        Err(_) => Err("a number, or -1 for no limit"),
    }
}

fn token(value: &str) -> Result<Option<i64>, &'static str> {
    if value.is_empty() {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|_| "a token")
}

fn seconds(value: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = value.parse().map_err(|_| "seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(given: &[(&str, &str)]) -> Result<CopyOptions, String> {
        let given: Vec<(String, String)> = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        CopyOptions::new(Direction::From, &given)
    }

    #[test]
    fn options_take_the_place_of_defaults() {
        let options = from(&[
            ("HEADER", "True"),
            ("NULL", "NA"),
            ("QUOTE", "'"),
            ("MAXPARSEERRORS", "10"),
            ("MAXINSERTERRORS", "-1"),
            ("NUMPROCESSES", "2"),
            ("SKIPCOLS", "a, b"),
            ("BOOLSTYLE", "ja, nein"),
            ("TTL", "60"),
        ])
        .unwrap();
        assert!(options.header);
        assert_eq!(options.parse_errors_max, Some(10));
        assert_eq!(options.insert_errors_max, None);
        assert_eq!(options.requests_max(), 256);
        assert_eq!(options.skip_columns, ["a", "b"]);
        assert_eq!(options.booleans, Some(("ja".to_owned(), "nein".to_owned())));
        assert_eq!(options.ttl_secs, Some(60));
        assert_eq!(from(&[]), Ok(CopyOptions::default()));
        assert_eq!(CopyOptions::default().requests_max(), 512);
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_option() {
        for (name, value, expected) in [
            (
                "HEADER",
                "maybe",
                "HEADER must be true or false, not 'maybe'",
            ),
            (
                "DELIMITER",
                "ab",
                "DELIMITER must be one ASCII character, not 'ab'",
            ),
            (
                "CHUNKSIZE",
                "0",
                "CHUNKSIZE must be a number above 0, not '0'",
            ),
            (
                "MAXROWS",
                "-2",
                "MAXROWS must be a number, or -1 for no limit, not '-2'",
            ),
            ("ENCODING", "latin1", "ENCODING must be utf8, not 'latin1'"),
            (
                "DELIMITER",
                "\"",
                "DELIMITER must differ from QUOTE and ESCAPE",
            ),
        ] {
            assert_eq!(from(&[(name, value)]), Err(expected.to_owned()));
        }
    }
}
