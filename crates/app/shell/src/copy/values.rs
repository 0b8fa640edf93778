//! A CSV field to a value of a column's type, and back.

use super::CopyOptions;
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use quorate_client::CqlType;
use quorate_client::Value;
use quorate_data::text::parse_text;
use std::borrow::Cow;

/// Reads and writes the fields of one column.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    cql_type: CqlType,
    null: String,
    datetime_format: Option<String>,
    decimal_separator: char,
    thousands_separator: Option<char>,
    booleans: Option<(String, String)>,
}

impl Field {
    pub(crate) fn new(cql_type: CqlType, options: &CopyOptions) -> Self {
        Self {
            cql_type,
            null: options.null.clone(),
            datetime_format: options.datetime_format.clone(),
            decimal_separator: options.decimal_separator,
            thousands_separator: options.thousands_separator,
            booleans: options.booleans.clone(),
        }
    }

    /// The value that a field says; the error says why it is none.
    pub(crate) fn read(&self, text: &str) -> Result<Value, String> {
        if text == self.null {
            return Ok(Value::Null);
        }
        if matches!(self.cql_type, CqlType::Text) {
            return Ok(Value::Text(text.to_owned()));
        }
        let text = text.trim();
        if text.is_empty() && self.cql_type != CqlType::Ascii {
            return Ok(Value::Null);
        }
        let text = self.plain(text);
        let parsed = match self.cql_type {
            CqlType::Bigint => text.parse().ok().map(Value::Integer),
            CqlType::Int => text.parse::<i32>().ok().map(Value::from),
            CqlType::Smallint => text.parse::<i16>().ok().map(Value::from),
            CqlType::Tinyint => text.parse::<i8>().ok().map(Value::from),
            CqlType::Boolean => self.boolean(&text),
            CqlType::Timestamp => self.timestamp(&text),
            _ => None,
        };
        match parsed {
            Some(value) => Ok(value),
            // It knows every type, and what to say of texts that are no value.
            None => parse_text(self.cql_type, &text)
                .map(Value::Wire)
                .map_err(|error| error.to_string()),
        }
    }

    /// The field that says a value.
    pub(crate) fn write(&self, value: &Value) -> String {
        let Some(text) = value.to_text(self.cql_type) else {
            return self.null.clone();
        };
        match (self.cql_type, value) {
            (CqlType::Boolean, Value::Boolean(value)) => match &self.booleans {
                Some((yes, no)) => if *value { yes } else { no }.clone(),
                None => if *value { "True" } else { "False" }.to_owned(),
            },
            (CqlType::Timestamp, Value::Integer(millis)) => {
                self.format_timestamp(*millis).unwrap_or(text)
            }
            (cql_type, _) if cql_type.is_numeric() => self.separated(text),
            _ => text,
        }
    }

