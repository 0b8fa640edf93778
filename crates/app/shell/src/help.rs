//! HELP: what can be typed, with its form in a line or two.

use crate::format::width;

/// Topics with what they show: the shell's commands first, then CQL's statements.
const TOPICS: [(&str, &str); 38] = [
    (
        "CAPTURE",
        "CAPTURE 'file' | CAPTURE OFF | CAPTURE\n\
         Sends results to the end of a file instead of the screen, until CAPTURE OFF.",
    ),
    ("CLEAR", "CLEAR | CLS\nClears the screen."),
    (
        "CONSISTENCY",
        "CONSISTENCY [ANY | ONE | TWO | THREE | QUORUM | ALL | LOCAL_QUORUM | EACH_QUORUM |\n\
         SERIAL | LOCAL_SERIAL | LOCAL_ONE]\n\
         Sets, or shows, how many replicas must answer.",
    ),
    (
        "COPY",
        "COPY table [(column, …)] FROM 'file' | STDIN [WITH option = value [AND …]]\n\
         COPY table [(column, …)] TO 'file' | STDOUT [WITH option = value [AND …]]\n\
         Loads and writes CSV.\n\
         Both: HEADER, DELIMITER, QUOTE, ESCAPE, NULL, DATETIMEFORMAT, DECIMALSEP, THOUSANDSSEP,\n\
         BOOLSTYLE, NUMPROCESSES, MAXATTEMPTS, REPORTFREQUENCY, ENCODING (utf8).\n\
         FROM: SKIPROWS, MAXROWS, SKIPCOLS, MAXPARSEERRORS, MAXINSERTERRORS, ERRFILE, CHUNKSIZE,\n\
         MINBATCHSIZE, MAXBATCHSIZE, INGESTRATE, TTL, COMMENT, RESUME.\n\
         TO: PAGESIZE, BEGINTOKEN, ENDTOKEN.\n\
         FROM with HEADER = TRUE and no columns takes the columns from the header. An empty field\n\
         is null. Rows that fail go to ERRFILE (import_ks_table.err), each under a line with the\n\
         reason: load them with COMMENT = '#'. RESUME = TRUE goes on where a load was interrupted.\n\
         STDIN ends with a line \\.",
    ),
    (
        "DESCRIBE",
        "DESCRIBE CLUSTER | [FULL] SCHEMA | KEYSPACES | [ONLY] KEYSPACE [name] | TABLES | TABLE name |\n\
         TYPES | FUNCTIONS | AGGREGATES | name    (DESC for short)\n\
         Shows what there is, as statements that would make it again.",
    ),
    ("EXIT", "EXIT | QUIT\nEnds the shell."),
    (
        "EXPAND",
        "EXPAND [ON | OFF]\nShows rows with a line for each value.",
    ),
    (
        "EXPLAIN",
        "EXPLAIN CONSISTENCY statement;\n\
         Carries the statement out and shows its receipt: replicas asked, answers, steps, and the\n\
         guarantee that follows.",
    ),
    (
        "FORMAT",
        "FORMAT [table | expanded | json | csv]\nSets, or shows, how rows are shown.",
    ),
    ("HELP", "HELP [topic …] | ?\nThis."),
    ("HISTORY", "HISTORY [n]\nShows the last n entries (50)."),
    (
        "LOGIN",
        "LOGIN user [password]\nNot supported yet: the cluster has no roles.",
    ),
    (
        "PAGING",
        "PAGING [ON | OFF | rows]\nStops after each page of rows; sets how many a page has.",
    ),
    (
        "RECEIPT",
        "RECEIPT [ON | OFF]\nShows after each statement what it delivered.",
    ),
    (
        "SERIAL",
        "SERIAL CONSISTENCY [SERIAL | LOCAL_SERIAL]\nSets, or shows, the level of conditions.",
    ),
    (
        "SHOW",
        "SHOW VERSION | HOST | SESSION | REPLICAS token [keyspace]\n\
         SESSION shows the last trace again.",
    ),
    ("SOURCE", "SOURCE 'file'\nRuns the statements of a file."),
    (
        "TRACING",
        "TRACING [ON | OFF]\nShows after each statement what happened when, and where.",
    ),
    (
        "ALTER_KEYSPACE",
        "ALTER KEYSPACE name WITH replication = {…} [AND durable_writes = true | false];",
    ),
    (
        "ALTER_TABLE",
        "ALTER TABLE name ADD column type | DROP column | RENAME column TO column | WITH option = value;",
    ),
    (
        "BATCH",
        "BEGIN [UNLOGGED] BATCH [USING TIMESTAMP n] statement; … APPLY BATCH;",
    ),
    (
        "CREATE_KEYSPACE",
        "CREATE KEYSPACE [IF NOT EXISTS] name\n  WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};",
    ),
    (
        "CREATE_TABLE",
        "CREATE TABLE [IF NOT EXISTS] name (column type [STATIC], …,\n  \
         PRIMARY KEY ((partition, …), clustering, …)) [WITH CLUSTERING ORDER BY (…) AND option = value];",
    ),
    (
        "DELETE",
        "DELETE [column, …] FROM table [USING TIMESTAMP n] WHERE … [IF EXISTS | IF …];",
    ),
    ("DROP_KEYSPACE", "DROP KEYSPACE [IF EXISTS] name;"),
    ("DROP_TABLE", "DROP TABLE [IF EXISTS] name;"),
    (
        "INSERT",
        "INSERT INTO table (column, …) VALUES (value, …) [IF NOT EXISTS] [USING TTL n AND TIMESTAMP n];",
    ),
    (
        "SELECT",
        "SELECT [DISTINCT] column, … | * FROM table [WHERE …] [GROUP BY …] [ORDER BY … [DESC]]\n  \
         [PER PARTITION LIMIT n] [LIMIT n] [ALLOW FILTERING];",
    ),
    ("TRUNCATE", "TRUNCATE [TABLE] name;"),
    (
        "UPDATE",
        "UPDATE table [USING TTL n AND TIMESTAMP n] SET column = value, … WHERE … [IF EXISTS | IF …];",
    ),
    ("USE", "USE keyspace;"),
    (
        "TYPES",
        "ascii bigint blob boolean counter date decimal double duration float inet int smallint text\n\
         time timestamp timeuuid tinyint uuid varchar varint",
    ),
    (
        "BLOB_INPUT",
        "0xcafe, or a function: blob_as_int(0x00000001), text_as_blob('x')",
    ),
    ("BOOLEAN_INPUT", "true, false"),
    (
        "DATE_INPUT",
        "'2024-02-29', or days around 2147483648 for 1970-01-01",
    ),
    (
        "TIME_INPUT",
        "'13:30:54.234', or nanoseconds since midnight",
    ),
    (
        "TIMESTAMP_INPUT",
        "'2024-02-29', '2024-02-29 11:34:56.789+0100', or milliseconds since 1970",
    ),
    (
        "UUID_INPUT",
        "550e8400-e29b-41d4-a716-446655440000, uuid(), now()",
    ),
];

