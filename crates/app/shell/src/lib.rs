//! The CQL shell: statements and cqlsh's commands, typed, from a file or a pipe.
//!
//! It contacts the cluster when the first statement needs it, so that its prompt is there at once,
//! and knows CQL only as far as to tell statements apart: what they mean, the server decides.
//!
//! ```text
//!   interactive (lines, history, completion) ─┐
//!   lib (--execute, --file, a pipe) ──────────┴─▶ script ─▶ session ─▶ execute, commands, copy
//!                                                                        └─▶ format ─▶ output
//! ```
//!
//! Exit codes: 0 all went well, 1 no node could be contacted or the shell itself failed, 2 a
//! statement failed.

mod args;
mod command;
mod commands;
mod complete;
mod connection;
mod copy;
mod describe;
mod editor;
mod errors;
mod execute;
mod format;
mod help;
mod interactive;
mod output;
mod piped;
mod script;
mod session;
mod terminal;
mod trace;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use args::ShellArgs;

use errors::ShellError;
use output::Output;
use session::Session;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

/// What errors of statements that came by --execute or a pipe are headed with.
const STDIN_NAME: &str = "<stdin>";

/// Runs the shell until its input ends.
///
/// # Errors
/// The terminal can't be used. What statements and commands do wrong is printed, and shows in the
/// exit code.
pub async fn run(args: ShellArgs) -> anyhow::Result<ExitCode> {
    let output = Output::standard(!args.no_color);
    let has_script = args.execute.is_some() || args.file.is_some();
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let is_interactive = !has_script && is_terminal;
    let access = args.access.access()?;
    let mut session = Session::new(&args, access, output, is_interactive);
    if is_interactive {
        return interactive::run(session).await;
    }
    let result = match (&args.execute, &args.file) {
        (Some(text), _) => {
            // The last statement needs no semicolon here.
            let text = format!("{text}\n;");
            session.run_script(&text, STDIN_NAME).await
        }
        (None, Some(path)) if path != Path::new("-") => session.run_file(path).await,
        (None, _) => piped::run(&mut session).await,
    };
    let flushed = session.output.flush().map_err(ShellError::Output);
    let code = match result.and_then(|flow| flushed.map(|()| flow)) {
        Ok(_) if session.has_failed() => 2,
        Ok(_) => 0,
        Err(error) => {
            let is_printed = matches!(error, ShellError::Reported(_));
            if !is_printed && error.exit_code() != 0 {
                // Whether it can be printed changes nothing any more.
                let _ = session.output.error(&error.to_string());
            }
            error.exit_code()
        }
    };
    Ok(ExitCode::from(code))
}
