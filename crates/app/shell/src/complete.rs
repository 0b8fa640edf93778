//! What may follow at the cursor: keywords, and names of the live schema.

use crate::command::COMMAND_WORDS;
use crate::copy::Direction;
use crate::copy::option_names;
use crate::format::OutputFormat;
use crate::help::topics;
use crate::script::UnitKind;
use crate::script::units;
use quorate_client::ClusterView;
use quorate_client::ConsistencyLevel;
use quorate_cql::KEYWORDS;
use quorate_cql::Token;
use quorate_cql::TokenKind;
use quorate_cql::Unterminated;
use quorate_cql::quote_identifier;
use quorate_cql::tokenize;

/// Words that begin a CQL statement.
const STATEMENTS: [&str; 12] = [
    "ALTER", "BEGIN", "CREATE", "DELETE", "DROP", "EXPLAIN", "GRANT", "INSERT", "SELECT",
    "TRUNCATE", "UPDATE", "USE",
];

/// What DESCRIBE can be about.
const DESCRIBE: [&str; 9] = [
    "AGGREGATES",
    "CLUSTER",
    "FULL",
    "FUNCTIONS",
    "KEYSPACE",
    "KEYSPACES",
    "SCHEMA",
    "TABLE",
    "TABLES",
];

/// Words after which, where nothing is typed yet, few others follow.
const FOLLOWERS: [(&str, &[&str]); 13] = [
    ("ALTER", &["KEYSPACE", "TABLE"]),
    ("APPLY", &["BATCH"]),
    ("BEGIN", &["BATCH", "UNLOGGED"]),
    ("CREATE", &["KEYSPACE", "TABLE"]),
    ("DELETE", &["FROM"]),
    ("DROP", &["KEYSPACE", "TABLE"]),
    ("EXPLAIN", &["CONSISTENCY"]),
    ("GROUP", &["BY"]),
    ("INSERT", &["INTO"]),
    ("ORDER", &["BY"]),
    ("UNLOGGED", &["BATCH"]),
    ("ALLOW", &["FILTERING"]),
    ("PER", &["PARTITION"]),
];

/// Words that may follow a table's name.
const AFTER_TABLE: [&str; 9] = [
    "ALLOW", "GROUP", "LIMIT", "ORDER", "PER", "SET", "USING", "VALUES", "WHERE",
];

/// A candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) text: String,
    /// Words are followed by a blank, names by whatever comes.
    pub(crate) is_word: bool,
}

/// What may stand at the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Where what they replace begins.
    pub(crate) start: usize,
    pub(crate) candidates: Vec<Candidate>,
    /// Whether it is a file that is being named.
    pub(crate) is_file: bool,
}

/// Finds what may stand at the cursor.
pub(crate) fn complete(
    line: &str,
    position: usize,
    view: &ClusterView,
    keyspace: Option<&str>,
) -> Completion {
    let cursor = Cursor::new(line, position);
    let Some(cursor) = cursor else {
        return Completion::default();
    };
    if cursor.is_in_string {
        let takes_file = ["SOURCE", "CAPTURE", "COPY"].map(|word| cursor.first_is(word));
        return Completion {
            start: position,
            candidates: Vec::new(),
            is_file: takes_file.contains(&true),
        };
    }
    let mut finder = Finder {
        cursor: &cursor,
        view,
        keyspace,
        candidates: Vec::new(),
    };
    finder.find();
    let mut candidates = finder.candidates;
    // Where a name is a keyword too, it stays a name.
    candidates.sort_by(|a, b| (&a.text, a.is_word).cmp(&(&b.text, b.is_word)));
    candidates.dedup_by(|b, a| a.text == b.text);
    Completion {
        start: cursor.start,
        candidates,
        is_file: false,
    }
}

/// The unit with the cursor, cut at it.
struct Cursor<'l> {
    /// Words and symbols before the one that is being typed.
    before: Vec<&'l str>,
    /// All of the unit, also what follows the cursor.
    all: Vec<&'l str>,
    /// What is typed of the word at the cursor.
    prefix: &'l str,
    start: usize,
    is_in_string: bool,
}