    /// A number as CQL writes it.
    fn plain<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.cql_type.is_numeric() {
            return Cow::Borrowed(text);
        }
        let mut text = Cow::Borrowed(text);
        if let Some(separator) = self.thousands_separator {
            text = Cow::Owned(text.replace(separator, ""));
        }
        if self.decimal_separator != '.' {
            text = Cow::Owned(text.replace(self.decimal_separator, "."));
        }
        text
    }

    /// A number with the separators that the options name.
    fn separated(&self, text: String) -> String {
        if self.decimal_separator == '.' && self.thousands_separator.is_none() {
            return text;
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text.as_str(), None),
        };
        let mut out = String::new();
        let digits = whole.trim_start_matches('-');
        if digits.len() < whole.len() {
            out.push('-');
        }
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        for (index, digit) in digits.chars().enumerate() {
            if let Some(separator) = self.thousands_separator
                && is_plain
                && index > 0
                && (digits.len() - index).is_multiple_of(3)
            {
                out.push(separator);
            }
            out.push(digit);
        }
        if let Some(fraction) = fraction {
            out.push(self.decimal_separator);
            out.push_str(fraction);
        }
        out
    }

    fn boolean(&self, text: &str) -> Option<Value> {
        let (yes, no) = self.booleans.as_ref()?;
        if text.eq_ignore_ascii_case(yes) {
            return Some(Value::Boolean(true));
        }
        text.eq_ignore_ascii_case(no)
            .then_some(Value::Boolean(false))
    }

    /// A timestamp in the options' format; without an offset it is UTC.
    fn timestamp(&self, text: &str) -> Option<Value> {
        let format = self.datetime_format.as_ref()?;
        let parts = strtime::parse(format, text).ok()?;
        let timestamp = parts.to_timestamp().ok().or_else(|| {
            let local = parts.to_datetime().or_else(|_| {
                let date = parts.to_date()?;
                Ok::<_, jiff::Error>(date.at(0, 0, 0, 0))
            });
            let zoned = local.ok()?.to_zoned(TimeZone::UTC).ok()?;
            Some(zoned.timestamp())
        })?;
        Some(Value::Integer(timestamp.as_millisecond()))
    }

    fn format_timestamp(&self, millis: i64) -> Option<String> {
        let format = self.datetime_format.as_ref()?;
        let zoned = Timestamp::from_millisecond(millis).ok()?;
        strtime::format(format, &zoned.to_zoned(TimeZone::UTC)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(cql_type: CqlType) -> Field {
        Field::new(cql_type, &CopyOptions::default())
    }

    #[test]
    fn fields_become_values_of_their_type() {
        let read = |cql_type, text| field(cql_type).read(text).unwrap();
        assert_eq!(read(CqlType::Int, " 7 "), Value::Integer(7));
        assert_eq!(
            read(CqlType::Bigint, "-9000000000"),
            Value::Integer(-9_000_000_000)
        );
        assert_eq!(read(CqlType::Text, " a "), Value::Text(" a ".to_owned()));
        assert_eq!(
            read(CqlType::Inet, "10.0.0.1"),
            Value::Wire(vec![10, 0, 0, 1].into())
        );
        let wire = |cql_type, text| read(cql_type, text).to_wire(cql_type).unwrap().unwrap();
        assert_eq!(wire(CqlType::Double, "0.5").as_ref(), 0.5_f64.to_be_bytes());
        assert_eq!(wire(CqlType::Boolean, "True").as_ref(), [1]);
        assert_eq!(
            wire(CqlType::Timestamp, "2013-01-01T10:00:00Z").as_ref(),
            1_357_034_400_000_i64.to_be_bytes()
        );
    }

    #[test]
    fn empty_fields_are_null_but_texts_where_null_has_a_word() {
        for cql_type in CqlType::EVERY {
            assert_eq!(field(cql_type).read(""), Ok(Value::Null), "{cql_type}");
        }
        let options = CopyOptions {
            null: "NA".to_owned(),
            ..CopyOptions::default()
        };
        let read = |cql_type, text| Field::new(cql_type, &options).read(text);
        assert_eq!(read(CqlType::Int, "NA"), Ok(Value::Null));
        assert_eq!(read(CqlType::Int, ""), Ok(Value::Null));
        assert_eq!(read(CqlType::Text, ""), Ok(Value::Text(String::new())));
    }

    #[test]
    fn what_is_no_value_says_why() {
        assert_eq!(
            field(CqlType::Int).read("x"),
            Err("Unable to make int from 'x'".to_owned())
        );
        assert!(field(CqlType::Tinyint).read("300").is_err());
        assert!(field(CqlType::Uuid).read("1-2").is_err());
    }

    #[test]
    fn separators_and_words_go_both_ways() {
        let options = CopyOptions {
            decimal_separator: ',',
            thousands_separator: Some('.'),
            booleans: Some(("ja".to_owned(), "nein".to_owned())),
            datetime_format: Some("%d.%m.%Y %H:%M".to_owned()),
            ..CopyOptions::default()
        };
        for (cql_type, text) in [
            (CqlType::Decimal, "-1.234.567,50"),
            (CqlType::Int, "123"),
            (CqlType::Bigint, "9.000.000"),
            (CqlType::Boolean, "nein"),
            (CqlType::Timestamp, "29.02.2024 11:34"),
        ] {
            let field = Field::new(cql_type, &options);
            let value = field.read(text).unwrap();
            assert_eq!(field.write(&value), text, "{cql_type}");
        }
    }

    #[test]
    fn a_date_alone_is_its_first_moment() {
        let options = CopyOptions {
            datetime_format: Some("%Y-%m-%d".to_owned()),
            ..CopyOptions::default()
        };
        let value = Field::new(CqlType::Timestamp, &options).read("1970-01-02");
        assert_eq!(value, Ok(Value::Integer(86_400_000)));
    }
}
