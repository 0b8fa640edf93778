//! Why something the user asked for did not happen, in the words that cqlsh uses.

use quorate_client::ClientError;
use quorate_client::FailureReason;
use quorate_client::RequestError;
use std::io;

/// The exit code after a statement that failed.
const EXIT_FAILED: u8 = 2;

/// Why a statement or command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShellError {
    /// No node could be contacted. Nothing was done.
    #[error("Connection error: {}", describe(.0))]
    Connection(ClientError),
    /// The cluster refused a request, or did not answer.
    #[error("{}", describe(.0))]
    Request(#[from] ClientError),
    /// A command of the shell cannot be carried out.
    #[error("{0}")]
    Command(String),
    /// A script stopped at an error that was printed already; this is its exit code.
    #[error("stopped")]
    Reported(u8),
    /// The shell's own output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl ShellError {
    pub(crate) fn command(message: impl Into<String>) -> Self {
        Self::Command(message.into())
    }

    /// Whether nothing after it can succeed either.
    pub(crate) const fn is_fatal(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Output(_) => true,
            Self::Reported(code) => *code != EXIT_FAILED,
            Self::Request(_) | Self::Command(_) => false,
        }
    }

    /// What a program that started the shell learns.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            // Whoever read the output has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Connection(_) | Self::Output(_) => 1,
            Self::Request(_) | Self::Command(_) => EXIT_FAILED,
            Self::Reported(code) => *code,
        }
    }
}

/// An error as cqlsh prints it: its name, then what the driver says of it.
pub(crate) fn describe(error: &ClientError) -> String {
    let text = match error {
        ClientError::Request(error) => request_error(error),
        ClientError::Transport { .. }
        | ClientError::NoHostAvailable { .. }
        | ClientError::Timeout
        | ClientError::InvalidArgument(_)
        | ClientError::Closed => error.to_string(),
    };
    format!("{}: {text}", error.name())
}

fn request_error(error: &RequestError) -> String {
    match error {
        // These the Python driver gives without a frame.
        RequestError::Syntax(message)
        | RequestError::Config(message)
        | RequestError::Server(message)
        | RequestError::Protocol(message)
        | RequestError::Overloaded(message)
        | RequestError::Bootstrapping(message) => message.clone(),
        RequestError::AlreadyExists {
            keyspace,
            table: Some(table),
        } => format!("Table '{keyspace}.{table}' already exists"),
        RequestError::AlreadyExists {
            keyspace,
            table: None,
        } => format!("Keyspace '{keyspace}' already exists"),
        RequestError::Truncate(_)
        | RequestError::Unavailable { .. }
        | RequestError::WriteTimeout { .. }
        | RequestError::ReadTimeout { .. }
        | RequestError::ReadFailure { .. }
        | RequestError::WriteFailure { .. }
        | RequestError::FunctionFailure { .. }
        | RequestError::Unauthorized(_)
        | RequestError::Authentication(_)
        | RequestError::Invalid(_)
        | RequestError::Unprepared(_) => {
            let info = info(error).map_or_else(String::new, |info| format!(" info={{{info}}}"));
            format!(
                "Error from server: code={:04x} [{}] message=\"{error}\"{info}",
                error.code(),
                summary(error)
            )
        }
    }
}

/// What kind of error it is, in a few words.
const fn summary(error: &RequestError) -> &'static str {
    match error {
        RequestError::Server(_) => "Server error",
        RequestError::Protocol(_) => "Protocol error",
        RequestError::Authentication(_) => "Bad credentials",
        RequestError::Unavailable { .. } => "Unavailable exception",
        RequestError::Overloaded(_) => "Coordinator node overloaded",
        RequestError::Bootstrapping(_) => "Coordinator node is bootstrapping",
        RequestError::Truncate(_) => "Error during truncate",
        RequestError::WriteTimeout { .. } | RequestError::ReadTimeout { .. } => {
            "Coordinator node timed out waiting for replica nodes' responses"
        }
        RequestError::ReadFailure { .. } => "Replica(s) failed to execute read",
        RequestError::WriteFailure { .. } => "Replica(s) failed to execute write",
        RequestError::FunctionFailure { .. } => "User Defined Function failure",
        RequestError::Syntax(_) => "Syntax error in CQL query",
        RequestError::Unauthorized(_) => "Unauthorized",
        RequestError::Invalid(_) => "Invalid query",
        RequestError::Config(_) => "Query invalid because of configuration issue",
        RequestError::AlreadyExists { .. } => "Item already exists",
        RequestError::Unprepared(_) => "Prepared statement not found",
    }
}

