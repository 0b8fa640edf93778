//! Which words mean something in CQL, and which of them cannot be names unless quoted.

/// Every word with a meaning somewhere in CQL, upper case and sorted; for completion.
pub const KEYWORDS: [&str; 157] = [
    "ACCESS",
    "ADD",
    "AGGREGATE",
    "AGGREGATES",
    "ALL",
    "ALLOW",
    "ALTER",
    "AND",
    "ANN",
    "APPLY",
    "AS",
    "ASC",
    "ASCII",
    "AUTHORIZE",
    "BATCH",
    "BEGIN",
    "BIGINT",
    "BLOB",
    "BOOLEAN",
    "BY",
    "CALLED",
    "CAST",
    "CIDRS",
    "CLUSTER",
    "CLUSTERING",
    "COLUMNFAMILIES",
    "COLUMNFAMILY",
    "COMPACT",
    "CONSISTENCY",
    "CONTAINS",
    "COUNT",
    "COUNTER",
    "CREATE",
    "CUSTOM",
    "DATACENTERS",
    "DATE",
    "DECIMAL",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DOUBLE",
    "DROP",
    "DURATION",
    "ENTRIES",
    "EXECUTE",
    "EXISTS",
    "EXPLAIN",
    "FILTERING",
    "FINALFUNC",
    "FLOAT",
    "FROM",
    "FROZEN",
    "FULL",
    "FUNCTION",
    "FUNCTIONS",
    "GENERATED",
    "GRANT",
    "GROUP",
    "HASHED",
    "IDENTITY",
    "IF",
    "IN",
    "INDEX",
    "INET",
    "INFINITY",
    "INITCOND",
    "INPUT",
    "INSERT",
    "INT",
    "INTERNALS",
    "INTO",
    "IS",
    "JSON",
    "KEY",
    "KEYS",
    "KEYSPACE",
    "KEYSPACES",
    "LANGUAGE",
    "LIKE",
    "LIMIT",
    "LIST",
    "LOGIN",
    "MAP",
    "MASKED",
    "MATERIALIZED",
    "MAXWRITETIME",
    "MBEAN",
    "MBEANS",
    "MODIFY",
    "NAN",
    "NOLOGIN",
    "NORECURSIVE",
    "NOSUPERUSER",
    "NOT",
    "NULL",
    "OF",
    "ON",
    "ONLY",
    "OPTIONS",
    "OR",
    "ORDER",
    "PARTITION",
    "PASSWORD",
    "PER",
    "PERMISSION",
    "PERMISSIONS",
    "PRIMARY",
    "RENAME",
    "REPLACE",
    "RETURNS",
    "REVOKE",
    "ROLE",
    "ROLES",
    "SCHEMA",
    "SELECT",
    "SELECT_MASKED",
    "SET",
    "SFUNC",
    "SMALLINT",
    "STATIC",
    "STORAGE",
    "STYPE",
    "SUPERUSER",
    "TABLE",
    "TABLES",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "TIMEUUID",
    "TINYINT",
    "TO",
    "TOKEN",
    "TRIGGER",
    "TRUNCATE",
    "TTL",
    "TUPLE",
    "TYPE",
    "TYPES",
    "UNLOGGED",
    "UNMASK",
    "UNSET",
    "UPDATE",
    "USE",
    "USER",
    "USERS",
    "USING",
    "UUID",
    "VALUES",
    "VARCHAR",
    "VARINT",
    "VECTOR",
    "VIEW",
    "WHERE",
    "WITH",
    "WRITETIME",
];

/// The words that are names only when quoted, upper case and sorted.
pub const RESERVED_KEYWORDS: [&str; 57] = [
    "ADD",
    "ALLOW",
    "ALTER",
    "AND",
    "APPLY",
    "ASC",
    "AUTHORIZE",
    "BATCH",
    "BEGIN",
    "BY",
    "COLUMNFAMILY",
    "CREATE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DROP",
    "ENTRIES",
    "EXECUTE",
    "FROM",
    "FULL",
    "GRANT",
    "IF",
    "IN",
    "INDEX",
    "INFINITY",
    "INSERT",
    "INTO",
    "IS",
    "KEYSPACE",
    "LIMIT",
    "MATERIALIZED",
    "MODIFY",
    "NAN",
    "NORECURSIVE",
    "NOT",
    "NULL",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "RENAME",
    "REVOKE",
    "SCHEMA",
    "SELECT",
    "SET",
    "TABLE",
    "TO",
    "TOKEN",
    "TRUNCATE",
    "UNLOGGED",
    "UPDATE",
    "USE",
    "USING",
    "VIEW",
    "WHERE",
    "WITH",
];

/// The longest keyword is `COLUMNFAMILIES`.
const KEYWORD_BYTES_MAX: usize = 14;

/// What an unquoted word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordClass {
    /// Never a name.
    Reserved,
    /// Means something in places, a name elsewhere.
    Keyword,
    /// Only ever a name.
    Plain,
}

/// Classifies an unquoted word, in any case.
pub(crate) fn classify(word: &str) -> WordClass {
    if word.len() > KEYWORD_BYTES_MAX {
        return WordClass::Plain;
    }
    let upper = word.to_ascii_uppercase();
    if RESERVED_KEYWORDS.binary_search(&upper.as_str()).is_ok() {
        WordClass::Reserved
    } else if KEYWORDS.binary_search(&upper.as_str()).is_ok() {
        WordClass::Keyword
    } else {
        WordClass::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_are_sorted_and_hold_no_word_twice() {
        for list in [KEYWORDS.as_slice(), RESERVED_KEYWORDS.as_slice()] {
            for pair in list.windows(2) {
                assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn every_reserved_word_is_a_keyword() {
        for word in RESERVED_KEYWORDS {
            assert!(KEYWORDS.contains(&word), "{word}");
            assert_eq!(classify(&word.to_ascii_lowercase()), WordClass::Reserved);
        }
    }

    #[test]
    fn no_keyword_is_longer_than_the_limit_says() {
        let longest = KEYWORDS.iter().map(|word| word.len()).max();
        assert_eq!(longest, Some(KEYWORD_BYTES_MAX));
    }
}