/// How many of the topics are commands of the shell.
const COMMANDS: usize = 18;

/// The names of all topics.
pub(crate) fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|(name, _)| *name)
}

/// The help for topics, or the list of them.
pub(crate) fn help(wanted: &[String]) -> Result<String, String> {
    if wanted.is_empty() {
        let (commands, cql) = TOPICS.split_at(COMMANDS);
        return Ok(format!(
            "\nCommands of the shell\n=====================\n{}\nCQL\n===\n{}\n\
             HELP topic shows one. Statements end with a semicolon, commands with the line.\n\n",
            in_columns(commands),
            in_columns(cql)
        ));
    }
    let mut text = String::new();
    for name in wanted {
        let (_, shown) = find(name)
            .ok_or_else(|| format!("There is no help on '{name}'; HELP lists what there is."))?;
        text.push_str(&["\n", shown, "\n\n"].concat());
    }
    Ok(text)
}

fn find(name: &str) -> Option<&'static (&'static str, &'static str)> {
    let name = match name {
        "CLS" => "CLEAR",
        "QUIT" => "EXIT",
        "DESC" => "DESCRIBE",
        other => other,
    };
    TOPICS.iter().find(|(topic, _)| *topic == name)
}

fn in_columns(topics: &[(&str, &str)]) -> String {
    let widest = topics
        .iter()
        .map(|(name, _)| width(name))
        .max()
        .unwrap_or(0)
        + 2;
    let mut text = String::new();
    for line in topics.chunks(4) {
        let names: Vec<String> = line
            .iter()
            .map(|(name, _)| format!("{name:<widest$}"))
            .collect();
        text.push_str(names.concat().trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::COMMAND_WORDS;

    #[test]
    fn every_command_has_its_help() {
        for word in COMMAND_WORDS.iter().filter(|word| **word != "?") {
            assert!(help(&[(*word).to_owned()]).is_ok(), "{word}");
        }
        assert!(help(&["NONSENSE".to_owned()]).is_err());
    }

    #[test]
    fn the_list_tells_commands_from_statements() {
        let list = help(&[]).unwrap();
        let (commands, cql) = list.split_once("CQL\n===").unwrap();
        assert!(commands.contains("TRACING") && !commands.contains("ALTER_KEYSPACE"));
        assert!(cql.contains("ALTER_KEYSPACE") && !cql.contains("TRACING"));
        assert_eq!(topics().count(), TOPICS.len());
    }
}