impl<'l> Cursor<'l> {
    fn new(line: &'l str, position: usize) -> Option<Self> {
        let text = line.get(..position)?;
        let begin = unit_start(text);
        let slices = |part: &'l str| -> Vec<(Token, &'l str)> {
            tokenize(part)
                .into_iter()
                .filter(|token| token.kind != TokenKind::Comment)
                .filter_map(|token| part.get(token.range.clone()).map(|piece| (token, piece)))
                .collect()
        };
        let typed = text.get(begin..)?;
        let mut tokens = slices(typed);
        let mut prefix = "";
        let mut is_in_string = false;
        if let Some((token, piece)) = tokens.last() {
            let touches = token.range.end == typed.len();
            match token.kind {
                TokenKind::Unterminated(Unterminated::QuotedIdentifier) => prefix = piece,
                TokenKind::Unterminated(Unterminated::Comment) => return None,
                TokenKind::Unterminated(_) => is_in_string = true,
                TokenKind::ReservedKeyword
                | TokenKind::Keyword
                | TokenKind::Identifier
                | TokenKind::Boolean
                    if touches =>
                {
                    prefix = piece;
                }
                _ => {}
            }
        }
        if !prefix.is_empty() {
            tokens.pop();
        }
        Some(Self {
            before: tokens.into_iter().map(|(_, piece)| piece).collect(),
            all: slices(line.get(begin..)?)
                .into_iter()
                .map(|(_, piece)| piece)
                .collect(),
            start: position - prefix.len(),
            prefix,
            is_in_string,
        })
    }

    fn first_is(&self, word: &str) -> bool {
        self.before
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case(word))
    }

    /// The word before the cursor, in upper case.
    fn last(&self) -> String {
        self.before
            .last()
            .map(|word| word.to_ascii_uppercase())
            .unwrap_or_default()
    }

    fn has(&self, word: &str) -> bool {
        self.before
            .iter()
            .any(|piece| piece.eq_ignore_ascii_case(word))
    }

    /// Whether keywords are typed in lower case.
    fn is_lower(&self) -> bool {
        let typed = if self.prefix.is_empty() {
            self.before.first().copied().unwrap_or_default()
        } else {
            self.prefix
        };
        typed.bytes().any(|byte| byte.is_ascii_lowercase())
    }

    /// The table that the statement is about: the last one named before the cursor, else the first
    /// one after it.
    fn table(&self) -> Option<(Option<String>, String)> {
        let names_table = |word: &&str| {
            ["FROM", "INTO", "UPDATE", "COPY"]
                .iter()
                .any(|keyword| word.eq_ignore_ascii_case(keyword))
        };
        let position = self
            .before
            .iter()
            .rposition(&names_table)
            .or_else(|| self.all.iter().position(names_table))?;
        let first = self.all.get(position + 1)?;
        match (self.all.get(position + 2), self.all.get(position + 3)) {
            (Some(&"."), Some(table)) => Some((Some(folded(first)), folded(table))),
            _ => Some((None, folded(first))),
        }
    }
}

/// Where the unit begins that the end of the text is in.
fn unit_start(text: &str) -> usize {
    let Some(last) = units(text).into_iter().next_back() else {
        return 0;
    };
    let after = text.get(last.range.end..).unwrap_or_default();
    let is_open = match last.kind {
        UnitKind::Statement => !last.is_complete,
        UnitKind::Command => !last.is_complete || !after.contains([';', '\n']),
    };
    if is_open {
        last.range.start
    } else {
        last.end.max(last.range.end)
    }
}