/// The numbers, as a Python dictionary's inside.
fn info(error: &RequestError) -> Option<String> {
    Some(match error {
        RequestError::Unavailable {
            level,
            required,
            alive,
            ..
        } => format!(
            "'required_replicas': {required}, 'alive_replicas': {alive}, 'consistency': '{level}'"
        ),
        RequestError::WriteTimeout {
            level,
            received,
            block_for,
            write_type,
        } => format!(
            "'received_responses': {received}, 'required_responses': {block_for}, \
             'consistency': '{level}', 'write_type': '{write_type}'"
        ),
        RequestError::ReadTimeout {
            level,
            received,
            block_for,
            data_present,
        } => format!(
            "'received_responses': {received}, 'required_responses': {block_for}, \
             'consistency': '{level}', 'data_retrieved': {}",
            python_bool(*data_present)
        ),
        RequestError::ReadFailure {
            level,
            received,
            block_for,
            data_present,
            failures,
        } => format!(
            "'received_responses': {received}, 'required_responses': {block_for}, \
             'consistency': '{level}', 'data_retrieved': {}, {}",
            python_bool(*data_present),
            failure_map(failures)
        ),
        RequestError::WriteFailure {
            level,
            received,
            block_for,
            write_type,
            failures,
        } => format!(
            "'received_responses': {received}, 'required_responses': {block_for}, \
             'consistency': '{level}', 'write_type': '{write_type}', {}",
            failure_map(failures)
        ),
        RequestError::FunctionFailure {
            keyspace,
            function,
            argument_types,
            ..
        } => {
            let types: Vec<String> = argument_types.iter().map(|t| format!("'{t}'")).collect();
            format!(
                "'keyspace': '{keyspace}', 'function': '{function}', 'arg_types': [{}]",
                types.join(", ")
            )
        }
        _ => return None,
    })
}

fn failure_map(failures: &[(String, FailureReason)]) -> String {
    let each: Vec<String> = failures
        .iter()
        .map(|(address, reason)| format!("'{address}': '{:#06x}'", *reason as u16))
        .collect();
    format!(
        "'failures': {}, 'error_code_map': {{{}}}",
        failures.len(),
        each.join(", ")
    )
}

const fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_client::ConsistencyLevel;
    use quorate_client::WriteType;

    fn check(error: RequestError, expected: &str) {
        assert_eq!(describe(&error.into()), expected);
    }

    #[test]
    fn refusals_read_as_in_cqlsh() {
        check(
            RequestError::Invalid("unconfigured table t".to_owned()),
            r#"InvalidRequest: Error from server: code=2200 [Invalid query] message="unconfigured table t""#,
        );
        check(
            RequestError::Syntax("line 1:0 no viable alternative at input 'X' ([X]...)".to_owned()),
            "SyntaxException: line 1:0 no viable alternative at input 'X' ([X]...)",
        );
        check(
            RequestError::AlreadyExists {
                keyspace: "shop".to_owned(),
                table: Some("carts".to_owned()),
            },
            "AlreadyExists: Table 'shop.carts' already exists",
        );
    }

    #[test]
    fn failures_carry_their_numbers() {
        check(
            RequestError::Unavailable {
                level: ConsistencyLevel::Quorum,
                required: 2,
                alive: 1,
                datacenter: None,
            },
            "Unavailable: Error from server: code=1000 [Unavailable exception] \
             message=\"Cannot achieve consistency level QUORUM\" \
             info={'required_replicas': 2, 'alive_replicas': 1, 'consistency': 'QUORUM'}",
        );
        check(
            RequestError::WriteTimeout {
                level: ConsistencyLevel::All,
                received: 2,
                block_for: 3,
                write_type: WriteType::Simple,
            },
            "WriteTimeout: Error from server: code=1100 [Coordinator node timed out waiting for \
             replica nodes' responses] message=\"Operation timed out - received only 2 responses.\" \
             info={'received_responses': 2, 'required_responses': 3, 'consistency': 'ALL', \
             'write_type': 'SIMPLE'}",
        );
        check(
            RequestError::ReadFailure {
                level: ConsistencyLevel::One,
                received: 0,
                block_for: 1,
                data_present: false,
                failures: vec![("127.0.0.1:7000".to_owned(), FailureReason::NodeDown)],
            },
            "ReadFailure: Error from server: code=1300 [Replica(s) failed to execute read] \
             message=\"Operation failed - received 0 responses and 1 failures: NODE_DOWN from \
             /127.0.0.1:7000\" info={'received_responses': 0, 'required_responses': 1, \
             'consistency': 'ONE', 'data_retrieved': False, 'failures': 1, \
             'error_code_map': {'127.0.0.1:7000': '0x0005'}}",
        );
    }

    #[test]
    fn only_what_cannot_get_better_is_fatal() {
        let refused = ClientError::NoHostAvailable {
            tried: vec![("a:1".to_owned(), "refused".to_owned())],
        };
        let connection = ShellError::Connection(refused);
        assert_eq!(
            connection.to_string(),
            "Connection error: NoHostAvailable: no host available: a:1 (refused)"
        );
        assert_eq!((connection.is_fatal(), connection.exit_code()), (true, 1));
        let command = ShellError::command("no");
        assert_eq!((command.is_fatal(), command.exit_code()), (false, 2));
        let pipe = ShellError::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!((pipe.is_fatal(), pipe.exit_code()), (true, 0));
    }
}
