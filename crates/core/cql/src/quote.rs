//! Writing names and strings so that they are read back as they are.

use crate::ast::NativeType;
use crate::keywords::WordClass;
use crate::keywords::classify;
use crate::parser::NO_FUNCTION_NAMES;
use crate::parser::RESERVED_TYPE_NAMES;

/// A name as CQL: bare when it is lower case and not reserved, else in double quotes.
pub fn quote_identifier(name: &str) -> String {
    if is_bare(name) {
        name.to_owned()
    } else {
        in_quotes(name, '"')
    }
}

/// A string as a CQL literal.
pub fn quote_string(text: &str) -> String {
    in_quotes(text, '\'')
}

/// The name of a function; `token` is one although the word is reserved.
pub(crate) fn quote_function(name: &str) -> String {
    let bare = name == "token" || (is_bare(name) && !NO_FUNCTION_NAMES.contains(&name));
    if bare {
        name.to_owned()
    } else {
        in_quotes(name, '"')
    }
}

/// The name of a user type: no bare word that means something in the place of a type.
pub(crate) fn quote_user_type(name: &str) -> String {
    let taken = NativeType::from_name(name).is_some()
        || name == "count"
        || NO_FUNCTION_NAMES.contains(&name)
        || RESERVED_TYPE_NAMES.contains(&name);
    if is_bare(name) && !taken {
        name.to_owned()
    } else {
        in_quotes(name, '"')
    }
}

fn is_bare(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && classify(name) != WordClass::Reserved
        && name != "true"
        && name != "false"
}

fn in_quotes(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for character in text.chars() {
        if character == quote {
            quoted.push(quote);
        }
        quoted.push(character);
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_would_change_are_quoted() {
        for bare in ["a", "flight_id2", "key", "json", "text", "type"] {
            assert_eq!(quote_identifier(bare), bare);
        }
        let quoted = [
            "A", "", "2a", "_a", "a b", "select", "table", "true", "nan", "é", "a-b",
        ];
        for name in quoted {
            assert_eq!(quote_identifier(name), format!("\"{name}\""));
        }
        assert_eq!(quote_identifier("say \"hi\""), "\"say \"\"hi\"\"\"");
    }

    #[test]
    fn a_quote_in_a_string_is_doubled() {
        assert_eq!(quote_string("it's"), "'it''s'");
        assert_eq!(quote_string(""), "''");
        assert_eq!(quote_string("$$"), "'$$'");
    }

    #[test]
    fn functions_and_types_quote_the_words_that_mean_something_in_their_place() {
        assert_eq!(quote_function("token"), "token");
        assert_eq!(quote_function("ttl"), "\"ttl\"");
        assert_eq!(quote_user_type("int"), "\"int\"");
        assert_eq!(quote_user_type("byte"), "\"byte\"");
        assert_eq!(quote_user_type("address"), "address");
    }
}