/// A name as it is stored.
fn folded(name: &str) -> String {
    match name.strip_prefix('"') {
        Some(quoted) => quoted.trim_end_matches('"').replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

/// Collects candidates.
struct Finder<'f> {
    cursor: &'f Cursor<'f>,
    view: &'f ClusterView,
    keyspace: Option<&'f str>,
    candidates: Vec<Candidate>,
}

impl Finder<'_> {
    fn find(&mut self) {
        let Some(first) = self.cursor.before.first() else {
            self.words(STATEMENTS);
            self.words(COMMAND_WORDS.into_iter().filter(|word| *word != "?"));
            return;
        };
        if self.cursor.last() == "." {
            self.after_dot();
            return;
        }
        match first.to_ascii_uppercase().as_str() {
            "CONSISTENCY" => self.words(ConsistencyLevel::EVERY.map(ConsistencyLevel::name)),
            "SERIAL" if self.cursor.before.len() == 1 => self.words(["CONSISTENCY"]),
            "SERIAL" => self.words(["LOCAL_SERIAL", "SERIAL"]),
            "TRACING" | "EXPAND" | "PAGING" | "RECEIPT" => self.words(["OFF", "ON"]),
            "FORMAT" => self.words(OutputFormat::EVERY.map(OutputFormat::name)),
            "SHOW" => self.words(["HOST", "REPLICAS", "SESSION", "VERSION"]),
            "HELP" => self.words(topics()),
            "CAPTURE" => self.words(["OFF"]),
            "USE" => self.keyspaces(),
            "DESC" | "DESCRIBE" => self.describe(),
            "COPY" => self.copy(),
            _ => self.statement(),
        }
    }

    fn describe(&mut self) {
        match self.cursor.last().as_str() {
            "KEYSPACE" => self.keyspaces(),
            "TABLE" => self.tables(),
            "FULL" => self.words(["SCHEMA"]),
            _ => {
                self.words(DESCRIBE);
                self.tables();
            }
        }
    }

    fn copy(&mut self) {
        let direction = if self.cursor.has("TO") {
            Direction::To
        } else {
            Direction::From
        };
        match self.cursor.last().as_str() {
            "COPY" => self.tables(),
            "FROM" => self.words(["STDIN"]),
            "TO" => self.words(["STDOUT"]),
            "WITH" | "AND" => self.words(option_names(direction)),
            _ if self.cursor.has("WITH") => self.words(["AND", "FALSE", "TRUE"]),
            "(" | "," => self.columns(),
            _ if self.cursor.has("FROM") || self.cursor.has("TO") => self.words(["WITH"]),
            _ => self.words(["FROM", "TO"]),
        }
    }

    fn statement(&mut self) {
        let last = self.cursor.last();
        match last.as_str() {
            "FROM" | "INTO" | "UPDATE" | "TRUNCATE" | "TABLE" => {
                self.tables();
                return;
            }
            "KEYSPACE" => {
                self.keyspaces();
                return;
            }
            "EXISTS" if self.cursor.has("KEYSPACE") => {
                self.keyspaces();
                return;
            }
            "EXISTS" if self.cursor.has("TABLE") => {
                self.tables();
                return;
            }
            "SELECT" | "DISTINCT" | "WHERE" | "AND" | "SET" | "BY" | "(" | "," | "IF"
            | "DELETE" => {
                self.columns();
            }
            _ => {}
        }
        if !self.cursor.prefix.is_empty() {
            self.words(KEYWORDS);
            self.words(["TRUE", "FALSE"]);
        } else if let Some((_, followers)) = FOLLOWERS.iter().find(|(word, _)| *word == last) {
            self.words(followers.iter().copied());
        } else if self.cursor.table().is_some() && self.candidates.is_empty() {
            self.words(AFTER_TABLE);
        }
    }

    /// After `keyspace.` come its tables.
    fn after_dot(&mut self) {
        let mut words = self.cursor.before.iter().rev();
        let keyspace = words.nth(1).map(|word| folded(word)).unwrap_or_default();
        let view = self.view;
        if let Some(keyspace) = view.keyspaces.get(&keyspace) {
            for table in keyspace.tables.keys() {
                self.name(table, "");
            }
        }
    }

    fn keyspaces(&mut self) {
        for keyspace in self.view.keyspaces.keys() {
            self.name(keyspace, "");
        }
    }

    /// Tables of the keyspace in use, and keyspaces for the others.
    fn tables(&mut self) {
        let in_use = self.keyspace.and_then(|name| self.view.keyspaces.get(name));
        for table in in_use
            .into_iter()
            .flat_map(|keyspace| keyspace.tables.keys())
        {
            self.name(table, "");
        }
        for keyspace in self.view.keyspaces.keys() {
            self.name(keyspace, ".");
        }
    }

    fn columns(&mut self) {
        let view = self.view;
        let table = self.cursor.table().and_then(|(keyspace, table)| {
            let keyspace = keyspace.as_deref().or(self.keyspace)?;
            view.table(keyspace, &table)
        });
        for column in table.into_iter().flat_map(|table| &table.columns) {
            self.name(&column.name, "");
        }
    }

    fn name(&mut self, name: &str, suffix: &str) {
        let quoted = quote_identifier(name);
        let prefix = self.cursor.prefix;
        let fits = quoted.starts_with(prefix)
            || (!prefix.starts_with('"') && quoted.starts_with(&prefix.to_lowercase()));
        if fits {
            self.candidates.push(Candidate {
                text: format!("{quoted}{suffix}"),
                is_word: false,
            });
        }
    }

    fn words<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) {
        let prefix = self.cursor.prefix.to_ascii_uppercase();
        let is_lower = self.cursor.is_lower();
        for word in words {
            if word.to_ascii_uppercase().starts_with(&prefix) {
                let text = if is_lower {
                    word.to_lowercase()
                } else {
                    word.to_owned()
                };
                self.candidates.push(Candidate {
                    text,
                    is_word: true,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_client::ColumnKind;
    use quorate_client::ColumnView;
    use quorate_client::CqlType;
    use quorate_client::KeyspaceView;
    use quorate_client::TableView;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    fn view() -> ClusterView {
        let mut view = ClusterView::default();
        let column = |name: &str| ColumnView {
            name: name.to_owned(),
            type_name: "int".to_owned(),
            cql_type: Some(CqlType::Int),
            kind: ColumnKind::Regular,
        };
        let table = |name: &str| TableView {
            name: name.to_owned(),
            id: Uuid::nil(),
            columns: vec![column("user"), column("Item"), column("count")],
        };
        let tables = ["carts", "wishes"].map(|name| (name.to_owned(), table(name)));
        for name in ["shop", "store"] {
            view.keyspaces.insert(
                name.to_owned(),
                KeyspaceView {
                    name: name.to_owned(),
                    replication: BTreeMap::default(),
                    tables: tables.clone().into(),
                },
            );
        }
        view
    }

    /// Candidates at the `|` of a line, with `shop` in use.
    fn at(line: &str) -> Vec<String> {
        let position = line.find('|').unwrap();
        let line = line.replacen('|', "", 1);
        complete(&line, position, &view(), Some("shop"))
            .candidates
            .into_iter()
            .map(|candidate| candidate.text)
            .collect()
    }

    #[test]
    fn a_line_begins_with_a_statement_or_a_command() {
        assert_eq!(at("SE|"), ["SELECT", "SERIAL"]);
        assert_eq!(at("sel|"), ["select"]);
        assert_eq!(at("SELECT 1; de|"), ["delete", "desc", "describe"]);
        assert_eq!(at("TRACING ON\nUS|"), ["USE"]);
    }

    #[test]
    fn tables_follow_the_words_that_want_them() {
        assert_eq!(
            at("SELECT * FROM |"),
            ["carts", "shop.", "store.", "wishes"]
        );
        assert_eq!(at("INSERT INTO ca|"), ["carts"]);
        assert_eq!(at("UPDATE store.w|"), ["wishes"]);
        assert_eq!(at("SELECT * FROM store.|"), ["carts", "wishes"]);
        assert_eq!(at("DESC TABLE w|"), ["wishes"]);
        assert_eq!(at("USE s|"), ["shop", "store"]);
        assert_eq!(at("DROP KEYSPACE IF EXISTS st|"), ["store"]);
    }

    #[test]
    fn columns_are_those_of_the_table_even_if_it_follows() {
        assert_eq!(at("SELECT | FROM carts"), ["\"Item\"", "count", "user"]);
        assert_eq!(
            at("SELECT us| FROM store.carts"),
            ["use", "user", "users", "using"]
        );
        assert_eq!(
            at("INSERT INTO carts (user, |"),
            ["\"Item\"", "count", "user"]
        );
        assert_eq!(at("SELECT * FROM carts WHERE \"I|"), ["\"Item\""]);
        assert_eq!(
            at("SELECT * FROM nothing WHERE |"),
            [
                "ALLOW", "GROUP", "LIMIT", "ORDER", "PER", "SET", "USING", "VALUES", "WHERE"
            ]
        );
    }

    #[test]
    fn commands_offer_what_they_take() {
        assert_eq!(
            at("CONSISTENCY LOCAL_|"),
            ["LOCAL_ONE", "LOCAL_QUORUM", "LOCAL_SERIAL"]
        );
        assert_eq!(at("SERIAL |"), ["CONSISTENCY"]);
        assert_eq!(at("tracing o|"), ["off", "on"]);
        assert_eq!(at("FORMAT j|"), ["json"]);
        assert_eq!(at("COPY carts (user) |"), ["FROM", "TO"]);
        assert_eq!(at("COPY carts FROM 'x' WITH HE|"), ["HEADER"]);
        assert_eq!(at("COPY carts (|"), ["\"Item\"", "count", "user"]);
    }

    #[test]
    fn files_are_completed_in_strings_of_commands_that_take_them() {
        let is_file = |line: &str| complete(line, line.len(), &view(), None).is_file;
        assert!(is_file("SOURCE '/tm"));
        assert!(is_file("COPY carts FROM '/tm"));
        assert!(!is_file("SELECT * FROM carts WHERE a = '/tm"));
        assert_eq!(at("SELECT '|"), Vec::<String>::new());
    }
}
